/* SPDX-License-Identifier: EUPL-1.2 */
/* The directory files of an ISO 7816-15 card, in the ways in which real ones differ. */
#include "vcard/crypto.h"
#include "vcard/der.h"
#include "vcard/inside.h"
#include "vcard/ossl.h"

enum {
	FID_DIR = 0x2f00,
	FID_PRKDF = 0x4401, FID_PUKDF = 0x4411, FID_CDF = 0x4441, FID_TRUSTED = 0x4451,
	FID_AODF = 0x4481, FID_PUBLIC = 0x4601, FID_ALL_CERTIFICATES = 0x4330,
};

/* authId of the PINs, in the order of enum secret_kind. */
static const uint8_t auth_ids[SECRETS] = { 0x01, 0x02, 0x03 };

/* As der_bits() takes them. */
#define FLAG_PRIVATE	0x8000u
#define FLAG_MODIFIABLE	0x4000u
#define USE_ENCRYPT	0x8000u
#define USE_DECRYPT	0x4000u
#define USE_SIGN	0x2000u
#define USE_UNWRAP	0x0400u
#define USE_VERIFY	0x0200u
#define USE_DERIVE	0x0080u
#define USE_NON_REPUDIATION 0x0040u
#define ACCESS_ON_CARD	0xb800u	/* sensitive, always, never extractable, local */
#define PIN_LOCAL	0x4000u
#define PIN_INITIALIZED	0x0800u
#define PIN_PADDED	0x0400u
#define PIN_UNBLOCKS	0x0200u

/* Algorithm mechanisms of PKCS #11, as TokenInfo names them. */
enum { CKM_RSA_PKCS_ = 0x01, CKM_RSA_X_509_ = 0x03, CKM_SHA256_RSA_PKCS_ = 0x40,
	CKM_ECDSA_ = 0x1041, CKM_ECDH1_DERIVE_ = 0x1050 };
#define OP_SIGN		0x4000u
#define OP_DECIPHER	0x0400u
#define OP_DERIVE	0x0080u

/*
 * Pieces.
 */

static void
put_byte(struct buf *b, unsigned tag, uint8_t v)
{
	der_put(b, tag, cur_of(&v, 1));
}

/* A reference; real cards write those above 7F with the sign that they then have. */
static void
put_reference(struct buf *b, const struct vcard *c, unsigned tag, uint8_t v)
{
	if (c->file.p15.negative)
		put_byte(b, tag, v);
	else
		der_int(b, tag, v);
}

static void
open_path(struct buf *b, const struct vcard *c, uint16_t fid, size_t *ret_at)
{
	size_t path;

	*ret_at = der_open(b, 0x30);
	path = der_open(b, 0x04);
	if (c->file.p15.paths != PATHS_RELATIVE) {
		buf_u16(b, FID_MF);
		buf_u16(b, c->file.p15.paths == PATHS_3FFF ? FID_PLACEHOLDER :
		    c->file.p15.home);
	}
	buf_u16(b, fid);
	der_close(b, path);
}

static void
put_path(struct buf *b, const struct vcard *c, uint16_t fid)
{
	size_t at;

	open_path(b, c, fid, &at);
	der_close(b, at);
}

static void
put_empty_path(struct buf *b)
{
	buf_put(b, "\x30\x02\x04\x00", 4);
}

static void
put_common(struct buf *b, const char *label, unsigned flags, uint8_t auth_id,
    bool consent)
{
	size_t at = der_open(b, 0x30);

	der_str(b, 0x0c, label);
	der_bits(b, 0x03, flags);
	if (auth_id != 0)
		put_byte(b, 0x04, auth_id);
	if (consent)
		der_int(b, 0x02, 1);
	der_close(b, at);
}

/*
 * Keys.
 */

static bool
is_ec(const struct vcard *c, size_t i)
{
	return !crypto_is_rsa(c->keys[i].key);
}

