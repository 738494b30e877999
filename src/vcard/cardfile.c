/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading card files. */
#include "vcard/cardfile.h"

#include "base/b64.h"
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

static const uint8_t atr_piv[] = { 0x3b, 0x80, 0x01, 0x81 };
static const uint8_t aid_piv[] = {	/* SP 800-73-5 part 1 section 2.2 */
	0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00 };

static void
set_atr_and_aid(struct card_file *f, struct cur atr, struct cur aid)
{
	memcpy(f->atr, atr.p, atr.n);
	f->atr_len = atr.n;
	memcpy(f->aid, aid.p, aid.n);
	f->aid_len = aid.n;
}

static void
uzi_defaults(struct card_file *f)
{
	set_atr_and_aid(f, cur_of(atr_default, sizeof(atr_default)),
	    cur_of(aid_default, sizeof(aid_default)));
	memcpy(f->label, "UZI-pas", 8);
	f->references[USER_PIN] = 3;
	f->references[PUK] = 1;
	f->pin_min = 4;
	f->pin_stored = CARD_PIN_BYTES;
	f->second_channel = f->tries_query = true;
	memcpy(f->keys, key_defaults, sizeof(key_defaults));
}

uint8_t
piv_slot(size_t i)
{
	static const uint8_t first[PIV_RETIRED] = { 0x9a, 0x9c, 0x9d, 0x9e };

	return i < PIV_RETIRED ? first[i] : i == PIV_ATTESTATION ? 0xf9 :
	    (uint8_t)(0x82 + i - PIV_RETIRED);
}

bool
piv_index(uint8_t slot, size_t *ret)
{
	for (size_t i = 0; i < CARD_KEYS; i++)
		if (piv_slot(i) == slot) {
			*ret = i;
			return true;
		}
	return false;
}

static void
piv_defaults(struct card_file *f)
{
	set_atr_and_aid(f, cur_of(atr_piv, sizeof(atr_piv)),
	    cur_of(aid_piv, sizeof(aid_piv)));
	memcpy(f->label, "PIV", 4);
	f->references[USER_PIN] = 0x80;
	f->references[PUK] = 0x81;
	f->pin_min = 6;
	f->logout = f->extended = f->chaining = true;
	f->piv = (struct card_piv){
		.version = { 5, 4, 3 }, .form_factor = 1, .show_serial = true,
		.chuid = true, .ccc = true, .history = true,
		.discovery = DISCOVERY_APPLICATION, .apt = APT_FULL,
		.always_strict = true, .exact = true,
	};
	for (size_t i = 0; i < CARD_KEYS; i++) {
		uint8_t slot = piv_slot(i);

		f->keys[i].reference = slot;
		f->keys[i].policy = slot == 0x9c ? PIN_ALWAYS :
		    slot == 0x9e || slot == 0xf9 ? PIN_NEVER : PIN_ONCE;
	}
}

static const uint8_t atr_p15[] = {	/* of no product: "DEZI P15" */
	0x3b, 0x88, 0x01, 'D', 'E', 'Z', 'I', ' ', 'P', '1', '5', 0xef };
#define P15_CERTIFICATES 0x4331		/* files, from that on */
#define P15_CAS		0x4371

static void
p15_defaults(struct card_file *f)
{
	set_atr_and_aid(f, cur_of(atr_p15, sizeof(atr_p15)),
	    cur_of(aid_default, sizeof(aid_default)));
	memcpy(f->label, "ISO 7816-15", 12);
	f->references[USER_PIN] = 0x81;
	f->references[PUK] = 0x83;
	f->pin_min = 6;
	f->pin_stored = 8;
	f->pin_padding = PAD_FF;
	f->read_max = 256;
	f->end_of_file = END_6282;
	f->selected_at_reset = f->logout = f->select_path = f->mse_any_order = true;
	f->key_paths = f->chaining = f->extended = true;
	f->p15 = (struct card_p15){ .ef_dir = true, .home = 0x5015, .info = true };
	for (size_t i = 0; i < P15_KEYS; i++) {
		f->keys[i].reference = (uint8_t)(i + 1);
		f->keys[i].file = (uint16_t)(P15_CERTIFICATES + i);
		f->keys[i].id[0] = (uint8_t)(0x45 + i);
		f->keys[i].id_len = 1;
	}
}

