/* SPDX-License-Identifier: EUPL-1.2 */
/* Opening, finding and closing sessions. */
#include "pkcs11/session.h"

#include <stdlib.h>

#include "pkcs11/log.h"
#include "pkcs11/op.h"

#define HANDLE_SHIFT	16
#define SLOTS_MAX	((1UL << HANDLE_SHIFT) - 1)

void
op_end(struct op *o)
{
	EVP_MD_CTX_free(o->md);
	buf_free(&o->data);
	buf_free(&o->result);
	*o = (struct op){ .active = false };
}

static void
session_free(struct session *s)
{
	for (size_t i = 0; i < NELEM(s->ops); i++)
		op_end(&s->ops[i]);
	derived_drop(&s->derived);
	free(s);
}

void
sessions_drop(struct slot *s)
{
	while (s->sessions != NULL) {
		struct session *first = s->sessions;

		s->sessions = first->next;
		session_free(first);
	}
}

void
sessions_close_all(struct slot *s)
{
	sessions_drop(s);
	if (s->token != NULL)
		token_logout(s->token);
}

static struct session *
session_find(const struct slot *slot, ck_session_handle_t handle)
{
	for (struct session *s = slot->sessions; s != NULL; s = s->next)
		if (s->handle == handle)
			return s;
	return NULL;
}

ck_rv_t
call_slot(struct call *c, ck_slot_id_t id)
{
	struct slot *slot;
	ck_rv_t rv = module_enter();

	if (rv != CKR_OK)
		return rv;
	c->entered = true;
	/* Some programs know their slot without having asked for a list. */
	if (slots_count() == 0 && (rv = slots_refresh(true)) != CKR_OK)
		return rv;
	if ((rv = slot_find(id, &slot)) != CKR_OK)
		return rv;
	lock_take(&slot->lock);
	c->slot = slot;
	return CKR_OK;
}

void
sessions_disallow(struct slot *slot)
{
	for (struct session *s = slot->sessions; s != NULL; s = s->next)
		for (size_t i = 0; i < NELEM(s->ops); i++)
			s->ops[i].allowed = false;
}

/* Whatever has become of the card. */
static ck_rv_t
call_session_blind(struct call *c, ck_session_handle_t handle)
{
	ck_rv_t rv = call_slot(c, (handle & SLOTS_MAX) - 1);

	if (rv == CKR_SLOT_ID_INVALID)
		return CKR_SESSION_HANDLE_INVALID;
	if (rv != CKR_OK)
		return rv;
	c->s = session_find(c->slot, handle);
	c->t = c->slot->token;
	return c->s != NULL ? CKR_OK : CKR_SESSION_HANDLE_INVALID;
}

ck_rv_t
call_session_unasked(struct call *c, ck_session_handle_t handle)
{
	ck_rv_t rv = call_session_blind(c, handle);

	if (rv != CKR_OK)
		return rv;
	token_notice(c->t);
	hold_look(c->slot);
	return CKR_OK;
}

ck_rv_t
call_session(struct call *c, ck_session_handle_t handle)
{
	ck_rv_t rv = call_session_unasked(c, handle);

	return rv == CKR_OK ? slot_check(c->slot) : rv;
}

void
call_end(struct call *c)
{
	if (c->slot != NULL)
		lock_give(&c->slot->lock);
	if (c->entered)
		module_leave();
	*c = (struct call){ .entered = false };
}

ck_rv_t
call_failed(struct call *c, enum err e, const char *what)
{
	ck_rv_t rv = say_error(e, what);

	/* Who was not logged in has lost nothing: it is only trouble with the card. */
	if (e == ERR_CARD_RESET && c->t->login == LOGIN_NONE)
		rv = CKR_DEVICE_ERROR;
	if (e == ERR_NOT_LOGGED_IN || e == ERR_CARD_RESET)
		c->t->login = LOGIN_NONE;
	if (e == ERR_REMOVED || e == ERR_NO_SERVICE || e == ERR_CARD_CHANGED) {
		slot_drop(c->slot);
		c->s = NULL;
		c->t = NULL;
		rv = CKR_DEVICE_REMOVED;
	}
	return rv;
}

bool
sessions_read_only(const struct slot *slot)
{
	for (const struct session *s = slot->sessions; s != NULL; s = s->next)
		if (!s->rw)
			return true;
	return false;
}

