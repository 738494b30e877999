/* SPDX-License-Identifier: EUPL-1.2 */
/* Readers and cards for the command line. */
#include "cli/readers.h"

#include <stdlib.h>
#include <unistd.h>

#include "card/reader.h"
#include "cert/cert.h"
#include "cli/cli.h"
#include "drivers/drivers.h"
#include "host/modules.h"

#define OWN_PROFILES	SYSCONFDIR "/dezi/profiles"

void
cli_readers_close(struct cli_readers *c)
{
	pcsc_close(&c->pcsc);
	profiles_free(&c->profiles);
	host_conf_free(&c->conf);
}

/* A workstation without configuration has readers all the same. */
static enum err
load_conf(const char *config, struct host_conf **ret)
{
	if (config == NULL && access(HOST_CONF_FILE, F_OK) != 0)
		return ERR_OK;
	return cli_conf(config, ret);
}

static enum err
load_profiles(struct cli_readers *c)
{
	const char *dir = c->conf == NULL ? PKGDATADIR "/profiles" : c->conf->profiles;

	return profiles_load(dir, OWN_PROFILES, getuid(), &c->profiles);
}

enum err
cli_readers_open(const char *config, struct cli_readers *ret)
{
	enum err r;

	if ((r = load_conf(config, &ret->conf)) != ERR_OK)
		return r;
	/* libpcsclite knows no other way to be told. */
	if (ret->conf != NULL && ret->conf->pcsc_socket[0] != '\0' &&
	    setenv("PCSCLITE_CSOCK_NAME", ret->conf->pcsc_socket, 1) != 0)
		return fail(ERR_NOMEM, "environment");
	if ((r = pcsc_open(&ret->pcsc)) != ERR_OK ||
	    (r = pcsc_list(ret->pcsc, ret->r, NELEM(ret->r), &ret->n)) != ERR_OK)
		return r;
	if (ret->n > NELEM(ret->r))
		ret->n = NELEM(ret->r);
	return load_profiles(ret);
}

bool
cli_reader_ignored(const struct cli_readers *c, const struct pcsc_reader_state *r)
{
	return c->conf != NULL && host_list_in(&c->conf->ignore_reader, r->name);
}

const struct host_module *
cli_module_for(const struct cli_readers *c, enum err why, const struct pcsc_reader_state *r)
{
	if (c->conf == NULL || r->mute || cli_reader_ignored(c, r))
		return NULL;
	return host_module_for(c->conf, why, r->name, cur_of(r->atr, r->atr_len));
}

enum err
cli_reader_choose(const struct cli_readers *c, const char *word,
    const struct pcsc_reader_state **ret)
{
	*ret = NULL;
	for (size_t i = 0; i < c->n; i++) {
		const struct pcsc_reader_state *r = &c->r[i];

		if (!r->present || cli_reader_ignored(c, r) ||
		    (word != NULL && strstr(r->name, word) == NULL))
			continue;
		if (*ret != NULL)
			return fail(ERR_SEVERAL_CARDS, "say which with --reader");
		*ret = r;
	}
	if (*ret != NULL)
		return ERR_OK;
	return c->n == 0 ? fail(ERR_NO_READER, "none") : fail(ERR_NO_CARD, "%zu readers", c->n);
}

enum err
cli_card_open(const struct cli_readers *c, const struct pcsc_reader_state *r,
    struct cli_card *ret)
{
	enum err e;

	if (!r->present || r->mute)
		return fail(ERR_NO_CARD, "reader");
	if ((e = pcsc_connect(c->pcsc, r->name, &ret->reader)) != ERR_OK)
		return e;
	if (c->conf != NULL && c->conf->pinpad != HOST_PINPAD_NEVER)
		ret->reader->keypads = &c->profiles.keypads;
	return card_open(ret->reader, drivers_table, profiles_list(&c->profiles), &ret->card);
}

void
cli_card_close(struct cli_card *c)
{
	card_close(&c->card);
	reader_close(&c->reader);
}

const char *
cli_vendor_software(const struct cli_readers *c, const struct pcsc_reader_state *r,
    const struct card *card)
{
	for (size_t i = 0; i < c->profiles.n; i++) {
		const struct profile *p = c->profiles.items[i];

		if (p->software[0] == '\0')
			continue;
		if (card != NULL && card_profile_name(card)[0] != '\0' ?
		    strcmp(p->name, card_profile_name(card)) == 0 :
		    r != NULL && profile_matches(p, cur_of(r->atr, r->atr_len)))
			return p->software;
	}
	return NULL;
}

static bool
for_login(void *arg UNUSED, struct cur der)
{
	AUTO(cert_free) struct cert *cert = NULL;

	return cert_parse(der, &cert) == ERR_OK &&
	    cert_purpose(cert) == CERT_AUTHENTICATION;
}

enum err
cli_card_look(struct cli_card *c, struct card_view *ret)
{
	return card_look(c->card, NULL, for_login, NULL, ret);
}
