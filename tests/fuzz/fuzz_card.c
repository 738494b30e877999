/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The life of a card whose every reply is the input: bounded, nothing left open, no PIN
 * sent that nobody asked for.  Either one login, or all that a program may do with it.
 *
 *	u8 profile (80: all that a program may do), then replies as replay_open_bytes() takes
 *	them; with 40 the card must first be recognised: u8 length and ATR stand before them
 */
#include "tests/fuzz/fuzz.h"

#include "card/file.h"
#include "card/newpin.h"
#include "card/replay.h"
#include "drivers/drivers.h"

static const char common[] =
	"[profile]\ndriver = uzi\nprobe = yes\natr = 3B 80 01 81\n"
	"[card]\naid = A0 00 00 00 63 50 4B 43 53 2D 31 35\n";

#define ALL	0x80
#define ANY	0x40

/* The UZI pass; a card that is unlike it in everything; any ISO 7816-15 card. */
static const char *const rest[] = {
	"serial = 00 CA 01 00 08\n[pin]\nreference = 02\nreference = 03\npadding = 00 "
	"15\nmin = 6\ntries = query 80 34 00 RR 00\n",
	"channel = 1\nchannel_open = yes\nchunk = 16\n[pin]\naodf = no\nreference = 02\n"
	"path = yes\ntries = empty-verify\nlogout = 00 20 FF RR\n"
	"[key]\npath = yes\nreference = ordinal\ndigest_info = card\n",
	"[pin]\npath = yes\nalphabet = digits\n[key]\npath = yes\n",
	"search = yes\nadapt = yes\nsfi = yes\nselect_ef = 02 04\nchunk = 256\n[pin]\nmin = 1\n"
	"max = 64\npath = yes\n[key]\nreference = file\nrsa_pkcs1 = none\n"
	"digest_info = token\n",
	"extended = yes\n[pin]\npadding = FF 8\nmax = 8\n[key]\nmse = 41 A4\n"
	"digest_info = block\n",
};

/* Who may be there when nobody knows: by ATR, or by one SELECT each. */
static const char piv[] =
	"[profile]\ndriver = piv\nprobe = yes\natr = 3B 00\n"
	"[card]\naid = A0 00 00 03 08 00 00 10 00\nextended = atr\n"
	"[pin]\npadding = FF 8\nmin = 6\nmax = 8\nlogout = 00 20 FF RR\n";
static const char yubikey[] =
	"[profile]\ndriver = piv\natr = 3B 01 59\n"
	"[card]\naid = A0 00 00 03 08 00 00 10 00\nserial = 00 F8 00 00 00\n"
	"[pin]\nmin = 6\nmax = 8\ntries = metadata\nlogout = 00 20 FF RR\n";
#define STRANGERS	4

static const uint8_t digest_info[51] = {
	0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
	    0x02,
	0x01, 0x05, 0x00, 0x04, 0x20,
};

static void
sign(struct card *c, const struct card_view *v)
{
	AUTO(buf_free) struct buf sig = BUF(1024);
	struct secret pin = { .p = "123456", .len = 6 };
	struct pin_state left;
	enum err r = card_sign_once(c, &v->key, KEY_ALG_RSA_PKCS1, &pin, false,
	    cur_of(digest_info, sizeof(digest_info)), &sig, &left);

	must(r == ERR_OK ? sig.len != 0 : sig.len == 0);
	must(left.tries >= -1 && left.tries <= 15);
}

static void
one_login(struct reader *r, const struct profile *const *profiles)
{
	AUTO(card_view_free) struct card_view v = { .from_cache = false };
	AUTO(card_close) struct card *c = NULL;

	if (card_open(r, drivers_table, profiles, &c) != ERR_OK ||
	    card_look(c, NULL, NULL, NULL, &v) != ERR_OK)
		return;
	must(v.cert.len != 0 && v.key.usage != KEY_SIGNATURE);
	must(v.rules.min <= v.rules.max && v.rules.max <= SECRET_MAX);
	sign(c, &v);
}

/* Everything that the key can do, signed or opened once. */
static void
use(struct card *c, const struct card_key *key)
{
	AUTO(buf_free) struct buf out = BUF(1024);
	static const uint8_t input[65] = { 0x04 };
	enum err r;

	for (unsigned alg = 1; alg <= KEY_ALG_EDDSA; alg <<= 1) {
		struct cur in = cur_of(input, sizeof(input));

		if (alg == KEY_ALG_RSA_PKCS1)
			in = cur_of(digest_info, sizeof(digest_info));
		if ((key->algs & alg) == 0)
			continue;
		buf_clear(&out);
		r = card_use(c, key, (enum key_alg)alg, in, &out);
		must(r == ERR_OK || out.len == 0);
		if (r == ERR_OK && alg == KEY_ALG_ECDSA)
			must(out.len == 2 * (((size_t)key->bits + 7) / 8));
	}
}