static unsigned
private_usage(const struct vcard *c, size_t i)
{
	switch ((enum purpose)c->file.keys[i].usage) {
	case SIGNATURE:
		return USE_SIGN | USE_NON_REPUDIATION;
	case CONFIDENTIALITY:
		return is_ec(c, i) ? USE_DERIVE : USE_DECRYPT | USE_UNWRAP;
	case AUTHENTICATION:
	case PURPOSES:
		break;
	}
	return USE_SIGN;
}

/* CommonKeyAttributes; a public key has no reference of its own here. */
static void
put_key_attributes(struct buf *b, const struct vcard *c, size_t i, bool private)
{
	const struct card_object *o = &c->file.keys[i];
	size_t at = der_open(b, 0x30), list;

	der_put(b, 0x04, cur_of(o->id, o->id_len));
	der_bits(b, 0x03, private ? private_usage(c, i) :
	    o->usage == CONFIDENTIALITY ? USE_ENCRYPT : USE_VERIFY);
	if (private) {
		der_bits(b, 0x03, ACCESS_ON_CARD);
		put_reference(b, c, 0x02, o->reference);
		if (c->file.p15.info) {
			list = der_open(b, 0xa1);
			der_int(b, 0x02, (uint32_t)i + 1);
			der_close(b, list);
		}
	}
	der_close(b, at);
}

static void
put_private_key(struct buf *b, const struct vcard *c, size_t i)
{
	const struct card_object *o = &c->file.keys[i];
	size_t object = der_open(b, is_ec(c, i) ? 0xa0 : 0x30), at, inner;

	put_common(b, o->label, FLAG_PRIVATE,
	    auth_ids[o->pin == P15_SECOND_PIN ? SECOND_PIN : USER_PIN], o->consent);
	put_key_attributes(b, c, i, true);
	at = der_open(b, 0xa1);
	inner = der_open(b, 0x30);
	if (c->file.key_paths)
		put_path(b, c, (uint16_t)(FID_P15_KEYS + i));
	else
		put_empty_path(b);
	der_int(b, 0x02, (uint32_t)EVP_PKEY_get_bits(c->keys[i].key));
	der_close(b, inner);
	der_close(b, at);
	der_close(b, object);
}

static void
put_public_key(struct buf *b, const struct vcard *c, size_t i)
{
	size_t object = der_open(b, is_ec(c, i) ? 0xa0 : 0x30), at, inner;

	put_common(b, c->file.keys[i].label, FLAG_MODIFIABLE, 0, false);
	put_key_attributes(b, c, i, false);
	at = der_open(b, 0xa1);
	inner = der_open(b, 0x30);
	put_path(b, c, (uint16_t)(FID_PUBLIC + i));
	if (!is_ec(c, i))
		der_int(b, 0x02, (uint32_t)EVP_PKEY_get_bits(c->keys[i].key));
	der_close(b, inner);
	der_close(b, at);
	der_close(b, object);
}

/*
 * Certificates.
 */

struct place {
	uint16_t fid;
	size_t	 offset, n;	/* n 0: the whole file */
};

static void
put_certificate(struct buf *b, const struct vcard *c, const struct card_object *o,
    const struct place *place, bool authority)
{
	size_t object = der_open(b, 0x30), at, inner, path;

	put_common(b, o->label, FLAG_MODIFIABLE, 0, false);
	at = der_open(b, 0x30);
	der_put(b, 0x04, cur_of(o->id, o->id_len));
	if (authority)
		der_bool(b, true);
	der_close(b, at);
	at = der_open(b, 0xa1);
	inner = der_open(b, 0x30);
	open_path(b, c, place->fid, &path);
	if (place->n != 0) {
		der_int(b, 0x02, (uint32_t)place->offset);
		der_int(b, 0x80, (uint32_t)place->n);
	}
	der_close(b, path);
	der_close(b, inner);
	der_close(b, at);
	der_close(b, object);
}

/*
 * PINs.
 */

/* ascii-numeric, bcd, iso9564-1 */
static const uint8_t pin_types[] = { [FORM_TEXT] = 1, [FORM_BCD] = 0, [FORM_ISO9564] = 4 };
static const char *const pin_labels[SECRETS] = { "PIN", "PUK", "Signature PIN" };

