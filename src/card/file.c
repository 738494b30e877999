/* SPDX-License-Identifier: EUPL-1.2 */
/* Selecting and reading files (ISO 7816-4), the way that the card at hand wants it. */
#include "card/file.h"

#include "iso7816/fci.h"
#include "iso7816/inflate.h"
#include "iso7816/sw.h"
#include "iso7816/tlv.h"

#define OFFSET_MAX	0x8000	/* READ BINARY with a plain offset reaches no further */
#define DER_HEADER	4	/* bytes that tell the length of a certificate */
#define CRUMBS_MAX	8	/* short replies that are not the end of the file */
#define CRUMB		64	/* a reply of fewer bytes is one */
#define PADDING_MIN	16	/* as many FF at the end of a block are padding */

#define BY_PATH		0x08	/* P1: path from the MF, without 3F00 */
#define QUIET		0x0c	/* P2: no FCI in the reply */

/* What is tried in this order where a card refuses what the profile says. */
static const uint8_t ef_ways[][2] = {
	{ 0x02, 0x04 }, { 0x02, 0x00 }, { 0x02, QUIET },
	{ 0x00, 0x04 }, { 0x00, 0x00 }, { 0x00, QUIET },
};
static const uint8_t df_ways[][2] = {
	{ 0x00, QUIET }, { 0x00, 0x00 }, { 0x00, 0x04 },
	{ 0x01, QUIET }, { 0x01, 0x00 }, { 0x01, 0x04 },
};

void
files_init(struct files *f, const struct profile *p)
{
	*f = (struct files){ .p = p, .chunk = p->chunk, .no_path = !p->adapt,
	    .no_sfi = !p->sfi };
	memcpy(f->df, p->select_df, sizeof(f->df));
	memcpy(f->ef, p->select_ef, sizeof(f->ef));
}

static enum err
send_select(struct channel *ch, const uint8_t p1p2[2], struct cur data, struct buf *fci,
    unsigned *ret_sw)
{
	/* P2 bits 4 and 3 set: no FCI in the reply. */
	const struct apdu cmd = { .ins = 0xa4, .p1 = p1p2[0], .p2 = p1p2[1], .data = data,
	    .le = (p1p2[1] & QUIET) == QUIET ? 0 : APDU_LE_MAX };

	return channel_send(ch, &cmd, fci, ret_sw);
}

/* Not "it is not there", but "not like this". */
static bool
is_refused(unsigned sw)
{
	return sw == SW_BAD_P1P2 || sw == SW_LC_P1P2 || sw == SW_NO_FUNCTION ||
	    sw == SW_BAD_OFFSET;
}

/* SELECT by FID, the way that is remembered; where it is refused, as else it works. */
static enum err
select_some_way(struct channel *ch, uint8_t way[2], const uint8_t ways[][2], size_t n,
    struct cur fid, struct buf *fci, unsigned *ret_sw)
{
	enum err r = send_select(ch, way, fid, fci, ret_sw);

	for (size_t i = 0; r == ERR_OK && is_refused(*ret_sw) && i < n; i++) {
		if (memcmp(ways[i], way, 2) == 0)
			continue;
		buf_clear(fci);
		r = send_select(ch, ways[i], fid, fci, ret_sw);
		if (r == ERR_OK && !is_refused(*ret_sw))
			memcpy(way, ways[i], 2);
	}
	return r;
}

static enum err
select_df(struct channel *ch, struct files *f, struct cur fid, struct buf *fci,
    unsigned *ret_sw)
{
	return select_some_way(ch, f->df, df_ways, f->p->adapt ? NELEM(df_ways) : 0, fid,
	    fci, ret_sw);
}

