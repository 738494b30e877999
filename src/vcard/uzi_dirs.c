/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The directory files of a UZI pass (ISO 7816-15), with the habits of the SafeSign
 * applet: relative paths in the ODF, 3FFF for the application in all others, private
 * keys without a path, a PIN of stored length 15 without a maximum.
 */
#include "vcard/der.h"
#include "vcard/inside.h"

enum {
	FID_PRKDF = 0x4400, FID_CDF = 0x4404, FID_CDF_TRUSTED = 0x4405,
	FID_CDF_USEFUL = 0x4406, FID_AODF = 0x4408,
	ODF_ENTRIES = 9,		/* 4400 to 4408 behind tags A0 to A8 */
};

#define AUTH_ID_PIN	0x03
#define AUTH_ID_PUK	0x01
#define AUTH_ID_KEY	0x02
#define STORED_LENGTH	15

/* PKCS15Object flags and key usage, as der_bits() takes them. */
#define FLAG_PRIVATE	0x8000u
#define FLAG_MODIFIABLE	0x4000u
#define USE_DECRYPT	0x4000u
#define USE_SIGN	0x2000u
#define USE_UNWRAP	0x0400u
#define USE_NON_REPUDIATION 0x0040u
#define ACCESS_SENSITIVE 0x8000u

static const unsigned usages[PURPOSES] = {
	USE_SIGN, USE_SIGN | USE_NON_REPUDIATION, USE_DECRYPT | USE_UNWRAP };

/*
 * Objects.
 */

