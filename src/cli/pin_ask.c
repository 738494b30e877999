/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi pin: what a person is told and asked, in a PIN window or in the terminal. */
#include "config.h"

#include <locale.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/pin.h"

#define ASK_MS		120000	/* for one answer */
#define TEXT_MAX	2048

static bool
is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL && value[0] != '\0';
}

/* The configuration names a pinentry, and there is a place where it can show itself. */
static bool
window_is_wanted(const struct pin_run *p)
{
	return !p->o->terminal && p->readers.conf != NULL &&
	    (is_set("WAYLAND_DISPLAY") || is_set("DISPLAY") || is_set("GPG_TTY"));
}

static enum err
start(struct pin_run *p)
{
	struct pinentry_options o = {
		.tty = getenv("GPG_TTY"), .term = getenv("TERM"),
		.locale = setlocale(LC_CTYPE, NULL),
	};

	if (!window_is_wanted(p))
		return tty_open(NULL, &p->tty);
	o.program = p->readers.conf->pinentry;
	return pinentry_start(&o, &p->window);
}

enum err
pin_ask_start(struct pin_run *p)
{
	enum err r;

	pthread_mutex_lock(&p->gate);
	r = start(p);
	pthread_mutex_unlock(&p->gate);
	return r;
}

void
pin_ask_stop(struct pin_run *p)
{
	pinentry_stop(&p->window);
	tty_close(&p->tty);
}

void
pin_ask_abandon(struct pin_run *p)
{
	if (p->window != NULL)
		pinentry_abandon(p->window);
	if (p->tty != NULL)
		tty_abandon(p->tty);
}

/* --- the words: the first line is always our own --- */

static void
put_card(struct buf *b, const struct pin_run *p)
{
	buf_fmt(b, _("Card: %s"), pin_title(p->card.card.card));
	buf_str(b, "\n");
	buf_fmt(b, _("Reader: %s"), cli_safe(p->reader->name));
	buf_str(b, "\n");
}

static void
put_tries(struct buf *b, const struct pin_run *p)
{
	const struct pin_state *s = p->by == CARD_PIN ? &p->card.pins.pin : &p->card.pins.puk;

	if (s->tries < 0)
		buf_str(b, _("The card does not say how many tries are left."));
	else if (p->by == CARD_PIN)
		buf_fmt(b, ngettext("The PIN has %d try left.", "The PIN has %d tries left.",
		    (unsigned long)s->tries), s->tries);
	else
		buf_fmt(b, ngettext("The PUK has %d try left.", "The PUK has %d tries left.",
		    (unsigned long)s->tries), s->tries);
	if (p->by == CARD_PUK) {
		buf_str(b, "\n");
		buf_str(b, _("Without tries of its PUK the card can never be used again."));
	}
}

static void
put_rules(struct buf *b, const struct pin_rules *rules)
{
	if (rules->digits_only)
		buf_fmt(b, _("A PIN of this card has %zu to %zu digits."), rules->min,
		    rules->max);
	else
		buf_fmt(b, _("A PIN of this card has %zu to %zu characters."), rules->min,
		    rules->max);
	if (!rules->digits_only) {
		buf_str(b, "\n");
		buf_str(b, _("Letters without accents, digits and signs will do; a keypad has "
		    "digits only."));
	}
}

static void
put_desc(struct buf *b, const struct pin_run *p, enum pin_question q)
{
	if (q == PIN_ASK_AGAIN) {
		buf_str(b, _("Enter the new PIN again."));
		return;
	}
	if (q == PIN_ASK_FRESH) {
		buf_str(b, _("Choose a new PIN."));
		buf_str(b, "\n");
		put_rules(b, &p->card.pins.rules);
		return;
	}
	buf_str(b, p->by == CARD_PIN ? _("You are about to change the PIN of your card.") :
	    _("You are about to unblock the PIN of your card with its PUK."));
	buf_str(b, "\n");
	put_card(b, p);
	put_tries(b, p);
	if (pin_has_keypad(p)) {
		buf_str(b, "\n");
		buf_str(b, _("To type it on the card reader, leave this empty."));
	}
}

static void
put_length(struct buf *b, const struct pin_run *p, enum pin_question q)
{
	const struct pin_rules *rules = q == PIN_ASK_PROOF && p->by == CARD_PUK ?
	    &p->card.pins.puk_rules : &p->card.pins.rules;

	buf_fmt(b, _("It has %zu to %zu characters; this was not tried."), rules->min,
	    rules->max);
}

