/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading card files. */
#include "vcard/cardfile.h"

#include "base/ini.h"

const char *const purpose_slugs[PURPOSES] = {
	"authentication", "signature", "confidentiality" };

static const uint8_t atr_default[] = {	/* UZI pass on JCOP 4 */
	0x3b, 0xdc, 0x18, 0xff, 0x81, 0x91, 0xfe, 0x1f, 0xc3, 0x06, 0x0a, 0x2b,
	0x06, 0x01, 0x04, 0x01, 0xe9, 0x10, 0x05, 0x02, 0x04, 0xd6 };
static const uint8_t aid_default[] = {	/* "PKCS-15" */
	0xa0, 0x00, 0x00, 0x00, 0x63, 0x50, 0x4b, 0x43, 0x53, 0x2d, 0x31, 0x35 };

/* Labels as CIBG names the three certificates; files as seen on SafeSign cards. */
static const struct card_object key_defaults[PURPOSES] = {
	{ .label = "Authenticiteitcertificaat", .reference = 0, .file = 0x0114 },
	{ .label = "Handtekeningcertificaat", .reference = 1, .file = 0x05a0 },
	{ .label = "Vertrouwelijkheidcertificaat", .reference = 2, .file = 0x13ae },
};
#define CA_FILES	0x1371

void
card_file_defaults(struct card_file *ret)
{
	*ret = (struct card_file){
		.atr_len = sizeof(atr_default), .aid_len = sizeof(aid_default),
		.label = "UZI-pas",
		.tries = { 3, 3 }, .references = { 3, 1 }, .pin_min = 4,
		.activated = true, .second_channel = true, .tries_query = true,
		.read_before_pin = true, .read_max = 0xfe,
		.pin_padding = PAD_ZERO, .empty_verify = EMPTY_TELLS,
		.end_of_file = END_6A86,
	};
	memcpy(ret->atr, atr_default, sizeof(atr_default));
	memcpy(ret->aid, aid_default, sizeof(aid_default));
	memcpy(ret->keys, key_defaults, sizeof(key_defaults));
}

/*
 * Values.
 */

static enum err
read_bytes(const struct ini_line *line, size_t min, size_t max, uint8_t *ret,
    size_t *ret_n)
{
	AUTO(buf_free) struct buf b = BUF(max);
	enum err r = ini_hex(line, &b);

	if (r != ERR_OK)
		return r;
	if (b.len < min)
		return fail(ERR_CONFIG, "line %d: expected %zu to %zu bytes in hex",
		    line->number, min, max);
	memcpy(ret, b.p, b.len);
	*ret_n = b.len;
	return ERR_OK;
}

static enum err
read_serial(const struct ini_line *line, struct card_file *f)
{
	size_t n;

	return read_bytes(line, CARD_SERIAL, CARD_SERIAL, f->serial, &n);
}

/* What a person can type: printable, no blanks. */
static enum err
read_secret(const struct ini_line *line, char ret[CARD_PIN_BYTES + 1])
{
	enum err r = ini_str(line, ret, CARD_PIN_BYTES + 1);

	for (size_t i = 0; r == ERR_OK && ret[i] != '\0'; i++)
		if (ret[i] <= 0x20 || ret[i] >= 0x7f)
			r = ini_refuse(line, "letters and digits");
	return r;
}

static enum err
read_file_id(const struct ini_line *line, uint16_t *ret)
{
	uint8_t id[2];
	size_t n;
	enum err r = read_bytes(line, 2, 2, id, &n);

	if (r != ERR_OK)
		return r;
	if (id[0] < 0x01 || id[0] > 0x3e)	/* below: keys; above: reserved */
		return ini_refuse(line, "a file identifier from 0100 to 3EFF");
	*ret = (uint16_t)(id[0] << 8 | id[1]);
	return ERR_OK;
}

/*
 * Sections.
 */

static bool
is_key(const struct ini_line *line, const char *key)
{
	return cur_eq_str(line->key, key);
}

