/* SPDX-License-Identifier: EUPL-1.2 */
/* Who the pass says its holder is: the UZI profile (CPS UZI-register 10.3, 7.1.5). */
#include "cert/inner.h"

#include <stdio.h>

#define NAMES_MAX	16	/* entries of one subjectAltName */
#define FIELDS		7
#define UPN_OID		"1.3.6.1.4.1.311.20.2.3"

/* The type-ids under which the UZI string stands: G3, and the one that G4 may use. */
static const char *const uzi_oids[] = { "2.5.5.5", "1.3.6.1.4.1.1466.115.121.1.26" };

/* Which OID-CA issues which passes, and how the CA calls itself. */
static const struct issuer {
	const char *oid;
	char	    type;
	bool	    test;
	const char *words;
} issuers[] = {
	{ "2.16.528.1.1003.1.3.5.5.2", 'Z', false, "Zorgverlener CA" },
	{ "2.16.528.1.1003.1.3.5.5.3", 'N', false, "Medewerker op naam CA" },
	{ "2.16.528.1.1003.1.3.5.5.4", 'M', false, "Medewerker niet op naam CA" },
	{ "2.16.528.1.1003.1.3.5.5.5", 'S', false, "Server CA" },
	{ "2.16.528.1.1007.99.217", 'Z', true, "Zorgverlener CA" },
	{ "2.16.528.1.1007.99.218", 'N', true, "Medewerker op naam CA" },
	{ "2.16.528.1.1007.99.219", 'M', true, "Medewerker niet op naam CA" },
	{ "2.16.528.1.1007.99.2110", 'S', true, "Server CA" },
};

/* What was found in the subjectAltName; the texts are the certificate's. */
struct san {
	GENERAL_NAMES *names;
	struct cur  uzi;
	int	    uzi_type;		/* V_ASN1_IA5STRING, ... */
	struct cur  upn;		/* p NULL: none */
	size_t	    n_uzi, n_upn;
};

static void
san_drop(struct san *s)
{
	GENERAL_NAMES_free(s->names);
	*s = (struct san){ 0 };
}

static bool
is_uzi_oid(const char *oid)
{
	for (size_t i = 0; i < NELEM(uzi_oids); i++)
		if (strcmp(oid, uzi_oids[i]) == 0)
			return true;
	return false;
}

/* The bytes of a string type; other types have none of use to us. */
static struct cur
text_of(const ASN1_TYPE *v)
{
	switch (v->type) {
	case V_ASN1_IA5STRING:
	case V_ASN1_UTF8STRING:
		return cur_of(ASN1_STRING_get0_data(v->value.asn1_string),
		    (size_t)ASN1_STRING_length(v->value.asn1_string));
	default:
		return cur_of(NULL, 0);
	}
}

static void
take_other_name(struct san *s, const GENERAL_NAME *name)
{
	ASN1_OBJECT *type = NULL;
	ASN1_TYPE *value = NULL;
	char oid[CERT_OID_MAX];

	if (GENERAL_NAME_get0_otherName(name, &type, &value) != 1 ||
	    OBJ_obj2txt(oid, sizeof(oid), type, 1) >= (int)sizeof(oid))
		return;
	if (is_uzi_oid(oid)) {
		s->uzi = text_of(value);
		s->uzi_type = value->type;
		s->n_uzi++;
	} else if (strcmp(oid, UPN_OID) == 0) {
		s->upn = text_of(value);
		s->n_upn++;
	}
}

