/* SPDX-License-Identifier: EUPL-1.2 */
/* Selecting and reading transparent files (ISO 7816-4). */
#include "card/file.h"

#include "iso7816/fci.h"
#include "iso7816/sw.h"
#include "iso7816/tlv.h"

#define OFFSET_MAX	0x8000	/* READ BINARY with a plain offset reaches no further */
#define DER_HEADER	4	/* bytes that tell the length of a certificate */
#define CRUMBS_MAX	8	/* short replies that are not the end of the file */

enum err
file_application(struct channel *ch, const struct profile *p, struct buf *ret,
    unsigned *ret_sw)
{
	const struct apdu cmd = { .ins = 0xa4, .p1 = 0x04,
	    .data = cur_of(p->aid, p->aid_len), .le = APDU_LE_MAX };
	enum err r = channel_send(ch, &cmd, ret, ret_sw);

	if (r != ERR_OK)
		return note(r, "SELECT application");
	ch->df_len = 0;
	return ERR_OK;
}

static enum err
select_fid(struct channel *ch, const uint8_t p1p2[2], struct cur fid, struct buf *fci,
    unsigned *ret_sw)
{
	/* P2 bits 4 and 3 set: no FCI in the reply. */
	const struct apdu cmd = { .ins = 0xa4, .p1 = p1p2[0], .p2 = p1p2[1], .data = fid,
	    .le = (p1p2[1] & 0x0c) == 0x0c ? 0 : APDU_LE_MAX };

	return channel_send(ch, &cmd, fci, ret_sw);
}

/*
 * Where a path leads, as channel.df keeps it: FIDs below the application, or from the
 * MF on when they begin with 3F00.
 */
static struct cur
normal_path(const struct profile *p, const struct p15_path *path)
{
	struct cur at = cur_of(path->p, path->n), k = at;
	uint16_t fid;

	if (cur_u16(&k, &fid) && fid == P15_FID_MF && cur_u16(&k, &fid) &&
	    fid == p->placeholder)
		return k;
	k = at;
	if (cur_u16(&k, &fid) && fid == p->placeholder)
		return k;
	return at;
}

static bool
from_mf(struct cur path)
{
	uint16_t fid;

	return cur_u16(&path, &fid) && fid == P15_FID_MF;
}

static enum err
back_to_application(struct channel *ch, const struct profile *p)
{
	AUTO(buf_free) struct buf fci = BUF(APDU_LE_MAX);
	unsigned sw;
	enum err r = file_application(ch, p, &fci, &sw);

	if (r != ERR_OK)
		return r;
	if (sw != SW_OK)
		return fail(ERR_CARD, "SELECT application: %s (%04x)", sw_name(sw), sw);
	return ERR_OK;
}

/* Go to the DF at path; nothing is sent for the part where we are already. */
static enum err
go(struct channel *ch, const struct profile *p, struct cur path)
{
	struct cur here = cur_of(ch->df, ch->df_len), fid;
	unsigned sw;
	enum err r;

	if (path.n > sizeof(ch->df))
		return fail(ERR_CARD, "a path of %zu bytes", path.n);
	if (!cur_starts(path, here) || from_mf(path) != from_mf(here)) {
		ch->df_len = 0;
		if (!from_mf(path) && (r = back_to_application(ch, p)) != ERR_OK)
			return r;
	}
	(void)cur_take(&path, ch->df_len, &fid);
	while (cur_take(&path, 2, &fid)) {
		r = select_fid(ch, p->select_df, fid, NULL, &sw);
		if (r != ERR_OK)
			return note(r, "SELECT folder");
		if (sw != SW_OK)
			return fail(ERR_CARD, "SELECT folder: %s (%04x)", sw_name(sw),
			    sw);
		memcpy(ch->df + ch->df_len, fid.p, 2);
		ch->df_len += 2;
	}
	return ERR_OK;
}

enum err
file_folder(struct channel *ch, const struct profile *p, const struct p15_path *path)
{
	return go(ch, p, normal_path(p, path));
}