static enum err
card_line(struct card_file *f, const struct ini_line *line)
{
	if (is_key(line, "atr"))
		return read_bytes(line, 2, sizeof(f->atr), f->atr, &f->atr_len);
	if (is_key(line, "serial"))
		return read_serial(line, f);
	if (is_key(line, "label"))
		return ini_str(line, f->label, sizeof(f->label));
	if (is_key(line, "pin"))
		return read_secret(line, f->secrets[USER_PIN]);
	if (is_key(line, "puk"))
		return read_secret(line, f->secrets[PUK]);
	if (is_key(line, "pin_tries"))
		return ini_int(line, 1, 15, &f->tries[USER_PIN]);
	if (is_key(line, "puk_tries"))
		return ini_int(line, 1, 15, &f->tries[PUK]);
	if (is_key(line, "pin_min"))
		return ini_int(line, 1, CARD_PIN_BYTES, &f->pin_min);
	return ini_refuse(line,
	    "atr, serial, label, pin, puk, pin_tries, puk_tries or pin_min");
}

/* The yes-or-no habits of an applet, by name. */
static bool *
applet_flag(struct card_file *f, struct cur key)
{
	const struct {
		const char *key;
		bool	   *flag;
	} flags[] = {
		{ "vendor_lock", &f->vendor_lock },
		{ "activated", &f->activated },
		{ "selected_at_reset", &f->selected_at_reset },
		{ "second_channel", &f->second_channel },
		{ "logout", &f->logout },
		{ "tries_query", &f->tries_query },
		{ "extended", &f->extended },
		{ "chaining", &f->chaining },
		{ "read_before_pin", &f->read_before_pin },
		{ "key_paths", &f->key_paths },
		{ "select_path", &f->select_path },
		{ "mse_any_order", &f->mse_any_order },
	};

	for (size_t i = 0; i < NELEM(flags); i++)
		if (cur_eq_str(key, flags[i].key))
			return flags[i].flag;
	return NULL;
}

static enum err
applet_line(struct card_file *f, const struct ini_line *line)
{
	static const char *const paddings[] = { "zero", "none", "any" };
	static const char *const empties[] = { "tells", "counts", "refused" };
	static const char *const ends[] = { "6282", "6A86", "6B00", "9000" };
	bool *flag = applet_flag(f, line->key);

	if (flag != NULL)
		return ini_bool(line, flag);
	if (is_key(line, "aid"))
		return read_bytes(line, 5, sizeof(f->aid), f->aid, &f->aid_len);
	if (is_key(line, "pin_reference"))
		return ini_int(line, 0, 255, &f->references[USER_PIN]);
	if (is_key(line, "puk_reference"))
		return ini_int(line, 0, 255, &f->references[PUK]);
	if (is_key(line, "read_max"))
		return ini_int(line, 1, 256, &f->read_max);
	if (is_key(line, "filler"))
		return ini_int(line, 0, 1024, &f->filler);
	if (is_key(line, "pin_padding"))
		return ini_choice(line, paddings, NELEM(paddings), &f->pin_padding);
	if (is_key(line, "empty_verify"))
		return ini_choice(line, empties, NELEM(empties), &f->empty_verify);
	if (is_key(line, "end_of_file"))
		return ini_choice(line, ends, NELEM(ends), &f->end_of_file);
	return ini_refuse(line, "a habit of an applet, see dezi-vcard(1)");
}

static enum err
object_line(struct card_object *o, const struct ini_line *line, bool with_key)
{
	int64_t number;
	enum err r;

	if (is_key(line, "certificate"))
		return ini_str(line, o->certificate, sizeof(o->certificate));
	if (is_key(line, "label"))
		return ini_str(line, o->label, sizeof(o->label));
	if (is_key(line, "file"))
		return read_file_id(line, &o->file);
	if (with_key && is_key(line, "key"))
		return ini_str(line, o->key, sizeof(o->key));
	if (with_key && is_key(line, "consent"))
		return ini_bool(line, &o->consent);
	if (with_key && is_key(line, "reference")) {
		if ((r = ini_int(line, 0, 255, &number)) == ERR_OK)
			o->reference = (uint8_t)number;
		return r;
	}
	return ini_refuse(line, with_key ?
	    "key, certificate, label, reference, file or consent" :
	    "certificate, label or file");
}

static enum err
delay_line(struct card_file *f, const struct ini_line *line)
{
	if (is_key(line, "apdu_ms"))
		return ini_int(line, 0, 60000, &f->delays.apdu_ms);
	if (is_key(line, "byte_us"))
		return ini_int(line, 0, 1000000, &f->delays.byte_us);
	if (is_key(line, "signature_ms"))
		return ini_int(line, 0, 60000, &f->delays.sign_ms);
	return ini_refuse(line, "apdu_ms, byte_us or signature_ms");
}

