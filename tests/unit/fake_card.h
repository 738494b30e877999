/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A UZI pass of a few lines behind a struct reader, which signs with a real key: for
 * tests above the card layer, where conversations would only repeat themselves.
 */
#ifndef DEZI_TESTS_FAKE_CARD_H
#define DEZI_TESTS_FAKE_CARD_H

#include <openssl/evp.h>

#include "card/reader.h"

#define FAKE_FILES	16

struct fake_card {
	EVP_PKEY *key[2];		/* 0 authentication, 1 signature; borrowed */
	struct { uint16_t fid; struct buf content; } file[FAKE_FILES];
	size_t	 n_files;
	uint8_t	 serial[8];
	int	 tries;
	bool	 alien;			/* not a UZI pass: 6A82 to the application */
	bool	 locked;		/* the vendor's prompt */
	bool	 refuses;		/* to sign: 6A80 */
	uint32_t events;
	/* what happens to a signature on its way out */
	void	 (*spoil)(struct buf *sig);
	/* how it was used */
	size_t	 apdus, verifies, signatures, resets;
	/* inside */
	struct cur selected;
	bool	 verified;
	uint8_t	 key_ref;
};

/*
 * Files for two keys with these certificates; usage as a BIT STRING's content in hex
 * ("0520" sign, "062040" non-repudiation).
 */
void fake_card_make(struct fake_card *c, struct cur auth_cert, const char *auth_usage,
    struct cur sign_cert, const char *sign_usage);
void fake_card_drop(struct fake_card *c);
/* A reader with the card in it; close it with reader_close(). */
struct reader *fake_card_reader(struct fake_card *c, const char *name, const char *atr);

#endif
