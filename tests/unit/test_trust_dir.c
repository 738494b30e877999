/* SPDX-License-Identifier: EUPL-1.2 */
/* The trust folder: which files are read, refused, left out, and read again. */
#include "tests/check.h"

#include <ftw.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cert/inner.h"
#include "tests/unit/make_cert.h"

static struct pki pki;
static struct made leaf;

struct folder {
	char path[512];
};

static const char *
in(const struct folder *f, const char *name, char ret[1024])
{
	snprintf(ret, 1024, "%s/%s", f->path, name);
	return ret;
}

static void
put(const struct folder *f, const char *name, struct cur content)
{
	char path[1024];

	assert_ok(file_write(in(f, name, path), content, 0644));
}

static void
take_away(const struct folder *f, const char *name)
{
	char path[1024];

	assert_int_equal(unlink(in(f, name, path)), 0);
}

static void
put_crl(const struct folder *f, const char *name, const struct made *issuer,
    const struct crl_recipe *how)
{
	AUTO(buf_free) struct buf der = BUF(65536);

	make_crl(how, issuer, &der);
	put(f, name, buf_view(&der));
}

static void
put_pem(const struct folder *f, const char *name, const struct made *const *certs,
    size_t n)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *text;
	long len;

	assert_true(BIO_puts(out, "Somebody's notes stand here.\r\n") > 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(PEM_write_bio_X509(out, certs[i]->x), 1);
	len = BIO_get_mem_data(out, &text);
	put(f, name, cur_of(text, (size_t)len));
	BIO_free(out);
}

static int
folder_new(void **state)
{
	static const char *const subs[] = { "anchors", "intermediates", "crls" };
	struct folder *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");
	char path[1024];

	*state = f;
	snprintf(f->path, sizeof(f->path), "%s/dezi-trust-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(f->path) == NULL)
		return -1;
	for (size_t i = 0; i < NELEM(subs); i++)
		if (mkdir(in(f, subs[i], path), 0755) != 0)
			return -1;
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int
folder_drop(void **state)
{
	struct folder *f = *state;
	int r = nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	free(f);

	return r;
}

/* A folder with everything in it that a login needs. */
static void
fill(const struct folder *f)
{
	put(f, "anchors/root.der", buf_view(&pki.root.der));
	put(f, "intermediates/level2.crt", buf_view(&pki.level2.der));
	put(f, "intermediates/z.cer", buf_view(&pki.z.der));
	put_crl(f, "crls/root.crl", &pki.root, &(const struct crl_recipe){ 0 });
	put_crl(f, "crls/level2.crl", &pki.level2, &(const struct crl_recipe){ 0 });
	put_crl(f, "crls/z.crl", &pki.z, &(const struct crl_recipe){ 0 });
}

static enum err
login(const struct cert_store *s)
{
	AUTO(cert_free) struct cert *c = NULL;
	AUTO(cert_verdict_free) struct cert_verdict v = { 0 };
	const struct cert_rules rules = { .now = MADE_NOW, .pass_types = "Z" };

	assert_ok(cert_parse(buf_view(&leaf.der), &c));
	return cert_check_login(s, c, NULL, 0, &rules, &v);
}

static enum err
load(const struct folder *f, enum cert_env env, struct cert_store **ret)
{
	return cert_store_load(f->path, env, CERT_REVOCATION_HARD, ret);
}

static void
whole_folder(void **state)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;

	fill(*state);
	put(*state, "anchors/README", cur_str("not looked at"));
	put(*state, "anchors/.hidden.der", cur_str("not looked at"));
	assert_ok(load(*state, CERT_ENV_ACCEPTANCE, &s));
	assert_ok(login(s));
	assert_string_equal(cert_store_trouble(s), "");
	assert_int_equal(cert_store_env(s), CERT_ENV_ACCEPTANCE);
}

static void
pem_bundle(void **state)
{
	const struct made *const bundle[] = { &pki.level2, &pki.n, &pki.z };
	const struct made *const root[] = { &pki.root };
	AUTO(cert_store_free) struct cert_store *s = NULL;

	fill(*state);
	take_away(*state, "anchors/root.der");
	take_away(*state, "intermediates/level2.crt");
	take_away(*state, "intermediates/z.cer");
	put_pem(*state, "anchors/root.cer", root, 1);
	put_pem(*state, "intermediates/all.pem", bundle, NELEM(bundle));
	assert_ok(load(*state, CERT_ENV_ACCEPTANCE, &s));
	assert_ok(login(s));
}

static void
no_anchor(void **state)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;
	const struct folder nowhere = { "/nonexistent" };

	fill(*state);
	take_away(*state, "anchors/root.der");
	assert_err(load(*state, CERT_ENV_ACCEPTANCE, &s), ERR_CONFIG);
	assert_err(load(&nowhere, CERT_ENV_ACCEPTANCE, &s), ERR_CONFIG);
	assert_null(s);
}