static enum err
san_read(X509 *x, struct san *ret)
{
	enum err r = alt_names(x, &ret->names);

	if (r == ERR_NOT_FOUND)
		return fail(ERR_CERT_PROFILE, "no subjectAltName");
	if (r != ERR_OK)
		return r;
	if (sk_GENERAL_NAME_num(ret->names) > NAMES_MAX)
		return fail(ERR_CERT_PROFILE, "subjectAltName has too many names");
	for (int i = 0; i < sk_GENERAL_NAME_num(ret->names); i++)
		take_other_name(ret, sk_GENERAL_NAME_value(ret->names, i));
	if (ret->n_uzi != 1 || ret->n_upn > 1)
		return fail(ERR_CERT_PROFILE, "subjectAltName: %zu UZI names, %zu UPN",
		    ret->n_uzi, ret->n_upn);

	return ERR_OK;
}

static bool
digits(struct cur c, size_t min, size_t max)
{
	if (c.n < min || c.n > max)
		return false;
	for (size_t i = 0; i < c.n; i++)
		if (c.p[i] < '0' || c.p[i] > '9')
			return false;
	return true;
}

/* Exactly FIELDS parts; an empty part is a part. */
static bool
split(struct cur in, struct cur ret[FIELDS])
{
	for (size_t i = 0; i < FIELDS - 1; i++)
		if (!cur_until(&in, '-', &ret[i]))
			return false;
	ret[FIELDS - 1] = in;

	return in.n == 0 || memchr(in.p, '-', in.n) == NULL;
}

/* NN.SSS; only care providers have one, and theirs is not 00 (table 12). */
static bool
role_fits(struct cur role, char type)
{
	struct cur nn;

	if (!cur_until(&role, '.', &nn) || !digits(nn, 2, 2) || !digits(role, 3, 3))
		return false;
	if (type == 'Z')
		return !cur_eq_str(nn, "00");
	return cur_eq_str(nn, "00") && cur_eq_str(role, "000");
}

static const struct issuer *
issuer_of(struct cur oid, enum cert_env env)
{
	for (size_t i = 0; i < NELEM(issuers); i++) {
		bool fits = env == CERT_ENV_TEST ||
		    issuers[i].test == (env == CERT_ENV_ACCEPTANCE);

		if (fits && cur_eq_str(oid, issuers[i].oid))
			return &issuers[i];
	}
	return NULL;
}

/*
 * Passes in the wild have shorter numbers than the CPS says (mock certificates of
 * several projects); they are readable in CERT_ENV_TEST, where they belong.
 */
static enum err
read_fields(struct cur text, enum cert_env env, struct uzi_identity *ret)
{
	bool strict = env != CERT_ENV_TEST;
	struct cur f[FIELDS];
	const struct issuer *ca;

	if (!split(text, f))
		return fail(ERR_CERT_PROFILE, "UZI name: not 7 fields");
	if (!cur_eq_str(f[1], "1"))
		return fail(ERR_CERT_PROFILE, "UZI name: version");
	if ((ca = issuer_of(f[0], env)) == NULL)
		return fail(ERR_CERT_PROFILE, "UZI name: OID-CA");
	if (f[3].n != 1 || f[3].p[0] != (uint8_t)ca->type)
		return fail(ERR_CERT_PROFILE, "UZI name: pass type");
	if (!digits(f[2], strict ? 9 : 1, 9) || !digits(f[4], strict ? 8 : 1, 8) ||
	    !digits(f[6], strict ? 8 : 1, 8))
		return fail(ERR_CERT_PROFILE, "UZI name: a number");
	if (!role_fits(f[5], ca->type))
		return fail(ERR_CERT_PROFILE, "UZI name: role");
	ret->pass_type = ca->type;
	if (!cur_to_str(f[0], ret->oid_ca, sizeof(ret->oid_ca)) ||
	    !cur_to_str(f[2], ret->uzi_number, sizeof(ret->uzi_number)) ||
	    !cur_to_str(f[4], ret->subscriber, sizeof(ret->subscriber)) ||
	    !cur_to_str(f[5], ret->role, sizeof(ret->role)) ||
	    !cur_to_str(f[6], ret->agb, sizeof(ret->agb)))
		return fail(ERR_CERT_PROFILE, "UZI name: length");

	return ERR_OK;
}

