/* SPDX-License-Identifier: EUPL-1.2 */
/* The CAs and the passes of the test PKI. */
#include "vcard/plan.h"

#include <assert.h>
#include <stdio.h>

#include "vcard/der.h"

#define YEAR		((int64_t)365 * 86400)
#define HOUR		((int64_t)3600)
#define PASS_YEARS	3
#define CA_YEARS_BACK	6	/* so that a pass can have expired under it */
#define CA_YEARS	10

#define WEB		"http://pki.dezi-vcard.invalid/"
#define OCSP		"http://ocsp.dezi-vcard.invalid"
#define CPS		"https://pki.dezi-vcard.invalid/cps.html"
#define NOTICE							\
	"Certificaat uitsluitend voor tests met dezi-vcard. "	\
	"Er kunnen geen rechten aan worden ontleend."

/* Policies of the UZI test environment; those of M passes and of G4 are ours. */
#define TEST_POLICY(n)	"2.16.528.1.1007.99." n
#define TEST_OID_CA(n)	"2.16.528.1.1007.99." n

static const char *const persons[] = {
	TEST_POLICY("211"), TEST_POLICY("212"), TEST_POLICY("213"), NULL };
static const char *const services[] = {
	TEST_POLICY("214"), TEST_POLICY("215"), NULL };
/* ETSI EN 319 411: NCP+ and QCP-n-qscd, as the G4 profiles have them. */
static const char *const g4_any[] = {
	"0.4.0.2042.1.1", "0.4.0.2042.1.2", "0.4.0.194112.1.2",
	TEST_POLICY("211"), TEST_POLICY("212"), NULL };

/* The CN says at once what these are; an environment production refuses it (T38). */
#define NAME(cn)	"TEST dezi-vcard " cn

const struct ca_plan ca_plans[CA_COUNT] = {
	[CA_ROOT] = { "zorg-csp-root-ca-g3", NAME("Zorg CSP Root CA G3"),
	    CA_ROOT, -1, NULL, false, false },
	[CA_PERSONS] = { "zorg-csp-level-2-persoon-ca-g3",
	    NAME("Zorg CSP Level 2 Persoon CA G3"), CA_ROOT, -1, persons, false, false },
	[CA_Z] = { "uzi-register-zorgverlener-ca-g3",
	    NAME("UZI-register Zorgverlener CA G3"),
	    CA_PERSONS, 0, persons, true, false },
	[CA_N] = { "uzi-register-medewerker-op-naam-ca-g3",
	    NAME("UZI-register Medewerker op naam CA G3"),
	    CA_PERSONS, 0, persons, true, false },
	[CA_SERVICES] = { "zorg-csp-level-2-services-ca-g3",
	    NAME("Zorg CSP Level 2 Services CA G3"),
	    CA_ROOT, -1, services, false, false },
	[CA_M] = { "uzi-register-medewerker-niet-op-naam-ca-g3",
	    NAME("UZI-register Medewerker niet op naam CA G3"),
	    CA_SERVICES, 0, services, true, false },
	[CA_G4_ROOT] = { "zorg-csp-root-g4", NAME("Zorg CSP Root G4"),
	    CA_G4_ROOT, -1, NULL, false, true },
	[CA_G4] = { "uzi-register-zorgverlener-ca-g4",
	    NAME("UZI-register Zorgverlener CA G4"), CA_G4_ROOT, 0, g4_any, true, true },
};

#define ALL_THREE	{ true, true, true }
#define HOSPITAL	PLAN_SUBSCRIBER, "Tést Ziekenhuis Oost"

