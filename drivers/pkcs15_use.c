/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Using a private key: which algorithm the card calls by which number, what it wants to
 * be given, and the commands (ISO 7816-8; iso7816 reference, section 10).
 */
#include "drivers/pkcs15.h"

#include "iso7816/digestinfo.h"
#include "iso7816/ecdsa.h"
#include "iso7816/sw.h"

#define SIGNATURE_MAX	1024

/* PKCS #11 mechanisms, as TokenInfo names algorithms. */
#define CKM_RSA_PKCS		0x0001
#define CKM_RSA_X_509		0x0003
#define CKM_SHA256_RSA_PKCS	0x0040
#define CKM_SHA384_RSA_PKCS	0x0041
#define CKM_SHA512_RSA_PKCS	0x0042
#define CKM_ECDSA		0x1041
#define CKM_ECDSA_SHA256	0x1044
#define CKM_ECDSA_SHA384	0x1045
#define CKM_ECDSA_SHA512	0x1046
#define CKM_ECDH1_DERIVE	0x1050

/* How one operation is asked for. */
struct way {
	enum profile_digest_info input;
	bool	 exact;		/* EC: the hash as it is, of the algorithm's length */
	int	 alg;		/* tag 80; -1: left out */
};

static bool
may_use(const struct p15_key *key, uint32_t reference)
{
	for (size_t i = 0; i < key->n_algs; i++)
		if (key->algs[i] == reference)
			return true;
	return false;
}

/* What the card can do with this key by that mechanism.  NULL: it does not say so. */
static const struct p15_algorithm *
algorithm(const struct pkcs15 *t, const struct p15_key *key, uint32_t mechanism,
    uint32_t op)
{
	if (t->p->digest_info != DIGEST_INFO_TOKEN)
		return NULL;
	for (size_t i = 0; i < t->info.n_algs; i++) {
		const struct p15_algorithm *a = &t->info.algs[i];

		if (a->mechanism == mechanism && (a->operations & op) != 0 &&
		    may_use(key, a->reference))
			return a;
	}
	return NULL;
}

static int
ref_of(const struct p15_algorithm *a)
{
	return a->has_ref ? a->ref : -1;
}

/* The mechanisms that hash themselves, by the length of the hash. */
static const struct {
	size_t	 hash;
	uint32_t rsa, ec;
} hashed[] = {
	{ 32, CKM_SHA256_RSA_PKCS, CKM_ECDSA_SHA256 },
	{ 48, CKM_SHA384_RSA_PKCS, CKM_ECDSA_SHA384 },
	{ 64, CKM_SHA512_RSA_PKCS, CKM_ECDSA_SHA512 },
};

/* hash: its length, or 0 for any. */
static const struct p15_algorithm *
hashed_algorithm(const struct pkcs15 *t, const struct p15_key *key, size_t hash)
{
	const struct p15_algorithm *a = NULL;

	for (size_t i = 0; i < NELEM(hashed) && a == NULL; i++)
		if (hash == 0 || hash == hashed[i].hash)
			a = algorithm(t, key, key->ec ? hashed[i].ec : hashed[i].rsa,
			    P15_OP_SIGN);
	return a;
}

static struct way
way_to_sign(const struct pkcs15 *t, const struct p15_key *key, size_t hash)
{
	const struct p15_algorithm *a;
	struct way w = { .input = t->p->digest_info,
	    .alg = key->ec ? t->p->alg_ecdsa : t->p->alg_rsa_pkcs1 };

	if (w.input != DIGEST_INFO_TOKEN)
		return w;
	a = algorithm(t, key, key->ec ? CKM_ECDSA : CKM_RSA_PKCS, P15_OP_SIGN);
	if (a != NULL)
		return (struct way){ .input = DIGEST_INFO_HOST, .alg = ref_of(a) };
	if ((a = hashed_algorithm(t, key, hash)) != NULL)
		return (struct way){ .input = DIGEST_INFO_CARD, .exact = true,
		    .alg = ref_of(a) };
	if ((a = algorithm(t, key, CKM_RSA_X_509, P15_OP_SIGN)) != NULL)
		return (struct way){ .input = DIGEST_INFO_BLOCK, .alg = ref_of(a) };
	/* Only hashes of another length: TOKEN stays, which is no way. */
	if (hashed_algorithm(t, key, 0) == NULL)
		w.input = DIGEST_INFO_HOST;
	return w;
}

