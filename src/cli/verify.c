/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi verify: is this assertion signed by a card under our anchors, and by whose? */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/b64.h"
#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"
#include "verify/verify.h"

struct options {
	struct cli_trust trust;
	const char *file;
	const char *challenge;
	const char *vendors;
	int64_t	 at;
	bool	 soft;
	bool	 json;
};

/* Seconds since 1970, or 2026-11-22T14:03:00Z. */
static bool
read_time(const char *text, int64_t *ret)
{
	struct tm tm = { 0 };
	char *end;

	end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (end != NULL && *end == '\0') {
		*ret = timegm(&tm);
		return true;
	}
	errno = 0;
	*ret = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *ret >= 0;
}

static enum cli_status
options(int argc, char **argv, struct options *ret)
{
	static const struct option known[] = {
		CLI_TRUST_OPTIONS,
		{ "challenge", required_argument, NULL, 'C' },
		{ "vendors", required_argument, NULL, 'v' },
		{ "at", required_argument, NULL, 'a' },
		{ "soft-revocation", no_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (cli_trust_option(&ret->trust, option, optarg))
			continue;
		if (option == 'C')
			ret->challenge = optarg;
		else if (option == 'v')
			ret->vendors = optarg;
		else if (option == 's')
			ret->soft = true;
		else if (option == 'j')
			ret->json = true;
		else if (option != 'a' || !read_time(optarg, &ret->at))
			return cli_usage("verify");
	}
	if (optind + 1 != argc)
		return cli_usage("verify");
	ret->file = argv[optind];
	return CLI_OK;
}

/* A compact JWS from a file, without the line end that an editor puts behind it. */
static enum err
read_compact(const char *path, struct buf *ret)
{
	enum err r = file_read(path, ret);

	if (r == ERR_NOT_FOUND)
		return fail(ERR_SYS, "%s is not there", path);
	while (r == ERR_OK && ret->len > 0 && strchr("\r\n", ret->p[ret->len - 1]) != NULL)
		ret->len--;
	return r;
}

/* Was it an answer to exactly this challenge? */
static enum err
same_challenge(const char *path, const struct assertion *a)
{
	AUTO(buf_free) struct buf compact = BUF(CHALLENGE_MAX);
	uint8_t hash[sizeof(a->challenge_sha256)];
	enum err r;

	if ((r = read_compact(path, &compact)) != ERR_OK)
		return r;
	if (EVP_Digest(compact.p, compact.len, hash, NULL, EVP_sha256(), NULL) != 1)
		return fail(ERR_CRYPTO, "SHA-256");
	if (memcmp(hash, a->challenge_sha256, sizeof(hash)) != 0)
		return fail(ERR_MISMATCH, "the assertion answers another challenge");
	return ERR_OK;
}

/* The verdict, which is no reason to stop: only a folder that cannot be read is. */
static enum err
check_attestation(const struct options *o, enum cert_env env,
    const struct verify_result *v, struct attest *ret)
{
	AUTO(cert_store_free) struct cert_store *vendors = NULL;
	enum err r;

	if (o->vendors == NULL)
		return ERR_OK;
	if ((r = cert_store_load(o->vendors, env, CERT_REVOCATION_ELSEWHERE,
	    &vendors)) != ERR_OK)
		return r;
	r = verify_attestation(v, vendors, ret);
	return r == ERR_NOMEM ? r : ERR_OK;
}

static enum err
check(const struct options *o, struct verify_result *ret, struct attest *ret_attest)
{
	AUTO(cert_store_free) struct cert_store *store = NULL;
	AUTO(buf_free) struct buf compact = BUF(JWS_MAX);
	struct verify_rules rules = {
		.cert = { .now = o->at, .pass_types = "ZN" },
	};
	enum err r;

	if ((r = cli_trust_store(&o->trust, o->soft ? CERT_REVOCATION_SOFT :
	    CERT_REVOCATION_HARD, &store)) != ERR_OK ||
	    (r = read_compact(o->file, &compact)) != ERR_OK)
		return r;
	rules.store = store;
	if ((r = verify_assertion_offline(buf_view(&compact), &rules, ret)) != ERR_OK)
		return r;
	if (o->challenge != NULL &&
	    (r = same_challenge(o->challenge, &ret->said)) != ERR_OK)
		return r;
	return check_attestation(o, cert_store_env(store), ret, ret_attest);
}

static const char *
firmware(const struct attest *a, char ret[static 16])
{
	snprintf(ret, 16, "%u.%u.%u", a->firmware[0], a->firmware[1], a->firmware[2]);
	return ret;
}

/* Without --vendors only whether there is one. */
static json_t *
attestation_json(const struct options *o, const struct verify_result *v,
    const struct attest *a)
{
	json_t *j = json_pack("{s:b}", "present", verify_has_attestation(v));
	char version[16];

	if (j == NULL || o->vendors == NULL)
		return j;
	json_object_set_new(j, "verdict", json_string(attest_verdict_word(a->verdict)));
	json_object_set_new(j, "number", json_integer(a->verdict));
	if (a->verdict != ATTEST_GOOD)
		return j;
	if (a->has_serial)
		json_object_set_new(j, "serial", json_integer(a->serial));
	json_object_set_new(j, "firmware", json_string(firmware(a, version)));
	json_object_set_new(j, "pin_policy", json_string(attest_pin_word(a->pin)));
	json_object_set_new(j, "touch_policy", json_string(attest_touch_word(a->touch)));
	json_object_set_new(j, "form_factor", json_string(attest_form_word(a->form)));
	json_object_set_new(j, "fips", json_boolean((a->form & ATTEST_FORM_FIPS) != 0));
	return j;
}

static void
print_json(const struct options *o, enum err result, const struct verify_result *v,
    const struct attest *at)
{
	const struct assertion *a = &v->said;
	AUTO(json_drop) json_t *j = NULL;

	j = json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:o}", "result", err_word(result),
	    "alg", jws_alg_name(v->alg), "identity", cli_identity_json(&v->cert.who),
	    "aud", a->aud, "client_id", a->client_id, "rp_name", a->rp_name,
	    "origin", a->origin, "iat", (json_int_t)a->iat, "issuer_cn", v->cert.issuer_cn,
	    "policy", v->cert.policy, "attestation", attestation_json(o, v, at));
	if (j != NULL)
		cli_print_json(j);
}

