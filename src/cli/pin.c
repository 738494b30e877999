/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * dezi pin change and unblock, top to bottom.  No transaction is open while a person
 * thinks; what cannot succeed is refused before it is sent; the card is closed behind us
 * (DESIGN section 6, card/newpin.h).
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/pin.h"

#define ROUNDS	3	/* how often something is asked again that cannot be right */

static enum pin_complaint
complaint(const struct pin_rules *rules, const struct secret *s)
{
	switch (pin_check(rules, s)) {
	case PIN_SHORT:
		return PIN_TOO_SHORT;
	case PIN_LONG:
		return PIN_TOO_LONG;
	case PIN_STRANGE:
		return PIN_NO_SUCH_SIGN;
	case PIN_FITS:
		break;
	}
	return PIN_FINE;
}

static const struct pin_rules *
rules_of_proof(const struct pin_run *p)
{
	return p->by == CARD_PIN ? &p->card.pins.rules : &p->card.pins.puk_rules;
}

static const struct pin_state *
state_of_proof(const struct pin_run *p)
{
	return p->by == CARD_PIN ? &p->card.pins.pin : &p->card.pins.puk;
}

/* Once, with the complaint about the answer before; and then there may be another one. */
static enum err
ask_once(struct pin_run *p, enum pin_question q, const struct pin_rules *rules,
    struct secret *ret)
{
	enum err r = pin_ask(p, q, p->why, ret);

	p->question = q;
	p->typed = q == PIN_ASK_PROOF && r == ERR_OK && ret->len == 0 && pin_has_keypad(p);
	if (p->typed)
		p->why = PIN_FINE;
	else
		p->why = r == ERR_OK ? complaint(rules, ret) : r == ERR_LIMIT ? PIN_TOO_LONG : PIN_FINE;
	return r == ERR_LIMIT ? ERR_OK : r;
}

/* The PIN so far, or the PUK: asked again while it cannot be right. */
static enum err
ask_proof(struct pin_run *p, struct secret *ret)
{
	enum err r;

	for (int i = 0; i < ROUNDS; i++) {
		if ((r = ask_once(p, PIN_ASK_PROOF, rules_of_proof(p), ret)) != ERR_OK)
			return r;
		if (p->why == PIN_FINE)
			return ERR_OK;
	}
	return fail(ERR_PIN_LENGTH, "nothing was sent");
}

static bool
same(const struct secret *a, const struct secret *b)
{
	return cur_eq(secret_view(a), secret_view(b));
}

/* The new PIN, twice. */
static enum err
ask_fresh_once(struct pin_run *p, const struct secret *proof, struct secret *ret)
{
	AUTO(secret_wipe) struct secret again = { .len = 0 };
	enum err r;

	if ((r = ask_once(p, PIN_ASK_FRESH, &p->card.pins.rules, ret)) != ERR_OK ||
	    p->why != PIN_FINE)
		return r;
	if (p->by == CARD_PIN && same(ret, proof)) {
		p->why = PIN_AS_BEFORE;
		return ERR_OK;
	}
	r = pin_ask(p, PIN_ASK_AGAIN, PIN_FINE, &again);
	if (r != ERR_OK && r != ERR_LIMIT)
		return r;
	p->why = r == ERR_OK && same(ret, &again) ? PIN_FINE : PIN_NOT_AGAIN;
	return ERR_OK;
}

static enum err
ask_fresh(struct pin_run *p, const struct secret *proof, struct secret *ret)
{
	enum err r;

	for (int i = 0; i < ROUNDS; i++) {
		if ((r = ask_fresh_once(p, proof, ret)) != ERR_OK)
			return r;
		if (p->why == PIN_FINE)
			return ERR_OK;
	}
	return fail(ERR_PIN_REFUSED, "nothing was sent");
}

/* What is known to be in vain is not asked for. */
static enum err
may_succeed(const struct pin_run *p)
{
	const struct card_pins *v = &p->card.pins;

	if (p->by == CARD_PIN ? !v->can_change : !v->can_unblock)
		return fail(ERR_UNSUPPORTED, "no command for it is known");
	if (state_of_proof(p)->blocked)
		return fail(ERR_PIN_BLOCKED, "no tries are left");
	return ERR_OK;
}

static enum err
agree_to_last_try(struct pin_run *p)
{
	const struct host_conf *c = p->readers.conf;

	p->n.allow_last = state_of_proof(p)->last_try;
	if (!p->n.allow_last)
		return ERR_OK;
	if (c != NULL && !c->allow_last_try)
		return fail(ERR_PIN_LAST_TRY, "the configuration keeps the last try");
	return pin_ask_last_try(p);
}

static enum err
choose_card(struct pin_run *p)
{
	enum err r;

	if ((r = cli_readers_open(p->o->config, &p->readers)) != ERR_OK ||
	    (r = cli_reader_choose(&p->readers, p->o->reader, &p->reader)) != ERR_OK)
		return r;
	p->cache = pin_open_cache();
	return pin_look(&p->readers, p->reader, p->cache, &p->card);
}

