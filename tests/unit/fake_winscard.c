/* SPDX-License-Identifier: EUPL-1.2 */
/* One lock over everything: it is the desk, the cards and pcscd together. */
#include "tests/unit/fake_winscard.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <reader.h>
#include <winscard.h>

#define PNP		"\\\\?PnP?\\Notification"
#define CONTEXTS	400
#define HANDLES		200
#define PLANS		16
#define HANDLE_BASE	1000000
#define OTHERS		(-1)	/* holder of a transaction: another program */
#define NOBODY		0
#define STRAGGLERS_MS	5000

const SCARD_IO_REQUEST g_rgSCardT0Pci = { SCARD_PROTOCOL_T0, sizeof(SCARD_IO_REQUEST) };
const SCARD_IO_REQUEST g_rgSCardT1Pci = { SCARD_PROTOCOL_T1, sizeof(SCARD_IO_REQUEST) };
const SCARD_IO_REQUEST g_rgSCardRawPci = { SCARD_PROTOCOL_RAW, sizeof(SCARD_IO_REQUEST) };

struct reader {
	bool	 plugged;
	char	 name[WS_NAME];
	bool	 present;
	struct ws_card card;
	uint16_t events;
	unsigned insertion;		/* never the same again */
	long	 holder;		/* SCARDHANDLE, OTHERS or NOBODY */
	unsigned depth;
	bool	 alone;			/* another program has exclusive use */
	bool	 stalled;
	bool	 storm;			/* the card resets itself at each begin */
	bool	 t0, soon_t0;		/* protocol, and that after the next reset */
	const char *keypad, *fresh;	/* what is typed there; NULL: no keypad */
	unsigned waiting;		/* commands that stand still in it */
};

struct context {
	bool	 open;
	unsigned run;			/* of the service */
	bool	 busy;			/* a thread is in GetStatusChange */
	bool	 waits;			/* ... and may be cancelled */
	bool	 cancelled;
};

struct handle {
	bool	 open;
	unsigned run, insertion;
	SCARDCONTEXT ctx;
	struct reader *reader;
	bool	 reset;			/* not told yet; until it reconnects */
};

