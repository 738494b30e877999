/* SPDX-License-Identifier: EUPL-1.2 */
/* ISO 7816-15: object directory, token information, paths, and what objects share. */
#include "iso7816/p15.h"

#include "base/text.h"
#include "iso7816/fci.h"
#include "iso7816/tlv.h"

bool
p15_id_same(const struct p15_id *a, const struct p15_id *b)
{
	return a->n != 0 && cur_eq(cur_of(a->p, a->n), cur_of(b->p, b->n));
}

void
p15_put_label(struct cur text, char ret[P15_LABEL_MAX])
{
	AUTO(buf_free) struct buf safe = BUF(P15_LABEL_MAX * 4);
	size_t n;

	if (text.n > 255)
		text.n = 255;
	text_put_safe(&safe, text, P15_LABEL_MAX / 2);
	n = buf_end(&safe) == ERR_OK ? safe.len : 0;
	if (n >= P15_LABEL_MAX)
		n = P15_LABEL_MAX - 1;
	/* Not in the middle of a character: a follower is 10xxxxxx. */
	while (n != 0 && n < safe.len && (safe.p[n] & 0xc0) == 0x80)
		n--;
	if (n != 0)
		memcpy(ret, safe.p, n);
	ret[n] = '\0';
}

/* FIDs 0000 and FFFF are reserved (ISO 7816-4); 3F00 and 3FFF stand only in front. */
static bool
path_is_sane(struct cur fids)
{
	uint16_t fid;

	for (size_t i = 0; cur_u16(&fids, &fid); i++) {
		if (fid == 0x0000 || fid == 0xffff)
			return false;
		if (fid == P15_FID_MF && i != 0)
			return false;
		if (fid == P15_FID_APP && i > 1)
			return false;
	}
	return true;
}

static bool
path_part(struct cur *seq, struct p15_path *ret)
{
	struct cur index, length;
	int64_t i, n;

	if (!tlv_take_tag(seq, 0x02, &index))
		return true;
	if (!tlv_int(index, &i) || i < 0 || i > FILE_SIZE_MAX)
		return false;
	if (!tlv_take_tag(seq, 0x80, &length))
		return true;		/* both or neither */
	if (!tlv_int(length, &n) || n < 0 || n > FILE_SIZE_MAX - i)
		return false;
	ret->part = true;
	ret->index = (size_t)i;
	ret->length = (size_t)n;
	return true;
}

bool
p15_read_path(struct cur seq, struct p15_path *ret)
{
	struct p15_path path = { 0 };
	struct cur fids;

	if (!tlv_take_tag(&seq, 0x04, &fids) || fids.n > sizeof(path.p) ||
	    fids.n % 2 != 0 || !path_is_sane(fids) || !path_part(&seq, &path))
		return false;
	if (fids.n != 0)
		memcpy(path.p, fids.p, fids.n);
	path.n = fids.n;
	*ret = path;
	return true;
}

bool
p15_path_is_file(const struct p15_path *p)
{
	unsigned last;

	if (p->n < 2)
		return false;
	last = (unsigned)p->p[p->n - 2] << 8 | p->p[p->n - 1];
	return last != P15_FID_MF && last != P15_FID_APP;
}

static bool
odf_has(const struct p15_odf *odf, enum p15_kind kind, const struct p15_path *path)
{
	for (size_t i = 0; i < odf->n; i++)
		if (odf->e[i].kind == kind && cur_eq(cur_of(odf->e[i].path.p,
		    odf->e[i].path.n), cur_of(path->p, path->n)))
			return true;
	return false;
}

void
p15_read_odf(struct cur file, struct p15_odf *ret)
{
	struct tlv t;

	*ret = (struct p15_odf){ 0 };
	/* Ends at its end, or where padding (00, FF) begins: neither is a tag. */
	while (ret->n < P15_FILES && tlv_take(&file, &t)) {
		enum p15_kind kind = (enum p15_kind)(t.tag - 0xa0);
		struct p15_path path;
		struct cur seq;

		if (t.tag < 0xa0 || t.tag >= 0xa0 + P15_KINDS)
			continue;
		/* [0] here would be objects by value, which we skip. */
		if (!tlv_take_tag(&t.value, 0x30, &seq) || !p15_read_path(seq, &path) ||
		    !p15_path_is_file(&path) || odf_has(ret, kind, &path))
			continue;
		ret->e[ret->n].kind = kind;
		ret->e[ret->n].path = path;
		ret->n++;
	}
}

bool
p15_read_token(struct cur file, struct p15_token *ret)
{
	struct p15_token token = { 0 };
	struct cur seq, v;

	if (!tlv_take_tag(&file, 0x30, &seq) || !tlv_take_tag(&seq, 0x02, &v))
		return false;
	if (tlv_take_tag(&seq, 0x04, &v) && v.n != 0 && v.n <= sizeof(token.serial)) {
		memcpy(token.serial, v.p, v.n);
		token.serial_len = v.n;
	}
	tlv_skip(&seq, 0x0c);		/* manufacturer */
	if (tlv_take_tag(&seq, 0x80, &v) ||
	    (tlv_take_tag(&seq, 0xa0, &v) && tlv_take_tag(&v, 0x0c, &v)))
		p15_put_label(v, token.label);
	*ret = token;
	return true;
}

bool
p15_is_certificate(struct cur der)
{
	struct cur seq, skip;

	return tlv_take_tag(&der, 0x30, &seq) && der.n == 0 &&
	    tlv_take_tag(&seq, 0x30, &skip) && skip.n != 0 &&
	    tlv_take_tag(&seq, 0x30, &skip) && skip.n != 0 &&
	    tlv_take_tag(&seq, 0x03, &skip) && skip.n > 1 && seq.n == 0;
}
