/* SPDX-License-Identifier: EUPL-1.2 */
/* Writing problem documents. */
#include "net/problem.h"

#include "base/names.h"
#include "jose/jsonw.h"

void
problem_put(struct buf *b, enum err e, const char *members)
{
	AUTO(buf_free) struct buf type = BUF(256);

	buf_fmt(&type, "%s%s", NAME_PROBLEM, err_word(e));
	jsonw_object(b);
	jsonw_member_str(b, "type", buf_view(&type));
	jsonw_member_str(b, "title", cur_str(err_title(e)));
	jsonw_member_int(b, "status", err_http(e));
	if (members != NULL && members[0] != '\0') {
		buf_u8(b, ',');
		buf_str(b, members);
	}
	jsonw_object_end(b);
}
