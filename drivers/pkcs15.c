/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Cards with an ISO 7816-15 application (PKCS #15), the UZI pass among them: what one
 * kind of them does its own way stands in the profile.
 */
#include "drivers/pkcs15.h"

#include <stdlib.h>

#include "iso7816/inflate.h"
#include "iso7816/sw.h"
#include "iso7816/tlv.h"

#define FID_ODF		0x5031
#define FID_TOKENINFO	0x5032
#define SFI_ODF		0x11	/* ISO 7816-15 section 7 */
#define SFI_TOKENINFO	0x12
#define TOKENINFO_MAX	2048
#define TOLD_MAX	256
#define SAVED_VERSION	5

static struct p15_path
path_of(uint16_t fid)
{
	return (struct p15_path){ .p = { (uint8_t)(fid >> 8), (uint8_t)fid }, .n = 2 };
}

/* The vendor's applet asks in words for its vendor's software (uzi-card 5.2). */
static bool
is_vendor_prompt(const struct profile *p, struct cur reply)
{
	return p->vendor_prompt_len != 0 &&
	    cur_starts(reply, cur_of(p->vendor_prompt, p->vendor_prompt_len));
}

static enum err
select_application(struct pkcs15 *t, struct channel *ch)
{
	AUTO(buf_free) struct buf reply = BUF(APDU_LE_MAX);
	unsigned sw;
	enum err r;

	if ((r = file_application(ch, &t->files, &reply, &sw)) != ERR_OK)
		return r;
	if (sw == SW_DEACTIVATED || sw == SW_TERMINATED)
		return fail(ERR_CARD, "SELECT application: %s (%04x)", sw_name(sw), sw);
	/* A channel that was just opened may have selected it already (uzi-card 5.3). */
	if (sw == SW_BAD_P1P2 && ch->opened)
		return ERR_OK;
	if (sw != SW_OK)
		return ERR_NOT_MINE;
	if (is_vendor_prompt(t->p, buf_view(&reply)))
		return fail(ERR_VENDOR_LOCKED,
		    "the applet asks for its vendor's software");
	return ERR_OK;
}

/* A card that is only tried gets one SELECT; one whose ATR is known may get more. */
static enum err
pkcs15_select(void *state, struct channel *ch)
{
	const struct reader *reader = ch->reader;
	struct pkcs15 *t = state;
	enum err r = select_application(t, ch);

	if (r != ERR_NOT_MINE || !t->p->search || t->searched ||
	    !profile_matches(t->p, cur_of(reader->atr, reader->atr_len)))
		return r;
	return pkcs15_search(t, ch);
}

static bool
has_serial(struct cur file)
{
	struct p15_token token;

	return p15_read_serial(file, &token);
}

/* Without what stands behind it in its file, of which more or less is read. */
static enum err
copy_told(struct pkcs15 *t, struct cur file)
{
	struct cur told;
	size_t n = 0;

	buf_clear(&t->told);
	if (!tlv_size(file, 0x30, &n))
		return ERR_OK;
	n = n < TOLD_MAX ? n : TOLD_MAX;
	if (cur_take(&file, n < file.n ? n : file.n, &told))
		buf_cur(&t->told, told);
	return buf_end(&t->told);
}

/* The serial number of the ISO 7816-15 application. */
static enum err
token_serial(struct pkcs15 *t, struct channel *ch, struct buf *ret)
{
	AUTO(buf_free) struct buf file = BUF(PKCS15_DIRECTORY_MAX);
	struct p15_token token;
	enum err r = file_read_short(ch, &t->files, &t->token_path, SFI_TOKENINFO,
	    APDU_LE_MAX, has_serial, &file);

	if (pkcs15_is_trouble(r))
		return r;
	if (r != ERR_OK || !p15_read_serial(buf_view(&file), &token))
		return ERR_NOT_FOUND;
	if ((r = copy_told(t, buf_view(&file))) != ERR_OK)
		return r;
	if (t->p->digest_info == DIGEST_INFO_TOKEN && t->token.len == 0 &&
	    p15_read_token(buf_view(&file), &token))
		buf_cur(&t->token, buf_view(&file));
	if (token.serial_len == 0)
		return ERR_NOT_FOUND;
	buf_put(ret, token.serial, token.serial_len);
	return buf_end(ret);
}

static enum err
pkcs15_serial(void *state, struct channel *ch, struct buf *ret)
{
	AUTO(buf_free) struct buf reply = BUF(APDU_LE_MAX);
	struct pkcs15 *t = state;
	struct profile_apdu cmd;
	unsigned sw;
	enum err r;

	if (t->p->serial.n == 0)
		return token_serial(t, ch, ret);
	profile_apdu(&t->p->serial, 0, &cmd);
	if ((r = channel_send(ch, &cmd.a, &reply, &sw)) != ERR_OK)
		return pkcs15_is_trouble(r) ? note(r, "serial number") : ERR_NOT_FOUND;
	if (sw != SW_OK || reply.len == 0 || reply.len > P15_SERIAL_MAX)
		return token_serial(t, ch, ret);
	buf_cur(ret, buf_view(&reply));
	return buf_end(ret);
}

static enum err
pkcs15_open(const struct profile *p, void **ret_state)
{
	struct pkcs15 *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return fail(ERR_NOMEM, "card");
	t->p = p;
	files_init(&t->files, p);
	t->odf_path = path_of(FID_ODF);
	t->token_path = path_of(FID_TOKENINFO);
	t->prkdf.max = t->cdf.max = t->aodf.max = t->cas.max = PKCS15_DIRECTORY_MAX;
	t->token.max = TOKENINFO_MAX;
	t->told.max = t->known.max = TOLD_MAX;
	*ret_state = t;
	return ERR_OK;
}

static void
pkcs15_close(void *state)
{
	struct pkcs15 *t = state;

	if (t == NULL)
		return;
	buf_free(&t->prkdf);
	buf_free(&t->cdf);
	buf_free(&t->aodf);
	buf_free(&t->token);
	buf_free(&t->told);
	buf_free(&t->known);
	buf_free(&t->cas);
	free(t);
}

bool
pkcs15_is_odf(struct cur file)
{
	struct p15_odf odf;

	p15_read_odf(file, &odf);
	return odf.n != 0;
}

enum err
pkcs15_read_odf(struct pkcs15 *t, struct channel *ch)
{
	AUTO(buf_free) struct buf file = BUF(PKCS15_DIRECTORY_MAX);
	enum err r = file_read_short(ch, &t->files, &t->odf_path, SFI_ODF,
	    PKCS15_DIRECTORY_MAX, pkcs15_is_odf, &file);

	if (pkcs15_is_trouble(r))
		return r;
	p15_read_odf(r == ERR_OK ? buf_view(&file) : cur_of(NULL, 0), &t->odf);
	/* Only this proves the application: some cards say 9000 to every SELECT. */
	if (t->odf.n != 0)
		return ERR_OK;
	/* It answers to its name, and is elsewhere (iso7816 reference, section 1). */
	if (t->p->search && !t->searched) {
		r = pkcs15_search(t, ch);
		if (r != ERR_NOT_MINE)
			return r;
	}
	return fail(ERR_CARD_UNKNOWN, "no object directory");
}

/* A kind may occur more than once. */
enum err
pkcs15_read_directory(struct pkcs15 *t, struct channel *ch, enum p15_kind kind,
    struct buf *ret)
{
	const struct p15_odf *odf = &t->odf;

	for (size_t i = 0; i < odf->n; i++) {
		AUTO(buf_free) struct buf file = BUF(PKCS15_DIRECTORY_MAX);
		enum err r;

		if (odf->e[i].kind != kind)
			continue;
		r = file_read_path(ch, &t->files, &odf->e[i].path, &file);
		if (pkcs15_is_trouble(r))
			return r;
		/* What is too long or in crumbs is left out, as what is missing. */
		if (r == ERR_OK && file.len <= ret->max - ret->len)
			buf_cur(ret, buf_view(&file));
	}
	return buf_end(ret);
}

static void
understand(struct pkcs15 *t)
{
	if (!p15_read_token(buf_view(&t->token), &t->info))
		t->info.n_algs = 0;
	memset(t->read, 0, sizeof(t->read));
	t->n_keys = p15_read_keys(buf_view(&t->prkdf), t->keys, NELEM(t->keys));
	t->n_certs = p15_read_certs(buf_view(&t->cdf), t->certs, NELEM(t->certs));
	t->n_pins = t->p->pin_aodf ?
	    p15_read_pins(buf_view(&t->aodf), t->pins, NELEM(t->pins)) : 0;
	t->n_authorities = p15_read_certs(buf_view(&t->cas), t->authorities,
	    NELEM(t->authorities));
}

static enum key_usage
usage_of(const struct p15_key *key)
{
	const uint32_t sign = P15_USE_SIGN | P15_USE_SIGN_RECOVER;
	const uint32_t open = P15_USE_DECRYPT | P15_USE_UNWRAP | P15_USE_DERIVE;

	if ((key->usage & P15_USE_NON_REPUDIATION) != 0)
		return KEY_SIGNATURE;
	if ((key->usage & sign) != 0)
		return KEY_AUTHENTICATION;
	return (key->usage & open) != 0 ? KEY_CONFIDENTIALITY : KEY_OTHER;
}

static void
describe(const struct pkcs15 *t, unsigned slot, struct card_key *ret)
{
	const struct p15_key *key = &t->keys[slot];
	struct pkcs15_pin form;

	*ret = (struct card_key){
		.id_len = key->id.n, .type = key->ec ? KEY_EC : KEY_RSA,
		.usage = usage_of(key), .bits = key->bits,
		.always_auth = key->c.consent == 1, .has_cert = pkcs15_cert_of(t, key) != NULL,
		.slot = slot,
	};
	memcpy(ret->id, key->id.p, key->id.n);
	memcpy(ret->label, key->c.label, sizeof(ret->label));
	if (!pkcs15_pin(t, key, &form))
		return;			/* it can be seen, not used */
	ret->pin_ref = form.rules.ref;
	ret->algs = pkcs15_algs(t, key);
}

static void
describe_all(const struct pkcs15 *t, struct card_key *ret, size_t max, size_t *ret_n)
{
	size_t n = t->n_keys < max ? t->n_keys : max;

	for (size_t i = 0; i < n; i++)
		describe(t, (unsigned)i, &ret[i]);
	*ret_n = n;
}

/* What the card says of its algorithms, if anybody asks and it was not seen yet. */
static enum err
read_token(struct pkcs15 *t, struct channel *ch)
{
	AUTO(buf_free) struct buf file = BUF(PKCS15_DIRECTORY_MAX);
	enum err r;

	if (t->p->digest_info != DIGEST_INFO_TOKEN || t->token.len != 0)
		return ERR_OK;
	r = file_read_short(ch, &t->files, &t->token_path, SFI_TOKENINFO,
	    PKCS15_DIRECTORY_MAX, has_serial, &file);
	if (pkcs15_is_trouble(r))
		return r;
	if (r == ERR_OK && file.len <= t->token.max)
		buf_cur(&t->token, buf_view(&file));
	return buf_end(&t->token);
}

static enum err
pkcs15_keys(void *state, struct channel *ch, struct card_key *ret, size_t max,
    size_t *ret_n)
{
	struct pkcs15 *t = state;
	enum err r;

	t->has_cas = false;
	buf_clear(&t->known);
	buf_cur(&t->known, buf_view(&t->told));
	buf_clear(&t->cas);
	buf_clear(&t->aodf);
	buf_clear(&t->prkdf);
	buf_clear(&t->cdf);
	if ((r = pkcs15_read_odf(t, ch)) != ERR_OK)
		return r;
	if ((r = pkcs15_read_directory(t, ch, P15_AODF, &t->aodf)) != ERR_OK ||
	    (r = pkcs15_read_directory(t, ch, P15_PRKDF, &t->prkdf)) != ERR_OK ||
	    (r = pkcs15_read_directory(t, ch, P15_CDF, &t->cdf)) != ERR_OK)
		return note(r, "directories");
	if ((r = read_token(t, ch)) != ERR_OK)
		return note(r, "TokenInfo");
	understand(t);
	if ((r = pkcs15_pair(t, ch)) != ERR_OK)
		return note(r, "certificates of keys");
	if ((r = pkcs15_find_pin(t, ch)) != ERR_OK)
		return note(r, "PIN reference");
	describe_all(t, ret, max, ret_n);
	return ERR_OK;
}

enum err
pkcs15_read_cert(struct pkcs15 *t, struct channel *ch, const struct p15_cert *cert,
    struct buf *ret_der, size_t *ret_size)
{
	AUTO(buf_free) struct buf der = BUF(FILE_CERT_MAX);
	enum err r;

	if (cert->der.n != 0) {
		*ret_size = cert->der.n;
		buf_cur(ret_der, cert->der);
		return buf_end(ret_der);
	}
	r = file_read_der(ch, &t->files, &cert->path, &der, ret_size);
	if (pkcs15_is_trouble(r))
		return note(r, "certificate");
	/* Listed but missing, empty or something else: there is none. */
	if (r != ERR_OK || !p15_is_certificate(buf_view(&der)))
		return ERR_NOT_FOUND;
	buf_cur(ret_der, buf_view(&der));
	return buf_end(ret_der);
}

static enum err
pkcs15_cert(void *state, struct channel *ch, const struct card_key *key,
    struct buf *ret_der)
{
	struct pkcs15 *t = state;
	const struct p15_cert *cert = pkcs15_cert_of(t, &t->keys[key->slot]);
	size_t size = 0, before = ret_der->len;
	struct pkcs15_read *read;
	enum err r;

	if (cert == NULL)
		return ERR_NOT_FOUND;
	if ((r = pkcs15_read_cert(t, ch, cert, ret_der, &size)) != ERR_OK)
		return r;
	read = &t->read[key->slot];
	*read = (struct pkcs15_read){ .done = true, .size = size };
	if (!spki_read(cur_of(ret_der->p + before, ret_der->len - before), &read->spki))
		read->spki = (struct spki){ .kind = SPKI_UNKNOWN };
	return ERR_OK;
}

/* The certificate knows the size; where it says another kind of key, nothing fits. */
static void
pkcs15_update(void *state, struct card_key *key)
{
	const struct pkcs15 *t = state;
	const struct spki *is = &t->read[key->slot].spki;
	enum spki_kind want = key->type == KEY_EC ? SPKI_EC : SPKI_RSA;

	if (!t->read[key->slot].done || is->kind == SPKI_UNKNOWN)
		return;
	if (is->kind == want)
		key->bits = is->bits;
	else if (is->kind != SPKI_OTHER)
		key->algs = 0;
}

static void
put_saved(struct buf *b, const struct buf *file)
{
	buf_u16(b, (unsigned)file->len);
	buf_cur(b, buf_view(file));
}

static enum err
pkcs15_save(void *state, const struct card_key *key, struct buf *ret)
{
	const struct pkcs15 *t = state;
	const struct pkcs15_read *read = &t->read[key->slot];

	if (!read->done)
		return ERR_NOT_FOUND;
	buf_u8(ret, SAVED_VERSION);
	put_saved(ret, &t->known);
	put_saved(ret, &t->token);
	put_saved(ret, &t->aodf);
	put_saved(ret, &t->prkdf);
	put_saved(ret, &t->cdf);
	buf_put(ret, t->pairs, sizeof(t->pairs));
	buf_u8(ret, t->has_cas);
	put_saved(ret, &t->cas);
	buf_u8(ret, t->has_fallback);
	buf_u8(ret, t->fallback);
	buf_u8(ret, key->slot);
	buf_u32(ret, (uint32_t)read->size);
	buf_u8(ret, (uint8_t)read->spki.kind);
	buf_u16(ret, read->spki.bits);
	return buf_end(ret);
}

static bool
take_saved(struct cur *in, struct buf *ret)
{
	struct cur file;
	uint16_t n;

	if (!cur_u16(in, &n) || n > ret->max || !cur_take(in, n, &file))
		return false;
	buf_clear(ret);
	buf_cur(ret, file);
	return buf_end(ret) == ERR_OK;
}

static enum err
pkcs15_restore(void *state, struct cur saved, struct card_key *ret, size_t max,
    size_t *ret_n)
{
	struct pkcs15 *t = state;
	uint8_t version, cas, has, ref, slot, kind;
	struct cur pairs;
	uint16_t bits;
	uint32_t size;

	if (!cur_u8(&saved, &version) || version != SAVED_VERSION ||
	    !take_saved(&saved, &t->known))
		return fail(ERR_MALFORMED, "what was saved of the card");
	/* Directories are believed as long as the card does not say that it was changed. */
	if (!cur_eq(buf_view(&t->known), buf_view(&t->told)))
		return ERR_NOT_FOUND;
	if (!take_saved(&saved, &t->token) || !take_saved(&saved, &t->aodf) ||
	    !take_saved(&saved, &t->prkdf) || !take_saved(&saved, &t->cdf) ||
	    !cur_take(&saved, sizeof(t->pairs), &pairs) ||
	    !cur_u8(&saved, &cas) || !take_saved(&saved, &t->cas) ||
	    !cur_u8(&saved, &has) || !cur_u8(&saved, &ref) || !cur_u8(&saved, &slot) ||
	    !cur_u32(&saved, &size) || !cur_u8(&saved, &kind) || kind > SPKI_X25519 ||
	    !cur_u16(&saved, &bits) || saved.n != 0)
		return fail(ERR_MALFORMED, "what was saved of the card");
	understand(t);
	memcpy(t->pairs, pairs.p, sizeof(t->pairs));
	t->has_cas = cas == 1;
	t->has_fallback = has == 1;
	t->fallback = ref;
	if (slot >= t->n_keys)
		return fail(ERR_MALFORMED, "what was saved of the card");
	t->read[slot] = (struct pkcs15_read){ .done = true, .size = size,
	    .spki = { .kind = (enum spki_kind)kind, .bits = bits } };
	describe_all(t, ret, max, ret_n);
	for (size_t i = 0; i < *ret_n; i++)
		pkcs15_update(t, &ret[i]);
	return ERR_OK;
}

/* A certificate that stands in the directory is what it was if the directory is. */
static enum err
current_by_value(struct pkcs15 *t, struct channel *ch, const struct p15_cert *c,
    struct cur cert, bool *ret)
{
	AUTO(buf_free) struct buf now = BUF(PKCS15_DIRECTORY_MAX);
	enum err r;

	if ((t->odf.n == 0 && (r = pkcs15_read_odf(t, ch)) != ERR_OK) ||
	    (r = pkcs15_read_directory(t, ch, P15_CDF, &now)) != ERR_OK)
		return r;
	*ret = cur_eq(buf_view(&now), buf_view(&t->cdf)) && cur_eq(c->der, cert);
	return ERR_OK;
}

/* Its first bytes say little of a certificate that is compressed: it is read again. */
static enum err
current_by_reading(struct pkcs15 *t, struct channel *ch, const struct p15_cert *c,
    struct cur cert, bool *ret)
{
	AUTO(buf_free) struct buf now = BUF(FILE_CERT_MAX);
	size_t size;
	enum err r = pkcs15_read_cert(t, ch, c, &now, &size);

	*ret = r == ERR_OK && cur_eq(buf_view(&now), cert);
	return pkcs15_is_trouble(r) ? r : ERR_OK;
}

/* The certificate's file has the size that it had, and begins with the same bytes. */
static enum err
pkcs15_current(void *state, struct channel *ch, const struct card_key *key,
    struct cur cert, bool *ret)
{
	AUTO(buf_free) struct buf first = BUF(APDU_LE_MAX);
	struct pkcs15 *t = state;
	const struct p15_cert *c = pkcs15_cert_of(t, &t->keys[key->slot]);
	size_t n = cert.n < t->p->chunk ? cert.n : t->p->chunk, size = 0;
	enum err r;

	*ret = false;
	if (c == NULL || !t->read[key->slot].done)
		return ERR_OK;
	if (c->der.n != 0)
		return current_by_value(t, ch, c, cert, ret);
	r = file_select(ch, &t->files, &c->path, &size);
	if (r == ERR_OK)
		r = file_read_at(ch, &t->files, c->path.part ? c->path.index : 0, n,
		    &first);
	if (pkcs15_is_trouble(r))
		return note(r, "certificate");
	if (r == ERR_OK && inflate_is_wrapped(buf_view(&first)))
		return current_by_reading(t, ch, c, cert, ret);
	*ret = r == ERR_OK && size == t->read[key->slot].size &&
	    cur_eq(buf_view(&first), cur_of(cert.p, n));
	return ERR_OK;
}

const struct driver driver_pkcs15 = {
	.name = "pkcs15",
	.alias = "uzi",
	.select = pkcs15_select,
	.serial = pkcs15_serial,
	.open = pkcs15_open,
	.close = pkcs15_close,
	.keys = pkcs15_keys,
	.cert = pkcs15_cert,
	.save = pkcs15_save,
	.restore = pkcs15_restore,
	.current = pkcs15_current,
	.pin_rules = pkcs15_pin_rules,
	.tries = pkcs15_tries,
	.verify = pkcs15_verify,
	.sign = pkcs15_sign,
	.logout = pkcs15_logout,
	.authorities = pkcs15_authorities,
	.knows_authorities = pkcs15_knows_authorities,
	.authority = pkcs15_authority,
	.update = pkcs15_update,
	.decipher = pkcs15_decipher,
	.puk_rules = pkcs15_puk_rules,
	.puk_tries = pkcs15_puk_tries,
	.puk_verify = pkcs15_puk_verify,
	.change = pkcs15_change,
	.unblock = pkcs15_unblock,
};
