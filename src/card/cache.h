/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What need not be read from a card, or tried on it, a second time: public parts of
 * cards that were read, cards that nobody knows, and how often we sent a wrong PIN to a
 * card that does not say how many tries it has left (DESIGN section 6 rules 2, 6, 10).
 *
 * One file, "state", in a folder of the person's runtime directory (so it is gone
 * after the session), 0600 in 0700.  It is opened once: a confined process that cannot
 * open anything for writing can still use it.  It is bounded, the oldest part is
 * dropped first, and what it says of a card is believed only after the card proved it.
 * Two processes may use it at once.
 */
#ifndef DEZI_CARD_CACHE_H
#define DEZI_CARD_CACHE_H

#include "card/pcsc.h"
#include "card/profile.h"

struct card_cache;

/*
 * Open or make DIR/state; DIR and its parent are made when they are missing.
 * ERR_CONFIG when they are not ours alone, ERR_SYS.  A damaged file is an empty one.
 */
MUST_CHECK enum err card_cache_open(const char *dir, struct card_cache **ret);
void card_cache_close(struct card_cache **c);

/*
 * The public part of the card with this profile and serial: what the driver saved and
 * the authentication certificate.  ERR_NOT_FOUND (bare).  Both are appended to.
 */
MUST_CHECK enum err card_cache_get(struct card_cache *c, const char *profile,
    const char *serial, struct buf *ret_saved, struct buf *ret_cert);
/* The rest is best effort: a cache that cannot be written is none. */
void card_cache_put(struct card_cache *c, const char *profile, const char *serial,
    struct cur saved, struct cur cert);
void card_cache_drop(struct card_cache *c, const char *profile, const char *serial);
/*
 * What card_attest() got from that card for the key of this certificate, so that it is
 * asked once.  Gone with card_cache_drop().
 */
MUST_CHECK enum err card_cache_get_attestation(struct card_cache *c, const char *profile,
    const char *serial, struct cur cert, struct buf *ret_statement,
    struct buf *ret_device);
void card_cache_put_attestation(struct card_cache *c, const char *profile,
    const char *serial, struct cur cert, struct cur statement, struct cur device);

/* What verdicts go by, of the card in this reader. */
struct pcsc_reader_state card_cache_insertion(const struct reader *r);
/*
 * As which of these profiles this insertion was recognised; false: nobody says so.  And a
 * card that no driver knows, which is left alone until another one is inserted.  Both hold
 * for every program of this version that has these profiles.  Where it is not known which
 * run of pcscd it is, each finds out for itself.
 */
bool card_cache_profile(struct card_cache *c, const struct profile *const *profiles,
    const struct pcsc_reader_state *s, char *ret, size_t size);
void card_cache_set_profile(struct card_cache *c, const struct profile *const *profiles,
    const struct pcsc_reader_state *s, const char *profile);
bool card_cache_is_unknown(struct card_cache *c, const struct profile *const *profiles,
    const struct pcsc_reader_state *s);
void card_cache_set_unknown(struct card_cache *c, const struct profile *const *profiles,
    const struct pcsc_reader_state *s);

/* Wrong PINs that we sent to the card with this serial since it was last right. */
unsigned card_cache_wrong_pins(struct card_cache *c, const char *serial);
void card_cache_set_wrong_pins(struct card_cache *c, const char *serial, unsigned n);
/*
 * What became of a PIN that was sent.  An answer that was lost, or says nothing, may have
 * cost a try as well: OpenSC's driver for CardOS, say, makes CKR_GENERAL_ERROR of a wrong
 * PIN.  c may be NULL, serial "": nobody counts.
 */
void card_cache_count_pin(struct card_cache *c, const char *serial, enum err verified);
/*
 * The same in two steps, as the process may end in between: from before it is sent the PIN
 * counts as wrong, until an answer says that it cost nothing.  The first returns what was
 * counted before, for the second.
 */
unsigned card_cache_pin_goes(struct card_cache *c, const char *serial);
void card_cache_pin_went(struct card_cache *c, const char *serial, unsigned before,
    enum err verified);

/* Asking for the tries cost one on a card of this profile: it is not asked again. */
bool card_cache_query_costs(struct card_cache *c, const char *profile);
void card_cache_set_query_costs(struct card_cache *c, const char *profile);

#endif
