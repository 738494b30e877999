/* SPDX-License-Identifier: EUPL-1.2 */
/* What the files of the pkcs15 driver share; pkcs15_pin.c has all about PINs. */
#ifndef DEZI_DRIVERS_PKCS15_H
#define DEZI_DRIVERS_PKCS15_H

#include "card/file.h"
#include "drivers/drivers.h"
#include "iso7816/spki.h"

#define PKCS15_DIRECTORY_MAX 16384	/* bytes of one directory file */

struct pkcs15 {
	const struct profile *p;
	struct files files;
	bool	 searched;		/* more than the AID was tried */
	struct p15_path odf_path, token_path;
	struct p15_odf odf;		/* n is 0: not read */
	struct buf prkdf, cdf, aodf;	/* as read from the card */
	struct buf token;		/* ... TokenInfo, if the profile asks it; else empty */
	struct p15_token info;
	/* How TokenInfo begins, which changes with what is on the card (lastUpdate): by the
	 * last look at the serial number, and when the directories were read. */
	struct buf told, known;
	bool	 has_cas;		/* ... and so were these: authorities */
	struct buf cas;
	struct p15_cert authorities[P15_OBJECTS];
	size_t	 n_authorities;
	struct p15_key keys[P15_OBJECTS];
	struct p15_cert certs[P15_OBJECTS];
	struct p15_pin pins[P15_OBJECTS];
	size_t	 n_keys, n_certs, n_pins;
	uint8_t	 pairs[P15_OBJECTS];	/* by key: 1 + its certificate, 0: see pkcs15_pair.c */
	bool	 has_fallback;		/* no AODF: this reference is it */
	uint8_t	 fallback;
	/* By key, of its certificate, once that was read. */
	struct pkcs15_read {
		bool	 done;
		size_t	 size;		/* of the file */
		struct spki spki;
	} read[P15_OBJECTS];
};

/* What stands between us and the card: the rest may go on without one object. */
static inline bool
pkcs15_is_trouble(enum err r)
{
	return r == ERR_REMOVED || r == ERR_CARD_RESET || r == ERR_IO || r == ERR_NOMEM ||
	    r == ERR_NO_SERVICE;
}

/* NULL: it has none. */
const struct p15_cert *pkcs15_cert_of(const struct pkcs15 *t, const struct p15_key *key);
/* Find certificates for keys that name none, by their public keys.  Trouble only. */
MUST_CHECK enum err pkcs15_pair(struct pkcs15 *t, struct channel *ch);

/* How the PIN of a key is sent. */
struct pkcs15_pin {
	struct pin_rules rules;
	enum p15_pin_type type;		/* ASCII: as it is */
	bool	 padded;
	uint8_t	 pad;
	size_t	 pad_len;
	struct p15_path path;
};
/* False: no PIN is known for the key, or it cannot be told which one. */
bool pkcs15_pin(const struct pkcs15 *t, const struct p15_key *key,
    struct pkcs15_pin *ret);

/* Where the card describes no PIN: the profile's reference, if there is just one, or
 * the first of which the tries can be read. */
MUST_CHECK enum err pkcs15_find_pin(struct pkcs15 *t, struct channel *ch);

/* The PUK that unblocks the PIN of the key.  False: none is described, or several are. */
bool pkcs15_puk(const struct pkcs15 *t, const struct p15_key *key,
    struct pkcs15_pin *ret);
/* As it goes over the wire.  ERR_PIN_LENGTH: it cannot be right. */
MUST_CHECK enum err pkcs15_put_pin(const struct pkcs15_pin *form,
    const struct secret *pin, struct secret *ret);
/* What the card says to a PIN, old PIN or PUK. */
MUST_CHECK enum err pkcs15_pin_result(const char *what, unsigned sw,
    struct pin_state *ret);
/* Select where the PIN lives, if the profile wants that. */
MUST_CHECK enum err pkcs15_pin_folder(struct pkcs15 *t, struct channel *ch,
    const struct pkcs15_pin *form);
/* ERR_NOT_FOUND: not known without spending one. */
MUST_CHECK enum err pkcs15_tries_of(const struct profile *p, struct channel *ch,
    uint8_t ref, struct pin_state *ret);

/* Look for the application beyond its AID: EF.DIR, 5015, ODF under the MF. */
MUST_CHECK enum err pkcs15_search(struct pkcs15 *t, struct channel *ch);
bool pkcs15_is_odf(struct cur file);

/* The ODF, once; what it names of one kind, one file behind the other. */
MUST_CHECK enum err pkcs15_read_odf(struct pkcs15 *t, struct channel *ch);
MUST_CHECK enum err pkcs15_read_directory(struct pkcs15 *t, struct channel *ch,
    enum p15_kind kind, struct buf *ret);
MUST_CHECK enum err pkcs15_read_cert(struct pkcs15 *t, struct channel *ch,
    const struct p15_cert *cert, struct buf *ret_der, size_t *ret_size);
/* What driver and card can do with the key, of enum key_alg. */
unsigned pkcs15_algs(const struct pkcs15 *t, const struct p15_key *key);
/* The key is refused, with or without a PIN; or anything else. */
MUST_CHECK enum err pkcs15_use_result(const char *what, unsigned sw);

/* struct driver */
MUST_CHECK enum err pkcs15_authorities(void *state, struct channel *ch,
    struct card_authority *ret, size_t max, size_t *ret_n);
bool pkcs15_knows_authorities(void *state);
MUST_CHECK enum err pkcs15_authority(void *state, struct channel *ch,
    const struct card_authority *a, struct buf *ret_der);
MUST_CHECK enum err pkcs15_sign(void *state, struct channel *ch,
    const struct card_key *key, enum key_alg alg, struct cur input, struct buf *ret_sig);
MUST_CHECK enum err pkcs15_decipher(void *state, struct channel *ch,
    const struct card_key *key, enum key_alg alg, struct cur block, struct buf *ret);
MUST_CHECK enum err pkcs15_puk_rules(void *state, const struct card_key *key,
    struct pin_rules *ret);
MUST_CHECK enum err pkcs15_puk_tries(void *state, struct channel *ch,
    const struct card_key *key, struct pin_state *ret);
MUST_CHECK enum err pkcs15_puk_verify(void *state, struct channel *ch,
    const struct card_key *key, const struct secret *puk, struct pin_state *ret);
MUST_CHECK enum err pkcs15_change(void *state, struct channel *ch,
    const struct card_key *key, enum card_secret which, const struct secret *old,
    const struct secret *new, struct pin_state *ret);
MUST_CHECK enum err pkcs15_unblock(void *state, struct channel *ch,
    const struct card_key *key, const struct secret *puk, const struct secret *new,
    struct pin_state *ret);
MUST_CHECK enum err pkcs15_pin_rules(void *state, const struct card_key *key,
    struct pin_rules *ret);
MUST_CHECK enum err pkcs15_tries(void *state, struct channel *ch,
    const struct card_key *key, struct pin_state *ret);
MUST_CHECK enum err pkcs15_verify(void *state, struct channel *ch,
    const struct card_key *key, const struct secret *pin, struct pin_state *ret);
MUST_CHECK enum err pkcs15_logout(void *state, struct channel *ch,
    const struct card_key *key);

#endif
