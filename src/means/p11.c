/* SPDX-License-Identifier: EUPL-1.2 */
/* PKCS#11 2.40 as its caller; the section numbers are those of that document. */
#include "means/p11.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include <p11-kit/pkcs11.h>

#include "base/b64.h"

#define OBJECTS_MAX	64
#define CERT_MAX	16384
#define SIGNATURE_MAX	1024
#define MODULUS_MAX	1024

struct p11 {
	void	*handle;
	CK_FUNCTION_LIST *f;
	CK_SESSION_HANDLE session;
	bool	 open, logged_in;
};

static enum err
code_of(CK_RV rv)
{
	switch (rv) {
	case CKR_OK:
		return ERR_OK;
	case CKR_HOST_MEMORY:
		return ERR_NOMEM;
	case CKR_TOKEN_NOT_PRESENT:
	case CKR_DEVICE_REMOVED:
	case CKR_SESSION_HANDLE_INVALID:	/* all are, once the token is out (5.6) */
	case CKR_SESSION_CLOSED:
	case CKR_OBJECT_HANDLE_INVALID:
		return ERR_REMOVED;
	case CKR_TOKEN_NOT_RECOGNIZED:
		return ERR_CARD_UNKNOWN;
	case CKR_DEVICE_ERROR:
	case CKR_DEVICE_MEMORY:
		return ERR_CARD;
	case CKR_PIN_INCORRECT:
		return ERR_PIN_WRONG;
	case CKR_PIN_LOCKED:
		return ERR_PIN_BLOCKED;
	case CKR_PIN_INVALID:
	case CKR_PIN_LEN_RANGE:
		return ERR_PIN_LENGTH;
	case CKR_USER_PIN_NOT_INITIALIZED:
		return ERR_PIN_UNSET;
	case CKR_PIN_EXPIRED:
		return ERR_CARD_INACTIVE;
	case CKR_USER_NOT_LOGGED_IN:
		return ERR_NOT_LOGGED_IN;
	case CKR_FUNCTION_CANCELED:
	case CKR_FUNCTION_REJECTED:
		return ERR_CANCELLED;
	case CKR_MECHANISM_INVALID:
	case CKR_MECHANISM_PARAM_INVALID:
	case CKR_KEY_TYPE_INCONSISTENT:
	case CKR_KEY_FUNCTION_NOT_PERMITTED:
	case CKR_FUNCTION_NOT_SUPPORTED:
		return ERR_UNSUPPORTED;
	default:
		return ERR_MODULE;
	}
}

static enum err
check(CK_RV rv, const char *what)
{
	return rv == CKR_OK ? ERR_OK : fail(code_of(rv), "%s: CKR 0x%lx", what, rv);
}

/* All that is called below. */
static bool
is_complete(const CK_FUNCTION_LIST *f)
{
	return f->C_GetSlotList != NULL && f->C_GetSlotInfo != NULL &&
	    f->C_GetTokenInfo != NULL && f->C_OpenSession != NULL &&
	    f->C_CloseSession != NULL && f->C_Login != NULL && f->C_Logout != NULL &&
	    f->C_FindObjectsInit != NULL && f->C_FindObjects != NULL &&
	    f->C_FindObjectsFinal != NULL && f->C_GetAttributeValue != NULL &&
	    f->C_SignInit != NULL && f->C_Sign != NULL;
}

static enum err
load(struct p11 *p, const char *path)
{
	CK_RV (*list)(CK_FUNCTION_LIST **ret);
	void *symbol;
	enum err r;

	p->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (p->handle == NULL)
		return fail(ERR_MODULE, "%s", dlerror());
	symbol = dlsym(p->handle, "C_GetFunctionList");
	if (symbol == NULL)
		return fail(ERR_MODULE, "%s: no PKCS#11 library", path);
	memcpy(&list, &symbol, sizeof(list));	/* POSIX dlsym(): an object pointer */
	if ((r = check(list(&p->f), "C_GetFunctionList")) != ERR_OK)
		return note(ERR_MODULE, "%s", path);
	if (p->f == NULL || p->f->version.major < 2 || !is_complete(p->f))
		return fail(ERR_MODULE, "%s: not all of PKCS#11 2.x", path);
	return ERR_OK;
}

enum err
p11_load(const char *path, struct p11 **ret)
{
	AUTO(p11_free) struct p11 *p = calloc(1, sizeof(*p));
	enum err r;

	if (p == NULL)
		return fail(ERR_NOMEM, "library");
	if ((r = load(p, path)) != ERR_OK)
		return r;
	*ret = p;
	p = NULL;		/* the caller's now */
	return ERR_OK;
}

