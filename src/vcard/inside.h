/* SPDX-License-Identifier: EUPL-1.2 */
/* The inside of a virtual card, for the files that make it up. */
#ifndef DEZI_VCARD_INSIDE_H
#define DEZI_VCARD_INSIDE_H

#include "vcard/card.h"

#define FID_MF		0x3f00
#define FID_PLACEHOLDER	0x3fff	/* stands for the application in paths; no file */
#define FID_OBJECTS	0x4302	/* the DF of keys and certificates */
#define FID_KEYS	0x0001	/* first of the keys in it */
#define FID_ODF		0x5031	/* ISO 7816-15 */
#define FID_TOKEN_INFO	0x5032

#define EF_MAX		65535
#define EFS		48
#define CHANNELS	2
#define RESPONSE_MAX	65536
#define CHAIN_MAX	4096
#define OBJECTS		40

/* Who may read a file. */
enum ef_access { EF_FREE, EF_AFTER_PIN, EF_NEVER };

struct ef {
	uint16_t df;
	uint16_t fid;
	enum ef_access access;
	struct buf content;
};

/* What MSE SET prepares (ISO 7816-4: the control reference templates). */
enum crt { CRT_NONE, CRT_SIGN = 0xb6, CRT_AUTHENTICATE = 0xa4, CRT_DECIPHER = 0xb8 };

struct vkey {
	EVP_PKEY  *key;
	struct buf certificate;		/* empty: none */
};

/* A data object of PIV: its tag, and the whole answer of GET DATA. */
struct data_object {
	uint32_t   tag;
	struct buf content;
};

/* One logical channel. */
struct vchannel {
	bool	   open;
	bool	   selected;	/* the applet */
	uint16_t   df;
	const struct ef *ef;	/* NULL: none */
	enum crt   crt;
	size_t	   key;		/* when crt is not CRT_NONE */
	struct buf pending;	/* for GET RESPONSE */
	struct buf chain;	/* data of a command that is not complete */
	uint8_t	   chain_ins;
};

struct vcard {
	const struct applet *applet;
	struct card_file file;
	struct card_state state;
	struct vkey keys[CARD_KEYS];
	struct buf cas[CARD_CAS];
	struct ef efs[EFS];
	size_t efs_n;
	struct data_object objects[OBJECTS];
	size_t objects_n;
	struct vchannel channels[CHANNELS];
	bool verified[SECRETS];
	bool fresh;		/* the PIN was proved by the command before this one */
	struct vcard_counts counts;
};

/* Append a file.  The content moves in.  Asserts that there is room. */
void vcard_add_ef(struct vcard *c, uint16_t df, uint16_t fid, enum ef_access access,
    struct buf *content);
const struct ef *vcard_find_ef(const struct vcard *c, uint16_t df, uint16_t fid);

/*
 * A command of the card: appends response data, returns the status word.  The caller
 * has checked class and channel and cuts the data to Le.
 */
typedef unsigned command_fn(struct vcard *c, struct vchannel *ch, const struct command *m,
    struct buf *out);

/* What a command needs before it is carried out, and what it understands. */
enum { OPEN_APPLET = 1, PROPRIETARY = 2, CHAINED = 4 };

struct applet_command {
	uint8_t	    ins;
	unsigned    needs;
	command_fn *run;
};

/* What is on the card; all that is below (class, channel, lengths) is the engine's. */
struct applet {
	const struct applet_command *commands;
	size_t n;
	bool   tells_le;	/* 6Cxx when Le is too small, else 61xx */
	bool   rolls_back;	/* another command ends a chain, and is carried out */
	/* Is this key one that the applet can use?  ERR_CONFIG */
	enum err (*check_key)(size_t i, const EVP_PKEY *key);
	/* Write files or data objects: keys and certificates are there. */
	enum err (*finish)(struct vcard *c);
	/* A command was carried out.  NULL: nothing follows from that. */
	void	 (*after)(struct vcard *c, const struct command *m);
};
extern const struct applet uzi_applet, piv_applet, p15_applet;

/* The command is there for every applet that lists it. */
command_fn cmd_get_response, cmd_channel, cmd_read_binary, cmd_get_challenge;
command_fn cmd_verify, cmd_change, cmd_unblock;
command_fn cmd_select, cmd_get_data, cmd_tries, cmd_mse, cmd_pso, cmd_authenticate,
    cmd_public_key;

void channel_forget(struct vchannel *ch);
/* False: no secret has this reference. */
bool secret_of(const struct vcard *c, uint8_t reference, enum secret_kind *ret);
/* May value become a PIN or PUK of at most max bytes?  Printable: the state is text. */
bool secret_is_good(const struct vcard *c, struct cur value, size_t max);

/* uzi_dirs.c: the directory files of ISO 7816-15. */
MUST_CHECK enum err uzi_write(struct vcard *c);

/* p15_dirs.c: the directory files of an ISO 7816-15 card. */
MUST_CHECK enum err p15_write(struct vcard *c);
/* p15_select.c, p15_use.c */
command_fn p15_select, p15_mse, p15_pso, p15_authenticate;
/* Files of the application DF: private keys from this on, one for each. */
#define FID_P15_KEYS	0x4501
/* The reference in MSE of what the key does; TokenInfo tells it. */
uint8_t p15_algorithm(const struct vcard *c, size_t i);

/* piv_data.c: the data objects. */
MUST_CHECK enum err piv_write(struct vcard *c);
command_fn piv_get_data;
/* piv_pin.c */
command_fn piv_cmd_verify, piv_cmd_change, piv_cmd_unblock;
/* piv_auth.c */
command_fn piv_authenticate;
/* The algorithm identifier of a key (SP 800-78 and Yubico's); 0: none. */
uint8_t piv_algorithm(const EVP_PKEY *key);
/* Has the PIN, application or global as discovery says, been proved? */
bool piv_is_verified(const struct vcard *c);
/* piv_yubico.c */
command_fn piv_version, piv_serial, piv_metadata, piv_attest;

#endif
