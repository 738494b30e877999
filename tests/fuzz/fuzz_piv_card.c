/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The whole life of the piv driver, with a card whose every reply is the input: one login,
 * or a program that stays and uses everything.  Bounded, nothing left open, no PIN or PUK
 * sent but those that were given.
 *
 *	u8: bits 0 and 1 profile, bit 2 extended length, bit 3 T=0, bit 6 probe first,
 *	bit 7 stay; then replies as replay_open_bytes() takes them
 */
#include "tests/fuzz/fuzz.h"

#include "card/newpin.h"
#include "card/replay.h"
#include "drivers/drivers.h"

static const char common[] =
	"[profile]\ndriver = piv\nprobe = yes\natr = 3B 80 01 81\n"
	"[card]\naid = A0 00 00 03 08 00 00 10 00\nextended = yes\n";

/* A plain card, a YubiKey, a NEO, and one that must be tried to be known. */
static const char *const rest[] = {
	"[pin]\npadding = FF 8\nmin = 6\nmax = 8\nlogout = 00 20 FF RR\n",
	("serial = 00 F8 00 00 00\n[pin]\nmin = 6\nmax = 8\ntries = metadata\n"
	    "logout = 00 20 FF RR\n"),
	"[pin]\nmin = 6\nmax = 8\nwrong = 630X\ntries = empty-verify\n",
	"[pin]\nmin = 6\nmax = 8\ntries = empty-verify\nlogout = 00 20 FF RR\n",
};

static const struct secret pin = { .p = "123456", .len = 6 };
static const struct secret puk = { .p = "87654321", .len = 8 };

static void
one_login(struct card *c)
{
	AUTO(card_view_free) struct card_view v = { .from_cache = false };
	AUTO(buf_free) struct buf sig = BUF(1024);
	const uint8_t hash[32] = { 1 };
	struct pin_state left;
	enum err r;

	if (card_look(c, NULL, NULL, NULL, &v) != ERR_OK)
		return;
	must(v.cert.len != 0 && v.key.usage == KEY_AUTHENTICATION && v.key.id[0] == 1);
	r = card_sign_once(c, &v.key,
	    (v.key.algs & KEY_ALG_ECDSA) != 0 ? KEY_ALG_ECDSA : KEY_ALG_RSA_PKCS1, &pin, false,
	    cur_of(hash, sizeof(hash)), &sig, &left);
	must(r == ERR_OK ? sig.len != 0 : sig.len == 0);
	must(left.tries >= -1 && left.tries <= 15);
}

static void
use_key(struct card *c, struct card_key *key)
{
	static const enum key_alg algs[] = { KEY_ALG_RSA_RAW, KEY_ALG_ECDSA, KEY_ALG_EDDSA,
	    KEY_ALG_RSA_DECRYPT_RAW, KEY_ALG_ECDH };
	AUTO(buf_free) struct buf der = BUF(16384), out = BUF(1024);
	const uint8_t input[512] = { 4 };
	struct pin_state left;
	size_t n = key->bits / 8;

	if (card_read_cert(c, key, &der) != ERR_OK || key->presence != KEY_PRESENT)
		return;
	if (key->always_auth && card_hold(c, key, &pin, &left) != ERR_OK)
		return;
	for (size_t i = 0; i < NELEM(algs); i++) {
		if ((key->algs & algs[i]) == 0)
			continue;
		if (algs[i] == KEY_ALG_ECDH)
			n = key->type == KEY_EC ? 1 + 2 * n : 32;
		if (card_use(c, key, algs[i], cur_of(input, n), &out) == ERR_OK)
			must(out.len != 0);
	}
	card_release(c);
}

static void
stay(struct card *c)
{
	AUTO(card_contents_free) struct card_contents v = { .n_keys = 0 };
	struct card_pins pins;
	struct pin_state left;
	struct card_key *login;

	if (card_inspect(c, NULL, &v) != ERR_OK || card_settle(c, &v) != ERR_OK ||
	    v.login == NULL)
		return;
	login = &v.keys[v.login - v.keys];
	(void)!card_verify(c, login, &pin, &left);
	for (size_t i = 0; i < v.n_keys; i++) {
		must(v.keys[i].presence != KEY_UNSURE);
		use_key(c, &v.keys[i]);
	}
	(void)!card_change(c, login, CARD_PIN, true, &pin, &pin, &left);
	if (card_verify_puk(c, login, &puk, &left) == ERR_OK)
		(void)!card_unblock(c, login, &pin, &left);
	(void)!card_logout(c, login, false);
	(void)!card_pins(c, NULL, &pins);
	must(pins.puk.tries >= -1 && pins.puk.tries <= 15);
}

static void
make_profile(uint8_t which, struct profile *ret)
{
	AUTO(buf_free) struct buf text = BUF(4096);

	buf_str(&text, common);
	buf_str(&text, rest[which % NELEM(rest)]);
	must(profile_parse(buf_view(&text), "fuzz", ret) == ERR_OK);
	if (which % NELEM(rest) == 3)
		ret->n_atr = 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cur atr = cur_of("\x3b\x80\x01\x81", 4);
	AUTO(reader_close) struct reader *r = NULL;
	AUTO(card_close) struct card *c = NULL;
	struct cur in = cur_of(data, size);
	struct profile p;
	const struct profile *const profiles[] = { &p, NULL };
	uint8_t how;

	if (!cur_u8(&in, &how))
		return 0;
	make_profile(how, &p);
	must(replay_open_bytes(in, atr, &r) == ERR_OK);
	r->max_apdu = (how & 4) != 0 ? 3072 : 256;
	r->protocol_t0 = (how & 8) != 0;
	if (card_open(r, drivers_table, profiles, &c) == ERR_OK) {
		if ((how & 0x40) != 0) {
			(void)!card_probe(c, NULL);
			must(replay_seen(r)->apdus <= CHANNEL_PROBE_APDUS);
		}
		if ((how & 0x80) == 0)
			one_login(c);
		else
			stay(c);
	}
	card_close(&c);
	must(!replay_seen(r)->open && replay_seen(r)->wrong[0] == '\0');
	must(replay_seen(r)->secrets <= ((how & 0x80) == 0 ? 1 : 5));
	return 0;
}