static enum err
select_ef(struct channel *ch, struct files *f, struct cur fid, struct buf *fci,
    unsigned *ret_sw)
{
	uint8_t way[2] = { f->ef[0], QUIET };
	enum err r;

	if (!f->p->adapt) {
		r = send_select(ch, f->ef, fid, fci, ret_sw);
		/* Some cards select only without FCI. */
		if (r == ERR_OK && (*ret_sw == SW_BAD_P1P2 || *ret_sw == SW_LC_P1P2) &&
		    f->ef[1] != QUIET)
			r = send_select(ch, way, fid, NULL, ret_sw);
		return r;
	}
	r = select_some_way(ch, f->ef, ef_ways, f->ef_sure ? 0 : NELEM(ef_ways), fid, fci,
	    ret_sw);
	/* Cards that do not know P1 02 may say so by not finding the file. */
	if (r == ERR_OK && *ret_sw == SW_NO_FILE && !f->ef_sure && f->ef[0] == 0x02) {
		way[0] = 0x00;
		way[1] = f->ef[1];
		buf_clear(fci);
		r = send_select(ch, way, fid, fci, ret_sw);
		if (r == ERR_OK && *ret_sw == SW_OK)
			memcpy(f->ef, way, sizeof(f->ef));
	}
	if (r == ERR_OK && *ret_sw == SW_OK)
		f->ef_sure = true;
	return r;
}

/* At path, from 3F00 on, in one command.  Refused: it is not tried again. */
static enum err
select_path(struct channel *ch, struct files *f, struct cur path, uint8_t p2,
    struct buf *fci, unsigned *ret_sw)
{
	const uint8_t way[2] = { BY_PATH, p2 };
	struct cur mf;
	enum err r;

	(void)cur_take(&path, 2, &mf);
	r = send_select(ch, way, path, fci, ret_sw);
	if (r == ERR_OK && *ret_sw != SW_OK && *ret_sw != SW_FCI_UNFORMATTED) {
		f->no_path = f->no_path || is_refused(*ret_sw);
		buf_clear(fci);
	}
	return r;
}

static bool
from_mf(struct cur path)
{
	uint16_t fid = 0;

	return cur_u16(&path, &fid) && fid == P15_FID_MF;
}

static struct cur
view_path(const struct p15_path *p)
{
	return cur_of(p->p, p->n);
}

/* The application by its name; what its FCI says of its place is remembered. */
static enum err
select_aid(struct channel *ch, struct files *f, struct buf *ret, unsigned *ret_sw)
{
	const struct profile *p = f->p;
	const struct apdu cmd = { .ins = 0xa4, .p1 = 0x04, .le = APDU_LE_MAX,
	    .data = f->aid_len != 0 ? cur_of(f->aid, f->aid_len) :
	    cur_of(p->aid, p->aid_len) };
	const uint8_t quiet[2] = { 0x04, QUIET };
	size_t before = ret->len;
	struct cur fci, others;
	uint16_t fid;
	enum err r = channel_send(ch, &cmd, ret, ret_sw);

	if (r == ERR_OK && p->adapt && is_refused(*ret_sw))
		r = send_select(ch, quiet, cmd.data, NULL, ret_sw);
	fci = buf_view(ret);
	if (r != ERR_OK || *ret_sw != SW_OK || !p->adapt || f->alias.n != 0 ||
	    !cur_take(&fci, before, &others) || !fci_fid(fci, &fid) ||
	    fid == P15_FID_MF || fid == P15_FID_APP)
		return r;
	f->alias = (struct p15_path){ .p = { P15_FID_MF >> 8, P15_FID_MF & 0xff,
	    (uint8_t)(fid >> 8), (uint8_t)fid }, .n = 4 };
	return ERR_OK;
}

static enum err
walk(struct channel *ch, struct files *f, struct cur path, unsigned *ret_sw)
{
	struct cur fid;
	enum err r;

	*ret_sw = SW_OK;
	while (*ret_sw == SW_OK && cur_take(&path, 2, &fid)) {
		AUTO(buf_free) struct buf fci = BUF(APDU_LE_MAX);

		if ((r = select_df(ch, f, fid, &fci, ret_sw)) != ERR_OK)
			return r;
	}
	return ERR_OK;
}