/* From now on it is carried out and told, whatever is pressed. */
static void
commit(struct pin_run *p)
{
	pthread_mutex_lock(&p->gate);
	p->committed = true;
	pthread_mutex_unlock(&p->gate);
}

static enum err
send(struct pin_run *p, const struct secret *proof, const struct secret *fresh)
{
	struct card *card = p->card.card.card;
	const struct card_key *key = &p->card.pins.key;
	enum err r;

	commit(p);
	p->n.proof = proof;
	p->n.fresh = fresh;
	r = p->by == CARD_PIN ? card_change_once(card, key, &p->n) :
	    card_unblock_once(card, key, &p->n);
	p->n.proof = p->n.fresh = NULL;
	return r;
}

/* The person types all of it there; what differs the second time, nobody was told. */
static enum err
on_reader(struct pin_run *p)
{
	enum err r;

	p->typed = true;
	if ((r = pin_tell_keypad(p)) != ERR_OK)
		return r;
	r = send(p, NULL, NULL);
	return r == ERR_MISMATCH ? note(ERR_PIN_REFUSED, "not the same twice") : r;
}

static enum err
on_keyboard(struct pin_run *p)
{
	AUTO(secret_wipe) struct secret proof = { .len = 0 }, fresh = { .len = 0 };
	enum err r;

	if ((r = ask_proof(p, &proof)) != ERR_OK)
		return r;
	if (p->typed)
		return on_reader(p);
	if ((r = ask_fresh(p, &proof, &fresh)) != ERR_OK)
		return r;
	return send(p, &proof, &fresh);
}

/* Policy says whether a PIN may be typed here at all. */
static enum err
choose_keys(const struct pin_run *p, bool *ret_reader)
{
	const struct host_conf *c = p->readers.conf;

	*ret_reader = c != NULL && c->pinpad == HOST_PINPAD_REQUIRED;
	if (*ret_reader && !pin_has_keypad(p))
		return fail(ERR_NOT_ALLOWED, "it must be typed on the reader, and this one "
		    "cannot take it");
	return ERR_OK;
}

static enum err
renew(struct pin_run *p)
{
	bool reader;
	enum err r;

	if ((r = choose_card(p)) != ERR_OK ||
	    (r = may_succeed(p)) != ERR_OK ||
	    (r = choose_keys(p, &reader)) != ERR_OK ||
	    (r = pin_ask_start(p)) != ERR_OK ||
	    (r = agree_to_last_try(p)) != ERR_OK)
		return r;
	return reader ? on_reader(p) : on_keyboard(p);
}

/* --- what is told about it --- */

/* Where the PUK is meant, the usual words would name the PIN. */
static const char *
message(const struct pin_run *p, enum err e)
{
	if (p->n.in_doubt)
		return _("Contact was lost while the card got its new PIN: it has the old one "
		    "or the new one.");
	if (p->by == CARD_PUK && e == ERR_PIN_WRONG)
		return _("The PUK was wrong.");
	if (p->by == CARD_PUK && e == ERR_PIN_BLOCKED)
		return _("The PUK of this card is blocked: it can never be unblocked.");
	if (e == ERR_UNSUPPORTED && p->typed)
		return _("The keypad of this reader cannot do it.");
	if (e == ERR_PIN_REFUSED && p->typed)
		return _("The new PIN was not the same twice, or the card does not take it.");
	if (e == ERR_UNSUPPORTED)
		return _("This cannot be done here with this card.");
	return cli_message(e);
}

/*
 * The PIN may have another way out, or none; and what has no PUK any more may have a PIN
 * that is as good as ever.
 */
static void
put_way_out(struct buf *b, const struct pin_run *p)
{
	struct pin_card now = p->card;

	if (p->by == CARD_PIN)
		now.pins.pin.blocked = true;
	pin_put_next(b, &p->readers, p->reader, &now);
}

/* cli_advice() would say to leave the card in "until you are logged in". */
static void
put_advice(struct buf *b, const struct pin_run *p, enum err e)
{
	if (p->n.in_doubt)
		buf_str(b, _("Try the new one first; dezi pin status tells how many tries are "
		    "left."));
	else if (e == ERR_VENDOR_LOCKED || (e == ERR_UNSUPPORTED && !p->typed))
		pin_put_vendor(b, &p->readers, p->reader, p->card.card.card);
	else if (e == ERR_PIN_BLOCKED && (p->by == CARD_PIN || state_of_proof(p)->blocked))
		put_way_out(b, p);
	else if (p->by == CARD_PUK && e == ERR_PIN_BLOCKED)
		buf_str(b, _("Ask for a new pass at the register that issued it."));
	else if (p->by == CARD_PUK && (e == ERR_PIN_WRONG || e == ERR_PIN_LENGTH))
		buf_str(b, _("The PUK is in the letter that came with the card."));
	else if (e == ERR_CARD_CHANGED || e == ERR_REMOVED)
		buf_str(b, _("Leave your card in and try again."));
	else if (e == ERR_NO_PINENTRY)
		buf_str(b, _("Use --terminal in a terminal."));
	else
		buf_str(b, cli_advice(e));
}

