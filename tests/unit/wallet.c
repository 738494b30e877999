/* SPDX-License-Identifier: EUPL-1.2 */
/* Virtual cards with real keys for the card stack. */
#include "tests/check.h"

#include "tests/unit/wallet.h"

#include <openssl/ecdsa.h>
#include <stdlib.h>
#include <unistd.h>

#include "drivers/drivers.h"
#include "tests/unit/make_cert.h"

static struct made ca, certs[2][PURPOSES];	/* [0]: RSA; [1]: of another person */
static struct made ec[2];			/* for cards that can do EC */
static struct profiles profiles;
static struct keypads keypads = { .item = { { .part = "Virtual Reader" } }, .n = 1 };
struct native_options wallet_options;
const struct made *wallet_login;
static struct card_cache *cache;
static char folder[64], state_file[80];

static void
make_certs(void)
{
	static const char *const usages[PURPOSES] = { "critical,digitalSignature",
	    "critical,nonRepudiation", "critical,keyEncipherment" };
	const struct recipe authority = { .cn = "Test CA", .o = "Test",
	    .basic = "critical,CA:TRUE", .usage = "critical,keyCertSign", .kind = "P-256" };
	struct recipe how = { .cn = "Zoe Test", .o = "Test", .serial = 11 };

	make_cert(&authority, NULL, &ca);
	for (size_t k = 0; k < 2; k++) {
		how.kind = NULL;
		how.key = NULL;
		for (size_t i = 0; i < PURPOSES; i++) {
			how.usage = usages[i];
			make_cert(&how, &ca, &certs[k][i]);
			how.key = certs[k][i].key;	/* one is enough */
			how.serial++;
		}
		how.key = NULL;
		how.usage = usages[AUTHENTICATION];
		how.kind = "P-256";
		make_cert(&how, &ca, &ec[k]);
	}
}

int
wallet_setup(void **state UNUSED)
{
	const char *src = getenv("srcdir");
	char *top = realpath(src != NULL ? src : ".", NULL);
	char path[4096];

	assert_non_null(top);
	snprintf(path, sizeof(path), "%s/drivers/profiles", top);
	free(top);
	assert_ok(profiles_load(path, NULL, geteuid(), &profiles));
	wallet_options = (struct native_options){ .profiles = profiles_list(&profiles),
	    .drivers = drivers_table, .keypads = &keypads };
	make_certs();
	snprintf(folder, sizeof(folder), "/tmp/dezi-wallet.XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(state_file, sizeof(state_file), "%s/state", folder);
	return 0;
}

struct card_cache *
wallet_cache(void)
{
	card_cache_close(&cache);
	(void)remove(state_file);
	assert_ok(card_cache_open(folder, &cache));
	return cache;
}

int
wallet_teardown(void **state UNUSED)
{
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < PURPOSES; i++)
			made_drop(&certs[k][i]);
		made_drop(&ec[k]);
	}
	made_drop(&ca);
	profiles_free(&profiles);
	card_cache_close(&cache);
	(void)remove(state_file);
	return rmdir(folder);
}

static const struct made *
login_of(enum wallet_kind kind, bool other)
{
	if (wallet_login != NULL)
		return wallet_login;
	return kind == WALLET_PIV || kind == WALLET_YUBIKEY ? &ec[other] : &certs[other][AUTHENTICATION];
}

struct cur
wallet_cert(const struct wallet_card *c, bool other)
{
	return buf_view(&login_of(c->kind, other)->der);
}

/* r and s as the SEQUENCE that libcrypto wants. */
static int
ecdsa_der(struct cur sig, uint8_t **ret)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	int n;

	assert_int_equal(ECDSA_SIG_set0(pair, BN_bin2bn(sig.p, (int)sig.n / 2, NULL),
	    BN_bin2bn(sig.p + sig.n / 2, (int)sig.n / 2, NULL)), 1);
	n = i2d_ECDSA_SIG(pair, ret);
	ECDSA_SIG_free(pair);
	assert_true(n > 0);
	return n;
}