static enum err
select_home(struct channel *ch, struct files *f, unsigned *ret_sw)
{
	AUTO(buf_free) struct buf fci = BUF(APDU_LE_MAX);
	struct cur path = view_path(&f->home);
	enum err r;

	if (!f->no_path && path.n > 2) {
		r = select_path(ch, f, path, QUIET, &fci, ret_sw);
		if (r != ERR_OK || *ret_sw == SW_OK)
			return r;
	}
	return walk(ch, f, path, ret_sw);
}

enum err
file_application(struct channel *ch, struct files *f, struct buf *ret, unsigned *ret_sw)
{
	enum err r;

	ch->df_len = 0;
	if (f->home.n != 0)
		r = select_home(ch, f, ret_sw);
	else
		r = select_aid(ch, f, ret, ret_sw);
	return r == ERR_OK ? r : note(r, "SELECT application");
}

/*
 * Where a path leads, as channel.df keeps it: FIDs below the application, or from the
 * MF on when they begin with 3F00.
 */
static struct cur
normal_path(const struct files *f, const struct p15_path *path)
{
	struct cur at = view_path(path), k = at, skip;
	const struct p15_path *known = f->home.n > 2 ? &f->home : &f->alias;
	uint16_t fid;

	if (cur_u16(&k, &fid) && fid == P15_FID_MF && cur_u16(&k, &fid) &&
	    fid == f->p->placeholder)
		return k;
	k = at;
	if (cur_u16(&k, &fid) && fid == f->p->placeholder)
		return k;
	if (known->n == 0 || !cur_starts(at, view_path(known)))
		return at;
	(void)cur_take(&at, known->n, &skip);
	return at;
}

static enum err
back_to_application(struct channel *ch, struct files *f)
{
	AUTO(buf_free) struct buf fci = BUF(APDU_LE_MAX);
	unsigned sw;
	enum err r = file_application(ch, f, &fci, &sw);

	if (r != ERR_OK)
		return r;
	if (sw != SW_OK)
		return fail(ERR_CARD, "SELECT application: %s (%04x)", sw_name(sw), sw);
	return ERR_OK;
}

/* The DF at path in one command, if the card can do that; else nothing has happened. */
static enum err
jump(struct channel *ch, struct files *f, struct cur path)
{
	AUTO(buf_free) struct buf none = BUF(APDU_LE_MAX);
	unsigned sw;
	enum err r;

	if (f->no_path || path.n < 4)
		return ERR_OK;
	r = select_path(ch, f, path, QUIET, &none, &sw);
	if (r != ERR_OK || sw != SW_OK)
		return r;
	memcpy(ch->df, path.p, path.n);
	ch->df_len = path.n;
	return ERR_OK;
}