static enum err
check_upn(const struct cert *c, const struct san *s, bool strict,
    const struct uzi_identity *who)
{
	char want[sizeof(who->uzi_number) + sizeof(who->subscriber)];
	bool personal = who->pass_type == 'Z' || who->pass_type == 'N';

	if (s->n_upn == 0) {
		if (strict && personal && cert_purpose(c) == CERT_AUTHENTICATION)
			return fail(ERR_CERT_PROFILE, "no UPN");
		return ERR_OK;
	}
	snprintf(want, sizeof(want), "%s@%s", who->uzi_number, who->subscriber);
	if (!cur_eq_str(s->upn, want))
		return fail(ERR_CERT_PROFILE, "UPN and UZI name differ");

	return ERR_OK;
}

/* A missing attribute is an empty one where the profile may do without. */
static enum err
attribute(const X509_NAME *name, int nid, bool needed, char *ret, size_t size)
{
	enum err r = name_text(name, nid, ret, size);

	if (r != ERR_NOT_FOUND)
		return r;
	if (needed)
		return fail(ERR_CERT_PROFILE, "subject: no %s", OBJ_nid2sn(nid));
	ret[0] = '\0';

	return ERR_OK;
}

static enum err
read_subject(const X509_NAME *subject, bool strict, struct uzi_identity *ret)
{
	char serial[64];
	const struct {
		int    nid;
		bool   needed;
		char  *at;
		size_t size;
	} all[] = {
		{ NID_commonName, true, ret->name, sizeof(ret->name) },
		{ NID_organizationName, strict, ret->subscriber_name,
		    sizeof(ret->subscriber_name) },
		{ NID_title, false, ret->title, sizeof(ret->title) },
		{ NID_serialNumber, strict, serial, sizeof(serial) },
	};
	enum err r;

	for (size_t i = 0; i < NELEM(all); i++) {
		r = attribute(subject, all[i].nid, all[i].needed, all[i].at, all[i].size);
		if (r != ERR_OK)
			return r;
	}
	if (serial[0] != '\0' && strcmp(serial, ret->uzi_number) != 0)
		return fail(ERR_CERT_PROFILE, "serialNumber and UZI name differ");

	return ERR_OK;
}

/*
 * The name of the issuing CA may be one that we do not know (G4 has none for cards
 * yet), but it may not be that of another kind of pass.
 */
static enum err
check_issuer(const X509 *x, char type)
{
	char cn[256];
	enum err r = name_text(X509_get_issuer_name(x), NID_commonName, cn, sizeof(cn));

	if (r == ERR_NOT_FOUND)
		return fail(ERR_CERT_PROFILE, "issuer without a name");
	if (r != ERR_OK)
		return note(r, "issuer");
	for (size_t i = 0; i < NELEM(issuers); i++)
		if (issuers[i].type != type && strstr(cn, issuers[i].words) != NULL)
			return fail(ERR_CERT_PROFILE, "issuer of another pass type");

	return ERR_OK;
}

enum err
cert_uzi(const struct cert *c, enum cert_env env, struct uzi_identity *ret)
{
	AUTO(san_drop) struct san san = { 0 };
	struct uzi_identity who = { 0 };
	bool strict = env != CERT_ENV_TEST;
	enum err r;

	if ((r = san_read(c->x, &san)) != ERR_OK)
		return r;
	if (strict && san.uzi_type != V_ASN1_IA5STRING)
		return fail(ERR_CERT_PROFILE, "UZI name is no IA5String");
	if ((r = read_fields(san.uzi, env, &who)) != ERR_OK ||
	    (r = check_upn(c, &san, strict, &who)) != ERR_OK ||
	    (r = read_subject(X509_get_subject_name(c->x), strict, &who)) != ERR_OK ||
	    (r = check_issuer(c->x, who.pass_type)) != ERR_OK)
		return r;
	*ret = who;

	return ERR_OK;
}