/* May the key sign, or only open what was sent to it? */
static bool
may_sign(const struct p15_key *key)
{
	const uint32_t opens = P15_USE_DECRYPT | P15_USE_UNWRAP | P15_USE_DERIVE;
	const uint32_t signs = P15_USE_SIGN | P15_USE_SIGN_RECOVER |
	    P15_USE_NON_REPUDIATION;

	return (key->usage & signs) != 0 || (key->usage & opens) == 0;
}

static unsigned
ec_algs(const struct p15_key *key)
{
	unsigned algs = may_sign(key) ? KEY_ALG_ECDSA : 0;

	if ((key->usage & P15_USE_DERIVE) != 0)
		algs |= KEY_ALG_ECDH;
	return algs;
}

static unsigned
rsa_algs(const struct pkcs15 *t, const struct p15_key *key)
{
	unsigned algs = 0;

	if (may_sign(key))
		algs = way_to_sign(t, key, 0).input == DIGEST_INFO_BLOCK ?
		    KEY_ALG_RSA_RAW : KEY_ALG_RSA_PKCS1;
	if ((key->usage & (P15_USE_DECRYPT | P15_USE_UNWRAP)) == 0)
		return algs;
	if (algorithm(t, key, CKM_RSA_PKCS, P15_OP_DECIPHER) == NULL &&
	    algorithm(t, key, CKM_RSA_X_509, P15_OP_DECIPHER) != NULL)
		return algs | KEY_ALG_RSA_DECRYPT_RAW;
	return algs | KEY_ALG_RSA_DECRYPT;
}

/* What MSE calls the key: tag 84 and its reference, or tag 81 and its file. */
static bool
put_key(const struct pkcs15 *t, const struct p15_key *key, struct buf *crt)
{
	if (t->p->key_ref == KEY_REF_ORDINAL || key->has_ref) {
		buf_u8(crt, 0x84);
		buf_u8(crt, 1);
		buf_u8(crt, t->p->key_ref == KEY_REF_ORDINAL ? (uint8_t)key->ordinal :
		    key->ref);
		return true;
	}
	if (t->p->key_ref != KEY_REF_FILE || !p15_path_is_file(&key->path))
		return false;		/* nothing says it, and it is not guessed */
	buf_u8(crt, 0x81);
	buf_u8(crt, 2);
	buf_put(crt, key->path.p + key->path.n - 2, 2);
	return true;
}

unsigned
pkcs15_algs(const struct pkcs15 *t, const struct p15_key *key)
{
	AUTO(buf_free) struct buf crt = BUF(8);

	if (!put_key(t, key, &crt))
		return 0;
	return key->ec ? ec_algs(key) : rsa_algs(t, key);
}

enum err
pkcs15_use_result(const char *what, unsigned sw)
{
	bool refused = sw == SW_SECURITY || sw == SW_CONDITIONS;
	enum err e = refused ? ERR_NOT_LOGGED_IN : ERR_CARD;

	return fail(e, "%s: %s (%04x)", what, sw_name(sw), sw);
}

/* The key's file, if the profile says that the card wants it. */
static enum err
select_key(struct pkcs15 *t, struct channel *ch, const struct p15_key *key)
{
	struct p15_path folder = key->path;
	size_t size;
	enum err r;

	if (t->p->key_path && key->path.n != 0) {
		r = file_select(ch, &t->files, &key->path, &size);
		if (r == ERR_NOT_FOUND)
			return fail(ERR_CARD, "the key's file is not there");
		return r == ERR_OK ? r : note(r, "the key's file");
	}
	/* For its PIN another folder was selected: the key's number counts in its own. */
	if (!t->p->adapt || ch->df_len == 0)
		return ERR_OK;
	folder.n = folder.n >= 2 ? folder.n - 2 : 0;
	r = file_folder(ch, &t->files, &folder);
	return r == ERR_OK ? r : note(r, "folder of the key");
}