const struct pass_plan pass_plans[PASSES] = {
	{ "z", CA_Z, 'Z', "900000001", "01.015", HOSPITAL, .title = "Arts",
	    .given = "Zoë", .surname = "van den Brûle-Ångström",
	    .cn = "Zoë van den Brûle-Ångström", .has = ALL_THREE },
	{ "z2", CA_Z, 'Z', "900000002", "01.015", HOSPITAL, .title = "Arts",
	    .given = "Jürgen", .surname = "Żółkowski-de Groot",
	    .cn = "Jürgen Żółkowski-de Groot", .has = ALL_THREE },
	{ "n", CA_N, 'N', "900000003", "00.000", HOSPITAL, .given = "Anaïs",
	    .surname = "Müller-Peeters", .cn = "Anaïs Müller-Peeters",
	    .has = ALL_THREE },
	{ "m", CA_M, 'M', "900000004", "00.000", HOSPITAL,
	    .cn = "Balie spoedeisende hulp", .has = { true, false, true } },
	{ "z-locked", CA_Z, 'Z', "900000005", "17.060", HOSPITAL, .title = "Apotheker",
	    .given = "Gerrit", .surname = "Gesloten", .cn = "Gerrit Gesloten",
	    .has = ALL_THREE, .locked = true },
	{ "z-revoked", CA_Z, 'Z', "900000006", "02.000", HOSPITAL, .title = "Tandarts",
	    .given = "Ina", .surname = "Ingetrokken", .cn = "Ina Ingetrokken",
	    .has = ALL_THREE, .revoked = true },
	{ "z-expired", CA_Z, 'Z', "900000007", "04.000", HOSPITAL,
	    .title = "Fysiotherapeut", .given = "Vera", .surname = "Verlopen",
	    .cn = "Vera Verlopen", .has = ALL_THREE, .expired = true },
	/* G4 has no profile for confidentiality. */
	{ "z-g4", CA_G4, 'Z', "900000008", "01.016", HOSPITAL, .title = "Arts",
	    .given = "François", .surname = "Vierling", .cn = "François Vierling",
	    .has = { true, true, false } },
};

/* What a purpose means in G3 and in G4 (CPS table 8; the G4 trial profiles). */
static const char *const eku_auth[] = {
	"1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4", "1.3.6.1.4.1.311.10.3.12", NULL };
static const char *const eku_sign[] = {
	"1.3.6.1.5.5.7.3.4", "1.3.6.1.4.1.311.10.3.12", NULL };
static const char *const eku_conf[] = {
	"1.3.6.1.5.5.7.3.4", "1.3.6.1.4.1.311.10.3.4", NULL };
static const char *const eku_g4_auth[] = { "1.3.6.1.5.5.7.3.2", NULL };
static const char *const eku_g4_sign[] = {
	"1.3.6.1.4.1.311.10.3.12", "1.3.6.1.5.5.7.3.36", NULL };
static const char *const eku_ca[] = { "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4",
	"1.3.6.1.4.1.311.10.3.12", "1.3.6.1.4.1.311.10.3.4", "1.3.6.1.5.5.7.3.9", NULL };

static const char *const p211[] = { TEST_POLICY("211"), NULL };
static const char *const p212[] = { TEST_POLICY("212"), NULL };
static const char *const p213[] = { TEST_POLICY("213"), NULL };
static const char *const p214[] = { TEST_POLICY("214"), NULL };
static const char *const p215[] = { TEST_POLICY("215"), NULL };
static const char *const g4_auth[] = { "0.4.0.2042.1.1", TEST_POLICY("211"), NULL };
static const char *const g4_sign[] = {
	"0.4.0.2042.1.2", "0.4.0.194112.1.2", TEST_POLICY("212"), NULL };

struct profile {
	unsigned usage;
	const char *const *eku;
	const char *const *policies;
};

static const struct profile persons_profile[PURPOSES] = {
	{ USAGE_DIGITAL_SIGNATURE, eku_auth, p211 },
	{ USAGE_NON_REPUDIATION, eku_sign, p212 },
	{ USAGE_KEY_ENCIPHERMENT | USAGE_DATA_ENCIPHERMENT, eku_conf, p213 },
};
static const struct profile services_profile[PURPOSES] = {
	{ USAGE_DIGITAL_SIGNATURE, eku_auth, p214 },
	{ 0, NULL, NULL },
	{ USAGE_KEY_ENCIPHERMENT | USAGE_DATA_ENCIPHERMENT, eku_conf, p215 },
};
static const struct profile g4_profile[PURPOSES] = {
	{ USAGE_DIGITAL_SIGNATURE, eku_g4_auth, g4_auth },
	{ USAGE_NON_REPUDIATION, eku_g4_sign, g4_sign },
	{ 0, NULL, NULL },
};

static const struct profile *
profile_of(const struct pass_plan *pass, enum purpose purpose)
{
	const struct profile *p = pass->issuer == CA_G4 ? g4_profile :
	    pass->type == 'M' ? services_profile : persons_profile;

	assert(pass->has[purpose]);
	return &p[purpose];
}

static const char *
oid_ca(char type)
{
	return type == 'Z' ? TEST_OID_CA("217") : type == 'N' ? TEST_OID_CA("218") :
	    TEST_OID_CA("219");
}

static void
address(char ret[128], const char *kind, enum ca_id id)
{
	snprintf(ret, 128, WEB "%s/%s.%s", kind, ca_plans[id].slug,
	    strcmp(kind, "crl") == 0 ? "crl" : "cer");
}

