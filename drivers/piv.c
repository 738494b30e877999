/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * PIV cards (SP 800-73-5, and what came before it), and the tokens that are made like
 * one.  Clauses are of part 1 ("pt1") and part 2 ("pt2").
 */
#include "drivers/piv.h"

#include <stdio.h>
#include <stdlib.h>

#include "iso7816/sw.h"
#include "iso7816/tlv.h"

#define TAG_CHUID	0x5fc102
#define TAG_DISCOVERY	0x7e
#define TAG_HISTORY	0x5fc10c
#define TAG_RETIRED	0x5fc10d	/* of the first; the others follow */
#define TAG_ATTESTATION	0x5fff01	/* Yubico's */
#define SAVED_VERSION	2

enum { SLOT_9A, SLOT_9C, SLOT_9D, SLOT_9E, SLOT_RETIRED };

/* pt1 tables 2 and 4; the ids are those that other software for these cards uses. */
static const struct {
	uint8_t	    ref;
	uint32_t    tag;	/* of the certificate */
	enum key_usage usage;
	const char *label;
} slots[SLOT_RETIRED] = {
	{ 0x9a, 0x5fc105, KEY_AUTHENTICATION, "PIV Authentication" },
	{ 0x9c, 0x5fc10a, KEY_SIGNATURE, "Digital Signature" },
	{ 0x9d, 0x5fc10b, KEY_CONFIDENTIALITY, "Key Management" },
	{ 0x9e, 0x5fc101, KEY_OTHER, "Card Authentication" },
};

uint8_t
piv_key_ref(unsigned slot)
{
	return slot < SLOT_RETIRED ? slots[slot].ref :
	    (uint8_t)(0x82 + (slot - SLOT_RETIRED));
}

static uint32_t
cert_tag(unsigned slot)
{
	return slot < SLOT_RETIRED ? slots[slot].tag : TAG_RETIRED + (slot - SLOT_RETIRED);
}

bool
piv_is_trouble(enum err r)
{
	return r == ERR_REMOVED || r == ERR_CARD_RESET || r == ERR_IO || r == ERR_NOMEM ||
	    r == ERR_NO_SERVICE;
}

enum err
piv_get(struct channel *ch, uint32_t tag, bool head, struct buf *ret)
{
	AUTO(buf_free) struct buf list = BUF(8);
	const uint8_t name[] = { (uint8_t)(tag >> 16), (uint8_t)(tag >> 8), (uint8_t)tag };
	const size_t skip = tag > 0xffff ? 0 : tag > 0xff ? 1 : 2;
	struct apdu a = { .ins = 0xcb, .p1 = 0x3f, .p2 = 0xff, .le = APDU_LONG_LE,
	    .head = head };
	unsigned sw;
	enum err r;

	tlv_put(&list, 0x5c, cur_of(name + skip, sizeof(name) - skip));
	if ((r = buf_end(&list)) != ERR_OK)
		return r;
	a.data = buf_view(&list);
	r = channel_send(ch, &a, ret, &sw);
	if (piv_is_trouble(r))
		return note(r, "GET DATA %x", (unsigned)tag);
	return r == ERR_OK && (sw == SW_OK || (head && sw_more(sw))) ? ERR_OK : ERR_NOT_FOUND;
}

/*
 * A reply to SELECT proves nothing where it is not the template of the standard: some
 * cards say 9000 to every name (vector 27).  One object must then be there.
 */
static enum err
prove(struct channel *ch)
{
	static const uint32_t some[] = { TAG_DISCOVERY, TAG_CHUID, 0x5fc105 };
	enum err r;

	for (size_t i = 0; i < NELEM(some); i++) {
		AUTO(buf_free) struct buf object = BUF(PIV_OBJECT_MAX);

		r = piv_get(ch, some[i], true, &object);
		if (piv_is_trouble(r))
			return r;
		if (r == ERR_OK && (piv_size(buf_view(&object)) != 0 ||
		    (object.len != 0 && object.p[0] == TAG_DISCOVERY)))
			return ERR_OK;
	}
	return ERR_NOT_MINE;
}

