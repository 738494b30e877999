/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi cert: the certificate with which the card logs in, and whether it would do. */
#include "config.h"

#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/readers.h"

struct options {
	struct cli_trust trust;
	const char *file;
	const char *reader;
	bool	 json;
};

static enum cli_status
options(int argc, char **argv, struct options *ret)
{
	static const struct option known[] = {
		CLI_TRUST_OPTIONS,
		{ "file", required_argument, NULL, 'f' },
		{ "reader", required_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (cli_trust_option(&ret->trust, option, optarg))
			continue;
		if (option == 'f')
			ret->file = optarg;
		else if (option == 'r')
			ret->reader = optarg;
		else if (option == 'j')
			ret->json = true;
		else
			return cli_usage("cert");
	}
	return optind == argc ? CLI_OK : cli_usage("cert");
}

static enum err
from_card(const struct options *o, struct buf *ret)
{
	AUTO(cli_readers_close) struct cli_readers c = { 0 };
	AUTO(cli_card_close) struct cli_card card = { 0 };
	AUTO(card_view_free) struct card_view view = { 0 };
	const struct pcsc_reader_state *r;
	enum err e;

	if ((e = cli_readers_open(o->trust.config, &c)) != ERR_OK ||
	    (e = cli_reader_choose(&c, o->reader, &r)) != ERR_OK ||
	    (e = cli_card_open(&c, r, &card)) != ERR_OK ||
	    (e = cli_card_look(&card, &view)) != ERR_OK)
		return e;
	buf_cur(ret, buf_view(&view.cert));
	return buf_end(ret);
}

static enum err
from_file(const char *path, struct buf *ret)
{
	enum err r = file_read(path, ret);

	return r == ERR_NOT_FOUND ? fail(ERR_SYS, "%s is not there", path) : r;
}

/* Would it log in, as far as this workstation can tell?  The broker also checks revocation. */
static enum err
check(const struct options *o, const struct cert *cert)
{
	AUTO(cert_store_free) struct cert_store *store = NULL;
	AUTO(cert_verdict_free) struct cert_verdict verdict = { 0 };
	struct cert_rules rules = { .now = clock_utc(), .pass_types = "ZN" };
	enum err r;

	if ((r = cli_trust_store(&o->trust, CERT_REVOCATION_ELSEWHERE, &store)) != ERR_OK)
		return r;
	return cert_check_login(store, cert, NULL, 0, &rules, &verdict);
}

static void
print_json(const struct cert *cert, const struct uzi_identity *who, enum err e)
{
	AUTO(json_drop) json_t *j = json_pack("{s:s, s:I, s:I, s:i}", "result", err_word(e),
	    "not_before", (json_int_t)cert_not_before(cert),
	    "not_after", (json_int_t)cert_not_after(cert), "bits", (int)cert_key_bits(cert));

	if (j == NULL)
		return;
	if (who != NULL)
		json_object_set_new(j, "identity", cli_identity_json(who));
	cli_print_json(j);
}

static void
print_text(const struct cert *cert, const struct uzi_identity *who, enum err e)
{
	char from[32], to[32];

	if (who != NULL)
		cli_identity_print(who);
	printf(_("valid       %s to %s UTC\n"), cli_date(cert_not_before(cert), from),
	    cli_date(cert_not_after(cert), to));
	printf(_("key         %u bits\n"), cert_key_bits(cert));
	printf(_("check       %s\n"),
	    e == ERR_OK ? _("good (the broker also checks revocation)") : cli_message(e));
	if (e != ERR_OK)
		fprintf(stderr, "dezi: %s\n      %s: %s\n", cli_advice(e), err_word(e),
		    cli_safe(err_trail()));
}

enum cli_status
cmd_cert(int argc, char **argv)
{
	AUTO(buf_free) struct buf der = BUF(CERT_DER_MAX);
	AUTO(cert_free) struct cert *cert = NULL;
	struct options o = { 0 };
	struct uzi_identity who;
	bool known;
	enum cli_status s;
	enum err r;

	if ((s = options(argc, argv, &o)) != CLI_OK)
		return s;
	r = o.file != NULL ? from_file(o.file, &der) : from_card(&o, &der);
	if (r != ERR_OK || (r = cert_parse(buf_view(&der), &cert)) != ERR_OK)
		return cli_failed(r, o.json);
	/* Shown as far as it can be read, whatever the check says below. */
	known = cert_uzi(cert, CERT_ENV_TEST, &who) == ERR_OK;
	r = check(&o, cert);
	if (o.json)
		print_json(cert, known ? &who : NULL, r);
	else
		print_text(cert, known ? &who : NULL, r);
	return r == ERR_OK ? CLI_OK : CLI_FAILED;
}
