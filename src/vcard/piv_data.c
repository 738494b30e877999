/* SPDX-License-Identifier: EUPL-1.2 */
/* The data objects of a PIV card (SP 800-73-5 part 1 sections 3 and 4), and GET DATA. */
#include <assert.h>
#include <zlib.h>

#include "vcard/der.h"
#include "vcard/inside.h"

enum {
	OBJECT_DISCOVERY = 0x7e, OBJECT_BIT_GROUP = 0x7f61,
	OBJECT_CERT_9E = 0x5fc101, OBJECT_CHUID = 0x5fc102, OBJECT_CERT_9A = 0x5fc105,
	OBJECT_CCC = 0x5fc107, OBJECT_CERT_9C = 0x5fc10a, OBJECT_CERT_9D = 0x5fc10b,
	OBJECT_HISTORY = 0x5fc10c, OBJECT_CERT_82 = 0x5fc10d,
	OBJECT_SM_SIGNER = 0x5fc122, OBJECT_ATTESTATION = 0x5fff01,
};

#define GZIP		(MAX_WBITS + 16)	/* zlib: write that format */
#define GZIP_MAX	32768

static uint32_t
certificate_tag(size_t i)
{
	static const uint32_t first[PIV_RETIRED] = { OBJECT_CERT_9A, OBJECT_CERT_9C,
		OBJECT_CERT_9D, OBJECT_CERT_9E };

	return i < PIV_RETIRED ? first[i] : i == PIV_ATTESTATION ? OBJECT_ATTESTATION :
	    OBJECT_CERT_82 + (uint32_t)(i - PIV_RETIRED);
}

/* The content moves in. */
static enum err
add(struct vcard *c, uint32_t tag, struct buf *content)
{
	enum err r = buf_end(content);

	if (r != ERR_OK)
		return fail(r, "data object %x", tag);
	assert(c->objects_n < OBJECTS);
	c->objects[c->objects_n++] = (struct data_object){ tag, *content };
	*content = (struct buf){ .max = content->max };
	return ERR_OK;
}

static enum err
compress_into(struct cur in, struct buf *out)
{
	z_stream z = { .next_in = (uint8_t *)(uintptr_t)in.p, .avail_in = (unsigned)in.n };
	uint8_t packed[GZIP_MAX];
	int end;

	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP, 8,
	    Z_DEFAULT_STRATEGY) != Z_OK)
		return fail(ERR_NOMEM, "compressing a certificate");
	z.next_out = packed;
	z.avail_out = sizeof(packed);
	end = deflate(&z, Z_FINISH);
	buf_put(out, packed, sizeof(packed) - z.avail_out);
	deflateEnd(&z);
	return end == Z_STREAM_END ? ERR_OK : fail(ERR_LIMIT, "compressing a certificate");
}

/* 53 { 70 certificate, 71 CertInfo, FE } */
static enum err
add_certificate(struct vcard *c, size_t i)
{
	AUTO(buf_free) struct buf b = BUF(EF_MAX);
	struct cur der = buf_view(&c->keys[i].certificate);
	size_t all, at;
	enum err r = ERR_OK;

	if (der.n == 0)
		return ERR_OK;
	all = der_open(&b, 0x53);
	at = der_open(&b, 0x70);
	if (c->file.keys[i].compressed)
		r = compress_into(der, &b);
	else
		buf_cur(&b, der);
	der_close(&b, at);
	der_put(&b, 0x71, cur_of(c->file.keys[i].compressed ? "\1" : "\0", 1));
	der_put(&b, 0xfe, cur_of(NULL, 0));
	der_close(&b, all);
	return r != ERR_OK ? r : add(c, certificate_tag(i), &b);
}

/* The card's UUID; made from the serial number when the card file names none. */
static void
put_guid(struct buf *b, const struct card_file *f)
{
	static const uint8_t none[16];
	uint8_t guid[16] = "dezi-vcard";

	if (memcmp(f->piv.guid, none, sizeof(none)) != 0) {
		der_put(b, 0x34, cur_of(f->piv.guid, sizeof(f->piv.guid)));
		return;
	}
	memcpy(guid + 8, f->serial, sizeof(f->serial));
	guid[6] = (uint8_t)((guid[6] & 0x0f) | 0x40);	/* RFC 4122: version 4 */
	guid[8] = (uint8_t)((guid[8] & 0x3f) | 0x80);
	der_put(b, 0x34, cur_of(guid, sizeof(guid)));
}

/* FASC-N: agency 9999, system 9999, credential 999999: no federal issuer. */
static enum err
add_chuid(struct vcard *c)
{
	static const uint8_t fasc_n[25] = { 0xd4, 0xe7, 0x39, 0xda, 0x73, 0x9c, 0xed,
		0x39, 0xce, 0x73, 0x9d, 0x83, 0x68, 0x58, 0x21, 0x08, 0x42, 0x10, 0x84,
		0x21, 0xc8, 0x42, 0x10, 0xc3, 0xeb };
	AUTO(buf_free) struct buf b = BUF(EF_MAX);
	size_t at = der_open(&b, 0x53);

	der_put(&b, 0x30, cur_of(fasc_n, sizeof(fasc_n)));
	put_guid(&b, &c->file);
	der_str(&b, 0x35, "20391231");
	der_put(&b, 0x3e, cur_of(NULL, 0));
	der_put(&b, 0xfe, cur_of(NULL, 0));
	der_close(&b, at);
	return c->file.piv.chuid ? add(c, OBJECT_CHUID, &b) : ERR_OK;
}

