/* SPDX-License-Identifier: EUPL-1.2 */
/* The words of the windows: what is signed is what is shown, in both languages. */
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "host/prompt.h"

static char dir[] = "/tmp/dezi-test-prompt.XXXXXX";

static const struct login_request request = {
	.language = "nl",
	.c = { .rp_name_nl = "Zorgportaal", .rp_name_en = "Care portal",
	    .origin = "https://epd.example" },
};
static const struct assertion says = {
	.rp_name = "Zorgportaal", .origin = "https://epd.example",
	.evidence = { .reader = "OMNIKEY 3x21", .caller = "/usr/bin/epd" },
};
static const struct means_view view = {
	.reader = "not this one", .pin_min = 6, .pin_max = 8, .pin_digits_only = true,
};

static struct login_prompt
prompt_with(int tries, enum login_ask why)
{
	return (struct login_prompt){
		.rq = &request, .says = &says, .view = &view, .pin = { .tries = tries },
		.why = why,
	};
}

static void
pin_in_dutch(void **state)
{
	AUTO(prompt_free) struct prompt p = { 0 };
	struct login_prompt lp = prompt_with(3, LOGIN_ASK_FIRST);

	(void)state;
	prompt_language("nl", dir);
	assert_ok(prompt_pin(&lp, &p));
	assert_string_equal(p.text.title, "Inloggen met uw pas");
	assert_string_equal(p.text.prompt, "Pincode:");
	assert_string_equal(p.text.ok, "Inloggen");
	assert_string_equal(p.text.cancel, "Annuleren");
	assert_null(p.text.error);
	assert_string_equal(p.text.desc,
	    "U logt in bij:\n"
	    "Zorgportaal\n"
	    "Website: https://epd.example\n"
	    "Gevraagd door: /usr/bin/epd\n"
	    "Kaartlezer: OMNIKEY 3x21\n"
	    "U hebt nog 3 pogingen.");
}

static void
pin_in_english(void **state)
{
	AUTO(prompt_free) struct prompt p = { 0 };
	struct login_prompt lp = prompt_with(3, LOGIN_ASK_FIRST);

	(void)state;
	prompt_language("en", dir);
	assert_ok(prompt_pin(&lp, &p));
	assert_string_equal(p.text.title, "Log in with your card");
	assert_string_equal(p.text.prompt, "PIN:");
	assert_string_equal(p.text.desc,
	    "You are logging in to:\n"
	    "Zorgportaal\n"
	    "Website: https://epd.example\n"
	    "Asked by: /usr/bin/epd\n"
	    "Reader: OMNIKEY 3x21\n"
	    "You have 3 tries left.");
}

static void
without_an_origin(void **state)
{
	AUTO(prompt_free) struct prompt p = { 0 };
	struct login_prompt lp = prompt_with(1, LOGIN_ASK_FIRST);
	struct assertion native = says;

	(void)state;
	native.origin[0] = '\0';
	lp.says = &native;
	prompt_language("nl", dir);
	assert_ok(prompt_pin(&lp, &p));
	assert_null(strstr(p.text.desc, "Website"));
	assert_non_null(strstr(p.text.desc, "U hebt nog 1 poging."));
}

static void
wrong_pin(void **state)
{
	AUTO(prompt_free) struct prompt p = { 0 };
	struct login_prompt lp = prompt_with(2, LOGIN_ASK_WRONG);

	(void)state;
	prompt_language("nl", dir);
	assert_ok(prompt_pin(&lp, &p));
	assert_string_equal(p.text.error, "Die pincode was verkeerd.");
	assert_non_null(strstr(p.text.desc, "U hebt nog 2 pogingen."));
}

static void
impossible_pin(void **state)
{
	AUTO(prompt_free) struct prompt p = { 0 };
	AUTO(prompt_free) struct prompt q = { 0 };
	struct login_prompt lp = prompt_with(2, LOGIN_ASK_LENGTH);
	struct means_view letters = view;

	(void)state;
	prompt_language("nl", dir);
	assert_ok(prompt_pin(&lp, &p));
	assert_string_equal(p.text.error,
	    "Een pincode van deze pas heeft 6 tot 8 cijfers.");
	letters.pin_digits_only = false;
	lp.view = &letters;
	assert_ok(prompt_pin(&lp, &q));
	assert_string_equal(q.text.error,
	    "Een pincode van deze pas heeft 6 tot 8 tekens.");
}

static void
tries_unknown(void **state)
{
	AUTO(prompt_free) struct prompt p = { 0 };
	struct login_prompt lp = prompt_with(-1, LOGIN_ASK_FIRST);

	(void)state;
	prompt_language("nl", dir);
	assert_ok(prompt_pin(&lp, &p));
	assert_non_null(strstr(p.text.desc, "De pas vertelt niet hoeveel pogingen"));
}