static enum err
piv_select(void *state, struct channel *ch)
{
	AUTO(buf_free) struct buf reply = BUF(PIV_OBJECT_MAX);
	const struct piv *v = state;
	const struct apdu a = { .ins = 0xa4, .p1 = 0x04,
	    .data = cur_of(v->p->aid, v->p->aid_len), .le = APDU_LE_MAX };
	unsigned sw;
	enum err r;

	if ((r = channel_send(ch, &a, &reply, &sw)) != ERR_OK)
		return note(r, "SELECT application");
	if (sw == SW_DEACTIVATED || sw == SW_TERMINATED)
		return fail(ERR_CARD, "SELECT application: %s (%04x)", sw_name(sw), sw);
	if (sw != SW_OK)
		return ERR_NOT_MINE;
	return piv_is_template(buf_view(&reply)) ? ERR_OK : prove(ch);
}

/* The number of the GUID in the CHUID; all cards of one make may share it (vector 39). */
static enum err
guid(struct channel *ch, struct buf *ret)
{
	AUTO(buf_free) struct buf chuid = BUF(PIV_OBJECT_MAX);
	uint8_t number[PIV_GUID];
	enum err r = piv_get(ch, TAG_CHUID, true, &chuid);

	if (r != ERR_OK || !piv_guid(buf_view(&chuid), number))
		return r == ERR_OK ? ERR_NOT_FOUND : r;
	buf_put(ret, number, sizeof(number));
	return buf_end(ret);
}

/* The token's own serial number, where the profile knows how to ask for it. */
static enum err
piv_serial(void *state, struct channel *ch, struct buf *ret)
{
	const struct piv *v = state;
	AUTO(buf_free) struct buf reply = BUF(APDU_LE_MAX);
	struct profile_apdu cmd;
	unsigned sw;
	enum err r;

	if (v->p->serial.n == 0)
		return guid(ch, ret);
	profile_apdu(&v->p->serial, 0, &cmd);
	if ((r = channel_send(ch, &cmd.a, &reply, &sw)) != ERR_OK)
		return note(r, "serial number");
	if (sw != SW_OK || reply.len == 0 || reply.len > P15_SERIAL_MAX)
		return guid(ch, ret);
	buf_cur(ret, buf_view(&reply));
	return buf_end(ret);
}

static enum err
piv_open(const struct profile *p, void **ret_state)
{
	struct piv *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return fail(ERR_NOMEM, "card");
	v->p = p;
	for (size_t i = 0; i < PIV_SLOTS; i++)
		v->slots[i].object.max = PIV_OBJECT_MAX;
	*ret_state = v;
	return ERR_OK;
}

static void
forget(struct piv *v)
{
	for (size_t i = 0; i < PIV_SLOTS; i++) {
		buf_free(&v->slots[i].object);
		v->slots[i] = (struct piv_slot){ .presence = KEY_UNSURE,
		    .object = BUF(PIV_OBJECT_MAX) };
	}
	v->global = false;
	v->head_len = v->login_size = 0;
}

static void
piv_close(void *state)
{
	struct piv *v = state;

	if (v != NULL)
		forget(v);
	free(v);
}

/* What keys of this slot are for; the kind of key decides on the rest. */
static unsigned
algs_of(const struct piv *v, unsigned slot)
{
	bool opens = slot == SLOT_9D || slot >= SLOT_RETIRED;
	unsigned unknown = opens ? KEY_ALG_RSA_DECRYPT_RAW | KEY_ALG_ECDH :
	    KEY_ALG_RSA_RAW | KEY_ALG_ECDSA | KEY_ALG_EDDSA;

	switch (v->slots[slot].spki.kind) {
	case SPKI_UNKNOWN:
		return unknown;
	case SPKI_RSA:
		return unknown & (KEY_ALG_RSA_RAW | KEY_ALG_RSA_DECRYPT_RAW);
	case SPKI_EC:
		return unknown & (KEY_ALG_ECDSA | KEY_ALG_ECDH);
	case SPKI_ED25519:
		return unknown & KEY_ALG_EDDSA;
	case SPKI_X25519:
		return unknown & KEY_ALG_ECDH;
	case SPKI_OTHER:
		break;
	}
	return 0;
}