/* Card capability container: a card identifier, and data model 10. */
static enum err
add_ccc(struct vcard *c)
{
	AUTO(buf_free) struct buf b = BUF(EF_MAX);
	size_t at = der_open(&b, 0x53), id = der_open(&b, 0xf0);

	buf_put(&b, "\xa0\0\0\x01\x16\xff\x02\0\0\0\0\0\0", 13);
	buf_put(&b, c->file.serial, sizeof(c->file.serial));
	der_close(&b, id);
	buf_put(&b, "\xf1\1\x21" "\xf2\1\x21" "\xf3\0" "\xf4\1\0" "\xf5\1\x10"
	    "\xf6\0\xf7\0\xfa\0\xfb\0\xfc\0\xfd\0\xfe\0", 28);
	der_close(&b, at);
	return c->file.piv.ccc ? add(c, OBJECT_CCC, &b) : ERR_OK;
}

/* How many retired keys have their certificates here. */
static enum err
add_history(struct vcard *c)
{
	AUTO(buf_free) struct buf b = BUF(EF_MAX);
	size_t at = der_open(&b, 0x53);
	uint8_t n = 0;

	for (size_t i = PIV_RETIRED; i < PIV_ATTESTATION; i++)
		if (c->keys[i].certificate.len != 0)
			n++;
	der_put(&b, 0xc1, cur_of(&n, 1));
	der_put(&b, 0xc2, cur_of("\0", 1));
	der_put(&b, 0xfe, cur_of(NULL, 0));
	der_close(&b, at);
	return c->file.piv.history ? add(c, OBJECT_HISTORY, &b) : ERR_OK;
}

/* Part 1 section 3.3.2: which PINs there are, and which one is the primary. */
static enum err
add_discovery(struct vcard *c)
{
	static const uint8_t policies[][2] = {
		[DISCOVERY_NONE] = { 0, 0 }, [DISCOVERY_APPLICATION] = { 0x40, 0x00 },
		[DISCOVERY_BOTH] = { 0x60, 0x10 }, [DISCOVERY_GLOBAL] = { 0x60, 0x20 } };
	AUTO(buf_free) struct buf b = BUF(EF_MAX);
	size_t at = der_open(&b, OBJECT_DISCOVERY);

	der_put(&b, 0x4f, cur_of(c->file.aid, c->file.aid_len));
	buf_put(&b, "\x5f\x2f\x02", 3);
	buf_put(&b, policies[c->file.piv.discovery], 2);
	der_close(&b, at);
	return c->file.piv.discovery == DISCOVERY_NONE ? ERR_OK :
	    add(c, OBJECT_DISCOVERY, &b);
}

enum err
piv_write(struct vcard *c)
{
	enum err r;

	if ((r = add_chuid(c)) != ERR_OK || (r = add_ccc(c)) != ERR_OK ||
	    (r = add_history(c)) != ERR_OK || (r = add_discovery(c)) != ERR_OK)
		return r;
	for (size_t i = 0; i < CARD_KEYS && r == ERR_OK; i++)
		r = add_certificate(c, i);
	return r;
}

/* What a contactless reader may have without VCI (part 1, table of access rules). */
static bool
is_for_everybody(uint32_t tag)
{
	return tag == OBJECT_CHUID || tag == OBJECT_CERT_9E || tag == OBJECT_DISCOVERY ||
	    tag == OBJECT_BIT_GROUP || tag == OBJECT_SM_SIGNER;
}

/* 5C and a tag of one to three bytes. */
static bool
parse_tag(struct cur in, uint32_t *ret)
{
	uint8_t list, n, byte;

	if (!cur_u8(&in, &list) || list != 0x5c || !cur_u8(&in, &n) || n != in.n ||
	    n == 0 || n > 3)
		return false;
	*ret = 0;
	while (cur_u8(&in, &byte))
		*ret = *ret << 8 | byte;
	return true;
}

unsigned
piv_get_data(struct vcard *c, struct vchannel *ch UNUSED, const struct command *m,
    struct buf *out)
{
	uint32_t tag;

	if (m->p1 != 0x3f || m->p2 != 0xff)
		return SW_P1P2;
	if (!parse_tag(m->data, &tag))
		return SW_DATA;
	if (c->file.piv.vci && !is_for_everybody(tag))
		return SW_SECURITY;
	for (size_t i = 0; i < c->objects_n; i++)
		if (c->objects[i].tag == tag) {
			buf_cur(out, buf_view(&c->objects[i].content));
			return SW_OK;
		}
	if (!c->file.piv.absent_empty || (tag >> 8 != 0x5fc1))
		return SW_FILE;
	buf_put(out, "\x53\0", 2);
	return SW_OK;
}
