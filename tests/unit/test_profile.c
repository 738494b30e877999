/* SPDX-License-Identifier: EUPL-1.2 */
/* Card profiles: what they say, what they may not say, and whose ATR is whose. */
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/b64.h"
#include "tests/unit/uzi_talk.h"

#define HEAD	"[profile]\ndriver = uzi\nprobe = yes\n[card]\naid = A0 00 00 00 63\n"

static enum err
parse(const char *text, struct profile *ret)
{
	return profile_parse(cur_str(text), "test", ret);
}

static void
has_defaults(void **state)
{
	struct profile p;

	(void)state;
	assert_ok(parse(HEAD, &p));
	assert_string_equal(p.name, "test");
	assert_string_equal(p.title, "test");
	assert_string_equal(p.driver, "uzi");
	assert_string_equal(p.kind, "uzi");
	assert_int_equal(p.aid_len, 5);
	assert_int_equal(p.channel, 0);
	assert_false(p.channel_open);
	assert_int_equal(p.select_df[1], 0x0c);
	assert_int_equal(p.select_ef[0], 0x02);
	assert_int_equal(p.placeholder, 0x3fff);
	assert_int_equal(p.chunk, 254);
	assert_int_equal(p.n_eof, 3);
	assert_int_equal(p.serial.n, 0);
	assert_true(p.pin_aodf);
	assert_int_equal(p.n_pin_refs, 0);
	assert_int_equal(p.pin_pad_len, 0);
	assert_int_equal(p.pin_min, 4);
	assert_int_equal(p.pin_max, 15);
	assert_false(p.pin_digits);
	assert_int_equal(p.tries, TRIES_NONE);
	assert_int_equal(p.logout.n, 0);
	assert_int_equal(p.key_ref, KEY_REF_PRKDF);
	assert_int_equal(p.mse_tags[0], 0x84);
	assert_int_equal(p.alg_rsa_pkcs1, 2);
	assert_int_equal(p.digest_info, DIGEST_INFO_HOST);
}

static void
reads_every_item(void **state)
{
	struct profile p;
	struct profile_apdu cmd;

	(void)state;
	assert_ok(parse("[profile]\ntitle = Some card\ndriver = pkcs15\nkind = some\nmaker = Maker\n"
	    "atr = 3B ?? 00\natr = 3B *\nhistorical = 41 *\n"
	    "[card]\naid = A0 00 00 00 63 01\nchannel = 1\nchannel_open = yes\n"
	    "select_df = 01 0C\nselect_ef = 02 04\nplaceholder = 3F FE\nchunk = 128\n"
	    "eof = 6B 00\neof = 62 82\nserial = 00 CA 01 00 08\n"
	    "[pin]\naodf = no\nreference = 81\nreference = 02\npadding = FF 8\nmin = 5\n"
	    "max = 8\n"
	    "alphabet = digits\npath = yes\ntries = query 80 34 01 RR 02 AA BB 03\n"
	    "global = no\ntries_at = 0\ntries_length = 1\nlogout = 00 20 FF RR\n"
	    "[key]\npath = yes\nreference = ordinal\nmse = 41 A4\ntags = 80 84\n"
	    "rsa_pkcs1 = 12\nrsa_decipher = 1A\necdsa = 04\necdh = none\n"
	    "digest_info = card\n", &p));
	assert_string_equal(p.title, "Some card");
	assert_string_equal(p.driver, "pkcs15");
	assert_string_equal(p.kind, "some");
	assert_string_equal(p.maker, "Maker");
	assert_false(p.probe);
	assert_int_equal(p.n_atr, 2);
	assert_int_equal(p.n_historical, 1);
	assert_int_equal(p.channel, 1);
	assert_true(p.channel_open);
	assert_int_equal(p.placeholder, 0x3ffe);
	assert_int_equal(p.chunk, 128);
	assert_int_equal(p.n_eof, 2);
	assert_int_equal(p.eof[0], 0x6b00);
	assert_false(p.pin_aodf);
	assert_int_equal(p.n_pin_refs, 2);
	assert_int_equal(p.pin_refs[0], 0x81);
	assert_int_equal(p.pin_pad, 0xff);
	assert_int_equal(p.pin_pad_len, 8);
	assert_true(p.pin_digits);
	assert_true(p.pin_path);
	assert_true(p.pin_no_global);
	assert_int_equal(p.tries, TRIES_QUERY);
	assert_true(p.key_path);
	assert_int_equal(p.key_ref, KEY_REF_ORDINAL);
	assert_int_equal(p.mse[1], 0xa4);
	assert_int_equal(p.mse_tags[1], 0x84);
	assert_int_equal(p.alg_rsa_pkcs1, 0x12);
	assert_int_equal(p.alg_rsa_decipher, 0x1a);
	assert_int_equal(p.alg_ecdsa, 0x04);
	assert_int_equal(p.alg_ecdh, -1);
	assert_int_equal(p.digest_info, DIGEST_INFO_CARD);
	/* Commands: header, data, expected length; the reference in its place. */
	profile_apdu(&p.tries_query, 0x77, &cmd);
	assert_int_equal(cmd.a.cla, 0x80);
	assert_int_equal(cmd.a.p1, 0x01);
	assert_int_equal(cmd.a.p2, 0x77);
	assert_int_equal(cmd.a.data.n, 2);
	assert_int_equal(cmd.a.data.p[1], 0xbb);
	assert_int_equal(cmd.a.le, 3);
	profile_apdu(&p.serial, 0x77, &cmd);
	assert_int_equal(cmd.a.p2, 0x00);
	assert_int_equal(cmd.a.data.n, 0);
	assert_int_equal(cmd.a.le, 8);
	profile_apdu(&p.logout, 0x77, &cmd);
	assert_int_equal(cmd.a.p2, 0x77);
	assert_int_equal(cmd.a.le, 0);
}

