/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The UZI pass, and other cards with the SafeSign applet: an ISO 7816-15 application
 * whose habits stand in the profile (uzi-card reference, section 5).
 */
#include "drivers/uzi.h"

#include <stdlib.h>

#include "iso7816/digestinfo.h"
#include "iso7816/sw.h"

#define FID_ODF		0x5031
#define FID_TOKENINFO	0x5032
#define DIRECTORY_MAX	16384	/* bytes of one directory file */
#define SAVED_VERSION	2

/* The vendor's applet asks in words for its vendor's software (5.2). */
static bool
is_vendor_prompt(struct cur reply)
{
	return cur_starts(reply, cur_str("I am the "));
}

static enum err
uzi_select(struct channel *ch, const struct profile *p)
{
	AUTO(buf_free) struct buf reply = BUF(APDU_LE_MAX);
	unsigned sw;
	enum err r;

	if ((r = file_application(ch, p, &reply, &sw)) != ERR_OK)
		return r;
	if (sw == SW_DEACTIVATED || sw == SW_TERMINATED)
		return fail(ERR_CARD, "SELECT application: %s (%04x)", sw_name(sw), sw);
	/* A channel that was just opened may have selected it already (5.3). */
	if (sw == SW_BAD_P1P2 && ch->opened)
		return ERR_OK;
	if (sw != SW_OK)
		return ERR_NOT_MINE;
	if (is_vendor_prompt(buf_view(&reply)))
		return fail(ERR_VENDOR_LOCKED,
		    "the applet asks for its vendor's software");
	return ERR_OK;
}

/* The serial number of the ISO 7816-15 application. */
static enum err
token_serial(struct channel *ch, const struct profile *p, struct buf *ret)
{
	const struct p15_path path = { .p = { FID_TOKENINFO >> 8, FID_TOKENINFO & 0xff },
	    .n = 2 };
	AUTO(buf_free) struct buf file = BUF(DIRECTORY_MAX);
	struct p15_token token;
	enum err r = file_read_path(ch, p, &path, &file);

	if (uzi_is_trouble(r))
		return r;
	if (r != ERR_OK || !p15_read_token(buf_view(&file), &token) ||
	    token.serial_len == 0)
		return ERR_NOT_FOUND;
	buf_put(ret, token.serial, token.serial_len);
	return buf_end(ret);
}

static enum err
uzi_serial(struct channel *ch, const struct profile *p, struct buf *ret)
{
	AUTO(buf_free) struct buf reply = BUF(APDU_LE_MAX);
	struct profile_apdu cmd;
	unsigned sw;
	enum err r;

	if (p->serial.n == 0)
		return token_serial(ch, p, ret);
	profile_apdu(&p->serial, 0, &cmd);
	if ((r = channel_send(ch, &cmd.a, &reply, &sw)) != ERR_OK)
		return uzi_is_trouble(r) ? note(r, "serial number") : ERR_NOT_FOUND;
	if (sw != SW_OK || reply.len == 0 || reply.len > P15_SERIAL_MAX)
		return token_serial(ch, p, ret);
	buf_cur(ret, buf_view(&reply));
	return buf_end(ret);
}

static enum err
uzi_open(const struct profile *p, void **ret_state)
{
	struct uzi *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return fail(ERR_NOMEM, "card");
	u->p = p;
	u->prkdf.max = u->cdf.max = u->aodf.max = u->cas.max = DIRECTORY_MAX;
	*ret_state = u;
	return ERR_OK;
}

static void
uzi_close(void *state)
{
	struct uzi *u = state;

	if (u == NULL)
		return;
	buf_free(&u->prkdf);
	buf_free(&u->cdf);
	buf_free(&u->aodf);
	buf_free(&u->cas);
	free(u);
}

enum err
uzi_read_odf(struct uzi *u, struct channel *ch)
{
	const struct p15_path path = { .p = { FID_ODF >> 8, FID_ODF & 0xff }, .n = 2 };
	AUTO(buf_free) struct buf file = BUF(DIRECTORY_MAX);
	enum err r = file_read_path(ch, u->p, &path, &file);

	if (uzi_is_trouble(r))
		return r;
	p15_read_odf(r == ERR_OK ? buf_view(&file) : cur_of(NULL, 0), &u->odf);
	/* Only this proves the application: some cards say 9000 to every SELECT. */
	return u->odf.n != 0 ? ERR_OK : fail(ERR_CARD_UNKNOWN, "no object directory");
}

