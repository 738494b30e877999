/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A virtual card: command APDU in, response APDU out.  No socket, no file, no clock, so
 * that tests and fuzzers can hold one in the hand.
 *
 * It is written from the card's side and shares no code with the drivers that read it:
 * a mistake of one must not be hidden by the same mistake of the other.
 */
#ifndef DEZI_VCARD_CARD_H
#define DEZI_VCARD_CARD_H

#include <openssl/evp.h>

#include "vcard/apdu.h"
#include "vcard/cardfile.h"
#include "vcard/state.h"

/* Status words (ISO 7816-4). */
enum {
	SW_OK		= 0x9000,
	SW_MORE		= 0x6100,
	SW_END		= 0x6282,	/* end of file before Le bytes */
	SW_WRONG	= 0x63c0,	/* and the tries left */
	SW_MEMORY	= 0x6581,
	SW_LENGTH	= 0x6700,
	SW_CHANNEL	= 0x6881,	/* logical channel not supported */
	SW_CHAIN_LAST	= 0x6883,	/* last command of a chain expected */
	SW_CHAINING	= 0x6884,
	SW_SECURITY	= 0x6982,	/* security status not satisfied */
	SW_BLOCKED	= 0x6983,
	SW_NO_SECRET	= 0x6984,	/* reference data not usable */
	SW_CONDITIONS	= 0x6985,
	SW_NO_EF	= 0x6986,
	SW_DATA		= 0x6a80,	/* incorrect parameters in the data field */
	SW_FUNCTION	= 0x6a81,
	SW_FILE		= 0x6a82,	/* file not found */
	SW_P1P2		= 0x6a86,
	SW_NOT_FOUND	= 0x6a88,	/* referenced data not found */
	SW_OFFSET	= 0x6b00,
	SW_LE		= 0x6c00,	/* and the right Le */
	SW_INS		= 0x6d00,
	SW_CLA		= 0x6e00,
	SW_FAULT	= 0x6f00,
};

struct vcard;

MUST_CHECK enum err vcard_new(const struct card_file *f, struct vcard **ret);
void vcard_free(struct vcard **c);
/*
 * Put a key, and its certificate if it has one, where keys[i] of the card file describes
 * it.  The card takes the key over, whatever comes of it.
 */
MUST_CHECK enum err vcard_set_key(struct vcard *c, size_t i, EVP_PKEY *key,
    struct cur certificate);
MUST_CHECK enum err vcard_set_ca(struct vcard *c, size_t i, struct cur certificate);
/* Write its directory files: the card is done.  Its state is that of a new card. */
MUST_CHECK enum err vcard_finish(struct vcard *c);

/* Files below the folder of the card file.  ERR_CONFIG, ERR_MALFORMED, ERR_SYS */
MUST_CHECK enum err vcard_load(const char *path, struct vcard **ret);

const struct card_file *vcard_file(const struct vcard *c);
struct card_state *vcard_state(struct vcard *c);

/* Power-on or reset: whatever was selected or proved is forgotten. */
void vcard_reset(struct vcard *c);

/* One command, one response of at least two bytes.  ret fails only without memory. */
void vcard_command(struct vcard *c, struct cur command, struct buf *ret);

/* What the card did since it was made, for statistics. */
struct vcard_counts {
	uint64_t verifies;	/* PIN or PUK compared */
	uint64_t signatures;	/* private key used */
};
struct vcard_counts vcard_counts(const struct vcard *c);
bool vcard_is_verified(const struct vcard *c);

#endif
