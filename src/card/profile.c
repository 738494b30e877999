/* SPDX-License-Identifier: EUPL-1.2 */
/* Card profiles: from text to struct profile, and which profile an ATR belongs to. */
#include "card/profile.h"

#include <stdio.h>

#include "base/b64.h"
#include "base/ini.h"
#include "base/text.h"
#include "iso7816/atr.h"
#include "iso7816/p15.h"

#define LC_AT	4	/* index of Lc in a command */
#define AS_RSA_PKCS1	(-2)	/* rsa_decipher says nothing */

/* What a profile says that says nothing: the ISO way, short and careful. */
static const struct profile defaults = {
	.select_df = { 0x00, 0x0c },
	.select_ef = { 0x02, 0x00 },
	.placeholder = P15_FID_APP,
	.chunk = 254,
	.eof = { 0x6282, 0x6a86, 0x6b00 },
	.n_eof = 3,
	.pin_aodf = true,
	.pin_min = 4,
	.pin_max = 15,
	.tries_at = 1,
	.tries_len = 3,
	.mse = { 0x41, 0xb6 },
	.mse_tags = { 0x84, 0x80 },
	.alg_rsa_pkcs1 = 0x02,
	.alg_rsa_decipher = AS_RSA_PKCS1,
	.alg_ecdsa = -1,
	.alg_ecdh = -1,
};

/* One line on its way into a profile. */
struct item {
	struct profile *p;
	const struct ini_line *line;
	bool first;		/* of a key that may be repeated */
};

/* Exactly n bytes in hex. */
static enum err
hex_bytes(const struct ini_line *line, uint8_t *ret, size_t n, const char *expected)
{
	AUTO(buf_free) struct buf b = BUF(CARD_ATR_MAX);

	if (hex_get(line->value, &b) != ERR_OK || b.len != n)
		return ini_refuse(line, expected);
	memcpy(ret, b.p, n);
	return ERR_OK;
}

static enum err
hex_u16(const struct ini_line *line, uint16_t *ret)
{
	uint8_t two[2];
	enum err r = hex_bytes(line, two, 2, "two bytes in hex");

	if (r != ERR_OK)
		return r;
	*ret = (uint16_t)(two[0] << 8 | two[1]);
	return ERR_OK;
}

static enum err
number(const struct ini_line *line, int64_t min, int64_t max, size_t *ret)
{
	int64_t v;
	enum err r = ini_int(line, min, max, &v);

	if (r != ERR_OK)
		return r;
	*ret = (size_t)v;
	return ERR_OK;
}

static bool
hex_byte(struct cur word, uint8_t *ret)
{
	AUTO(buf_free) struct buf b = BUF(1);

	if (word.n != 2 || hex_get(word, &b) != ERR_OK || b.len != 1)
		return false;
	*ret = b.p[0];
	return true;
}

/* The next word of a line, words being parted by one space.  False at the end. */
static bool
next_word(struct cur *in, struct cur *ret)
{
	if (in->n == 0)
		return false;
	if (!cur_until(in, ' ', ret)) {
		*ret = *in;
		*in = cur_of(NULL, 0);
	}
	return true;
}

bool
profile_pattern_read(struct cur in, struct profile_pattern *ret)
{
	struct cur word;

	*ret = (struct profile_pattern){ .n = 0 };
	while (next_word(&in, &word)) {
		if (cur_eq_str(word, "*")) {
			ret->more = true;
			return in.n == 0;
		}
		if (ret->n == sizeof(ret->value))
			return false;
		if (!cur_eq_str(word, "??")) {
			if (!hex_byte(word, &ret->value[ret->n]))
				return false;
			ret->mask[ret->n] = 0xff;
		}
		ret->n++;
	}
	return ret->n != 0;
}

static enum err
add_pattern(const struct item *it, struct profile_pattern *list, size_t *n)
{
	if (*n == PROFILE_PATTERNS)
		return ini_refuse(it->line, "fewer patterns");
	if (!profile_pattern_read(it->line->value, &list[*n]))
		return ini_refuse(it->line,
		    "bytes in hex, ?? for any byte, * for any rest");
	++*n;
	return ERR_OK;
}

