/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The application of a card and the files below it, as its profile says that they
 * are selected and read.  The channel remembers which DF is selected, so that it is
 * not selected twice.
 */
#ifndef DEZI_CARD_FILE_H
#define DEZI_CARD_FILE_H

#include "card/channel.h"
#include "card/profile.h"
#include "iso7816/p15.h"

#define FILE_CERT_MAX	16384	/* no certificate is larger */

/* What FIDs and names lead to on one card, and what it was found to want. */
struct files {
	const struct profile *p;
	/* Where the application is when the profile's AID does not select it; by path,
	 * or else by name. */
	struct p15_path home;		/* from 3F00 on; empty: not used */
	uint8_t	 aid[16];
	size_t	 aid_len;		/* 0: the profile's */
	/* The path by which the files of the application are named too; empty: unknown. */
	struct p15_path alias;
	bool	 alias_sure;		/* a file was found by it */
	/* Learnt by refusals, where the profile says adapt (SELECT: P1 P2). */
	uint8_t	 df[2], ef[2];
	bool	 ef_sure;		/* a file was selected this way */
	bool	 no_path;		/* no SELECT by path */
	bool	 no_sfi;		/* no READ BINARY by short identifier */
	unsigned chunk;			/* bytes in one READ BINARY */
};
void files_init(struct files *f, const struct profile *p);

/* SELECT the application.  The reply's data is appended, whatever the status. */
MUST_CHECK enum err file_application(struct channel *ch, struct files *f,
    struct buf *ret, unsigned *ret_sw);

/* Select the DF at path.  ERR_CARD when it cannot be selected. */
MUST_CHECK enum err file_folder(struct channel *ch, struct files *f,
    const struct p15_path *path);

/*
 * Select the EF at path; *ret_size is 0 when the card does not say a sane size.
 *	ERR_NOT_FOUND (bare), ERR_CARD, and those of channel_send()
 */
MUST_CHECK enum err file_select(struct channel *ch, struct files *f,
    const struct p15_path *path, size_t *ret_size);

/*
 * Append at most n bytes of the selected EF from offset, fewer at its end.
 * ERR_LIMIT: the card gives it away in crumbs.
 */
MUST_CHECK enum err file_read_at(struct channel *ch, struct files *f,
    size_t offset, size_t n, struct buf *ret);

/* Select and read what path names: all of it, or the part. */
MUST_CHECK enum err file_read_path(struct channel *ch, struct files *f,
    const struct p15_path *path, struct buf *ret);

/*
 * The same for the file of the application that has this short identifier, in one
 * command where the card can do that; suits looks at the bytes that came.  Of a file
 * that is longer than most, the first most bytes may be all.
 */
typedef bool file_suits_fn(struct cur file);
MUST_CHECK enum err file_read_short(struct channel *ch, struct files *f,
    const struct p15_path *path, uint8_t sfi, size_t most, file_suits_fn *suits,
    struct buf *ret);

/* All records of the selected EF, one behind the other, up to max of them. */
MUST_CHECK enum err file_read_records(struct channel *ch, unsigned max, struct buf *ret);

/*
 * Select and read the one SEQUENCE that stands there, by its own length, or what is
 * compressed in its place; *ret_size as file_select().  ERR_MALFORMED when there is none,
 * ERR_LIMIT when it is too long.
 */
MUST_CHECK enum err file_read_der(struct channel *ch, struct files *f,
    const struct p15_path *path, struct buf *ret, size_t *ret_size);

#endif