/* T38, from files. */
static void
test_ca_in_production(void **state)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;

	fill(*state);
	assert_err(load(*state, CERT_ENV_PRODUCTION, &s), ERR_CONFIG);
	assert_null(s);
}

static void
broken_ca(void **state)
{
	static const char *const wrong[] = {
		"", "0", "-----BEGIN CERTIFICATE-----\nMIIB\n", "-----BEGIN ",
	};
	AUTO(cert_store_free) struct cert_store *s = NULL;

	fill(*state);
	for (size_t i = 0; i < NELEM(wrong); i++) {
		put(*state, "intermediates/wrong.pem", cur_str(wrong[i]));
		assert_err(load(*state, CERT_ENV_ACCEPTANCE, &s), ERR_CONFIG);
	}
	assert_null(s);
}

/* A list that cannot be read is a list that is not there; the broker still starts. */
static void
broken_crl(void **state)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;

	fill(*state);
	put(*state, "crls/z.crl", cur_str("half a li"));
	assert_ok(load(*state, CERT_ENV_ACCEPTANCE, &s));
	assert_string_equal(cert_store_trouble(s), "z.crl");
	assert_err(login(s), ERR_REVOCATION);
	put_crl(*state, "crls/z.crl", &pki.z, &(const struct crl_recipe){ 0 });
	assert_ok(cert_store_refresh(s));
	assert_string_equal(cert_store_trouble(s), "");
	assert_ok(login(s));
}

/* A workstation does not read what it does not judge. */
static void
no_crl_of_others(void **state)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;
	struct folder *f = *state;

	fill(f);
	put(f, "crls/z.crl", cur_str("half a li"));
	assert_ok(cert_store_load(f->path, CERT_ENV_ACCEPTANCE, CERT_REVOCATION_ELSEWHERE, &s));
	assert_ok(cert_store_refresh(s));
	assert_int_equal(sk_X509_CRL_num(s->crl_files), 0);
	assert_string_equal(cert_store_trouble(s), "");
	assert_ok(login(s));
}

static void
refresh(void **state)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;
	const X509_CRL *before;

	fill(*state);
	assert_ok(load(*state, CERT_ENV_ACCEPTANCE, &s));
	before = sk_X509_CRL_value(s->crl_files, 0);
	assert_ok(cert_store_refresh(s));
	assert_ptr_equal(sk_X509_CRL_value(s->crl_files, 0), before);	/* cheap */
	assert_ok(login(s));
	put_crl(*state, "crls/z.crl", &pki.z,
	    &(const struct crl_recipe){ .revoked = { 77 } });
	assert_ok(login(s));
	assert_ok(cert_store_refresh(s));
	assert_err(login(s), ERR_CERT_REVOKED);
	take_away(*state, "crls/z.crl");
	assert_ok(cert_store_refresh(s));
	assert_err(login(s), ERR_REVOCATION);
	put_crl(*state, "crls/another-name.crl", &pki.z, &(const struct crl_recipe){ 0 });
	assert_ok(cert_store_refresh(s));
	assert_ok(login(s));
}

static int
setup(void **state)
{
	struct recipe how = pass_recipe('Z');

	(void)state;
	make_pki("TEST ", "2.16.528.1.1007.99.21", &pki);
	make_cert(&how, &pki.z, &leaf);

	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pki_drop(&pki);
	made_drop(&leaf);

	return 0;
}

#define IN_FOLDER(f)	cmocka_unit_test_setup_teardown(f, folder_new, folder_drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(whole_folder),
		IN_FOLDER(pem_bundle),
		IN_FOLDER(no_anchor),
		IN_FOLDER(test_ca_in_production),
		IN_FOLDER(broken_ca),
		IN_FOLDER(broken_crl),
		IN_FOLDER(no_crl_of_others),
		IN_FOLDER(refresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
