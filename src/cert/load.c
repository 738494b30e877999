/* SPDX-License-Identifier: EUPL-1.2 */
/* The trust folder: anchors, intermediates and CRLs from files. */
#include "cert/inner.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"

#define CA_FILE_MAX	((size_t)1024 * 1024)
#define CRL_FILE_MAX	((size_t)64 * 1024 * 1024)
#define FILES_MAX	256
#define BLOCKS_MAX	64	/* of one PEM file */

/* By which a changed file is known without reading it. */
struct crl_mark {
	char	name[256];
	dev_t	dev;
	ino_t	ino;
	off_t	size;
	struct timespec mtime;
};

struct listing {
	struct dirent **entry;
	int n;
};

static void
listing_drop(struct listing *l)
{
	for (int i = 0; i < l->n; i++)
		free(l->entry[i]);
	free(l->entry);
	*l = (struct listing){ 0 };
}

static bool
ends(const char *name, const char *suffix)
{
	size_t n = strlen(name), k = strlen(suffix);

	return n > k && strcasecmp(name + n - k, suffix) == 0;
}

static int
is_ca_file(const struct dirent *e)
{
	const char *n = e->d_name;

	return n[0] != '.' && (ends(n, ".pem") || ends(n, ".der") || ends(n, ".cer") ||
	    ends(n, ".crt"));
}

static int
is_crl_file(const struct dirent *e)
{
	const char *n = e->d_name;

	return n[0] != '.' && (ends(n, ".crl") || ends(n, ".pem"));
}

/* The files of a folder by name; none when it does not exist. */
static enum err
list(const char *dir, int (*wanted)(const struct dirent *e), struct listing *ret)
{
	int n = scandir(dir, &ret->entry, wanted, alphasort);

	if (n < 0) {
		*ret = (struct listing){ 0 };
		if (errno == ENOENT)
			return ERR_OK;
		return fail(ERR_SYS, "%s: %s", dir, strerror(errno));
	}
	ret->n = n;
	if (n > FILES_MAX)
		return fail(ERR_LIMIT, "%s: %d files", dir, n);

	return ERR_OK;
}

static void
bio_drop(BIO **b)
{
	BIO_free(*b);
	*b = NULL;
}

typedef enum err der_fn(struct cert_store *s, struct cur der);

static enum err
one_block(struct cert_store *s, BIO *in, const char *label, der_fn *fn, bool *ret_end)
{
	char *name = NULL, *header = NULL;
	uint8_t *der = NULL;
	long n = 0;
	enum err r = ERR_OK;

	*ret_end = PEM_read_bio(in, &name, &header, &der, &n) != 1;
	if (!*ret_end && strcmp(name, label) == 0)
		r = fn(s, cur_of(der, (size_t)n));
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);

	return r;
}

/* Blocks of other kinds are passed over, as everybody does; none at all is an error. */
static enum err
each_pem(struct cert_store *s, struct cur text, const char *label, der_fn *fn)
{
	AUTO(bio_drop) BIO *in = BIO_new_mem_buf(text.p, (int)text.n);
	bool end = false;
	enum err r;

	if (in == NULL)
		return fail(ERR_NOMEM, "PEM");
	for (int i = 0; i <= BLOCKS_MAX; i++) {
		if ((r = one_block(s, in, label, fn, &end)) != ERR_OK)
			return r;
		if (end && i == 0)
			return fail(ERR_MALFORMED, "PEM without a block");
		if (end)
			return ERR_OK;
	}
	return fail(ERR_LIMIT, "PEM of more than %d blocks", BLOCKS_MAX);
}

static bool
is_pem(struct cur text)
{
	static const char begin[] = "-----BEGIN ";

	return memmem(text.p, text.n, begin, sizeof(begin) - 1) != NULL;
}

/* fn for each DER object of one file, which may be DER or PEM whatever its name. */
static enum err
read_objects(struct cert_store *s, const char *path, size_t max, const char *label,
    der_fn *fn)
{
	AUTO(buf_free) struct buf text = BUF(max);
	enum err r;

	if ((r = file_read(path, &text)) == ERR_NOT_FOUND)
		return fail(ERR_SYS, "it went away");
	if (r != ERR_OK)
		return r;
	if (text.len == 0)
		return fail(ERR_MALFORMED, "it is empty");
	if (text.p[0] != 0x30 && is_pem(buf_view(&text)))
		return each_pem(s, buf_view(&text), label, fn);

	return fn(s, buf_view(&text));
}

static enum err
load_cas(struct cert_store *s, const char *dir, const char *sub, der_fn *fn)
{
	AUTO(listing_drop) struct listing all = { 0 };
	char folder[4096], path[4096 + 256];
	enum err r;

	if (snprintf(folder, sizeof(folder), "%s/%s", dir, sub) >= (int)sizeof(folder))
		return fail(ERR_CONFIG, "trust: path is too long");
	if (list(folder, is_ca_file, &all) != ERR_OK)
		return note(ERR_CONFIG, "trust");
	for (int i = 0; i < all.n; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, all.entry[i]->d_name);
		r = read_objects(s, path, CA_FILE_MAX, "CERTIFICATE", fn);
		if (r != ERR_OK)
			return note(r == ERR_NOMEM ? r : ERR_CONFIG, "%s", path);
	}
	return ERR_OK;
}

