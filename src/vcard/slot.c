/* SPDX-License-Identifier: EUPL-1.2 */
/* One slot: the card in it and the commands that reach it. */
#include "vcard/slot.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "vcard/link.h"

#define GARBAGE_BYTES	32
#define SURPLUS_BYTES	300	/* more than any short command can ask for */

void
slot_init(struct slot *s, size_t number, uint16_t port, const char *state_dir)
{
	*s = (struct slot){
		.number = number, .port = port, .state_dir = state_dir,
		.fd = -1, .next = 0, .reply_at = SLOT_NEVER,
		.in = BUF(LINK_MESSAGE_MAX), .out = BUF(4 * LINK_MESSAGE_MAX),
		.reply = BUF(LINK_MESSAGE_MAX),
	};
}

void
slot_end(struct slot *s)
{
	vcard_free(&s->card);
	buf_free(&s->in);
	buf_free(&s->out);
	buf_free(&s->reply);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/*
 * Cards.
 */

/* "cards/z.card" is the card "z". */
static enum err
name_of(const char *path, char *ret, size_t size)
{
	const char *slash = strrchr(path, '/');
	struct cur name = cur_str(slash == NULL ? path : slash + 1);

	if (name.n > 5 && memcmp(name.p + name.n - 5, ".card", 5) == 0)
		name.n -= 5;
	if (!text_is_name(name, size - 1) || !cur_to_str(name, ret, size))
		return fail(ERR_CONFIG, "a card file has a name of letters and digits");
	return ERR_OK;
}

static enum err
find_state(struct slot *s, const char *card)
{
	const char *slash = strrchr(card, '/');
	int folder = slash == NULL ? 0 : (int)(slash + 1 - card);
	int n = s->state_dir != NULL ?
	    snprintf(s->state_path, sizeof(s->state_path), "%s/%s.state", s->state_dir,
	    s->name) :
	    snprintf(s->state_path, sizeof(s->state_path), "%.*s%s.state", folder, card,
	    s->name);

	return n < 0 || (size_t)n >= sizeof(s->state_path) ?
	    fail(ERR_CONFIG, "the path of the state is too long") : ERR_OK;
}

enum err
slot_insert(struct slot *s, const char *path, int64_t now)
{
	AUTO(vcard_free) struct vcard *c = NULL;
	enum err r;

	if (s->card != NULL)
		return fail(ERR_CONFIG, "there is a card in slot %zu", s->number);
	if ((r = name_of(path, s->name, sizeof(s->name))) != ERR_OK ||
	    (r = find_state(s, path)) != ERR_OK ||
	    (r = vcard_load(path, &c)) != ERR_OK ||
	    (r = card_state_load(s->state_path, vcard_file(c), vcard_state(c))) != ERR_OK)
		return r;
	s->card = c;
	c = NULL;
	if (!s->delays_forced)
		s->delays = vcard_file(s->card)->delays;
	s->backoff = 0;
	if (s->link == LINK_DOWN && s->next < now)
		s->next = now;
	return ERR_OK;
}

enum err
slot_remove(struct slot *s, int64_t now)
{
	if (s->card == NULL)
		return fail(ERR_CONFIG, "there is no card in slot %zu", s->number);
	vcard_free(&s->card);
	s->reply_at = SLOT_NEVER;
	s->then = (struct fault){ 0 };
	s->stats.removals++;
	link_leave(s, now);
	return ERR_OK;
}

enum err
slot_save(struct slot *s)
{
	return card_state_save(s->state_path, vcard_file(s->card), vcard_state(s->card));
}

bool
slot_is_present(const struct slot *s)
{
	return s->link == LINK_UP && s->seen;
}

bool
slot_is_absent(const struct slot *s, int64_t now)
{
	return s->card == NULL && s->link == LINK_DOWN && now >= s->next;
}

/*
 * Faults that move the card.
 */

static void
swap(struct slot *s, const char *card, int64_t now)
{
	if (slot_remove(s, now) == ERR_OK && card[0] != '\0' &&
	    slot_insert(s, card, now) != ERR_OK)
		log_error("slot %zu: %s", s->number, err_trail());
}

static void
happen(struct slot *s, const struct fault *f, int64_t now)
{
	if (f->kind == FAULT_RESET)
		vcard_reset(s->card);
	else
		swap(s, f->card, now);
}

static bool
moves(enum fault_kind kind)
{
	return kind == FAULT_REMOVE || kind == FAULT_SWAP || kind == FAULT_RESET;
}

/*
 * Commands.
 */

static void
put_random(struct buf *b, int n)
{
	uint8_t *room = buf_room(b, (size_t)n);

	if (room != NULL && RAND_bytes(room, n) != 1)
		b->failed = ERR_CRYPTO;
}

/* Between the data and the status word. */
static void
put_surplus(struct buf *b)
{
	uint8_t sw[2];

	if (b->len < sizeof(sw))
		return;
	b->len -= sizeof(sw);
	memcpy(sw, b->p + b->len, sizeof(sw));
	put_random(b, SURPLUS_BYTES);
	buf_put(b, sw, sizeof(sw));
}

/* What the host gets in place of the card's answer. */
static void
spoil(struct buf *b, const struct fault *f)
{
	if (f->kind == FAULT_DELAY || moves(f->kind))
		return;
	if (f->kind == FAULT_SURPLUS) {
		put_surplus(b);
		return;
	}
	buf_clear(b);
	if (f->kind == FAULT_SW) {
		buf_u16(b, (unsigned)f->number);
	} else if (f->kind == FAULT_GARBAGE) {
		put_random(b, GARBAGE_BYTES);
		buf_u16(b, SW_OK);
	} else if (f->kind == FAULT_SHORT) {
		buf_u8(b, SW_OK >> 8);
	}
}

/* The card does it, and remembers on disk before anybody hears of it. */
static void
carry_out(struct slot *s, struct cur command, struct buf *ret)
{
	struct card_state before = *vcard_state(s->card);

	vcard_command(s->card, command, ret);
	if (card_state_eq(&before, vcard_state(s->card)) || slot_save(s) == ERR_OK)
		return;
	log_error("slot %zu: %s", s->number, err_trail());
	buf_clear(ret);
	buf_u16(ret, SW_MEMORY);
}

static void
tell(const struct slot *s, struct cur command)
{
	if (s->verbose && s->reply.len >= 2)
		log_info("slot %zu: %s, %zu bytes: %02X%02X", s->number,
		    command_kind_word(command_kind(command)), command.n,
		    s->reply.p[s->reply.len - 2], s->reply.p[s->reply.len - 1]);
}

/* When the answer of n bytes to a command leaves the card. */
static int64_t
answer_time(const struct slot *s, size_t bytes, uint64_t signatures,
    const struct fault *f, int64_t now)
{
	int64_t us = s->delays.apdu_ms * 1000 + s->delays.byte_us * (int64_t)bytes +
	    s->delays.sign_ms * 1000 * (int64_t)signatures;

	if (f->countdown != 0 && f->kind == FAULT_DELAY)
		us += f->number * 1000;
	return now + us;
}

/* A command, and perhaps a fault.  The reply waits in s->reply, or there is none. */
static void
handle(struct slot *s, struct cur command, const struct fault *f, int64_t now)
{
	struct vcard_counts before = vcard_counts(s->card), after;
	bool instead = f->countdown != 0 && f->when == FAULT_BEFORE &&
	    f->kind != FAULT_DELAY && f->kind != FAULT_SURPLUS && f->kind != FAULT_RESET;

	buf_clear(&s->reply);
	if (!instead)
		carry_out(s, command, &s->reply);
	after = vcard_counts(s->card);
	s->stats.verifies += after.verifies - before.verifies;
	s->stats.signatures += after.signatures - before.signatures;
	if (f->countdown != 0)
		spoil(&s->reply, f);
	tell(s, command);
	if (s->reply.len == 0)		/* dropped: never an empty message */
		return;
	s->stats.bytes_out += s->reply.len;
	s->reply_at = answer_time(s, command.n + s->reply.len,
	    after.signatures - before.signatures, f, now);
}

void
slot_command(struct slot *s, struct cur command, int64_t now)
{
	struct fault f = { 0 };

	s->stats.apdus++;
	s->stats.bytes_in += command.n;
	if (faults_take(&s->faults, command_kind(command), &f) &&
	    f.when == FAULT_BEFORE && moves(f.kind)) {
		happen(s, &f, now);
		if (f.kind != FAULT_RESET)
			return;
	}
	handle(s, command, &f, now);
	if (f.when == FAULT_AFTER && moves(f.kind))
		s->then = f;
}

/* The reply is on its way. */
void
slot_answered(struct slot *s, int64_t now)
{
	struct fault f = s->then;

	s->reply_at = SLOT_NEVER;
	s->then = (struct fault){ 0 };
	if (f.countdown != 0)
		happen(s, &f, now);
}

/*
 * Statistics.
 */

void
slot_json(const struct slot *s, struct buf *ret)
{
	const struct slot_stats *t = &s->stats;

	buf_fmt(ret, "{\"slot\":%zu,\"card\":", s->number);
	buf_fmt(ret, s->card == NULL ? "null" : "\"%s\"", s->name);
	buf_fmt(ret, ",\"present\":%s,\"apdus\":%llu,\"bytes_in\":%llu,"
	    "\"bytes_out\":%llu",
	    slot_is_present(s) ? "true" : "false", (unsigned long long)t->apdus,
	    (unsigned long long)t->bytes_in, (unsigned long long)t->bytes_out);
	buf_fmt(ret, ",\"verifies\":%llu,\"signatures\":%llu,\"resets\":%llu",
	    (unsigned long long)t->verifies, (unsigned long long)t->signatures,
	    (unsigned long long)t->resets);
	buf_fmt(ret, ",\"power_ons\":%llu,\"polls\":%llu,\"removals\":%llu",
	    (unsigned long long)t->power_ons, (unsigned long long)t->polls,
	    (unsigned long long)t->removals);
	if (s->card != NULL)
		buf_fmt(ret, ",\"tries\":%u,\"puk_tries\":%u,\"verified\":%s",
		    vcard_state(s->card)->tries[USER_PIN],
		    vcard_state(s->card)->tries[PUK],
		    vcard_is_verified(s->card) ? "true" : "false");
	buf_str(ret, "}");
}
