/* SPDX-License-Identifier: EUPL-1.2 */
/* What a request and a result of a login are called. */
#include "login/login.h"

#include <string.h>

void
login_result_free(struct login_result *r)
{
	buf_free(&r->assertion);
}

const char *
login_step_name(enum login_step s)
{
	switch (s) {
	case LOGIN_WAITING_CARD:
		return "waiting_card";
	case LOGIN_READING_CARD:
		return "reading_card";
	case LOGIN_ASKING_PIN:
		return "asking_pin";
	case LOGIN_SIGNING:
		return "signing";
	}
	return "unknown";
}

const char *
login_rp_name(const struct login_request *rq)
{
	bool english = strcmp(rq->language, "en") == 0 && rq->c.rp_name_en[0] != '\0';

	return english ? rq->c.rp_name_en : rq->c.rp_name_nl;
}
