/* SPDX-License-Identifier: EUPL-1.2 */
/* File control information: templates within templates, three deep at most. */
#include "iso7816/fci.h"

#include "iso7816/tlv.h"

#define DEPTH	3

static bool
is_template(uint32_t tag)
{
	return tag == 0x62 || tag == 0x64 || tag == 0x6f;
}

bool
fci_size(struct cur fci, size_t *ret)
{
	struct tlv t;
	uint32_t size;

	for (int depth = 0; depth < DEPTH; depth++) {
		struct cur inner = { 0 };
		bool deeper = false;

		while (tlv_take(&fci, &t)) {
			/* 80: bytes of content; 81: with structure; the first counts. */
			if (t.tag == 0x80 || t.tag == 0x81) {
				if (!tlv_unsigned(t.value, &size) || size == 0 ||
				    size > FILE_SIZE_MAX)
					return false;
				*ret = size;
				return true;
			}
			if (is_template(t.tag) && !deeper) {
				inner = t.value;
				deeper = true;
			}
		}
		if (!deeper)
			return false;
		fci = inner;
	}
	return false;
}

bool
fci_fid(struct cur fci, uint16_t *ret)
{
	struct tlv t, f;

	if (!tlv_take(&fci, &t) || !is_template(t.tag))
		return false;
	while (tlv_take(&t.value, &f))
		if (f.tag == 0x83 && f.value.n == 2)
			return cur_u16(&f.value, ret);
	return false;
}