/*
 * The file.
 */

struct parse {
	struct card_file   *f;
	struct card_object *object;	/* of the section we are in */
};

static enum err
start_key(struct parse *p, const struct ini_line *line)
{
	for (size_t i = 0; i < PURPOSES; i++) {
		struct card_object *o = &p->f->keys[i];

		if (!cur_eq_str(line->name, purpose_slugs[i]))
			continue;
		if (o->present)
			return ini_refuse(line, "each key once");
		o->present = true;
		p->object = o;
		return ERR_OK;
	}
	return ini_refuse(line, "[key authentication], [key signature] or "
	    "[key confidentiality]");
}

static enum err
start_ca(struct parse *p, const struct ini_line *line)
{
	struct card_object *o = &p->f->cas[p->f->cas_n];

	if (p->f->cas_n == CARD_CAS)
		return ini_refuse(line, "at most 8 sections [ca NAME]");
	if (line->name.n == 0 || line->name.n >= sizeof(o->label))
		return ini_refuse(line, "[ca NAME]");
	*o = (struct card_object){ .present = true,
	    .file = (uint16_t)(CA_FILES + p->f->cas_n) };
	memcpy(o->label, line->name.p, line->name.n);
	p->f->cas_n++;
	p->object = o;
	return ERR_OK;
}

static enum err
start_section(struct parse *p, const struct ini_line *line)
{
	if (cur_eq_str(line->section, "key"))
		return start_key(p, line);
	if (cur_eq_str(line->section, "ca"))
		return start_ca(p, line);
	if (line->name.n == 0 && (cur_eq_str(line->section, "card") ||
	    cur_eq_str(line->section, "applet") || cur_eq_str(line->section, "delay")))
		return ERR_OK;
	return ini_refuse(line, "[card], [applet], [key NAME], [ca NAME] or [delay]");
}

static enum err
on_line(void *arg, const struct ini_line *line)
{
	struct parse *p = arg;

	if (line->key.n == 0)
		return start_section(p, line);
	if (cur_eq_str(line->section, "card"))
		return card_line(p->f, line);
	if (cur_eq_str(line->section, "applet"))
		return applet_line(p->f, line);
	if (cur_eq_str(line->section, "key"))
		return object_line(p->object, line, true);
	if (cur_eq_str(line->section, "ca"))
		return object_line(p->object, line, false);
	if (cur_eq_str(line->section, "delay"))
		return delay_line(p->f, line);
	return ini_refuse(line, "a section before the first key");
}

/* A file or a reference that two objects share would hide one of them. */
static bool
clash(const struct card_object *a, const struct card_object *b, bool both_keys)
{
	return a != b && a->present && b->present &&
	    (a->file == b->file || (both_keys && a->reference == b->reference));
}

static enum err
check_objects(const struct card_file *f)
{
	const struct card_object *all[PURPOSES + CARD_CAS];
	size_t n = 0;

	for (size_t i = 0; i < PURPOSES; i++)
		all[n++] = &f->keys[i];
	for (size_t i = 0; i < f->cas_n; i++)
		all[n++] = &f->cas[i];
	for (size_t i = 0; i < n; i++) {
		if (all[i]->present && (all[i]->certificate[0] == '\0' ||
		    (i < PURPOSES && all[i]->key[0] == '\0')))
			return fail(ERR_CONFIG, "%s: no certificate, or no key",
			    all[i]->label);
		for (size_t j = 0; j < i; j++)
			if (clash(all[i], all[j], i < PURPOSES))
				return fail(ERR_CONFIG,
				    "%s and %s share a file or reference",
				    all[j]->label, all[i]->label);
	}
	return ERR_OK;
}

static enum err
check(const struct card_file *f)
{
	if (f->secrets[PUK][0] == '\0')
		return fail(ERR_CONFIG, "[card] has no puk");
	if (f->references[USER_PIN] == f->references[PUK])
		return fail(ERR_CONFIG, "PIN and PUK share a reference");
	return check_objects(f);
}

enum err
card_file_parse(struct cur text, struct card_file *ret)
{
	struct parse p = { .f = ret };
	enum err r;

	card_file_defaults(ret);
	if ((r = ini_parse(text, on_line, &p)) != ERR_OK)
		return r;
	return check(ret);
}
