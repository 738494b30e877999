/* SPDX-License-Identifier: EUPL-1.2 */
/* The card watch in the agent's loop, and cards as JSON.  No APDU is ever sent here. */
#include "agent/cards.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/b64.h"
#include "base/text.h"
#include "jose/jsonw.h"

#define READER_JSON_MAX	2048

struct cards {
	struct watch *watch;
	sd_event_source *source;
	cards_fn *fn;
	void	*arg;
	struct watch_state now, next;
};

static int
on_news(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct cards *c = arg;
	struct watch_state was;

	(void)s;
	(void)fd;
	(void)revents;
	while (watch_take(c->watch, &c->next)) {
		was = c->now;
		c->now = c->next;
		c->fn(c->arg, &was, &c->now);
	}
	return 0;
}

enum err
cards_new(sd_event *loop, cards_fn *fn, void *arg, struct cards **ret)
{
	AUTO(cards_free) struct cards *c = calloc(1, sizeof(*c));
	enum err e;
	int r;

	if (c == NULL)
		return fail(ERR_NOMEM, "cards");
	c->fn = fn;
	c->arg = arg;
	if ((e = watch_start(&c->watch)) != ERR_OK)
		return note(e, "card watch");
	r = sd_event_add_io(loop, &c->source, watch_fd(c->watch), EPOLLIN, on_news, c);
	if (r < 0)
		return fail(ERR_SYS, "card watch: %s", strerror(-r));
	/* A card that left is the most urgent thing there is (T35). */
	sd_event_source_set_priority(c->source, SD_EVENT_PRIORITY_IMPORTANT);
	*ret = c;
	c = NULL;		/* the caller's now */
	return ERR_OK;
}

void
cards_free(struct cards **c)
{
	if (*c == NULL)
		return;
	sd_event_source_unref((*c)->source);
	watch_stop(&(*c)->watch);
	free(*c);
	*c = NULL;
}

const struct watch_state *
cards_now(const struct cards *c)
{
	return &c->now;
}

void
cards_poke(struct cards *c)
{
	watch_poke(c->watch);
}

/* The name is whatever the USB descriptor says (pcsc.md section 4). */
static void
put_name(struct buf *b, const char *name)
{
	AUTO(buf_free) struct buf safe = BUF(4 * CARD_READER_MAX);

	text_put_safe(&safe, cur_str(name), CARD_READER_MAX);
	jsonw_member_str(b, "name", buf_view(&safe));
}

static void
put_atr(struct buf *b, const struct pcsc_reader_state *r)
{
	AUTO(buf_free) struct buf hex = BUF(2 * CARD_ATR_MAX);

	hex_put(&hex, cur_of(r->atr, r->atr_len));
	jsonw_member_str(b, "atr", buf_view(&hex));
}

static void
put_reader(struct buf *b, const struct pcsc_reader_state *r, const struct host_conf *conf)
{
	put_name(b, r->name);
	jsonw_member_str(b, "card",
	    cur_str(!r->present ? "absent" : r->mute ? "mute" : "present"));
	if (r->present && !r->mute)
		put_atr(b, r);
	jsonw_member_bool(b, "in_use", r->in_use);
	jsonw_member_int(b, "events", r->event_counter);
	if (host_list_in(&conf->ignore_reader, r->name))
		jsonw_member_bool(b, "ignored", true);
}

void
cards_put(const struct watch_state *w, const struct host_conf *conf, struct buf *b)
{
	jsonw_member_bool(b, "service", w->service);
	jsonw_member_array(b, "readers");
	for (size_t i = 0; i < w->n && i < WATCH_READERS; i++) {
		jsonw_item_object(b);
		put_reader(b, &w->readers[i], conf);
		jsonw_object_end(b);
	}
	jsonw_array_end(b);
}

static const struct pcsc_reader_state *
find(const struct watch_state *w, const char *name)
{
	for (size_t i = 0; i < w->n && i < WATCH_READERS; i++)
		if (strcmp(w->readers[i].name, name) == 0)
			return &w->readers[i];
	return NULL;
}

static bool
same(const struct pcsc_reader_state *a, const struct pcsc_reader_state *b)
{
	return a->present == b->present && a->mute == b->mute && a->in_use == b->in_use &&
	    a->event_counter == b->event_counter &&
	    cur_eq(cur_of(a->atr, a->atr_len), cur_of(b->atr, b->atr_len));
}

/* One reader, or that it is gone. */
static void
tell(const struct pcsc_reader_state *r, bool gone, const struct host_conf *conf,
    cards_change_fn *fn, void *arg)
{
	AUTO(buf_free) struct buf b = BUF(READER_JSON_MAX);

	jsonw_object(&b);
	if (gone) {
		put_name(&b, r->name);
		jsonw_member_str(&b, "card", cur_str("unplugged"));
	} else {
		put_reader(&b, r, conf);
	}
	jsonw_object_end(&b);
	if (buf_end(&b) == ERR_OK)
		fn(arg, "card", buf_view(&b));
}

void
cards_changes(const struct watch_state *was, const struct watch_state *now,
    const struct host_conf *conf, cards_change_fn *fn, void *arg)
{
	if (was->service != now->service || was->generation != now->generation)
		fn(arg, "service", cur_str(now->service ? "{\"service\":true}" :
		    "{\"service\":false}"));
	for (size_t i = 0; i < was->n && i < WATCH_READERS; i++)
		if (find(now, was->readers[i].name) == NULL)
			tell(&was->readers[i], true, conf, fn, arg);
	for (size_t i = 0; i < now->n && i < WATCH_READERS; i++) {
		const struct pcsc_reader_state *old = find(was, now->readers[i].name);

		if (old == NULL || !same(old, &now->readers[i]))
			tell(&now->readers[i], false, conf, fn, arg);
	}
}
