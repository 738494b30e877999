/* SPDX-License-Identifier: EUPL-1.2 */
/* PIN and PUK: comparing, changing, unblocking, counting (ISO 7816-4). */
#include "vcard/inside.h"

bool
secret_of(const struct vcard *c, uint8_t reference, enum secret_kind *ret)
{
	for (size_t i = 0; i < SECRETS; i++)
		if (c->file.references[i] == reference) {
			*ret = (enum secret_kind)i;
			return true;
		}
	return false;
}

static struct cur
value_of(const struct vcard *c, enum secret_kind kind)
{
	return cur_str(c->state.secrets[kind]);
}

static unsigned
wrong(const struct vcard *c, enum secret_kind kind)
{
	return SW_WRONG | c->state.tries[kind];
}

/* A dead PUK is a dead pass: the PIN goes with it. */
static bool
is_blocked(const struct vcard *c, enum secret_kind kind)
{
	return c->state.tries[kind] == 0 ||
	    (c->file.type == CARD_UZI && c->state.tries[PUK] == 0);
}

/* The try is spent before the comparison: power cut in between must not give it back. */
static unsigned
compare(struct vcard *c, enum secret_kind kind, struct cur value)
{
	if (is_blocked(c, kind))
		return SW_BLOCKED;
	c->counts.verifies++;
	c->verified[kind] = false;
	c->state.tries[kind]--;
	if (!cur_eq(value, value_of(c, kind)))
		return wrong(c, kind);
	c->state.tries[kind] = (unsigned)c->file.tries[kind];
	return SW_OK;
}

/* Room for the digits of a PIN that was not sent as text. */
struct digits {
	uint8_t	 p[2 * CARD_PIN_BYTES];
};

/* The digits in these bytes, and nothing but F behind them. */
static bool
read_digits(struct cur in, struct digits *room, struct cur *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < 2 * in.n; i++) {
		uint8_t half = i % 2 == 0 ? in.p[i / 2] >> 4 : in.p[i / 2] & 0xf;

		if (half == 0xf)
			continue;
		if (half > 9 || n != i || n == sizeof(room->p))
			return false;
		room->p[n++] = (uint8_t)('0' + half);
	}
	*ret = cur_of(room->p, n);
	return true;
}

/* Eight bytes: 2, how many digits there are, they, and F (ISO 9564-1, format 2). */
static bool
read_block(struct cur in, struct digits *room, struct cur *ret)
{
	uint8_t head;

	return in.n == 8 && cur_u8(&in, &head) && head >> 4 == 2 &&
	    read_digits(in, room, ret) && ret->n == (head & 0xf);
}

/* As the host sent it, to what was typed.  False: not as long as this card wants it. */
static bool
unpad(const struct vcard *c, struct cur in, struct digits *room, struct cur *ret)
{
	size_t padding = c->file.pin_padding;
	uint8_t fill = padding == PAD_FF ? 0xff : 0x00;

	if (c->file.pin_form == FORM_ISO9564)
		return read_block(in, room, ret);
	if (c->file.pin_form == FORM_BCD)
		return in.n == (size_t)c->file.pin_stored && read_digits(in, room, ret);
	if (in.n > (size_t)c->file.pin_stored ||
	    ((padding == PAD_ZERO || padding == PAD_FF) &&
	    in.n != (size_t)c->file.pin_stored))
		return false;
	if (padding != PAD_NONE)
		while (in.n != 0 && in.p[in.n - 1] == fill)
			in.n--;
	*ret = in;
	return true;
}

/*
 * "old and new": at the stored length when there is padding, else behind the value that
 * the card has; what is shorter than that is wrong and counts as such.
 */
static bool
split(const struct vcard *c, struct cur in, enum secret_kind kind, struct digits room[2],
    struct cur *ret_old, struct cur *ret_new)
{
	size_t stored = c->file.pin_form == FORM_ISO9564 ? 8 : (size_t)c->file.pin_stored;
	size_t at = in.n == 2 * stored ? stored : value_of(c, kind).n;

	if (!cur_take(&in, at < in.n ? at : in.n, ret_old))
		return false;
	return unpad(c, *ret_old, &room[0], ret_old) && unpad(c, in, &room[1], ret_new);
}

bool
secret_is_good(const struct vcard *c, struct cur value, size_t max)
{
	if (value.n < (size_t)c->file.pin_min || value.n > max)
		return false;
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] <= 0x20 || value.p[i] >= 0x7f)
			return false;
	return true;
}

/* The longest PIN that fits: in what the card stores, and in what we keep of it. */
static size_t
longest(const struct vcard *c)
{
	size_t n = c->file.pin_form == FORM_ISO9564 ? 12 :
	    (size_t)c->file.pin_stored * (c->file.pin_form == FORM_BCD ? 2 : 1);

	return n < CARD_PIN_BYTES ? n : CARD_PIN_BYTES;
}

static unsigned
replace(struct vcard *c, enum secret_kind kind, struct cur value)
{
	if (!secret_is_good(c, value, longest(c)) || !cur_to_str(value, c->state.secrets[kind],
	    sizeof(c->state.secrets[kind])))
		return SW_DATA;
	return SW_OK;
}