static void
put_pin(struct buf *b, const struct vcard *c, enum secret_kind kind)
{
	uint8_t reference = (uint8_t)c->file.references[kind];
	bool padded = c->file.pin_padding == PAD_ZERO || c->file.pin_padding == PAD_FF;
	size_t object = der_open(b, 0x30), at, inner, path, home;

	put_common(b, pin_labels[kind], FLAG_PRIVATE | FLAG_MODIFIABLE,
	    kind == PUK ? 0 : auth_ids[PUK], false);
	at = der_open(b, 0x30);
	put_byte(b, 0x04, auth_ids[kind]);
	der_close(b, at);
	at = der_open(b, 0xa1);
	inner = der_open(b, 0x30);
	der_bits(b, 0x03, PIN_INITIALIZED | ((reference & 0x80) != 0 ? PIN_LOCAL : 0) |
	    (padded ? PIN_PADDED : 0) | (kind == PUK ? PIN_UNBLOCKS : 0));
	put_byte(b, 0x0a, pin_types[c->file.pin_form]);
	der_int(b, 0x02, (uint32_t)c->file.pin_min);
	der_int(b, 0x02, (uint32_t)c->file.pin_stored);
	der_int(b, 0x02, c->file.pin_form == FORM_TEXT ? (uint32_t)c->file.pin_stored : 12);
	put_reference(b, c, 0x80, reference);
	if (padded)
		put_byte(b, 0x04, c->file.pin_padding == PAD_FF ? 0xff : 0x00);
	path = der_open(b, 0x30);
	home = der_open(b, 0x04);
	buf_u16(b, FID_MF);
	buf_u16(b, c->file.p15.home);
	der_close(b, home);
	der_close(b, path);
	der_close(b, inner);
	der_close(b, at);
	der_close(b, object);
}

/*
 * Files.
 */

static enum err
add(struct vcard *c, uint16_t fid, enum ef_access access, struct buf *content)
{
	enum err r = buf_end(content);

	if (r != ERR_OK)
		return fail(r, "file %04x", fid);
	if (content->len > EF_MAX)
		return fail(ERR_LIMIT, "file %04x", fid);
	vcard_add_ef(c, fid == FID_DIR ? FID_MF : c->file.p15.home, fid, access, content);
	return ERR_OK;
}

static enum err
add_directory(struct vcard *c, uint16_t fid, struct buf *content)
{
	for (int64_t i = 0; i < c->file.filler; i++)
		buf_u8(content, c->file.p15.filler_ff ? 0xff : 0x00);
	return add(c, fid, EF_FREE, content);
}

/* Applications of others come first: a reader must look further than the first entry. */
static enum err
add_dir(struct vcard *c)
{
	AUTO(buf_free) struct buf b = BUF(EF_MAX);
	size_t at, path;

	if (!c->file.p15.ef_dir)
		return ERR_OK;
	for (int64_t i = 0; i < c->file.p15.others; i++) {
		uint8_t aid[] = { 0xf0, 'D', 'E', 'Z', 'I', 'o', (uint8_t)('0' + i) };

		at = der_open(&b, 0x61);
		der_put(&b, 0x4f, cur_of(aid, sizeof(aid)));
		der_str(&b, 0x50, "Other");
		der_close(&b, at);
	}
	at = der_open(&b, 0x61);
	der_put(&b, 0x4f, cur_of(c->file.aid, c->file.aid_len));
	der_str(&b, 0x50, c->file.label);
	path = der_open(&b, 0x51);
	buf_u16(&b, FID_MF);
	buf_u16(&b, c->file.p15.home);
	der_close(&b, path);
	der_close(&b, at);
	return add_directory(c, FID_DIR, &b);
}

static enum err
add_odf(struct vcard *c)
{
	static const struct {
		unsigned tag;
		uint16_t fid;
	} entries[] = { { 0xa0, FID_PRKDF }, { 0xa1, FID_PUKDF }, { 0xa4, FID_CDF },
		{ 0xa5, FID_TRUSTED }, { 0xa8, FID_AODF } };
	AUTO(buf_free) struct buf b = BUF(EF_MAX);

	for (size_t i = 0; i < NELEM(entries); i++) {
		size_t at = der_open(&b, entries[i].tag);

		put_path(&b, c, entries[i].fid);
		der_close(&b, at);
	}
	return add_directory(c, FID_ODF, &b);
}

