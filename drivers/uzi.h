/* SPDX-License-Identifier: EUPL-1.2 */
/* What the two files of the uzi driver share: uzi.c, and uzi_pin.c for all about PINs. */
#ifndef DEZI_DRIVERS_UZI_H
#define DEZI_DRIVERS_UZI_H

#include "card/file.h"
#include "drivers/drivers.h"

struct uzi {
	const struct profile *p;
	struct buf prkdf, cdf, aodf;	/* as read from the card */
	struct p15_key keys[P15_OBJECTS];
	struct p15_cert certs[P15_OBJECTS];
	struct p15_pin pins[P15_OBJECTS];
	size_t	 n_keys, n_certs, n_pins;
	bool	 has_fallback;		/* no AODF: this reference is it */
	uint8_t	 fallback;
	/* Of the certificate that was read last. */
	unsigned cert_slot;
	size_t	 cert_size;
};

/* What stands between us and the card: the rest may go on without one object. */
static inline bool
uzi_is_trouble(enum err r)
{
	return r == ERR_REMOVED || r == ERR_CARD_RESET || r == ERR_IO || r == ERR_NOMEM ||
	    r == ERR_NO_SERVICE;
}

/* How the PIN of a key is sent. */
struct uzi_pin {
	struct pin_rules rules;
	bool	 padded;
	uint8_t	 pad;
	size_t	 pad_len;
	struct p15_path path;
};
/* False: no PIN is known for the key, or it cannot be told which one. */
bool uzi_pin(const struct uzi *u, const struct p15_key *key, struct uzi_pin *ret);

/* Where the card describes no PIN: the profile's reference, if there is just one, or
 * the first of which the tries can be read. */
MUST_CHECK enum err uzi_find_pin(struct uzi *u, struct channel *ch);

/* struct driver */
MUST_CHECK enum err uzi_pin_rules(void *state, const struct card_key *key,
    struct pin_rules *ret);
MUST_CHECK enum err uzi_tries(void *state, struct channel *ch, const struct card_key *key,
    struct pin_state *ret);
MUST_CHECK enum err uzi_verify(void *state, struct channel *ch,
    const struct card_key *key, const struct secret *pin, struct pin_state *ret);
MUST_CHECK enum err uzi_logout(void *state, struct channel *ch,
    const struct card_key *key);

#endif
