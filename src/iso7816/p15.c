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

static bool
read_aid(struct cur v, struct p15_application *ret)
{
	if (v.n < 5 || v.n > sizeof(ret->aid))
		return false;
	memcpy(ret->aid, v.p, v.n);
	ret->aid_len = v.n;
	return true;
}

/* 51: FIDs, without index and length. */
static bool
read_fids(struct cur v, struct p15_path *ret)
{
	if (v.n > sizeof(ret->p) || v.n % 2 != 0 || !path_is_sane(v))
		return false;
	if (v.n != 0)
		memcpy(ret->p, v.p, v.n);
	ret->n = v.n;
	return true;
}

/* CIODDO: providerId, odfPath, tokenInfoPath [0], unusedPath [1] and more. */
static void
read_ddo(struct cur ddo, struct p15_application *ret)
{
	struct p15_path path;
	struct cur v;

	tlv_skip(&ddo, 0x06);
	if (tlv_take_tag(&ddo, 0x30, &v) && p15_read_path(v, &path) &&
	    p15_path_is_file(&path))
		ret->odf = path;
	if (tlv_take_tag(&ddo, 0xa0, &v) && p15_read_path(v, &path) &&
	    p15_path_is_file(&path))
		ret->token = path;
}

static bool
read_application(struct cur in, struct p15_application *ret)
{
	struct tlv t;

	*ret = (struct p15_application){ 0 };
	while (tlv_take(&in, &t)) {
		if (t.tag == 0x4f && !read_aid(t.value, ret))
			return false;
		if (t.tag == 0x51 && !read_fids(t.value, &ret->path))
			return false;
		if (t.tag == 0x73)
			read_ddo(t.value, ret);
	}
	return ret->aid_len != 0 || ret->path.n != 0;
}

size_t
p15_read_dir(struct cur file, struct p15_application *ret, size_t max)
{
	struct tlv t;
	size_t n = 0;

	for (int at = 0; at < P15_APPLICATIONS && n < max && tlv_take(&file, &t); at++)
		if (t.tag == 0x61 && read_application(t.value, &ret[n]))
			n++;
	return n;
}

/* INTEGER as some cards write what has no sign. */
static bool
take_number(struct cur *seq, uint32_t *ret)
{
	struct cur v;
	int64_t i;

	if (!tlv_take_tag(seq, 0x02, &v) || !tlv_int(v, &i) || i < 0 || i > UINT32_MAX)
		return false;
	*ret = (uint32_t)i;
	return true;
}

/* reference, algorithm, parameters, supportedOperations, objId?, algRef? */
static bool
read_algorithm(struct cur seq, struct p15_algorithm *ret)
{
	struct cur v;
	struct tlv parameters;
	uint32_t ref;

	*ret = (struct p15_algorithm){ 0 };
	if (!take_number(&seq, &ret->reference) || !take_number(&seq, &ret->mechanism))
		return false;
	if (!tlv_take_tag(&seq, 0x03, &v) && (!tlv_take(&seq, &parameters) ||
	    !tlv_take_tag(&seq, 0x03, &v)))
		return false;
	if (!tlv_bits(v, &ret->operations))
		return false;
	tlv_skip(&seq, 0x06);
	ret->has_ref = take_number(&seq, &ref) && ref <= 0xff;
	ret->ref = ret->has_ref ? (uint8_t)ref : 0;
	return true;
}

static void
read_algorithms(struct cur in, struct p15_token *ret)
{
	struct cur seq;

	while (ret->n_algs < NELEM(ret->algs) && tlv_take_tag(&in, 0x30, &seq))
		if (read_algorithm(seq, &ret->algs[ret->n_algs]))
			ret->n_algs++;
}

static bool
read_token(struct cur seq, struct p15_token *ret)
{
	struct p15_token token = { 0 };
	struct cur v;

	if (!tlv_take_tag(&seq, 0x02, &v))
		return false;
	if (tlv_take_tag(&seq, 0x04, &v) && v.n != 0 && v.n <= sizeof(token.serial)) {
		memcpy(token.serial, v.p, v.n);
		token.serial_len = v.n;
	}
	tlv_skip(&seq, 0x0c);		/* manufacturer */
	if (tlv_take_tag(&seq, 0x80, &v) ||
	    (tlv_take_tag(&seq, 0xa0, &v) && tlv_take_tag(&v, 0x0c, &v)))
		p15_put_label(v, token.label);
	tlv_skip(&seq, 0x03);		/* flags */
	tlv_skip(&seq, 0x30);		/* security environments */
	tlv_skip(&seq, 0xa1);		/* recordInfo */
	if (tlv_take_tag(&seq, 0xa2, &v))
		read_algorithms(v, &token);
	*ret = token;
	return true;
}

bool
p15_read_token(struct cur file, struct p15_token *ret)
{
	struct cur seq;

	return tlv_take_tag(&file, 0x30, &seq) && read_token(seq, ret);
}

bool
p15_read_serial(struct cur first, struct p15_token *ret)
{
	return tlv_enter(&first, 0x30) && read_token(first, ret);
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
