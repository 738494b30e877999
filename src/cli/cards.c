/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi cards: readers, what is in them, and what it is recognised as. */
#include "config.h"

#include "base/b64.h"
#include "cli/cli.h"
#include "cli/readers.h"

/* Who serves this card: our own driver, a vendor's library, or nobody; and why. */
static void
put_backend(json_t *j, const struct cli_readers *c, const struct pcsc_reader_state *r,
    enum err e)
{
	const struct host_module *m = cli_module_for(c, e, r);
	bool nobody = e == ERR_CARD_UNKNOWN || e == ERR_VENDOR_LOCKED;

	json_object_set_new(j, "backend", json_string(m != NULL ? "module" :
	    nobody ? "none" : "native"));
	json_object_set_new(j, "why", json_string(err_word(e)));
	if (m == NULL)
		return;
	json_object_set_new(j, "module", json_string(m->name));
	json_object_set_new(j, "library", json_string(m->library));
}

static json_t *
describe(const struct cli_readers *c, const struct pcsc_reader_state *r)
{
	AUTO(cli_card_close) struct cli_card card = { 0 };
	AUTO(card_view_free) struct card_view view = { 0 };
	AUTO(buf_free) struct buf atr = BUF(2 * CARD_ATR_MAX + 1);
	json_t *j = json_pack("{s:s, s:b, s:b, s:b, s:b}", "reader", cli_safe(r->name),
	    "ignored", cli_reader_ignored(c, r), "present", r->present, "mute", r->mute,
	    "in_use", r->in_use);
	enum err e;

	if (j == NULL || !r->present)
		return j;
	hex_put(&atr, cur_of(r->atr, r->atr_len));
	if (buf_cstr(&atr) != NULL)
		json_object_set_new(j, "atr", json_string(buf_cstr(&atr)));
	if ((e = cli_card_open(c, r, &card)) == ERR_OK)
		e = cli_card_look(&card, &view);
	json_object_set_new(j, "result", json_string(err_word(e)));
	put_backend(j, c, r, e);
	if (e != ERR_OK)
		return j;
	json_object_set_new(j, "driver", json_string(card_driver(card.card)));
	json_object_set_new(j, "profile", json_string(card_profile_name(card.card)));
	json_object_set_new(j, "serial", json_string(card_serial(card.card)));
	json_object_set_new(j, "tries", json_integer(view.pin.tries));
	return j;
}

static const char *
member(const json_t *j, const char *name)
{
	return cli_safe(json_string_value(json_object_get(j, name)));
}

static void
print_card(const json_t *j)
{
	int tries = (int)json_integer_value(json_object_get(j, "tries"));

	printf(_("    own driver %s (%s), serial %s\n"), member(j, "driver"),
	    member(j, "profile"), member(j, "serial"));
	if (tries == 0)
		printf(_("    the PIN is blocked\n"));
	else if (tries > 0)
		printf(ngettext("    %d PIN try left\n", "    %d PIN tries left\n",
		    (unsigned long)tries), tries);
}

static void
print_module(const json_t *j, enum err why)
{
	printf(_("    [module %s], %s: %s (ATR %s)\n"), member(j, "module"),
	    member(j, "library"), cli_message(why), member(j, "atr"));
}

static void
print_text(const json_t *j)
{
	const char *result = member(j, "result");

	printf("%s%s\n", member(j, "reader"),
	    json_is_true(json_object_get(j, "ignored")) ? _(" (ignored by configuration)") : "");
	if (!json_is_true(json_object_get(j, "present")))
		printf(_("    no card\n"));
	else if (json_is_true(json_object_get(j, "mute")))
		printf(_("    a card that does not answer: upside down, or damaged?\n"));
	else if (strcmp(member(j, "backend"), "module") == 0)
		print_module(j, err_of_word(member(j, "why")));
	else if (result[0] != '\0' && err_of_word(result) != ERR_OK)
		printf("    %s (ATR %s)\n", cli_message(err_of_word(result)), member(j, "atr"));
	else
		print_card(j);
}

enum cli_status
cmd_cards(int argc, char **argv)
{
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	AUTO(cli_readers_close) struct cli_readers c = { 0 };
	AUTO(json_drop) json_t *all = json_array();
	AUTO(json_drop) json_t *answer = NULL;
	const char *config = NULL;
	bool json = false;
	int option;
	enum err r;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'c')
			config = optarg;
		else if (option == 'j')
			json = true;
		else
			return cli_usage("cards");
	}
	if (optind != argc)
		return cli_usage("cards");
	if ((r = cli_readers_open(config, &c)) != ERR_OK)
		return cli_failed(r, json);
	for (size_t i = 0; i < c.n; i++) {
		json_t *j = describe(&c, &c.r[i]);

		if (!json && j != NULL)
			print_text(j);
		json_array_append_new(all, j);
	}
	if (c.n == 0 && !json)
		printf(_("There is no card reader.\n"));
	if (json && (answer = json_pack("{s:s, s:O}", "result", "ok", "readers", all)) != NULL)
		cli_print_json(answer);
	return CLI_OK;
}