static void
change_pins(struct card *c, const struct card_key *key)
{
	struct secret pin = { .p = "123456", .len = 6 }, new = { .p = "654321", .len = 6 };
	struct card_pins pins;
	struct pin_state left;

	(void)!card_change(c, key, CARD_PIN, true, &pin, &new, &left);
	must(left.tries >= -1 && left.tries <= 15);
	if (card_verify_puk(c, key, &pin, &left) == ERR_OK)
		(void)!card_unblock(c, key, &new, &left);
	(void)!card_change(c, key, CARD_PUK, false, &pin, &new, &left);
	(void)!card_pins(c, NULL, &pins);
	must(pins.puk.tries >= -1 && pins.puk.tries <= 15);
}

static void
whole_life(struct reader *r, const struct profile *const *profiles)
{
	AUTO(card_contents_free) struct card_contents v = { .n_keys = 0 };
	AUTO(card_close) struct card *c = NULL;
	AUTO(buf_free) struct buf der = BUF(FILE_CERT_MAX);
	struct secret pin = { .p = "123456", .len = 6 };
	struct pin_state left;

	if (card_open(r, drivers_table, profiles, &c) != ERR_OK ||
	    card_inspect(c, NULL, &v) != ERR_OK)
		return;
	(void)!card_list_authorities(c, &v);
	must(v.n_keys <= CARD_KEYS_MAX && v.n_authorities <= CARD_AUTHORITIES_MAX);
	if (v.n_authorities != 0)
		(void)!card_read_authority(c, &v.authorities[0], &der);
	for (size_t i = 0; i < v.n_keys && i < 3; i++) {
		buf_clear(&der);
		must(card_read_cert(c, &v.keys[i], &der) == ERR_OK || der.len == 0);
	}
	if (v.login == NULL)
		return;
	if (card_verify(c, v.login, &pin, &left) == ERR_OK)
		use(c, v.login);
	change_pins(c, v.login);
	(void)!card_logout(c, v.login, false);
}

static void
parse(const char *head, const char *tail, const char *name, struct profile *ret)
{
	AUTO(buf_free) struct buf text = BUF(4096);

	buf_str(&text, head);
	buf_str(&text, tail);
	must(profile_parse(buf_view(&text), name, ret) == ERR_OK);
}

static const struct profile *const *
profiles_for(uint8_t which)
{
	static struct profile one, any[STRANGERS];
	static const struct profile *const just[] = { &one, NULL };
	static const struct profile *const all[] = { &any[0], &any[1], &any[2], &any[3], NULL };

	if ((which & ANY) == 0) {
		parse(common, rest[(which & ~ALL) % NELEM(rest)], "fuzz", &one);
		return just;
	}
	parse(common, rest[0], "uzi", &any[0]);
	parse(common, rest[3], "pkcs15", &any[1]);
	parse(piv, "", "piv", &any[2]);
	parse(yubikey, "", "yubikey", &any[3]);
	any[1].n_atr = 0;		/* only by SELECT */
	return all;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(reader_close) struct reader *r = NULL;
	struct cur in = cur_of(data, size), atr = cur_of("\x3b\x80\x01\x81", 4);
	const struct profile *const *profiles;
	size_t tries = 0;
	uint8_t which, n;

	if (!cur_u8(&in, &which))
		return 0;
	profiles = profiles_for(which);
	if ((which & ANY) != 0) {
		tries = STRANGERS;
		if (!cur_u8(&in, &n) || n > CARD_ATR_MAX || !cur_take(&in, n, &atr))
			return 0;
	}
	must(replay_open_bytes(in, atr, &r) == ERR_OK);
	if ((which & ALL) == 0) {
		one_login(r, profiles);
		must(replay_seen(r)->secrets <= 1 && replay_seen(r)->begins <= 2 + tries);
		must(replay_seen(r)->apdus <= CHANNEL_PROBE_APDUS + 2 * CHANNEL_APDUS);
	} else {
		whole_life(r, profiles);
		/* PIN; old and new PIN, and the PIN again; PUK; new PIN; old and new PUK */
		must(replay_seen(r)->secrets <= 6 && replay_seen(r)->begins <= 24 + tries);
	}
	must(!replay_seen(r)->open && replay_seen(r)->wrong[0] == '\0');
	return 0;
}
