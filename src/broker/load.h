/* SPDX-License-Identifier: EUPL-1.2 */
/* Everything that the broker reads at start, in one place. */
#ifndef DEZI_BROKER_LOAD_H
#define DEZI_BROKER_LOAD_H

#include "broker/flow.h"

struct loaded {
	struct broker_conf *conf;
	struct people	   *people;
	struct means	   *means;
	struct cert_store  *trust;
	struct store	   *store;
	struct audit	   *audit;
	EVP_PKEY	   *key;
	char thumbprints[CONF_KEYS_MAX][JWK_THUMBPRINT_LEN + 1];
};

/*
 * Read the configuration and all that it names.  Files must be root's or our own and
 * nobody else's to write.  On failure the trail begins with the file's name where a line
 * of it is meant.
 */
MUST_CHECK enum err load_all(const char *conf_path, struct loaded *ret);
/* Register and means again; on failure the former ones stay. */
MUST_CHECK enum err load_again(struct loaded *l);
void loaded_free(struct loaded *l);

/* The kernel's name of this boot.  ERR_SYS. */
MUST_CHECK enum err load_boot_id(char *ret, size_t size);

#endif