static void
print_attestation(const struct options *o, const struct verify_result *v,
    const struct attest *a)
{
	char version[16], serial[16] = "-";

	if (o->vendors == NULL) {
		if (verify_has_attestation(v))
			printf(_("attestation present; --vendors says whose word counts\n"));
		return;
	}
	printf(_("attestation %s (%d)\n"), attest_verdict_word(a->verdict), (int)a->verdict);
	if (a->verdict != ATTEST_GOOD)
		return;
	if (a->has_serial)
		snprintf(serial, sizeof(serial), "%u", (unsigned)a->serial);
	printf(_("token       serial %s, firmware %s, %s%s\n"), serial, firmware(a, version),
	    attest_form_word(a->form), (a->form & ATTEST_FORM_FIPS) != 0 ? " FIPS" : "");
	printf(_("its key     PIN policy %s, touch policy %s\n"), attest_pin_word(a->pin),
	    attest_touch_word(a->touch));
}

static void
print_text(const struct options *o, const struct verify_result *v, const struct attest *at)
{
	const struct assertion *a = &v->said;
	char when[32];

	printf(_("The assertion is valid (%s).\n"), jws_alg_name(v->alg));
	cli_identity_print(&v->cert.who);
	printf(_("issuer      %s, policy %s\n"), cli_safe(v->cert.issuer_cn),
	    cli_safe(v->cert.policy));
	printf(_("signed for  %s (%s) at %s\n"), cli_safe(a->rp_name), cli_safe(a->client_id),
	    cli_safe(a->aud));
	if (a->origin[0] != '\0')
		printf(_("page        %s\n"), cli_safe(a->origin));
	printf(_("the workstation says: %s UTC, %s, reader %s\n"), cli_date(a->iat, when),
	    cli_safe(a->evidence.driver), cli_safe(a->evidence.reader));
	print_attestation(o, v, at);
}

enum cli_status
cmd_verify(int argc, char **argv)
{
	AUTO(verify_result_free) struct verify_result v = { 0 };
	struct attest at = { .verdict = ATTEST_ABSENT };
	struct options o = { .at = clock_utc() };
	enum cli_status s;
	enum err r;

	if ((s = options(argc, argv, &o)) != CLI_OK)
		return s;
	if ((r = check(&o, &v, &at)) != ERR_OK)
		return cli_failed(r, o.json);
	/* Who names vendors wants to hear one of them. */
	if (o.vendors != NULL && at.verdict != ATTEST_GOOD)
		r = ERR_MEANS;
	if (o.json)
		print_json(&o, r, &v, &at);
	else
		print_text(&o, &v, &at);
	if (r != ERR_OK)
		cli_complain(r, _("None of these makers vouches for the key."), "");
	return r == ERR_OK ? CLI_OK : CLI_FAILED;
}
