/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading an HTTP answer, line by line and chunk by chunk. */
#include "net/answer.h"

#include "base/text.h"
#include "net/request.h"

void
answer_start(struct answer_parser *p, struct http_answer *a)
{
	p->at = ANSWER_FIRST_LINE;
	p->a = a;
	p->left = p->line_n = 0;
	p->lines = 0;
	p->has_length = p->chunked = false;
}

static enum err
refuse(const char *what)
{
	return fail(ERR_MALFORMED, "HTTP answer: %s", what);
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 OK": three digits, and the reason does not matter. */
static enum err
first_line(struct answer_parser *p, struct cur line)
{
	static const char version[] = "HTTP/1.1 ";
	const uint8_t *d = line.p + sizeof(version) - 1;

	if (line.n < sizeof(version) + 2 || !cur_starts(line, cur_str(version)) ||
	    d[0] < '1' || d[0] > '5' || !is_digit(d[1]) || !is_digit(d[2]) ||
	    (line.n > sizeof(version) + 2 && d[3] != ' '))
		return refuse("the first line");
	p->a->status = (d[0] - '0') * 100 + (d[1] - '0') * 10 + (d[2] - '0');
	p->at = ANSWER_HEADERS;
	return ERR_OK;
}

/* The value of a digit; 16 when it is none. */
static unsigned
digit(uint8_t c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10U;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10U;
	return 16;
}

/* A number in base 10 or 16, at most max. */
static enum err
number(struct cur c, unsigned base, size_t max, size_t *ret)
{
	size_t v = 0;

	if (c.n == 0)
		return refuse("a length that is empty");
	for (size_t i = 0; i < c.n; i++) {
		if (digit(c.p[i]) >= base)
			return refuse("a length that is no number");
		v = v * base + digit(c.p[i]);
		if (v > max)
			return fail(ERR_LIMIT, "HTTP answer: a body of more than %zu bytes",
			    max);
	}
	*ret = v;
	return ERR_OK;
}

static enum err
content_length(struct answer_parser *p, struct cur value)
{
	if (p->has_length)
		return refuse("two lengths");
	p->has_length = true;
	return number(value, 10, p->a->body.max, &p->left);
}

static enum err
transfer_encoding(struct answer_parser *p, struct cur value)
{
	if (p->chunked || !text_eq_nocase(value, "chunked"))
		return refuse("another transfer encoding");
	p->chunked = true;
	return ERR_OK;
}

static enum err
location(struct answer_parser *p, struct cur value)
{
	if (!cur_to_str(value, p->a->location, sizeof(p->a->location)))
		return refuse("the location is too long");
	return ERR_OK;
}

static enum err
content_type(struct answer_parser *p, struct cur value)
{
	struct cur type;

	if (!cur_until(&value, ';', &type))
		type = value;
	if (!cur_to_str(cur_trim(type), p->a->type, sizeof(p->a->type)))
		return refuse("the content type is too long");
	return ERR_OK;
}

static enum err
header(struct answer_parser *p, struct cur line)
{
	static const struct {
		const char *name;
		enum err  (*read)(struct answer_parser *p, struct cur value);
	} known[] = {
		{ "Content-Length", content_length },
		{ "Transfer-Encoding", transfer_encoding },
		{ "Location", location },
		{ "Content-Type", content_type },
	};
	struct cur name;

	if (!cur_until(&line, ':', &name) || !request_is_token(name) || text_has_control(line))
		return refuse("a header");
	/* Trailers say nothing that matters here. */
	for (size_t i = 0; p->at == ANSWER_HEADERS && i < NELEM(known); i++)
		if (text_eq_nocase(name, known[i].name))
			return known[i].read(p, cur_trim(line));
	return ERR_OK;
}

/* Interim answers (RFC 9110 section 15.2) say nothing; the real one follows. */
static enum err
interim(struct answer_parser *p)
{
	if (p->a->status == 101)
		return refuse("another protocol");
	p->at = ANSWER_FIRST_LINE;
	p->left = 0;
	p->has_length = p->chunked = false;
	p->a->location[0] = p->a->type[0] = '\0';
	return ERR_OK;
}

/* What body follows (RFC 9112 section 6.3).  One that ends where the connection does could
 * have been cut short by anybody, so it is refused. */
static enum err
end_of_headers(struct answer_parser *p)
{
	int status = p->a->status;

	if (p->has_length && p->chunked)
		return refuse("two lengths");
	if (status < 200)
		return interim(p);
	if (status == 204 || status == 304)
		p->at = ANSWER_DONE;
	else if (p->chunked)
		p->at = ANSWER_CHUNK_SIZE;
	else if (p->has_length)
		p->at = p->left == 0 ? ANSWER_DONE : ANSWER_BODY;
	else
		return refuse("a body without a length");
	return ERR_OK;
}

/* "1f;extension": the size counts against what the body may still have. */
static enum err
chunk_size(struct answer_parser *p, struct cur line)
{
	struct cur size;
	enum err r;

	if (!cur_until(&line, ';', &size))
		size = line;
	r = number(cur_trim(size), 16, p->a->body.max - p->a->body.len, &p->left);
	if (r != ERR_OK)
		return r;
	p->at = p->left == 0 ? ANSWER_TRAILERS : ANSWER_CHUNK;
	return ERR_OK;
}

static enum err
one_line(struct answer_parser *p, struct cur line)
{
	switch (p->at) {
	case ANSWER_FIRST_LINE:
		return first_line(p, line);
	case ANSWER_HEADERS:
		return line.n == 0 ? end_of_headers(p) : header(p, line);
	case ANSWER_CHUNK_SIZE:
		return chunk_size(p, line);
	case ANSWER_CHUNK_END:
		p->at = ANSWER_CHUNK_SIZE;
		return line.n == 0 ? ERR_OK : refuse("a chunk longer than it said");
	case ANSWER_TRAILERS:
		if (line.n == 0)
			p->at = ANSWER_DONE;
		return line.n == 0 ? ERR_OK : header(p, line);
	case ANSWER_BODY:
	case ANSWER_CHUNK:
	case ANSWER_DONE:
		break;
	}
	return refuse("more than was said");
}

/* Collect up to a line feed; a whole line goes on without its CR LF. */
static enum err
feed_line(struct answer_parser *p, struct cur *in)
{
	const uint8_t *lf = memchr(in->p, '\n', in->n);
	size_t n = lf == NULL ? in->n : (size_t)(lf - in->p) + 1;

	if (n > sizeof(p->line) - p->line_n)
		return fail(ERR_LIMIT, "HTTP answer: a line of more than %d bytes",
		    ANSWER_LINE_MAX);
	memcpy(p->line + p->line_n, in->p, n);
	p->line_n += n;
	*in = cur_of(in->p + n, in->n - n);
	if (lf == NULL)
		return ERR_OK;
	n = p->line_n;
	p->line_n = 0;
	/* Sizes of chunks do not count: a stream has any number of them. */
	if (p->at != ANSWER_CHUNK_SIZE && p->at != ANSWER_CHUNK_END &&
	    ++p->lines > ANSWER_LINES_MAX)
		return fail(ERR_LIMIT, "HTTP answer: more than %d lines", ANSWER_LINES_MAX);
	if (n < 2 || p->line[n - 2] != '\r')
		return refuse("a line without CR LF");
	return one_line(p, cur_of(p->line, n - 2));
}

static enum err
feed_body(struct answer_parser *p, struct cur *in)
{
	size_t n = in->n < p->left ? in->n : p->left;

	buf_put(&p->a->body, in->p, n);
	p->left -= n;
	*in = cur_of(in->p + n, in->n - n);
	if (buf_end(&p->a->body) != ERR_OK)
		return fail(buf_end(&p->a->body), "HTTP answer: its body");
	if (p->left == 0)
		p->at = p->at == ANSWER_CHUNK ? ANSWER_CHUNK_END : ANSWER_DONE;
	return ERR_OK;
}

enum err
answer_feed(struct answer_parser *p, struct cur in)
{
	enum err r;

	while (in.n != 0) {
		if (p->at == ANSWER_DONE)
			return refuse("more than was said");
		r = p->at == ANSWER_BODY || p->at == ANSWER_CHUNK ? feed_body(p, &in) :
		    feed_line(p, &in);
		if (r != ERR_OK)
			return r;
	}
	return ERR_OK;
}