/* One of the four cases of a short command (ISO 7816-4). */
static bool
command_is_whole(const struct profile_command *c)
{
	size_t lc;

	if (c->n == LC_AT || c->n == LC_AT + 1)
		return true;
	if (c->n < LC_AT || (lc = c->p[LC_AT]) == 0)
		return false;
	return c->n == LC_AT + 1 + lc || c->n == LC_AT + 2 + lc;
}

static bool
read_command(struct cur in, struct profile_command *ret)
{
	struct cur word;

	*ret = (struct profile_command){ .n = 0 };
	while (next_word(&in, &word)) {
		if (ret->n == sizeof(ret->p))
			return false;
		if (cur_eq_str(word, "RR")) {
			if (ret->ref_at != 0 || ret->n < 2 || ret->n == LC_AT)
				return false;
			ret->ref_at = ret->n;
		} else if (!hex_byte(word, &ret->p[ret->n])) {
			return false;
		}
		ret->n++;
	}
	return command_is_whole(ret);
}

static enum err
command_or_none(const struct ini_line *line, struct profile_command *ret)
{
	if (cur_eq_str(line->value, "none")) {
		*ret = (struct profile_command){ .n = 0 };
		return ERR_OK;
	}
	if (!read_command(line->value, ret))
		return ini_refuse(line, "a command in hex of 4 to 32 bytes, or none");
	return ERR_OK;
}

/* [profile] */

static enum err
printable(const struct ini_line *line, char *ret, size_t size)
{
	enum err r = ini_str(line, ret, size);

	if (r == ERR_OK && !text_is_safe(line->value, size))
		return ini_refuse(line, "printable text");
	return r;
}

static enum err
on_title(const struct item *it)
{
	return printable(it->line, it->p->title, sizeof(it->p->title));
}

static enum err
on_driver(const struct item *it)
{
	if (!text_is_name(it->line->value, sizeof(it->p->driver) - 1))
		return ini_refuse(it->line, "the name of a driver");
	return ini_str(it->line, it->p->driver, sizeof(it->p->driver));
}

static enum err
on_kind(const struct item *it)
{
	if (!text_is_name(it->line->value, sizeof(it->p->kind) - 1))
		return ini_refuse(it->line, "a name");
	return ini_str(it->line, it->p->kind, sizeof(it->p->kind));
}

static enum err
on_maker(const struct item *it)
{
	return printable(it->line, it->p->maker, sizeof(it->p->maker));
}

static enum err
on_software(const struct item *it)
{
	return ini_str(it->line, it->p->software, sizeof(it->p->software));
}

static enum err
on_probe(const struct item *it)
{
	return ini_bool(it->line, &it->p->probe);
}

static enum err
on_atr(const struct item *it)
{
	return add_pattern(it, it->p->atr, &it->p->n_atr);
}

static enum err
on_historical(const struct item *it)
{
	return add_pattern(it, it->p->historical, &it->p->n_historical);
}

/* [card] */

static enum err
on_aid(const struct item *it)
{
	AUTO(buf_free) struct buf b = BUF(sizeof(it->p->aid));

	if (hex_get(it->line->value, &b) != ERR_OK || b.len < 5)
		return ini_refuse(it->line, "5 to 16 bytes in hex");
	memcpy(it->p->aid, b.p, b.len);
	it->p->aid_len = b.len;
	return ERR_OK;
}

static enum err
on_channel(const struct item *it)
{
	size_t n = 0;
	enum err r = number(it->line, 0, 3, &n);

	it->p->channel = (uint8_t)n;
	return r;
}

static enum err
on_channel_open(const struct item *it)
{
	return ini_bool(it->line, &it->p->channel_open);
}

static enum err
on_select_df(const struct item *it)
{
	return hex_bytes(it->line, it->p->select_df, 2, "P1 and P2 in hex");
}