void
p11_free(struct p11 **p)
{
	if (*p == NULL)
		return;
	p11_end(*p);
	if ((*p)->handle != NULL)
		dlclose((*p)->handle);
	free(*p);
	*p = NULL;
}

/* Tokens */

/* Text of fixed size, filled up with blanks, or with NUL where it was not understood. */
static struct cur
trimmed(const CK_UTF8CHAR *text, size_t n)
{
	const CK_UTF8CHAR *end = memchr(text, '\0', n);

	if (end != NULL)
		n = (size_t)(end - text);
	while (n > 0 && text[n - 1] == ' ')
		n--;
	return cur_of(text, n);
}

/* Flags are all that PKCS#11 says of tries; some tokens never set them (5.5). */
static struct pin_state
pin_of(CK_FLAGS flags)
{
	if ((flags & CKF_USER_PIN_LOCKED) != 0)
		return (struct pin_state){ .tries = 0, .blocked = true };
	if ((flags & CKF_USER_PIN_FINAL_TRY) != 0)
		return (struct pin_state){ .tries = 1, .last_try = true };
	return (struct pin_state){ .tries = -1 };
}

/* Limits that cannot be are no limits. */
static void
pin_length(const CK_TOKEN_INFO *t, struct p11_token *ret)
{
	bool none = t->ulMaxPinLen == 0 || t->ulMaxPinLen == CK_UNAVAILABLE_INFORMATION ||
	    t->ulMaxPinLen > SECRET_MAX;

	ret->pin_max = none ? SECRET_MAX : t->ulMaxPinLen;
	ret->pin_min = t->ulMinPinLen == 0 || t->ulMinPinLen > ret->pin_max ? 1 :
	    t->ulMinPinLen;
}

static enum err
fill_token(CK_SLOT_ID slot, const CK_SLOT_INFO *s, const CK_TOKEN_INFO *t,
    struct p11_token *ret)
{
	AUTO(buf_free) struct buf serial = BUF(sizeof(ret->serial));
	struct p11_token k = { .slot = slot };

	if (!cur_to_str(trimmed(s->slotDescription, sizeof(s->slotDescription)), k.reader,
	    sizeof(k.reader)))
		return fail(ERR_MODULE, "a slot whose name is no text");
	hex_put(&serial, trimmed(t->serialNumber, sizeof(t->serialNumber)));
	if (!buf_to_str(&serial, k.serial, sizeof(k.serial)))
		return fail(ERR_NOMEM, "serial");
	k.pinpad = (t->flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
	k.pin = pin_of(t->flags);
	pin_length(t, &k);
	*ret = k;
	return ERR_OK;
}

enum err
p11_token(struct p11 *p, unsigned long slot, struct p11_token *ret)
{
	CK_SLOT_INFO s = { .flags = 0 };
	CK_TOKEN_INFO t = { .flags = 0 };
	enum err r;

	if ((r = check(p->f->C_GetSlotInfo(slot, &s), "C_GetSlotInfo")) != ERR_OK)
		return r;
	if ((s.flags & CKF_TOKEN_PRESENT) == 0)
		return fail(ERR_REMOVED, "no token in the slot");
	if ((r = check(p->f->C_GetTokenInfo(slot, &t), "C_GetTokenInfo")) != ERR_OK)
		return r;
	return fill_token(slot, &s, &t, ret);
}

enum err
p11_tokens(struct p11 *p, struct p11_token ret[P11_TOKENS_MAX], size_t *ret_n)
{
	CK_SLOT_ID ids[P11_TOKENS_MAX];
	CK_ULONG n = 0;
	size_t found = 0;
	enum err r;

	/* Without a buffer first: some look for new readers only then (5.5). */
	if ((r = check(p->f->C_GetSlotList(CK_TRUE, NULL, &n), "C_GetSlotList")) != ERR_OK)
		return r;
	n = NELEM(ids);
	if ((r = check(p->f->C_GetSlotList(CK_TRUE, ids, &n), "C_GetSlotList")) != ERR_OK)
		return r;
	if (n > NELEM(ids))
		return fail(ERR_MODULE, "%lu slots", n);
	for (CK_ULONG i = 0; i < n; i++)
		if (p11_token(p, ids[i], &ret[found]) == ERR_OK)
			found++;
	*ret_n = found;
	return ERR_OK;
}

/* Objects */

enum err
p11_session(struct p11 *p, unsigned long slot)
{
	enum err r;

	p11_end(p);
	r = check(p->f->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &p->session),
	    "C_OpenSession");
	p->open = r == ERR_OK;
	return r;
}

