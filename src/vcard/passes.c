/* SPDX-License-Identifier: EUPL-1.2 */
/* The passes of the test PKI: keys, certificates and a card file for each. */
#include <stdio.h>

#include "base/b64.h"
#include "base/file.h"
#include "vcard/keys.h"
#include "vcard/ossl.h"
#include "vcard/pki.h"

/* ATRs of UZI passes: JCOP 4 P71, JCOP 3 P60, and the older J2A081. */
#define ATR_JCOP4	"3BDC18FF8191FE1FC3060A2B06010401E910050204D6"
#define ATR_JCOP3	"3BDC18FF8191FE1FC3060A2B06010401E910050203D1"
#define ATR_J2A081	"3BFD1800FF8131FE4543494247555A494A324130383158"

static const char *
atr_of(size_t pass)
{
	static const char *const atrs[] = { ATR_JCOP4, ATR_JCOP3, ATR_J2A081 };

	return atrs[pass < NELEM(atrs) ? pass : 0];
}

void
pass_put_serial(struct buf *b, const struct pass_plan *p)
{
	buf_fmt(b, "serial = 44 5A 00 0%.1s %.2s %.2s %.2s %.2s\n", p->uzi_number,
	    p->uzi_number + 1, p->uzi_number + 3, p->uzi_number + 5, p->uzi_number + 7);
}

static void
put_key(struct buf *b, const struct pass_plan *p, enum purpose purpose)
{
	const char *slug = purpose_slugs[purpose];

	buf_fmt(b, "\n[key %s]\nkey = %s/%s.key\ncertificate = %s/%s.der\n",
	    slug, p->slug, slug, p->slug, slug);
}

void
pass_put_cas(struct buf *b, const struct pass_plan *p)
{
	enum ca_id id = p->issuer;

	for (;;) {
		bool root = ca_plans[id].issuer == id;

		buf_fmt(b, "\n[ca %s]\ncertificate = ../trust/%s/%s.der\n",
		    ca_plans[id].slug, root ? "anchors" : "intermediates",
		    ca_plans[id].slug);
		if (root)
			return;
		id = ca_plans[id].issuer;
	}
}

static enum err
write_card_file(const struct hierarchy *h, const struct pass_plan *p, const char *atr)
{
	AUTO(buf_free) struct buf b = BUF(CARD_FILE_MAX);
	char path[PATH_MAX];
	enum err r;

	buf_fmt(&b, "# Virtual UZI pass of \"%s\"; see dezi-vcard(1).\n", p->cn);
	buf_fmt(&b, "[card]\natr = %s\n", atr);
	pass_put_serial(&b, p);
	buf_fmt(&b, "label = UZI-pas\npin = %s\npuk = %s\n",
	    FIRST_PIN, FIRST_PUK);
	if (p->locked)
		buf_str(&b, "\n[applet]\nvendor_lock = yes\n");
	for (size_t k = 0; k < PURPOSES; k++)
		if (p->has[k])
			put_key(&b, p, (enum purpose)k);
	pass_put_cas(&b, p);
	if ((r = buf_end(&b)) != ERR_OK)
		return fail(r, "%s.card", p->slug);
	if ((r = pki_path(path, "%s/cards/%s.card", h->dir, p->slug)) != ERR_OK)
		return r;
	return file_write(path, buf_view(&b), 0600);
}

static enum err
write_key_and_cert(const struct hierarchy *h, const struct pass_plan *p,
    enum purpose purpose, int64_t now, EVP_PKEY *key)
{
	AUTO(ossl_cert) X509 *cert = NULL;
	struct x509_signer by;
	struct leaf leaf;
	char path[PATH_MAX];
	enum err r;

	leaf_plan(p, purpose, now, key, &leaf);
	by = hierarchy_signer(h, leaf.issuer);
	if ((r = leaf_make(&leaf, &by, &cert)) != ERR_OK)
		return r;
	if (p->revoked && (r = revoked_add(h, leaf.issuer, cert, now)) != ERR_OK)
		return r;
	if ((r = pki_path(path, "%s/cards/%s/%s.key", h->dir, p->slug,
	    purpose_slugs[purpose])) != ERR_OK ||
	    (r = key_write(path, key)) != ERR_OK ||
	    (r = pki_path(path, "%s/cards/%s/%s.der", h->dir, p->slug,
	    purpose_slugs[purpose])) != ERR_OK)
		return r;
	return x509_write(path, cert);
}

static enum err
write_pass(const struct hierarchy *h, const struct pass_plan *p, int64_t now,
    EVP_PKEY *const keys[PURPOSES])
{
	enum err r = pki_folder("%s/cards/%s", h->dir, p->slug);

	for (size_t k = 0; k < PURPOSES && r == ERR_OK; k++)
		if (p->has[k])
			r = write_key_and_cert(h, p, (enum purpose)k, now, keys[k]);
	return r != ERR_OK ? note(r, "pass %s", p->slug) : ERR_OK;
}

/* A hierarchy without a G4 CA has no G4 passes. */
enum err
passes_write(const struct hierarchy *h, const struct pki_options *o,
    EVP_PKEY *const (*keys)[PURPOSES])
{
	enum err r = ERR_OK;

	for (size_t i = 0; i < o->passes_n && r == ERR_OK; i++) {
		const struct pass_plan *p = &o->passes[i];

		if ((size_t)p->issuer >= h->n)
			continue;
		if ((r = write_pass(h, p, o->now, keys[i])) == ERR_OK)
			r = write_card_file(h, p, atr_of(i));
	}
	return r;
}
