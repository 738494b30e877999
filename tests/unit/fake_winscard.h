/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * PC/SC for tests: link this instead of libpcsclite.  It behaves as pcsc-lite does (pcsc
 * reference, part A): event counters, the reader of news, a reset that every other handle
 * is told of until it reconnects, a removal that no handle survives, transactions that
 * make others wait, a cancel that is lost before the wait, a service that goes and comes.
 *
 * What must never be done is written down where it is done, see ws_complaint(): it may
 * happen in a thread that belongs to no test.
 *
 * All of it may be used from any thread.
 */
#ifndef DEZI_TESTS_FAKE_WINSCARD_H
#define DEZI_TESTS_FAKE_WINSCARD_H

#include "base/buf.h"

#define WS_READERS	80
#define WS_NAME		128

enum ws_call {
	WS_ESTABLISH, WS_RELEASE, WS_LIST, WS_CHANGE, WS_CANCEL, WS_CONNECT, WS_DISCONNECT,
	WS_RECONNECT, WS_BEGIN, WS_END, WS_STATUS, WS_TRANSMIT, WS_CONTROL, WS_CALLS
};
const char *ws_call_name(enum ws_call c);

/* What is put into a reader.  Calls for one card never overlap. */
struct ws_card {
	uint8_t	 atr[33];
	size_t	 atr_len;
	bool	 mute;			/* no answer to reset */
	void	*arg;
	void	 (*command)(void *arg, struct cur command, struct buf *ret);
	void	 (*reset)(void *arg);
};

/* A service that runs, without readers and without a past. */
void ws_start(void);
/* Was everything given back?  Then "" as ws_complaint(). */
const char *ws_end(void);
/* The first thing that was wrong since ws_start(), or "". */
const char *ws_complaint(void);

/*
 * The desk.
 */
void ws_plug(const char *reader);
void ws_unplug(const char *reader);
/* The list of readers as these bytes, whatever readers there are; NULL: as it is. */
void ws_list_raw(const void *bytes, size_t n);
void ws_insert(const char *reader, const struct ws_card *card);
void ws_remove(const char *reader);

/*
 * Another program, with the card in that reader: resets it, asks for an application that
 * is not there, begins (or ends) a transaction, takes (or gives up) exclusive use.
 */
void ws_other_resets(const char *reader);
void ws_other_selects(const char *reader);
void ws_other_holds(const char *reader, bool on);
void ws_other_alone(const char *reader, bool on);
/* What a command to that reader does from now on: it waits for ws_stall(reader, false). */
void ws_stall(const char *reader, bool on);
/* Wait until a command has arrived in the stalled reader. */
void ws_await_stalled(const char *reader);

/* pcscd ends: whatever it gave out is answered with rv from now on; and is there again. */
void ws_service_stop(long rv);
void ws_service_start(void);

/* What PC/SC says the length of every ATR is, whatever stands in it; 0: the truth. */
void ws_claim_atr(size_t n);
/* The card in that reader resets itself whenever somebody begins with it. */
void ws_storm(const char *reader, bool on);
/* The card in that reader speaks T=0 (or T=1) from its next reset on. */
void ws_speak(const char *reader, bool t0);

/*
 * That reader has a keypad, on which a person types this PIN (and new one, where two are
 * asked for).  NULL: it has none.  Both are the caller's.
 */
void ws_keypad(const char *reader, const char *pin, const char *fresh);

/*
 * Called with true when the program enters PC/SC, on its thread, and with false when it
 * returns; NULL: nobody.
 */
void ws_around(void (*fn)(bool in));

/*
 * Faults.  n counts from 1, from now on.
 */
void ws_fail(enum ws_call call, unsigned n, long rv);
enum ws_what { WS_REMOVE, WS_SWAP, WS_RESET, WS_SELECT, WS_REPLY, WS_STOP };
struct ws_event {
	enum ws_what what;
	const struct ws_card *card;	/* SWAP: the other one */
	struct cur reply;		/* REPLY: instead of the card's; borrowed */
};
/* Right before the n-th command. */
void ws_before(unsigned n, struct ws_event e);
/* Forget what was planned and did not happen.  True: something was. */
bool ws_clear(void);

/*
 * What was seen.
 */
unsigned ws_calls(enum ws_call call);
unsigned ws_ins(uint8_t ins);		/* commands with this instruction */
unsigned ws_resets(void);		/* by the program under test, to all others */
void ws_forget_counts(void);
/* Transactions that the program under test has open now. */
unsigned ws_held(void);
/* No command but those for it may hold these bytes. */
void ws_secret(const char *pin);
/* Nobody is waited for longer than a millisecond, however long the program would. */
void ws_hurry(bool yes);
/* Resets are asked for in the configuration of this test. */
void ws_allow_resets(bool yes);

#endif