static enum key_type
type_of(enum spki_kind kind)
{
	switch (kind) {
	case SPKI_RSA:
		return KEY_RSA;
	case SPKI_EC:
		return KEY_EC;
	case SPKI_ED25519:
		return KEY_EDWARDS;
	case SPKI_X25519:
		return KEY_MONTGOMERY;
	case SPKI_UNKNOWN:
	case SPKI_OTHER:
		break;
	}
	return KEY_UNKNOWN;
}

static void
piv_update(void *state, struct card_key *key)
{
	const struct piv *v = state;
	const struct piv_slot *slot = &v->slots[key->slot];

	key->type = type_of(slot->spki.kind);
	key->bits = slot->spki.bits;
	key->algs = algs_of(v, key->slot);
}

/* By the slot (pt1 table 4), unless the card says better.  No number that is not known
 * makes a key free for all. */
static void
apply_policies(const struct piv *v, struct card_key *key)
{
	const struct piv_slot *s = &v->slots[key->slot];

	key->always_auth = key->slot == SLOT_9C;
	key->no_pin = key->slot == SLOT_9E;
	if (s->pin_policy != PIV_PIN_DEFAULT) {
		key->no_pin = s->pin_policy == PIV_PIN_NEVER;
		key->always_auth = s->pin_policy == PIV_PIN_ALWAYS ||
		    s->pin_policy == PIV_MATCH_ALWAYS;
	}
	key->touch = s->touch_policy == PIV_TOUCH_ALWAYS ||
	    s->touch_policy == PIV_TOUCH_CACHED;
}

static void
describe(struct piv *v, unsigned slot, struct card_key *ret)
{
	bool retired = slot >= SLOT_RETIRED;

	*ret = (struct card_key){
		.presence = v->slots[slot].presence, .id = { (uint8_t)(slot + 1) }, .id_len = 1,
		.usage = retired ? KEY_CONFIDENTIALITY : slots[slot].usage,
		.has_cert = true, .pin_ref = v->global ? PIV_GLOBAL_REF : PIV_PIN_REF,
		.slot = slot,
	};
	apply_policies(v, ret);
	if (retired)
		snprintf(ret->label, sizeof(ret->label), "Retired Key Management %u",
		    slot - SLOT_RETIRED + 1);
	else
		snprintf(ret->label, sizeof(ret->label), "%s", slots[slot].label);
	piv_update(v, ret);
}

/* A slot that is surely empty is no key. */
static void
describe_all(struct piv *v, struct card_key *ret, size_t max, size_t *ret_n)
{
	size_t n = 0;

	for (unsigned i = 0; i < PIV_SLOTS && n < max; i++)
		if (v->slots[i].presence != KEY_ABSENT)
			describe(v, i, &ret[n++]);
	*ret_n = n;
}

static void
remember_head(struct piv *v, struct cur object)
{
	v->head_len = object.n < PIV_HEAD ? object.n : PIV_HEAD;
	if (v->head_len != 0)
		memcpy(v->head, object.p, v->head_len);
	v->login_size = piv_size(object);
}