static enum err
find_more(struct p11 *p, CK_OBJECT_HANDLE *ret, size_t *ret_n)
{
	size_t n = 0;
	enum err r;

	while (n < OBJECTS_MAX) {
		CK_ULONG got = 0;

		r = check(p->f->C_FindObjects(p->session, ret + n, OBJECTS_MAX - n, &got),
		    "C_FindObjects");
		if (r != ERR_OK)
			return r;
		if (got > OBJECTS_MAX - n)
			return fail(ERR_MODULE, "more objects than were asked for");
		if (got == 0)
			break;
		n += got;
	}
	*ret_n = n;
	return ERR_OK;
}

static enum err
find(struct p11 *p, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE ret[OBJECTS_MAX],
    size_t *ret_n)
{
	CK_ATTRIBUTE want = { CKA_CLASS, &class, sizeof(class) };
	enum err r;

	if ((r = check(p->f->C_FindObjectsInit(p->session, &want, 1),
	    "C_FindObjectsInit")) != ERR_OK)
		return r;
	r = find_more(p, ret, ret_n);
	p->f->C_FindObjectsFinal(p->session);
	return r;
}

/* ERR_NOT_FOUND (bare): the object has no such attribute, or keeps it to itself. */
static enum err
attribute(struct p11 *p, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, size_t max,
    struct buf *ret)
{
	AUTO(buf_free) struct buf room = BUF(max);
	CK_ATTRIBUTE a = { type, buf_room(&room, max), max };
	CK_RV rv;

	if (a.pValue == NULL)
		return fail(ERR_NOMEM, "attribute");
	rv = p->f->C_GetAttributeValue(p->session, object, &a, 1);
	if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE ||
	    rv == CKR_BUFFER_TOO_SMALL)
		return ERR_NOT_FOUND;
	if (rv != CKR_OK)
		return check(rv, "C_GetAttributeValue");
	if (a.ulValueLen > max)
		return ERR_NOT_FOUND;
	buf_put(ret, a.pValue, a.ulValueLen);
	return buf_end(ret);
}

/* *ret_found: this is it, and der and id are filled. */
static enum err
look_at_cert(struct p11 *p, CK_OBJECT_HANDLE o, card_suits_fn *suits, void *arg,
    struct buf *der, struct buf *id, bool *ret_found)
{
	enum err r = attribute(p, o, CKA_VALUE, CERT_MAX, der);

	*ret_found = false;
	if (r == ERR_NOT_FOUND)
		return ERR_OK;
	if (r != ERR_OK || !suits(arg, buf_view(der)))
		return r;
	r = attribute(p, o, CKA_ID, P11_ID_MAX, id);
	*ret_found = r == ERR_OK || r == ERR_NOT_FOUND;
	return r == ERR_NOT_FOUND ? ERR_OK : r;
}

enum err
p11_cert(struct p11 *p, card_suits_fn *suits, void *arg, struct buf *ret_der,
    struct buf *ret_id)
{
	CK_OBJECT_HANDLE all[OBJECTS_MAX];
	bool found;
	size_t n;
	enum err r;

	if ((r = find(p, CKO_CERTIFICATE, all, &n)) != ERR_OK)
		return r;
	for (size_t i = 0; i < n; i++) {
		buf_clear(ret_der);
		buf_clear(ret_id);
		r = look_at_cert(p, all[i], suits, arg, ret_der, ret_id, &found);
		if (r != ERR_OK || found)
			return r;
	}
	return fail(ERR_NO_CERT, "%zu certificates, none of them for login", n);
}

/* Keys */

static enum err
login_as(struct p11 *p, CK_USER_TYPE who, const struct secret *pin)
{
	AUTO(secret_wipe) struct secret copy = { .len = 0 };	/* it may write into it */

	if (pin != NULL)
		copy = *pin;
	return check(p->f->C_Login(p->session, who, pin == NULL ? NULL : copy.p, copy.len),
	    "C_Login");
}

/* A session that is logged in before we did has a state that is not ours. */
enum err
p11_login(struct p11 *p, const struct secret *pin)
{
	enum err r = login_as(p, CKU_USER, pin);

	p->logged_in = r == ERR_OK;
	return r;
}

static struct cur
without_zeros(struct cur c)
{
	while (c.n > 0 && c.p[0] == 0)
		c = cur_of(c.p + 1, c.n - 1);
	return c;
}

enum likeness { OTHER_KEY, SAME_ID, SAME_MODULUS };

/*
 * By its modulus, where the library tells: an id is only a name, and a key that says that
 * it is another one is never used (T7).
 */
static enum err
compare_key(struct p11 *p, CK_OBJECT_HANDLE o, const struct p11_order *want,
    enum likeness *ret)
{
	AUTO(buf_free) struct buf modulus = BUF(MODULUS_MAX), id = BUF(P11_ID_MAX);
	enum err r = ERR_NOT_FOUND;

