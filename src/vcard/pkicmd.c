/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi-vcard pki */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "vcard/commands.h"
#include "vcard/passfile.h"
#include "vcard/pki.h"

/* 2026-05-31T12:00:00Z, or seconds since 1970. */
static bool
parse_time(const char *s, int64_t *ret)
{
	struct tm tm = { 0 };
	const char *end = strptime(s, "%Y-%m-%dT%H:%M:%SZ", &tm);
	char *rest;

	if (end != NULL && *end == '\0') {
		*ret = timegm(&tm);
		return true;
	}
	errno = 0;
	*ret = strtoll(s, &rest, 10);
	return errno == 0 && rest != s && *rest == '\0' && *ret > 0;
}

struct asked {
	struct pki_options pki;
	const char *passes;
	const char *revoke;
	bool	    crl_only;
};

static bool
parse(int argc, char **argv, struct asked *ret)
{
	static const struct option options[] = {
		{ "out", required_argument, NULL, 'o' },
		{ "now", required_argument, NULL, 'n' },
		{ "small", no_argument, NULL, 's' },
		{ "passes", required_argument, NULL, 'p' },
		{ "crl-only", no_argument, NULL, 'c' },
		{ "revoke", required_argument, NULL, 'r' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'o')
			ret->pki.dir = optarg;
		else if (c == 'n' && !parse_time(optarg, &ret->pki.now))
			return false;
		else if (c == 's')
			ret->pki.ca_bits = PKI_PASS_BITS;
		else if (c == 'p')
			ret->passes = optarg;
		else if (c == 'c')
			ret->crl_only = true;
		else if (c == 'r')
			ret->revoke = optarg;
		else if (c == '?')
			return false;
	}
	return ret->pki.dir != NULL && optind == argc && !(ret->crl_only && ret->revoke);
}

static enum err
make_from_file(struct asked *a)
{
	struct pass_file *f;
	enum err r = pass_file_load(a->passes, &f);

	if (r != ERR_OK)
		return r;
	a->pki.passes = pass_file_plans(f, &a->pki.passes_n);
	a->pki.tokens_n = 0;
	r = pki_make(&a->pki);
	pass_file_free(&f);
	return r;
}

static enum err
run(struct asked *a)
{
	if (a->revoke != NULL)
		return pki_revoke(a->pki.dir, a->revoke, a->pki.now);
	if (a->crl_only)
		return pki_crls(a->pki.dir, a->pki.now);
	return a->passes != NULL ? make_from_file(a) : pki_make(&a->pki);
}

int
pki_main(int argc, char **argv)
{
	struct asked a = { .pki = { .now = clock_utc(), .ca_bits = PKI_CA_BITS,
	    .pass_bits = PKI_PASS_BITS, .passes = pass_plans, .passes_n = PASSES,
	    .tokens = token_plans, .tokens_n = TOKENS } };
	enum err r;

	if (!parse(argc, argv, &a))
		return COMMAND_USAGE;
	if ((r = run(&a)) == ERR_OK)
		return EXIT_SUCCESS;
	fprintf(stderr, "dezi-vcard: %s\n", err_trail());
	return r == ERR_CONFIG ? EXIT_USAGE : EXIT_FAILURE;
}
