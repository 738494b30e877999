/* SPDX-License-Identifier: EUPL-1.2 */
/* What challenge and assertion have in common: reading claims and judging texts. */
#include "login/claims.h"

#include "base/b64.h"
#include "base/text.h"

#define TEXT_POINTS	256
#define BYTES_MAX	64

/* jws_header_parse() lets pass what it does not need; these tokens have nothing more. */
static enum err
only_members(struct cur header, const char *const *members, size_t n)
{
	AUTO(json_drop) json_t *o = NULL;
	enum err r;

	if ((r = json_load_object(header, &o)) != ERR_OK ||
	    (r = json_only(o, members, n)) != ERR_OK)
		return note(r, "JWS header");
	for (size_t i = 0; i < n; i++)
		if (json_object_get(o, members[i]) == NULL)
			return fail(ERR_MALFORMED, "JWS header without \"%s\"",
			    members[i]);

	return ERR_OK;
}

enum err
claims_open(struct cur compact, const char *typ, const char *const *members, size_t n,
    struct jws_parts *ret_parts, struct jws_header *ret_header)
{
	AUTO(jws_parts_free) struct jws_parts p = { 0 };
	AUTO(jws_header_free) struct jws_header h = { 0 };
	enum err r;

	if ((r = jws_split(compact, &p)) != ERR_OK ||
	    (r = jws_header_parse(buf_view(&p.header), &h)) != ERR_OK)
		return r;
	if (strcmp(h.typ, typ) != 0)
		return fail(ERR_MALFORMED, "another \"typ\"");
	if ((r = only_members(buf_view(&p.header), members, n)) != ERR_OK)
		return r;
	*ret_parts = p;
	*ret_header = h;
	p = (struct jws_parts){ 0 };	/* the caller's now */
	h = (struct jws_header){ 0 };

	return ERR_OK;
}

enum err
claims_version(const json_t *o)
{
	int64_t v;
	enum err r = json_need_int(o, "v", &v);

	if (r != ERR_OK)
		return r;
	if (v != CLAIMS_VERSION)
		return fail(ERR_VERSION, "version %lld", (long long)v);

	return ERR_OK;
}

enum err
claims_bytes(const json_t *o, const char *name, uint8_t *ret, size_t n)
{
	AUTO(buf_free) struct buf b = BUF(BYTES_MAX);
	char text[B64URL_LEN(BYTES_MAX) + 1];
	enum err r;

	if ((r = json_need_str(o, name, text, sizeof(text))) != ERR_OK)
		return r;
	r = b64url_get(cur_str(text), &b);
	if (r == ERR_NOMEM)
		return r;
	if (r != ERR_OK || b.len != n)
		return fail(ERR_MALFORMED, "\"%s\": expected %zu bytes", name, n);
	memcpy(ret, b.p, n);

	return ERR_OK;
}

enum err
claims_optional(const json_t *o, const char *name, char *ret, size_t size)
{
	enum err r = json_get_str(o, name, ret, size);

	if (r == ERR_NOT_FOUND) {
		ret[0] = '\0';
		return ERR_OK;
	}
	if (r == ERR_OK && ret[0] == '\0')
		return fail(ERR_MALFORMED, "\"%s\" is empty", name);

	return r;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_host_char(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || c == '.' || c == '-';
}

/* "" or ":" and a number of at most five digits */
static bool
is_port(const char *s)
{
	size_t n;

	if (*s == '\0')
		return true;
	if (*s++ != ':')
		return false;
	n = strspn(s, "0123456789");

	return n >= 1 && n <= 5 && s[n] == '\0';
}

bool
claims_is_origin(const char *s)
{
	static const char scheme[] = "https://";
	size_t n = 0;

	if (strncmp(s, scheme, sizeof(scheme) - 1) != 0)
		return false;
	s += sizeof(scheme) - 1;
	if (*s == '[') {				/* an IPv6 address */
		n = 1 + strspn(s + 1, "0123456789abcdef:.");
		return n > 2 && s[n] == ']' && is_port(s + n + 1);
	}
	while (is_host_char(s[n]))
		n++;

	return n > 0 && is_port(s + n);
}

bool
claims_is_id(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (*s < 0x21 || *s > 0x7e)
			return false;
	return true;
}

bool
claims_is_text(const char *s)
{
	return *s != '\0' && text_is_safe(cur_str(s), TEXT_POINTS);
}

bool
claims_is_oid(const char *s)
{
	size_t arcs = 0;

	for (;; s++) {
		size_t n = strspn(s, "0123456789");

		if (n == 0 || (n > 1 && *s == '0'))
			return false;
		arcs++;
		s += n;
		if (*s == '\0')
			return arcs >= 2;
		if (*s != '.')
			return false;
	}
}