/* A kind may occur more than once. */
enum err
uzi_read_directory(struct uzi *u, struct channel *ch, enum p15_kind kind, struct buf *ret)
{
	const struct p15_odf *odf = &u->odf;

	for (size_t i = 0; i < odf->n; i++) {
		AUTO(buf_free) struct buf file = BUF(DIRECTORY_MAX);
		enum err r;

		if (odf->e[i].kind != kind)
			continue;
		r = file_read_path(ch, u->p, &odf->e[i].path, &file);
		if (uzi_is_trouble(r))
			return r;
		/* What is too long or in crumbs is left out, as what is missing. */
		if (r == ERR_OK && file.len <= ret->max - ret->len)
			buf_cur(ret, buf_view(&file));
	}
	return buf_end(ret);
}

static void
understand(struct uzi *u)
{
	u->n_keys = p15_read_keys(buf_view(&u->prkdf), u->keys, NELEM(u->keys));
	u->n_certs = p15_read_certs(buf_view(&u->cdf), u->certs, NELEM(u->certs));
	u->n_pins = u->p->pin_aodf ?
	    p15_read_pins(buf_view(&u->aodf), u->pins, NELEM(u->pins)) : 0;
	u->n_authorities = p15_read_certs(buf_view(&u->cas), u->authorities,
	    NELEM(u->authorities));
}

static bool
same_label(const struct p15_common *a, const struct p15_common *b)
{
	return a->label[0] != '\0' && strcmp(a->label, b->label) == 0;
}

