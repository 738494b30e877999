/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading lines of the control socket. */
#include "vcard/order.h"

#include "base/b64.h"

#define WAIT_MS_DEFAULT	10000
#define WAIT_MS_MAX	600000
#define COUNT_MAX	1000000000

static enum err
expected(const char *what)
{
	return fail(ERR_MALFORMED, "expected %s", what);
}

/* The next word; empty at the end of the line. */
static struct cur
word(struct cur *in)
{
	struct cur w, gap;

	while (in->n != 0 && in->p[0] == ' ')
		if (!cur_take(in, 1, &gap))
			break;
	if (!cur_until(in, ' ', &w)) {
		w = *in;
		*in = cur_of(NULL, 0);
	}
	return w;
}

static bool
decimal(struct cur w, int64_t max, int64_t *ret)
{
	int64_t v = 0;

	if (w.n == 0 || w.n > 10)
		return false;
	for (size_t i = 0; i < w.n; i++) {
		if (w.p[i] < '0' || w.p[i] > '9')
			return false;
		v = v * 10 + (w.p[i] - '0');
	}
	*ret = v;
	return v <= max;
}

static enum err
number(struct cur *in, const char *what, int64_t max, int64_t *ret)
{
	return decimal(word(in), max, ret) ? ERR_OK : expected(what);
}

/* A path takes the rest of the line: it may hold blanks. */
static enum err
path(struct cur *in, char ret[CARD_PATH])
{
	while (in->n != 0 && in->p[0] == ' ')
		*in = cur_of(in->p + 1, in->n - 1);
	if (in->n == 0 || !cur_to_str(*in, ret, CARD_PATH))
		return expected("the path of a card file");
	*in = cur_of(NULL, 0);
	return ERR_OK;
}

static enum err
status_word(struct cur *in, int64_t *ret)
{
	AUTO(buf_free) struct buf b = BUF(2);

	if (hex_get(word(in), &b) != ERR_OK || b.len != 2)
		return expected("a status word, four hex digits");
	*ret = b.p[0] << 8 | b.p[1];
	return ERR_OK;
}

/* [before|after] KIND [ARG] */
static enum err
fault(struct cur *in, struct fault *ret)
{
	struct cur w = word(in);

	if (cur_eq_str(w, "before") || cur_eq_str(w, "after")) {
		ret->when = w.p[0] == 'a' ? FAULT_AFTER : FAULT_BEFORE;
		w = word(in);
	}
	if (!fault_kind_of(w, &ret->kind))
		return expected("drop, delay MS, sw XXXX, garbage, short, surplus, "
		    "remove, swap CARD or reset");
	if (ret->kind == FAULT_DELAY)
		return number(in, "milliseconds", WAIT_MS_MAX, &ret->number);
	if (ret->kind == FAULT_SW)
		return status_word(in, &ret->number);
	if (ret->kind == FAULT_SWAP)
		return path(in, ret->card);
	return ERR_OK;
}

/* fault SLOT N ...: the N-th command from now, of any kind. */
static enum err
fault_at(struct cur *in, struct order *o)
{
	int64_t n;
	enum err r = number(in, "which command from now, from 1", COUNT_MAX, &n);

	if (r != ERR_OK)
		return r;
	if (n == 0)
		return expected("which command from now, from 1");
	o->fault.countdown = (uint64_t)n;
	return fault(in, &o->fault);
}

/* on SLOT WHAT[:N] ...: the next, or N-th, command of that kind. */
static enum err
fault_on(struct cur *in, struct order *o)
{
	struct cur w = word(in), kind;
	int64_t n = 1;

	if (!cur_until(&w, ':', &kind))
		kind = w;
	else if (!decimal(w, COUNT_MAX, &n) || n == 0)
		return expected("KIND:N, from 1");
	if (!command_kind_of(kind, &o->fault.what))
		return expected("a kind of command, such as verify, sign or select");
	o->fault.countdown = (uint64_t)n;
	return fault(in, &o->fault);
}

static enum err
delay(struct cur *in, struct order *o)
{
	enum err r;

	if ((r = number(in, "ms per APDU", 60000, &o->delays.apdu_ms)) != ERR_OK ||
	    (r = number(in, "us per byte", 1000000, &o->delays.byte_us)) != ERR_OK)
		return r;
	return number(in, "ms per signature", 60000, &o->delays.sign_ms);
}

static enum err
tries(struct cur *in, struct order *o)
{
	enum err r = number(in, "the tries left of the PIN", 15, &o->tries[USER_PIN]);

	o->tries[PUK] = o->tries[SECOND_PIN] = -1;
	if (r != ERR_OK || in->n == 0)
		return r;
	r = number(in, "the tries left of the PUK", 15, &o->tries[PUK]);
	if (r != ERR_OK || in->n == 0)
		return r;
	return number(in, "the tries left of the second PIN", 15,
	    &o->tries[SECOND_PIN]);
}

/* wait SLOT COUNTER N [MS], wait SLOT STATE [MS] */
static enum err
wait_for(struct cur *in, struct order *o)
{
	static const char *const words[WAITS] = { "apdus", "verifies", "signatures",
		"resets", "polls", "present", "absent" };
	struct cur w = word(in);
	size_t i = 0;
	enum err r;

	while (i < WAITS && !cur_eq_str(w, words[i]))
		i++;
	if (i == WAITS)
		return expected("apdus, verifies, signatures, resets, polls, present "
		    "or absent");
	o->wait = (enum wait_for)i;
	o->timeout_ms = WAIT_MS_DEFAULT;
	if (o->wait < WAIT_PRESENT &&
	    (r = number(in, "a number to reach", COUNT_MAX, &o->target)) != ERR_OK)
		return r;
	return in->n == 0 ? ERR_OK :
	    number(in, "milliseconds", WAIT_MS_MAX, &o->timeout_ms);
}

static enum err
card(struct cur *in, struct order *o)
{
	return path(in, o->card);
}

static const struct {
	const char *word;
	enum err  (*rest)(struct cur *in, struct order *o);
} verbs[ORDERS] = {
	[ORDER_INSERT] = { "insert", card },
	[ORDER_REMOVE] = { "remove", NULL },
	[ORDER_SWAP] = { "swap", card },
	[ORDER_STATS] = { "stats", NULL },
	[ORDER_RESET_STATS] = { "reset-stats", NULL },
	[ORDER_DELAY] = { "delay", delay },
	[ORDER_FAULT] = { "fault", fault_at },
	[ORDER_ON] = { "on", fault_on },
	[ORDER_FAULTS_CLEAR] = { "faults-clear", NULL },
	[ORDER_TRIES] = { "tries", tries },
	[ORDER_RESTORE] = { "restore", NULL },
	[ORDER_WAIT] = { "wait", wait_for },
};

enum err
order_parse(struct cur line, struct order *ret)
{
	struct cur w = word(&line);
	int64_t slot;
	size_t i = 0;
	enum err r;

	*ret = (struct order){ 0 };
	while (i < ORDERS && !cur_eq_str(w, verbs[i].word))
		i++;
	if (i == ORDERS)
		return expected("insert, remove, swap, stats, reset-stats, delay, fault, "
		    "on, faults-clear, tries, restore or wait");
	ret->verb = (enum order_verb)i;
	if ((r = number(&line, "slot 0 or 1", SLOTS - 1, &slot)) != ERR_OK)
		return r;
	ret->slot = (size_t)slot;
	if (verbs[i].rest != NULL && (r = verbs[i].rest(&line, ret)) != ERR_OK)
		return r;
	return word(&line).n == 0 ? ERR_OK : expected("the end of the line");
}
