/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the files of the piv driver share: piv.c for what is on the card, piv_pin.c for
 * PIN and PUK, piv_use.c for using keys.
 */
#ifndef DEZI_DRIVERS_PIV_H
#define DEZI_DRIVERS_PIV_H

#include "card/file.h"
#include "drivers/drivers.h"
#include "iso7816/piv.h"
#include "iso7816/spki.h"

#define PIV_SLOTS	(4 + PIV_RETIRED)
#define PIV_OBJECT_MAX	65536	/* bytes */
#define PIV_HEAD	256	/* bytes of an object by which it is known again */
#define PIV_KEY_HEAD	128	/* bytes of a public key, the same */

#define PIV_PIN_REF	0x80	/* of the application */
#define PIV_GLOBAL_REF	0x00
#define PIV_PUK_REF	0x81
#define PIV_SECRET_LEN	8	/* of PIN and PUK, padded */

/* A place for a key; what is on the card, as far as it was looked at. */
struct piv_slot {
	enum key_presence presence;
	struct spki spki;		/* of its certificate, when that was read */
	struct buf object;		/* read by keys() for cert(), which takes it */
	/* As the card's metadata say, where it has them. */
	uint8_t	 pin_policy, touch_policy;	/* 0: not said */
	uint8_t	 key[PIV_KEY_HEAD];	/* how the public key begins */
	size_t	 key_len;
};

struct piv {
	const struct profile *p;
	bool	 global;		/* the person's PIN is the global one */
	bool	 no_metadata;		/* the card does not know the command */
	struct piv_slot slots[PIV_SLOTS];
	uint8_t	 head[PIV_HEAD];	/* how the object of slot 9A begins */
	size_t	 head_len, login_size;	/* ... and how long it is in all */
};

/* SP 800-73 part 1, tables 4 and 5. */
uint8_t piv_key_ref(unsigned slot);

/* What stands between us and the card: the rest may go on without one object. */
bool piv_is_trouble(enum err r);

/*
 * GET DATA, into ret; or only how the object begins, where the rest costs commands.
 *	ERR_NOT_FOUND (bare)	it is not there, or cannot be read
 */
MUST_CHECK enum err piv_get(struct channel *ch, uint32_t tag, bool head, struct buf *ret);
/* GET METADATA, of YubiKeys from 5.3 on: as far as it costs one command.
 *	ERR_NOT_FOUND (bare)	the card does not say */
MUST_CHECK enum err piv_get_metadata(struct piv *v, struct channel *ch, uint8_t ref,
    struct buf *ret);
/* Which kind of key it is, from the certificate; trouble only. */
MUST_CHECK enum err piv_learn(struct piv *v, struct channel *ch, unsigned slot);

/* struct driver */
MUST_CHECK enum err piv_pin_rules(void *state, const struct card_key *key,
    struct pin_rules *ret);
MUST_CHECK enum err piv_tries(void *state, struct channel *ch, const struct card_key *key,
    struct pin_state *ret);
MUST_CHECK enum err piv_verify(void *state, struct channel *ch, const struct card_key *key,
    const struct secret *pin, struct pin_state *ret);
MUST_CHECK enum err piv_logout(void *state, struct channel *ch, const struct card_key *key);
MUST_CHECK enum err piv_puk_rules(void *state, const struct card_key *key,
    struct pin_rules *ret);
MUST_CHECK enum err piv_puk_tries(void *state, struct channel *ch,
    const struct card_key *key, struct pin_state *ret);
MUST_CHECK enum err piv_change(void *state, struct channel *ch, const struct card_key *key,
    enum card_secret which, const struct secret *old, const struct secret *new,
    struct pin_state *ret);
MUST_CHECK enum err piv_unblock(void *state, struct channel *ch, const struct card_key *key,
    const struct secret *puk, const struct secret *new, struct pin_state *ret);
MUST_CHECK enum err piv_sign(void *state, struct channel *ch, const struct card_key *key,
    enum key_alg alg, struct cur input, struct buf *ret_sig);
MUST_CHECK enum err piv_decipher(void *state, struct channel *ch,
    const struct card_key *key, enum key_alg alg, struct cur block, struct buf *ret);

#endif
