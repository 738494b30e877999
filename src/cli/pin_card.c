/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi pin status: what is known of PIN and PUK of each card, for nothing. */
#include "config.h"

#include <stdlib.h>

#include "base/names.h"
#include "cli/pin.h"

struct card_cache *
pin_open_cache(void)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	struct card_cache *c = NULL;
	char dir[HOST_PATH_MAX];
	int n;

	if (run == NULL || run[0] != '/')
		return NULL;
	n = snprintf(dir, sizeof(dir), "%s/" NAME_RUNTIME_DIR "/cards", run);
	if (n < 0 || (size_t)n >= sizeof(dir) || card_cache_open(dir, &c) != ERR_OK)
		return NULL;
	return c;
}

/* Of the profiles that come with us; another administrator's is as he wrote it. */
const char *
pin_title(const struct card *card)
{
	static const char *const known[] = { N_("UZI pass"), N_("PIV card") };
	const char *title = card_title(card);

	for (size_t i = 0; i < NELEM(known); i++)
		if (strcmp(title, known[i]) == 0)
			return _(known[i]);
	return cli_safe(title);
}

static void
fear_the_last(struct pin_state *s, const struct card_cache *cache)
{
	if (cache == NULL && s->tries < 0)
		s->last_try = true;
}

enum err
pin_look(const struct cli_readers *c, const struct pcsc_reader_state *r,
    struct card_cache *cache, struct pin_card *ret)
{
	enum err e;

	if ((e = cli_card_open(c, r, &ret->card)) != ERR_OK ||
	    (e = card_pins(ret->card.card, cache, &ret->pins)) != ERR_OK)
		return e;
	fear_the_last(&ret->pins.pin, cache);
	fear_the_last(&ret->pins.puk, cache);
	return ERR_OK;
}

void
pin_put_vendor(struct buf *b, const struct cli_readers *c, const struct pcsc_reader_state *r,
    const struct card *card)
{
	const char *software = cli_vendor_software(c, r, card);

	if (software == NULL)
		buf_str(b, _("Use the software of the card's vendor."));
	else
		buf_fmt(b, _("Use the software of the card's vendor: %s."), cli_safe(software));
}

/* What a person does next; the words are for other programs. */
enum next { NEXT_NOTHING, NEXT_CAREFUL, NEXT_CHANGE, NEXT_UNBLOCK, NEXT_VENDOR, NEXT_REPLACE };

static const char *const next_words[] = {
	[NEXT_NOTHING] = "nothing", [NEXT_CAREFUL] = "careful",
	[NEXT_CHANGE] = "change", [NEXT_UNBLOCK] = "unblock",
	[NEXT_VENDOR] = "vendor_software", [NEXT_REPLACE] = "replace",
};

static enum next
next_of(const struct card_pins *v)
{
	if (v->has_puk && v->puk.blocked)
		return v->pin.blocked ? NEXT_REPLACE : NEXT_CAREFUL;
	if (v->pin.blocked)
		return v->can_unblock ? NEXT_UNBLOCK : NEXT_VENDOR;
	if (v->pin.last_try)
		return NEXT_CAREFUL;
	return !v->can_change ? NEXT_VENDOR : v->pin.must_change ? NEXT_CHANGE : NEXT_NOTHING;
}

void
pin_put_next(struct buf *b, const struct cli_readers *c, const struct pcsc_reader_state *r,
    const struct pin_card *card)
{
	switch (next_of(&card->pins)) {
	case NEXT_CAREFUL:
		buf_str(b, card->pins.has_puk && card->pins.puk.blocked ?
		    _("Be careful: once this PIN is blocked it can never be unblocked.") :
		    _("Be careful: another wrong PIN may block it."));
		break;
	case NEXT_CHANGE:
		buf_str(b, _("This is the PIN that every such card comes with. Choose one of your "
		    "own: dezi pin change."));
		break;
	case NEXT_UNBLOCK:
		buf_str(b, cli_advice(ERR_PIN_BLOCKED));
		break;
	case NEXT_VENDOR:
		pin_put_vendor(b, c, r, card->card.card);
		break;
	case NEXT_REPLACE:
		buf_str(b, _("Ask for a new pass at the register that issued it."));
		break;
	case NEXT_NOTHING:
		break;
	}
}

static json_t *
state_json(const struct pin_state *s, const struct pin_rules *rules)
{
	return json_pack("{s:i, s:b, s:b, s:b, s:i, s:i, s:b}", "tries", s->tries,
	    "blocked", s->blocked, "last_try", s->last_try, "must_change", s->must_change,
	    "min", (int)rules->min, "max", (int)rules->max,
	    "digits_only", rules->digits_only);
}