static void
says_which_line_is_wrong(void **state)
{
	const struct {
		const char *text, *want;
	} cases[] = {
		{ HEAD "[other]\n",
		    "line 6: expected [profile], [card], [pin] or [key]" },
		{ HEAD "[pin here]\n", "line 6: expected [profile]" },
		{ HEAD "colour = red\n", "line 6: expected a key of this section" },
		{ "driver = uzi\n", "line 1: expected a key of this section" },
		{ "[profile]\nkind = Two words\n", "line 2: expected a name" },
		{ HEAD "aid = A0 00 00 00 63\n", "line 6: expected this key once" },
		{ HEAD "chunk = 15\n", "line 6: expected a number from 16 to 256" },
		{ HEAD "channel = 4\n", "line 6: expected a number from 0 to 3" },
		{ HEAD "select_df = 00\n", "line 6: expected P1 and P2" },
		{ HEAD "eof = 6282 00\n", "line 6: expected two bytes in hex" },
		{ HEAD "serial = 00 CA\n", "line 6: expected a command in hex" },
		{ HEAD "serial = 00 CA 01 00 08 00\n",
		    "line 6: expected a command in hex" },
		{ HEAD "serial = 00 CA 01 00 00 00\n",
		    "line 6: expected a command in hex" },
		{ HEAD "serial = 00 CA 01 RR 08\n",
		    "line 6: expected a command without RR" },
		{ HEAD "[pin]\ntries = query 80 34 RR RR\n",
		    "line 7: expected none, empty-verify" },
		{ HEAD "[pin]\ntries = query RR 34 00 02\n",
		    "line 7: expected none, empty-verify" },
		{ HEAD "[pin]\ntries = query 80 34 00 00 RR\n", "line 7: expected none" },
		{ HEAD "[pin]\ntries = guess\n", "line 7: expected none, empty-verify" },
		{ HEAD "[pin]\npadding = 00\n",
		    "line 7: expected a byte in hex and a length" },
		{ HEAD "[pin]\npadding = 00 65\n",
		    "line 7: expected a number from 1 to 64" },
		{ HEAD "[pin]\npadding = 000 15\n", "line 7: expected a byte in hex" },
		{ HEAD "[pin]\nalphabet = greek\n",
		    "line 7: expected one of any, digits" },
		{ HEAD "[pin]\nreference = 2\n", "line 7: expected one byte in hex" },
		{ HEAD "[pin]\nreference = 01\nreference = 02\nreference = 03\nreference "
		    "= 04\nreference = 05\n", "line 11: expected fewer references" },
		{ HEAD "[pin]\naodf = maybe\n", "line 7: expected yes or no" },
		{ HEAD "[key]\ntags = 84 84\n", "line 7: expected 84 80 or 80 84" },
		{ HEAD "[key]\nreference = label\n",
		    "line 7: expected one of prkdf, ordinal" },
		{ HEAD "[profile]\natr = 3B 0\n", "line 7: expected bytes in hex, ??" },
		{ HEAD "[profile]\natr = 3B * 00\n",
		    "line 7: expected bytes in hex, ??" },
		{ HEAD "[profile]\natr =\n", "line 7: expected bytes in hex, ??" },
		{ HEAD "[profile]\natr = 3B  00\n", "line 7: expected bytes in hex, ??" },
		{ HEAD "nonsense\n", "line 6: neither" },
		{ "[profile]\ndriver = uzi\nprobe = yes\n", "expected aid =" },
		{ "[profile]\nprobe = yes\n[card]\naid = A0 00 00 00 63\n",
		    "expected driver =" },
		{ "[profile]\ndriver = uzi\n[card]\naid = A0 00 00 00 63\n",
		    "expected atr =" },
		{ HEAD "[pin]\nmin = 9\nmax = 8\n", "expected min = up to max =" },
		{ HEAD "[pin]\npadding = 00 8\n",
		    "expected max = up to the length of padding" },
		{ HEAD "[pin]\ntries_at = 3\n", "expected tries_at = below" },
		{ "[profile]\ndriver = ../x\n", "line 2: expected the name of a driver" },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		struct profile p = { .chunk = 77 };
		enum err e = parse(cases[i].text, &p);

		assert_true(e == ERR_CONFIG || e == ERR_MALFORMED);
		if (strstr(err_trail(), cases[i].want) == NULL)
			print_error("%s\n not: %s\n", cases[i].want, err_trail());
		assert_non_null(strstr(err_trail(), cases[i].want));
		assert_int_equal(p.chunk, 77);
	}
}

