/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * PC/SC.  The calls that wait for other programs (connect, begin, and with them all
 * of a card's) run on a helper thread with a PC/SC context of its own, because
 * pcsc-lite has no limit for them and holds the context meanwhile (pcsc reference,
 * sections 1 and 2).
 */
#include "card/pcsc.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winscard.h>

#include "base/clock.h"
#include "card/helper.h"
#include "iso7816/apdu.h"

#define WAIT_MS		10000	/* for another program's transaction */
#define CARD_MS		60000	/* for the card itself, waiting-time extensions and all */
#define NOTICE_MS	1000	/* in which pcscd notices that a card is gone */
#define ALONE_MS	100	/* between two attempts at a card that another has alone */
#define ALONE_TRIES	5
#define RESETS_MAX	3	/* reconnects (hostile-cards section 0) */
#define READERS_MAX	64
#define PNP		"\\\\?PnP?\\Notification"
#define SOCKET		"/run/pcscd/pcscd.comm"
#define PID_FILE	"/pcscd.pid"

struct pcsc {
	SCARDCONTEXT ctx;	/* for readers and events, on the caller's thread */
	SCARDCONTEXT cards;	/* for cards, on the helper's thread */
	struct helper *helper;	/* NULL: not prepared */
	bool	 alone;		/* no helper: everything on the caller's thread */
	uint32_t apdus;
};

/*
 * What a return value means (pkcs11 reference, section 7).  What is not named is trouble
 * between pcscd, the reader and the card.
 */
static enum err
failure(LONG rv, const char *what)
{
	enum err e;

	switch (rv) {
	case SCARD_E_NO_SERVICE:
	case SCARD_E_SERVICE_STOPPED:
	case SCARD_P_SHUTDOWN:
	case SCARD_E_INVALID_HANDLE:
		e = ERR_NO_SERVICE;
		break;
	case SCARD_W_SECURITY_VIOLATION:
		e = ERR_PCSC_DENIED;
		break;
	case SCARD_W_REMOVED_CARD:
	case SCARD_E_NO_SMARTCARD:
	case SCARD_E_READER_UNAVAILABLE:
	case SCARD_E_NO_READERS_AVAILABLE:
	case SCARD_E_UNKNOWN_READER:
	/* pcscd and we do not mean the same any more: connect anew (pcsc.md section 2). */
	case SCARD_E_INVALID_VALUE:
	case SCARD_E_NOT_TRANSACTED:
		e = ERR_REMOVED;
		break;
	case SCARD_W_RESET_CARD:
		e = ERR_CARD_RESET;
		break;
	case SCARD_E_SHARING_VIOLATION:
		e = ERR_CARD_BUSY;
		break;
	case SCARD_E_NO_MEMORY:
		e = ERR_NOMEM;
		break;
	default:
		e = ERR_IO;
		break;
	}
	return fail(e, "%s: PC/SC %08lx", what, (unsigned long)rv & 0xffffffff);
}

/*
 * Of a card that is open already.  polkit has been asked by then (pcsc.md section 5):
 * "security violation" is now a daemon that does not know our handle, another one than
 * we spoke to before.
 */
static enum err
card_failure(LONG rv, const char *what)
{
	return failure(rv == SCARD_W_SECURITY_VIOLATION ? SCARD_E_SERVICE_STOPPED : rv, what);
}

/* Of a question about readers, which may be cut short; both are answers. */
static enum err
question_failure(LONG rv, const char *what)
{
	if (rv == SCARD_E_TIMEOUT)
		return ERR_TIMEOUT;
	return rv == SCARD_E_CANCELLED ? ERR_CANCELLED : failure(rv, what);
}

enum err
pcsc_open(struct pcsc **ret)
{
	struct pcsc *p = calloc(1, sizeof(*p));
	LONG rv;

	if (p == NULL)
		return fail(ERR_NOMEM, "PC/SC");
	rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &p->ctx);
	if (rv != SCARD_S_SUCCESS) {
		free(p);
		return failure(rv, "connect to pcscd");
	}
	*ret = p;
	return ERR_OK;
}

/* The end of the helper's thread: the context was its. */
static void
release(void *arg)
{
	SCARDCONTEXT *ctx = arg;

	SCardReleaseContext(*ctx);
	free(ctx);
}

