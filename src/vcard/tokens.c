/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The tokens of the test PKI: PIV and ISO 7816-15 cards whose login certificates have the
 * shape of those of UZI passes, and the vendor that vouches for their keys.
 */
#include <stdio.h>

#include "base/file.h"
#include "vcard/keys.h"
#include "vcard/ossl.h"
#include "vcard/pki.h"

#define YEAR		((int64_t)365 * 86400)
#define VENDOR_SLUG	"vendor-piv-root"
#define VENDOR_CN	"TEST dezi-vcard Vendor PIV Root CA"

#define OWNER(name, number, first, last)				\
	{ .slug = name, .issuer = CA_Z, .type = 'Z', .uzi_number = number,	\
	  .role = "01.015", .subscriber = PLAN_SUBSCRIBER,			\
	  .subscriber_name = "Tést Ziekenhuis Oost", .title = "Arts",		\
	  .given = first, .surname = last, .cn = first " " last,		\
	  .has = { true, true, true } }
#define P256		"P-256"
#define P384		"P-384"

const struct token_plan token_plans[TOKENS] = {
	{
		OWNER("piv", "900000011", "Pien", "de Visser"),
		.card = "type = piv\nlabel = PIV\n",
		.keys = {
			{ "9a", NULL, FOR_PURPOSE, AUTHENTICATION, "" },
			{ "9c", P256, FOR_PURPOSE, SIGNATURE, "compressed = yes\n" },
			{ "9d", NULL, FOR_PURPOSE, CONFIDENTIALITY, "" },
			{ "9e", P256, FOR_CARD, AUTHENTICATION, "" },
			{ "82", P384, FOR_PURPOSE, CONFIDENTIALITY, "imported = yes\n" },
		},
	},
	{
		OWNER("piv-yubikey", "900000012", "Yusuf", "el Ouali"),
		.card = "type = piv\nlabel = YubiKey\n"
		    "atr = 3BFD1300008131FE158073C021C057597562694B657940\n",
		.applet = "yubico = yes\nversion = 05 04 03\napt = short\n"
		    "always_strict = no\nexact = no\n",
		.keys = {
			{ "9a", P256, FOR_PURPOSE, AUTHENTICATION, "" },
			{ "9c", NULL, FOR_PURPOSE, SIGNATURE, "" },
			{ "9d", P384, FOR_PURPOSE, CONFIDENTIALITY, "" },
			{ "9e", NULL, FOR_CARD, AUTHENTICATION, "" },
			{ "f9", NULL, FOR_ATTESTATION, AUTHENTICATION, "" },
		},
	},
	{
		OWNER("p15", "900000013", "Pieter", "Kaart"),
		.card = "type = iso7816-15\nlabel = ISO 7816-15\npin2 = 234567\n",
		.applet = "other_applications = 2\n", .cas = true,
		.keys = {
			{ "authentication", NULL, FOR_PURPOSE, AUTHENTICATION, "" },
			{ "signature", NULL, FOR_PURPOSE, SIGNATURE,
			  "usage = non_repudiation\npin = pin2\nconsent = yes\n"
			  "reference = 130\n" },
			{ "confidentiality", NULL, FOR_PURPOSE, CONFIDENTIALITY,
			  "usage = decrypt\n" },
		},
	},
	{
		OWNER("p15-ec", "900000014", "Elise", "Kromme"),
		.card = "type = iso7816-15\nlabel = ISO 7816-15 EC\n",
		.applet = "paths = relative\noffsets = yes\nfcp = refused\n"
		    "negative_references = yes\nend_of_file = 6B00\nfiller = 16\n", .cas = true,
		.keys = {
			{ "authentication", P256, FOR_PURPOSE, AUTHENTICATION,
			  "reference = 129\n" },
			{ "signature", P384, FOR_PURPOSE, SIGNATURE,
			  "usage = non_repudiation\n" },
		},
	},
};

/* A vendor's part of the PKI. */
struct vendor {
	X509	 *cert;
	EVP_PKEY *key;
};

static void
vendor_end(struct vendor *v)
{
	ossl_cert(&v->cert);
}

/* A root of its own: who trusts the care PKI does not trust it, and the other way. */
static enum err
make_vendor(const struct hierarchy *h, int64_t now, struct vendor *v)
{
	const struct x509_signer by = { NULL, v->key, false };
	const struct x509_plan p = {
		.subject = { { "2.5.4.3", VENDOR_CN } },
		.key = v->key, .ca = true, .path_len = 1,
		.not_before = now - 10 * YEAR, .not_after = now + 20 * YEAR,
		.usage = USAGE_CERT_SIGN | USAGE_CRL_SIGN,
	};
	char path[PATH_MAX];
	enum err r;

	if ((r = x509_make(&p, &by, &v->cert)) != ERR_OK ||
	    (r = pki_path(path, "%s/ca/" VENDOR_SLUG ".key", h->dir)) != ERR_OK ||
	    (r = key_write(path, v->key)) != ERR_OK ||
	    (r = pki_path(path, "%s/trust/attestation/anchors/" VENDOR_SLUG ".der",
	    h->dir)) != ERR_OK)
		return r;
	return x509_write(path, v->cert);
}

/* The certificate of the device, by which it vouches for its keys. */
static enum err
make_device(const struct vendor *v, int64_t now, EVP_PKEY *key, X509 **ret)
{
	static const uint8_t firmware[] = { 5, 4, 3 };
	const struct x509_extra extra[] = {
		{ "1.3.6.1.4.1.41482.3.3", cur_of(firmware, sizeof(firmware)) }, { 0 } };
	const struct x509_signer by = { v->cert, v->key, false };
	const struct x509_plan p = {
		.subject = { { "2.5.4.3", "Yubico PIV Attestation" } },
		.key = key, .ca = true, .path_len = 0,
		.not_before = now - YEAR, .not_after = now + 15 * YEAR,
		.usage = USAGE_CERT_SIGN, .extra = extra,
	};

	return x509_make(&p, &by, ret);
}

