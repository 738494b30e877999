/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The files of ISO/IEC 7816-15 (PKCS#15), read into plain structs.  Pure.
 *
 * What cannot be understood is left out, object by object, and the rest stays usable:
 * no function here fails because of one bad object (hostile-cards, "fail-object").
 */
#ifndef DEZI_ISO7816_P15_H
#define DEZI_ISO7816_P15_H

#include "base/buf.h"

#define P15_OBJECTS	64	/* of one kind */
#define P15_FILES	32	/* named by the ODF */
#define P15_APPLICATIONS 16	/* named by EF.DIR */
#define P15_ALGORITHMS	32	/* named by TokenInfo */
#define P15_KEY_ALGORITHMS 16	/* ... and by one key */
#define P15_PATH_MAX	16
#define P15_ID_MAX	64
#define P15_LABEL_MAX	64	/* bytes, with NUL */
#define P15_SERIAL_MAX	32
#define P15_PIN_MAX	64	/* bytes of a PIN, with its padding */
#define P15_PIN_ISO9564_MAX 12	/* digits in a block of ISO 9564-1 */
#define P15_FID_MF	0x3f00
#define P15_FID_APP	0x3fff	/* "the current application" in a path */

struct p15_path {
	uint8_t	 p[P15_PATH_MAX];	/* FIDs; n is even */
	size_t	 n;			/* 0: the empty path */
	bool	 part;			/* index and length were both given */
	size_t	 index, length;		/* index + length <= 65536 */
};

struct p15_id {
	uint8_t	 p[P15_ID_MAX];
	size_t	 n;
};
/* Equal, and not empty. */
bool p15_id_same(const struct p15_id *a, const struct p15_id *b);

/* Kinds of file, as the ODF tags them: A0 + kind. */
enum p15_kind {
	P15_PRKDF, P15_PUKDF, P15_PUKDF_TRUSTED, P15_SKDF, P15_CDF, P15_CDF_TRUSTED,
	P15_CDF_USEFUL, P15_DODF, P15_AODF, P15_KINDS,
};

struct p15_odf {
	struct p15_odf_entry {
		enum p15_kind kind;
		struct p15_path path;
	} e[P15_FILES];			/* no two alike */
	size_t	 n;
};
/* n is 0 when this is no ODF: then there is no ISO 7816-15 application. */
void p15_read_odf(struct cur file, struct p15_odf *ret);

/* One line of EF.DIR, and where its DDO says that the files of the application are. */
struct p15_application {
	uint8_t	 aid[16];
	size_t	 aid_len;		/* 0: none, or of impossible length */
	struct p15_path path;		/* empty: only the AID */
	struct p15_path odf, token;	/* empty: where they always are */
};
/* Fills at most max, of those that have an AID or a path, and returns how many. */
size_t p15_read_dir(struct cur file, struct p15_application *ret, size_t max);

/* Bits of p15_algorithm.operations. */
#define P15_OP_SIGN		(1u << 1)	/* compute-signature */
#define P15_OP_DECIPHER		(1u << 5)
#define P15_OP_DERIVE		(1u << 8)

/* One of TokenInfo.supportedAlgorithms. */
struct p15_algorithm {
	uint32_t reference;		/* by which keys name it */
	uint32_t mechanism;		/* PKCS #11 CKM number */
	uint32_t operations;
	bool	 has_ref;
	uint8_t	 ref;			/* what MSE calls it */
};

struct p15_token {
	uint8_t	 serial[P15_SERIAL_MAX];
	size_t	 serial_len;		/* 0: none, or of impossible length */
	char	 label[P15_LABEL_MAX];	/* safe text */
	struct p15_algorithm algs[P15_ALGORITHMS];
	size_t	 n_algs;
};
/* False: this is no TokenInfo. */
bool p15_read_token(struct cur file, struct p15_token *ret);
/* The same from its first bytes, which need not hold more than the serial number. */
bool p15_read_serial(struct cur first, struct p15_token *ret);

struct p15_common {
	char	 label[P15_LABEL_MAX];	/* safe text */
	bool	 is_private;
	struct p15_id auth_id;		/* of the PIN that protects it */
	unsigned consent;		/* operations per PIN; 0: any number */
};

/* Bits of p15_key.usage. */
#define P15_USE_DECRYPT		(1u << 1)
#define P15_USE_SIGN		(1u << 2)
#define P15_USE_SIGN_RECOVER	(1u << 3)
#define P15_USE_UNWRAP		(1u << 5)
#define P15_USE_DERIVE		(1u << 8)
#define P15_USE_NON_REPUDIATION	(1u << 9)

struct p15_key {
	struct p15_common c;
	struct p15_id id;		/* never empty */
	bool	 ec;			/* else RSA */
	uint32_t usage;
	bool	 has_ref;
	uint8_t	 ref;			/* keyReference */
	struct p15_path path;		/* may be empty: then select nothing */
	unsigned bits;			/* as declared; 0: unknown */
	uint32_t algs[P15_KEY_ALGORITHMS];	/* p15_algorithm.reference */
	size_t	 n_algs;
	unsigned ordinal;		/* place in the file, counting every object */
};

struct p15_cert {
	struct p15_common c;
	struct p15_id id;
	bool	 authority;
	struct p15_path path;		/* a file, if der is empty */
	struct cur der;			/* the certificate itself, in what it was read from */
};

/* Bits of p15_pin.flags. */
#define P15_PIN_INITIALIZED	(1u << 4)
#define P15_PIN_PADDED		(1u << 5)
#define P15_PIN_UNBLOCKING	(1u << 6)	/* this is a PUK */
#define P15_PIN_SO		(1u << 7)
#define P15_PIN_INTEGRITY	(1u << 9)
#define P15_PIN_CONFIDENTIAL	(1u << 10)

enum p15_pin_type {
	P15_PIN_BCD, P15_PIN_ASCII, P15_PIN_UTF8, P15_PIN_HALF_NIBBLE, P15_PIN_ISO9564,
};

struct p15_pin {
	struct p15_common c;
	struct p15_id id;		/* authId: what keys name */
	uint32_t flags;
	enum p15_pin_type type;
	size_t	 min, max;		/* characters; min <= max <= P15_PIN_MAX */
	size_t	 stored;		/* bytes on the wire when padded */
	uint8_t	 pad;
	uint8_t	 ref;
	struct p15_path path;		/* may be empty */
};
/* A person's PIN that can be sent: set, not a PUK, needing no secure channel. */
bool p15_pin_usable(const struct p15_pin *pin);
/* It is made of digits, which are not sent as text. */
bool p15_pin_is_coded(enum p15_pin_type type);
/* Is it known how to send it?  Half-nibble BCD is in no card that anybody described. */
bool p15_pin_is_known(enum p15_pin_type type);

/* A public key: only which one it is, for keys and certificates that do not name each
 * other. */
struct p15_public {
	struct p15_common c;
	struct p15_id id;
	struct p15_path path;		/* a file, if value is empty */
	struct cur value;		/* the key itself, in what it was read from */
};

/* Each fills at most max and returns how many. */
size_t p15_read_publics(struct cur file, struct p15_public *ret, size_t max);
size_t p15_read_keys(struct cur file, struct p15_key *ret, size_t max);
size_t p15_read_certs(struct cur file, struct p15_cert *ret, size_t max);
size_t p15_read_pins(struct cur file, struct p15_pin *ret, size_t max);

/* The path of an object: SEQUENCE content.  False: not a path we follow. */
bool p15_read_path(struct cur seq, struct p15_path *ret);
/* It ends in a file, not in the MF or the placeholder. */
bool p15_path_is_file(const struct p15_path *p);

/* Exactly one SEQUENCE { SEQUENCE, SEQUENCE, BIT STRING }: the outside of X.509. */
bool p15_is_certificate(struct cur der);

/* Text of the card made safe, cut to fit (hostile-cards, vector 12). */
void p15_put_label(struct cur text, char ret[P15_LABEL_MAX]);

#endif