struct plan {
	bool	 used;
	enum ws_call call;
	unsigned left;
	LONG	 rv;			/* unless it is an event */
	bool	 is_event;
	struct ws_event event;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct {
	struct reader readers[WS_READERS];
	size_t	 readers_n;
	struct context contexts[CONTEXTS];
	struct handle handles[HANDLES];
	struct plan plans[PLANS];
	bool	 down;			/* the service does not run */
	LONG	 stale;			/* what those get who knew an earlier run */
	unsigned run, news, insertion;
	const void *raw;
	size_t	 raw_n;
	unsigned calls[WS_CALLS], ins[256], resets;
	bool	 may_reset, hurry;
	size_t	 claimed;		/* length of every ATR; 0: the truth */
	char	 secret[32];
	char	 complaint[160];
} w;

static const char *const names[WS_CALLS] = {
	"EstablishContext", "ReleaseContext", "ListReaders", "GetStatusChange", "Cancel",
	"Connect", "Disconnect", "Reconnect", "BeginTransaction", "EndTransaction", "Status",
	"Transmit", "Control"
};

const char *
ws_call_name(enum ws_call c)
{
	return names[c];
}

static void complain(const char *fmt, ...) PRINTF(1, 2);

static void
complain(const char *fmt, ...)
{
	va_list ap;

	if (w.complaint[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(w.complaint, sizeof(w.complaint), fmt, ap);
	va_end(ap);
}

static void (*around)(bool in);

void
ws_around(void (*fn)(bool in))
{
	around = fn;
}

static void
enter(void)
{
	if (around != NULL)
		around(true);
	pthread_mutex_lock(&lock);
}

static void
leave(void)
{
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	if (around != NULL)
		around(false);
}

static void
let_go(const bool *held UNUSED)
{
	leave();
}

/* In every function: with the lock until it returns. */
#define HERE()	enter(); const bool here AUTO(let_go) = true; (void)here

/*
 * The desk.
 */

static struct reader *
reader_named(const char *name)
{
	for (size_t i = 0; i < w.readers_n; i++)
		if (w.readers[i].plugged && strcmp(w.readers[i].name, name) == 0)
			return &w.readers[i];
	return NULL;
}

static struct reader *
reader_there(const char *name)
{
	struct reader *r = reader_named(name);

	if (r == NULL)
		abort();		/* a mistake of the test */
	return r;
}

void
ws_start(void)
{
	HERE();
	memset(&w, 0, sizeof(w));
	w.run = 1;
	w.stale = SCARD_E_NO_SERVICE;
}

const char *
ws_complaint(void)
{
	static _Thread_local char copy[sizeof(w.complaint)];

	HERE();
	memcpy(copy, w.complaint, sizeof(copy));
	return copy;
}

static bool
is_given_back(void)
{
	bool all = true;

	for (size_t i = 0; i < CONTEXTS; i++)
		all = all && !w.contexts[i].open;
	for (size_t i = 0; i < HANDLES; i++)
		all = all && (!w.handles[i].open || w.handles[i].run != w.run);
	return all;
}

/* A thread that was left behind in a call gives back what it has when that returns. */
static void
wait_for_stragglers(void)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (int i = 0; i < STRAGGLERS_MS && !is_given_back(); i++) {
		leave();
		nanosleep(&pause, NULL);
		enter();
	}
}

const char *
ws_end(void)
{
	enter();
	wait_for_stragglers();
	for (size_t i = 0; i < CONTEXTS; i++)
		if (w.contexts[i].open)
			complain("a context was not released");
	for (size_t i = 0; i < HANDLES; i++)
		if (w.handles[i].open && w.handles[i].run == w.run)
			complain("a card was not disconnected");
	for (size_t i = 0; i < w.readers_n; i++)
		if (w.readers[i].holder > 0)
			complain("a transaction was not ended");
	leave();
	return ws_complaint();
}

void
ws_plug(const char *name)
{
	struct reader *r = NULL;

	HERE();
	for (size_t i = 0; r == NULL && i < w.readers_n; i++)
		if (!w.readers[i].plugged && strcmp(w.readers[i].name, name) == 0)
			r = &w.readers[i];
	if (r == NULL && w.readers_n < WS_READERS)
		r = &w.readers[w.readers_n++];
	if (r == NULL || strlen(name) >= WS_NAME)
		abort();
	*r = (struct reader){ .plugged = true };
	memcpy(r->name, name, strlen(name) + 1);
	w.news++;
}

static void
take_out(struct reader *r)
{
	if (!r->present)
		return;
	r->present = false;
	r->events++;
	r->insertion = 0;
	if (r->holder > 0) {
		r->holder = NOBODY;
		r->depth = 0;
	}
}

static void
put_in(struct reader *r, const struct ws_card *card)
{
	take_out(r);
	r->card = *card;
	r->present = true;
	r->events++;
	r->insertion = ++w.insertion;
	if (r->card.reset != NULL)
		r->card.reset(r->card.arg);
}

void
ws_unplug(const char *name)
{
	HERE();
	take_out(reader_there(name));
	reader_there(name)->plugged = false;
	w.news++;
}

void
ws_list_raw(const void *bytes, size_t n)
{
	HERE();
	w.raw = bytes;
	w.raw_n = n;
}

void
ws_insert(const char *name, const struct ws_card *card)
{
	HERE();
	put_in(reader_there(name), card);
}

void
ws_remove(const char *name)
{
	HERE();
	take_out(reader_there(name));
}

/* Every handle is told, but for the one that asked for it. */
static void
reset_card(struct reader *r, const struct handle *but)
{
	if (!r->present)
		return;
	if (r->card.reset != NULL)
		r->card.reset(r->card.arg);
	r->t0 = r->soon_t0;
	for (size_t i = 0; i < HANDLES; i++)
		if (w.handles[i].open && w.handles[i].reader == r && &w.handles[i] != but)
			w.handles[i].reset = true;
}

static void
select_other(struct reader *r)
{
	AUTO(buf_free) struct buf reply = BUF(65538);
	static const uint8_t other[] = { 0x00, 0xa4, 0x04, 0x00, 0x05, 0xf0, 1, 2, 3, 4 };

	if (r->present)
		r->card.command(r->card.arg, cur_of(other, sizeof(other)), &reply);
}

/* Another program waits for our transaction as we do for its. */
static struct reader *
turn_of_others(const char *name)
{
	struct reader *r = reader_there(name);

	while (r->holder > 0)
		pthread_cond_wait(&changed, &lock);
	return r;
}

void
ws_other_resets(const char *name)
{
	HERE();
	reset_card(turn_of_others(name), NULL);
}

void
ws_other_selects(const char *name)
{
	HERE();
	select_other(turn_of_others(name));
}

void
ws_other_holds(const char *name, bool on)
{
	HERE();
	turn_of_others(name)->holder = on ? OTHERS : NOBODY;
}

void
ws_other_alone(const char *name, bool on)
{
	HERE();
	reader_there(name)->alone = on;
}

void
ws_stall(const char *name, bool on)
{
	HERE();
	reader_there(name)->stalled = on;
	pthread_cond_broadcast(&changed);
}

void
ws_claim_atr(size_t n)
{
	HERE();
	w.claimed = n;
}

void
ws_storm(const char *name, bool on)
{
	HERE();
	reader_there(name)->storm = on;
}

void
ws_speak(const char *name, bool t0)
{
	HERE();
	reader_there(name)->soon_t0 = t0;
}

void
ws_keypad(const char *name, const char *pin, const char *fresh)
{
	HERE();
	reader_there(name)->keypad = pin;
	reader_there(name)->fresh = fresh;
}

void
ws_await_stalled(const char *name)
{
	HERE();
	while (reader_there(name)->waiting == 0)
		pthread_cond_wait(&changed, &lock);
}

static void
stop(LONG rv)
{
	w.down = true;
	w.stale = rv;
	w.run++;
	for (size_t i = 0; i < w.readers_n; i++) {
		struct reader *r = &w.readers[i];

		/* A program that dies with a transaction takes the card's state with it. */
		if (r->present && r->card.reset != NULL)
			r->card.reset(r->card.arg);
		if (r->holder > 0) {
			r->holder = NOBODY;
			r->depth = 0;
		}
		r->events = r->present;
		r->insertion = ++w.insertion;
	}
}

void
ws_service_stop(long rv)
{
	HERE();
	stop(rv);
}

void
ws_service_start(void)
{
	HERE();
	w.down = false;
}

/*
 * Plans, and what was seen.
 */

static void
add_plan(struct plan p)
{
	p.used = true;
	for (size_t i = 0; i < PLANS; i++)
		if (!w.plans[i].used) {
			w.plans[i] = p;
			return;
		}
	abort();
}

void
ws_fail(enum ws_call call, unsigned n, long rv)
{
	HERE();
	add_plan((struct plan){ .call = call, .left = n, .rv = rv });
}

void
ws_before(unsigned n, struct ws_event e)
{
	HERE();
	add_plan((struct plan){ .call = WS_TRANSMIT, .left = n, .is_event = true, .event = e });
}

bool
ws_clear(void)
{
	bool some = false;

	HERE();
	for (size_t i = 0; i < PLANS; i++) {
		some = some || w.plans[i].used;
		w.plans[i].used = false;
	}
	return some;
}

unsigned
ws_calls(enum ws_call call)
{
	HERE();
	return w.calls[call];
}

unsigned
ws_ins(uint8_t ins)
{
	HERE();
	return w.ins[ins];
}

unsigned
ws_resets(void)
{
	HERE();
	return w.resets;
}

void
ws_forget_counts(void)
{
	HERE();
	memset(w.calls, 0, sizeof(w.calls));
	memset(w.ins, 0, sizeof(w.ins));
	w.resets = 0;
}

unsigned
ws_held(void)
{
	unsigned n = 0;

	HERE();
	for (size_t i = 0; i < w.readers_n; i++)
		n += w.readers[i].holder > 0;
	return n;
}

void
ws_secret(const char *pin)
{
	HERE();
	snprintf(w.secret, sizeof(w.secret), "%s", pin);
}

void
ws_allow_resets(bool yes)
{
	HERE();
	w.may_reset = yes;
}

void
ws_hurry(bool yes)
{
	HERE();
	w.hurry = yes;
}

/* Its turn in the count.  True: it is to fail with *ret; *ret_event: an event, or NULL. */
static bool
planned(enum ws_call call, LONG *ret, const struct ws_event **ret_event)
{
	bool fails = false;

	w.calls[call]++;
	for (size_t i = 0; i < PLANS; i++) {
		struct plan *p = &w.plans[i];

		if (!p->used || p->call != call || --p->left != 0)
			continue;
		p->used = false;
		if (p->is_event && ret_event != NULL)
			*ret_event = &p->event;
		else if (!p->is_event) {
			*ret = p->rv;
			fails = true;
		}
	}
	return fails;
}

/*
 * What the program calls.
 */

static struct context *
context_of(SCARDCONTEXT ctx, LONG *ret)
{
	struct context *c = ctx > 0 && ctx <= CONTEXTS ? &w.contexts[ctx - 1] : NULL;

	*ret = SCARD_E_INVALID_HANDLE;
	if (c == NULL || !c->open) {
		complain("a context that is not open is used");
		return NULL;
	}
	while (c->busy)
		pthread_cond_wait(&changed, &lock);	/* libpcsclite's own mutex */
	if (c->run == w.run && !w.down)
		return c;
	*ret = w.down ? SCARD_E_NO_SERVICE : w.stale;
	return NULL;
}

LONG
SCardEstablishContext(DWORD scope UNUSED, LPCVOID r1 UNUSED, LPCVOID r2 UNUSED,
    LPSCARDCONTEXT ret)
{
	LONG rv;

	HERE();
	if (planned(WS_ESTABLISH, &rv, NULL))
		return rv;
	if (w.down)
		return SCARD_E_NO_SERVICE;
	for (size_t i = 0; i < CONTEXTS; i++)
		if (!w.contexts[i].open) {
			w.contexts[i] = (struct context){ .open = true, .run = w.run };
			*ret = (SCARDCONTEXT)i + 1;
			return SCARD_S_SUCCESS;
		}
	complain("too many contexts");
	return SCARD_E_NO_MEMORY;
}

static void
drop_transaction(struct reader *r, SCARDHANDLE h)
{
	if (r->holder == h) {
		r->holder = NOBODY;
		r->depth = 0;
	}
}

LONG
SCardReleaseContext(SCARDCONTEXT ctx)
{
	struct context *c;
	LONG rv = SCARD_S_SUCCESS;

	HERE();
	c = context_of(ctx, &rv);
	if (c != NULL)
		rv = SCARD_S_SUCCESS;
	if (ctx < 1 || ctx > CONTEXTS || !w.contexts[ctx - 1].open)
		return rv;
	for (size_t i = 0; i < HANDLES; i++)
		if (w.handles[i].open && w.handles[i].ctx == ctx) {
			if (w.handles[i].run == w.run)
				complain("a context is released before its card");
			drop_transaction(w.handles[i].reader, (SCARDHANDLE)i + HANDLE_BASE);
			w.handles[i].open = false;
		}
	w.contexts[ctx - 1].open = false;
	planned(WS_RELEASE, &rv, NULL);
	return rv;
}

LONG
SCardListReaders(SCARDCONTEXT ctx, LPCSTR groups UNUSED, LPSTR ret, LPDWORD len)
{
	AUTO(buf_free) struct buf b = BUF(WS_READERS * WS_NAME);
	DWORD room = *len;
	LONG rv;

	HERE();
	if (planned(WS_LIST, &rv, NULL) || context_of(ctx, &rv) == NULL)
		return rv;
	for (size_t i = 0; i < w.readers_n; i++)
		if (w.readers[i].plugged) {
			buf_str(&b, w.readers[i].name);
			buf_u8(&b, 0);
		}
	if (w.raw != NULL) {
		buf_clear(&b);
		buf_put(&b, w.raw, w.raw_n);
	} else if (b.len == 0) {
		return SCARD_E_NO_READERS_AVAILABLE;
	} else {
		buf_u8(&b, 0);
	}
	*len = b.len;
	if (ret == NULL)
		return SCARD_S_SUCCESS;
	if (room < b.len)
		return SCARD_E_INSUFFICIENT_BUFFER;
	memcpy(ret, b.p, b.len);
	return SCARD_S_SUCCESS;
}

static bool
is_used(const struct reader *r)
{
	for (size_t i = 0; i < HANDLES; i++)
		if (w.handles[i].open && w.handles[i].reader == r)
			return true;
	return false;
}

static DWORD
state_of(const struct reader *r)
{
	DWORD s = (DWORD)r->events << 16;

	if (!r->present)
		return s | SCARD_STATE_EMPTY;
	s |= SCARD_STATE_PRESENT;
	if (r->card.mute)
		s |= SCARD_STATE_MUTE;
	if (r->alone)
		s |= SCARD_STATE_EXCLUSIVE | SCARD_STATE_INUSE;
	else if (is_used(r))
		s |= SCARD_STATE_INUSE;
	return s;
}

/* Look at one entry.  True: it changed. */
static bool
look(SCARD_READERSTATE *s, unsigned news_before)
{
	const DWORD whole = ~(DWORD)(SCARD_STATE_CHANGED | SCARD_STATE_INUSE |
	    SCARD_STATE_EXCLUSIVE);
	struct reader *r = reader_named(s->szReader);
	DWORD now;

	s->dwEventState = SCARD_STATE_UNAWARE;
	if ((s->dwCurrentState & SCARD_STATE_IGNORE) != 0) {
		s->dwEventState = SCARD_STATE_IGNORE;
		return false;
	}
	if (strcmp(s->szReader, PNP) == 0) {
		s->dwEventState = w.news != news_before ? SCARD_STATE_CHANGED : 0;
		return w.news != news_before;
	}
	if (r == NULL) {
		s->dwEventState = SCARD_STATE_UNKNOWN | SCARD_STATE_UNAVAILABLE |
		    SCARD_STATE_CHANGED | SCARD_STATE_IGNORE;
		return true;
	}
	now = state_of(r);
	s->cbAtr = 0;
	if (r->present && !r->card.mute) {
		s->cbAtr = w.claimed != 0 ? w.claimed : r->card.atr_len;
		memcpy(s->rgbAtr, r->card.atr, r->card.atr_len);
	}
	s->dwEventState = now;
	if (s->dwCurrentState != SCARD_STATE_UNAWARE &&
	    ((now ^ s->dwCurrentState) & whole) == 0)
		return false;
	s->dwEventState |= SCARD_STATE_CHANGED;
	return true;
}

static bool
look_at_all(SCARD_READERSTATE *s, DWORD n, unsigned news_before)
{
	bool some = false;

	for (DWORD i = 0; i < n; i++)
		some = look(&s[i], news_before) || some;
	return some;
}

/* With c busy. */
static LONG
wait_for_news(struct context *c, DWORD timeout, SCARD_READERSTATE *s, DWORD n)
{
	unsigned news = w.news, run = w.run;
	struct timespec until;

	if (w.hurry && timeout > 1)
		timeout = 1;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(timeout / 1000);
	until.tv_nsec += (long)(timeout % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	for (;;) {
		if (w.run != run)
			return SCARD_E_NO_SERVICE;
		if (look_at_all(s, n, news))
			return SCARD_S_SUCCESS;
		if (c->cancelled)
			return SCARD_E_CANCELLED;
		if (timeout == 0)
			return SCARD_E_TIMEOUT;
		if (timeout == INFINITE)
			pthread_cond_wait(&changed, &lock);
		else if (pthread_cond_timedwait(&changed, &lock, &until) == ETIMEDOUT)
			timeout = 0;
	}
}

LONG
SCardGetStatusChange(SCARDCONTEXT ctx, DWORD timeout, SCARD_READERSTATE *s, DWORD n)
{
	struct context *c;
	LONG rv;

	HERE();
	if (planned(WS_CHANGE, &rv, NULL) || (c = context_of(ctx, &rv)) == NULL)
		return rv;
	if (n > PCSCLITE_MAX_READERS_CONTEXTS)
		return SCARD_E_INVALID_PARAMETER;
	for (DWORD i = 0; i < n; i++)
		if (strcmp(s[i].szReader, PNP) != 0 && reader_named(s[i].szReader) == NULL &&
		    (s[i].dwCurrentState & SCARD_STATE_IGNORE) == 0)
			return SCARD_E_UNKNOWN_READER;
	if (n == 0) {
		if (timeout != 0)
			complain("a wait for nothing");
		return SCARD_S_SUCCESS;
	}
	c->cancelled = false;
	c->busy = c->waits = true;
	rv = wait_for_news(c, timeout, s, n);
	c->busy = c->waits = false;
	return rv;
}

/* Without the context's mutex, and only for one that waits. */
LONG
SCardCancel(SCARDCONTEXT ctx)
{
	LONG rv;

	HERE();
	if (planned(WS_CANCEL, &rv, NULL))
		return rv;
	if (ctx < 1 || ctx > CONTEXTS || !w.contexts[ctx - 1].open)
		return SCARD_E_INVALID_HANDLE;
	if (w.contexts[ctx - 1].waits)
		w.contexts[ctx - 1].cancelled = true;
	return SCARD_S_SUCCESS;
}

static DWORD
protocol_of(const struct reader *r)
{
	return r->t0 ? SCARD_PROTOCOL_T0 : SCARD_PROTOCOL_T1;
}

static LONG
connect_to(SCARDCONTEXT ctx, const char *name, LPSCARDHANDLE ret, LPDWORD protocol)
{
	struct reader *r = reader_named(name);

	if (r == NULL)
		return SCARD_E_UNKNOWN_READER;
	while (r->holder != NOBODY && r->plugged)
		pthread_cond_wait(&changed, &lock);
	if (w.down || w.contexts[ctx - 1].run != w.run)
		return SCARD_E_NO_SERVICE;
	if (!r->plugged)
		return SCARD_E_UNKNOWN_READER;
	if (r->alone)
		return SCARD_E_SHARING_VIOLATION;
	if (!r->present)
		return SCARD_E_NO_SMARTCARD;
	if (r->card.mute)
		return SCARD_W_UNRESPONSIVE_CARD;
	for (size_t i = 0; i < HANDLES; i++)
		if (!w.handles[i].open) {
			w.handles[i] = (struct handle){ .open = true, .run = w.run,
			    .insertion = r->insertion, .ctx = ctx, .reader = r };
			*ret = (SCARDHANDLE)i + HANDLE_BASE;
			*protocol = protocol_of(r);
			return SCARD_S_SUCCESS;
		}
	complain("too many handles");
	return SCARD_E_NO_MEMORY;
}

LONG
SCardConnect(SCARDCONTEXT ctx, LPCSTR name, DWORD share, DWORD protocols UNUSED,
    LPSCARDHANDLE ret, LPDWORD protocol)
{
	LONG rv;

	HERE();
	if (share != SCARD_SHARE_SHARED)
		complain("a card is not shared");
	if (planned(WS_CONNECT, &rv, NULL) || context_of(ctx, &rv) == NULL)
		return rv;
	return connect_to(ctx, name, ret, protocol);
}

static struct handle *
handle_of(SCARDHANDLE h, bool told, LONG *ret)
{
	struct handle *at = h >= HANDLE_BASE && h < HANDLE_BASE + HANDLES ?
	    &w.handles[h - HANDLE_BASE] : NULL;

	*ret = SCARD_E_INVALID_HANDLE;
	if (at == NULL || !at->open) {
		complain("a card that is not connected is used");
		return NULL;
	}
	if (w.down || at->run != w.run)
		*ret = w.down ? SCARD_E_NO_SERVICE : w.stale;
	else if (!at->reader->plugged)
		*ret = SCARD_E_READER_UNAVAILABLE;
	else if (!at->reader->present || at->reader->insertion != at->insertion)
		*ret = SCARD_W_REMOVED_CARD;
	else if (told && at->reset)
		*ret = SCARD_W_RESET_CARD;
	else
		return at;
	return NULL;
}

static void
dispose(struct handle *at, DWORD how)
{
	if (how == SCARD_LEAVE_CARD)
		return;
	w.resets++;
	if (how != SCARD_RESET_CARD || !w.may_reset)
		complain("the card is reset");
	reset_card(at->reader, at);
}

LONG
SCardReconnect(SCARDHANDLE h, DWORD share, DWORD protocols UNUSED, DWORD how,
    LPDWORD protocol)
{
	struct handle *at;
	LONG rv;

	HERE();
	if (share != SCARD_SHARE_SHARED)
		complain("a card is not shared");
	if (planned(WS_RECONNECT, &rv, NULL) || (at = handle_of(h, false, &rv)) == NULL)
		return rv;
	dispose(at, how);
	at->reset = false;
	*protocol = protocol_of(at->reader);
	return SCARD_S_SUCCESS;
}

/* It ends the handle, whatever it says. */
LONG
SCardDisconnect(SCARDHANDLE h, DWORD how)
{
	struct handle *at;
	LONG rv = SCARD_S_SUCCESS;

	HERE();
	at = handle_of(h, false, &rv);
	if (at != NULL) {
		if (at->reader->holder == h)
			complain("a card is disconnected within its transaction");
		dispose(at, how);
		rv = SCARD_S_SUCCESS;
	}
	if (h >= HANDLE_BASE && h < HANDLE_BASE + HANDLES && w.handles[h - HANDLE_BASE].open) {
		drop_transaction(w.handles[h - HANDLE_BASE].reader, h);
		w.handles[h - HANDLE_BASE].open = false;
	}
	planned(WS_DISCONNECT, &rv, NULL);
	return rv;
}

/* Until others have ended their transaction; what happened meanwhile is looked at again. */
static struct handle *
turn_of(SCARDHANDLE h, LONG *ret)
{
	struct handle *at;

	while ((at = handle_of(h, true, ret)) != NULL &&
	    at->reader->holder != NOBODY && at->reader->holder != h)
		pthread_cond_wait(&changed, &lock);
	return at;
}

LONG
SCardBeginTransaction(SCARDHANDLE h)
{
	struct handle *at;
	LONG rv;

	HERE();
	if (planned(WS_BEGIN, &rv, NULL) || (at = turn_of(h, &rv)) == NULL)
		return rv;
	if (at->reader->storm) {
		reset_card(at->reader, NULL);
		return SCARD_W_RESET_CARD;
	}
	at->reader->holder = h;
	at->reader->depth++;
	return SCARD_S_SUCCESS;
}

/* It ends the transaction, whatever it says. */
LONG
SCardEndTransaction(SCARDHANDLE h, DWORD how)
{
	struct handle *at;
	LONG rv, planned_rv = SCARD_S_SUCCESS;
	bool fails;

	HERE();
	fails = planned(WS_END, &planned_rv, NULL);
	at = handle_of(h, false, &rv);
	if (at == NULL)
		return rv;
	if (at->reader->holder != h)
		return SCARD_E_NOT_TRANSACTED;
	dispose(at, how);
	if (--at->reader->depth == 0)
		at->reader->holder = NOBODY;
	return fails ? planned_rv : SCARD_S_SUCCESS;
}

LONG
SCardStatus(SCARDHANDLE h, LPSTR name UNUSED, LPDWORD name_len UNUSED, LPDWORD state,
    LPDWORD protocol, LPBYTE atr, LPDWORD atr_len)
{
	struct handle *at;
	LONG rv;

	HERE();
	if (planned(WS_STATUS, &rv, NULL) || (at = handle_of(h, true, &rv)) == NULL)
		return rv;
	*state = SCARD_PRESENT | SCARD_POWERED | SCARD_SPECIFIC;
	*protocol = protocol_of(at->reader);
	memcpy(atr, at->reader->card.atr, at->reader->card.atr_len);
	*atr_len = w.claimed != 0 ? w.claimed : at->reader->card.atr_len;
	return SCARD_S_SUCCESS;
}

static void
happen(const struct ws_event *e, struct reader *r)
{
	switch (e->what) {
	case WS_REMOVE:
		take_out(r);
		break;
	case WS_SWAP:
		put_in(r, e->card);
		break;
	case WS_RESET:
		reset_card(r, NULL);
		break;
	case WS_SELECT:
		select_other(r);
		break;
	case WS_STOP:
		stop(SCARD_E_NO_SERVICE);
		break;
	case WS_REPLY:
		break;
	}
}

/* VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER. */
static void
overhear(const uint8_t *p, size_t n)
{
	bool secret = p[1] == 0x20 || p[1] == 0x24 || p[1] == 0x2c;

	w.ins[p[1]]++;
	if (!secret && w.secret[0] != '\0' && memmem(p, n, w.secret, strlen(w.secret)) != NULL)
		complain("the PIN is in a command %02x", p[1]);
}

static void
stand_still(struct reader *r)
{
	r->waiting++;
	while (r->stalled) {
		pthread_cond_broadcast(&changed);
		pthread_cond_wait(&changed, &lock);
	}
	r->waiting--;
}

LONG
SCardTransmit(SCARDHANDLE h, const SCARD_IO_REQUEST *pci, LPCBYTE p, DWORD n,
    SCARD_IO_REQUEST *ret_pci UNUSED, LPBYTE ret, LPDWORD ret_n)
{
	AUTO(buf_free) struct buf reply = BUF(70000);
	const struct ws_event *e = NULL;
	struct handle *at;
	LONG rv;

	HERE();
	if (n < 4)
		complain("a command of %lu bytes", (unsigned long)n);
	else
		overhear(p, n);
	if (planned(WS_TRANSMIT, &rv, &e) || (at = turn_of(h, &rv)) == NULL)
		return rv;
	if (at->reader->holder != h)
		complain("a command without a transaction");
	if (pci->dwProtocol != protocol_of(at->reader))
		complain("a command in the other protocol");
	if (at->reader->stalled)
		stand_still(at->reader);
	if (e != NULL)
		happen(e, at->reader);
	if ((at = handle_of(h, true, &rv)) == NULL)
		return rv;
	if (e != NULL && e->what == WS_REPLY)
		buf_cur(&reply, e->reply);
	else
		at->reader->card.command(at->reader->card.arg, cur_of(p, n), &reply);
	if (buf_end(&reply) != ERR_OK)
		return SCARD_E_NO_MEMORY;
	if (*ret_n < reply.len)
		return SCARD_E_INSUFFICIENT_BUFFER;
	if (reply.len != 0)
		memcpy(ret, reply.p, reply.len);
	*ret_n = reply.len;
	return SCARD_S_SUCCESS;
}

#define VERIFY_CODE	0x42000001u
#define MODIFY_CODE	0x42000002u

static LONG
give(const void *bytes, size_t n, LPVOID out, DWORD room, LPDWORD ret_n)
{
	*ret_n = 0;
	if (room < n)
		return SCARD_E_INSUFFICIENT_BUFFER;
	memcpy(out, bytes, n);
	*ret_n = n;
	return SCARD_S_SUCCESS;
}

/*
 * What a person types goes where the structure says (PC/SC part 10, sections 2.5.2 and
 * 2.5.3): the command stands at its end, the block of the first PIN behind its header.
 */
static LONG
type(struct reader *r, const uint8_t *in, size_t n, bool change, LPVOID out, DWORD room,
    LPDWORD ret_n)
{
	AUTO(buf_free) struct buf reply = BUF(70000);
	const size_t head = change ? 24 : 19, block = n > 3 ? in[3] : 0;
	uint8_t command[64];

	if (n < head + 5 || n - head > sizeof(command) || n - head - 5 < block * (change + 1u))
		return SCARD_E_INVALID_PARAMETER;
	memcpy(command, in + head, n - head);
	memcpy(command + 5, r->keypad, strnlen(r->keypad, block));
	if (change)
		memcpy(command + 5 + block, r->fresh, strnlen(r->fresh, block));
	r->card.command(r->card.arg, cur_of(command, n - head), &reply);
	return give(reply.p, reply.len, out, room, ret_n);
}

/* A keypad knows what it can do, and how to ask for a PIN and for a change. */
LONG
SCardControl(SCARDHANDLE h, DWORD code, LPCVOID in, DWORD in_len, LPVOID out, DWORD out_len,
    LPDWORD ret_n)
{
	static const uint8_t features[] = { 6, 4, 0x42, 0, 0, 1, 7, 4, 0x42, 0, 0, 2 };
	struct handle *at;
	LONG rv;

	HERE();
	if (planned(WS_CONTROL, &rv, NULL) || (at = turn_of(h, &rv)) == NULL)
		return rv;
	*ret_n = 0;
	if (at->reader->keypad == NULL)
		return SCARD_E_UNSUPPORTED_FEATURE;
	switch (code) {
	case SCARD_CTL_CODE(3400):
		return give(features, sizeof(features), out, out_len, ret_n);
	case VERIFY_CODE:
	case MODIFY_CODE:
		if (at->reader->holder != h)
			complain("the keypad is used without a transaction");
		return type(at->reader, in, in_len, code == MODIFY_CODE, out, out_len, ret_n);
	}
	return SCARD_E_UNSUPPORTED_FEATURE;
}
