/* SPDX-License-Identifier: EUPL-1.2 */
/* PIV data objects: simple TLV within one template. */
#include "iso7816/piv.h"

#include "iso7816/inflate.h"
#include "iso7816/tlv.h"

#define LENGTH_OCTETS	3
#define OBJECT		0x53
#define CERTIFICATE	0x70
#define ITEMS_MAX	32	/* in one object */
#define MSCUID_MAX	38	/* SP 800-73-4 part 1, table 10 */

static const uint8_t rid[] = { 0xa0, 0x00, 0x00, 0x03, 0x08 };
static const uint8_t pix[] = { 0x00, 0x00, 0x10, 0x00 };

static bool
take_header(struct cur *in, uint8_t *ret_tag, size_t *ret_n)
{
	struct cur k = *in;
	uint8_t tag, o;
	size_t n = 0;
	int more;

	if (!cur_u8(&k, &tag) || !cur_u8(&k, &o))
		return false;
	more = o & 0x7f;
	if (o < 0x80) {
		n = o;
	} else if (more == 0 || more > LENGTH_OCTETS) {
		return false;
	} else {
		for (int i = 0; i < more; i++) {
			if (!cur_u8(&k, &o))
				return false;
			n = n << 8 | o;
		}
	}
	*in = k;
	*ret_tag = tag;
	*ret_n = n;
	return true;
}

bool
piv_take(struct cur *in, uint8_t *ret_tag, struct cur *ret_value)
{
	struct cur k = *in, value;
	uint8_t tag;
	size_t n;

	if (!take_header(&k, &tag, &n) || !cur_take(&k, n, &value))
		return false;
	*in = k;
	*ret_tag = tag;
	*ret_value = value;
	return true;
}

bool
piv_is_template(struct cur apt)
{
	struct cur outer, aid;

	if (!tlv_take_tag(&apt, 0x61, &outer) && !tlv_take_tag(&apt, 0x6f, &outer))
		return false;
	if (tlv_find(outer, 0x4f, &aid) != ERR_OK && tlv_find(outer, 0x84, &aid) != ERR_OK)
		return false;
	return cur_starts(aid, cur_of(rid, sizeof(rid))) ||
	    cur_starts(aid, cur_of(pix, sizeof(pix)));
}

/* What is there of the object's value; *ret_n is how long it should be. */
static bool
open_object(struct cur object, struct cur *ret, size_t *ret_n)
{
	uint8_t tag;

	if (!take_header(&object, &tag, ret_n) || tag != OBJECT)
		return false;
	*ret = object;
	if (ret->n > *ret_n)
		ret->n = *ret_n;
	return true;
}

bool
piv_is_present(struct cur object)
{
	struct cur value;
	uint8_t tag;
	size_t n;

	if (!open_object(object, &value, &n) || n == 0)
		return false;
	return !take_header(&value, &tag, &n) || tag != CERTIFICATE || n != 0;
}

size_t
piv_size(struct cur object)
{
	struct cur at = object;
	uint8_t tag;
	size_t n;

	return take_header(&at, &tag, &n) && tag == OBJECT ? object.n - at.n + n : 0;
}

/* The one certificate; other items may stand anywhere. */
static enum err
find_cert(struct cur value, struct cur *ret)
{
	struct cur item, found = { 0 };
	bool seen = false;
	uint8_t tag;

	for (int i = 0; value.n != 0; i++) {
		if (i == ITEMS_MAX || !piv_take(&value, &tag, &item) ||
		    (tag == CERTIFICATE && seen))
			return fail(ERR_MALFORMED, "the items of a certificate object");
		if ((tag == 0x71 && item.n > 1) || (tag == 0x72 && item.n > MSCUID_MAX) ||
		    (tag == 0xfe && item.n != 0))
			return fail(ERR_MALFORMED, "item %02x of %zu bytes", tag, item.n);
		if (tag == CERTIFICATE) {
			seen = true;
			found = item;
		}
	}
	*ret = found;
	return found.n != 0 ? ERR_OK : ERR_NOT_FOUND;
}

static bool
is_zlib(struct cur in)
{
	return in.n > 2 && (in.p[0] & 0x0f) == 8 && (in.p[0] << 8 | in.p[1]) % 31 == 0;
}

static bool
put_plain(struct cur in, struct buf *ret)
{
	size_t behind;

	if (in.p[0] == 0x30) {
		buf_cur(ret, in);
		return true;
	}
	if (inflate_is_wrapped(in))
		return inflate_wrapped(in, ret, &behind) && behind == 0;
	if (is_zlib(in) || (in.n > 2 && in.p[0] == 0x1f && in.p[1] == 0x8b))
		return inflate_all(in, ret);
	return false;
}