static uint32_t
mechanism(const struct vcard *c, size_t i)
{
	static const uint32_t rsa[] = { [INPUT_DIGEST_INFO] = CKM_RSA_PKCS_,
		[INPUT_HASH] = CKM_SHA256_RSA_PKCS_, [INPUT_BLOCK] = CKM_RSA_X_509_ };
	bool decrypts = c->file.keys[i].usage == CONFIDENTIALITY;

	if (is_ec(c, i))
		return decrypts ? CKM_ECDH1_DERIVE_ : CKM_ECDSA_;
	return decrypts && c->file.p15.input != INPUT_BLOCK ? CKM_RSA_PKCS_ :
	    rsa[c->file.p15.input];
}

/* AlgorithmInfo, one for each key: what it does, and the reference to ask for it by. */
static void
put_algorithm(struct buf *b, const struct vcard *c, size_t i)
{
	bool decrypts = c->file.keys[i].usage == CONFIDENTIALITY;
	size_t at = der_open(b, 0x30);

	der_int(b, 0x02, (uint32_t)i + 1);
	der_int(b, 0x02, mechanism(c, i));
	buf_put(b, "\x05\x00", 2);
	der_bits(b, 0x03, !decrypts ? OP_SIGN : is_ec(c, i) ? OP_DERIVE : OP_DECIPHER);
	der_oid(b, is_ec(c, i) ? "1.2.840.10045.2.1" : "1.2.840.113549.1.1.1");
	der_int(b, 0x02, p15_algorithm(c, i));
	der_close(b, at);
}

static enum err
add_token_info(struct vcard *c)
{
	AUTO(buf_free) struct buf b = BUF(EF_MAX);
	size_t at = der_open(&b, 0x30), list;

	der_int(&b, 0x02, 0);
	der_put(&b, 0x04, cur_of(c->file.serial, sizeof(c->file.serial)));
	der_str(&b, 0x0c, "TEST dezi-vcard");
	der_str(&b, 0x80, c->file.label);
	der_put(&b, 0x03, cur_of("\x04\x60", 2));	/* loginRequired, prnGeneration */
	if (c->file.p15.info) {
		list = der_open(&b, 0xa2);
		for (size_t i = 0; i < P15_KEYS; i++)
			if (c->keys[i].key != NULL)
				put_algorithm(&b, c, i);
		der_close(&b, list);
	}
	der_close(&b, at);
	return add_directory(c, FID_TOKEN_INFO, &b);
}

static enum err
add_keys(struct vcard *c)
{
	AUTO(buf_free) struct buf private = BUF(EF_MAX);
	AUTO(buf_free) struct buf public = BUF(EF_MAX);
	enum err r;

	for (size_t i = 0; i < P15_KEYS; i++)
		if (c->keys[i].key != NULL) {
			put_private_key(&private, c, i);
			put_public_key(&public, c, i);
		}
	if ((r = add_directory(c, FID_PRKDF, &private)) != ERR_OK)
		return r;
	return add_directory(c, FID_PUKDF, &public);
}

/* RSAPublicKey, or the point as an OCTET STRING. */
static enum err
add_key_files(struct vcard *c, size_t i)
{
	AUTO(buf_free) struct buf private = BUF(EF_MAX);
	AUTO(buf_free) struct buf public = BUF(EF_MAX);
	uint8_t *der = NULL;
	size_t at;
	int n;
	enum err r;

	if (is_ec(c, i)) {
		at = der_open(&public, 0x04);
		crypto_put_point(c->keys[i].key, &public);
		der_close(&public, at);
	} else if ((n = i2d_PublicKey(c->keys[i].key, &der)) > 0) {
		buf_put(&public, der, (size_t)n);
		OPENSSL_free(der);
	}
	r = add(c, (uint16_t)(FID_P15_KEYS + i), EF_NEVER, &private);
	if (r != ERR_OK)
		return r;
	return add(c, (uint16_t)(FID_PUBLIC + i), EF_FREE, &public);
}