	*ret = OTHER_KEY;
	if (want->modulus.n != 0)
		r = attribute(p, o, CKA_MODULUS, MODULUS_MAX, &modulus);
	if (r == ERR_OK && modulus.len != 0) {
		if (cur_eq(without_zeros(buf_view(&modulus)), want->modulus))
			*ret = SAME_MODULUS;
		return ERR_OK;
	}
	if (r == ERR_OK || r == ERR_NOT_FOUND)
		r = attribute(p, o, CKA_ID, P11_ID_MAX, &id);
	if (r == ERR_OK && id.len != 0 && cur_eq(buf_view(&id), want->id))
		*ret = SAME_ID;
	return r == ERR_NOT_FOUND ? ERR_OK : r;
}

static enum err
find_key(struct p11 *p, const struct p11_order *o, CK_OBJECT_HANDLE *ret)
{
	CK_OBJECT_HANDLE all[OBJECTS_MAX];
	enum likeness best = OTHER_KEY, now;
	size_t n;
	enum err r;

	if ((r = find(p, CKO_PRIVATE_KEY, all, &n)) != ERR_OK)
		return r;
	for (size_t i = 0; i < n; i++) {
		if ((r = compare_key(p, all[i], o, &now)) != ERR_OK)
			return r;
		if (now > best) {
			best = now;
			*ret = all[i];
		}
	}
	return best == OTHER_KEY ?
	    fail(ERR_NO_CERT, "%zu keys, none of them the certificate's", n) : ERR_OK;
}

static bool
wants_pin_again(struct p11 *p, CK_OBJECT_HANDLE key)
{
	AUTO(buf_free) struct buf value = BUF(sizeof(CK_BBOOL));

	return attribute(p, key, CKA_ALWAYS_AUTHENTICATE, sizeof(CK_BBOOL), &value) ==
	    ERR_OK && value.len == 1 && value.p[0] != CK_FALSE;
}

/* The bare operation first, which every library has; else with the hash in it. */
static const struct {
	CK_MECHANISM_TYPE bare, hashing;
} mechanisms[] = {
	[MEANS_RS256] = { CKM_RSA_PKCS, CKM_SHA256_RSA_PKCS },
	[MEANS_ES256] = { CKM_ECDSA, CKM_ECDSA_SHA256 },
	[MEANS_ES384] = { CKM_ECDSA, CKM_ECDSA_SHA384 },
};

static enum err
begin_signature(struct p11 *p, const struct p11_order *o, CK_OBJECT_HANDLE key,
    struct cur *ret_input)
{
	CK_MECHANISM m = { mechanisms[o->alg].bare, NULL, 0 };
	CK_RV rv;

	*ret_input = o->input;
	rv = p->f->C_SignInit(p->session, &m, key);
	if (rv == CKR_MECHANISM_INVALID) {
		m.mechanism = mechanisms[o->alg].hashing;
		*ret_input = o->tbs;
		rv = p->f->C_SignInit(p->session, &m, key);
	}
	return check(rv, "C_SignInit");
}

static enum err
end_signature(struct p11 *p, struct cur input, struct buf *ret)
{
	CK_BYTE sig[SIGNATURE_MAX];
	CK_ULONG n = sizeof(sig);
	enum err r = check(p->f->C_Sign(p->session, (CK_BYTE_PTR)(uintptr_t)input.p, input.n,
	    sig, &n), "C_Sign");

	if (r != ERR_OK)
		return r;
	if (n > sizeof(sig))
		return fail(ERR_MODULE, "a signature of %lu bytes", n);
	buf_put(ret, sig, n);
	return buf_end(ret);
}

enum err
p11_sign(struct p11 *p, const struct p11_order *o, struct buf *ret)
{
	CK_OBJECT_HANDLE key;
	struct cur input;
	enum err r;

	if (o->alg >= NELEM(mechanisms) || mechanisms[o->alg].hashing == 0)
		return fail(ERR_UNSUPPORTED, "algorithm");
	if ((r = find_key(p, o, &key)) != ERR_OK ||
	    (r = begin_signature(p, o, key, &input)) != ERR_OK)
		return r;
	/* It was right a moment ago, so that this costs no try. */
	if (wants_pin_again(p, key) &&
	    (r = login_as(p, CKU_CONTEXT_SPECIFIC, o->pin)) != ERR_OK)
		return note(r, "for this key");
	return end_signature(p, input, ret);
}

void
p11_end(struct p11 *p)
{
	if (p->logged_in)
		p->f->C_Logout(p->session);
	if (p->open)
		p->f->C_CloseSession(p->session);
	p->logged_in = p->open = false;
}
