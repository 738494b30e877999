/* SPDX-License-Identifier: EUPL-1.2 */
/* What every kind of reader shares: what it says of itself, and its end. */
#include "card/reader.h"

#include <stdlib.h>

#define ASK_MS	5000	/* for an answer that nobody types */

void
reader_close(struct reader **r)
{
	if (*r == NULL)
		return;
	if ((*r)->ops->close != NULL)
		(*r)->ops->close(*r);
	free(*r);
	*r = NULL;
}

static enum err
ask(struct reader *r, uint32_t code, struct buf *ret)
{
	buf_clear(ret);
	if (code == 0 || r->ops->control == NULL)
		return ERR_UNSUPPORTED;
	return r->ops->control(r, code, cur_of(NULL, 0), false, ASK_MS, ret);
}

const struct features *
reader_features(struct reader *r)
{
	AUTO(buf_free) struct buf b = BUF(READER_CONTROL_MAX);
	struct features *f = &r->features;
	enum err e;

	if (r->asked)
		return f;
	e = ask(r, FEATURE_REQUEST, &b);
	r->asked = e != ERR_CARD_BUSY;	/* another program's transaction ends some time */
	if (e != ERR_OK || !feature_take_list(buf_view(&b), f))
		return f;
	if (ask(r, f->code[FEATURE_PIN_PROPERTIES], &b) == ERR_OK)
		feature_take_pin_properties(buf_view(&b), f);
	if (ask(r, f->code[FEATURE_PROPERTIES], &b) == ERR_OK)
		feature_take_properties(buf_view(&b), f);
	if (f->max_apdu != 0)
		r->max_apdu = f->max_apdu;
	return f;
}

size_t
reader_max_apdu(struct reader *r)
{
	(void)reader_features(r);
	return r->max_apdu;
}

const struct keypad *
reader_keypad(struct reader *r, enum pad_use use, const struct pin_rules *rules)
{
	const struct features *f;
	const struct keypad *k;

	if (r->keypads == NULL || r->keypad_off)
		return NULL;
	f = reader_features(r);
	k = keypads_find(r->keypads, f, r->name);
	return pad_can(f, k, use, rules) ? k : NULL;
}
