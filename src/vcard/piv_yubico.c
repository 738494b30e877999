/* SPDX-License-Identifier: EUPL-1.2 */
/* What YubiKeys can besides: version, serial number, metadata, attestation. */
#include <openssl/core_names.h>
#include <stdio.h>

#include "vcard/crypto.h"
#include "vcard/der.h"
#include "vcard/inside.h"
#include "vcard/ossl.h"
#include "vcard/x509.h"

#define REFERENCE_PIN		0x80
#define REFERENCE_PUK		0x81
#define REFERENCE_MANAGEMENT	0x9b

/* Firmware of at least major.minor. */
static bool
has(const struct vcard *c, uint8_t major, uint8_t minor)
{
	const uint8_t *v = c->file.piv.version;

	return c->file.piv.yubico && (v[0] > major || (v[0] == major && v[1] >= minor));
}

unsigned
piv_version(struct vcard *c, struct vchannel *ch UNUSED, const struct command *m UNUSED,
    struct buf *out)
{
	if (!c->file.piv.yubico)
		return SW_INS;
	buf_put(out, c->file.piv.version, sizeof(c->file.piv.version));
	return SW_OK;
}

/* Four bytes: the last ones of the card file's serial. */
unsigned
piv_serial(struct vcard *c, struct vchannel *ch UNUSED, const struct command *m UNUSED,
    struct buf *out)
{
	if (!has(c, 5, 0) || !c->file.piv.show_serial)
		return SW_INS;
	buf_put(out, c->file.serial + CARD_SERIAL - 4, 4);
	return SW_OK;
}

/*
 * Metadata.
 */

static void
put_byte(struct buf *b, unsigned tag, size_t v)
{
	uint8_t byte = (uint8_t)v;

	der_put(b, tag, cur_of(&byte, 1));
}

static unsigned
secret_metadata(const struct vcard *c, enum secret_kind kind, struct buf *out)
{
	const char *factory = kind == PUK ? "12345678" : "123456";

	put_byte(out, 0x01, 0xff);
	put_byte(out, 0x05, strcmp(c->state.secrets[kind], factory) == 0);
	buf_put(out, "\x06\x02", 2);
	buf_u8(out, (unsigned)c->file.tries[kind]);
	buf_u8(out, c->state.tries[kind]);
	return SW_OK;
}

static unsigned
management_metadata(struct buf *out)
{
	put_byte(out, 0x01, 0x03);			/* 3DES */
	buf_put(out, "\x02\x02\x00\x01", 4);		/* no touch */
	put_byte(out, 0x05, 1);				/* as from the factory */
	return SW_OK;
}

static bool
put_public_key(const EVP_PKEY *key, struct buf *out)
{
	size_t all = der_open(out, 0x04), at;
	bool good;

	if (!crypto_is_rsa(key)) {
		at = der_open(out, 0x86);
		good = crypto_put_point(key, out);
		der_close(out, at);
	} else {
		at = der_open(out, 0x81);
		good = crypto_put_number(key, OSSL_PKEY_PARAM_RSA_N, out);
		der_close(out, at);
		at = der_open(out, 0x82);
		good = good && crypto_put_number(key, OSSL_PKEY_PARAM_RSA_E, out);
		der_close(out, at);
	}
	der_close(out, all);
	return good;
}

static unsigned
key_metadata(const struct vcard *c, size_t i, struct buf *out)
{
	const struct card_object *o = &c->file.keys[i];

	put_byte(out, 0x01, piv_algorithm(c->keys[i].key));
	buf_put(out, "\x02\x02", 2);
	buf_u8(out, (unsigned)o->policy + 1);
	buf_u8(out, (unsigned)o->touch + 1);
	put_byte(out, 0x03, o->imported ? 2 : 1);
	return put_public_key(c->keys[i].key, out) ? SW_OK : SW_FAULT;
}

unsigned
piv_metadata(struct vcard *c, struct vchannel *ch UNUSED, const struct command *m,
    struct buf *out)
{
	size_t i;

