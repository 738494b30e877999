/* SPDX-License-Identifier: EUPL-1.2 */
/* What a person reads in the windows of a login. */
#include "config.h"

#include "host/prompt.h"

#include <libintl.h>
#include <locale.h>
#include <stdlib.h>

#include "base/names.h"

#define _(s)	dgettext(NAME_DOMAIN, s)
#define DESC_MAX	2048

/*
 * gettext serves no catalogue in the locale "C".  Which other it is does not matter:
 * LANGUAGE decides.
 */
static void
leave_locale_c(void)
{
	static const char *const locales[] = {
		"", "nl_NL.UTF-8", "en_US.UTF-8", "en_GB.UTF-8", "C.UTF-8",
	};

	for (size_t i = 0; i < NELEM(locales); i++) {
		const char *got = setlocale(LC_MESSAGES, locales[i]);

		if (got != NULL && strcmp(got, "C") != 0 && strcmp(got, "POSIX") != 0)
			return;
	}
}

void
prompt_language(const char *language, const char *localedir)
{
	leave_locale_c();
	setenv("LANGUAGE", language, 1);
	/* This also tells gettext to look at LANGUAGE again. */
	bindtextdomain(NAME_DOMAIN, localedir);
	bind_textdomain_codeset(NAME_DOMAIN, "UTF-8");
	(void)_("Cancel");		/* the first look-up loads the catalogue */
}

void
prompt_free(struct prompt *p)
{
	buf_free(&p->desc);
	buf_free(&p->error);
}

static void
prompt_start(struct prompt *p)
{
	*p = (struct prompt){
		.desc = BUF(DESC_MAX), .error = BUF(DESC_MAX),
		.text = {
			.title = _("Log in with your card"), .prompt = _("PIN:"),
			.ok = _("Log in"), .cancel = _("Cancel"),
		},
	};
}

static enum err
prompt_end(struct prompt *p)
{
	p->text.desc = buf_cstr(&p->desc);
	p->text.error = p->error.len == 0 ? NULL : buf_cstr(&p->error);
	if (p->text.desc == NULL || buf_end(&p->error) != ERR_OK)
		return fail(ERR_LIMIT, "the text of a window");
	return ERR_OK;
}

static void
put_relying_party(struct buf *b, const char *rp_name, const char *origin)
{
	buf_str(b, _("You are logging in to:"));
	buf_fmt(b, "\n%s\n", rp_name);
	if (origin[0] != '\0') {
		buf_fmt(b, _("Website: %s"), origin);
		buf_str(b, "\n");
	}
}

/* All that the assertion says and a person can judge. */
static void
put_request(struct buf *b, const struct assertion *says)
{
	put_relying_party(b, says->rp_name, says->origin);
	buf_fmt(b, _("Asked by: %s"), says->evidence.caller);
	buf_str(b, "\n");
	if (says->evidence.reader[0] == '\0')
		return;			/* a token that is in none */
	buf_fmt(b, _("Reader: %s"), says->evidence.reader);
	buf_str(b, "\n");
}

static void
put_tries(struct buf *b, const struct login_prompt *p)
{
	int n = p->pin.tries;

	if (n >= 0)
		buf_fmt(b, dngettext(NAME_DOMAIN, "You have %d try left.",
		    "You have %d tries left.", (unsigned long)n), n);
	else
		buf_str(b, _("The card does not say how many tries are left."));
}

static void
put_length(struct buf *b, const struct means_view *v)
{
	if (v->pin_digits_only)
		buf_fmt(b, _("A PIN of this card has %zu to %zu digits."), v->pin_min,
		    v->pin_max);
	else
		buf_fmt(b, _("A PIN of this card has %zu to %zu characters."), v->pin_min,
		    v->pin_max);
}

enum err
prompt_pin(const struct login_prompt *p, struct prompt *ret)
{
	prompt_start(ret);
	put_request(&ret->desc, p->says);
	put_tries(&ret->desc, p);
	if (p->view->pinpad) {
		buf_str(&ret->desc, "\n");
		buf_str(&ret->desc,
		    _("To type your PIN on the card reader, leave this empty."));
	}
	if (p->why == LOGIN_ASK_WRONG)
		buf_str(&ret->error, _("That PIN was wrong."));
	if (p->why == LOGIN_ASK_LENGTH)
		put_length(&ret->error, p->view);
	return prompt_end(ret);
}

enum err
prompt_pinpad(const struct login_prompt *p, struct prompt *ret)
{
	prompt_start(ret);
	ret->text.ok = _("OK");
	if (p->why == LOGIN_ASK_WRONG) {
		buf_str(&ret->desc, _("That PIN was wrong."));
		buf_str(&ret->desc, "\n");
	}
	buf_str(&ret->desc, _("Type your PIN on the keys of the card reader."));
	buf_str(&ret->desc, "\n\n");
	put_request(&ret->desc, p->says);
	put_tries(&ret->desc, p);
	if (p->view->touch) {
		buf_str(&ret->desc, "\n");
		buf_str(&ret->desc, _("Then touch the token when it blinks."));
	}
	return prompt_end(ret);
}

/* The token waits for a finger, and says nothing meanwhile (piv.md section 7). */
enum err
prompt_touch(const struct login_prompt *p, struct prompt *ret)
{
	prompt_start(ret);
	ret->text.ok = _("OK");
	ret->text.cancel = NULL;	/* nothing stops a token that waits */
	buf_str(&ret->desc, _("Touch the token when it blinks."));
	buf_str(&ret->desc, "\n\n");
	put_request(&ret->desc, p->says);
	return prompt_end(ret);
}

enum err
prompt_last_try(const struct login_prompt *p, struct prompt *ret)
{
	prompt_start(ret);
	ret->text.ok = _("Go on");
	if (p->pin.tries >= 0) {
		buf_str(&ret->desc, _("Careful: this is the last try."));
		buf_str(&ret->desc, "\n");
		buf_str(&ret->desc,
		    _("One more wrong PIN blocks the card; then you need its PUK."));
	} else {
		buf_str(&ret->desc, _("Careful: another wrong PIN may block the card."));
		buf_str(&ret->desc, "\n");
		put_tries(&ret->desc, p);
	}
	buf_str(&ret->desc, "\n\n");
	put_request(&ret->desc, p->says);
	return prompt_end(ret);
}

enum err
prompt_insert_card(const struct login_request *rq, struct prompt *ret)
{
	prompt_start(ret);
	ret->text.ok = _("OK");
	buf_str(&ret->desc, _("Insert your card in the reader."));
	buf_str(&ret->desc, "\n\n");
	put_relying_party(&ret->desc, login_rp_name(rq), rq->c.origin);
	return prompt_end(ret);
}
