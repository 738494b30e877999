/* SPDX-License-Identifier: EUPL-1.2 */
/* The test PKI: its CAs, and the order in which everything is made. */
#include "vcard/pki.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "vcard/keys.h"
#include "vcard/need.h"
#include "vcard/ossl.h"

PRINTF(2, 0)
static enum err
format_path(char ret[PATH_MAX], const char *fmt, va_list ap)
{
	int n = vsnprintf(ret, PATH_MAX, fmt, ap);

	return n < 0 || n >= PATH_MAX ? fail(ERR_SYS, "the path is too long") : ERR_OK;
}

enum err
pki_path(char ret[PATH_MAX], const char *fmt, ...)
{
	va_list ap;
	enum err r;

	va_start(ap, fmt);
	r = format_path(ret, fmt, ap);
	va_end(ap);
	return r;
}

enum err
pki_folder(const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	enum err r;

	va_start(ap, fmt);
	r = format_path(path, fmt, ap);
	va_end(ap);
	if (r != ERR_OK)
		return r;
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		return fail(ERR_SYS, "%s: %s", path, strerror(errno));
	return ERR_OK;
}

struct x509_signer
hierarchy_signer(const struct hierarchy *h, enum ca_id id)
{
	return (struct x509_signer){ h->certs[id], h->keys[id], ca_plans[id].g4 };
}

static void
hierarchy_end(struct hierarchy *h)
{
	for (size_t i = 0; i < CA_COUNT; i++) {
		ossl_key(&h->keys[i]);
		ossl_cert(&h->certs[i]);
	}
}

static enum err
ca_file(const struct hierarchy *h, size_t i, const char *kind, char ret[PATH_MAX])
{
	return pki_path(ret, "%s/ca/%s.%s", h->dir, ca_plans[i].slug, kind);
}

static enum err
write_ca(const struct hierarchy *h, size_t i)
{
	char key[PATH_MAX], cert[PATH_MAX], trust[PATH_MAX];
	enum err r;

	if ((r = ca_file(h, i, "key", key)) != ERR_OK ||
	    (r = ca_file(h, i, "der", cert)) != ERR_OK ||
	    (r = pki_path(trust, "%s/trust/%s/%s.der", h->dir,
	    ca_plans[i].issuer == (enum ca_id)i ? "anchors" : "intermediates",
	    ca_plans[i].slug)) != ERR_OK ||
	    (r = key_write(key, h->keys[i])) != ERR_OK ||
	    (r = x509_write(cert, h->certs[i])) != ERR_OK)
		return r;
	return x509_write(trust, h->certs[i]);
}

/* An issuer stands before those it issues to, so its certificate is there. */
static enum err
make_cas(struct hierarchy *h, int64_t now)
{
	for (size_t i = 0; i < h->n; i++) {
		struct x509_signer by = hierarchy_signer(h, ca_plans[i].issuer);
		struct x509_plan plan;
		char urls[2][128];
		enum err r;

		ca_plan_cert((enum ca_id)i, now, h->keys[i], urls, &plan);
		if ((r = x509_make(&plan, &by, &h->certs[i])) != ERR_OK ||
		    (r = write_ca(h, i)) != ERR_OK)
			return note(r, "%s", ca_plans[i].slug);
	}
	return ERR_OK;
}

static enum err
make_folders(const char *dir)
{
	static const char *const below[] = { "ca", "cards", "trust", "trust/anchors",
		"trust/intermediates", "trust/crls", "trust/attestation",
		"trust/attestation/anchors" };
	enum err r = pki_folder("%s", dir);

	for (size_t i = 0; i < NELEM(below) && r == ERR_OK; i++)
		r = pki_folder("%s/%s", dir, below[i]);
	return r;
}

/* The keys of all cards; those of a foreign hierarchy are the same. */
struct card_keys {
	EVP_PKEY *pass[PASSES_MAX][PURPOSES];
	EVP_PKEY *token[TOKENS][TOKEN_KEYS];
};

static enum err
make_hierarchy(struct hierarchy *h, const struct pki_options *o,
    const struct card_keys *keys, EVP_PKEY *vendor)
{
	enum err r;

	if ((r = make_folders(h->dir)) != ERR_OK ||
	    (r = make_cas(h, o->now)) != ERR_OK ||
	    (r = passes_write(h, o, keys->pass)) != ERR_OK ||
	    (r = tokens_write(h, o, keys->token, vendor)) != ERR_OK)
		return r;
	return revoked_crls(h, o->now);
}

/* All keys of the PKI, so that they can be made together. */
struct keyring {
	struct key_job ca[CA_COUNT];
	struct key_job other[CA_COUNT];
	struct key_job pass[PASSES_MAX * PURPOSES];
	struct key_job token[TOKENS * TOKEN_KEYS];
	struct key_job vendor[2];
	struct key_job negative;
};

static void
keyring_end(struct keyring *k)
{
	keys_free((struct key_job *)k, sizeof(*k) / sizeof(struct key_job));
}

static enum err
keyring_make(struct keyring *k, const struct pki_options *o)
{
	for (size_t i = 0; i < CA_COUNT; i++)
		k->ca[i].bits = o->ca_bits;
	for (size_t i = 0; i < CA_G3_COUNT; i++)
		k->other[i].bits = o->pass_bits;
	for (size_t i = 0; i < o->passes_n * PURPOSES; i++)
		if (o->passes[i / PURPOSES].has[i % PURPOSES])
			k->pass[i].bits = o->passes[i / PURPOSES].issuer == CA_G4 ?
			    o->pass_bits / 2 * 3 : o->pass_bits;
	for (size_t i = 0; i < o->tokens_n * TOKEN_KEYS; i++) {
		const struct token_key *t =
		    &o->tokens[i / TOKEN_KEYS].keys[i % TOKEN_KEYS];

		k->token[i].curve = t->curve;
		k->token[i].bits = t->slug == NULL || t->curve != NULL ? 0 : o->pass_bits;
	}
	for (size_t i = 0; i < NELEM(k->vendor) && o->tokens_n != 0; i++)
		k->vendor[i].bits = o->pass_bits;
	k->negative.bits = o->pass_bits;
	return keys_make((struct key_job *)k, sizeof(*k) / sizeof(struct key_job));
}