	if (!has(c, 5, 3))
		return SW_INS;
	if (m->p1 != 0)
		return SW_P1P2;
	if (m->p2 == REFERENCE_PIN || m->p2 == REFERENCE_PUK)
		return secret_metadata(c, m->p2 == REFERENCE_PUK ? PUK : USER_PIN, out);
	if (m->p2 == REFERENCE_MANAGEMENT)
		return management_metadata(out);
	if (!piv_index(m->p2, &i) || c->keys[i].key == NULL)
		return SW_NOT_FOUND;
	return key_metadata(c, i, out);
}

/*
 * Attestation: a certificate for the key of a slot, made anew each time.
 */

#define ARC		"1.3.6.1.4.1.41482.3."
#define OID_FIRMWARE	ARC "3"
#define OID_SERIAL	ARC "7"
#define OID_POLICY	ARC "8"
#define OID_FORM	ARC "9"

struct statement {
	uint8_t	   policy[2], form;
	struct buf serial;		/* DER */
	struct x509_extra extra[5];
};

static void
statement_end(struct statement *s)
{
	buf_free(&s->serial);
}

static void
make_statement(const struct vcard *c, size_t i, struct statement *s)
{
	const uint8_t *n = c->file.serial + CARD_SERIAL - 4;
	size_t used = 0;

	s->policy[0] = (uint8_t)(c->file.keys[i].policy + 1);
	s->policy[1] = (uint8_t)(c->file.keys[i].touch + 1);
	s->form = (uint8_t)c->file.piv.form_factor;
	der_int(&s->serial, 0x02, (uint32_t)(n[0] & 0x7f) << 24 | (uint32_t)n[1] << 16 |
	    (uint32_t)n[2] << 8 | n[3]);
	s->extra[used++] = (struct x509_extra){ OID_FIRMWARE,
	    cur_of(c->file.piv.version, sizeof(c->file.piv.version)) };
	if (c->file.piv.show_serial)
		s->extra[used++] = (struct x509_extra){ OID_SERIAL,
		    buf_view(&s->serial) };
	s->extra[used++] = (struct x509_extra){ OID_POLICY,
	    cur_of(s->policy, sizeof(s->policy)) };
	s->extra[used++] = (struct x509_extra){ OID_FORM, cur_of(&s->form, 1) };
}

static unsigned
attest(const struct vcard *c, size_t i, X509 *issuer, struct buf *out)
{
	AUTO(statement_end) struct statement s = { .serial = BUF(16) };
	AUTO(ossl_cert) X509 *cert = NULL;
	const struct x509_signer by = { issuer, c->keys[PIV_ATTESTATION].key, false };
	struct x509_plan p = { .bare = true, .key = c->keys[i].key, .path_len = -1,
	    .extra = s.extra };
	char name[64];
	uint8_t *der = NULL;
	int n;

	make_statement(c, i, &s);
	snprintf(name, sizeof(name), "YubiKey PIV Attestation %x", piv_slot(i));
	p.subject[0] = (struct x509_part){ "2.5.4.3", name };
	if (x509_times_of(issuer, &p) != ERR_OK || x509_make(&p, &by, &cert) != ERR_OK ||
	    (n = i2d_X509(cert, &der)) <= 0)
		return SW_FAULT;
	buf_put(out, der, (size_t)n);
	OPENSSL_free(der);
	return SW_OK;
}

unsigned
piv_attest(struct vcard *c, struct vchannel *ch UNUSED, const struct command *m,
    struct buf *out)
{
	struct cur der = buf_view(&c->keys[PIV_ATTESTATION].certificate);
	const uint8_t *p = der.p;
	AUTO(ossl_cert) X509 *issuer = NULL;
	size_t i;

	if (!has(c, 4, 3))
		return SW_INS;
	if (m->p2 != 0)
		return SW_P1P2;
	if (der.n == 0 || !piv_index(m->p1, &i) || i == PIV_ATTESTATION ||
	    c->keys[i].key == NULL || c->file.keys[i].imported)
		return SW_DATA;
	issuer = d2i_X509(NULL, &p, (long)der.n);
	return issuer == NULL ? SW_FAULT : attest(c, i, issuer, out);
}
