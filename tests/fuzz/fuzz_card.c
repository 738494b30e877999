/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A whole look and a signature with a card whose every reply is the input: bounded,
 * nothing left open, no PIN sent that the rules forbid.
 *
 *	u8 profile, then replies as replay_open_bytes() takes them
 */
#include "tests/fuzz/fuzz.h"

#include "card/replay.h"
#include "drivers/drivers.h"

static const char common[] =
	"[profile]\ndriver = uzi\nprobe = yes\natr = 3B 80 01 81\n"
	"[card]\naid = A0 00 00 00 63 50 4B 43 53 2D 31 35\n";

/* The UZI pass; a card that is unlike it in everything. */
static const char *const rest[] = {
	"serial = 00 CA 01 00 08\n[pin]\nreference = 02\nreference = 03\npadding = 00 "
	"15\nmin = 6\ntries = query 80 34 00 RR 00\n",
	"channel = 1\nchannel_open = yes\nchunk = 16\n[pin]\naodf = no\nreference = 02\n"
	"path = yes\ntries = empty-verify\nlogout = 00 20 FF RR\n"
	"[key]\npath = yes\nreference = ordinal\ndigest_info = card\n",
	"[pin]\npath = yes\nalphabet = digits\n[key]\npath = yes\n",
};

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cur atr = cur_of("\x3b\x80\x01\x81", 4);
	AUTO(reader_close) struct reader *r = NULL;
	AUTO(buf_free) struct buf text = BUF(4096);
	struct cur in = cur_of(data, size);
	struct profile p;
	const struct profile *const profiles[] = { &p, NULL };
	uint8_t which;

	if (!cur_u8(&in, &which))
		return 0;
	buf_str(&text, common);
	buf_str(&text, rest[which % NELEM(rest)]);
	must(profile_parse(buf_view(&text), "fuzz", &p) == ERR_OK);
	must(replay_open_bytes(in, atr, &r) == ERR_OK);
	one_login(r, profiles);
	must(!replay_seen(r)->open && replay_seen(r)->wrong[0] == '\0');
	must(replay_seen(r)->secrets <= 1 && replay_seen(r)->begins <= 2);
	must(replay_seen(r)->apdus <= 2 * CHANNEL_APDUS);
	return 0;
}