/* Yubico's metadata of a key: its policies, and which key it is (piv.md section 7). */
static enum err
ask_policies(struct piv *v, struct channel *ch, unsigned slot)
{
	AUTO(buf_free) struct buf reply = BUF(PIV_OBJECT_MAX);
	struct piv_slot *s = &v->slots[slot];
	struct cur key;
	enum err r;

	if (s->presence != KEY_PRESENT || v->p->tries != TRIES_METADATA)
		return ERR_OK;
	r = piv_get_metadata(v, ch, piv_key_ref(slot), &reply);
	if (r != ERR_OK)
		return piv_is_trouble(r) ? r : ERR_OK;
	if (!piv_policies(buf_view(&reply), &s->pin_policy, &s->touch_policy))
		s->pin_policy = s->touch_policy = 0;
	if (!piv_public_key(buf_view(&reply), &key))
		return ERR_OK;
	s->key_len = key.n < PIV_KEY_HEAD ? key.n : PIV_KEY_HEAD;
	memcpy(s->key, key.p, s->key_len);
	return ERR_OK;
}

/* Which PIN is the person's?  Trouble only. */
static enum err
discover(struct piv *v, struct channel *ch)
{
	AUTO(buf_free) struct buf discovery = BUF(PIV_OBJECT_MAX);
	enum err r;

	if (v->p->pin_no_global)
		return ERR_OK;
	r = piv_get(ch, TAG_DISCOVERY, false, &discovery);
	v->global = r == ERR_OK && piv_global_pin(buf_view(&discovery));
	return piv_is_trouble(r) ? r : ERR_OK;
}

/* Which PIN, and is there a key to log in with?  Its certificate is read as well. */
static enum err
piv_keys(void *state, struct channel *ch, struct card_key *ret, size_t max, size_t *ret_n)
{
	struct piv *v = state;
	struct piv_slot *login = &v->slots[SLOT_9A];
	enum err r;

	forget(v);
	if ((r = discover(v, ch)) != ERR_OK)
		return r;
	r = piv_get(ch, cert_tag(SLOT_9A), false, &login->object);
	if (piv_is_trouble(r))
		return r;
	login->presence = r == ERR_OK && piv_is_present(buf_view(&login->object)) ?
	    KEY_PRESENT : KEY_ABSENT;
	remember_head(v, buf_view(&login->object));
	if ((r = ask_policies(v, ch, SLOT_9A)) != ERR_OK)
		return r;
	describe_all(v, ret, max, ret_n);
	return ERR_OK;
}

static enum err
settle_slot(struct piv *v, struct channel *ch, unsigned slot)
{
	AUTO(buf_free) struct buf object = BUF(PIV_OBJECT_MAX);
	enum err r;

	if (v->slots[slot].presence != KEY_UNSURE)
		return ERR_OK;
	r = piv_get(ch, cert_tag(slot), true, &object);
	if (piv_is_trouble(r))
		return r;
	v->slots[slot].presence = r == ERR_OK && piv_is_present(buf_view(&object)) ?
	    KEY_PRESENT : KEY_ABSENT;
	return ask_policies(v, ch, slot);
}

/* Keys retire from slot 9D; how many did is told by the key history (pt1 section 3.3.3). */
static enum err
settle_retired(struct piv *v, struct channel *ch)
{
	AUTO(buf_free) struct buf history = BUF(PIV_OBJECT_MAX);
	unsigned n = 0;
	enum err r = ERR_NOT_FOUND;

	if (v->slots[SLOT_9D].presence == KEY_PRESENT)
		r = piv_get(ch, TAG_HISTORY, false, &history);
	if (piv_is_trouble(r))
		return r;
	if (r == ERR_OK)
		n = piv_retired(buf_view(&history));
	for (unsigned i = 0; i < PIV_RETIRED; i++) {
		if (i >= n)
			v->slots[SLOT_RETIRED + i].presence = KEY_ABSENT;
		else if ((r = settle_slot(v, ch, SLOT_RETIRED + i)) != ERR_OK)
			return r;
	}
	return ERR_OK;
}

static enum err
piv_settle(void *state, struct channel *ch, struct card_key *keys, size_t n)
{
	struct piv *v = state;
	enum err r;

	for (unsigned i = 0; i < SLOT_RETIRED; i++)
		if ((r = settle_slot(v, ch, i)) != ERR_OK)
			return r;
	if ((r = settle_retired(v, ch)) != ERR_OK)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (keys[i].presence == KEY_UNSURE)
			keys[i].presence = v->slots[keys[i].slot].presence;
		apply_policies(v, &keys[i]);
	}
	return ERR_OK;
}