static enum err
on_select_ef(const struct item *it)
{
	return hex_bytes(it->line, it->p->select_ef, 2, "P1 and P2 in hex");
}

static enum err
on_placeholder(const struct item *it)
{
	return hex_u16(it->line, &it->p->placeholder);
}

static enum err
on_chunk(const struct item *it)
{
	size_t n = it->p->chunk;
	enum err r = number(it->line, 16, 256, &n);

	it->p->chunk = (unsigned)n;
	return r;
}

static enum err
on_extended(const struct item *it)
{
	static const char *const names[] = {
		[EXTENDED_ATR] = "atr", [EXTENDED_YES] = "yes", [EXTENDED_NO] = "no",
	};
	size_t i = 0;
	enum err r = ini_choice(it->line, names, NELEM(names), &i);

	it->p->extended = (enum profile_extended)i;
	return r;
}

static enum err
on_eof(const struct item *it)
{
	if (it->first)
		it->p->n_eof = 0;
	if (it->p->n_eof == PROFILE_STATUS)
		return ini_refuse(it->line, "fewer status words");
	return hex_u16(it->line, &it->p->eof[it->p->n_eof++]);
}

static enum err
command_without_ref(const struct item *it, struct profile_command *ret)
{
	enum err r = command_or_none(it->line, ret);

	if (r == ERR_OK && ret->ref_at != 0)
		return ini_refuse(it->line, "a command without RR");
	return r;
}

static enum err
on_serial(const struct item *it)
{
	return command_without_ref(it, &it->p->serial);
}

static enum err
on_proof(const struct item *it)
{
	return command_without_ref(it, &it->p->proof);
}

static enum err
on_search(const struct item *it)
{
	return ini_bool(it->line, &it->p->search);
}

static enum err
on_adapt(const struct item *it)
{
	return ini_bool(it->line, &it->p->adapt);
}

static enum err
on_sfi(const struct item *it)
{
	return ini_bool(it->line, &it->p->sfi);
}

static enum err
on_vendor_prompt(const struct item *it)
{
	AUTO(buf_free) struct buf b = BUF(sizeof(it->p->vendor_prompt));

	if (hex_get(it->line->value, &b) != ERR_OK || b.len == 0)
		return ini_refuse(it->line, "1 to 16 bytes in hex");
	memcpy(it->p->vendor_prompt, b.p, b.len);
	it->p->vendor_prompt_len = b.len;
	return ERR_OK;
}

/* [pin] */

static enum err
on_aodf(const struct item *it)
{
	return ini_bool(it->line, &it->p->pin_aodf);
}

static enum err
on_pin_reference(const struct item *it)
{
	if (it->p->n_pin_refs == PROFILE_REFS)
		return ini_refuse(it->line, "fewer references");
	return hex_bytes(it->line, &it->p->pin_refs[it->p->n_pin_refs++], 1,
	    "one byte in hex");
}

static enum err
on_padding(const struct item *it)
{
	struct ini_line length = *it->line;
	struct cur pad;

	if (cur_eq_str(it->line->value, "none")) {
		it->p->pin_pad_len = 0;
		return ERR_OK;
	}
	if (!cur_until(&length.value, ' ', &pad) || !hex_byte(pad, &it->p->pin_pad))
		return ini_refuse(it->line, "a byte in hex and a length, or none");
	return number(&length, 1, P15_PIN_MAX, &it->p->pin_pad_len);
}

static enum err
on_min(const struct item *it)
{
	return number(it->line, 1, P15_PIN_MAX, &it->p->pin_min);
}

static enum err
on_max(const struct item *it)
{
	return number(it->line, 1, P15_PIN_MAX, &it->p->pin_max);
}

static enum err
on_alphabet(const struct item *it)
{
	static const char *const names[] = { "any", "digits" };
	size_t i = 0;
	enum err r = ini_choice(it->line, names, NELEM(names), &i);

	it->p->pin_digits = i == 1;
	return r;
}