static void
last_try(void **state)
{
	AUTO(prompt_free) struct prompt p = { 0 };
	AUTO(prompt_free) struct prompt q = { 0 };
	struct login_prompt lp = prompt_with(1, LOGIN_ASK_FIRST);

	(void)state;
	prompt_language("nl", dir);
	assert_ok(prompt_last_try(&lp, &p));
	assert_string_equal(p.text.ok, "Doorgaan");
	assert_true(cur_starts(cur_str(p.text.desc),
	    cur_str("Let op: dit is de laatste poging.\n")));
	assert_non_null(strstr(p.text.desc, "\nZorgportaal\n"));
	lp = prompt_with(-1, LOGIN_ASK_FIRST);
	assert_ok(prompt_last_try(&lp, &q));
	assert_true(cur_starts(cur_str(q.text.desc),
	    cur_str("Let op: nog een verkeerde pincode kan de pas")));
}

static void
insert_card(void **state)
{
	AUTO(prompt_free) struct prompt p = { 0 };
	AUTO(prompt_free) struct prompt q = { 0 };
	struct login_request english = request;

	(void)state;
	prompt_language("nl", dir);
	assert_ok(prompt_insert_card(&request, &p));
	assert_string_equal(p.text.desc, "Steek uw pas in de kaartlezer.\n\n"
	    "U logt in bij:\nZorgportaal\nWebsite: https://epd.example\n");
	prompt_language("en", dir);
	memcpy(english.language, "en", 3);
	assert_ok(prompt_insert_card(&english, &q));
	assert_string_equal(q.text.desc, "Insert your card in the reader.\n\n"
	    "You are logging in to:\nCare portal\nWebsite: https://epd.example\n");
}

/* The longest challenge, reader and caller still fit one Assuan line. */
static void
longest_fits_a_line(void **state)
{
	AUTO(prompt_free) struct prompt p = { 0 };
	AUTO(buf_free) struct buf line = BUF(1000 - sizeof("SETDESC "));
	struct assertion long_one = says;
	struct login_prompt lp = prompt_with(-1, LOGIN_ASK_FIRST);

	(void)state;
	memset(long_one.rp_name, 'r', sizeof(long_one.rp_name) - 1);
	memset(long_one.origin, 'o', sizeof(long_one.origin) - 1);
	memset(long_one.evidence.reader, 'R', sizeof(long_one.evidence.reader) - 1);
	memset(long_one.evidence.caller, 'c', 103);
	long_one.evidence.caller[103] = '\0';
	lp.says = &long_one;
	prompt_language("nl", dir);
	assert_ok(prompt_pin(&lp, &p));
	pinentry_escape(&line, p.text.desc);
	assert_ok(buf_end(&line));
	buf_clear(&line);
	prompt_free(&p);
	assert_ok(prompt_last_try(&lp, &p));
	pinentry_escape(&line, p.text.desc);
	assert_ok(buf_end(&line));
}

static void
copy(const char *from, const char *to)
{
	AUTO(buf_free) struct buf b = BUF(65536);

	assert_ok(file_read(from, &b));
	assert_ok(file_write(to, buf_view(&b), 0600));
}

/* The catalogue as it would be installed; po/ is made before us. */
static int
make_dir(void **state)
{
	const char *places[] = { getenv("builddir"), getenv("srcdir") };
	char path[512], to[512];

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(to, sizeof(to), "%s/nl", dir);
	mkdir(to, 0700);
	snprintf(to, sizeof(to), "%s/nl/LC_MESSAGES", dir);
	mkdir(to, 0700);
	snprintf(to, sizeof(to), "%s/nl/LC_MESSAGES/dezi.mo", dir);
	for (size_t i = 0; i < NELEM(places); i++) {
		snprintf(path, sizeof(path), "%s/po/nl.gmo",
		    places[i] == NULL ? "." : places[i]);
		if (access(path, R_OK) == 0) {
			copy(path, to);
			return 0;
		}
	}
	return -1;
}

static int
remove_dir(void **state)
{
	static const char *const names[] = { "/nl/LC_MESSAGES/dezi.mo", "/nl/LC_MESSAGES",
	    "/nl", "" };
	char path[256];

	(void)state;
	for (size_t i = 0; i < NELEM(names); i++) {
		snprintf(path, sizeof(path), "%s%s", dir, names[i]);
		if (remove(path) != 0)
			return -1;
	}
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pin_in_dutch),
		cmocka_unit_test(pin_in_english),
		cmocka_unit_test(without_an_origin),
		cmocka_unit_test(wrong_pin),
		cmocka_unit_test(impossible_pin),
		cmocka_unit_test(tries_unknown),
		cmocka_unit_test(last_try),
		cmocka_unit_test(insert_card),
		cmocka_unit_test(longest_fits_a_line),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
