/* SPDX-License-Identifier: EUPL-1.2 */
/* The registry of login means. */
#include "broker/means.h"

#include <stdlib.h>

#include "base/names.h"
#include "base/text.h"
#include "broker/table.h"

#define ROWS_MAX	256

struct means {
	struct means_row *rows;
	size_t		  n;
};

static const char *const uris[] = {
	[LOA_LOW] = NAME_LOA_LOW,
	[LOA_SUBSTANTIAL] = NAME_LOA_SUBSTANTIAL,
	[LOA_HIGH] = NAME_LOA_HIGH,
};

enum loa
loa_of_uri(const char *uri)
{
	for (size_t i = LOA_LOW; i < NELEM(uris); i++)
		if (strcmp(uri, uris[i]) == 0)
			return (enum loa)i;
	return LOA_NONE;
}

const char *
loa_uri(enum loa loa)
{
	return loa == LOA_NONE ? "" : uris[loa];
}

static enum err
set_issuer_cn(void *row, const struct ini_line *line)
{
	struct means_row *m = row;

	return ini_str(line, m->issuer_cn, sizeof(m->issuer_cn));
}

static enum err
set_policy(void *row, const struct ini_line *line)
{
	struct means_row *m = row;

	return ini_str(line, m->policy, sizeof(m->policy));
}

static enum err
set_driver(void *row, const struct ini_line *line)
{
	struct means_row *m = row;

	return ini_str(line, m->driver, sizeof(m->driver));
}

static enum err
set_one_transaction(void *row, const struct ini_line *line)
{
	struct means_row *m = row;

	return ini_bool(line, &m->one_transaction);
}

static enum err
set_acr(void *row, const struct ini_line *line)
{
	struct means_row *m = row;
	size_t i;
	enum err r;

	r = ini_choice(line, uris + LOA_LOW, NELEM(uris) - LOA_LOW, &i);
	if (r == ERR_OK)
		m->acr = (enum loa)(i + LOA_LOW);
	return r;
}

static enum err
set_attestation(void *row, const struct ini_line *line)
{
	static const char *const words[] = {
		[MEANS_IGNORED] = "ignore", [MEANS_OPTIONAL] = "optional",
		[MEANS_REQUIRED] = "required",
	};
	struct means_row *m = row;
	size_t i;
	enum err r;

	if ((r = ini_choice(line, words, NELEM(words), &i)) == ERR_OK)
		m->attestation.demand = (enum means_demand)i;
	return r;
}

static enum err
set_vendors(void *row, const struct ini_line *line)
{
	struct means_row *m = row;

	return ini_path(line, m->attestation.vendors, sizeof(m->attestation.vendors));
}

/* Of three digits at most, so that there is one way to write it. */
static bool
read_number(struct cur digits, uint8_t *ret)
{
	unsigned n = 0;

	if (digits.n == 0 || digits.n > 3 || (digits.n > 1 && digits.p[0] == '0'))
		return false;
	for (size_t i = 0; i < digits.n; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return false;
		n = n * 10 + (digits.p[i] - '0');
	}
	*ret = (uint8_t)n;
	return n <= UINT8_MAX;
}

static enum err
set_firmware(void *row, const struct ini_line *line)
{
	struct means_row *m = row;
	uint8_t *v = m->attestation.firmware;
	struct cur rest = line->value, major, minor;

	if (!cur_until(&rest, '.', &major) || !cur_until(&rest, '.', &minor) ||
	    !read_number(major, &v[0]) || !read_number(minor, &v[1]) ||
	    !read_number(rest, &v[2]))
		return ini_refuse(line, "three numbers of at most 255, as in 5.7.0");
	return ERR_OK;
}

static enum err
set_pin(void *row, const struct ini_line *line)
{
	struct means_row *m = row;

	for (unsigned i = ATTEST_PIN_DEFAULT; i <= ATTEST_PIN_MATCH_ALWAYS; i++)
		if (cur_eq_str(line->value, attest_pin_word(i))) {
			m->attestation.pins |= 1u << i;
			return ERR_OK;
		}
	return ini_refuse(line, "once, always, match-once, match-always, default or never");
}

static const struct table_key keys[] = {
	{ "issuer_cn", TABLE_NEEDED, set_issuer_cn },
	{ "policy", TABLE_NEEDED, set_policy },
	{ "driver", TABLE_NEEDED, set_driver },
	{ "one_transaction", TABLE_NEEDED, set_one_transaction },
	{ "acr", TABLE_NEEDED, set_acr },
	{ "attestation", 0, set_attestation },
	{ "attestation_vendors", 0, set_vendors },
	{ "attestation_firmware", 0, set_firmware },
	{ "attestation_pin", TABLE_MANY, set_pin },
};

/* A person proved something to the token: a PIN, or with a Bio a finger. */
#define PINS_DEFAULT	(1u << ATTEST_PIN_ONCE | 1u << ATTEST_PIN_ALWAYS |	\
			1u << ATTEST_PIN_MATCH_ONCE | 1u << ATTEST_PIN_MATCH_ALWAYS)