static enum err
on_pin_bcd(const struct item *it)
{
	static const char *const names[] = { "bytes", "digits" };
	size_t i = 0;
	enum err r = ini_choice(it->line, names, NELEM(names), &i);

	it->p->pin_bcd_digits = i == 1;
	return r;
}

static enum err
on_pin_path(const struct item *it)
{
	return ini_bool(it->line, &it->p->pin_path);
}

static enum err
on_global(const struct item *it)
{
	bool may_be = true;
	enum err r = ini_bool(it->line, &may_be);

	it->p->pin_no_global = !may_be;
	return r;
}

static enum err
on_wrong(const struct item *it)
{
	static const char *const names[] = { "63CX", "630X" };
	size_t i = 0;
	enum err r = ini_choice(it->line, names, NELEM(names), &i);

	it->p->pin_630x = i == 1;
	return r;
}

static enum err
on_tries(const struct item *it)
{
	struct cur value = it->line->value, word;

	it->p->tries_query = (struct profile_command){ .n = 0 };
	if (cur_eq_str(value, "none")) {
		it->p->tries = TRIES_NONE;
	} else if (cur_eq_str(value, "empty-verify")) {
		it->p->tries = TRIES_EMPTY_VERIFY;
	} else if (cur_eq_str(value, "metadata")) {
		it->p->tries = TRIES_METADATA;
	} else {
		if (!next_word(&value, &word) || !cur_eq_str(word, "query") ||
		    !read_command(value, &it->p->tries_query))
			return ini_refuse(it->line,
			    "none, empty-verify, metadata, or query and a command in hex");
		it->p->tries = TRIES_QUERY;
	}
	return ERR_OK;
}

static enum err
on_tries_at(const struct item *it)
{
	return number(it->line, 0, 255, &it->p->tries_at);
}

static enum err
on_tries_length(const struct item *it)
{
	return number(it->line, 1, 256, &it->p->tries_len);
}

static enum err
on_logout(const struct item *it)
{
	return command_or_none(it->line, &it->p->logout);
}

/* [key] */

static enum err
on_key_path(const struct item *it)
{
	return ini_bool(it->line, &it->p->key_path);
}

static enum err
on_key_reference(const struct item *it)
{
	static const char *const names[] = { "prkdf", "ordinal", "file" };
	size_t i = 0;
	enum err r = ini_choice(it->line, names, NELEM(names), &i);

	it->p->key_ref = (enum profile_key_ref)i;
	return r;
}

static enum err
on_mse(const struct item *it)
{
	return hex_bytes(it->line, it->p->mse, 2, "P1 and P2 in hex");
}

static enum err
on_tags(const struct item *it)
{
	const uint8_t *t = it->p->mse_tags;
	enum err r = hex_bytes(it->line, it->p->mse_tags, 2, "84 80 or 80 84");

	if (r == ERR_OK &&
	    !((t[0] == 0x84 && t[1] == 0x80) || (t[0] == 0x80 && t[1] == 0x84)))
		return ini_refuse(it->line, "84 80 or 80 84");
	return r;
}

static enum err
byte_or_none(const struct ini_line *line, int *ret)
{
	uint8_t byte;
	enum err r;

	if (cur_eq_str(line->value, "none")) {
		*ret = -1;
		return ERR_OK;
	}
	if ((r = hex_bytes(line, &byte, 1, "one byte in hex, or none")) == ERR_OK)
		*ret = byte;
	return r;
}

static enum err
on_rsa_pkcs1(const struct item *it)
{
	return byte_or_none(it->line, &it->p->alg_rsa_pkcs1);
}

static enum err
on_rsa_decipher(const struct item *it)
{
	return byte_or_none(it->line, &it->p->alg_rsa_decipher);
}

static enum err
on_ecdsa(const struct item *it)
{
	return byte_or_none(it->line, &it->p->alg_ecdsa);
}

static enum err
on_ecdh(const struct item *it)
{
	return byte_or_none(it->line, &it->p->alg_ecdh);
}

static enum err
on_attestation(const struct item *it)
{
	return ini_bool(it->line, &it->p->attestation);
}