static enum err
take_crl(struct cert_store *s, struct cur der)
{
	X509_CRL *crl = NULL;
	enum err r = crl_parse(der, &crl);

	if (r != ERR_OK)
		return r;
	if (sk_X509_CRL_push(s->crl_files, crl) <= 0) {
		X509_CRL_free(crl);
		return fail(ERR_NOMEM, "CRL");
	}
	return ERR_OK;
}

static bool
mark_eq(const struct crl_mark *a, const struct crl_mark *b)
{
	return strcmp(a->name, b->name) == 0 && a->dev == b->dev && a->ino == b->ino &&
	    a->size == b->size && a->mtime.tv_sec == b->mtime.tv_sec &&
	    a->mtime.tv_nsec == b->mtime.tv_nsec;
}

static bool
unchanged(const struct cert_store *s, const struct crl_mark *marks, size_t n)
{
	if (n != s->n_marks)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!mark_eq(&marks[i], &s->marks[i]))
			return false;
	return true;
}

/* One mark per file; of one that cannot be looked at only the name is known. */
static enum err
mark_all(const char *dir, const struct listing *all, struct crl_mark **ret)
{
	struct crl_mark *marks = calloc((size_t)all->n + 1, sizeof(*marks));
	char path[4096 + 256];
	struct stat st;

	if (marks == NULL)
		return fail(ERR_NOMEM, "CRLs");
	for (int i = 0; i < all->n; i++) {
		struct crl_mark *m = &marks[i];

		snprintf(m->name, sizeof(m->name), "%s", all->entry[i]->d_name);
		snprintf(path, sizeof(path), "%s/%s", dir, m->name);
		if (stat(path, &st) != 0)
			continue;
		m->dev = st.st_dev;
		m->ino = st.st_ino;
		m->size = st.st_size;
		m->mtime = st.st_mtim;
	}
	*ret = marks;

	return ERR_OK;
}

void
load_drop(struct cert_store *s)
{
	crl_stack_drop(&s->crl_files);
	free(s->marks);
	s->marks = NULL;
	s->n_marks = 0;
	s->trouble[0] = '\0';
}

/* A file that is no CRL is left out: who needs it is refused (fail closed). */
static enum err
read_crls(struct cert_store *s, size_t n)
{
	char path[4096 + 256];
	enum err r;

	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", s->crl_dir, s->marks[i].name);
		r = read_objects(s, path, CRL_FILE_MAX, "X509 CRL", take_crl);
		if (r == ERR_NOMEM)
			return r;
		if (r != ERR_OK && s->trouble[0] == '\0')
			snprintf(s->trouble, sizeof(s->trouble), "%s", s->marks[i].name);
	}
	return ERR_OK;
}

enum err
cert_store_refresh(struct cert_store *s)
{
	AUTO(listing_drop) struct listing all = { 0 };
	struct crl_mark *marks = NULL;
	enum err r;

	if (s->crl_dir == NULL)
		return ERR_OK;
	if ((r = list(s->crl_dir, is_crl_file, &all)) != ERR_OK ||
	    (r = mark_all(s->crl_dir, &all, &marks)) != ERR_OK)
		return note(r, "CRLs");
	if (unchanged(s, marks, (size_t)all.n)) {
		free(marks);
		return ERR_OK;
	}
	load_drop(s);
	s->marks = marks;
	s->n_marks = (size_t)all.n;
	s->crl_files = sk_X509_CRL_new_null();
	r = s->crl_files == NULL ? fail(ERR_NOMEM, "CRLs") : read_crls(s, s->n_marks);
	if (r != ERR_OK)
		s->n_marks = 0;		/* look again next time */

	return r;
}

/* A CA's list can have many megabytes: not for each login of a workstation. */
static enum err
load_crls(struct cert_store *s, const char *dir)
{
	if (s->revocation == CERT_REVOCATION_ELSEWHERE)
		return ERR_OK;
	if (asprintf(&s->crl_dir, "%s/crls", dir) < 0) {
		s->crl_dir = NULL;
		return fail(ERR_NOMEM, "CRLs");
	}

	return cert_store_refresh(s);
}

enum err
cert_store_load(const char *dir, enum cert_env env, enum cert_revocation revocation,
    struct cert_store **ret)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;
	enum err r;

	if ((r = cert_store_new(env, revocation, &s)) != ERR_OK ||
	    (r = load_cas(s, dir, "anchors", cert_store_add_anchor)) != ERR_OK)
		return r;
	r = load_cas(s, dir, "intermediates", cert_store_add_intermediate);
	if (r != ERR_OK)
		return r;
	if (sk_X509_num(s->anchors) == 0)
		return fail(ERR_CONFIG, "%s/anchors: no anchor", dir);
	if ((r = load_crls(s, dir)) != ERR_OK)
		return r;
	*ret = s;
	s = NULL;		/* the caller's now */

	return ERR_OK;
}
