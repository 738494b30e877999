/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * PIN and PUK: login, logout, change, unblock.  They live in this file, on the stack, and
 * nowhere else in the module; nothing of them is logged or kept.  (A PUK that the card only
 * takes together with the new PIN is kept by card/session.h, from C_Login to C_InitPIN.)
 */
#include "base/secret.h"
#include "pkcs11/ckr.h"
#include "pkcs11/log.h"
#include "pkcs11/op.h"
#include "pkcs11/session.h"

/*
 * CKR_PIN_INCORRECT: no PIN is that long, so none is sent.  NULL, which "" is not: it is
 * typed on the reader (CKF_PROTECTED_AUTHENTICATION_PATH).
 */
static ck_rv_t
take_secret(const unsigned char *pin, ck_ulong len, bool keypad, struct secret *ret)
{
	if (pin == NULL)
		return keypad ? CKR_OK : CKR_ARGUMENTS_BAD;
	return secret_set(ret, cur_of(pin, len)) == ERR_OK ? CKR_OK : CKR_PIN_INCORRECT;
}

/* What the card said is what the flags say; where it did not, it is asked, for nothing. */
static void
see_pin(struct token *t, enum err e, const struct pin_state *seen)
{
	bool must_change = t->v.pin.must_change;

	if (e == ERR_OK)
		t->v.pin = (struct pin_state){ .tries = -1, .must_change = must_change };
	if (e != ERR_PIN_WRONG && e != ERR_PIN_BLOCKED)
		return;
	t->v.pin = *seen;
	t->v.pin.must_change = must_change;
	if (e == ERR_PIN_WRONG && seen->tries < 0 &&
	    card_tries(t->card, t->v.login, &t->v.pin) != ERR_OK)
		t->v.pin.tries = -1;
}

/* A PIN that cannot be right is a wrong PIN that cost no try. */
static ck_rv_t
pin_failed(struct call *c, enum err e, const char *what)
{
	ck_rv_t rv = call_failed(c, e, what);

	return e == ERR_PIN_LENGTH ? CKR_PIN_INCORRECT : rv;
}

/* What was typed on the reader (pcsc.md section 9); one that misbehaved is not used again. */
static ck_rv_t
keypad_failed(struct call *c, enum err e, const char *what)
{
	ck_rv_t rv;

	if (c->t->reader->keypad_off) {
		c->slot->keypad_off = true;
		token_no_keypad(c->t);
		say(LOG_LEVEL_WARN, "the keypad of the reader is not used any more");
	}
	rv = call_failed(c, e, what);
	return e == ERR_UNSUPPORTED ? CKR_DEVICE_ERROR : rv;
}

static ck_rv_t
failed(struct call *c, enum err e, const char *what, bool typed)
{
	return typed ? keypad_failed(c, e, what) : pin_failed(c, e, what);
}

static ck_rv_t
login_user(struct call *c, const struct secret *pin)
{
	struct pin_state seen;
	enum err e;

	if (c->t->v.login == NULL)
		return CKR_USER_PIN_NOT_INITIALIZED;
	e = card_verify(c->t->card, c->t->v.login, pin, &seen);
	see_pin(c->t, e, &seen);
	if (e != ERR_OK)
		return failed(c, e, "C_Login", pin == NULL);
	token_login(c->t, LOGIN_USER);
	return CKR_OK;
}

/* The security officer of these cards is who knows the PUK. */
static ck_rv_t
login_so(struct call *c, const struct secret *puk)
{
	enum err e;

	if (sessions_read_only(c->slot))
		return CKR_SESSION_READ_ONLY_EXISTS;
	if (!c->t->v.has_puk)
		return CKR_USER_PIN_NOT_INITIALIZED;
	e = card_verify_puk(c->t->card, c->t->v.login, puk, &c->t->puk);
	if (e != ERR_OK)
		return failed(c, e, "C_Login (PUK)", puk == NULL);
	token_login(c->t, LOGIN_SO);
	return CKR_OK;
}

