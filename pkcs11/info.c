/* SPDX-License-Identifier: EUPL-1.2 */
/* What slots and tokens say of themselves, and news of them. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "pkcs11/log.h"
#include "pkcs11/session.h"

#define SLICE_MS	200	/* how long a wait takes to notice C_Finalize, or a new reader */
#define TRIES_FULL	3	/* of every PIN that we know (CPS 6.4.2) */

/* A field of fixed length, filled with blanks; text is cut between characters. */
static void
pad(unsigned char *ret, size_t size, const char *text)
{
	size_t n = strlen(text);

	if (n > size)
		for (n = size; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
			continue;
	memset(ret, ' ', size);
	memcpy(ret, text, n);
}

#define PAD(field, text)	pad((field), sizeof(field), (text))

/* The name of a reader, as a file of configuration or a driver wrote it. */
static void
pad_safe(unsigned char *ret, size_t size, const char *text)
{
	AUTO(buf_free) struct buf safe = BUF(4 * CARD_READER_MAX);

	text_put_safe(&safe, cur_str(text), size);
	pad(ret, size, buf_cstr(&safe) != NULL ? buf_cstr(&safe) : "");
}

ck_rv_t
C_GetSlotList(unsigned char with_token, ck_slot_id_t *ret, ck_ulong *ret_n)
{
	size_t all, n = 0;
	ck_rv_t rv;

	VISIT();
	if (ret_n == NULL)
		return CKR_ARGUMENTS_BAD;
	/* It only grows when the program asks how long it is (section 5.5). */
	if ((rv = slots_refresh(ret == NULL || slots_count() == 0)) != CKR_OK)
		return rv;
	all = slots_count();
	for (size_t i = 0; i < all; i++) {
		struct slot *s;

		if (slot_find(i, &s) != CKR_OK || (with_token && !slot_state(s).present))
			continue;
		if (ret != NULL && n < *ret_n)
			ret[n] = i;
		n++;
	}
	rv = ret != NULL && n > *ret_n ? CKR_BUFFER_TOO_SMALL : CKR_OK;
	*ret_n = n;
	return rv;
}

ck_rv_t
C_GetSlotInfo(ck_slot_id_t id, struct ck_slot_info *ret)
{
	struct slot *s;
	ck_rv_t rv;

	VISIT();
	if (ret == NULL)
		return CKR_ARGUMENTS_BAD;
	if ((rv = slots_refresh(slots_count() == 0)) != CKR_OK ||
	    (rv = slot_find(id, &s)) != CKR_OK)
		return rv;
	*ret = (struct ck_slot_info){ .flags = CKF_REMOVABLE_DEVICE | CKF_HW_SLOT };
	if (slot_state(s).present)
		ret->flags |= CKF_TOKEN_PRESENT;
	pad_safe(ret->slot_description, sizeof(ret->slot_description), s->name);
	PAD(ret->manufacturer_id, "PC/SC");
	return CKR_OK;
}

/* As last seen. */
static ck_flags_t
pin_flags(const struct pin_state *s, ck_flags_t low, ck_flags_t last, ck_flags_t locked)
{
	if (s->blocked)
		return locked;
	if (s->last_try)
		return low | last;
	return s->tries > 0 && s->tries < TRIES_FULL ? low : 0;
}

static ck_flags_t
token_flags(const struct token *t)
{
	ck_flags_t flags = CKF_RNG | CKF_LOGIN_REQUIRED | CKF_TOKEN_INITIALIZED;

	if (t->v.login != NULL)
		flags |= CKF_USER_PIN_INITIALIZED;
	if (t->v.pin.must_change)
		flags |= CKF_USER_PIN_TO_BE_CHANGED;
	if (t->v.keypad)
		flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	flags |= pin_flags(&t->v.pin, CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY,
	    CKF_USER_PIN_LOCKED);
	flags |= pin_flags(&t->puk, CKF_SO_PIN_COUNT_LOW, CKF_SO_PIN_FINAL_TRY,
	    CKF_SO_PIN_LOCKED);
	return flags;
}

static void
count_sessions(const struct slot *slot, struct ck_token_info *ret)
{
	for (const struct session *s = slot->sessions; s != NULL; s = s->next) {
		ret->session_count++;
		ret->rw_session_count += s->rw;
	}
}

ck_rv_t
C_GetTokenInfo(ck_slot_id_t id, struct ck_token_info *ret)
{
	CALL_SLOT(c, id);
	ck_rv_t rv;

	if (ret == NULL)
		return CKR_ARGUMENTS_BAD;
	if ((rv = slot_token(c.slot, &c.t)) != CKR_OK)
		return rv;
	*ret = (struct ck_token_info){
		.flags = token_flags(c.t),
		.max_session_count = CK_EFFECTIVELY_INFINITE,
		.max_rw_session_count = CK_EFFECTIVELY_INFINITE,
		.min_pin_len = c.t->v.rules.min, .max_pin_len = c.t->v.rules.max,
		.total_public_memory = CK_UNAVAILABLE_INFORMATION,
		.free_public_memory = CK_UNAVAILABLE_INFORMATION,
		.total_private_memory = CK_UNAVAILABLE_INFORMATION,
		.free_private_memory = CK_UNAVAILABLE_INFORMATION,
	};
	count_sessions(c.slot, ret);
	PAD(ret->label, card_title(c.t->card));
	PAD(ret->manufacturer_id, card_maker(c.t->card));
	PAD(ret->model, card_driver(c.t->card));
	PAD(ret->serial_number, token_serial(c.t));
	PAD(ret->utc_time, "");
	return CKR_OK;
}

/* Some key of the card can be used with it. */
static bool
token_has_mech(const struct token *t, const struct mech *m)
{
	if (m->scheme == SCHEME_DIGEST)
		return true;
	for (size_t i = 0; i < t->v.n_keys; i++)
		if (mech_fits(m, t->v.keys[i].type, t->v.keys[i].algs))
			return true;
	return false;
}

ck_rv_t
C_GetMechanismList(ck_slot_id_t id, ck_mechanism_type_t *ret, ck_ulong *ret_n)
{
	CALL_SLOT(c, id);
	ck_ulong n = 0;
	ck_rv_t rv;

	if (ret_n == NULL)
		return CKR_ARGUMENTS_BAD;
	if ((rv = slot_token(c.slot, &c.t)) != CKR_OK)
		return rv;
	for (size_t i = 0; i < mech_count(); i++) {
		if (!token_has_mech(c.t, mech_at(i)))
			continue;
		if (ret != NULL && n < *ret_n)
			ret[n] = mech_at(i)->type;
		n++;
	}
	rv = ret != NULL && n > *ret_n ? CKR_BUFFER_TOO_SMALL : CKR_OK;
	*ret_n = n;
	return rv;
}

/* Of its flags those for which there is a key; the card does what is private. */
static ck_flags_t
mech_flags(const struct token *t, const struct mech *m)
{
	unsigned algs = 0;
	ck_flags_t flags = m->flags;

	if (m->scheme == SCHEME_DIGEST)
		return flags;
	for (size_t i = 0; i < t->v.n_keys; i++)
		if (mech_fits(m, t->v.keys[i].type, t->v.keys[i].algs))
			algs |= t->v.keys[i].algs;
	if ((algs & m->signs) == 0)
		flags &= ~(CKF_SIGN | CKF_VERIFY);
	if ((algs & m->opens) == 0)
		flags &= ~(CKF_ENCRYPT | CKF_DECRYPT);
	return flags | CKF_HW;
}

ck_rv_t
C_GetMechanismInfo(ck_slot_id_t id, ck_mechanism_type_t type, struct ck_mechanism_info *ret)
{
	CALL_SLOT(c, id);
	const struct mech *m = mech_find(type);
	ck_rv_t rv;

	if (ret == NULL)
		return CKR_ARGUMENTS_BAD;
	if ((rv = slot_token(c.slot, &c.t)) != CKR_OK)
		return rv;
	if (m == NULL || !token_has_mech(c.t, m))
		return CKR_MECHANISM_INVALID;
	*ret = (struct ck_mechanism_info){ .min_key_size = m->min, .max_key_size = m->max,
	    .flags = mech_flags(c.t, m) };
	return CKR_OK;
}

/*
 * What is known of the readers, for pcsc_wait().  Those that went away have slots still:
 * to wait for one of them is answered at once, every time.
 */
static size_t
known_states(struct pcsc_reader_state *ret, size_t max)
{
	size_t n = 0;
	struct slot *s;

	for (ck_slot_id_t i = 0; n < max && slot_find(i, &s) == CKR_OK; i++) {
		ret[n] = slot_state(s);
		n += ret[n].name[0] != '\0';
	}
	return n;
}

/* One slice, in a PC/SC context of its own: nobody else has to wait for it. */
static void
wait_slice(struct pcsc **p)
{
	struct pcsc_reader_state known[16];
	enum err e = *p == NULL ? pcsc_open(p) : ERR_OK;

	if (e == ERR_OK)
		e = pcsc_wait(*p, known, known_states(known, NELEM(known)), SLICE_MS);
	if (e == ERR_OK || e == ERR_TIMEOUT)
		return;
	pcsc_close(p);
	(void)module_sleep(SLICE_MS);
}

static ck_rv_t
wait_for_event(ck_slot_id_t *ret)
{
	AUTO(pcsc_close) struct pcsc *p = NULL;
	ck_rv_t rv;

	while (!module_is_ending()) {
		wait_slice(&p);
		if ((rv = slots_refresh(true)) != CKR_OK)
			return rv;
		if (slots_take_event(ret))
			return CKR_OK;
	}
	return CKR_CRYPTOKI_NOT_INITIALIZED;
}

ck_rv_t
C_WaitForSlotEvent(ck_flags_t flags, ck_slot_id_t *ret, void *reserved)
{
	ck_rv_t rv;

	VISIT();
	if (ret == NULL || reserved != NULL)
		return CKR_ARGUMENTS_BAD;
	if ((rv = slots_refresh(true)) != CKR_OK)
		return rv;
	if (slots_take_event(ret))
		return CKR_OK;
	return (flags & CKF_DONT_BLOCK) != 0 ? CKR_NO_EVENT : wait_for_event(ret);
}
