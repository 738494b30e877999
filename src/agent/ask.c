/* SPDX-License-Identifier: EUPL-1.2 */
/* What a caller asks, read from JSON. */
#include "agent/ask.h"

#include <string.h>

#include "base/b64.h"
#include "base/text.h"
#include "jose/json.h"

#define HANDLE_BYTES	32

/* A handle is the one spelling of 32 bytes, so that nothing else gets into a message. */
static bool
is_handle(const char *s)
{
	AUTO(buf_free) struct buf raw = BUF(HANDLE_BYTES);

	return strlen(s) == ASK_HANDLE_LEN && b64url_get(cur_str(s), &raw) == ERR_OK &&
	    raw.len == HANDLE_BYTES;
}

/* Visible ASCII: what an origin (RFC 6454) or an extension's id is made of. */
static bool
is_visible(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			return false;
	return true;
}

static enum err
read_page(const json_t *o, struct ask *ret)
{
	static const char *const names[] = { "origin", "top", "extension" };
	const json_t *top;
	enum err r;

	if (!json_is_object(o))
		return fail(ERR_MALFORMED, "page is no object");
	if ((r = json_only(o, names, NELEM(names))) != ERR_OK ||
	    (r = json_need_str(o, "origin", ret->origin,
		sizeof(ret->origin))) != ERR_OK ||
	    (r = json_need_str(o, "extension", ret->extension,
		sizeof(ret->extension))) != ERR_OK)
		return r;
	top = json_object_get(o, "top");
	if (!json_is_boolean(top))
		return fail(ERR_MALFORMED, "top is neither true nor false");
	if (!is_visible(ret->origin) || !is_visible(ret->extension))
		return fail(ERR_MALFORMED, "origin or extension");
	ret->page = true;
	ret->top = json_is_true(top);
	return ERR_OK;
}

static enum err
read_ask(struct cur body, struct ask *ret)
{
	static const char *const names[] = { "login", "broker", "page" };
	AUTO(json_drop) json_t *o = NULL;
	const json_t *page;
	enum err r;

	if ((r = json_load_object(body, &o)) != ERR_OK ||
	    (r = json_only(o, names, NELEM(names))) != ERR_OK ||
	    (r = json_need_str(o, "login", ret->handle, sizeof(ret->handle))) != ERR_OK)
		return r;
	if (!is_handle(ret->handle))
		return fail(ERR_MALFORMED, "login is no handle");
	r = json_get_str(o, "broker", ret->broker, sizeof(ret->broker));
	if (r != ERR_OK && r != ERR_NOT_FOUND)
		return r;
	if (r == ERR_OK && !text_is_name(cur_str(ret->broker), sizeof(ret->broker) - 1))
		return fail(ERR_MALFORMED, "broker is no name");
	page = json_object_get(o, "page");
	return page == NULL ? ERR_OK : read_page(page, ret);
}

enum err
ask_read(struct cur body, struct ask *ret)
{
	struct ask a = { 0 };
	enum err r = read_ask(body, &a);

	if (r == ERR_NOMEM)
		return r;
	if (r != ERR_OK)
		return note(ERR_BAD_REQUEST, "POST /v1/logins");
	*ret = a;
	return ERR_OK;
}