static void
put_u16(struct buf *b, uint16_t v)
{
	const uint8_t be[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	der_put(b, 0x04, cur_of(be, sizeof(be)));
}

static void
put_byte(struct buf *b, unsigned tag, uint8_t v)
{
	der_put(b, tag, cur_of(&v, 1));
}

/* Path: 3F00 3FFF 4302 and the file. */
static void
put_path(struct buf *b, uint16_t file)
{
	const uint8_t path[] = { FID_MF >> 8, FID_MF & 0xff, FID_PLACEHOLDER >> 8,
	    FID_PLACEHOLDER & 0xff, FID_OBJECTS >> 8, FID_OBJECTS & 0xff,
	    (uint8_t)(file >> 8), (uint8_t)file };
	size_t at = der_open(b, 0x30);

	der_put(b, 0x04, cur_of(path, sizeof(path)));
	der_close(b, at);
}

static void
put_empty_path(struct buf *b)
{
	size_t at = der_open(b, 0x30);

	der_put(b, 0x04, cur_of(NULL, 0));
	der_close(b, at);
}

/* CommonObjectAttributes; auth_id 0: none. */
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

/* The iD pairs key and certificate: eight bytes, as SafeSign's. */
static void
put_id(struct buf *b, size_t i)
{
	const uint8_t id[] = { 'D', 'Z', 0, 0, 0, 0, 0, (uint8_t)(i + 1) };

	der_put(b, 0x04, cur_of(id, sizeof(id)));
}

static void
put_private_key(struct buf *b, const struct vcard *c, size_t i)
{
	const struct card_object *o = &c->file.keys[i];
	size_t object = der_open(b, 0x30), at, inner;

	put_common(b, o->label, FLAG_PRIVATE, AUTH_ID_PIN, o->consent);
	at = der_open(b, 0x30);
	put_id(b, i);
	der_bits(b, 0x03, usages[i]);
	der_bits(b, 0x03, ACCESS_SENSITIVE);
	der_int(b, 0x02, o->reference);
	der_close(b, at);
	at = der_open(b, 0xa1);
	inner = der_open(b, 0x30);
	if (c->file.key_paths)
		put_path(b, (uint16_t)(FID_KEYS + i));
	else
		put_empty_path(b);
	der_int(b, 0x02, (uint32_t)EVP_PKEY_get_bits(c->keys[i].key));
	der_close(b, inner);
	der_close(b, at);
	der_close(b, object);
}

static void
put_certificate(struct buf *b, const struct card_object *o, size_t i, bool authority)
{
	size_t object = der_open(b, 0x30), at, inner;

	put_common(b, o->label, FLAG_MODIFIABLE, 0, false);
	at = der_open(b, 0x30);
	put_id(b, i);
	if (authority)
		der_bool(b, true);
	der_close(b, at);
	at = der_open(b, 0xa1);
	inner = der_open(b, 0x30);
	put_path(b, o->file);
	der_close(b, inner);
	der_close(b, at);
	der_close(b, object);
}

/* A PIN as in the AODF of SafeSign applet 3.0.0.6: "needs padding", no maxLength. */
static void
put_pin(struct buf *b, const struct vcard *c, enum secret_kind kind)
{
	static const struct {
		const char *label;
		uint8_t	    own, protector;
		uint8_t	    flags[3];
	} pins[SECRETS] = {
		[USER_PIN] = { "User Pin", AUTH_ID_PIN, AUTH_ID_PUK,
		    { 0x04, 0xcc, 0x90 } },
		[PUK] = { "SO Pin", AUTH_ID_PUK, 0, { 0x04, 0xcd, 0x90 } },
	};
	size_t object = der_open(b, 0x30), at, inner, path;

	put_common(b, pins[kind].label, FLAG_PRIVATE | FLAG_MODIFIABLE,
	    pins[kind].protector, false);
	at = der_open(b, 0x30);
	put_byte(b, 0x04, pins[kind].own);
	der_close(b, at);
	at = der_open(b, 0xa1);
	inner = der_open(b, 0x30);
	der_put(b, 0x03, cur_of(pins[kind].flags, sizeof(pins[kind].flags)));
	put_byte(b, 0x0a, 1);			/* ascii-numeric */
	der_int(b, 0x02, (uint32_t)c->file.pin_min);
	der_int(b, 0x02, STORED_LENGTH);
	der_int(b, 0x80, (uint32_t)c->file.references[kind]);
	put_byte(b, 0x04, 0x00);		/* pad character */
	der_str(b, 0x18, "20210302064541Z");	/* last change */
	path = der_open(b, 0x30);
	put_u16(b, FID_MF);
	der_close(b, path);
	der_close(b, inner);
	der_close(b, at);
	der_close(b, object);
}

/* Not a PIN: readers must step over it. */
static void
put_challenge_key(struct buf *b)
{
	size_t object = der_open(b, 0xa1), at, inner;

	put_common(b, "Challenge Response Key", FLAG_PRIVATE | FLAG_MODIFIABLE,
	    AUTH_ID_PUK, false);
	at = der_open(b, 0x30);
	put_byte(b, 0x04, AUTH_ID_KEY);
	der_close(b, at);
	at = der_open(b, 0xa1);
	inner = der_open(b, 0x30);
	der_bool(b, true);
	put_byte(b, 0x04, AUTH_ID_KEY);
	der_close(b, inner);
	der_close(b, at);
	der_close(b, object);
}

/*
 * Files.
 */

static enum err
add(struct vcard *c, uint16_t df, uint16_t fid, enum ef_access access,
    struct buf *content)
{
	enum err r = buf_end(content);

	if (r != ERR_OK)
		return fail(r, "file %04x", fid);
	vcard_add_ef(c, df, fid, access, content);
	return ERR_OK;
}

/* A directory file, with zero bytes behind it as the profile wants. */
static enum err
add_directory(struct vcard *c, uint16_t fid, struct buf *content)
{
	for (int64_t i = 0; i < c->file.filler; i++)
		buf_u8(content, 0);
	return add(c, FID_MF, fid, EF_FREE, content);
}

static enum err
add_odf(struct vcard *c)
{
	AUTO(buf_free) struct buf b = BUF(EF_MAX);

	for (unsigned i = 0; i < ODF_ENTRIES; i++) {
		size_t at = der_open(&b, 0xa0 + i), path = der_open(&b, 0x30);

		put_u16(&b, (uint16_t)(FID_PRKDF + i));
		der_close(&b, path);
		der_close(&b, at);
	}
	return add_directory(c, FID_ODF, &b);
}

static enum err
add_token_info(struct vcard *c)
{
	AUTO(buf_free) struct buf b = BUF(EF_MAX);
	size_t at = der_open(&b, 0x30);

	der_int(&b, 0x02, 0);			/* PKCS#15 v1 */
	der_put(&b, 0x04, cur_of(c->file.serial, sizeof(c->file.serial)));
	der_str(&b, 0x0c, "TEST dezi-vcard");
	der_str(&b, 0x80, c->file.label);
	der_put(&b, 0x03, cur_of("\x04\x60", 2)); /* loginRequired, prnGeneration */
	der_close(&b, at);
	return add_directory(c, FID_TOKEN_INFO, &b);
}

static enum err
add_prkdf(struct vcard *c)
{
	AUTO(buf_free) struct buf b = BUF(EF_MAX);

	for (size_t i = 0; i < PURPOSES; i++)
		if (c->keys[i].key != NULL)
			put_private_key(&b, c, i);
	return add_directory(c, FID_PRKDF, &b);
}

static enum err
add_cdf(struct vcard *c)
{
	AUTO(buf_free) struct buf b = BUF(EF_MAX);

	for (size_t i = 0; i < PURPOSES; i++)
		if (c->keys[i].key != NULL)
			put_certificate(&b, &c->file.keys[i], i, false);
	return add_directory(c, FID_CDF, &b);
}

/* The last CA of the card file is the root: "trusted"; those below it are "useful". */
static enum err
add_ca_cdfs(struct vcard *c)
{
	AUTO(buf_free) struct buf trusted = BUF(EF_MAX);
	AUTO(buf_free) struct buf useful = BUF(EF_MAX);
	enum err r;

	for (size_t i = 0; i < c->file.cas_n; i++)
		put_certificate(i + 1 == c->file.cas_n ? &trusted : &useful,
		    &c->file.cas[i], PURPOSES + i, true);
	if ((r = add_directory(c, FID_CDF_TRUSTED, &trusted)) != ERR_OK)
		return r;
	return add_directory(c, FID_CDF_USEFUL, &useful);
}

static enum err
add_aodf(struct vcard *c)
{
	AUTO(buf_free) struct buf b = BUF(EF_MAX);

	put_pin(&b, c, USER_PIN);
	put_pin(&b, c, PUK);
	put_challenge_key(&b);
	return add_directory(c, FID_AODF, &b);
}

/* Public keys, secret keys and data: there are none, but their directories exist. */
static enum err
add_empty(struct vcard *c)
{
	static const uint16_t empty[] = { 0x4401, 0x4402, 0x4403, 0x4407 };
	enum err r = ERR_OK;

	for (size_t i = 0; i < NELEM(empty) && r == ERR_OK; i++) {
		AUTO(buf_free) struct buf b = BUF(EF_MAX);

		r = add_directory(c, empty[i], &b);
	}
	return r;
}

static enum err
add_key_objects(struct vcard *c, size_t i)
{
	AUTO(buf_free) struct buf certificate = BUF(EF_MAX);
	AUTO(buf_free) struct buf key = BUF(EF_MAX);
	enum ef_access access = c->file.read_before_pin ? EF_FREE : EF_AFTER_PIN;
	enum err r;

	if (c->keys[i].key == NULL)
		return ERR_OK;
	buf_cur(&certificate, buf_view(&c->keys[i].certificate));
	r = add(c, FID_OBJECTS, c->file.keys[i].file, access, &certificate);
	if (r != ERR_OK)
		return r;
	return add(c, FID_OBJECTS, (uint16_t)(FID_KEYS + i), EF_NEVER, &key);
}

static enum err
add_ca_object(struct vcard *c, size_t i)
{
	AUTO(buf_free) struct buf b = BUF(EF_MAX);

	buf_cur(&b, buf_view(&c->cas[i]));
	return add(c, FID_OBJECTS, c->file.cas[i].file, EF_FREE, &b);
}

static enum err
add_objects(struct vcard *c)
{
	enum err r = ERR_OK;

	for (size_t i = 0; i < PURPOSES && r == ERR_OK; i++)
		r = add_key_objects(c, i);
	for (size_t i = 0; i < c->file.cas_n && r == ERR_OK; i++)
		r = add_ca_object(c, i);
	return r;
}

enum err
uzi_write(struct vcard *c)
{
	enum err r;

	if ((r = add_odf(c)) != ERR_OK ||
	    (r = add_token_info(c)) != ERR_OK ||
	    (r = add_prkdf(c)) != ERR_OK ||
	    (r = add_cdf(c)) != ERR_OK ||
	    (r = add_ca_cdfs(c)) != ERR_OK ||
	    (r = add_aodf(c)) != ERR_OK ||
	    (r = add_empty(c)) != ERR_OK)
		return r;
	return add_objects(c);
}
