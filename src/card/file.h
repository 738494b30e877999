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

/* SELECT the application.  The reply's data is appended, whatever the status. */
MUST_CHECK enum err file_application(struct channel *ch, const struct profile *p,
    struct buf *ret, unsigned *ret_sw);

/* Select the DF at path.  ERR_CARD when it cannot be selected. */
MUST_CHECK enum err file_folder(struct channel *ch, const struct profile *p,
    const struct p15_path *path);

/*
 * Select the EF at path; *ret_size is 0 when the card does not say a sane size.
 *	ERR_NOT_FOUND (bare), ERR_CARD, and those of channel_send()
 */
MUST_CHECK enum err file_select(struct channel *ch, const struct profile *p,
    const struct p15_path *path, size_t *ret_size);

/*
 * Append at most n bytes of the selected EF from offset, fewer at its end.
 * ERR_LIMIT: the card gives it away in crumbs.
 */
MUST_CHECK enum err file_read_at(struct channel *ch, const struct profile *p,
    size_t offset, size_t n, struct buf *ret);

/* Select and read what path names: all of it, or the part. */
MUST_CHECK enum err file_read_path(struct channel *ch, const struct profile *p,
    const struct p15_path *path, struct buf *ret);

/*
 * Select and read the one SEQUENCE that stands there, by its own length; *ret_size as
 * file_select().  ERR_MALFORMED when there is none, ERR_LIMIT when it is too long.
 */
MUST_CHECK enum err file_read_der(struct channel *ch, const struct profile *p,
    const struct p15_path *path, struct buf *ret, size_t *ret_size);

#endif