enum err
file_select(struct channel *ch, const struct profile *p, const struct p15_path *path,
    size_t *ret_size)
{
	AUTO(buf_free) struct buf fci = BUF(APDU_LE_MAX);
	struct cur at = normal_path(p, path), folder, fid;
	const uint8_t quiet[2] = { p->select_ef[0], 0x0c };
	size_t size;
	unsigned sw;
	enum err r;

	if (at.n < 2)
		return fail(ERR_CARD, "a path without a file");
	(void)cur_take(&at, at.n - 2, &folder);
	fid = at;
	if ((r = go(ch, p, folder)) != ERR_OK ||
	    (r = select_fid(ch, p->select_ef, fid, &fci, &sw)) != ERR_OK)
		return r;
	/* Some cards select only without FCI. */
	if ((sw == SW_BAD_P1P2 || sw == SW_LC_P1P2) && p->select_ef[1] != 0x0c &&
	    (r = select_fid(ch, quiet, fid, NULL, &sw)) != ERR_OK)
		return r;
	if (sw_absent(sw))
		return ERR_NOT_FOUND;
	if (sw != SW_OK && sw != SW_FCI_UNFORMATTED)
		return fail(ERR_CARD, "SELECT file: %s (%04x)", sw_name(sw), sw);
	*ret_size = fci_size(buf_view(&fci), &size) ? size : 0;
	return ERR_OK;
}

static bool
is_eof(const struct profile *p, unsigned sw)
{
	for (size_t i = 0; i < p->n_eof; i++)
		if (p->eof[i] == sw)
			return true;
	return false;
}

enum err
file_read_at(struct channel *ch, const struct profile *p, size_t offset, size_t n,
    struct buf *ret)
{
	size_t end = offset + n, got, before;
	int crumbs = 0;
	unsigned sw;
	enum err r;

	for (; offset < end; offset += got) {
		size_t want = end - offset < p->chunk ? end - offset : p->chunk;
		const struct apdu cmd = { .ins = 0xb0, .p1 = (uint8_t)(offset >> 8),
		    .p2 = (uint8_t)offset, .le = (unsigned)want };

		if (offset >= OFFSET_MAX)
			return fail(ERR_LIMIT, "a file of more than %d bytes",
			    OFFSET_MAX);
		before = ret->len;
		if ((r = channel_send(ch, &cmd, ret, &sw)) != ERR_OK)
			return note(r, "READ BINARY");
		got = ret->len - before;
		if (is_eof(p, sw) || (sw == SW_OK && got == 0))
			return ERR_OK;
		if (sw != SW_OK)
			return fail(ERR_CARD, "READ BINARY: %s (%04x)", sw_name(sw), sw);
		if (got < want && ++crumbs > CRUMBS_MAX)
			return fail(ERR_LIMIT, "the card gives a file in crumbs");
	}
	return ERR_OK;
}

enum err
file_read_path(struct channel *ch, const struct profile *p, const struct p15_path *path,
    struct buf *ret)
{
	size_t size;
	enum err r = file_select(ch, p, path, &size);

	if (r != ERR_OK)
		return r;
	if (path->part)
		return file_read_at(ch, p, path->index, path->length, ret);
	return file_read_at(ch, p, 0, size != 0 ? size : OFFSET_MAX, ret);
}

enum err
file_read_der(struct channel *ch, const struct profile *p, const struct p15_path *path,
    struct buf *ret, size_t *ret_size)
{
	AUTO(buf_free) struct buf der = BUF(FILE_CERT_MAX + APDU_LE_MAX);
	size_t at = path->part ? path->index : 0, first = p->chunk, size, n;
	enum err r;

	if ((r = file_select(ch, p, path, &size)) != ERR_OK)
		return r;
	if (size >= at + DER_HEADER && size - at < first)
		first = size - at;
	if ((r = file_read_at(ch, p, at, first, &der)) != ERR_OK)
		return r;
	if (!tlv_size(buf_view(&der), 0x30, &n))
		return fail(ERR_MALFORMED, "no DER in the file");
	if (n > FILE_CERT_MAX)
		return fail(ERR_LIMIT, "DER of %zu bytes", n);
	if (n > der.len &&
	    (r = file_read_at(ch, p, at + der.len, n - der.len, &der)) != ERR_OK)
		return r;
	if (n > der.len)
		return fail(ERR_MALFORMED, "the file ends within the DER");
	buf_put(ret, der.p, n);
	*ret_size = size;
	return buf_end(ret);
}
