/* SPDX-License-Identifier: EUPL-1.2 */
/* ISO 7816-15: the first byte says which file; what is read keeps its bounds. */
#include "tests/fuzz/fuzz.h"

#include "base/text.h"
#include "iso7816/p15.h"

static void
check_common(const struct p15_common *c)
{
	must(strlen(c->label) < P15_LABEL_MAX && text_is_utf8(cur_str(c->label)));
	must(c->auth_id.n <= P15_ID_MAX && c->consent <= 255);
}

static void
check_path(const struct p15_path *p)
{
	must(p->n <= P15_PATH_MAX && p->n % 2 == 0);
	must(!p->part || p->index + p->length <= 65536);
}

static void
keys(struct cur file)
{
	struct p15_key k[P15_OBJECTS];
	size_t n = p15_read_keys(file, k, NELEM(k));

	for (size_t i = 0; i < n; i++) {
		check_common(&k[i].c);
		check_path(&k[i].path);
		must(k[i].id.n != 0 && k[i].id.n <= P15_ID_MAX);
		must(k[i].n_algs <= P15_KEY_ALGORITHMS);
	}
}

static void
certs(struct cur file)
{
	struct p15_cert c[P15_OBJECTS];
	size_t n = p15_read_certs(file, c, NELEM(c));

	for (size_t i = 0; i < n; i++) {
		check_common(&c[i].c);
		check_path(&c[i].path);
		must(c[i].der.n != 0 ? p15_is_certificate(c[i].der) :
		    p15_path_is_file(&c[i].path));
	}
}

static void
publics(struct cur file)
{
	struct p15_public p[P15_OBJECTS];
	size_t n = p15_read_publics(file, p, NELEM(p));

	for (size_t i = 0; i < n; i++) {
		check_common(&p[i].c);
		check_path(&p[i].path);
		must(p[i].value.n != 0 || p15_path_is_file(&p[i].path));
	}
}

static void
pins(struct cur file)
{
	struct p15_pin p[P15_OBJECTS];
	size_t n = p15_read_pins(file, p, NELEM(p));

	for (size_t i = 0; i < n; i++) {
		check_common(&p[i].c);
		check_path(&p[i].path);
		must(p[i].min <= p[i].max && p[i].max <= P15_PIN_MAX);
		must((p[i].flags & P15_PIN_PADDED) == 0 || p15_pin_is_coded(p[i].type) ||
		    p[i].max <= p[i].stored);
		must(p[i].type != P15_PIN_ISO9564 || p[i].max <= P15_PIN_ISO9564_MAX);
		(void)p15_pin_usable(&p[i]);
	}
}

static void
directory(struct cur file)
{
	struct p15_application a[P15_APPLICATIONS];
	size_t n = p15_read_dir(file, a, NELEM(a));

	for (size_t i = 0; i < n; i++) {
		must(a[i].aid_len == 0 || (a[i].aid_len >= 5 && a[i].aid_len <= 16));
		must(a[i].aid_len != 0 || a[i].path.n != 0);
		check_path(&a[i].path);
		check_path(&a[i].odf);
		check_path(&a[i].token);
	}
}

/* The whole file and its first bytes agree on the serial. */
static void
token(struct cur file)
{
	struct p15_token whole, first;

	if (p15_read_token(file, &whole)) {
		must(whole.serial_len <= P15_SERIAL_MAX);
		must(whole.n_algs <= P15_ALGORITHMS);
		must(p15_read_serial(file, &first));
		must(first.serial_len == whole.serial_len && first.n_algs == whole.n_algs);
	}
	if (p15_read_serial(cur_of(file.p, file.n / 2), &first))
		must(first.serial_len <= P15_SERIAL_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur file = cur_of(data, size);
	struct p15_odf odf;
	uint8_t which;

	if (!cur_u8(&file, &which))
		return 0;
	switch (which % 6) {
	case 0:
		p15_read_odf(file, &odf);
		for (size_t i = 0; i < odf.n; i++)
			check_path(&odf.e[i].path);
		break;
	case 1:
		keys(file);
		publics(file);
		break;
	case 2:
		certs(file);
		break;
	case 3:
		pins(file);
		break;
	case 4:
		token(file);
		(void)p15_is_certificate(file);
		break;
	case 5:
		directory(file);
		break;
	}
	return 0;
}