/* The operation that waits for its own PIN. */
static struct op *
waiting_op(struct call *c)
{
	static const enum op_kind kinds[] = { OP_SIGN, OP_DECRYPT };

	for (size_t i = 0; i < NELEM(kinds); i++) {
		struct op *o = &c->s->ops[kinds[i]];

		if (o->active && token_always_asks(c->t, &c->t->v.keys[o->object->index]))
			return o;
	}
	return NULL;
}

/*
 * PIN and signature in one transaction: it stays open until the operation ends.  Only for
 * who is logged in: a card that still knows the PIN then is logged out with the login.
 */
static ck_rv_t
login_context(struct call *c, const struct secret *pin)
{
	struct op *o = waiting_op(c);
	const struct card_key *key;
	struct pin_state seen;
	ck_ulong size;
	enum err e;
	ck_rv_t rv;

	if (o == NULL)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (c->t->login != LOGIN_USER)
		return CKR_USER_NOT_LOGGED_IN;
	/* The certificate is read before: a SELECT in between may make the card forget. */
	if ((rv = op_size(c, o, &size)) != CKR_OK)
		return rv;
	sessions_disallow(c->slot);
	key = op_key(c, o);
	e = card_hold(c->t->card, key, pin, &seen);
	/* The flags of the token are about the PIN that logs in. */
	if (c->t->v.login != NULL && key->pin_ref == c->t->v.login->pin_ref)
		see_pin(c->t, e, &seen);
	if (e != ERR_OK)
		return failed(c, e, "C_Login (for one operation)", pin == NULL);
	token_notice(c->t);
	if (c->t->login != LOGIN_USER) {
		token_release(c->t);
		return CKR_USER_NOT_LOGGED_IN;
	}
	hold_begin(c->slot);
	o->allowed = true;
	return CKR_OK;
}

ck_rv_t
C_Login(ck_session_handle_t session, ck_user_type_t user, unsigned char *pin, ck_ulong len)
{
	AUTO(secret_wipe) struct secret secret = { .len = 0 };
	CALL(c, session);
	const struct secret *typed = pin == NULL ? NULL : &secret;
	enum login wanted = user == CKU_SO ? LOGIN_SO : LOGIN_USER;
	ck_rv_t rv;

	if (user != CKU_USER && user != CKU_SO && user != CKU_CONTEXT_SPECIFIC)
		return CKR_USER_TYPE_INVALID;
	if (user != CKU_CONTEXT_SPECIFIC && c.t->login != LOGIN_NONE)
		token_ask(c.t);
	if (user != CKU_CONTEXT_SPECIFIC && c.t->login != LOGIN_NONE)
		return c.t->login == wanted ? CKR_USER_ALREADY_LOGGED_IN :
		    CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
	rv = take_secret(pin, len, user == CKU_SO ? c.t->v.puk_keypad : c.t->v.keypad,
	    &secret);
	if (rv != CKR_OK)
		return rv;
	if (user == CKU_CONTEXT_SPECIFIC)
		return login_context(&c, typed);
	return user == CKU_SO ? login_so(&c, typed) : login_user(&c, typed);
}

ck_rv_t
C_Logout(ck_session_handle_t session)
{
	CALL(c, session);

	if (c.t->login == LOGIN_NONE)
		return CKR_USER_NOT_LOGGED_IN;
	/* What was begun with private keys, or made of them, ends with the right to use them. */
	for (struct session *s = c.slot->sessions; s != NULL; s = s->next) {
		op_end(&s->ops[OP_SIGN]);
		op_end(&s->ops[OP_DECRYPT]);
		derived_drop_private(&s->derived);
	}
	token_logout(c.t);
	return CKR_OK;
}

