/* SPDX-License-Identifier: EUPL-1.2 */
/* What is to go wrong, and at which command. */
#ifndef DEZI_VCARD_FAULT_H
#define DEZI_VCARD_FAULT_H

#include "vcard/apdu.h"
#include "vcard/cardfile.h"

#define FAULTS_MAX	16

enum fault_kind {
	FAULT_DROP,		/* no answer, ever */
	FAULT_DELAY,		/* the answer comes late */
	FAULT_SW,		/* another status word and no data */
	FAULT_GARBAGE,		/* random bytes and 9000 */
	FAULT_SHORT,		/* an answer of one byte */
	FAULT_SURPLUS,		/* more data than there is, or than was asked for */
	FAULT_REMOVE,		/* the card leaves the reader */
	FAULT_SWAP,		/* the same, and another comes */
	FAULT_RESET,		/* the card forgets all that it forgets at a reset */
	FAULT_KINDS
};

/*
 * Before: instead of the command, which is not carried out (but for delay and surplus,
 * and for reset, which comes first).  After: the command is carried out; what the host
 * gets is the fault, but remove, swap and reset wait until the answer is sent.
 */
enum fault_when { FAULT_BEFORE, FAULT_AFTER };

struct fault {
	enum command_kind what;
	uint64_t	  countdown;	/* 1: the next command of that kind; 0: unused */
	enum fault_when	  when;
	enum fault_kind	  kind;
	int64_t		  number;	/* milliseconds, or the status word */
	char		  card[CARD_PATH];
};

struct faults {
	struct fault one[FAULTS_MAX];
};

/* False: there are too many. */
bool faults_add(struct faults *f, const struct fault *one);
void faults_clear(struct faults *f);
/* Count one command.  True, and the fault is used up, when its time has come. */
bool faults_take(struct faults *f, enum command_kind what, struct fault *ret);

/* False: no such word. */
bool fault_kind_of(struct cur word, enum fault_kind *ret);

#endif