static void
tell_readers(const struct pin_run *p)
{
	for (size_t i = 0; i < p->readers.n; i++)
		if (p->readers.r[i].present &&
		    !cli_reader_ignored(&p->readers, &p->readers.r[i]))
			fprintf(stderr, "      --reader \"%s\"\n", cli_safe(p->readers.r[i].name));
}

static void
tell_tries(const struct pin_run *p)
{
	int n = p->n.left.tries;

	if (n > 0 && p->by == CARD_PIN)
		fprintf(stderr, ngettext("      The PIN has %d try left.\n",
		    "      The PIN has %d tries left.\n", (unsigned long)n), n);
	else if (n > 0)
		fprintf(stderr, ngettext("      The PUK has %d try left.\n",
		    "      The PUK has %d tries left.\n", (unsigned long)n), n);
}

static void
print_json(const struct pin_run *p, enum err e)
{
	AUTO(json_drop) json_t *j = json_pack("{s:s}", "result", err_word(e));

	if (j == NULL)
		return;
	if (e == ERR_PIN_WRONG || e == ERR_PIN_BLOCKED || e == ERR_PIN_LAST_TRY)
		json_object_set_new(j, "tries", json_integer(p->n.left.tries));
	if (p->n.in_doubt)
		json_object_set_new(j, "in_doubt", json_true());
	cli_print_json(j);
}

static enum cli_status
failed(const struct pin_run *p, enum err e)
{
	AUTO(buf_free) struct buf advice = BUF(1024), why = BUF(1024);

	put_advice(&advice, p, e);
	cli_complain(e, message(p, e), buf_cstr(&advice) != NULL ? buf_cstr(&advice) : "");
	pin_put_complaint(&why, p, p->question, p->why);
	if (why.len != 0 && buf_cstr(&why) != NULL)
		fprintf(stderr, "      %s\n", buf_cstr(&why));
	if (e == ERR_SEVERAL_CARDS)
		tell_readers(p);
	tell_tries(p);
	if (p->o->json)
		print_json(p, e);
	return CLI_FAILED;
}

static enum cli_status
succeeded(const struct pin_run *p)
{
	if (p->o->json)
		print_json(p, ERR_OK);
	else if (p->by == CARD_PIN)
		printf(_("The PIN was changed.\n"));
	else
		printf(_("The PIN is unblocked; the new one holds from now on.\n"));
	return CLI_OK;
}

/* --- the command --- */

/* While a question is open: the terminal is put back, and nothing was sent. */
static void
interrupted(void *arg, int number)
{
	struct pin_run *p = arg;

	pthread_mutex_lock(&p->gate);
	if (p->committed) {
		pthread_mutex_unlock(&p->gate);
		return;
	}
	pin_ask_abandon(p);
	fprintf(stderr, "\n%s\n", cli_message(ERR_CANCELLED));
	if (p->o->json)
		print_json(p, ERR_CANCELLED);
	_exit(128 + number);
}

static void
run_end(struct pin_run *p)
{
	commit(p);
	pin_ask_stop(p);
	cli_card_close(&p->card.card);
	card_cache_close(&p->cache);
	cli_readers_close(&p->readers);
}

/* Only the configuration says where pcscd is, and nobody listens in between. */
static void
forget_overrides(void)
{
	unsetenv("PCSCLITE_CSOCK_NAME");
	unsetenv("LIBPCSCLITE_DELEGATE");
}

static enum cli_status
run(const struct pin_options *o, enum card_secret by)
{
	AUTO(run_end) struct pin_run p = {
		.o = o, .by = by, .gate = PTHREAD_MUTEX_INITIALIZER, .n.left.tries = -1,
	};
	const char *missing;
	enum err r;

	secret_lock_process(&missing);	/* T24 */
	forget_overrides();
	if ((r = cli_on_signal(interrupted, &p)) == ERR_OK)
		r = renew(&p);
	commit(&p);
	return r == ERR_OK ? succeeded(&p) : failed(&p, r);
}

static enum cli_status
options(int argc, char **argv, struct pin_options *ret, const char **ret_verb)
{
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "reader", required_argument, NULL, 'r' },
		{ "terminal", no_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'c')
			ret->config = optarg;
		else if (option == 'r')
			ret->reader = optarg;
		else if (option == 't')
			ret->terminal = true;
		else if (option == 'j')
			ret->json = true;
		else
			return cli_usage("pin");
	}
	if (optind + 1 != argc)
		return cli_usage("pin");
	*ret_verb = argv[optind];
	return CLI_OK;
}

enum cli_status
cmd_pin(int argc, char **argv)
{
	struct pin_options o = { 0 };
	const char *verb = "";
	enum cli_status s;

	if ((s = options(argc, argv, &o, &verb)) != CLI_OK)
		return s;
	if (strcmp(verb, "status") == 0)
		return pin_status(&o);
	if (strcmp(verb, "change") == 0)
		return run(&o, CARD_PIN);
	if (strcmp(verb, "unblock") == 0)
		return run(&o, CARD_PUK);
	return cli_usage("pin");
}