static void
lend_keys(const struct keyring *k, struct card_keys *ret)
{
	for (size_t i = 0; i < NELEM(k->pass); i++)
		ret->pass[i / PURPOSES][i % PURPOSES] = k->pass[i].key;
	for (size_t i = 0; i < NELEM(k->token); i++)
		ret->token[i / TOKEN_KEYS][i % TOKEN_KEYS] = k->token[i].key;
}

/* The keys change owner. */
static void
take_keys(struct hierarchy *h, struct key_job *jobs)
{
	for (size_t i = 0; i < h->n; i++) {
		h->keys[i] = jobs[i].key;
		jobs[i].key = NULL;
	}
}

static enum err
refuse_existing(const char *dir)
{
	char path[PATH_MAX];
	struct stat st;
	enum err r = pki_path(path, "%s/ca", dir);

	if (r != ERR_OK)
		return r;
	if (stat(path, &st) == 0)
		return fail(ERR_CONFIG, "%s already holds a PKI", dir);
	return pki_folder("%s", dir);
}

enum err
pki_make(const struct pki_options *o)
{
	AUTO(keyring_end) struct keyring k = { 0 };
	AUTO(hierarchy_end) struct hierarchy own = { .dir = o->dir, .n = CA_COUNT };
	AUTO(hierarchy_end) struct hierarchy foreign = { .n = CA_G3_COUNT };
	struct card_keys cards;
	char other[PATH_MAX];
	enum err r;

	if ((r = pki_path(other, "%s/other", o->dir)) != ERR_OK ||
	    (r = refuse_existing(o->dir)) != ERR_OK ||
	    (r = keyring_make(&k, o)) != ERR_OK)
		return r;
	foreign.dir = other;
	take_keys(&own, k.ca);
	take_keys(&foreign, k.other);
	lend_keys(&k, &cards);
	if ((r = make_hierarchy(&own, o, &cards, k.vendor[0].key)) != ERR_OK ||
	    (r = make_hierarchy(&foreign, o, &cards, k.vendor[1].key)) != ERR_OK)
		return r;
	return negative_make(&own, o->now, k.negative.key);
}

/*
 * A PKI that is there.
 */

static enum err
load(struct hierarchy *h)
{
	for (size_t i = 0; i < h->n; i++) {
		char key[PATH_MAX], cert[PATH_MAX];
		enum err r;

		if ((r = ca_file(h, i, "key", key)) != ERR_OK ||
		    (r = ca_file(h, i, "der", cert)) != ERR_OK ||
		    (r = need(key_read(key, &h->keys[i]), key)) != ERR_OK ||
		    (r = need(x509_read(cert, &h->certs[i]), cert)) != ERR_OK)
			return r;
	}
	return ERR_OK;
}

static enum err
refresh(struct hierarchy *h, int64_t now)
{
	enum err r = load(h);

	return r != ERR_OK ? r : revoked_crls(h, now);
}

enum err
pki_crls(const char *dir, int64_t now)
{
	AUTO(hierarchy_end) struct hierarchy own = { .dir = dir, .n = CA_COUNT };
	AUTO(hierarchy_end) struct hierarchy foreign = { .n = CA_G3_COUNT };
	char other[PATH_MAX];
	enum err r;

	if ((r = pki_path(other, "%s/other", dir)) != ERR_OK ||
	    (r = refresh(&own, now)) != ERR_OK)
		return r;
	foreign.dir = other;
	return refresh(&foreign, now);
}

static enum err
revoke_in(struct hierarchy *h, const X509 *cert, int64_t now)
{
	enum err r = load(h);

	for (size_t i = 0; i < h->n && r == ERR_OK; i++)
		/* The names of both hierarchies are the same: only the key decides. */
		if (X509_verify((X509 *)(uintptr_t)cert, h->keys[i]) == 1 &&
		    X509_NAME_cmp(X509_get_issuer_name(cert),
		    X509_get_subject_name(h->certs[i])) == 0) {
			if ((r = revoked_add(h, (enum ca_id)i, cert, now)) != ERR_OK)
				return r;
			return revoked_crls(h, now);
		}
	return r == ERR_OK ? ERR_NOT_FOUND : r;
}

enum err
pki_revoke(const char *dir, const char *path, int64_t now)
{
	AUTO(hierarchy_end) struct hierarchy own = { .dir = dir, .n = CA_COUNT };
	AUTO(hierarchy_end) struct hierarchy foreign = { .n = CA_G3_COUNT };
	AUTO(ossl_cert) X509 *cert = NULL;
	char other[PATH_MAX];
	enum err r;

	if ((r = pki_path(other, "%s/other", dir)) != ERR_OK ||
	    (r = need(x509_read(path, &cert), path)) != ERR_OK)
		return r;
	foreign.dir = other;
	r = revoke_in(&own, cert, now);
	if (r == ERR_NOT_FOUND)
		r = revoke_in(&foreign, cert, now);
	return r == ERR_NOT_FOUND ?
	    fail(ERR_CONFIG, "%s was not issued by the PKI in %s", path, dir) : r;
}
