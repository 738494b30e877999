/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One slot per reader, the same for the life of the process: the list grows, it never
 * shrinks, and ids begin with 0.
 *
 * Locks, in the order in which they are taken: a slot's (held over that slot's card),
 * the listing's (held while pcscd is asked for readers), the table's (held over nothing).
 */
#ifndef DEZI_PKCS11_SLOT_H
#define DEZI_PKCS11_SLOT_H

#include "card/pcsc.h"
#include "pkcs11/hold.h"
#include "pkcs11/lock.h"

struct token;
struct session;

struct slot {
	ck_slot_id_t id;
	char	 name[CARD_READER_MAX];
	/* With the table's lock: */
	struct pcsc_reader_state now;	/* by the last listing */
	bool	 event;			/* something happened that nobody was told of */
	/* With this slot's lock: */
	struct lock lock;
	struct token *token;		/* of this insertion; NULL: none, or not looked at */
	struct pcsc_reader_state looked_at;	/* the insertion that was looked at last ... */
	unsigned looks;			/* ... so often in vain; LOOKS_MAX: it is left in peace */
	struct hold hold;
	bool	 keypad_off;		/* the reader's keypad misbehaved once */
	struct session *sessions;
	unsigned long serial;		/* of the last session that was opened */
	unsigned long generation;	/* of the last token */
};

ck_rv_t slots_start(void);
void slots_end(void);
/* After fork(): forget everything, touch nothing. */
void slots_abandon(void);

/*
 * Ask pcscd; grow: new readers become slots.  Without pcscd there are no cards, which is
 * no error.  CKR_HOST_MEMORY
 */
ck_rv_t slots_refresh(bool grow);
size_t slots_count(void);
/* CKR_SLOT_ID_INVALID */
ck_rv_t slot_find(ck_slot_id_t id, struct slot **ret);
/* What the last listing says of it. */
struct pcsc_reader_state slot_state(struct slot *s);
/* The first slot with an event, which is taken.  False: there is none. */
bool slots_take_event(ck_slot_id_t *ret);

/*
 * With the slot's lock: the token in it, looked at once per insertion.  A token that has
 * gone takes its sessions with it.
 *	CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED, CKR_DEVICE_ERROR, ...
 */
ck_rv_t slot_token(struct slot *s, struct token **ret);
/* With the slot's lock: has the token gone?  Then CKR_DEVICE_REMOVED, and it is dropped. */
ck_rv_t slot_check(struct slot *s);
/* With the slot's lock: drop token and sessions. */
void slot_drop(struct slot *s);

#endif