static enum err
begin(void *arg, const struct ini_line *header, void **ret_row)
{
	struct means *m = arg;
	struct means_row *row;

	row = table_grow(m->rows, &m->n, sizeof(*row), ROWS_MAX);
	if (row == NULL)
		return fail(ERR_LIMIT, "line %d: too many means", header->number);
	m->rows = row;
	row += m->n - 1;
	if (!text_is_name(header->name, sizeof(row->name) - 1) ||
	    !cur_to_str(header->name, row->name, sizeof(row->name)))
		return ini_refuse(header, "a name of letters, digits, '.', '_' and '-'");
	*ret_row = row;
	return ERR_OK;
}

/* Whoever writes down a demand means it to count. */
static enum err
end(void *arg UNUSED, void *row, const struct ini_line *header)
{
	static const uint8_t any[3];
	struct means_row *m = row;
	struct means_attestation *a = &m->attestation;

	if (a->demand == MEANS_IGNORED) {
		if (a->vendors[0] != '\0' || a->pins != 0 ||
		    memcmp(a->firmware, any, sizeof(any)) != 0)
			return ini_refuse(header, "attestation = optional or required, for "
			    "the other keys of attestation to count");
		return ERR_OK;
	}
	if (a->vendors[0] == '\0')
		return ini_refuse(header, "attestation_vendors, whose word counts");
	if (m->acr == LOA_HIGH && (a->pins & 1u << ATTEST_PIN_NEVER) != 0)
		return ini_refuse(header, "no attestation_pin = never with level high");
	if (a->pins == 0)
		a->pins = PINS_DEFAULT;
	return ERR_OK;
}

static const struct table_section sections[] = {
	{ "means", true, keys, NELEM(keys), begin, end },
};

enum err
means_read(struct cur text, struct means **ret)
{
	AUTO(means_free) struct means *m = calloc(1, sizeof(*m));
	enum err r;

	if (m == NULL)
		return fail(ERR_NOMEM, "means");
	if ((r = table_read(text, sections, NELEM(sections), m)) != ERR_OK)
		return r;
	if (m->n == 0)
		return fail(ERR_CONFIG, "expected at least one [means NAME]");
	*ret = m;
	m = NULL;
	return ERR_OK;
}

void
means_free(struct means **m)
{
	if (*m == NULL)
		return;
	for (size_t i = 0; i < (*m)->n; i++)
		cert_store_free(&(*m)->rows[i].attestation.store);
	free((*m)->rows);
	free(*m);
	*m = NULL;
}

enum err
means_load_vendors(struct means *m, means_vendors_fn *load, void *arg)
{
	for (size_t i = 0; i < m->n; i++) {
		struct means_attestation *a = &m->rows[i].attestation;
		enum err r;

		if (a->demand == MEANS_IGNORED)
			continue;
		cert_store_free(&a->store);
		if ((r = load(arg, a->vendors, &a->store)) != ERR_OK)
			return note(r, "[means %s]", m->rows[i].name);
	}
	return ERR_OK;
}

static bool
pin_accepted(const struct means_attestation *a, unsigned policy)
{
	return policy <= ATTEST_PIN_MATCH_ALWAYS && (a->pins & 1u << policy) != 0;
}

/* What is said, where anything has to be; "good": all that the row demands. */
static const char *
judge(const struct means_attestation *a, const struct verify_result *v,
    struct attest *ret)
{
	*ret = (struct attest){ .verdict = ATTEST_UNTRUSTED };
	if (a->store == NULL || verify_attestation(v, a->store, ret) != ERR_OK)
		return attest_verdict_word(ret->verdict);
	if (!attest_firmware_from(ret, a->firmware))
		return "firmware";
	if (!pin_accepted(a, ret->pin))
		return "pin_policy";
	return attest_verdict_word(ATTEST_GOOD);
}

static bool
attestation_fits(const struct means_attestation *a, const struct verify_result *v,
    struct means_attested *ret)
{
	if (a->demand == MEANS_IGNORED)
		return true;
	ret->word = judge(a, v, &ret->said);
	if (ret->said.verdict == ATTEST_ABSENT)
		return a->demand == MEANS_OPTIONAL;
	return strcmp(ret->word, attest_verdict_word(ATTEST_GOOD)) == 0;
}

const struct means_row *
means_find(const struct means *m, const struct verify_result *v,
    struct means_attested *ret)
{
	const struct assertion_evidence *e = &v->said.evidence;

	*ret = (struct means_attested){ .word = NULL };
	for (size_t i = 0; i < m->n; i++) {
		const struct means_row *w = &m->rows[i];

		if (strcmp(w->issuer_cn, v->cert.issuer_cn) == 0 &&
		    strcmp(w->policy, v->cert.policy) == 0 &&
		    (strcmp(w->driver, "*") == 0 || strcmp(w->driver, e->driver) == 0) &&
		    (e->one_transaction || !w->one_transaction) &&
		    attestation_fits(&w->attestation, v, ret))
			return w;
	}
	return NULL;
}

enum loa
means_best(const struct means *m)
{
	enum loa best = LOA_NONE;

	for (size_t i = 0; i < m->n; i++)
		if (m->rows[i].acr > best)
			best = m->rows[i].acr;
	return best;
}