static json_t *
describe(const struct pcsc_reader_state *r, const struct pin_card *c, enum err e)
{
	json_t *j = json_pack("{s:s, s:s}", "reader", cli_safe(r->name), "result", err_word(e));

	if (j == NULL || e != ERR_OK)
		return j;
	json_object_set_new(j, "title", json_string(cli_safe(card_title(c->card.card))));
	json_object_set_new(j, "driver", json_string(card_driver(c->card.card)));
	json_object_set_new(j, "profile", json_string(card_profile_name(c->card.card)));
	json_object_set_new(j, "serial", json_string(card_serial(c->card.card)));
	json_object_set_new(j, "pin", state_json(&c->pins.pin, &c->pins.rules));
	json_object_set_new(j, "puk", c->pins.has_puk ?
	    state_json(&c->pins.puk, &c->pins.puk_rules) : json_null());
	json_object_set_new(j, "can_change", json_boolean(c->pins.can_change));
	json_object_set_new(j, "can_unblock", json_boolean(c->pins.can_unblock));
	json_object_set_new(j, "next", json_string(next_words[next_of(&c->pins)]));
	return j;
}

static void
print_state(const char *which, const struct pin_state *s, const struct pin_rules *rules)
{
	if (s->blocked)
		printf(_("    %s: blocked\n"), which);
	else if (s->tries < 0)
		printf(_("    %s: tries left not known (asking could cost one)\n"), which);
	else
		printf(ngettext("    %s: %d try left\n", "    %s: %d tries left\n",
		    (unsigned long)s->tries), which, s->tries);
	if (rules->digits_only)
		printf(_("         %zu to %zu digits\n"), rules->min, rules->max);
	else
		printf(_("         %zu to %zu characters\n"), rules->min, rules->max);
}

static void
print_text(const struct cli_readers *c, const struct pcsc_reader_state *r,
    const struct pin_card *card, enum err e)
{
	AUTO(buf_free) struct buf next = BUF(1024);

	printf("%s\n", cli_safe(r->name));
	if (e == ERR_VENDOR_LOCKED || e == ERR_UNSUPPORTED)
		pin_put_vendor(&next, c, r, card->card.card);
	if (e != ERR_OK) {
		printf("    %s %s\n", cli_message(e),
		    next.len != 0 && buf_cstr(&next) != NULL ? buf_cstr(&next) : cli_advice(e));
		return;
	}
	pin_put_next(&next, c, r, card);
	printf(_("    %s, serial %s\n"), pin_title(card->card.card),
	    card_serial(card->card.card));
	print_state(_("PIN"), &card->pins.pin, &card->pins.rules);
	if (card->pins.has_puk)
		print_state(_("PUK"), &card->pins.puk, &card->pins.puk_rules);
	else
		printf(_("    PUK: none is known\n"));
	if (next.len != 0 && buf_cstr(&next) != NULL)
		printf("    -> %s\n", buf_cstr(&next));
}

static void
look_at(const struct pin_options *o, const struct cli_readers *c,
    const struct pcsc_reader_state *r, struct card_cache *cache, json_t *all)
{
	AUTO(cli_card_close) struct cli_card open = { 0 };
	struct pin_card card = { 0 };
	enum err e = pin_look(c, r, cache, &card);

	open = card.card;		/* it is closed at the end */
	if (o->json)
		json_array_append_new(all, describe(r, &card, e));
	else
		print_text(c, r, &card, e);
}

enum cli_status
pin_status(const struct pin_options *o)
{
	AUTO(cli_readers_close) struct cli_readers c = { 0 };
	AUTO(card_cache_close) struct card_cache *cache = pin_open_cache();
	AUTO(json_drop) json_t *all = json_array();
	AUTO(json_drop) json_t *answer = NULL;
	size_t n = 0;
	enum err e;

	if ((e = cli_readers_open(o->config, &c)) != ERR_OK)
		return cli_failed(e, o->json);
	for (size_t i = 0; i < c.n; i++) {
		const struct pcsc_reader_state *r = &c.r[i];

		if (!r->present || cli_reader_ignored(&c, r) ||
		    (o->reader != NULL && strstr(r->name, o->reader) == NULL))
			continue;
		look_at(o, &c, r, cache, all);
		n++;
	}
	if (n == 0)
		return cli_failed(c.n == 0 ? ERR_NO_READER : ERR_NO_CARD, o->json);
	if (o->json &&
	    (answer = json_pack("{s:s, s:O}", "result", "ok", "cards", all)) != NULL)
		cli_print_json(answer);
	return CLI_OK;
}
