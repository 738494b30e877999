/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a reader says of itself (PC/SC part 10, sections 2.2 and 2.6): which features its
 * driver has and by which control codes, and its properties.  Pure: bytes in, a struct
 * out.  A reader may lie, and its bytes may be anything (hostile-cards, vector 71).
 */
#ifndef DEZI_CARD_FEATURE_H
#define DEZI_CARD_FEATURE_H

#include "base/cur.h"

/* CM_IOCTL_GET_FEATURE_REQUEST: SCARD_CTL_CODE(3400) of pcsc-lite. */
#define FEATURE_REQUEST		0x42000d48u

enum feature {
	FEATURE_VERIFY_START = 0x01,
	FEATURE_VERIFY_FINISH = 0x02,
	FEATURE_MODIFY_START = 0x03,
	FEATURE_MODIFY_FINISH = 0x04,
	FEATURE_VERIFY_DIRECT = 0x06,
	FEATURE_MODIFY_DIRECT = 0x07,
	FEATURE_PIN_PROPERTIES = 0x0a,
	FEATURE_ABORT = 0x0b,
	FEATURE_PROPERTIES = 0x12,	/* GET_TLV_PROPERTIES */
};
#define FEATURE_TAGS	0x21

struct features {
	uint32_t code[FEATURE_TAGS];	/* by tag; 0: the driver has none */
	uint16_t lcd;			/* lines << 8 | characters in one; 0: no display */
	uint8_t	 min_pin, max_pin;	/* what the keypad can take; 0: it does not say */
	uint32_t max_apdu;		/* bytes of data in one command; 0: the same */
	uint16_t vendor, product;	/* of USB; 0: the same */
};

/*
 * The answer to FEATURE_REQUEST.  False, and nothing changes, when it is not whole records
 * of six bytes: half of an answer is no answer.  The first record of a tag counts.
 */
bool feature_take_list(struct cur in, struct features *ret);
/*
 * The answer to FEATURE_PROPERTIES.  A property of another length than it must have is
 * passed over; one that is cut off ends the list, and what came before it counts.
 */
void feature_take_properties(struct cur in, struct features *ret);
/* The answer to FEATURE_PIN_PROPERTIES, of which the display is of use. */
void feature_take_pin_properties(struct cur in, struct features *ret);

#endif