/* By iD, as the standard has it; else by label, as cards have it. */
static const struct p15_cert *
cert_of(const struct uzi *u, const struct p15_key *key)
{
	for (size_t i = 0; i < u->n_certs; i++)
		if (p15_id_same(&u->certs[i].id, &key->id))
			return &u->certs[i];
	for (size_t i = 0; i < u->n_certs; i++)
		if (!u->certs[i].authority && same_label(&u->certs[i].c, &key->c))
			return &u->certs[i];
	return NULL;
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

bool
uzi_key_ref(const struct uzi *u, const struct p15_key *key, uint8_t *ret)
{
	if (u->p->key_ref == KEY_REF_ORDINAL) {
		*ret = (uint8_t)key->ordinal;
		return true;
	}
	*ret = key->ref;
	return key->has_ref;
}

static void
describe(const struct uzi *u, unsigned slot, struct card_key *ret)
{
	const struct p15_key *key = &u->keys[slot];
	enum key_usage usage = usage_of(key);
	struct uzi_pin form;
	uint8_t ref;

	*ret = (struct card_key){
		.id_len = key->id.n, .type = key->ec ? KEY_EC : KEY_RSA, .usage = usage,
		.bits = key->bits, .always_auth = key->c.consent == 1,
		.has_cert = cert_of(u, key) != NULL, .slot = slot,
	};
	memcpy(ret->id, key->id.p, key->id.n);
	memcpy(ret->label, key->c.label, sizeof(ret->label));
	if (!uzi_pin(u, key, &form) || !uzi_key_ref(u, key, &ref))
		return;			/* it can be seen, not used */
	ret->pin_ref = form.rules.ref;
	if (!key->ec)
		ret->algs = usage == KEY_CONFIDENTIALITY ? KEY_ALG_RSA_DECRYPT :
		    KEY_ALG_RSA_PKCS1;
}

static void
describe_all(const struct uzi *u, struct card_key *ret, size_t max, size_t *ret_n)
{
	size_t n = u->n_keys < max ? u->n_keys : max;

	for (size_t i = 0; i < n; i++)
		describe(u, (unsigned)i, &ret[i]);
	*ret_n = n;
}

static enum err
uzi_keys(void *state, struct channel *ch, struct card_key *ret, size_t max, size_t *ret_n)
{
	struct uzi *u = state;
	enum err r;

	u->has_cas = false;
	buf_clear(&u->cas);
	buf_clear(&u->aodf);
	buf_clear(&u->prkdf);
	buf_clear(&u->cdf);
	if ((r = uzi_read_odf(u, ch)) != ERR_OK)
		return r;
	if ((r = uzi_read_directory(u, ch, P15_AODF, &u->aodf)) != ERR_OK ||
	    (r = uzi_read_directory(u, ch, P15_PRKDF, &u->prkdf)) != ERR_OK ||
	    (r = uzi_read_directory(u, ch, P15_CDF, &u->cdf)) != ERR_OK)
		return note(r, "directories");
	understand(u);
	if ((r = uzi_find_pin(u, ch)) != ERR_OK)
		return note(r, "PIN reference");
	describe_all(u, ret, max, ret_n);
	return ERR_OK;
}

enum err
uzi_read_cert(struct uzi *u, struct channel *ch, const struct p15_cert *cert,
    struct buf *ret_der, size_t *ret_size)
{
	AUTO(buf_free) struct buf der = BUF(FILE_CERT_MAX);
	enum err r = file_read_der(ch, u->p, &cert->path, &der, ret_size);

	if (uzi_is_trouble(r))
		return note(r, "certificate");
	/* Listed but missing, empty or something else: there is none. */
	if (r != ERR_OK || !p15_is_certificate(buf_view(&der)))
		return ERR_NOT_FOUND;
	buf_cur(ret_der, buf_view(&der));
	return buf_end(ret_der);
}

static enum err
uzi_cert(void *state, struct channel *ch, const struct card_key *key, struct buf *ret_der)
{
	struct uzi *u = state;
	const struct p15_cert *cert = cert_of(u, &u->keys[key->slot]);
	size_t size = 0;
	enum err r;

	if (cert == NULL)
		return ERR_NOT_FOUND;
	if ((r = uzi_read_cert(u, ch, cert, ret_der, &size)) != ERR_OK)
		return r;
	u->cert_slot = key->slot;
	u->cert_size = size;
	return ERR_OK;
}

static void
put_saved(struct buf *b, const struct buf *file)
{
	buf_u16(b, (unsigned)file->len);
	buf_cur(b, buf_view(file));
}

static enum err
uzi_save(void *state, struct buf *ret)
{
	const struct uzi *u = state;

	buf_u8(ret, SAVED_VERSION);
	put_saved(ret, &u->aodf);
	put_saved(ret, &u->prkdf);
	put_saved(ret, &u->cdf);
	buf_u8(ret, u->has_cas);
	put_saved(ret, &u->cas);
	buf_u8(ret, u->has_fallback);
	buf_u8(ret, u->fallback);
	buf_u8(ret, u->cert_slot);
	buf_u32(ret, (uint32_t)u->cert_size);
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
uzi_restore(void *state, struct cur saved, struct card_key *ret, size_t max,
    size_t *ret_n)
{
	struct uzi *u = state;
	uint8_t version, cas, has, ref, slot;
	uint32_t size;

	if (!cur_u8(&saved, &version) || version != SAVED_VERSION ||
	    !take_saved(&saved, &u->aodf) || !take_saved(&saved, &u->prkdf) ||
	    !take_saved(&saved, &u->cdf) || !cur_u8(&saved, &cas) ||
	    !take_saved(&saved, &u->cas) || !cur_u8(&saved, &has) ||
	    !cur_u8(&saved, &ref) || !cur_u8(&saved, &slot) || !cur_u32(&saved, &size) ||
	    saved.n != 0)
		return fail(ERR_MALFORMED, "what was saved of the card");
	understand(u);
	u->has_cas = cas == 1;
	u->has_fallback = has == 1;
	u->fallback = ref;
	u->cert_slot = slot;
	u->cert_size = size;
	if (u->cert_slot >= u->n_keys)
		return fail(ERR_MALFORMED, "what was saved of the card");
	describe_all(u, ret, max, ret_n);
	return ERR_OK;
}

/* The certificate's file has the size that it had, and begins with the same bytes. */
static enum err
uzi_current(void *state, struct channel *ch, const struct card_key *key, struct cur cert,
    bool *ret)
{
	AUTO(buf_free) struct buf first = BUF(APDU_LE_MAX);
	struct uzi *u = state;
	const struct p15_cert *c = cert_of(u, &u->keys[key->slot]);
	size_t n = cert.n < u->p->chunk ? cert.n : u->p->chunk, size = 0;
	enum err r;

	*ret = false;
	if (c == NULL || key->slot != u->cert_slot)
		return ERR_OK;
	r = file_select(ch, u->p, &c->path, &size);
	if (r == ERR_OK)
		r = file_read_at(ch, u->p, c->path.part ? c->path.index : 0, n, &first);
	if (uzi_is_trouble(r))
		return note(r, "certificate");
	*ret = r == ERR_OK && size == u->cert_size &&
	    cur_eq(buf_view(&first), cur_of(cert.p, n));
	return ERR_OK;
}

enum err
uzi_use_result(const char *what, unsigned sw)
{
	bool refused = sw == SW_SECURITY || sw == SW_CONDITIONS;
	enum err e = refused ? ERR_NOT_LOGGED_IN : ERR_CARD;

	return fail(e, "%s: %s (%04x)", what, sw_name(sw), sw);
}

/* The key's file, if the profile says that the card wants it. */
static enum err
select_key(const struct uzi *u, struct channel *ch, const struct p15_key *key)
{
	size_t size;
	enum err r;

	if (!u->p->key_path || key->path.n == 0)
		return ERR_OK;
	r = file_select(ch, u->p, &key->path, &size);
	if (r == ERR_NOT_FOUND)
		return fail(ERR_CARD, "the key's file is not there");
	return r == ERR_OK ? r : note(r, "the key's file");
}

enum err
uzi_set_environment(const struct uzi *u, struct channel *ch, const struct p15_key *key,
    uint8_t p2)
{
	const struct profile *p = u->p;
	const uint8_t alg = p->alg_rsa_pkcs1;
	uint8_t ref, crt[6];
	const struct apdu a = { .ins = 0x22, .p1 = p->mse[0], .p2 = p2,
	    .data = cur_of(crt, sizeof(crt)) };
	unsigned sw;
	enum err r;

	if (!uzi_key_ref(u, key, &ref))
		return fail(ERR_UNSUPPORTED, "no reference of the key");
	if ((r = select_key(u, ch, key)) != ERR_OK)
		return r;
	for (size_t i = 0; i < 2; i++) {
		crt[3 * i] = p->mse_tags[i];
		crt[3 * i + 1] = 1;
		crt[3 * i + 2] = p->mse_tags[i] == 0x84 ? ref : alg;
	}
	if ((r = channel_send(ch, &a, NULL, &sw)) != ERR_OK)
		return note(r, "MSE");
	return sw == SW_OK ? ERR_OK : uzi_use_result("MSE", sw);
}

static enum err
uzi_sign(void *state, struct channel *ch, const struct card_key *key, enum key_alg alg,
    struct cur input, struct buf *ret_sig)
{
	AUTO(buf_free) struct buf sig = BUF(1024);
	const struct uzi *u = state;
	const struct p15_key *k = &u->keys[key->slot];
	struct apdu a = { .ins = 0x2a, .p1 = 0x9e, .p2 = 0x9a, .data = input,
	    .le = APDU_LE_MAX };
	unsigned sw;
	enum err r;

	if (alg != KEY_ALG_RSA_PKCS1 || (key->algs & alg) == 0)
		return fail(ERR_UNSUPPORTED, "algorithm %d", (int)alg);
	if (u->p->digest_info == DIGEST_INFO_CARD && !digestinfo_hash(input, &a.data))
		return fail(ERR_UNSUPPORTED, "no DigestInfo");
	if ((r = uzi_set_environment(u, ch, k, u->p->mse[1])) != ERR_OK)
		return r;
	if ((r = channel_send(ch, &a, &sig, &sw)) != ERR_OK)
		return note(r, "PSO: COMPUTE DIGITAL SIGNATURE");
	if (sw != SW_OK)
		return uzi_use_result("PSO: COMPUTE DIGITAL SIGNATURE", sw);
	if (sig.len == 0)
		return fail(ERR_CARD, "an empty signature");
	buf_cur(ret_sig, buf_view(&sig));
	return buf_end(ret_sig);
}

const struct driver driver_uzi = {
	.name = "uzi",
	.select = uzi_select,
	.serial = uzi_serial,
	.open = uzi_open,
	.close = uzi_close,
	.keys = uzi_keys,
	.cert = uzi_cert,
	.save = uzi_save,
	.restore = uzi_restore,
	.current = uzi_current,
	.pin_rules = uzi_pin_rules,
	.tries = uzi_tries,
	.verify = uzi_verify,
	.sign = uzi_sign,
	.logout = uzi_logout,
	.authorities = uzi_authorities,
	.authority = uzi_authority,
	.decipher = uzi_decipher,
	.puk_rules = uzi_puk_rules,
	.puk_tries = uzi_puk_tries,
	.puk_verify = uzi_puk_verify,
	.change = uzi_change,
	.unblock = uzi_unblock,
};