/* VERIFY without data: how many tries are left?  Cards differ (hostile card 41). */
static unsigned
verify_empty(struct vcard *c, enum secret_kind kind)
{
	if (c->file.empty_verify == EMPTY_REFUSED)
		return SW_LENGTH;
	if (is_blocked(c, kind))
		return SW_BLOCKED;
	if (c->verified[kind])
		return SW_OK;
	if (c->file.empty_verify == EMPTY_COUNTS)
		c->state.tries[kind]--;
	return wrong(c, kind);
}

/* VERIFY with P1 FF, of newer cards: forget. */
static unsigned
log_out(struct vcard *c, const struct command *m, enum secret_kind kind)
{
	if (!c->file.logout)
		return SW_P1P2;
	if (m->data.n != 0)
		return SW_LENGTH;
	c->verified[kind] = false;
	return SW_OK;
}

unsigned
cmd_verify(struct vcard *c, struct vchannel *ch UNUSED, const struct command *m,
    struct buf *out UNUSED)
{
	enum secret_kind kind;
	struct digits room;
	struct cur value;
	unsigned sw;

	if (m->p1 != 0x00 && m->p1 != 0xff)
		return SW_P1P2;
	if (!secret_of(c, m->p2, &kind))
		return SW_NOT_FOUND;
	if (m->p1 == 0xff)
		return log_out(c, m, kind);
	if (m->data.n == 0)
		return verify_empty(c, kind);
	if (c->state.secrets[kind][0] == '\0')
		return SW_NO_SECRET;
	if (!unpad(c, m->data, &room, &value))
		return SW_LENGTH;
	if ((sw = compare(c, kind, value)) == SW_OK)
		c->verified[kind] = true;
	return sw;
}

/* CHANGE REFERENCE DATA: P1 00 old and new; 01 new only, when the old was proved. */
unsigned
cmd_change(struct vcard *c, struct vchannel *ch UNUSED, const struct command *m,
    struct buf *out UNUSED)
{
	enum secret_kind kind;
	struct digits room[2];
	struct cur old, new;
	unsigned sw;

	if (m->p1 > 0x01)
		return SW_P1P2;
	if (!secret_of(c, m->p2, &kind))
		return SW_NOT_FOUND;
	if (m->p1 == 0x01) {
		if (!unpad(c, m->data, &room[1], &new))
			return SW_LENGTH;
		return c->verified[kind] ? replace(c, kind, new) : SW_SECURITY;
	}
	if (!split(c, m->data, kind, room, &old, &new))
		return SW_LENGTH;
	if (!is_blocked(c, kind) && cur_eq(old, value_of(c, kind)) &&
	    !secret_is_good(c, new, longest(c)))
		return SW_DATA;
	if ((sw = compare(c, kind, old)) != SW_OK)
		return sw;
	return replace(c, kind, new);
}

/* The PUK for RESET RETRY COUNTER: in the data (P1 00, 01), or proved before (02, 03). */
static unsigned
prove_puk(struct vcard *c, const struct command *m, struct digits room[2], struct cur *ret_new)
{
	struct cur puk;

	*ret_new = cur_of(NULL, 0);
	if (m->p1 == 0x00 && !split(c, m->data, PUK, room, &puk, ret_new))
		return SW_LENGTH;
	if (m->p1 == 0x01 && !unpad(c, m->data, &room[0], &puk))
		return SW_LENGTH;
	if (m->p1 <= 0x01)
		return compare(c, PUK, puk);
	if (m->p1 == 0x02 && !unpad(c, m->data, &room[1], ret_new))
		return SW_LENGTH;
	if (m->p1 == 0x03 && m->data.n != 0)
		return SW_LENGTH;
	return c->verified[PUK] ? SW_OK : SW_SECURITY;
}

/* RESET RETRY COUNTER. */
unsigned
cmd_unblock(struct vcard *c, struct vchannel *ch UNUSED, const struct command *m,
    struct buf *out UNUSED)
{
	enum secret_kind kind;
	struct digits room[2];
	struct cur new;
	unsigned sw;

	if (m->p1 > 0x03)
		return SW_P1P2;
	if (!secret_of(c, m->p2, &kind) || kind == PUK)
		return SW_NOT_FOUND;
	if ((sw = prove_puk(c, m, room, &new)) != SW_OK)
		return sw;
	if ((m->p1 & 1) == 0 && (sw = replace(c, kind, new)) != SW_OK)
		return sw;
	c->state.tries[kind] = (unsigned)c->file.tries[kind];
	c->verified[kind] = false;
	return SW_OK;
}

/*
 * The applet's own query: 80 34 00 <reference>, answers 03 <left> 01.  Middleware of this
 * family asks for the PIN as 02 and for the PUK as 01, whatever the AODF says.
 */
unsigned
cmd_tries(struct vcard *c, struct vchannel *ch UNUSED, const struct command *m,
    struct buf *out)
{
	enum secret_kind kind;

	if (!c->file.tries_query)
		return SW_INS;
	if (m->p1 != 0x00)
		return SW_P1P2;
	if (!secret_of(c, m->p2, &kind)) {
		if (m->p2 != 0x01 && m->p2 != 0x02)
			return SW_NOT_FOUND;
		kind = m->p2 == 0x02 ? USER_PIN : PUK;
	}
	buf_u8(out, (unsigned)c->file.tries[kind]);
	buf_u8(out, is_blocked(c, kind) ? 0 : c->state.tries[kind]);
	buf_u8(out, 1);
	return SW_OK;
}