bool
wallet_signed(const struct wallet_card *c, bool other, struct cur tbs, struct cur sig)
{
	EVP_PKEY *key = login_of(c->kind, other)->key;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t *der = NULL;
	bool good;

	assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	if (EVP_PKEY_is_a(key, "EC")) {
		size_t n = (size_t)ecdsa_der(sig, &der);

		sig = cur_of(der, n);
	}
	good = EVP_DigestVerify(ctx, sig.p, sig.n, tbs.p, tbs.n) == 1;
	OPENSSL_free(der);
	EVP_MD_CTX_free(ctx);
	return good;
}

static void
put_key(struct wallet_card *c, size_t i, const struct made *m)
{
	assert_int_equal(EVP_PKEY_up_ref(m->key), 1);
	assert_ok(vcard_set_key(c->card, i, m->key, buf_view(&m->der)));
}

/* Of a YubiKey 5 (piv reference, section 7). */
static const uint8_t yubikey_atr[] = {
	0x3b, 0xfd, 0x13, 0x00, 0x00, 0x81, 0x31, 0xfe, 0x15, 0x80, 0x73, 0xc0, 0x21, 0xc0,
	0x57, 0x59, 0x75, 0x62, 0x69, 0x4b, 0x65, 0x79, 0x40,
};

static void
describe(struct wallet_card *c, uint8_t number)
{
	static const enum card_type types[] = { CARD_UZI, CARD_P15, CARD_PIV, CARD_PIV };
	struct card_file *f = &c->file;

	card_file_defaults_of(types[c->kind], f);
	memcpy(f->secrets[USER_PIN], WALLET_PIN, sizeof(WALLET_PIN));
	memcpy(f->secrets[PUK], WALLET_PUK, sizeof(WALLET_PUK));
	memcpy(f->serial, "\x44\x5a\0\0\0\0\0", CARD_SERIAL - 1);
	f->serial[CARD_SERIAL - 1] = number;
	memset(f->piv.guid, number, sizeof(f->piv.guid));
	f->chaining = true;
	if (c->kind == WALLET_YUBIKEY) {
		f->piv.yubico = f->piv.show_serial = true;
		memcpy(f->piv.version, "\x05\x04\x03", 3);
		memcpy(f->atr, yubikey_atr, sizeof(yubikey_atr));
		f->atr_len = sizeof(yubikey_atr);
	}
	for (size_t i = 0; c->kind == WALLET_UZI && i < PURPOSES; i++)
		f->keys[i].present = true;
	if (c->kind == WALLET_P15) {
		memcpy(f->keys[0].label, "AUTH", 5);
		memcpy(f->keys[1].label, "CONF", 5);
		f->keys[1].usage = CONFIDENTIALITY;
	}
}

static void
command(void *arg, struct cur in, struct buf *ret)
{
	vcard_command(((struct wallet_card *)arg)->card, in, ret);
}

static void
reset(void *arg)
{
	vcard_reset(((struct wallet_card *)arg)->card);
}

void
wallet_make(struct wallet_card *c, enum wallet_kind kind, uint8_t number, bool other)
{
	*c = (struct wallet_card){ .kind = kind };
	describe(c, number);
	assert_ok(vcard_new(&c->file, &c->card));
	put_key(c, 0, login_of(kind, other));
	if (kind == WALLET_UZI) {
		put_key(c, SIGNATURE, &certs[other][SIGNATURE]);
		put_key(c, CONFIDENTIALITY, &certs[other][CONFIDENTIALITY]);
	} else if (kind == WALLET_P15) {
		put_key(c, 1, &certs[other][CONFIDENTIALITY]);
	}
	/* Slot F9 vouches for keys made on the card. */
	if (kind == WALLET_YUBIKEY)
		put_key(c, PIV_ATTESTATION, &ec[!other]);
	assert_ok(vcard_finish(c->card));
	c->in_hand = (struct ws_card){ .atr_len = c->file.atr_len, .arg = c,
	    .command = command, .reset = reset };
	memcpy(c->in_hand.atr, c->file.atr, c->file.atr_len);
}

void
wallet_drop(struct wallet_card *c)
{
	vcard_free(&c->card);
}

void
wallet_renew(struct wallet_card *c)
{
	card_state_new(&c->file, vcard_state(c->card));
	vcard_reset(c->card);
}