enum err
piv_cert(struct cur object, struct buf *ret)
{
	struct cur value, cert;
	size_t n;
	enum err r;

	if (!open_object(object, &value, &n) || value.n != n)
		return fail(ERR_MALFORMED, "a certificate object");
	if (n == 0)
		return ERR_NOT_FOUND;
	if ((r = find_cert(value, &cert)) != ERR_OK)
		return r;
	if (!put_plain(cert, ret) && buf_end(ret) == ERR_OK)
		return fail(ERR_MALFORMED, "neither a certificate nor a compressed one");
	return buf_end(ret);
}

bool
piv_guid(struct cur chuid, uint8_t ret[PIV_GUID])
{
	static const uint8_t zero[PIV_GUID];
	struct cur value, item;
	uint8_t tag;
	size_t n;

	if (!open_object(chuid, &value, &n))
		return false;
	for (int i = 0; i < ITEMS_MAX && piv_take(&value, &tag, &item); i++) {
		if (tag != 0x34)
			continue;
		if (item.n != PIV_GUID || memcmp(item.p, zero, PIV_GUID) == 0)
			return false;
		memcpy(ret, item.p, PIV_GUID);
		return true;
	}
	return false;
}

bool
piv_global_pin(struct cur discovery)
{
	struct cur value, aid, policy;

	if (!tlv_take_tag(&discovery, 0x7e, &value) ||
	    !tlv_take_tag(&value, 0x4f, &aid) || !cur_starts(aid, cur_of(rid, sizeof(rid))) ||
	    !tlv_take_tag(&value, 0x5f2f, &policy) || policy.n != 2)
		return false;
	/* xx: the card has a global PIN, and is not all bits; yy 20: it comes first. */
	return (policy.p[0] & 0x20) != 0 && policy.p[0] != 0xff && policy.p[1] == 0x20;
}

unsigned
piv_retired(struct cur history)
{
	struct cur value, item;
	uint8_t tag;
	size_t n;

	if (!open_object(history, &value, &n))
		return 0;
	for (int i = 0; i < ITEMS_MAX && piv_take(&value, &tag, &item); i++)
		if (tag == 0xc1)
			return item.n == 1 && item.p[0] <= PIV_RETIRED ? item.p[0] : 0;
	return 0;
}

bool
piv_response(struct cur reply, struct cur *ret)
{
	struct cur body, response;
	uint8_t tag;

	if (!piv_take(&reply, &tag, &body) || tag != 0x7c || reply.n != 0 ||
	    !piv_take(&body, &tag, &response) || tag != 0x82 || body.n != 0 ||
	    response.n == 0)
		return false;
	*ret = response;
	return true;
}

/* The first item with this tag. */
static bool
find_item(struct cur metadata, uint8_t wanted, struct cur *ret)
{
	uint8_t tag;

	for (int i = 0; i < ITEMS_MAX && piv_take(&metadata, &tag, ret); i++)
		if (tag == wanted)
			return true;
	return false;
}

bool
piv_tries_left(struct cur metadata, unsigned *ret)
{
	struct cur item;

	if (!find_item(metadata, 0x06, &item) || item.n != 2 || item.p[1] > item.p[0])
		return false;
	*ret = item.p[1];
	return true;
}

bool
piv_is_default(struct cur metadata)
{
	struct cur item;

	return find_item(metadata, 0x05, &item) && item.n == 1 && item.p[0] == 1;
}

bool
piv_policies(struct cur metadata, uint8_t *ret_pin, uint8_t *ret_touch)
{
	struct cur item;

	if (!find_item(metadata, 0x02, &item) || item.n != 2)
		return false;
	*ret_pin = item.p[0];
	*ret_touch = item.p[1];
	return true;
}

/* What is there of the first item with one of these tags; the rest may be cut off. */
static bool
find_begin(struct cur in, uint8_t tag, uint8_t other, struct cur *ret)
{
	uint8_t found;
	size_t n;

	for (int i = 0; i < ITEMS_MAX && take_header(&in, &found, &n); i++) {
		*ret = in;
		if (ret->n > n)
			ret->n = n;
		if (found == tag || found == other)
			return ret->n != 0;
		if (!cur_take(&in, n, ret))
			break;
	}
	return false;
}

bool
piv_public_key(struct cur metadata, struct cur *ret)
{
	struct cur all;

	return find_begin(metadata, 0x04, 0x04, &all) && find_begin(all, 0x81, 0x86, ret);
}