/* P2: B6 for signatures, A4 for authentication, B8 for deciphering. */
static enum err
set_environment(struct pkcs15 *t, struct channel *ch, const struct p15_key *key,
    uint8_t p2, int alg)
{
	AUTO(buf_free) struct buf crt = BUF(8);
	struct apdu a = { .ins = 0x22, .p1 = t->p->mse[0], .p2 = p2 };
	unsigned sw;
	enum err r;

	if ((r = select_key(t, ch, key)) != ERR_OK)
		return r;
	for (size_t i = 0; i < 2; i++) {
		if (t->p->mse_tags[i] == 0x84 && !put_key(t, key, &crt))
			return fail(ERR_UNSUPPORTED, "no reference of the key");
		if (t->p->mse_tags[i] != 0x84 && alg >= 0) {
			buf_u8(&crt, 0x80);
			buf_u8(&crt, 1);
			buf_u8(&crt, (unsigned)alg);
		}
	}
	if ((r = buf_end(&crt)) != ERR_OK)
		return r;
	a.data = buf_view(&crt);
	if ((r = channel_send(ch, &a, NULL, &sw)) != ERR_OK)
		return note(r, "MSE");
	return sw == SW_OK ? ERR_OK : pkcs15_use_result("MSE", sw);
}

static size_t
key_bytes(const struct card_key *key)
{
	return (key->bits + 7) / 8;
}

/* A hash as ECDSA uses it: its leftmost bytes, or itself as a number of that length. */
static void
put_hash(struct cur hash, size_t n, struct buf *ret)
{
	for (size_t i = hash.n; i < n; i++)
		buf_u8(ret, 0);
	buf_cur(ret, hash.n > n ? cur_of(hash.p, n) : hash);
}

/* What the card is given of input, which is a DigestInfo, a block or a hash. */
static enum err
put_input(const struct card_key *key, enum key_alg alg, struct cur input,
    const struct way *w, struct buf *ret)
{
	struct cur hash;

	if (alg == KEY_ALG_ECDSA && !w->exact) {
		put_hash(input, key_bytes(key), ret);
	} else if (alg == KEY_ALG_RSA_PKCS1 && w->input == DIGEST_INFO_CARD) {
		if (!digestinfo_hash(input, &hash))
			return fail(ERR_UNSUPPORTED, "no DigestInfo");
		buf_cur(ret, hash);
	} else {
		buf_cur(ret, input);
	}
	return buf_end(ret);
}

/* r and s side by side, from that or from DER; an RSA number at its full length. */
static enum err
put_signature(const struct card_key *key, enum key_alg alg, struct cur sig, struct buf *ret)
{
	size_t n = key_bytes(key);

	if (sig.n == 0)
		return fail(ERR_CARD, "an empty signature");
	if (alg == KEY_ALG_ECDSA && sig.n != 2 * n) {
		if (!ecdsa_plain(sig, n, ret))
			return fail(ERR_CARD, "%zu bytes are no ECDSA signature", sig.n);
		return buf_end(ret);
	}
	if (alg != KEY_ALG_ECDSA && sig.n + 1 == n)
		buf_u8(ret, 0);		/* stripped by the card (vector 45) */
	buf_cur(ret, sig);
	return buf_end(ret);
}

/* Up to 256 bytes the short form does; more is asked for at once. */
static unsigned
expected(const struct card_key *key)
{
	size_t n = key_bytes(key);

	return n > APDU_LE_MAX && n <= SIGNATURE_MAX ? (unsigned)n : APDU_LE_MAX;
}

static enum err
command_sign(const struct pkcs15 *t, struct channel *ch, const struct card_key *key,
    struct cur input, struct buf *ret)
{
	struct apdu a = { .ins = 0x2a, .p1 = 0x9e, .p2 = 0x9a, .data = input,
	    .le = expected(key) };
	const char *what = "PSO: COMPUTE DIGITAL SIGNATURE";
	unsigned sw;
	enum err r;

