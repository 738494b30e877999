/* SPDX-License-Identifier: EUPL-1.2 */
/* Our own card stack as a login means: whole bytes in, a JWS signature out. */
#include "means/native.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "iso7816/digestinfo.h"
#include "means/signature.h"

#define SIGNATURE_MAX	1024
#define RSA_BITS_MIN	2048	/* RFC 7518 section 3.3 */

struct native {
	struct reader *reader;
	struct native_options o;
	struct card *card;
	struct card_key key;		/* of the last look */
	size_t	 width;			/* of its modulus, or of one ECDSA integer */
	bool	 looked, from_cache;
};

static void
x509_drop(X509 **x)
{
	X509_free(*x);
	*x = NULL;
}

static X509 *
parse(struct cur der)
{
	const unsigned char *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);

	if (x != NULL && p != der.p + der.n)
		x509_drop(&x);
	return x;
}

/* The algorithm is the key's, never somebody's wish.  False: none of ours. */
static bool
alg_of(const EVP_PKEY *key, enum means_alg *ret, size_t *ret_width)
{
	int bits = EVP_PKEY_get_bits(key);
	char curve[32] = "";

	if (EVP_PKEY_is_a(key, "RSA") && bits >= RSA_BITS_MIN) {
		*ret = MEANS_RS256;
		*ret_width = (size_t)(bits + 7) / 8;
		return true;
	}
	if (!EVP_PKEY_is_a(key, "EC") ||
	    EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) != 1)
		return false;
	if (strcmp(curve, "prime256v1") == 0) {
		*ret = MEANS_ES256;
		*ret_width = 32;
		return true;
	}
	*ret = MEANS_ES384;
	*ret_width = 48;
	return strcmp(curve, "secp384r1") == 0;
}

/*
 * Is this the certificate for login?  The card's own word was a hint; digitalSignature
 * without nonRepudiation decides (DESIGN section 6 rule 4, T7).
 */
static bool
suits(void *arg, struct cur der)
{
	AUTO(x509_drop) X509 *x = parse(der);
	const EVP_PKEY *key;
	enum means_alg alg;
	uint32_t usage;
	size_t width;

	(void)arg;
	if (x == NULL || (key = X509_get0_pubkey(x)) == NULL)
		return false;
	usage = X509_get_key_usage(x);	/* all ones when there is no extension */
	return (usage & KU_DIGITAL_SIGNATURE) != 0 && (usage & KU_NON_REPUDIATION) == 0 &&
	    alg_of(key, &alg, &width);
}

/* What the driver calls the operation for a key of this kind. */
static enum key_alg
card_alg(enum means_alg alg)
{
	return alg == MEANS_RS256 ? KEY_ALG_RSA_PKCS1 : KEY_ALG_ECDSA;
}

/* The padding of RSA is the card's work, or src/card's. */
static bool
card_can(const struct card_key *key, enum means_alg alg)
{
	unsigned algs = alg == MEANS_RS256 ? KEY_ALG_RSA_PKCS1 | KEY_ALG_RSA_RAW : KEY_ALG_ECDSA;

	return (key->algs & algs) != 0;
}

static void
leave_in_peace(struct native *n)
{
	struct pcsc_reader_state s = { .event_counter = n->reader->event_counter,
	    .atr_len = n->reader->atr_len, .service = n->reader->service };

	if (n->o.cache == NULL)
		return;
	memcpy(s.name, n->reader->name, sizeof(s.name));
	memcpy(s.atr, n->reader->atr, sizeof(s.atr));
	card_cache_set_unknown(n->o.cache, &s);
}

static enum err
fill_view(struct native *n, struct card_view *in, struct means_view *ret)
{
	AUTO(x509_drop) X509 *x = parse(buf_view(&in->cert));
	struct means_view v = { .event_counter = n->reader->event_counter };

	if (x == NULL || !alg_of(X509_get0_pubkey(x), &v.alg, &n->width) ||
	    !card_can(&in->key, v.alg))
		return fail(ERR_NO_CERT, "a key that does not fit its certificate");
	snprintf(v.reader, sizeof(v.reader), "%s", n->reader->name);
	snprintf(v.driver, sizeof(v.driver), "%s", card_driver(n->card));
	snprintf(v.serial, sizeof(v.serial), "%s", card_serial(n->card));
	v.pin = in->pin;
	v.pin_min = in->rules.min;
	v.pin_max = in->rules.max;
	v.pin_digits_only = in->rules.digits_only;
	v.cert = in->cert;
	in->cert = (struct buf)BUF(0);		/* the view's now */
	*ret = v;
	return ERR_OK;
}

