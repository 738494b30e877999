/* SPDX-License-Identifier: EUPL-1.2 */
/* broker.conf, means.conf and register.conf: any text, to each of the three. */
#include "broker/conf.h"
#include "broker/people.h"
#include "tests/fuzz/fuzz.h"

/* Every employment that is found is of a person who is found. */
static void
employed(const struct people *p)
{
	static const char who[] = "900000001";
	const struct employment *e;
	size_t n = people_employments(p, who, &e);

	must(n == 0 || people_find(p, who) != NULL);
	for (size_t i = 0; i < n; i++)
		must(strcmp(e[i].uzi_number, who) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(conf_free) struct broker_conf *conf = NULL;
	AUTO(means_free) struct means *means = NULL;
	AUTO(people_free) struct people *people = NULL;
	struct cur text = cur_of(data, size);

	if (conf_read(text, &conf) == ERR_OK) {
		must(conf->n_clients != 0 && conf->n_policies != 0 && conf->n_keys != 0);
		must(conf->revocation == CERT_REVOCATION_HARD ||
		    conf->environment == CERT_ENV_TEST);
		must(conf_client(conf, conf->clients[0].id) == &conf->clients[0]);
	}
	if (means_read(text, &means) == ERR_OK)
		must(means_best(means) != LOA_NONE);
	if (people_read(text, &people) == ERR_OK)
		employed(people);
	return 0;
}
