/* SPDX-License-Identifier: EUPL-1.2 */
/* agent.conf from any bytes: no crash, and what is accepted keeps its promises. */
#include "tests/fuzz/fuzz.h"

#include "host/conf.h"
#include "tests/unit/conf_sample.h"

static enum err
any_uid(void *arg UNUSED, const char *user, uid_t *ret)
{
	*ret = 1;
	return user[0] == 'x' ? ERR_NOT_FOUND : ERR_OK;
}

static enum err
sample_key(void *arg UNUSED, const char *path, struct buf *ret)
{
	must(path[0] == '/');
	buf_str(ret, SAMPLE_PEM);
	return buf_end(ret);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct host_outside o = {
		.users_own = size % 2 != 0, .uid = any_uid, .read = sample_key,
	};
	AUTO(host_conf_free) struct host_conf *c = NULL;

	if (host_conf_parse(cur_of(data, size), &o, &c) != ERR_OK) {
		must(c == NULL && err_trail()[0] != '\0');
		return 0;
	}
	must(c->n_brokers >= 1 && c->n_brokers <= HOST_BROKERS && c->pinentry[0] == '/');
	for (size_t i = 0; i < c->n_brokers; i++) {
		const struct host_broker *b = &c->brokers[i];

		must(b->n_keys >= 1 && b->socket[0] == '/' && b->trust[0] == '/');
		must(host_conf_broker(c, b->name) == b);
		must(!o.users_own || b->environment != CERT_ENV_PRODUCTION);
	}
	return 0;
}