static enum err
native_look(struct means *m, struct means_view *ret)
{
	AUTO(card_view_free) struct card_view view = { .cert = BUF(0) };
	struct native *n = m->state;
	enum err r;

	n->looked = false;
	r = card_look(n->card, n->o.cache, suits, NULL, &view);
	if (r == ERR_CARD_UNKNOWN)
		leave_in_peace(n);
	if (r != ERR_OK || (r = fill_view(n, &view, ret)) != ERR_OK)
		return r;
	n->key = view.key;
	n->from_cache = view.from_cache;
	n->looked = true;
	return ERR_OK;
}

/* What the card is asked to sign: DigestInfo for RSA, the bare hash for ECDSA. */
static enum err
digest(enum means_alg alg, struct cur tbs, struct buf *ret)
{
	const EVP_MD *md = alg == MEANS_ES384 ? EVP_sha384() : EVP_sha256();
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned len;

	if (EVP_Digest(tbs.p, tbs.n, hash, &len, md, NULL) != 1)
		return fail(ERR_CRYPTO, "hash");
	if (alg == MEANS_RS256)
		return digestinfo_put(ret, cur_of(hash, len));
	buf_put(ret, hash, len);
	return buf_end(ret);
}

/* What the cache said may be why it failed: the next login reads the card itself. */
static bool
cache_is_suspect(enum err r)
{
	return r == ERR_CARD || r == ERR_CARD_INACTIVE || r == ERR_UNSUPPORTED;
}

static enum err
native_sign(struct means *m, const struct means_view *v, const struct secret *pin,
    bool allow_last, struct cur tbs, struct buf *ret_sig, struct pin_state *ret_pin)
{
	AUTO(buf_free) struct buf input = BUF(128), sig = BUF(SIGNATURE_MAX);
	struct native *n = m->state;
	enum err r;

	assert(n->looked);
	assert(v->alg != MEANS_PS256);	/* look() never says so */
	*ret_pin = (struct pin_state){ .tries = -1 };
	if (v->event_counter != n->reader->event_counter ||
	    strcmp(v->serial, card_serial(n->card)) != 0)
		return fail(ERR_CARD_CHANGED, "that was another card");
	if ((r = digest(v->alg, tbs, &input)) != ERR_OK)
		return r;
	r = card_sign_once(n->card, &n->key, card_alg(v->alg), pin, allow_last,
	    buf_view(&input), &sig, ret_pin);
	if (n->from_cache && n->o.cache != NULL && cache_is_suspect(r))
		card_cache_drop(n->o.cache, card_profile_name(n->card), v->serial);
	if (r != ERR_OK)
		return r;
	return v->alg == MEANS_RS256 ? signature_rsa(buf_view(&sig), n->width, ret_sig) :
	    signature_ecdsa(buf_view(&sig), n->width, ret_sig);
}

static void
native_free(struct native **n)
{
	if (*n == NULL)
		return;
	card_close(&(*n)->card);
	reader_close(&(*n)->reader);
	free(*n);
	*n = NULL;
}

static void
native_close(struct means *m)
{
	struct native *n = m->state;

	native_free(&n);
}

static const struct means_ops native_ops = {
	.name = "native",
	.one_transaction = true,
	.look = native_look,
	.sign = native_sign,
	.close = native_close,
};

enum err
native_open(struct reader *reader, const struct native_options *o, struct means **ret)
{
	AUTO(native_free) struct native *n = calloc(1, sizeof(*n));
	struct means *m;
	enum err r;

	if (n == NULL) {
		reader_close(&reader);
		return fail(ERR_NOMEM, "means");
	}
	n->reader = reader;
	n->o = *o;
	r = card_open(reader, o->drivers, o->profiles, &n->card);
	if (r == ERR_CARD_UNKNOWN)
		leave_in_peace(n);
	if (r != ERR_OK)
		return r;
	if ((m = calloc(1, sizeof(*m))) == NULL)
		return fail(ERR_NOMEM, "means");
	m->ops = &native_ops;
	m->state = n;
	n = NULL;
	*ret = m;
	return ERR_OK;
}