/* id-PIV-cardAuth: it proves the card, and nobody. */
static enum err
make_card_certificate(const struct hierarchy *h, const struct token_plan *t, int64_t now,
    EVP_PKEY *key, X509 **ret)
{
	static const char *const eku[] = { "2.16.840.1.101.3.6.8", NULL };
	const struct x509_signer by = hierarchy_signer(h, t->pass.issuer);
	const struct x509_plan p = {
		.subject = { { "2.5.4.6", "NL" }, { "2.5.4.5", t->pass.uzi_number } },
		.key = key, .path_len = -1,
		.not_before = now - 3600, .not_after = now + 3 * YEAR,
		.usage = USAGE_DIGITAL_SIGNATURE, .eku = eku,
	};

	return x509_make(&p, &by, ret);
}

static enum err
make_person_certificate(const struct hierarchy *h, const struct token_plan *t,
    enum purpose purpose, int64_t now, EVP_PKEY *key, X509 **ret)
{
	const struct x509_signer by = hierarchy_signer(h, t->pass.issuer);
	struct leaf leaf;

	leaf_plan(&t->pass, purpose, now, key, &leaf);
	/* An elliptic key agrees on keys, it does not encipher them. */
	if (purpose == CONFIDENTIALITY && EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
		leaf.x509.usage = USAGE_KEY_AGREEMENT;
	return leaf_make(&leaf, &by, ret);
}

static enum err
make_certificate(const struct hierarchy *h, const struct token_plan *t, size_t i,
    int64_t now, const struct vendor *v, EVP_PKEY *key, X509 **ret)
{
	switch (t->keys[i].use) {
	case FOR_PURPOSE:
		return make_person_certificate(h, t, t->keys[i].purpose, now, key, ret);
	case FOR_CARD:
		return make_card_certificate(h, t, now, key, ret);
	case FOR_ATTESTATION:
		return make_device(v, now, key, ret);
	}
	return fail(ERR_FAILED, "a certificate without a use");
}

static enum err
write_key(const struct hierarchy *h, const struct token_plan *t, size_t i,
    int64_t now, const struct vendor *v, EVP_PKEY *key)
{
	AUTO(ossl_cert) X509 *cert = NULL;
	const char *slug = t->keys[i].slug;
	char path[PATH_MAX];
	enum err r;

	if ((r = make_certificate(h, t, i, now, v, key, &cert)) != ERR_OK ||
	    (r = pki_path(path, "%s/cards/%s/%s.key", h->dir, t->pass.slug,
	    slug)) != ERR_OK ||
	    (r = key_write(path, key)) != ERR_OK ||
	    (r = pki_path(path, "%s/cards/%s/%s.der", h->dir, t->pass.slug,
	    slug)) != ERR_OK)
		return r;
	return x509_write(path, cert);
}

static enum err
write_card_file(const struct hierarchy *h, const struct token_plan *t)
{
	AUTO(buf_free) struct buf b = BUF(CARD_FILE_MAX);
	char path[PATH_MAX];
	enum err r;

	buf_fmt(&b, "# Virtual token of \"%s\"; see dezi-vcard(1).\n[card]\n%s",
	    t->pass.cn, t->card);
	pass_put_serial(&b, &t->pass);
	buf_fmt(&b, "pin = %s\npuk = %s\n", FIRST_PIN, FIRST_PUK);
	if (t->applet != NULL)
		buf_fmt(&b, "\n[applet]\n%s", t->applet);
	for (size_t i = 0; i < TOKEN_KEYS && t->keys[i].slug != NULL; i++)
		buf_fmt(&b, "\n[key %s]\nkey = %s/%s.key\ncertificate = %s/%s.der\n%s",
		    t->keys[i].slug, t->pass.slug, t->keys[i].slug, t->pass.slug,
		    t->keys[i].slug, t->keys[i].lines);
	if (t->cas)
		pass_put_cas(&b, &t->pass);
	if ((r = buf_end(&b)) != ERR_OK)
		return fail(r, "%s.card", t->pass.slug);
	if ((r = pki_path(path, "%s/cards/%s.card", h->dir, t->pass.slug)) != ERR_OK)
		return r;
	return file_write(path, buf_view(&b), 0600);
}

static enum err
write_token(const struct hierarchy *h, const struct token_plan *t, int64_t now,
    const struct vendor *v, EVP_PKEY *const keys[TOKEN_KEYS])
{
	enum err r = pki_folder("%s/cards/%s", h->dir, t->pass.slug);

	for (size_t i = 0; i < TOKEN_KEYS && t->keys[i].slug != NULL && r == ERR_OK; i++)
		r = write_key(h, t, i, now, v, keys[i]);
	if (r == ERR_OK)
		r = write_card_file(h, t);
	return r != ERR_OK ? note(r, "token %s", t->pass.slug) : ERR_OK;
}

enum err
tokens_write(const struct hierarchy *h, const struct pki_options *o,
    EVP_PKEY *const (*keys)[TOKEN_KEYS], EVP_PKEY *vendor)
{
	AUTO(vendor_end) struct vendor v = { .key = vendor };
	enum err r;

	if (o->tokens_n == 0)
		return ERR_OK;
	r = make_vendor(h, o->now, &v);
	for (size_t i = 0; i < o->tokens_n && r == ERR_OK; i++)
		r = write_token(h, &o->tokens[i], o->now, &v, keys[i]);
	return r;
}
