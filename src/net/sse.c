/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading server-sent events. */
#include "net/sse.h"

void
sse_start(struct sse_parser *p)
{
	*p = (struct sse_parser){ .line = BUF(SSE_LINE_MAX), .data = BUF(SSE_DATA_MAX) };
}

void
sse_free(struct sse_parser *p)
{
	buf_free(&p->line);
	buf_free(&p->data);
}

/* An empty line: an event, unless it had no data. */
static enum err
dispatch(struct sse_parser *p, http_event_fn *fn, void *arg)
{
	enum err r = ERR_OK;

	if (p->has_data)
		r = fn(arg, p->event[0] == '\0' ? "message" : p->event, buf_view(&p->data));
	buf_clear(&p->data);
	p->has_data = false;
	p->event[0] = '\0';
	return r;
}

static enum err
add_data(struct sse_parser *p, struct cur value)
{
	if (p->has_data)
		buf_u8(&p->data, '\n');
	p->has_data = true;
	buf_cur(&p->data, value);
	if (buf_end(&p->data) != ERR_OK)
		return fail(buf_end(&p->data), "event stream: data");
	return ERR_OK;
}

/* "name: value"; one space after the colon belongs to nobody; "id" and "retry" are not used. */
static enum err
field(struct sse_parser *p, struct cur line)
{
	struct cur name, space;

	if (!cur_until(&line, ':', &name)) {
		name = line;
		line = cur_of(NULL, 0);
	}
	if (cur_starts(line, cur_str(" ")))
		cur_take(&line, 1, &space);
	if (cur_eq_str(name, "data"))
		return add_data(p, line);
	if (cur_eq_str(name, "event") && !cur_to_str(line, p->event, sizeof(p->event)))
		return fail(ERR_MALFORMED, "event stream: the name of an event");
	return ERR_OK;
}

static enum err
one_line(struct sse_parser *p, struct cur line, http_event_fn *fn, void *arg)
{
	if (line.n != 0 && line.p[line.n - 1] == '\r')
		line.n--;
	if (line.n == 0)
		return dispatch(p, fn, arg);
	if (memchr(line.p, 0, line.n) != NULL)
		return fail(ERR_MALFORMED, "event stream: a NUL");
	return line.p[0] == ':' ? ERR_OK : field(p, line);
}

enum err
sse_feed(struct sse_parser *p, struct cur in, http_event_fn *fn, void *arg)
{
	struct cur part;
	enum err r;

	while (cur_until(&in, '\n', &part)) {
		buf_cur(&p->line, part);
		if (buf_end(&p->line) != ERR_OK)
			return fail(buf_end(&p->line), "event stream: a line");
		if ((r = one_line(p, buf_view(&p->line), fn, arg)) != ERR_OK)
			return r;
		buf_clear(&p->line);
	}
	buf_cur(&p->line, in);
	if (buf_end(&p->line) != ERR_OK)
		return fail(buf_end(&p->line), "event stream: a line");
	return ERR_OK;
}
