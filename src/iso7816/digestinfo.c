/* SPDX-License-Identifier: EUPL-1.2 */
/* The fixed DER in front of a hash (RFC 8017 section 9.2, note 1). */
#include "iso7816/digestinfo.h"

#define PREFIX_LEN	19

static const struct {
	size_t hash_len;
	uint8_t prefix[PREFIX_LEN];
} infos[] = {
	/* SHA-256 */
	{ 32, { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
	    0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 } },
	/* SHA-384 */
	{ 48, { 0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
	    0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30 } },
	/* SHA-512 */
	{ 64, { 0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
	    0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40 } },
};

enum err
digestinfo_put(struct buf *b, struct cur hash)
{
	for (size_t i = 0; i < NELEM(infos); i++) {
		if (hash.n != infos[i].hash_len)
			continue;
		buf_put(b, infos[i].prefix, PREFIX_LEN);
		buf_cur(b, hash);
		return buf_end(b);
	}
	return fail(ERR_UNSUPPORTED, "a hash of %zu bytes", hash.n);
}

bool
digestinfo_hash(struct cur info, struct cur *ret)
{
	for (size_t i = 0; i < NELEM(infos); i++) {
		struct cur prefix = cur_of(infos[i].prefix, PREFIX_LEN);

		if (info.n != PREFIX_LEN + infos[i].hash_len || !cur_starts(info, prefix))
			continue;
		*ret = cur_of(info.p + PREFIX_LEN, infos[i].hash_len);
		return true;
	}
	return false;
}

enum err
digestinfo_pad(struct cur info, size_t k, struct buf *ret)
{
	if (k < info.n + 11)
		return fail(ERR_UNSUPPORTED, "%zu bytes do not fit into a block of %zu", info.n, k);
	buf_u8(ret, 0x00);
	buf_u8(ret, 0x01);
	for (size_t i = info.n + 3; i < k; i++)
		buf_u8(ret, 0xff);
	buf_u8(ret, 0x00);
	buf_cur(ret, info);
	return buf_end(ret);
}