	if (t->p->mse[1] == 0xa4) {
		a.ins = 0x88;
		a.p1 = a.p2 = 0;
		what = "INTERNAL AUTHENTICATE";
	}
	if ((r = channel_send(ch, &a, ret, &sw)) != ERR_OK)
		return note(r, "%s", what);
	return sw == SW_OK ? ERR_OK : pkcs15_use_result(what, sw);
}

static size_t
hash_length(enum key_alg alg, struct cur input)
{
	struct cur hash;

	if (alg == KEY_ALG_ECDSA)
		return input.n;
	return digestinfo_hash(input, &hash) ? hash.n : SIZE_MAX;
}

enum err
pkcs15_sign(void *state, struct channel *ch, const struct card_key *key, enum key_alg alg,
    struct cur input, struct buf *ret_sig)
{
	AUTO(buf_free) struct buf data = BUF(SIGNATURE_MAX), sig = BUF(SIGNATURE_MAX);
	struct pkcs15 *t = state;
	const struct p15_key *k = &t->keys[key->slot];
	const struct way w = way_to_sign(t, k, hash_length(alg, input));
	enum err r;

	if ((key->algs & alg) == 0 || w.input == DIGEST_INFO_TOKEN)
		return fail(ERR_UNSUPPORTED, "algorithm %d", (int)alg);
	if (alg == KEY_ALG_ECDSA && key->bits == 0)
		return fail(ERR_UNSUPPORTED, "nothing says which curve it is");
	if ((r = put_input(key, alg, input, &w, &data)) != ERR_OK ||
	    (r = set_environment(t, ch, k, t->p->mse[1], w.alg)) != ERR_OK ||
	    (r = command_sign(t, ch, key, buf_view(&data), &sig)) != ERR_OK)
		return r;
	return put_signature(key, alg, buf_view(&sig), ret_sig);
}

static int
decipher_ref(const struct pkcs15 *t, const struct p15_key *key, enum key_alg alg)
{
	uint32_t mechanism = alg == KEY_ALG_RSA_DECRYPT ? CKM_RSA_PKCS : CKM_RSA_X_509;
	const struct p15_algorithm *a;

	if (alg == KEY_ALG_ECDH)
		a = algorithm(t, key, CKM_ECDH1_DERIVE, P15_OP_DERIVE | P15_OP_DECIPHER);
	else
		a = algorithm(t, key, mechanism, P15_OP_DECIPHER);
	if (a != NULL)
		return ref_of(a);
	return alg == KEY_ALG_ECDH ? t->p->alg_ecdh : t->p->alg_rsa_decipher;
}

enum err
pkcs15_decipher(void *state, struct channel *ch, const struct card_key *key,
    enum key_alg alg, struct cur block, struct buf *ret)
{
	AUTO(buf_free) struct buf data = BUF(SIGNATURE_MAX), plain = BUF(SIGNATURE_MAX);
	struct apdu a = { .ins = 0x2a, .p1 = 0x80, .p2 = 0x86, .le = expected(key) };
	struct pkcs15 *t = state;
	const struct p15_key *k = &t->keys[key->slot];
	unsigned sw;
	enum err r;

	if ((key->algs & alg) == 0)
		return fail(ERR_UNSUPPORTED, "algorithm %d", (int)alg);
	if (alg != KEY_ALG_ECDH)
		buf_u8(&data, 0);	/* ISO 7816-8: no further indication */
	buf_cur(&data, block);
	if ((r = buf_end(&data)) != ERR_OK ||
	    (r = set_environment(t, ch, k, 0xb8, decipher_ref(t, k, alg))) != ERR_OK)
		return r;
	a.data = buf_view(&data);
	if ((r = channel_send(ch, &a, &plain, &sw)) != ERR_OK)
		return note(r, "PSO: DECIPHER");
	if (sw == SW_BAD_DATA)
		return fail(ERR_MALFORMED, "PSO: DECIPHER: %s", sw_name(sw));
	if (sw != SW_OK)
		return pkcs15_use_result("PSO: DECIPHER", sw);
	buf_cur(ret, buf_view(&plain));
	return buf_end(ret);
}
