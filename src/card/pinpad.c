/* SPDX-License-Identifier: EUPL-1.2 */
/* Structures for keypads, field by field (pcsc.md sections 7 to 10). */
#include "card/pinpad.h"

#define FORMAT_ASCII_BYTES	0x82	/* unit bytes, position 0, left, ASCII */
#define ENTER_KEY		0x02	/* the entry ends when the person says so */
#define MESSAGES_DEFAULT	0xff	/* the reader's own words, one after the other */
#define CONFIRM_BOTH		0x03	/* ask the old one, and the new one twice */
#define CONFIRM_NEW		0x01	/* only the new one, twice */
#define DUTCH			0x0413
#define CHANGE_MESSAGES		3
#define NEW_MESSAGES		2

bool
pad_codes(const struct features *f, enum pad_use use, struct pad_codes *ret)
{
	static const struct {
		enum feature direct, begin, finish;
	} by_use[] = {
		[PAD_VERIFY] = { FEATURE_VERIFY_DIRECT, FEATURE_VERIFY_START,
		    FEATURE_VERIFY_FINISH },
		[PAD_CHANGE] = { FEATURE_MODIFY_DIRECT, FEATURE_MODIFY_START,
		    FEATURE_MODIFY_FINISH },
		[PAD_NEW] = { FEATURE_MODIFY_DIRECT, FEATURE_MODIFY_START,
		    FEATURE_MODIFY_FINISH },
	};
	uint32_t direct = f->code[by_use[use].direct];

	/* FINISH after DIRECT would wait for a second PIN. */
	*ret = direct != 0 ? (struct pad_codes){ direct, 0 } :
	    (struct pad_codes){ f->code[by_use[use].begin], f->code[by_use[use].finish] };
	return ret->begin != 0 && (direct != 0 || ret->finish != 0);
}

/* What card and keypad both take.  False: nothing. */
static bool
lengths(const struct features *f, const struct pin_rules *rules, uint8_t *ret_min,
    uint8_t *ret_max)
{
	size_t min = rules->min, max = rules->max;

	if (min < f->min_pin)
		min = f->min_pin;
	if (f->max_pin != 0 && max > f->max_pin)
		max = f->max_pin;
	if (rules->block != 0 && max > rules->block)
		max = rules->block;
	if (max > UINT8_MAX)
		max = UINT8_MAX;
	*ret_min = (uint8_t)(min <= max ? min : 0);
	*ret_max = (uint8_t)max;
	return min != 0 && min <= max;
}

bool
pad_can(const struct features *f, const struct keypad *k, enum pad_use use,
    const struct pin_rules *rules)
{
	struct pad_codes codes;
	uint8_t min, max;

	if (rules->coded || k == NULL || k->absent || (use != PAD_VERIFY && k->no_change) ||
	    !pad_codes(f, use, &codes) || !lengths(f, rules, &min, &max))
		return false;
	/* Two PINs of unknown length in a row: readers disagree how that is asked for. */
	if (rules->block == 0)
		return use == PAD_VERIFY && k->variable;
	return rules->block <= PAD_BLOCK_MAX;
}

static void
put_u16_le(struct buf *b, unsigned v)
{
	buf_u8(b, v & 0xff);
	buf_u8(b, v >> 8 & 0xff);
}

/* wPINMaxExtraDigit. */
static void
put_lengths(struct buf *b, const struct features *f, const struct keypad *k,
    const struct pin_rules *rules)
{
	uint8_t min, max;

	(void)lengths(f, rules, &min, &max);
	buf_u8(b, k->swapped ? min : max);
	buf_u8(b, k->swapped ? max : min);
}

static uint8_t
messages(const struct features *f, const struct keypad *k, enum pad_use use)
{
	if (k->has_messages)
		return use != PAD_VERIFY ? k->change_messages : k->messages;
	if (use != PAD_VERIFY)
		return use == PAD_CHANGE ? CHANGE_MESSAGES : NEW_MESSAGES;
	return f->lcd != 0 ? MESSAGES_DEFAULT : 0;
}

/* bTeoPrologue (the driver's), ulDataLength and abData. */
static void
put_command(struct buf *b, const struct apdu *a, const struct pin_rules *rules, size_t pins)
{
	const size_t data = rules->block * pins;
	const size_t n = data == 0 ? 4 : 5 + data;

	buf_put(b, (const uint8_t[3]){ 0 }, 3);
	put_u16_le(b, (unsigned)n);
	put_u16_le(b, 0);
	buf_put(b, (const uint8_t[]){ a->cla, a->ins, a->p1, a->p2 }, 4);
	if (data != 0)
		buf_u8(b, (unsigned)data);
	for (size_t i = 0; i < data; i++)
		buf_u8(b, rules->pad);
}

enum err
pad_put(struct buf *ret, const struct features *f, const struct keypad *k,
    enum pad_use use, const struct apdu *a, const struct pin_rules *rules)
{
	const bool change = use != PAD_VERIFY;
	const size_t first = use == PAD_CHANGE ? rules->block : 0;

	buf_u8(ret, PAD_SECONDS);
	buf_u8(ret, PAD_SECONDS);
	buf_u8(ret, FORMAT_ASCII_BYTES);
	buf_u8(ret, (unsigned)rules->block);	/* no length is inserted */
	buf_u8(ret, 0);
	if (change) {
		buf_u8(ret, 0);			/* where the old one goes */
		buf_u8(ret, (unsigned)first);	/* and the new one */
	}
	put_lengths(ret, f, k, rules);
	if (change)
		buf_u8(ret, use == PAD_CHANGE ? CONFIRM_BOTH : CONFIRM_NEW);
	buf_u8(ret, k->validation != 0 ? k->validation : ENTER_KEY);
	buf_u8(ret, messages(f, k, use));
	put_u16_le(ret, DUTCH);
	/* What to show: 0 asks for the PIN, 1 for a new one, 2 for that again. */
	buf_u8(ret, use == PAD_NEW ? 1 : 0);
	if (change) {
		buf_u8(ret, use == PAD_NEW ? 2 : 1);
		buf_u8(ret, use == PAD_NEW ? 0 : 2);
	}
	put_command(ret, a, rules, use == PAD_CHANGE ? 2 : 1);
	return buf_end(ret);
}

enum err
pad_result(struct cur reply, unsigned *ret_sw)
{
	uint16_t sw;

	if (reply.n != 2 || !cur_u16(&reply, &sw) || (sw >> 12 != 6 && sw >> 12 != 9))
		return fail(ERR_CARD, "the keypad's answer is no status word");
	switch (sw) {
	case 0x6400:
		return fail(ERR_TIMEOUT, "nothing was typed on the reader");
	case 0x6401:
		return fail(ERR_CANCELLED, "cancelled on the reader");
	case 0x6402:
		return fail(ERR_MISMATCH, "two entries of the new PIN differ");
	case 0x6403:
		return fail(ERR_PIN_LENGTH, "too short or too long; nothing was sent");
	case 0x6b80:
		return fail(ERR_UNSUPPORTED, "the reader refuses what it is told");
	}
	*ret_sw = sw;
	return ERR_OK;
}