/* CPS section 7.1.5 and the order of the subject on real passes. */
static void
leaf_names(const struct pass_plan *pass, enum purpose purpose, struct leaf *ret)
{
	const struct x509_part subject[X509_SUBJECT_PARTS] = {
		{ "2.5.4.6", "NL" },
		{ "2.5.4.10", pass->subscriber_name },
		{ "2.5.4.12", pass->title },
		{ "2.5.4.4", pass->surname },
		{ "2.5.4.42", pass->given },
		{ "2.5.4.5", pass->uzi_number },
		{ "2.5.4.3", pass->cn },
	};

	memcpy(ret->x509.subject, subject, sizeof(subject));
	snprintf(ret->san, sizeof(ret->san), "%s-1-%s-%c-%s-%s-00000000",
	    oid_ca(pass->type), pass->uzi_number, pass->type, pass->subscriber,
	    pass->role);
	if (purpose == AUTHENTICATION)
		snprintf(ret->upn, sizeof(ret->upn), "%s@%s", pass->uzi_number,
		    pass->subscriber);
}

void
leaf_plan(const struct pass_plan *pass, enum purpose purpose, int64_t now,
    EVP_PKEY *key, struct leaf *ret)
{
	const struct profile *p = profile_of(pass, purpose);
	int64_t from = pass->expired ? now - (PASS_YEARS + 1) * YEAR : now - HOUR;

	*ret = (struct leaf){
		.issuer = pass->issuer,
		.x509 = {
			.key = key, .path_len = -1,
			.not_before = from, .not_after = from + PASS_YEARS * YEAR,
			.usage = p->usage, .eku = p->eku, .policies = p->policies,
			.cps = CPS, .notice = NOTICE, .ocsp_url = OCSP,
		},
	};
	leaf_names(pass, purpose, ret);
	address(ret->crl_url, "crl", pass->issuer);
	address(ret->issuer_url, "cacerts", pass->issuer);
}

static void
put_other_name(struct buf *b, const char *oid, unsigned tag, const char *value,
    bool lies)
{
	size_t name, inner;

	if (value[0] == '\0')
		return;
	name = der_open(b, 0xa0);
	der_oid(b, oid);
	inner = der_open(b, 0xa0);
	der_str(b, tag, value);
	if (lies && buf_end(b) == ERR_OK)
		b->p[inner + 1]++;
	der_close(b, inner);
	der_close(b, name);
}

enum err
leaf_make(struct leaf *leaf, const struct x509_signer *by, X509 **ret)
{
	AUTO(buf_free) struct buf san = BUF(512);
	size_t all = der_open(&san, 0x30);
	struct x509_plan p = leaf->x509;

	put_other_name(&san, "1.3.6.1.4.1.311.20.2.3", 0x0c, leaf->upn, false);
	put_other_name(&san, "2.5.5.5", 0x16, leaf->san, leaf->san_lies);
	der_close(&san, all);
	if (leaf->upn[0] != '\0' || leaf->san[0] != '\0')
		p.san = buf_view(&san);
	p.crl_url = leaf->crl_url;
	p.issuer_url = leaf->issuer_url;
	return x509_make(&p, by, ret);
}

void
ca_plan_cert(enum ca_id id, int64_t now, EVP_PKEY *key, char ret_urls[2][128],
    struct x509_plan *ret)
{
	const struct ca_plan *ca = &ca_plans[id];
	int64_t from = now - CA_YEARS_BACK * YEAR;

	*ret = (struct x509_plan){
		.subject = {
			{ "2.5.4.6", "NL" },
			{ "2.5.4.10", "TEST dezi-vcard" },
			{ "2.5.4.97", ca->issues_passes ? "NTRNL-00000000" : NULL },
			{ "2.5.4.3", ca->cn },
		},
		.key = key, .ca = true, .path_len = ca->path_len,
		.not_before = from, .not_after = from + (CA_YEARS_BACK + CA_YEARS) * YEAR,
		.usage = USAGE_CERT_SIGN | USAGE_CRL_SIGN,
		.eku = ca->issues_passes ? eku_ca : NULL,
		.policies = ca->policies, .cps = ca->policies == NULL ? NULL : CPS,
	};
	if (ca->issuer == id)
		return;			/* a root points to nobody */
	address(ret_urls[0], "crl", ca->issuer);
	address(ret_urls[1], "cacerts", ca->issuer);
	ret->crl_url = ret_urls[0];
	ret->issuer_url = ret_urls[1];
}