/* CKR_PIN_LEN_RANGE: nothing was sent. */
static ck_rv_t
take_new(const unsigned char *pin, ck_ulong len, const struct pin_rules *rules,
    struct secret *ret)
{
	if (pin == NULL)
		return CKR_ARGUMENTS_BAD;
	if (len < rules->min || len > rules->max || secret_set(ret, cur_of(pin, len)) != ERR_OK)
		return CKR_PIN_LEN_RANGE;
	for (ck_ulong i = 0; i < len; i++)
		if (pin[i] < 0x20 || pin[i] > 0x7e ||
		    (rules->digits_only && (pin[i] < '0' || pin[i] > '9')))
			return CKR_PIN_INVALID;
	return CKR_OK;
}

/* old and new are both NULL: they are typed on the reader. */
static ck_rv_t
set_pin(struct call *c, const struct secret *old, const struct secret *new)
{
	bool puk = c->t->login == LOGIN_SO;
	struct pin_state seen;
	enum err e;

	sessions_disallow(c->slot);	/* their transaction ends here */
	e = card_change(c->t->card, c->t->v.login, puk ? CARD_PUK : CARD_PIN,
	    c->t->login == LOGIN_USER, old, new, &seen);
	if (puk && (e == ERR_OK || e == ERR_PIN_WRONG || e == ERR_PIN_BLOCKED))
		c->t->puk = seen;
	if (!puk)
		see_pin(c->t, e, &seen);
	if (e != ERR_OK)
		return failed(c, e, "C_SetPIN", old == NULL);
	if (!puk)
		c->t->v.pin.must_change = false;
	if (old != NULL)
		token_login(c->t, c->t->login);	/* the new PIN was verified, if any was */
	return CKR_OK;
}

ck_rv_t
C_SetPIN(ck_session_handle_t session, unsigned char *old, ck_ulong old_len,
    unsigned char *new, ck_ulong new_len)
{
	AUTO(secret_wipe) struct secret before = { .len = 0 }, after = { .len = 0 };
	CALL(c, session);
	bool puk = c.t->login == LOGIN_SO;
	const struct pin_rules *rules = puk ? &c.t->v.puk_rules : &c.t->v.rules;
	ck_rv_t rv;

	if (!c.s->rw)
		return CKR_SESSION_READ_ONLY;
	if (c.t->v.login == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	if (old == NULL && new == NULL &&
	    (puk ? c.t->v.puk_keypad_change : c.t->v.keypad_change))
		return set_pin(&c, NULL, NULL);
	if ((rv = take_secret(old, old_len, false, &before)) != CKR_OK ||
	    (rv = take_new(new, new_len, rules, &after)) != CKR_OK)
		return rv;
	if (old_len < rules->min || old_len > rules->max)
		return CKR_PIN_INCORRECT;
	return set_pin(&c, &before, &after);
}

ck_rv_t
C_InitPIN(ck_session_handle_t session, unsigned char *pin, ck_ulong len)
{
	AUTO(secret_wipe) struct secret new = { .len = 0 };
	CALL(c, session);
	struct pin_state seen;
	bool typed;		/* on the reader */
	ck_rv_t rv;
	enum err e;

	if (c.t->login != LOGIN_SO)
		return CKR_USER_NOT_LOGGED_IN;
	typed = pin == NULL && c.t->v.keypad_new;
	if (!typed && (rv = take_new(pin, len, &c.t->v.rules, &new)) != CKR_OK)
		return rv;
	e = card_unblock(c.t->card, c.t->v.login, typed ? NULL : &new, &seen);
	/* Some cards look at the PUK only now. */
	if (e == ERR_PIN_WRONG || e == ERR_PIN_BLOCKED)
		c.t->puk = seen;
	if (e != ERR_OK)
		return typed ? keypad_failed(&c, e, "C_InitPIN") :
		    call_failed(&c, e, "C_InitPIN");
	c.t->v.pin = (struct pin_state){ .tries = -1 };
	return CKR_OK;
}