static void
knows_uzi_passes_by_atr(void **state)
{
	const struct {
		const char *atr;
		bool uzi;
	} cases[] = {				/* uzi-card.md section 1 */
		{ "3BFD1800FF8131FE4543494247555A494A324130383158", true },
		{ "3BDC18FF8191FE1FC3060A2B06010401E910050203D1", true },
		{ "3BDC18FF8191FE1FC3060A2B06010401E910050204D6", true },
		{ "3BFA1800008131FE45060860841001876F0602FE", true },
		/* a chip that nobody has seen yet: the historical bytes */
		{ "3BDC18FF8191FE1FC3060A2B06010401E910050205D7", true },
		{ "3BFD1800FF8131FE4543494247555A494B394130383100", true },
		/* Defence, default QSCD, Serbian post, Rijkspas, other SafeSign cards */
		{ "3BDC18FF8191FE1FC3060A2B06010401E910050103D2", false },
		{ "3BDB18FF8191FE1FC306092B06010401E9100503D7", false },
		{ "3BDB18FF8191FE1FC306092B06010401E9100504D0", false },
		{ "3BFA1800008131FE4506082A841001876E0805BC", false },
		{ "3BBB1800C01031FE4580670412B00303000081053C", false },
		{ "3BF99600008131FE4553434537200E00202028", false },
		/* vector 32 */
		{ "", false }, { "3B", false }, { "3B800181", false },
	};
	struct profile p;

	(void)state;
	read_uzi_profile(&p);
	for (size_t i = 0; i < NELEM(cases); i++) {
		AUTO(buf_free) struct buf b = BUF(64);

		assert_ok(hex_get(cur_str(cases[i].atr), &b));
		assert_int_equal(profile_matches(&p, buf_view(&b)), cases[i].uzi);
	}
	assert_string_equal(p.title, "UZI pass");
	assert_int_equal(p.tries, TRIES_QUERY);
	assert_int_equal(p.pin_min, 6);
}