static enum err
on_digest_info(const struct item *it)
{
	static const char *const names[] = { "host", "card", "block", "token" };
	size_t i = 0;
	enum err r = ini_choice(it->line, names, NELEM(names), &i);

	it->p->digest_info = (enum profile_digest_info)i;
	return r;
}

static const struct {
	const char *section, *key;
	enum err (*on)(const struct item *it);
	bool repeatable;
} keys[] = {
	{ "profile", "title", on_title, false },
	{ "profile", "driver", on_driver, false },
	{ "profile", "kind", on_kind, false },
	{ "profile", "maker", on_maker, false },
	{ "profile", "software", on_software, false },
	{ "profile", "probe", on_probe, false },
	{ "profile", "atr", on_atr, true },
	{ "profile", "historical", on_historical, true },
	{ "card", "aid", on_aid, false },
	{ "card", "channel", on_channel, false },
	{ "card", "channel_open", on_channel_open, false },
	{ "card", "select_df", on_select_df, false },
	{ "card", "select_ef", on_select_ef, false },
	{ "card", "placeholder", on_placeholder, false },
	{ "card", "chunk", on_chunk, false },
	{ "card", "extended", on_extended, false },
	{ "card", "eof", on_eof, true },
	{ "card", "serial", on_serial, false },
	{ "card", "search", on_search, false },
	{ "card", "adapt", on_adapt, false },
	{ "card", "sfi", on_sfi, false },
	{ "card", "vendor_prompt", on_vendor_prompt, false },
	{ "card", "proof", on_proof, false },
	{ "pin", "aodf", on_aodf, false },
	{ "pin", "reference", on_pin_reference, true },
	{ "pin", "padding", on_padding, false },
	{ "pin", "min", on_min, false },
	{ "pin", "max", on_max, false },
	{ "pin", "alphabet", on_alphabet, false },
	{ "pin", "path", on_pin_path, false },
	{ "pin", "bcd", on_pin_bcd, false },
	{ "pin", "global", on_global, false },
	{ "pin", "wrong", on_wrong, false },
	{ "pin", "tries", on_tries, false },
	{ "pin", "tries_at", on_tries_at, false },
	{ "pin", "tries_length", on_tries_length, false },
	{ "pin", "logout", on_logout, false },
	{ "key", "path", on_key_path, false },
	{ "key", "reference", on_key_reference, false },
	{ "key", "mse", on_mse, false },
	{ "key", "tags", on_tags, false },
	{ "key", "rsa_pkcs1", on_rsa_pkcs1, false },
	{ "key", "rsa_decipher", on_rsa_decipher, false },
	{ "key", "ecdsa", on_ecdsa, false },
	{ "key", "ecdh", on_ecdh, false },
	{ "key", "digest_info", on_digest_info, false },
	{ "key", "attestation", on_attestation, false },
};

struct parse {
	struct profile *p;
	bool seen[NELEM(keys)];
};

static bool
known_section(const struct ini_line *line)
{
	for (size_t i = 0; i < NELEM(keys); i++)
		if (line->name.n == 0 && cur_eq_str(line->section, keys[i].section))
			return true;
	return false;
}

static enum err
on_line(void *arg, const struct ini_line *line)
{
	struct parse *parse = arg;

	if (line->key.n == 0)
		return known_section(line) ? ERR_OK :
		    ini_refuse(line, "[profile], [card], [pin] or [key]");
	for (size_t i = 0; i < NELEM(keys); i++) {
		const struct item it = { parse->p, line, !parse->seen[i] };

		if (!cur_eq_str(line->section, keys[i].section) ||
		    !cur_eq_str(line->key, keys[i].key))
			continue;
		if (parse->seen[i] && !keys[i].repeatable)
			return ini_refuse(line, "this key once");
		parse->seen[i] = true;
		return keys[i].on(&it);
	}
	return ini_refuse(line, "a key of this section");
}