/* Certificates: in files of their own, or all in one with offset and length. */
struct cdf {
	struct buf own, trusted;	/* the directories */
	struct buf all;			/* the one file */
};

static void
cdf_end(struct cdf *d)
{
	buf_free(&d->own);
	buf_free(&d->trusted);
	buf_free(&d->all);
}

static enum err
store_certificate(struct vcard *c, struct cdf *d, const struct card_object *o,
    struct cur der, enum ef_access access, struct place *ret)
{
	AUTO(buf_free) struct buf b = BUF(EF_MAX);

	*ret = (struct place){ o->file, 0, 0 };
	if (c->file.p15.offsets) {
		*ret = (struct place){ FID_ALL_CERTIFICATES, d->all.len, der.n };
		buf_cur(&d->all, der);
		return ERR_OK;
	}
	buf_cur(&b, der);
	return add(c, o->file, access, &b);
}

static enum err
add_own(struct vcard *c, struct cdf *d, size_t i)
{
	const struct card_object *o = &c->file.keys[i];
	struct place place;
	enum err r;

	if (c->keys[i].key == NULL || c->keys[i].certificate.len == 0)
		return ERR_OK;
	if ((r = store_certificate(c, d, o, buf_view(&c->keys[i].certificate),
	    c->file.read_before_pin ? EF_FREE : EF_AFTER_PIN, &place)) == ERR_OK)
		put_certificate(&d->own, c, o, &place, false);
	return r;
}

/* The root, which is the last, is trusted; the others stand beside the card's own. */
static enum err
add_authority(struct vcard *c, struct cdf *d, size_t i)
{
	struct card_object o = c->file.cas[i];
	struct place place;
	enum err r;

	o.id[0] = (uint8_t)(0xc0 + i);
	o.id_len = 1;
	if ((r = store_certificate(c, d, &o, buf_view(&c->cas[i]), EF_FREE,
	    &place)) == ERR_OK)
		put_certificate(i + 1 == c->file.cas_n ? &d->trusted : &d->own, c, &o,
		    &place, true);
	return r;
}

static enum err
add_certificates(struct vcard *c)
{
	AUTO(cdf_end) struct cdf d = { BUF(EF_MAX), BUF(EF_MAX), BUF(EF_MAX) };
	enum err r = ERR_OK;

	for (size_t i = 0; i < P15_KEYS && r == ERR_OK; i++)
		r = add_own(c, &d, i);
	for (size_t i = 0; i < c->file.cas_n && r == ERR_OK; i++)
		r = add_authority(c, &d, i);
	if (r != ERR_OK || (c->file.p15.offsets &&
	    (r = add(c, FID_ALL_CERTIFICATES, c->file.read_before_pin ? EF_FREE :
	    EF_AFTER_PIN, &d.all)) != ERR_OK) ||
	    (r = add_directory(c, FID_CDF, &d.own)) != ERR_OK)
		return r;
	return add_directory(c, FID_TRUSTED, &d.trusted);
}

static enum err
add_pins(struct vcard *c)
{
	AUTO(buf_free) struct buf b = BUF(EF_MAX);

	put_pin(&b, c, USER_PIN);
	if (c->file.references[SECOND_PIN] != NO_REFERENCE)
		put_pin(&b, c, SECOND_PIN);
	put_pin(&b, c, PUK);
	return add_directory(c, FID_AODF, &b);
}

enum err
p15_write(struct vcard *c)
{
	enum err r;

	if ((r = add_dir(c)) != ERR_OK || (r = add_odf(c)) != ERR_OK ||
	    (r = add_token_info(c)) != ERR_OK || (r = add_keys(c)) != ERR_OK ||
	    (r = add_certificates(c)) != ERR_OK || (r = add_pins(c)) != ERR_OK)
		return r;
	for (size_t i = 0; i < P15_KEYS && r == ERR_OK; i++)
		if (c->keys[i].key != NULL)
			r = add_key_files(c, i);
	return r;
}