static void
matches_patterns_byte_by_byte(void **state)
{
	struct profile p;

	(void)state;
	assert_ok(parse("[profile]\ndriver = uzi\natr = 3B ?? 01\natr = 3F 00 *\n"
	    "[card]\naid = A0 00 00 00 63\n", &p));
	assert_true(profile_matches(&p, cur_of("\x3b\x80\x01", 3)));
	assert_false(profile_matches(&p, cur_of("\x3b\x80\x02", 3)));
	assert_false(profile_matches(&p, cur_of("\x3b\x80", 2)));
	assert_false(profile_matches(&p, cur_of("\x3b\x80\x01\x00", 4)));
	assert_true(profile_matches(&p, cur_of("\x3f\x00", 2)));
	assert_true(profile_matches(&p, cur_of("\x3f\x00\x11", 3)));
	assert_false(profile_matches(&p, cur_of("\x3f", 1)));
}

/* Folders: a sandbox below the build folder, which is ours. */

static void
write_file(const char *dir, const char *name, const char *text, mode_t mode)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void
remove_files(const char *dir, const char *const *names, size_t n)
{
	char path[512];

	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(dir), 0);
}

static void
loads_folders(void **state)
{
	const char *const names[] = { "b.profile", "a.profile", "a.profile~", "README",
	    ".hidden.profile", "x y.profile" };
	AUTO(profiles_free) struct profiles all = { .n = 0 };
	char dir[] = "/tmp/dezi-test-profiles.XXXXXX",
	    more[] = "/tmp/dezi-test-profiles.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_non_null(mkdtemp(more));
	assert_err(profiles_load(dir, NULL, getuid(), &all), ERR_CONFIG);
	write_file(dir, "b.profile", HEAD, 0644);
	write_file(dir, "a.profile", HEAD, 0644);
	write_file(dir, "a.profile~", "nonsense", 0644);
	write_file(dir, "README", "nonsense", 0644);
	write_file(more, "a.profile", HEAD "chunk = 100\n", 0644);
	assert_ok(profiles_load(dir, more, getuid(), &all));
	assert_int_equal(all.n, 2);
	assert_string_equal(all.items[0]->name, "a");
	assert_int_equal(all.items[0]->chunk, 100);	/* more comes first */
	assert_string_equal(all.items[1]->name, "b");
	assert_null(profiles_list(&all)[2]);
	profiles_free(&all);
	/* A folder that is not there is an error, a second one need not be there. */
	assert_err(profiles_load("/nonexistent/x", NULL, getuid(), &all), ERR_CONFIG);
	assert_ok(profiles_load(dir, "/nonexistent/x", getuid(), &all));
	profiles_free(&all);
	/* One wrong file names itself and its line. */
	write_file(more, "a.profile", HEAD "chunk = 1\n", 0644);
	assert_err(profiles_load(dir, more, getuid(), &all), ERR_CONFIG);
	assert_non_null(strstr(err_trail(), "line 6"));
	assert_non_null(strstr(err_trail(), "a.profile"));
	/* Whoever can write a profile can have PINs sent where he likes. */
	write_file(more, "a.profile", HEAD, 0666);
	assert_err(profiles_load(dir, more, getuid(), &all), ERR_CONFIG);
	remove_files(more, names, NELEM(names));
	remove_files(dir, names, NELEM(names));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_defaults),
		cmocka_unit_test(reads_every_item),
		cmocka_unit_test(says_which_line_is_wrong),
		cmocka_unit_test(knows_uzi_passes_by_atr),
		cmocka_unit_test(matches_patterns_byte_by_byte),
		cmocka_unit_test(loads_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