enum err
pcsc_prepare(struct pcsc *p)
{
	SCARDCONTEXT *ctx;
	enum err r;
	LONG rv;

	if (p->helper != NULL || p->alone)
		return ERR_OK;
	if ((ctx = malloc(sizeof(*ctx))) == NULL)
		return fail(ERR_NOMEM, "PC/SC");
	rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, ctx);
	if (rv != SCARD_S_SUCCESS) {
		free(ctx);
		return failure(rv, "connect to pcscd");
	}
	p->cards = *ctx;
	if ((r = helper_start(release, ctx, &p->helper)) != ERR_OK)
		release(ctx);
	return r;
}

void
pcsc_alone(struct pcsc *p)
{
	p->alone = true;
	p->cards = p->ctx;
}

void
pcsc_close(struct pcsc **p)
{
	if (*p == NULL)
		return;
	helper_stop(&(*p)->helper);
	SCardReleaseContext((*p)->ctx);
	free(*p);
	*p = NULL;
}

/*
 * The first run of pcscd may have counted to the same number as the next one: its
 * process id file, beside the socket that libpcsclite connects to, is written at each
 * start.  A sandbox may be shown the socket alone.
 */
static uint64_t
service_run(void)
{
	const char *socket = secure_getenv("PCSCLITE_CSOCK_NAME"), *slash;
	char path[PATH_MAX];
	struct stat st;
	int n;

	if (socket == NULL)
		socket = SOCKET;
	if ((slash = strrchr(socket, '/')) == NULL)
		return 0;
	n = snprintf(path, sizeof(path), "%.*s" PID_FILE, (int)(slash - socket), socket);
	if (n < 0 || (size_t)n >= sizeof(path) || stat(path, &st) != 0)
		return 0;
	return (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec;
}

/*
 * Names as a multi-string: NUL after each, one more at the end; none of it is sure
 * (hostile-cards, vector 65).  What is called like the reader of news is none.
 */
static size_t
take_names(struct cur in, struct pcsc_reader_state *ret, size_t max)
{
	struct cur name;
	size_t n = 0;

	while (n < max && cur_until(&in, '\0', &name) && name.n != 0) {
		ret[n] = (struct pcsc_reader_state){ .present = false };
		if (!cur_eq_str(name, PNP) &&
		    cur_to_str(name, ret[n].name, sizeof(ret[n].name)))
			n++;
	}
	return n;
}

static enum err
list_names(struct pcsc *p, struct pcsc_reader_state *ret, size_t *ret_n)
{
	char names[READERS_MAX * CARD_READER_MAX], *more = NULL;
	DWORD len = sizeof(names);
	LONG rv = SCardListReaders(p->ctx, NULL, names, &len);

	*ret_n = 0;
	if (rv == SCARD_E_INSUFFICIENT_BUFFER) {
		/* More readers than we look at: the first of them. */
		if ((more = malloc(len)) == NULL)
			return fail(ERR_NOMEM, "readers");
		rv = SCardListReaders(p->ctx, NULL, more, &len);
	}
	if (rv == SCARD_S_SUCCESS)
		*ret_n = take_names(cur_of(more != NULL ? more : names, len), ret,
		    READERS_MAX);
	free(more);
	if (rv == SCARD_S_SUCCESS || rv == SCARD_E_NO_READERS_AVAILABLE)
		return ERR_OK;
	return question_failure(rv, "list readers");
}

static void
take_state(const SCARD_READERSTATE *in, struct pcsc_reader_state *ret)
{
	uint32_t word = (uint32_t)in->dwEventState;

	ret->word = word & ~(uint32_t)SCARD_STATE_CHANGED;
	ret->event_counter = word >> 16;
	ret->present = (word & SCARD_STATE_PRESENT) != 0;
	ret->mute = (word & SCARD_STATE_MUTE) != 0;
	ret->in_use = (word & (SCARD_STATE_INUSE | SCARD_STATE_EXCLUSIVE)) != 0;
	ret->atr_len = in->cbAtr <= sizeof(ret->atr) ? in->cbAtr : 0;
	memcpy(ret->atr, in->rgbAtr, ret->atr_len);
}

/* What is in this reader now.  SCARD_E_UNKNOWN_READER: it went away. */
static LONG
read_state(struct pcsc *p, struct pcsc_reader_state *r)
{
	SCARD_READERSTATE s = { .szReader = r->name, .dwCurrentState = SCARD_STATE_UNAWARE };
	LONG rv = SCardGetStatusChange(p->ctx, 0, &s, 1);

	if (rv == SCARD_S_SUCCESS)
		take_state(&s, r);
	return rv;
}

/* About the connection to pcscd, not about one reader. */
static bool
is_general(LONG rv)
{
	return rv == SCARD_E_NO_SERVICE || rv == SCARD_E_SERVICE_STOPPED ||
	    rv == SCARD_P_SHUTDOWN || rv == SCARD_E_INVALID_HANDLE ||
	    rv == SCARD_E_CANCELLED || rv == SCARD_W_SECURITY_VIOLATION;
}

/* A reader that cannot be asked is there, with nothing in it; the others are looked at. */
static LONG
read_states(struct pcsc *p, struct pcsc_reader_state *r, size_t n)
{
	LONG worst = SCARD_S_SUCCESS;

	for (size_t i = 0; i < n; i++) {
		LONG rv = read_state(p, &r[i]);

		if (is_general(rv))
			return rv;
		if (rv != SCARD_S_SUCCESS)
			worst = rv;
	}
	return worst;
}

enum err
pcsc_list(struct pcsc *p, struct pcsc_reader_state *ret, size_t max, size_t *ret_n)
{
	struct pcsc_reader_state all[READERS_MAX];
	uint64_t service = service_run();
	size_t n = 0;
	LONG rv;
	enum err r;

	/* A reader may go away between the two questions. */
	for (int i = 0; i < 3; i++) {
		if ((r = list_names(p, all, &n)) != ERR_OK)
			return r;
		rv = read_states(p, all, n);
		if (is_general(rv))
			return question_failure(rv, "state of the readers");
		if (rv != SCARD_E_UNKNOWN_READER)
			break;
	}
	for (size_t i = 0; i < n && i < max; i++) {
		ret[i] = all[i];
		ret[i].service = service;
	}
	*ret_n = n;
	return ERR_OK;
}

enum err
pcsc_wait(struct pcsc *p, const struct pcsc_reader_state *known, size_t n, int timeout_ms)
{
	SCARD_READERSTATE s[PCSCLITE_MAX_READERS_CONTEXTS] = { { 0 } };
	DWORD count = 0;
	LONG rv;

	/* The list may never be empty, or this would return at once, for ever. */
	s[count++].szReader = PNP;
	for (size_t i = 0; i < n && count < NELEM(s); i++, count++) {
		s[count].szReader = known[i].name;
		s[count].dwCurrentState = known[i].word;
	}
	rv = SCardGetStatusChange(p->ctx, (DWORD)timeout_ms, s, count);
	if (rv == SCARD_S_SUCCESS || rv == SCARD_E_UNKNOWN_READER)
		return ERR_OK;
	return question_failure(rv, "wait for readers");
}

void
pcsc_cancel(struct pcsc *p)
{
	SCardCancel(p->ctx);
}

/* One card.  What happens to it happens in jobs, on the helper's thread. */
struct link {
	struct pcsc *p;
	SCARDHANDLE handle;
	DWORD	 protocol;
};

struct job {
	SCARDCONTEXT ctx;
	SCARDHANDLE handle;
	LONG	 rv;
	DWORD	 protocol;
	DWORD	 how;			/* to end it */
	DWORD	 code;			/* of SCardControl() */
	unsigned resets;		/* by other programs, found when it began */
	char	 name[CARD_READER_MAX];
	uint8_t	 atr[CARD_ATR_MAX];
	DWORD	 atr_len;
	uint8_t	 command[APDU_LONG_MAX];
	DWORD	 command_len;
	uint8_t	 reply[APDU_REPLY_MAX];
	DWORD	 reply_len;
};
_Static_assert(sizeof(struct job) <= HELPER_JOB, "a job must fit");
_Static_assert(READER_CONTROL_MAX <= APDU_REPLY_MAX, "an answer must fit");

static void
job_wipe(struct job *j)
{
	explicit_bzero(j, sizeof(*j));
}

static enum err
run(struct pcsc *p, void (*fn)(void *), void (*undo)(void *), struct job *j, int ms)
{
	j->ctx = p->cards;
	if (p->alone) {
		fn(j);
		return ERR_OK;
	}
	return helper_call(p->helper, fn, undo, j, sizeof(*j), ms);
}

static LONG
job_status(struct job *j)
{
	DWORD state = 0;

	j->atr_len = sizeof(j->atr);
	return SCardStatus(j->handle, NULL, NULL, &state, &j->protocol, j->atr,
	    &j->atr_len);
}

static void
job_connect(void *job)
{
	struct job *j = job;

	/* Exclusive use is often short: a probe, another program's start. */
	for (int i = 0; i < ALONE_TRIES; i++) {
		j->rv = SCardConnect(j->ctx, j->name, SCARD_SHARE_SHARED,
		    SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &j->handle, &j->protocol);
		if (j->rv != SCARD_E_SHARING_VIOLATION)
			break;
		usleep(ALONE_MS * 1000);
	}
	if (j->rv != SCARD_S_SUCCESS)
		return;
	j->rv = job_status(j);
	if (j->rv != SCARD_S_SUCCESS)
		SCardDisconnect(j->handle, SCARD_LEAVE_CARD);
}

static void
job_disconnect(void *job)
{
	struct job *j = job;

	if (j->rv == SCARD_S_SUCCESS)
		SCardDisconnect(j->handle, SCARD_LEAVE_CARD);
}

static void
begin_again(struct job *j)
{
	j->rv = SCardReconnect(j->handle, SCARD_SHARE_SHARED,
	    SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, SCARD_LEAVE_CARD, &j->protocol);
	if (j->rv != SCARD_S_SUCCESS)
		return;
	j->rv = SCardBeginTransaction(j->handle);
	if (j->rv != SCARD_S_SUCCESS)
		return;
	j->rv = job_status(j);
	if (j->rv != SCARD_S_SUCCESS)
		SCardEndTransaction(j->handle, SCARD_LEAVE_CARD);
}

/* Begin; a card that another program reset is reconnected. */
static void
job_begin(void *job)
{
	struct job *j = job;

	j->rv = SCardBeginTransaction(j->handle);
	while (j->rv == SCARD_W_RESET_CARD && j->resets < RESETS_MAX) {
		j->resets++;
		begin_again(j);
	}
}

static void
job_end(void *job)
{
	struct job *j = job;

	if (j->rv == SCARD_S_SUCCESS)
		SCardEndTransaction(j->handle, j->how);
}

static void
job_transmit(void *job)
{
	struct job *j = job;
	const SCARD_IO_REQUEST *pci =
	    j->protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;

	j->reply_len = sizeof(j->reply);
	j->rv = SCardTransmit(j->handle, pci, j->command, j->command_len, NULL, j->reply,
	    &j->reply_len);
	explicit_bzero(j->command, sizeof(j->command));
}

static void
job_control(void *job)
{
	struct job *j = job;

	j->reply_len = 0;
	j->rv = SCardControl(j->handle, j->code, j->command, j->command_len, j->reply,
	    READER_CONTROL_MAX, &j->reply_len);
	explicit_bzero(j->command, sizeof(j->command));
}

/*
 * No contact, or no card?  A card that was pulled breaks the contact some time before
 * pcscd notices that it is gone.
 */
static enum err
lost_contact(struct reader *r)
{
	struct link *l = r->state;
	struct pcsc_reader_state s = { .present = false };
	LONG rv;

	memcpy(s.name, r->name, sizeof(s.name));
	for (int i = 0; i < 2; i++) {
		SCARD_READERSTATE known = { .szReader = s.name };

		rv = read_state(l->p, &s);
		if (is_general(rv))
			return note(ERR_NO_SERVICE, "pcscd went away");
		if (rv != SCARD_S_SUCCESS || !s.present ||
		    s.event_counter != r->event_counter)
			return note(ERR_REMOVED, "the card is gone");
		known.dwCurrentState = s.word;
		if (i == 0)
			(void)SCardGetStatusChange(l->p->ctx, NOTICE_MS, &known, 1);
	}
	return ERR_IO;
}

static enum err
link_begin(struct reader *r)
{
	struct link *l = r->state;
	AUTO(job_wipe) struct job j = { .handle = l->handle, .protocol = l->protocol,
	    .how = SCARD_LEAVE_CARD };
	enum err e = run(l->p, job_begin, job_end, &j, WAIT_MS);

	if (e == ERR_TIMEOUT)
		return note(ERR_CARD_BUSY, "another program holds the card");
	if (e == ERR_BUSY)
		return note(ERR_CARD_BUSY, "the card has not come back");
	if (e != ERR_OK)
		return e;
	r->resets += j.resets;
	if (j.rv != SCARD_S_SUCCESS) {
		e = card_failure(j.rv, "begin");
		return e == ERR_IO ? lost_contact(r) : e;
	}
	/* It was reconnected: is it the same card? */
	if (j.atr_len != 0 &&
	    !cur_eq(cur_of(j.atr, j.atr_len), cur_of(r->atr, r->atr_len))) {
		(void)run(l->p, job_end, NULL, &j, WAIT_MS);
		return fail(ERR_REMOVED, "another ATR");
	}
	l->protocol = j.protocol;
	r->protocol_t0 = j.protocol == SCARD_PROTOCOL_T0;
	return ERR_OK;
}

static void
link_end(struct reader *r, enum reader_end how)
{
	struct link *l = r->state;
	AUTO(job_wipe) struct job j = { .handle = l->handle,
	    .how = how == READER_RESET ? SCARD_RESET_CARD : SCARD_LEAVE_CARD };

	(void)run(l->p, job_end, NULL, &j, WAIT_MS);
}

uint32_t
pcsc_apdus(const struct pcsc *p)
{
	return p->apdus;
}

static enum err
link_transmit(struct reader *r, struct cur command, bool secret, struct buf *ret_reply)
{
	struct link *l = r->state;
	AUTO(job_wipe) struct job j = { .handle = l->handle, .protocol = l->protocol };
	int64_t began;
	enum err e;

	(void)secret;			/* every copy is wiped, secret or not */
	/* One byte would be a control message to vpcd, and is no command anywhere. */
	assert(command.n >= 4 && command.n <= sizeof(j.command));
	memcpy(j.command, command.p, command.n);
	j.command_len = command.n;
	l->p->apdus++;
	began = clock_boot_ms();
	e = run(l->p, job_transmit, NULL, &j, CARD_MS);
	r->answer_ms += (uint64_t)(clock_boot_ms() - began);
	if (e == ERR_TIMEOUT || e == ERR_BUSY)
		return note(ERR_IO, "the card does not answer");
	if (e != ERR_OK)
		return e;
	if (j.rv != SCARD_S_SUCCESS)
		e = card_failure(j.rv, "transmit");
	else if (j.reply_len < 2 || j.reply_len > sizeof(j.reply))
		e = fail(ERR_IO, "a reply of %lu bytes", (unsigned long)j.reply_len);
	if (e == ERR_CARD_BUSY)
		e = ERR_IO;		/* in our own transaction nobody is in the way */
	if (e != ERR_OK)
		return e == ERR_IO ? lost_contact(r) : e;
	buf_put(ret_reply, j.reply, j.reply_len);
	return buf_end(ret_reply);
}

/* A driver says in several ways that it does not know a code. */
static bool
is_no_code(LONG rv)
{
	return rv == SCARD_E_UNSUPPORTED_FEATURE || rv == SCARD_E_INVALID_PARAMETER ||
	    rv == SCARD_E_INVALID_VALUE;
}

static enum err
link_control(struct reader *r, uint32_t code, struct cur in, bool secret, int ms,
    struct buf *ret)
{
	struct link *l = r->state;
	AUTO(job_wipe) struct job j = { .handle = l->handle, .code = code };
	enum err e;

	assert(in.n <= sizeof(j.command));
	if (in.n != 0)
		memcpy(j.command, in.p, in.n);
	j.command_len = in.n;
	if (secret && !l->p->alone) {
		j.ctx = l->p->cards;
		e = helper_call_unless(l->p->helper, job_control, NULL, &j, sizeof(j), ms,
		    r->waiting, r->waiting_arg);
	} else {
		e = run(l->p, job_control, NULL, &j, ms);
	}
	if (e == ERR_BUSY)
		return note(ERR_IO, "the reader does not answer");
	if (e != ERR_OK)
		return e;
	if (is_no_code(j.rv))
		return ERR_UNSUPPORTED;
	if (j.rv != SCARD_S_SUCCESS)
		e = card_failure(j.rv, "control");
	else if (j.reply_len > READER_CONTROL_MAX)
		e = fail(ERR_IO, "an answer of %lu bytes", (unsigned long)j.reply_len);
	if (e != ERR_OK)
		return e == ERR_IO ? lost_contact(r) : e;
	buf_put(ret, j.reply, j.reply_len);
	return buf_end(ret);
}

static enum err
link_events(struct reader *r, uint32_t *ret)
{
	struct link *l = r->state;
	struct pcsc_reader_state s = { .present = false };
	LONG rv;

	memcpy(s.name, r->name, sizeof(s.name));
	rv = read_state(l->p, &s);
	if (rv != SCARD_S_SUCCESS)
		return card_failure(rv, "state of the reader");
	if (!s.present)
		return fail(ERR_REMOVED, "no card in the reader");
	*ret = s.event_counter;
	return ERR_OK;
}

static void
link_close(struct reader *r)
{
	struct link *l = r->state;
	AUTO(job_wipe) struct job j = { .handle = l->handle };

	(void)run(l->p, job_disconnect, NULL, &j, WAIT_MS);
	free(l);
}

static const struct reader_ops link_ops = {
	.begin = link_begin,
	.end = link_end,
	.transmit = link_transmit,
	.control = link_control,
	.events = link_events,
	.close = link_close,
};

static enum err
connect_card(struct pcsc *p, struct job *j)
{
	enum err e = run(p, job_connect, job_disconnect, j, WAIT_MS);

	if (e == ERR_TIMEOUT || e == ERR_BUSY)
		return note(ERR_CARD_BUSY, "another program holds the card");
	if (e != ERR_OK)
		return e;
	if (j->rv == SCARD_E_NO_SMARTCARD)
		return fail(ERR_NO_CARD, "no card in the reader");
	if (j->rv == SCARD_W_UNRESPONSIVE_CARD || j->rv == SCARD_W_UNPOWERED_CARD ||
	    j->rv == SCARD_W_UNSUPPORTED_CARD || j->rv == SCARD_E_CARD_UNSUPPORTED)
		return fail(ERR_CARD_NOT_USABLE, "the card does not come up: PC/SC %08lx",
		    (unsigned long)j->rv & 0xffffffff);
	if (j->rv != SCARD_S_SUCCESS)
		return failure(j->rv, "connect to the card");
	return ERR_OK;
}

enum err
pcsc_connect(struct pcsc *p, const char *reader, struct reader **ret)
{
	AUTO(reader_close) struct reader *r = NULL;
	AUTO(job_wipe) struct job j = { .how = SCARD_LEAVE_CARD };
	struct link *l;
	enum err e;

	if (!cur_to_str(cur_str(reader), j.name, sizeof(j.name)))
		return fail(ERR_REMOVED, "no such reader");
	if ((e = pcsc_prepare(p)) != ERR_OK || (e = connect_card(p, &j)) != ERR_OK)
		return e;
	r = calloc(1, sizeof(*r));
	l = malloc(sizeof(*l));
	if (r == NULL || l == NULL) {
		(void)run(p, job_disconnect, NULL, &j, WAIT_MS);
		free(r);
		r = NULL;
		free(l);
		return fail(ERR_NOMEM, "reader");
	}
	*l = (struct link){ p, j.handle, j.protocol };
	r->ops = &link_ops;
	r->state = l;
	memcpy(r->name, j.name, sizeof(r->name));
	r->atr_len = j.atr_len <= sizeof(r->atr) ? j.atr_len : 0;
	memcpy(r->atr, j.atr, r->atr_len);
	r->protocol_t0 = j.protocol == SCARD_PROTOCOL_T0;
	r->service = service_run();
	/* Counted after the card was connected: a later card gives "removed" anyway. */
	if ((e = link_events(r, &r->event_counter)) != ERR_OK)
		return e;
	*ret = r;
	r = NULL;
	return ERR_OK;
}