/* What no single line can say wrong. */
static enum err
check(const struct profile *p)
{
	if (p->driver[0] == '\0')
		return fail(ERR_CONFIG, "expected driver = in [profile]");
	if (p->aid_len == 0)
		return fail(ERR_CONFIG, "expected aid = in [card]");
	if (p->n_atr == 0 && p->n_historical == 0 && !p->probe)
		return fail(ERR_CONFIG, "expected atr =, historical = or probe = yes");
	if (p->pin_min > p->pin_max)
		return fail(ERR_CONFIG, "expected min = up to max = in [pin]");
	if (p->pin_pad_len != 0 && p->pin_max > p->pin_pad_len)
		return fail(ERR_CONFIG, "expected max = up to the length of padding =");
	if (p->tries_at >= p->tries_len)
		return fail(ERR_CONFIG, "expected tries_at = below tries_length =");
	return ERR_OK;
}

/* FNV-1a, 64 bits: it tells texts apart, and proves nothing. */
static uint64_t
digest(uint64_t h, struct cur in)
{
	uint8_t o;

	while (cur_u8(&in, &o))
		h = (h ^ o) * 0x100000001b3;
	return h;
}

#define DIGEST_START	0xcbf29ce484222325

uint64_t
profiles_digest(const struct profile *const *profiles)
{
	uint64_t h = DIGEST_START;

	for (; *profiles != NULL; profiles++)
		h = digest(h, cur_of(&(*profiles)->digest, sizeof((*profiles)->digest)));
	return h;
}

enum err
profile_parse(struct cur text, const char *name, struct profile *ret)
{
	struct profile p = defaults;
	struct parse parse = { .p = &p };
	enum err r;

	snprintf(p.name, sizeof(p.name), "%s", name);
	snprintf(p.title, sizeof(p.title), "%s", name);
	if ((r = ini_parse(text, on_line, &parse)) != ERR_OK ||
	    (r = check(&p)) != ERR_OK)
		return note(r, "profile %s", p.name);
	if (p.alg_rsa_decipher == AS_RSA_PKCS1)
		p.alg_rsa_decipher = p.alg_rsa_pkcs1;
	if (p.kind[0] == '\0')
		memcpy(p.kind, p.driver, sizeof(p.kind));
	p.digest = digest(digest(DIGEST_START, cur_str(p.name)), text);
	*ret = p;
	return ERR_OK;
}

void
profile_apdu(const struct profile_command *c, uint8_t ref, struct profile_apdu *ret)
{
	uint8_t p[sizeof(c->p)];
	size_t lc = c->n > LC_AT + 1 ? c->p[LC_AT] : 0;
	size_t le_at = lc == 0 ? LC_AT : LC_AT + 1 + lc;

	memcpy(p, c->p, sizeof(p));
	if (c->ref_at != 0)
		p[c->ref_at] = ref;
	ret->a = (struct apdu){ .cla = p[0], .ins = p[1], .p1 = p[2], .p2 = p[3] };
	memcpy(ret->data, p + LC_AT + 1, lc);
	ret->a.data = cur_of(ret->data, lc);
	if (c->n > le_at)
		ret->a.le = p[le_at] == 0 ? APDU_LE_MAX : p[le_at];
}

bool
profile_pattern_matches(const struct profile_pattern *pattern, struct cur bytes)
{
	if (bytes.n < pattern->n || (bytes.n > pattern->n && !pattern->more))
		return false;
	for (size_t i = 0; i < pattern->n; i++)
		if (((bytes.p[i] ^ pattern->value[i]) & pattern->mask[i]) != 0)
			return false;
	return true;
}

bool
profile_matches(const struct profile *p, struct cur atr)
{
	struct cur historical;

	for (size_t i = 0; i < p->n_atr; i++)
		if (profile_pattern_matches(&p->atr[i], atr))
			return true;
	if (!atr_historical(atr, &historical))
		return false;
	for (size_t i = 0; i < p->n_historical; i++)
		if (profile_pattern_matches(&p->historical[i], historical))
			return true;
	return false;
}