void
pin_put_complaint(struct buf *b, const struct pin_run *p, enum pin_question q,
    enum pin_complaint why)
{
	switch (why) {
	case PIN_FINE:
		break;
	case PIN_TOO_SHORT:
		buf_str(b, _("That is too short."));
		buf_str(b, " ");
		put_length(b, p, q);
		break;
	case PIN_TOO_LONG:
		buf_str(b, _("That is too long."));
		buf_str(b, " ");
		put_length(b, p, q);
		break;
	case PIN_NO_SUCH_SIGN:
		buf_str(b, _("It has a sign in it that this card does not take; this was not "
		    "tried."));
		break;
	case PIN_AS_BEFORE:
		buf_str(b, _("That is the PIN that it has now; choose another one."));
		break;
	case PIN_NOT_AGAIN:
		buf_str(b, _("The two were not the same; begin again with the new PIN."));
		break;
	}
}

static const char *
prompt_of(const struct pin_run *p, enum pin_question q)
{
	if (q == PIN_ASK_FRESH)
		return _("New PIN:");
	if (q == PIN_ASK_AGAIN)
		return _("New PIN again:");
	return p->by == CARD_PIN ? _("Current PIN:") : _("PUK:");
}

static struct pinentry_text
text_of(const struct pin_run *p)
{
	return (struct pinentry_text){
		.title = p->by == CARD_PIN ? _("Change the PIN of your card") :
		    _("Unblock the PIN of your card"),
		.ok = _("OK"), .cancel = _("Cancel"),
	};
}

enum err
pin_ask(struct pin_run *p, enum pin_question q, enum pin_complaint why, struct secret *ret)
{
	AUTO(buf_free) struct buf desc = BUF(TEXT_MAX), error = BUF(TEXT_MAX);
	struct pinentry_text x = text_of(p);
	int64_t end = clock_boot_ms() + ASK_MS;

	put_desc(&desc, p, q);
	pin_put_complaint(&error, p, q, why);
	x.desc = buf_cstr(&desc);
	x.error = error.len == 0 ? NULL : buf_cstr(&error);
	x.prompt = prompt_of(p, q);
	if (x.desc == NULL)
		return fail(ERR_LIMIT, "the text of a question");
	return p->window != NULL ? pinentry_pin(p->window, &x, end, ret) :
	    tty_pin(p->tty, &x, end, ret);
}

bool
pin_has_keypad(const struct pin_run *p)
{
	return p->by == CARD_PIN ? p->card.pins.keypad_change : p->card.pins.keypad_unblock;
}

enum err
pin_tell_keypad(struct pin_run *p)
{
	AUTO(buf_free) struct buf desc = BUF(TEXT_MAX);
	struct pinentry_text x = text_of(p);

	x.cancel = NULL;	/* that is on the reader, too */
	buf_str(&desc, p->by == CARD_PIN ?
	    _("Type on the keys of the card reader: your current PIN, then the new PIN twice.") :
	    _("Type on the keys of the card reader: the PUK, then the new PIN twice."));
	buf_str(&desc, "\n");
	put_rules(&desc, &p->card.pins.rules);
	buf_str(&desc, "\n");
	put_card(&desc, p);
	put_tries(&desc, p);
	x.desc = buf_cstr(&desc);
	if (x.desc == NULL)
		return fail(ERR_LIMIT, "the text of a window");
	return p->window != NULL ?
	    pinentry_show(p->window, &x, clock_boot_ms() + ASK_MS) : tty_tell(p->tty, &x);
}

static void
put_danger(struct buf *b, const struct pin_run *p)
{
	bool known = p->by == CARD_PIN ? p->card.pins.pin.tries >= 0 : p->card.pins.puk.tries >= 0;

	if (p->by == CARD_PUK) {
		buf_str(b, known ? _("Careful: this is the last try of the PUK.") :
		    _("Careful: this may be the last try of the PUK."));
		buf_str(b, "\n");
		buf_str(b, _("If it is wrong, the card can never be used again and you need a "
		    "new one."));
	} else if (known) {
		buf_str(b, _("Careful: this is the last try."));
		buf_str(b, "\n");
		buf_str(b, _("One more wrong PIN blocks the card; then you need its PUK."));
	} else {
		buf_str(b, _("Careful: another wrong PIN may block the card."));
		buf_str(b, "\n");
		buf_str(b, _("The card does not say how many tries are left."));
	}
	buf_str(b, "\n");
	put_card(b, p);
}

enum err
pin_ask_last_try(struct pin_run *p)
{
	AUTO(buf_free) struct buf desc = BUF(TEXT_MAX), prompt = BUF(TEXT_MAX);
	struct pinentry_text x = text_of(p);
	int64_t end = clock_boot_ms() + ASK_MS;

	put_danger(&desc, p);
	if (p->window == NULL)
		buf_fmt(&prompt, _("Type \"%s\" to use the last try:"), _("yes"));
	x.ok = _("Use the last try");
	x.desc = buf_cstr(&desc);
	x.prompt = buf_cstr(&prompt);
	if (x.desc == NULL || x.prompt == NULL)
		return fail(ERR_LIMIT, "the text of a question");
	return p->window != NULL ? pinentry_confirm(p->window, &x, end) :
	    tty_confirm(p->tty, &x, _("yes"), end);
}
