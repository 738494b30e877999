/* SPDX-License-Identifier: EUPL-1.2 */
/* PIN, global PIN and PUK of a PIV card (SP 800-73-5 part 2 section 3.2). */
#include "vcard/inside.h"

/*
 * As it was sent, to what was typed: eight bytes, filled with FF.  False: no such length,
 * or FF inside.
 */
static bool
unpad(struct cur in, struct cur *ret)
{
	if (in.n != PIV_PIN_BYTES)
		return false;
	while (in.n != 0 && in.p[in.n - 1] == 0xff)
		in.n--;
	*ret = in;
	return in.n == 0 || memchr(in.p, 0xff, in.n) == NULL;
}

static bool
split(struct cur in, struct cur *ret_first, struct cur *ret_second)
{
	return in.n == 2 * PIV_PIN_BYTES && cur_take(&in, PIV_PIN_BYTES, ret_first) &&
	    unpad(*ret_first, ret_first) && unpad(in, ret_second);
}

/* A PIN or PUK that may be named in P2.  Without a discovery of it, no global PIN. */
static bool
named(const struct vcard *c, uint8_t reference, enum secret_kind *ret)
{
	size_t discovery = c->file.piv.discovery;

	if (!secret_of(c, reference, ret))
		return false;
	return *ret != SECOND_PIN || discovery == DISCOVERY_BOTH ||
	    discovery == DISCOVERY_GLOBAL;
}

static unsigned
wrong(const struct vcard *c, enum secret_kind kind)
{
	return SW_WRONG | c->state.tries[kind];
}

static void
forget(struct vcard *c, enum secret_kind kind)
{
	c->verified[kind] = false;
	c->fresh = false;
}

/* The try is spent before the comparison: power cut in between must not give it back. */
static unsigned
compare(struct vcard *c, enum secret_kind kind, struct cur value)
{
	forget(c, kind);
	if (c->state.tries[kind] == 0)
		return SW_BLOCKED;
	if (c->state.secrets[kind][0] == '\0')
		return SW_NO_SECRET;
	c->counts.verifies++;
	c->state.tries[kind]--;
	if (!cur_eq_str(value, c->state.secrets[kind]))
		return c->state.tries[kind] == 0 && c->file.piv.yubico ? SW_BLOCKED :
		    wrong(c, kind);
	c->state.tries[kind] = (unsigned)c->file.tries[kind];
	return SW_OK;
}

bool
piv_is_verified(const struct vcard *c)
{
	return c->verified[USER_PIN] || c->verified[SECOND_PIN];
}

/* Without data: is it proved, and if not, how many tries are there? */
static unsigned
query(struct vcard *c, enum secret_kind kind)
{
	if (c->file.piv.always_strict)
		c->fresh = false;
	if (c->file.empty_verify == EMPTY_REFUSED)
		return SW_LENGTH;
	if (c->state.tries[kind] == 0)
		return SW_BLOCKED;
	if (c->verified[kind])
		return SW_OK;
	if (c->file.empty_verify == EMPTY_COUNTS)
		c->state.tries[kind]--;
	return wrong(c, kind);
}

static unsigned
log_out(struct vcard *c, const struct command *m, enum secret_kind kind)
{
	if (!c->file.logout)
		return SW_P1P2;
	if (m->data.n != 0)
		return SW_DATA;
	forget(c, kind);
	return SW_OK;
}

unsigned
piv_cmd_verify(struct vcard *c, struct vchannel *ch UNUSED, const struct command *m,
    struct buf *out UNUSED)
{
	enum secret_kind kind;
	struct cur value;
	unsigned sw;

	if (m->p1 != 0x00 && m->p1 != 0xff)
		return SW_P1P2;
	if (!named(c, m->p2, &kind) || kind == PUK)
		return SW_NOT_FOUND;
	if (c->file.piv.vci)
		return SW_SECURITY;
	if (m->p1 == 0xff)
		return log_out(c, m, kind);
	if (m->data.n == 0)
		return query(c, kind);
	if (!unpad(m->data, &value))
		return SW_DATA;
	if ((sw = compare(c, kind, value)) != SW_OK)
		return sw;
	c->verified[kind] = true;
	c->fresh = true;
	return SW_OK;
}

static bool
is_good(const struct vcard *c, struct cur value)
{
	return secret_is_good(c, value, PIV_PIN_BYTES);
}

static void
replace(struct vcard *c, enum secret_kind kind, struct cur value)
{
	memcpy(c->state.secrets[kind], value.p, value.n);
	c->state.secrets[kind][value.n] = '\0';
}

/* CHANGE REFERENCE DATA: old and new.  A new one that cannot be costs no try. */
unsigned
piv_cmd_change(struct vcard *c, struct vchannel *ch UNUSED, const struct command *m,
    struct buf *out UNUSED)
{
	enum secret_kind kind;
	struct cur old, new;
	unsigned sw;

	if (m->p1 != 0x00)
		return SW_P1P2;
	if (!named(c, m->p2, &kind))
		return SW_NOT_FOUND;
	if (c->file.piv.vci)
		return SW_SECURITY;
	if (!split(m->data, &old, &new) || !is_good(c, new))
		return SW_DATA;
	if ((sw = compare(c, kind, old)) != SW_OK)
		return sw;
	replace(c, kind, new);
	return SW_OK;
}

/* RESET RETRY COUNTER: the PUK and a new PIN. */
unsigned
piv_cmd_unblock(struct vcard *c, struct vchannel *ch UNUSED, const struct command *m,
    struct buf *out UNUSED)
{
	enum secret_kind kind;
	struct cur puk, new;
	unsigned sw;

	if (m->p1 != 0x00)
		return SW_P1P2;
	if (!named(c, m->p2, &kind) || kind == PUK)
		return SW_NOT_FOUND;
	if (c->file.piv.vci)
		return SW_SECURITY;
	if (!split(m->data, &puk, &new) || !is_good(c, new))
		return SW_DATA;
	if ((sw = compare(c, PUK, puk)) != SW_OK)
		return sw;
	replace(c, kind, new);
	c->state.tries[kind] = (unsigned)c->file.tries[kind];
	forget(c, kind);
	return SW_OK;
}