ck_rv_t
C_OpenSession(ck_slot_id_t id, ck_flags_t flags, void *application UNUSED,
    ck_notify_t notify UNUSED, ck_session_handle_t *ret)
{
	CALL_SLOT(c, id);
	struct session *s;
	ck_rv_t rv;

	if (ret == NULL)
		return CKR_ARGUMENTS_BAD;
	if ((flags & CKF_SERIAL_SESSION) == 0)
		return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
	if ((flags & ~(CKF_SERIAL_SESSION | CKF_RW_SESSION)) != 0)
		return (flags & CKF_ASYNC_SESSION) != 0 ? CKR_SESSION_ASYNC_NOT_SUPPORTED :
		    CKR_ARGUMENTS_BAD;
	if ((rv = slot_token(c.slot, &c.t)) != CKR_OK)
		return rv;
	if (c.t->login == LOGIN_SO && (flags & CKF_RW_SESSION) == 0)
		return CKR_SESSION_READ_WRITE_SO_EXISTS;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return CKR_HOST_MEMORY;
	s->rw = (flags & CKF_RW_SESSION) != 0;
	s->handle = ++c.slot->serial << HANDLE_SHIFT | (id + 1);
	s->next = c.slot->sessions;
	c.slot->sessions = s;
	*ret = s->handle;
	return CKR_OK;
}

ck_rv_t
C_CloseSession(ck_session_handle_t handle)
{
	AUTO(call_end) struct call c = { .entered = false };
	ck_rv_t rv = call_session_blind(&c, handle);

	/* Trouble with the card does not keep a session open. */
	if (rv != CKR_OK || (rv = slot_check(c.slot)) == CKR_DEVICE_REMOVED)
		return rv;
	for (struct session **at = &c.slot->sessions; *at != NULL; at = &(*at)->next)
		if (*at == c.s) {
			*at = c.s->next;
			break;
		}
	if (c.s->ops[OP_SIGN].allowed || c.s->ops[OP_DECRYPT].allowed)
		token_release(c.t);
	session_free(c.s);
	if (c.slot->sessions == NULL)
		token_logout(c.t);
	return CKR_OK;
}

ck_rv_t
C_CloseAllSessions(ck_slot_id_t id)
{
	CALL_SLOT(c, id);

	/* A card that has gone took them with it; other trouble keeps no session open. */
	if (slot_check(c.slot) != CKR_DEVICE_REMOVED)
		sessions_close_all(c.slot);
	return CKR_OK;
}

static ck_state_t
state_of(const struct session *s, enum login login)
{
	switch (login) {
	case LOGIN_NONE:
		return s->rw ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
	case LOGIN_USER:
		return s->rw ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
	case LOGIN_SO:
		break;
	}
	return CKS_RW_SO_FUNCTIONS;
}

ck_rv_t
C_GetSessionInfo(ck_session_handle_t handle, struct ck_session_info *ret)
{
	CALL(c, handle);

	if (ret == NULL)
		return CKR_ARGUMENTS_BAD;
	*ret = (struct ck_session_info){
		.slot_id = c.slot->id,
		.state = state_of(c.s, c.t->login),
		.flags = CKF_SERIAL_SESSION | (c.s->rw ? CKF_RW_SESSION : 0),
	};
	return CKR_OK;
}

/* Which operations a program may end: those of ours among the flags. */
static const struct {
	ck_flags_t flag;
	enum op_kind kind;
} cancels[] = {
	{ CKF_ENCRYPT, OP_ENCRYPT }, { CKF_DECRYPT, OP_DECRYPT }, { CKF_DIGEST, OP_DIGEST },
	{ CKF_SIGN, OP_SIGN }, { CKF_VERIFY, OP_VERIFY },
};

ck_rv_t
C_SessionCancel(ck_session_handle_t handle, ck_flags_t flags)
{
	CALL(c, handle);

	for (size_t i = 0; i < NELEM(cancels); i++)
		if ((flags & cancels[i].flag) != 0)
			op_finish(&c, &c.s->ops[cancels[i].kind]);
	if ((flags & CKF_FIND_OBJECTS) != 0)
		c.s->find.active = false;
	return CKR_OK;
}
