/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What makes one kind of card differ from another, as data: NAME.profile files in
 * the format of base/ini.h.  A new generation of cards needs a new file, no release.
 * Every item has a default; drivers/profiles/README lists them.
 */
#ifndef DEZI_CARD_PROFILE_H
#define DEZI_CARD_PROFILE_H

#include <sys/types.h>

#include "base/buf.h"
#include "card/keypads.h"
#include "iso7816/apdu.h"

#define PROFILE_PATTERNS	16
#define PROFILE_REFS		4
#define PROFILE_STATUS		8
#define PROFILES_MAX		64

/* Bytes to be matched: "3B FD ?? 00", and "*" at the end for anything that follows. */
struct profile_pattern {
	uint8_t	 value[CARD_ATR_MAX], mask[CARD_ATR_MAX];
	size_t	 n;
	bool	 more;
};
/* False when the text is no pattern. */
bool profile_pattern_read(struct cur in, struct profile_pattern *ret);
bool profile_pattern_matches(const struct profile_pattern *pattern, struct cur bytes);

/* A command written out; the byte RR stands for the PIN's reference. */
struct profile_command {
	uint8_t	 p[32];
	size_t	 n;		/* 0: none */
	size_t	 ref_at;	/* index of RR; 0: there is none */
};

enum profile_extended { EXTENDED_ATR, EXTENDED_YES, EXTENDED_NO };
enum profile_tries { TRIES_NONE, TRIES_QUERY, TRIES_EMPTY_VERIFY, TRIES_METADATA };
enum profile_key_ref { KEY_REF_PRKDF, KEY_REF_ORDINAL, KEY_REF_FILE };
enum profile_digest_info {
	DIGEST_INFO_HOST,	/* the card is sent a DigestInfo */
	DIGEST_INFO_CARD,	/* ... a hash */
	DIGEST_INFO_BLOCK,	/* ... a whole block, padded */
	DIGEST_INFO_TOKEN,	/* as its TokenInfo says of the key */
};

struct profile {
	char	 name[48];		/* of the file, without .profile */
	uint64_t digest;		/* of name and text */
	char	 title[64];
	char	 driver[16];
	char	 kind[16];		/* "driver" in the evidence of a login */
	char	 maker[33];		/* as PKCS #11 has room for; "": not known */
	char	 software[64];		/* the vendor's own; "": not known */
	bool	 probe;			/* may be tried on an unknown ATR */
	struct profile_pattern atr[PROFILE_PATTERNS];
	size_t	 n_atr;
	struct profile_pattern historical[PROFILE_PATTERNS];
	size_t	 n_historical;

	/* [card] */
	uint8_t	 aid[16];
	size_t	 aid_len;
	uint8_t	 channel;		/* logical channel, 0 to 3 */
	bool	 channel_open;		/* it must be asked for */
	uint8_t	 select_df[2], select_ef[2];	/* P1 P2 */
	uint16_t placeholder;		/* FID of the application; never selected */
	unsigned chunk;			/* bytes in one READ BINARY */
	enum profile_extended extended;	/* who says that it takes extended length */
	uint16_t eof[PROFILE_STATUS];	/* status words that say "end of the file" */
	size_t	 n_eof;
	struct profile_command serial;	/* reads the serial number */
	bool	 search;		/* EF.DIR, 5015, 5031 where the AID leads nowhere */
	bool	 adapt;			/* find out how it selects and reads */
	bool	 sfi;			/* read ODF and TokenInfo by short identifier */
	uint8_t	 vendor_prompt[16];	/* what a locked application answers to SELECT */
	size_t	 vendor_prompt_len;	/* 0: nothing */
	struct profile_command proof;	/* answered by this kind of card alone */

	/* [pin] */
	bool	 pin_aodf;		/* the card's own description comes first */
	uint8_t	 pin_refs[PROFILE_REFS];	/* where it has none; never by trial */
	size_t	 n_pin_refs;
	uint8_t	 pin_pad;
	size_t	 pin_pad_len;		/* 0: no padding */
	size_t	 pin_min, pin_max;
	bool	 pin_digits;
	bool	 pin_bcd_digits;	/* storedLength of a BCD PIN counts digits */
	bool	 pin_path;		/* select the PIN's path before VERIFY */
	bool	 pin_no_global;		/* PIV: the application's PIN is the only one */
	bool	 pin_630x;		/* 630x says that x tries are left, as 63Cx does */
	enum profile_tries tries;
	struct profile_command tries_query;
	size_t	 tries_at;		/* index of the counter in the reply */
	size_t	 tries_len;		/* length of the reply */
	struct profile_command logout;

	/* [key] */
	bool	 attestation;		/* the maker vouches for keys (PIV, Yubico's way) */
	bool	 key_path;		/* select the key's path, if any, before MSE */
	enum profile_key_ref key_ref;
	uint8_t	 mse[2];		/* P1 P2 */
	uint8_t	 mse_tags[2];		/* in the order in which the card wants them */
	/* Algorithm references in tag 80; -1: it is left out. */
	int	 alg_rsa_pkcs1, alg_rsa_decipher, alg_ecdsa, alg_ecdh;
	enum profile_digest_info digest_info;	/* who puts DigestInfo before the hash */
};

/* Pure.  ERR_CONFIG or ERR_MALFORMED with "line N: expected ..." in the trail. */
MUST_CHECK enum err profile_parse(struct cur text, const char *name, struct profile *ret);

struct profiles {
	struct profile *items[PROFILES_MAX + 1];	/* NULL-terminated, by name */
	size_t	 n;
	struct keypads keypads;
};
/*
 * All *.profile files of dir, and its keypads.conf; one of the same name in more (NULL: none; need not
 * exist) takes the place of the other.  Files and folders must belong to root or
 * owner and be writable by nobody else.  ERR_CONFIG, ERR_LIMIT, ERR_NOMEM.
 */
MUST_CHECK enum err profiles_load(const char *dir, const char *more, uid_t owner,
    struct profiles *ret);
void profiles_free(struct profiles *p);

/* As card_open() wants them. */
static inline const struct profile *const *
profiles_list(const struct profiles *p)
{
	return (const struct profile *const *)p->items;
}

/* Differs for another set of profiles: what one says of a card, another may not. */
uint64_t profiles_digest(const struct profile *const *profiles);

/* A command ready to be sent, with ref in place of RR. */
struct profile_apdu {
	struct apdu a;
	uint8_t	 data[32];	/* a.data points here: not to be copied */
};
void profile_apdu(const struct profile_command *c, uint8_t ref, struct profile_apdu *ret);

/* Does the profile name this ATR?  By its list, or by the historical bytes. */
bool profile_matches(const struct profile *p, struct cur atr);

#endif