/* The object as keys() left it, else from the card. */
static enum err
take_object(struct piv *v, struct channel *ch, unsigned slot, struct buf *ret)
{
	struct piv_slot *s = &v->slots[slot];
	enum err r = ERR_OK;

	if (s->object.len != 0) {
		*ret = s->object;
		s->object = (struct buf)BUF(PIV_OBJECT_MAX);
	} else {
		r = piv_get(ch, cert_tag(slot), false, ret);
	}
	if (r == ERR_OK && slot == SLOT_9A)
		remember_head(v, buf_view(ret));
	return r;
}

static bool
piv_has_read(void *state, const struct card_key *key)
{
	const struct piv *v = state;

	return v->slots[key->slot].object.len != 0;
}

/* A certificate that somebody put there for another key (vector 47). */
static bool
is_of_key(const struct piv_slot *s, struct cur cert)
{
	struct cur number;

	return s->key_len == 0 || (spki_number(cert, &number) &&
	    cur_starts(number, cur_of(s->key, s->key_len)));
}

static enum err
piv_cert_of(void *state, struct channel *ch, const struct card_key *key,
    struct buf *ret_der)
{
	AUTO(buf_free) struct buf object = BUF(PIV_OBJECT_MAX), der = BUF(FILE_CERT_MAX);
	struct piv *v = state;
	struct spki spki;
	enum err r;

	if ((r = take_object(v, ch, key->slot, &object)) != ERR_OK)
		return r;
	r = piv_cert(buf_view(&object), &der);
	if (r == ERR_NOMEM)
		return r;
	/* What is no certificate, or too long for one, is none (vectors 35 to 37). */
	if (r != ERR_OK || !spki_read(buf_view(&der), &spki) ||
	    !is_of_key(&v->slots[key->slot], buf_view(&der)))
		return ERR_NOT_FOUND;
	v->slots[key->slot].spki = spki;
	buf_cur(ret_der, buf_view(&der));
	return buf_end(ret_der);
}

enum err
piv_learn(struct piv *v, struct channel *ch, unsigned slot)
{
	AUTO(buf_free) struct buf der = BUF(FILE_CERT_MAX);
	const struct card_key key = { .slot = slot };
	enum err r = ERR_OK;

	if (v->slots[slot].spki.kind == SPKI_UNKNOWN)
		r = piv_cert_of(v, ch, &key, &der);
	return piv_is_trouble(r) ? r : ERR_OK;
}

/* Other slots may be filled and emptied later: they are looked at each time. */
static enum err
piv_save(void *state, const struct card_key *key, struct buf *ret)
{
	const struct piv *v = state;
	const struct spki *k = &v->slots[SLOT_9A].spki;

	/* The head is that of 9A's object: it says nothing of another certificate. */
	if (key->slot != SLOT_9A || v->head_len == 0)
		return ERR_NOT_FOUND;
	buf_u8(ret, SAVED_VERSION);
	buf_u8(ret, v->global);
	buf_u8(ret, k->kind);
	buf_u16(ret, k->bits);
	buf_u8(ret, v->slots[SLOT_9A].pin_policy);
	buf_u8(ret, v->slots[SLOT_9A].touch_policy);
	buf_u32(ret, (uint32_t)v->login_size);
	buf_put(ret, v->head, v->head_len);
	return buf_end(ret);
}

