/* SPDX-License-Identifier: EUPL-1.2 */
/* What each CA of the test PKI revoked: "SERIAL = time" in ca/NAME.revoked. */
#include <stdlib.h>

#include "base/b64.h"
#include "base/file.h"
#include "base/ini.h"
#include "vcard/ossl.h"
#include "vcard/pki.h"

#define REVOKED_MAX	1000
#define LIST_MAX	(REVOKED_MAX * 64)

struct list {
	struct x509_revoked one[REVOKED_MAX];
	size_t n;
};

static enum err
read_line(void *arg, const struct ini_line *line)
{
	struct list *l = arg;
	struct x509_revoked *one = &l->one[l->n];
	AUTO(buf_free) struct buf serial = BUF(sizeof(one->serial));

	if (l->n == REVOKED_MAX)
		return fail(ERR_LIMIT, "more than %d revoked certificates", REVOKED_MAX);
	if (line->key.n == 0 || hex_get(line->key, &serial) != ERR_OK || serial.len == 0)
		return ini_refuse(line, "serial number = seconds since 1970");
	memcpy(one->serial, serial.p, serial.len);
	one->serial_len = serial.len;
	l->n++;
	return ini_int(line, 0, INT64_MAX, &one->when);
}

static enum err
path_of(const struct hierarchy *h, size_t id, char ret[PATH_MAX])
{
	return pki_path(ret, "%s/ca/%s.revoked", h->dir, ca_plans[id].slug);
}

static enum err
read_text(const char *path, struct buf *ret)
{
	enum err r = file_read(path, ret);

	return r == ERR_NOT_FOUND ? ERR_OK : r;		/* nothing was revoked yet */
}

enum err
revoked_add(const struct hierarchy *h, enum ca_id id, const X509 *cert,
    int64_t now)
{
	AUTO(buf_free) struct buf text = BUF(LIST_MAX);
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	char path[PATH_MAX];
	enum err r;

	if ((r = path_of(h, id, path)) != ERR_OK ||
	    (r = read_text(path, &text)) != ERR_OK)
		return r;
	hex_put(&text, cur_of(serial->data, (size_t)serial->length));
	buf_fmt(&text, " = %lld\n", (long long)now);
	if ((r = buf_end(&text)) != ERR_OK)
		return fail(r, "%s: too many revoked certificates", path);
	return file_write(path, buf_view(&text), 0644);
}

static enum err
one_crl(const struct hierarchy *h, enum ca_id id, int64_t now, struct list *l)
{
	AUTO(buf_free) struct buf text = BUF(LIST_MAX);
	AUTO(ossl_crl) X509_CRL *crl = NULL;
	struct x509_signer by = hierarchy_signer(h, id);
	char path[PATH_MAX];
	enum err r;

	l->n = 0;
	if ((r = path_of(h, id, path)) != ERR_OK ||
	    (r = read_text(path, &text)) != ERR_OK ||
	    (r = ini_parse(buf_view(&text), read_line, l)) != ERR_OK ||
	    (r = x509_make_crl(&by, now, l->one, l->n, &crl)) != ERR_OK ||
	    (r = pki_path(path, "%s/trust/crls/%s.crl", h->dir,
	    ca_plans[id].slug)) != ERR_OK)
		return r;
	return x509_write_crl(path, crl);
}

enum err
revoked_crls(const struct hierarchy *h, int64_t now)
{
	struct list *l = calloc(1, sizeof(*l));
	enum err r = l == NULL ? fail(ERR_NOMEM, "a CRL") : ERR_OK;

	for (size_t i = 0; i < h->n && r == ERR_OK; i++)
		r = one_crl(h, (enum ca_id)i, now, l);
	free(l);
	return r;
}
