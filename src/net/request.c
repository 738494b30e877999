/* SPDX-License-Identifier: EUPL-1.2 */
/* What the server lets in. */
#include "net/request.h"

#include "base/text.h"

#define TARGET_MAX	1024

static bool
target_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    strchr("/-_.~", c) != NULL;
}

bool
request_target_ok(const char *target)
{
	size_t n = strlen(target);

	if (n == 0 || n > TARGET_MAX || target[0] != '/')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!target_char(target[i]))
			return false;
	return true;
}

/* RFC 9110 section 5.6.2 */
bool
request_is_token(struct cur c)
{
	for (size_t i = 0; i < c.n; i++)
		if (c.p[i] <= ' ' || c.p[i] >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c.p[i]))
			return false;
	return c.n != 0;
}

static void
refuse(struct request_check *k, enum err e)
{
	if (k->refused == ERR_OK)
		k->refused = e;
}

static bool
starts(struct cur c, const char *word)
{
	return c.n >= strlen(word) && text_eq_nocase(cur_of(c.p, strlen(word)), word);
}

/* Digits only (RFC 9110 section 8.6), and no more than the body may have. */
static enum err
check_length(struct cur value, size_t body_max)
{
	size_t v = 0;

	if (value.n == 0)
		return ERR_BAD_REQUEST;
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return ERR_BAD_REQUEST;
		if (v <= body_max)
			v = v * 10 + (size_t)(value.p[i] - '0');
	}
	return v > body_max ? ERR_LIMIT : ERR_OK;
}

void
request_header(struct request_check *k, struct cur name, struct cur value, size_t body_max)
{
	/* "Origin : x" is no header to us and may be one to others (RFC 9112 section 5.1). */
	if (!request_is_token(name))
		refuse(k, ERR_BAD_REQUEST);
	if (value.n != 0 && memchr(value.p, 0, value.n) != NULL)
		refuse(k, ERR_BAD_REQUEST);
	/* A browser sent it, through some bridge (T11). */
	if (text_eq_nocase(name, "Origin") || starts(name, "Sec-Fetch-"))
		refuse(k, ERR_NOT_ALLOWED);
	if (text_eq_nocase(name, "Host")) {
		k->hosts++;
		if (!cur_eq_str(value, k->host))
			refuse(k, ERR_NOT_ALLOWED);
	}
	if (text_eq_nocase(name, "Content-Length")) {
		k->lengths++;
		refuse(k, check_length(value, body_max));
	}
	if (text_eq_nocase(name, "Transfer-Encoding")) {
		k->codings++;
		if (!text_eq_nocase(value, "chunked"))
			refuse(k, ERR_BAD_REQUEST);
	}
}

/* One length or one coding: two could be read in two ways (RFC 9112 section 6.1). */
enum err
request_end(const struct request_check *k)
{
	if (k->refused != ERR_OK)
		return k->refused;
	if (k->hosts != 1 || k->lengths + k->codings > 1)
		return ERR_BAD_REQUEST;
	return ERR_OK;
}