void
card_file_defaults_of(enum card_type type, struct card_file *ret)
{
	*ret = (struct card_file){
		.type = type,
		.tries = { 3, 3, 3 }, .references = { [SECOND_PIN] = NO_REFERENCE },
		.activated = true, .read_before_pin = true, .read_max = 0xfe,
		.pin_padding = PAD_ZERO, .empty_verify = EMPTY_TELLS,
		.end_of_file = END_6A86,
	};
	switch (type) {
	case CARD_UZI:
	case CARD_TYPES:
		uzi_defaults(ret);
		break;
	case CARD_PIV:
		piv_defaults(ret);
		break;
	case CARD_P15:
		p15_defaults(ret);
		break;
	}
}

void
card_file_defaults(struct card_file *ret)
{
	card_file_defaults_of(CARD_UZI, ret);
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
read_file_id(const struct ini_line *line, uint8_t max, uint16_t *ret)
{
	uint8_t id[2];
	size_t n;
	enum err r = read_bytes(line, 2, 2, id, &n);

	if (r != ERR_OK)
		return r;
	if (id[0] < 0x01 || id[0] == 0x3f || id[0] > max)
		return ini_refuse(line, max == 0x3e ?
		    "a file identifier from 0100 to 3EFF" :
		    "a file identifier from 0100 to FEFF, not 3Fxx");
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

/* Only cards of other types than a UZI pass have a second PIN. */
static enum err
second_pin_line(struct card_file *f, const struct ini_line *line)
{
	enum err r;

	if (is_key(line, "pin2_tries"))
		return ini_int(line, 1, 15, &f->tries[SECOND_PIN]);
	if (!is_key(line, "pin2"))
		return ini_refuse(line, "atr, serial, label, pin, puk, pin2, pin_tries, "
		    "puk_tries, pin2_tries or pin_min");
	if ((r = read_secret(line, f->secrets[SECOND_PIN])) == ERR_OK &&
	    f->references[SECOND_PIN] == NO_REFERENCE)
		f->references[SECOND_PIN] = f->type == CARD_PIV ? 0x00 : 0x82;
	return r;
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
	return f->type == CARD_UZI ? ini_refuse(line,
	    "atr, serial, label, pin, puk, pin_tries, puk_tries or pin_min") :
	    second_pin_line(f, line);
}

/* What a type of card can be told. */
enum { IN_UZI = 1 << CARD_UZI, IN_PIV = 1 << CARD_PIV, IN_P15 = 1 << CARD_P15,
	IN_FILES = IN_UZI | IN_P15, IN_ALL = IN_FILES | IN_PIV };

/* The yes-or-no habits of an applet, by name. */
static bool *
applet_flag(struct card_file *f, struct cur key)
{
	const struct {
		const char *key;
		unsigned    types;
		bool	   *flag;
	} flags[] = {
		{ "vendor_lock", IN_FILES, &f->vendor_lock },
		{ "activated", IN_ALL, &f->activated },
		{ "selected_at_reset", IN_ALL, &f->selected_at_reset },
		{ "second_channel", IN_FILES, &f->second_channel },
		{ "logout", IN_ALL, &f->logout },
		{ "tries_query", IN_UZI, &f->tries_query },
		{ "extended", IN_ALL, &f->extended },
		{ "chaining", IN_ALL, &f->chaining },
		{ "read_before_pin", IN_FILES, &f->read_before_pin },
		{ "key_paths", IN_FILES, &f->key_paths },
		{ "select_path", IN_FILES, &f->select_path },
		{ "mse_any_order", IN_FILES, &f->mse_any_order },
		{ "yubico", IN_PIV, &f->piv.yubico },
		{ "show_serial", IN_PIV, &f->piv.show_serial },
		{ "chuid", IN_PIV, &f->piv.chuid },
		{ "ccc", IN_PIV, &f->piv.ccc },
		{ "history", IN_PIV, &f->piv.history },
		{ "absent_empty", IN_PIV, &f->piv.absent_empty },
		{ "always_strict", IN_PIV, &f->piv.always_strict },
		{ "select_forgets", IN_PIV, &f->piv.select_forgets },
		{ "exact", IN_PIV, &f->piv.exact },
		{ "vci", IN_PIV, &f->piv.vci },
		{ "ef_dir", IN_P15, &f->p15.ef_dir },
		{ "offsets", IN_P15, &f->p15.offsets },
		{ "negative_references", IN_P15, &f->p15.negative },
		{ "ec_der", IN_P15, &f->p15.ec_der },
		{ "df_forgets", IN_P15, &f->p15.df_forgets },
		{ "algorithm_info", IN_P15, &f->p15.info },
		{ "any_algorithm", IN_P15, &f->p15.any_algorithm },
		{ "filler_ff", IN_P15, &f->p15.filler_ff },
		{ "short_identifiers", IN_P15, &f->p15.short_ids },
	};

	for (size_t i = 0; i < NELEM(flags); i++)
		if (cur_eq_str(key, flags[i].key) && (flags[i].types >> f->type & 1) != 0)
			return flags[i].flag;
	return NULL;
}

/* How the files of an applet are read. */
static enum err
files_line(struct card_file *f, const struct ini_line *line)
{
	static const char *const paddings[] = { "zero", "none", "any", "ff" };
	static const char *const ends[] = { "6282", "6A86", "6B00", "9000" };

	if (is_key(line, "pin_reference"))
		return ini_int(line, 0, 255, &f->references[USER_PIN]);
	if (is_key(line, "puk_reference"))
		return ini_int(line, 0, 255, &f->references[PUK]);
	if (is_key(line, "read_max"))
		return ini_int(line, 1, 256, &f->read_max);
	if (is_key(line, "filler"))
		return ini_int(line, 0, 1024, &f->filler);
	if (is_key(line, "pin_padding"))
		return ini_choice(line, paddings, f->type == CARD_UZI ? PAD_FF :
		    NELEM(paddings), &f->pin_padding);
	if (is_key(line, "end_of_file"))
		return ini_choice(line, ends, NELEM(ends), &f->end_of_file);
	return ini_refuse(line, "a habit of an applet, see dezi-vcard(1)");
}

static enum err
data_line(struct card_p15 *p, const struct ini_line *line)
{
	struct p15_data *d = &p->data[p->data_n];
	enum err r;

	if (p->data_n == P15_DATA)
		return ini_refuse(line, "at most 4 lines of data");
	if ((r = read_bytes(line, 3, sizeof(d->bytes), d->bytes, &d->n)) == ERR_OK)
		p->data_n++;
	return r;
}

static enum err
p15_line(struct card_file *f, const struct ini_line *line)
{
	static const char *const paths[] = { "absolute", "relative", "3FFF" };
	static const char *const fcps[] = { "full", "no_size", "silent", "refused" };
	static const char *const inputs[] = { "digest_info", "hash", "block" };
	static const char *const forms[] = { "text", "bcd", "iso9564" };

	if (is_key(line, "pin_form"))
		return ini_choice(line, forms, NELEM(forms), &f->pin_form);
	if (is_key(line, "data"))
		return data_line(&f->p15, line);
	if (is_key(line, "home"))
		return read_file_id(line, 0xfe, &f->p15.home);
	if (is_key(line, "other_applications"))
		return ini_int(line, 0, 8, &f->p15.others);
	if (is_key(line, "paths"))
		return ini_choice(line, paths, NELEM(paths), &f->p15.paths);
	if (is_key(line, "fcp"))
		return ini_choice(line, fcps, NELEM(fcps), &f->p15.fcp);
	if (is_key(line, "sign_input"))
		return ini_choice(line, inputs, NELEM(inputs), &f->p15.input);
	if (is_key(line, "pin2_reference"))
		return ini_int(line, 0, 255, &f->references[SECOND_PIN]);
	if (is_key(line, "pin_stored"))
		return ini_int(line, 1, CARD_PIN_BYTES, &f->pin_stored);
	return files_line(f, line);
}

static enum err
piv_line(struct card_piv *p, const struct ini_line *line)
{
	static const char *const discoveries[] = { "none", "application", "both",
		"global" };
	static const char *const apts[] = { "full", "short", "none" };
	size_t n;

	if (is_key(line, "version"))
		return read_bytes(line, 3, 3, p->version, &n);
	if (is_key(line, "guid"))
		return read_bytes(line, 16, 16, p->guid, &n);
	if (is_key(line, "form_factor"))
		return ini_int(line, 0, 255, &p->form_factor);
	if (is_key(line, "discovery"))
		return ini_choice(line, discoveries, NELEM(discoveries), &p->discovery);
	if (is_key(line, "apt"))
		return ini_choice(line, apts, NELEM(apts), &p->apt);
	return ini_refuse(line, "a habit of a PIV card, see dezi-vcard(1)");
}

static enum err
applet_line(struct card_file *f, const struct ini_line *line)
{
	static const char *const empties[] = { "tells", "counts", "refused" };
	bool *flag = applet_flag(f, line->key);

	if (flag != NULL)
		return ini_bool(line, flag);
	if (is_key(line, "aid"))
		return read_bytes(line, 5, sizeof(f->aid), f->aid, &f->aid_len);
	if (is_key(line, "empty_verify"))
		return ini_choice(line, empties, NELEM(empties), &f->empty_verify);
	if (f->type == CARD_P15)
		return p15_line(f, line);
	return f->type == CARD_PIV ? piv_line(&f->piv, line) : files_line(f, line);
}

/* What only the keys of a PIV card have. */
static enum err
piv_key_line(struct card_object *o, const struct ini_line *line)
{
	static const char *const policies[] = { "never", "once", "always" };
	static const char *const touches[] = { "never", "always", "cached" };

	if (is_key(line, "pin"))
		return ini_choice(line, policies, NELEM(policies), &o->policy);
	if (is_key(line, "touch"))
		return ini_choice(line, touches, NELEM(touches), &o->touch);
	if (is_key(line, "imported"))
		return ini_bool(line, &o->imported);
	if (is_key(line, "compressed"))
		return ini_bool(line, &o->compressed);
	return ini_refuse(line, "key, certificate, pin, touch, imported or compressed");
}

/* What only the keys of an ISO 7816-15 card have. */
static enum err
p15_key_line(struct card_object *o, const struct ini_line *line)
{
	static const char *const pins[] = { "pin", "pin2" };
	static const char *const usages[] = { "sign", "non_repudiation", "decrypt" };

	if (is_key(line, "id"))
		return read_bytes(line, 1, sizeof(o->id), o->id, &o->id_len);
	if (is_key(line, "usage"))
		return ini_choice(line, usages, NELEM(usages), &o->usage);
	if (is_key(line, "pin"))
		return ini_choice(line, pins, NELEM(pins), &o->pin);
	return ini_refuse(line, "key, certificate, label, reference, file, consent, id, "
	    "usage or pin");
}

static enum err
object_line(const struct card_file *f, struct card_object *o,
    const struct ini_line *line, bool with_key)
{
	int64_t number;
	enum err r;

	if (is_key(line, "certificate"))
		return ini_str(line, o->certificate, sizeof(o->certificate));
	if (with_key && is_key(line, "key"))
		return ini_str(line, o->key, sizeof(o->key));
	if (f->type == CARD_PIV)
		return piv_key_line(o, line);
	if (is_key(line, "label"))
		return ini_str(line, o->label, sizeof(o->label));
	if (is_key(line, "file"))
		return read_file_id(line, f->type == CARD_UZI ? 0x3e : 0xfe, &o->file);
	if (with_key && is_key(line, "consent"))
		return ini_bool(line, &o->consent);
	if (with_key && is_key(line, "reference")) {
		if ((r = ini_int(line, 0, 255, &number)) == ERR_OK)
			o->reference = (uint8_t)number;
		return r;
	}
	if (with_key && f->type == CARD_P15)
		return p15_key_line(o, line);
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
	bool		    typed;	/* too late for another type */
};

static enum err
take_key(struct parse *p, const struct ini_line *line, size_t i)
{
	if (p->f->keys[i].present)
		return ini_refuse(line, "each key once");
	p->f->keys[i].present = true;
	p->object = &p->f->keys[i];
	return ERR_OK;
}

static enum err
start_uzi_key(struct parse *p, const struct ini_line *line)
{
	for (size_t i = 0; i < PURPOSES; i++)
		if (cur_eq_str(line->name, purpose_slugs[i]))
			return take_key(p, line, i);
	return ini_refuse(line, "[key authentication], [key signature] or "
	    "[key confidentiality]");
}

static enum err
start_piv_key(struct parse *p, const struct ini_line *line)
{
	AUTO(buf_free) struct buf slot = BUF(1);
	size_t i;

	if (hex_get(line->name, &slot) != ERR_OK || slot.len != 1 ||
	    !piv_index(slot.p[0], &i))
		return ini_refuse(line, "[key SLOT]: 9A, 9C, 9D, 9E, 82 to 95 or F9");
	return take_key(p, line, i);
}

static enum err
start_p15_key(struct parse *p, const struct ini_line *line)
{
	size_t i = p->f->keys_n;

	if (i == P15_KEYS)
		return ini_refuse(line, "at most 8 sections [key NAME]");
	if (line->name.n == 0 ||
	    !cur_to_str(line->name, p->f->keys[i].label, sizeof(p->f->keys[i].label)))
		return ini_refuse(line, "[key NAME]");
	p->f->keys_n++;
	return take_key(p, line, i);
}

static enum err
start_key(struct parse *p, const struct ini_line *line)
{
	if (p->f->type == CARD_P15)
		return start_p15_key(p, line);
	return p->f->type == CARD_PIV ? start_piv_key(p, line) : start_uzi_key(p, line);
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
	    .file = (uint16_t)((p->f->type == CARD_UZI ? CA_FILES : P15_CAS) +
	    p->f->cas_n) };
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
	if (cur_eq_str(line->section, "ca") && p->f->type != CARD_PIV)
		return start_ca(p, line);
	if (line->name.n == 0 && (cur_eq_str(line->section, "card") ||
	    cur_eq_str(line->section, "applet") || cur_eq_str(line->section, "delay")))
		return ERR_OK;
	return ini_refuse(line, "[card], [applet], [key NAME], [ca NAME] or [delay]");
}

/* type = ...: all that comes after it depends on it. */
static enum err
set_type(struct parse *p, const struct ini_line *line)
{
	static const char *const types[] = { "uzi", "piv", "iso7816-15" };
	size_t type;
	enum err r;

	if (p->typed)
		return ini_refuse(line, "the type before all else");
	if ((r = ini_choice(line, types, NELEM(types), &type)) == ERR_OK)
		card_file_defaults_of((enum card_type)type, p->f);
	return r;
}

static enum err
on_key(struct parse *p, const struct ini_line *line)
{
	if (cur_eq_str(line->section, "card"))
		return is_key(line, "type") ? set_type(p, line) : card_line(p->f, line);
	if (cur_eq_str(line->section, "applet"))
		return applet_line(p->f, line);
	if (cur_eq_str(line->section, "key"))
		return object_line(p->f, p->object, line, true);
	if (cur_eq_str(line->section, "ca"))
		return object_line(p->f, p->object, line, false);
	if (cur_eq_str(line->section, "delay"))
		return delay_line(p->f, line);
	return ini_refuse(line, "a section before the first key");
}

static enum err
on_line(void *arg, const struct ini_line *line)
{
	struct parse *p = arg;
	enum err r;

	if (line->key.n == 0) {
		r = start_section(p, line);
		p->typed = p->typed || !cur_eq_str(line->section, "card");
	} else {
		r = on_key(p, line);
		p->typed = true;
	}
	return r;
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
	const struct card_object *all[CARD_KEYS + CARD_CAS];
	size_t n = 0;

	for (size_t i = 0; i < CARD_KEYS; i++)
		all[n++] = &f->keys[i];
	for (size_t i = 0; i < f->cas_n; i++)
		all[n++] = &f->cas[i];
	for (size_t i = 0; i < n; i++) {
		if (all[i]->present && (all[i]->certificate[0] == '\0' ||
		    (i < CARD_KEYS && all[i]->key[0] == '\0')))
			return fail(ERR_CONFIG, "%s: no certificate, or no key",
			    all[i]->label);
		for (size_t j = 0; j < i; j++)
			if (clash(all[i], all[j], i < CARD_KEYS))
				return fail(ERR_CONFIG,
				    "%s and %s share a file or reference",
				    all[j]->label, all[i]->label);
	}
	return ERR_OK;
}

/* A PIV slot may hold a key without a certificate; what attests must have both. */
static enum err
check_slots(const struct card_file *f)
{
	for (size_t i = 0; i < CARD_KEYS; i++) {
		const struct card_object *o = &f->keys[i];

		if (o->present && (o->key[0] == '\0' ||
		    (i == PIV_ATTESTATION && o->certificate[0] == '\0')))
			return fail(ERR_CONFIG, "[key %02X] lacks a key or a certificate",
			    piv_slot(i));
	}
	for (size_t i = 0; i < SECRETS; i++)
		if (strlen(f->secrets[i]) > PIV_PIN_BYTES)
			return fail(ERR_CONFIG, "PIN and PUK of a PIV card have at most "
			    "%d characters", PIV_PIN_BYTES);
	return ERR_OK;
}

static enum err
check(const struct card_file *f)
{
	if (f->secrets[PUK][0] == '\0')
		return fail(ERR_CONFIG, "[card] has no puk");
	for (size_t i = 0; i < SECRETS; i++)
		for (size_t j = 0; j < i; j++)
			if (f->references[i] == f->references[j])
				return fail(ERR_CONFIG, "PIN and PUK share a reference");
	for (size_t i = 0; i < SECRETS && f->type == CARD_P15; i++)
		if (strlen(f->secrets[i]) > (size_t)f->pin_stored)
			return fail(ERR_CONFIG, "a PIN or PUK is longer than pin_stored");
	return f->type == CARD_PIV ? check_slots(f) : check_objects(f);
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
