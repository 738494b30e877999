/* SPDX-License-Identifier: EUPL-1.2 */
/* The inside of a virtual card, for the files that make it up. */
#ifndef DEZI_VCARD_INSIDE_H
#define DEZI_VCARD_INSIDE_H

#include "vcard/card.h"

#define FID_MF		0x3f00
#define FID_PLACEHOLDER	0x3fff	/* stands for the application in paths; no file */
#define FID_OBJECTS	0x4302	/* the DF of keys and certificates */
#define FID_KEYS	0x0001	/* first of the keys in it */

#define EF_MAX		65535
#define EFS		32
#define CHANNELS	2
#define RESPONSE_MAX	65536
#define CHAIN_MAX	4096

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
	struct buf certificate;
};

/* One logical channel. */
struct vchannel {
	bool	   open;
	bool	   selected;	/* the applet */
	uint16_t   df;
	const struct ef *ef;	/* NULL: none */
	enum crt   crt;
	enum purpose key;	/* when crt is not CRT_NONE */
	struct buf pending;	/* for GET RESPONSE */
	struct buf chain;	/* data of a command that is not complete */
	uint8_t	   chain_ins;
};

struct vcard {
	struct card_file file;
	struct card_state state;
	struct vkey keys[PURPOSES];
	struct buf cas[CARD_CAS];
	struct ef efs[EFS];
	size_t efs_n;
	struct vchannel channels[CHANNELS];
	bool verified[SECRETS];
	struct vcard_counts counts;
};

/* Append a file.  The content moves in.  Asserts that there is room. */
void vcard_add_ef(struct vcard *c, uint16_t df, uint16_t fid, enum ef_access access,
    struct buf *content);
const struct ef *vcard_find_ef(const struct vcard *c, uint16_t df, uint16_t fid);

/* p15.c: the directory files of ISO 7816-15. */
MUST_CHECK enum err p15_write(struct vcard *c);

/*
 * A command of the card: appends response data, returns the status word.  The caller
 * has checked class and channel and cuts the data to Le.
 */
typedef unsigned command_fn(struct vcard *c, struct vchannel *ch, const struct command *m,
    struct buf *out);

command_fn cmd_select, cmd_read_binary, cmd_get_data, cmd_get_challenge, cmd_channel;
command_fn cmd_verify, cmd_change, cmd_unblock, cmd_tries;
command_fn cmd_mse, cmd_pso, cmd_authenticate, cmd_public_key;

void channel_forget(struct vchannel *ch);

#endif