/* Go to the DF at path; nothing is sent for the part where we are already. */
static enum err
go(struct channel *ch, struct files *f, struct cur path)
{
	struct cur here = cur_of(ch->df, ch->df_len), fid;
	unsigned sw;
	enum err r;

	if (path.n > sizeof(ch->df))
		return fail(ERR_CARD, "a path of %zu bytes", path.n);
	if (!cur_starts(path, here) || from_mf(path) != from_mf(here)) {
		ch->df_len = 0;
		if (!from_mf(path) && (r = back_to_application(ch, f)) != ERR_OK)
			return r;
		if (from_mf(path) && (r = jump(ch, f, path)) != ERR_OK)
			return r;
	}
	(void)cur_take(&path, ch->df_len, &fid);
	while (cur_take(&path, 2, &fid)) {
		AUTO(buf_free) struct buf fci = BUF(APDU_LE_MAX);

		if ((r = select_df(ch, f, fid, &fci, &sw)) != ERR_OK)
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
file_folder(struct channel *ch, struct files *f, const struct p15_path *path)
{
	return go(ch, f, normal_path(f, path));
}

/* By one SELECT with the whole path, if that saves one.  SW_BAD_P1P2: it was not tried. */
static enum err
try_path(struct channel *ch, struct files *f, struct cur at, struct buf *fci,
    unsigned *ret_sw)
{
	struct cur folder, here = cur_of(ch->df, ch->df_len);
	enum err r;

	*ret_sw = SW_BAD_P1P2;
	(void)cur_take(&at, at.n - 2, &folder);
	if (f->no_path || !from_mf(folder) || folder.n > sizeof(ch->df) ||
	    cur_eq(folder, here))
		return ERR_OK;
	at = cur_of(folder.p, folder.n + 2);
	r = select_path(ch, f, at, f->ef[1], fci, ret_sw);
	if (r != ERR_OK || *ret_sw != SW_OK)
		return r;
	memcpy(ch->df, folder.p, folder.n);
	ch->df_len = folder.n;
	return ERR_OK;
}

static enum err
select_at(struct channel *ch, struct files *f, struct cur at, struct buf *fci,
    unsigned *ret_sw)
{
	struct cur folder;
	enum err r = try_path(ch, f, at, fci, ret_sw);

	if (r != ERR_OK || *ret_sw == SW_OK)
		return r;
	(void)cur_take(&at, at.n - 2, &folder);
	if ((r = go(ch, f, folder)) != ERR_OK)
		return r;
	return select_ef(ch, f, at, fci, ret_sw);
}

enum err
file_select(struct channel *ch, struct files *f, const struct p15_path *path,
    size_t *ret_size)
{
	AUTO(buf_free) struct buf fci = BUF(APDU_LE_MAX);
	struct cur at = normal_path(f, path);
	bool aliased;
	size_t size;
	unsigned sw;
	enum err r;

	if (at.n < 2)
		return fail(ERR_CARD, "a path without a file");
	if ((r = select_at(ch, f, at, &fci, &sw)) != ERR_OK)
		return note(r, "SELECT file");
	/* Two folders of one FID: then its FCI did not say where the application is. */
	aliased = f->home.n == 0 && from_mf(view_path(path)) && !from_mf(at);
	if (sw_absent(sw) && aliased && f->alias.n != 0 && !f->alias_sure) {
		f->alias.n = 0;
		buf_clear(&fci);
		if ((r = select_at(ch, f, view_path(path), &fci, &sw)) != ERR_OK)
			return note(r, "SELECT file");
	}
	if (sw_absent(sw))
		return ERR_NOT_FOUND;
	if (sw != SW_OK && sw != SW_FCI_UNFORMATTED)
		return fail(ERR_CARD, "SELECT file: %s (%04x)", sw_name(sw), sw);
	f->alias_sure = f->alias_sure || (aliased && f->alias.n != 0);
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

/* What one command may ask for: more than the profile says in extended form. */
static unsigned
chunk_of(const struct channel *ch, const struct files *f)
{
	size_t most = ch->reader->max_apdu;

	if (f->chunk != APDU_LE_MAX || !ch->extended || most <= APDU_LE_MAX)
		return f->chunk;
	return most < APDU_LONG_LE ? (unsigned)most : APDU_LONG_LE;
}

/*
 * One READ BINARY.  Le 00 (256) is what some readers cannot do, and some cards have less
 * to give at once, which they may only say by refusing (iso7816 reference, section 10).
 * One that refuses every length means something else by it: nothing is learnt then.
 */
static enum err
read_block(struct channel *ch, struct files *f, struct apdu cmd, struct buf *ret,
    unsigned *ret_sw)
{
	static const unsigned chunks[] = { 254, 231, 192, 128 };
	unsigned before = f->chunk;
	enum err r = channel_send(ch, &cmd, ret, ret_sw);

	for (size_t i = 0; r == ERR_OK && *ret_sw == SW_WRONG_LENGTH && f->p->adapt &&
	    i < NELEM(chunks); i++) {
		if (chunks[i] >= cmd.le)
			continue;
		f->chunk = cmd.le = chunks[i];
		r = channel_send(ch, &cmd, ret, ret_sw);
	}
	if (r != ERR_OK || *ret_sw == SW_WRONG_LENGTH)
		f->chunk = before;
	return r;
}

enum err
file_read_at(struct channel *ch, struct files *f, size_t offset, size_t n, struct buf *ret)
{
	size_t end = offset + n, got, before;
	int crumbs = 0;
	unsigned sw;
	enum err r;

	for (; offset < end; offset += got) {
		size_t chunk = chunk_of(ch, f);
		size_t want = end - offset < chunk ? end - offset : chunk;
		const struct apdu cmd = { .ins = 0xb0, .p1 = (uint8_t)(offset >> 8),
		    .p2 = (uint8_t)offset, .le = (unsigned)want };

		if (offset >= OFFSET_MAX)
			return fail(ERR_LIMIT, "a file of more than %d bytes",
			    OFFSET_MAX);
		before = ret->len;
		if ((r = read_block(ch, f, cmd, ret, &sw)) != ERR_OK)
			return note(r, "READ BINARY");
		got = ret->len - before;
		if (is_eof(f->p, sw) || (sw == SW_OK && got == 0))
			return ERR_OK;
		if (sw != SW_OK)
			return fail(ERR_CARD, "READ BINARY: %s (%04x)", sw_name(sw), sw);
		if (got < want && got < CRUMB && ++crumbs > CRUMBS_MAX)
			return fail(ERR_LIMIT, "the card gives a file in crumbs");
	}
	return ERR_OK;
}

/* Whole elements, and nothing or only padding after them. */
static bool
is_complete(struct cur file)
{
	struct tlv t;
	bool any = false;

	for (;;) {
		while (file.n != 0 && file.p[0] == 0x00)
			file = cur_of(file.p + 1, file.n - 1);
		if (file.n == 0)
			return any;
		if (file.p[0] == 0xff)
			return true;
		if (!tlv_take(&file, &t))
			return false;
		any = true;
	}
}

static bool
ends_in_padding(struct cur file)
{
	if (file.n < PADDING_MIN)
		return false;
	for (size_t i = file.n - PADDING_MIN; i < file.n; i++)
		if (file.p[i] != 0xff)
			return false;
	return true;
}

/*
 * The rest of a directory of n bytes of which the first are in ret.  It ends where it
 * says, with what is all padding, or with a short reply after a whole element.
 */
static enum err
read_rest(struct channel *ch, struct files *f, size_t n, struct buf *ret)
{
	enum err r;

	if (!f->p->adapt)
		return file_read_at(ch, f, ret->len, n - ret->len, ret);
	while (ret->len < n) {
		size_t chunk = chunk_of(ch, f), before = ret->len;
		size_t want = n - before < chunk ? n - before : chunk;

		if (before != 0 && ends_in_padding(buf_view(ret)))
			return ERR_OK;
		/* One block: a short one is read on until the file's end shows. */
		r = file_read_at(ch, f, before, want, ret);
		if (r != ERR_OK || ret->len - before < want)
			return r;
	}
	return ERR_OK;
}

enum err
file_read_path(struct channel *ch, struct files *f, const struct p15_path *path,
    struct buf *ret)
{
	AUTO(buf_free) struct buf file = BUF(ret->max - ret->len);
	size_t size;
	enum err r = file_select(ch, f, path, &size);

	if (r != ERR_OK)
		return r;
	if (path->part)
		return file_read_at(ch, f, path->index, path->length, ret);
	if ((r = read_rest(ch, f, size != 0 ? size : OFFSET_MAX, &file)) != ERR_OK)
		return r;
	buf_cur(ret, buf_view(&file));
	return buf_end(ret);
}

/* READ BINARY with the short identifier selects the file too.  False: not like this. */
static enum err
read_by_sfi(struct channel *ch, struct files *f, uint8_t sfi, size_t most,
    file_suits_fn *suits, struct buf *ret, bool *ret_done)
{
	unsigned chunk = chunk_of(ch, f), sw;
	const struct apdu cmd = { .ins = 0xb0, .p1 = 0x80 | sfi, .le = chunk };
	enum err r = read_block(ch, f, cmd, ret, &sw);

	*ret_done = false;
	if (r != ERR_OK)
		return note(r, "READ BINARY");
	if ((sw != SW_OK && !is_eof(f->p, sw)) || ret->len == 0 || !suits(buf_view(ret)))
		return ERR_OK;
	*ret_done = true;
	if (sw != SW_OK || ret->len >= most || is_complete(buf_view(ret)))
		return ERR_OK;
	return read_rest(ch, f, OFFSET_MAX, ret);
}

enum err
file_read_short(struct channel *ch, struct files *f, const struct p15_path *path,
    uint8_t sfi, size_t most, file_suits_fn *suits, struct buf *ret)
{
	AUTO(buf_free) struct buf file = BUF(ret->max);
	bool done;
	enum err r;

	if (!f->no_sfi) {
		if ((r = read_by_sfi(ch, f, sfi, most, suits, &file, &done)) != ERR_OK)
			return r;
		if (done) {
			buf_cur(ret, buf_view(&file));
			return buf_end(ret);
		}
		f->no_sfi = true;
	}
	return file_read_path(ch, f, path, ret);
}

enum err
file_read_records(struct channel *ch, unsigned max, struct buf *ret)
{
	unsigned sw;
	enum err r;

	for (unsigned i = 1; i <= max; i++) {
		const struct apdu cmd = { .ins = 0xb2, .p1 = (uint8_t)i, .p2 = 0x04,
		    .le = APDU_LE_MAX };

		if ((r = channel_send(ch, &cmd, ret, &sw)) != ERR_OK)
			return note(r, "READ RECORD");
		if (sw_absent(sw))
			return ERR_OK;
		if (sw != SW_OK && sw != SW_END_OF_FILE)
			return fail(ERR_CARD, "READ RECORD: %s (%04x)", sw_name(sw), sw);
	}
	return ERR_OK;
}

/* To the end of the file, or of what the path says: how long it is, only zlib knows. */
static enum err
read_wrapped(struct channel *ch, struct files *f, const struct p15_path *path, size_t size,
    struct buf *in, struct buf *ret)
{
	size_t at = path->part ? path->index : 0, behind;
	size_t n = path->part ? path->length : size > at ? size - at : FILE_CERT_MAX;
	enum err r;

	if (n > FILE_CERT_MAX)
		n = FILE_CERT_MAX;
	if (n > in->len &&
	    (r = file_read_at(ch, f, at + in->len, n - in->len, in)) != ERR_OK)
		return r;
	return inflate_wrapped(buf_view(in), ret, &behind) ? ERR_OK :
	    fail(ERR_MALFORMED, "nothing that can be inflated");
}

enum err
file_read_der(struct channel *ch, struct files *f, const struct p15_path *path,
    struct buf *ret, size_t *ret_size)
{
	AUTO(buf_free) struct buf der = BUF(FILE_CERT_MAX + APDU_LONG_LE);
	size_t at = path->part ? path->index : 0, first = chunk_of(ch, f), size, n;
	enum err r;

	if ((r = file_select(ch, f, path, &size)) != ERR_OK)
		return r;
	if (size >= at + DER_HEADER && size - at < first)
		first = size - at;
	if ((r = file_read_at(ch, f, at, first, &der)) != ERR_OK)
		return r;
	if (inflate_is_wrapped(buf_view(&der))) {
		*ret_size = size;
		return read_wrapped(ch, f, path, size, &der, ret);
	}
	if (!tlv_size(buf_view(&der), 0x30, &n))
		return fail(ERR_MALFORMED, "no DER in the file");
	if (n > FILE_CERT_MAX)
		return fail(ERR_LIMIT, "DER of %zu bytes", n);
	if (n > der.len &&
	    (r = file_read_at(ch, f, at + der.len, n - der.len, &der)) != ERR_OK)
		return r;
	if (n > der.len)
		return fail(ERR_MALFORMED, "the file ends within the DER");
	buf_put(ret, der.p, n);
	*ret_size = size;
	return buf_end(ret);
}