static enum err
piv_restore(void *state, struct cur saved, struct card_key *ret, size_t max, size_t *ret_n)
{
	struct piv *v = state;
	uint8_t version, global, kind, pin, touch;
	uint16_t bits;
	uint32_t size;

	if (!cur_u8(&saved, &version) || version != SAVED_VERSION ||
	    !cur_u8(&saved, &global) || !cur_u8(&saved, &kind) || kind > SPKI_X25519 ||
	    !cur_u16(&saved, &bits) || !cur_u8(&saved, &pin) || !cur_u8(&saved, &touch) ||
	    !cur_u32(&saved, &size) || saved.n == 0 || saved.n > PIV_HEAD)
		return fail(ERR_MALFORMED, "what was saved of the card");
	forget(v);
	v->global = global == 1;
	v->slots[SLOT_9A].presence = KEY_PRESENT;
	v->slots[SLOT_9A].spki = (struct spki){ (enum spki_kind)kind, bits };
	v->slots[SLOT_9A].pin_policy = pin;
	v->slots[SLOT_9A].touch_policy = touch;
	memcpy(v->head, saved.p, saved.n);
	v->head_len = saved.n;
	v->login_size = size;
	describe_all(v, ret, max, ret_n);
	return ERR_OK;
}

/* The object of slot 9A is as long as it was, and begins with the same bytes. */
static enum err
piv_current(void *state, struct channel *ch, const struct card_key *key,
    struct cur cert UNUSED, bool *ret)
{
	AUTO(buf_free) struct buf object = BUF(PIV_OBJECT_MAX);
	struct piv *v = state;
	enum err r;

	*ret = false;
	if (key->slot != SLOT_9A || v->head_len == 0)
		return ERR_OK;
	r = piv_get(ch, cert_tag(SLOT_9A), true, &object);
	if (piv_is_trouble(r))
		return note(r, "certificate");
	*ret = r == ERR_OK && piv_size(buf_view(&object)) == v->login_size &&
	    cur_starts(buf_view(&object), cur_of(v->head, v->head_len));
	return ERR_OK;
}

/* Yubico's ATTEST, and the certificate in slot F9 that signs what it says. */
static enum err
piv_attest(void *state UNUSED, struct channel *ch, const struct card_key *key,
    struct buf *ret_statement, struct buf *ret_device)
{
	AUTO(buf_free) struct buf statement = BUF(FILE_CERT_MAX), device = BUF(FILE_CERT_MAX);
	AUTO(buf_free) struct buf object = BUF(PIV_OBJECT_MAX);
	const struct apdu a = { .ins = 0xf9, .p1 = piv_key_ref(key->slot), .le = APDU_LONG_LE };
	struct spki spki;
	unsigned sw;
	enum err r;

	r = channel_send(ch, &a, &statement, &sw);
	if (piv_is_trouble(r))
		return note(r, "attestation");
	/* Whether it is true is not ours to say; but noise is not kept in the cache. */
	if (r != ERR_OK || sw != SW_OK || !spki_read(buf_view(&statement), &spki))
		return ERR_NOT_FOUND;
	if ((r = piv_get(ch, TAG_ATTESTATION, false, &object)) != ERR_OK)
		return r;
	r = piv_cert(buf_view(&object), &device);
	if (r == ERR_NOMEM)
		return r;
	if (r != ERR_OK || !spki_read(buf_view(&device), &spki))
		return ERR_NOT_FOUND;
	buf_cur(ret_statement, buf_view(&statement));
	buf_cur(ret_device, buf_view(&device));
	return buf_end(ret_statement) != ERR_OK ? buf_end(ret_statement) : buf_end(ret_device);
}

const struct driver driver_piv = {
	.name = "piv",
	.select = piv_select,
	.serial = piv_serial,
	.open = piv_open,
	.close = piv_close,
	.keys = piv_keys,
	.has_read = piv_has_read,
	.settle = piv_settle,
	.cert = piv_cert_of,
	.update = piv_update,
	.attest = piv_attest,
	.save = piv_save,
	.restore = piv_restore,
	.current = piv_current,
	.pin_rules = piv_pin_rules,
	.tries = piv_tries,
	.verify = piv_verify,
	.sign = piv_sign,
	.decipher = piv_decipher,
	.logout = piv_logout,
	.puk_rules = piv_puk_rules,
	.puk_tries = piv_puk_tries,
	.change = piv_change,
	.unblock = piv_unblock,
};
