/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The file that describes a virtual card (dezi-vcard(1), CARD FILE): what is burnt in,
 * and in which of the ways that real cards differ this one does.
 */
#ifndef DEZI_VCARD_CARDFILE_H
#define DEZI_VCARD_CARDFILE_H

#include "base/buf.h"

#define CARD_FILE_MAX	65536
#define CARD_ATR_BYTES	33
#define CARD_AID_BYTES	16
#define CARD_SERIAL	8
#define CARD_PIN_BYTES	15	/* stored length of the applet */
#define CARD_CAS	8
#define CARD_PATH	1024

enum purpose { AUTHENTICATION, SIGNATURE, CONFIDENTIALITY, PURPOSES };
extern const char *const purpose_slugs[PURPOSES];

/* The two secrets of a card.  SafeSign calls the PUK "SO Pin". */
enum secret_kind { USER_PIN, PUK, SECRETS };

enum pin_padding { PAD_ZERO, PAD_NONE, PAD_ANY };
enum empty_verify { EMPTY_TELLS, EMPTY_COUNTS, EMPTY_REFUSED };
enum end_of_file { END_6282, END_6A86, END_6B00, END_9000 };

struct card_object {
	bool	 present;
	char	 key[CARD_PATH];	/* relative to the card file; empty for a CA */
	char	 certificate[CARD_PATH];
	char	 label[64];
	uint8_t	 reference;		/* of the key */
	uint16_t file;			/* of the certificate, in DF 4302 */
	bool	 consent;		/* a PIN for every use of the key */
};

struct card_delays {
	int64_t apdu_ms;
	int64_t byte_us;
	int64_t sign_ms;
};

struct card_file {
	uint8_t atr[CARD_ATR_BYTES];
	size_t	atr_len;
	uint8_t serial[CARD_SERIAL];
	char	label[33];
	char	secrets[SECRETS][CARD_PIN_BYTES + 1];	/* no PIN: "" */
	int64_t tries[SECRETS];
	int64_t references[SECRETS];
	int64_t pin_min;

	uint8_t aid[CARD_AID_BYTES];
	size_t	aid_len;
	bool	vendor_lock;		/* answers only to its vendor's software */
	bool	activated;		/* if not, no key works, whatever the PIN */
	bool	selected_at_reset;
	bool	second_channel;
	bool	logout;			/* VERIFY with P1 FF forgets */
	bool	tries_query;		/* 80 34 */
	bool	extended;		/* extended length */
	bool	chaining;		/* command chaining */
	bool	read_before_pin;	/* certificates */
	bool	key_paths;		/* the PrKDF has them; else they are empty */
	bool	select_path;		/* SELECT by path, P1 08 and 09 */
	bool	mse_any_order;		/* else tag 84 must stand before 80 */
	int64_t read_max;		/* bytes per READ BINARY */
	int64_t filler;			/* zero bytes behind each directory file */
	size_t	pin_padding;		/* enum pin_padding */
	size_t	empty_verify;		/* enum empty_verify */
	size_t	end_of_file;		/* enum end_of_file */

	struct card_object keys[PURPOSES];
	struct card_object cas[CARD_CAS];
	size_t		   cas_n;
	struct card_delays delays;
};

/* A card with every default and nothing on it. */
void card_file_defaults(struct card_file *ret);
/* Pure.  ERR_CONFIG and ERR_MALFORMED say which line and what was expected. */
MUST_CHECK enum err card_file_parse(struct cur text, struct card_file *ret);

#endif
