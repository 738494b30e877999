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
#define PIV_PIN_BYTES	8	/* of a PIV card */
#define CARD_CAS	8
#define CARD_KEYS	25		/* what a PIV card has room for */
#define CARD_PATH	1024
#define CARD_NAME	512		/* path of a key or a certificate */

enum card_type { CARD_UZI, CARD_PIV, CARD_P15, CARD_TYPES };

/* The keys of a UZI pass, in this order.  Other cards number theirs as they like. */
enum purpose { AUTHENTICATION, SIGNATURE, CONFIDENTIALITY, PURPOSES };
extern const char *const purpose_slugs[PURPOSES];

/*
 * The secrets of a card.  SafeSign calls the PUK "SO Pin".  The second PIN is the global
 * PIN of a PIV card, the signature PIN of an ISO 7816-15 card; a card without one has no
 * reference for it.
 */
enum secret_kind { USER_PIN, PUK, SECOND_PIN, SECRETS };
#define NO_REFERENCE	(-1)

/* How the digits of a PIN are sent: as text, two in a byte, or in a block of ISO 9564-1. */
enum pin_form { FORM_TEXT, FORM_BCD, FORM_ISO9564 };
enum pin_padding { PAD_ZERO, PAD_NONE, PAD_ANY, PAD_FF };
enum empty_verify { EMPTY_TELLS, EMPTY_COUNTS, EMPTY_REFUSED };
enum end_of_file { END_6282, END_6A86, END_6B00, END_9000 };

/* As GET METADATA and attestations number them, less one. */
enum pin_policy { PIN_NEVER, PIN_ONCE, PIN_ALWAYS };
enum touch_policy { TOUCH_NEVER, TOUCH_ALWAYS, TOUCH_CACHED };

struct card_object {
	bool	 present;
	char	 key[CARD_NAME];	/* relative to the card file; empty for a CA */
	char	 certificate[CARD_NAME];
	char	 label[64];
	uint8_t	 reference;		/* of the key; the slot of a PIV card */
	uint16_t file;			/* of the certificate, in DF 4302 */
	bool	 consent;		/* a PIN for every use of the key */
	/* PIV only */
	size_t	 policy;		/* enum pin_policy */
	size_t	 touch;			/* enum touch_policy: told, nobody has to touch */
	bool	 imported;		/* else made on the card, and can be attested */
	bool	 compressed;		/* the certificate is stored as gzip */
	/* ISO 7816-15 only */
	uint8_t	 id[16];		/* pairs key and certificate */
	size_t	 id_len;
	size_t	 usage;			/* enum purpose */
	size_t	 pin;			/* enum p15_pin */
};

/* Which PIN a key of an ISO 7816-15 card asks for. */
enum p15_pin { P15_USER_PIN, P15_SECOND_PIN };
/* How its files name each other. */
enum p15_paths { PATHS_ABSOLUTE, PATHS_RELATIVE, PATHS_3FFF };
/* What SELECT tells of a file; "refused": only P2 0C is understood. */
enum p15_fcp { FCP_FULL, FCP_NO_SIZE, FCP_SILENT, FCP_REFUSED };
/* What an RSA key wants for a signature. */
enum p15_input { INPUT_DIGEST_INFO, INPUT_HASH, INPUT_BLOCK };

/* A value of GET DATA: P1 and P2, and what is answered. */
#define P15_DATA	4
struct p15_data {
	uint8_t bytes[2 + 32];
	size_t	n;
};

/* How one ISO 7816-15 card differs from another. */
struct card_p15 {
	bool	 ef_dir;
	int64_t	 others;		/* applications before ours in EF.DIR */
	uint16_t home;			/* DF of the application */
	size_t	 paths, fcp, input;
	bool	 offsets;		/* all certificates are in one file */
	bool	 negative;		/* references above 7F as negative INTEGER */
	bool	 ec_der;		/* signatures as SEQUENCE, else r and s */
	bool	 df_forgets;		/* another DF drops the PINs */
	bool	 info;			/* TokenInfo tells of algorithms */
	bool	 any_algorithm;		/* MSE may name any */
	bool	 filler_ff;		/* files end with FF, not 00 */
	bool	 short_ids;		/* ODF and TokenInfo have theirs */
	struct p15_data data[P15_DATA];
	size_t	 data_n;
};
#define P15_KEYS	8


/* Which PINs the discovery object tells of; none: there is no such object. */
enum piv_discovery { DISCOVERY_NONE, DISCOVERY_APPLICATION, DISCOVERY_BOTH,
	DISCOVERY_GLOBAL };
/* The answer to SELECT. */
enum piv_apt { APT_FULL, APT_SHORT, APT_NONE };

/* How one PIV card differs from another. */
struct card_piv {
	bool	yubico;			/* version, serial, metadata, attestation */
	uint8_t version[3];
	int64_t form_factor;
	bool	show_serial;		/* F8, and in attestations */
	uint8_t guid[16];
	bool	chuid, ccc, history;	/* the card has these objects */
	size_t	discovery;		/* enum piv_discovery */
	size_t	apt;			/* enum piv_apt */
	bool	absent_empty;		/* absent objects are 53 00, else 6A82 */
	bool	always_strict;		/* PIN-always: nothing between PIN and use */
	bool	select_forgets;		/* SELECT of the selected applet drops the PIN */
	bool	exact;			/* order of tags and size of hashes matter */
	bool	vci;			/* contactless without VCI: no PIN, few objects */
};

struct card_delays {
	int64_t apdu_ms;
	int64_t byte_us;
	int64_t sign_ms;
};

struct card_file {
	enum card_type type;
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
	size_t	pin_form;		/* enum pin_form */
	size_t	empty_verify;		/* enum empty_verify */
	size_t	end_of_file;		/* enum end_of_file */

	int64_t pin_stored;		/* bytes of a padded PIN */
	struct card_piv piv;
	struct card_p15 p15;
	size_t	keys_n;			/* of an ISO 7816-15 card */

	struct card_object keys[CARD_KEYS];
	struct card_object cas[CARD_CAS];
	size_t		   cas_n;
	struct card_delays delays;
};

/* A card with every default and nothing on it: a UZI pass, or one of that type. */
void card_file_defaults(struct card_file *ret);
void card_file_defaults_of(enum card_type type, struct card_file *ret);

/* The slots of a PIV card in the order of keys[]: 9A 9C 9D 9E, 82 to 95, F9. */
uint8_t piv_slot(size_t i);
/* False: there is no such slot. */
bool piv_index(uint8_t slot, size_t *ret);
#define PIV_RETIRED	4		/* index of slot 82 */
#define PIV_ATTESTATION	24		/* index of slot F9 */

/* Pure.  ERR_CONFIG and ERR_MALFORMED say which line and what was expected. */
MUST_CHECK enum err card_file_parse(struct cur text, struct card_file *ret);

#endif
