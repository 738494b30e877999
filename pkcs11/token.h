/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One insertion of one card: what is on it, its certificates as far as they were read,
 * and who is logged in.  All with the lock of its slot.
 */
#ifndef DEZI_PKCS11_TOKEN_H
#define DEZI_PKCS11_TOKEN_H

#include "card/pcsc.h"
#include "card/session.h"
#include "pkcs11/crypto.h"
#include "pkcs11/cryptoki.h"

enum login { LOGIN_NONE, LOGIN_USER, LOGIN_SO };

struct token_cert {
	bool	 read;			/* tried; der is empty when there is none */
	struct buf der;
	struct x509_view view;
};

enum object_kind {
	OBJECT_CERT, OBJECT_AUTHORITY, OBJECT_PUBLIC, OBJECT_PRIVATE, OBJECT_PROFILE,
};

struct object {
	enum object_kind kind;
	unsigned index;			/* of a key, an authority, a profile */
};

#define TOKEN_OBJECTS	(3 * CARD_KEYS_MAX + CARD_AUTHORITIES_MAX + 4)

struct token {
	struct pcsc *pcsc;
	struct reader *reader;
	struct card *card;
	struct card_cache *cache;	/* NULL: none */
	struct card_contents v;
	unsigned long generation;
	struct token_cert certs[CARD_KEYS_MAX], authorities[CARD_AUTHORITIES_MAX];
	struct object objects[TOKEN_OBJECTS];
	size_t	 n_objects;
	enum login login;
	unsigned resets;		/* of the reader, when somebody logged in */
	bool	 warned;		/* that a logout leaves the card open */
	struct pin_state puk;		/* as last seen; tries -1: never */
};

/* Connect and look.  Errors as pcsc_connect(), card_open(), card_inspect(). */
MUST_CHECK enum err token_open(const struct pcsc_reader_state *state, unsigned long generation,
    struct token **ret);
void token_free(struct token **t);
/* ERR_REMOVED, ERR_NO_SERVICE: it has gone.  No APDU. */
MUST_CHECK enum err token_present(struct token *t);

/* What the card calls itself, as far as the module shows it. */
const char *token_serial(const struct token *t);

/*
 * The certificate behind a key or an authority, read when it is first asked for.
 *	ERR_NOT_FOUND (bare)	there is none, or it is none
 */
MUST_CHECK enum err token_cert(struct token *t, const struct object *o,
    const struct token_cert **ret);
/*
 * The card did not do with this key what was expected.  If that was by the cache, it is
 * dropped.  True: the certificate of the key was from there, and is read again now.
 */
bool token_doubt(struct token *t, const struct object *o);
/* The key; when its type is not known yet, its certificate is read for it. */
MUST_CHECK enum err token_key(struct token *t, const struct object *o,
    const struct card_key **ret);
/* Bits of the key; 0 when nobody knows.  May read the certificate. */
MUST_CHECK enum err token_key_bits(struct token *t, const struct object *o, unsigned *ret);

/* Handles: they die with the insertion.  NULL: not one of this token, or hidden. */
const struct object *token_object(const struct token *t, ck_object_handle_t handle);
ck_object_handle_t token_handle(const struct token *t, size_t i);
/* Is it there?  Where the card has places for keys, they may be looked at only now. */
MUST_CHECK enum err token_exists(struct token *t, const struct object *o, bool *ret);
/* Those of the card's authorities become objects, behind the others. */
MUST_CHECK enum err token_list_authorities(struct token *t);
/* May it be seen now?  Private keys only by the user. */
bool token_shows(const struct token *t, const struct object *o);

/* user is logged in from now on, which is up to the card: a reset of it ends that. */
void token_login(struct token *t, enum login user);
/* The login has ended if the card was reset since, as far as anybody noticed. */
void token_notice(struct token *t);
/* Notice it now.  No APDU. */
void token_ask(struct token *t);

/* The PIN for each use: as the card says, or because it is another PIN than the login's. */
bool token_always_asks(const struct token *t, const struct card_key *key);

/* The reader's keypad is not offered from now on. */
void token_no_keypad(struct token *t);

/*
 * The transaction of C_Login(CKU_CONTEXT_SPECIFIC) ends.  A PIN that was not used is
 * forgotten by the card, where it can; that logs out, if it was the PIN of the login.
 */
void token_release(struct token *t);

/* PIN or PUK, told by the token, is forgotten; what the card still knows is logged. */
void token_logout(struct token *t);

#endif
