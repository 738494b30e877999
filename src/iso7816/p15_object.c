/* SPDX-License-Identifier: EUPL-1.2 */
/* ISO 7816-15: private keys, certificates and PINs, one object at a time. */
#include "iso7816/p15.h"
#include "iso7816/tlv.h"

#define RULES_MAX	8	/* access control rules that are looked at */
#define MODE_EXECUTE	(1u << 2)
#define MODE_SIGN	(1u << 5)	/* pso_cds, 2004 edition */

/* What every object is made of: PKCS15Object. */
struct object {
	uint32_t   tag;		/* 30, or the type by which another one replaces it */
	struct p15_common c;
	struct cur class;	/* attributes of its class */
	struct cur type;	/* attributes of its type */
};

static bool
put_id(struct cur v, struct p15_id *ret)
{
	if (v.n > sizeof(ret->p))
		return false;
	if (v.n != 0)
		memcpy(ret->p, v.p, v.n);
	ret->n = v.n;
	return true;
}

/* SEQUENCE OF { accessMode BIT STRING, securityCondition }: who may use the key? */
static void
rules_auth_id(struct cur rules, struct p15_id *ret)
{
	struct cur rule, mode, id;
	uint32_t bits;

	for (int i = 0; i < RULES_MAX && tlv_take_tag(&rules, 0x30, &rule); i++)
		if (tlv_take_tag(&rule, 0x03, &mode) && tlv_bits(mode, &bits) &&
		    (bits & (MODE_EXECUTE | MODE_SIGN)) != 0 &&
		    tlv_take_tag(&rule, 0x04, &id) && put_id(id, ret))
			return;
}

static bool
read_common(struct cur seq, struct p15_common *ret)
{
	struct cur v;
	uint32_t flags;
	int64_t consent;

	if (tlv_take_tag(&seq, 0x0c, &v))
		p15_put_label(v, ret->label);
	if (tlv_take_tag(&seq, 0x03, &v)) {
		if (!tlv_bits(v, &flags))
			return false;
		ret->is_private = (flags & 1) != 0;
	}
	if (tlv_take_tag(&seq, 0x04, &v) && !put_id(v, &ret->auth_id))
		return false;
	if (tlv_take_tag(&seq, 0x02, &v)) {
		if (!tlv_int(v, &consent) || consent < 0 || consent > 255)
			return false;
		ret->consent = (unsigned)consent;
	}
	if (tlv_take_tag(&seq, 0x30, &v) && ret->auth_id.n == 0)
		rules_auth_id(v, &ret->auth_id);
	return true;
}

/*
 * The next object's content.  False at the end of the file: its last byte, padding
 * (FF), or bytes that are no TLV.  Deleted objects are runs of 00 between the others.
 */
static bool
next_object(struct cur *file, struct tlv *ret)
{
	struct cur skip;

	while (file->n != 0 && file->p[0] == 0x00)
		if (!cur_take(file, 1, &skip))
			return false;
	return tlv_take(file, ret);
}

static bool
read_object(const struct tlv *t, struct object *ret)
{
	struct cur in = t->value, common, type;

	*ret = (struct object){ .tag = t->tag };
	if (!tlv_take_tag(&in, 0x30, &common) || !tlv_take_tag(&in, 0x30, &ret->class))
		return false;
	tlv_skip(&in, 0xa0);		/* attributes of its subclass */
	return tlv_take_tag(&in, 0xa1, &type) && tlv_take_tag(&type, 0x30, &ret->type) &&
	    read_common(common, &ret->c);
}

/* A reference of one byte, which some cards write as a negative INTEGER. */
static bool
read_ref(struct cur v, uint8_t *ret)
{
	int64_t i;

	if (!tlv_int(v, &i) || i < -128 || i > 255)
		return false;
	*ret = (uint8_t)i;
	return true;
}

/* The declared size is a hint: nonsense counts as silence. */
static unsigned
read_bits(struct cur *type)
{
	struct cur v;
	int64_t bits;

	if (!tlv_take_tag(type, 0x02, &v) || !tlv_int(v, &bits) || bits < 0 ||
	    bits > 16384)
		return 0;
	return (unsigned)bits;
}

/* algReference [1] SEQUENCE OF Reference: the algorithms that the card lets it use. */
static void
read_key_algs(struct cur class, struct p15_key *ret)
{
	struct cur list, v;
	int64_t i;

	tlv_skip(&class, 0x18);		/* startDate */
	tlv_skip(&class, 0x80);		/* endDate */
	if (!tlv_take_tag(&class, 0xa1, &list))
		return;
	while (ret->n_algs < NELEM(ret->algs) && tlv_take_tag(&list, 0x02, &v))
		if (tlv_int(v, &i) && i >= 0 && i <= UINT32_MAX)
			ret->algs[ret->n_algs++] = (uint32_t)i;
}

static bool
read_key(const struct object *o, struct p15_key *ret)
{
	struct cur class = o->class, type = o->type, v;

	if (o->tag != 0x30 && o->tag != 0xa0)
		return false;			/* DH, DSA, KEA */
	ret->c = o->c;
	ret->ec = o->tag == 0xa0;
	if (!tlv_take_tag(&class, 0x04, &v) || v.n == 0 || !put_id(v, &ret->id) ||
	    !tlv_take_tag(&class, 0x03, &v) || !tlv_bits(v, &ret->usage))
		return false;
	if (tlv_take_tag(&class, 0x01, &v) && v.n != 1)
		return false;			/* native */
	tlv_skip(&class, 0x03);		/* accessFlags */
	if (tlv_take_tag(&class, 0x02, &v)) {
		if (!read_ref(v, &ret->ref))
			return false;
		ret->has_ref = true;
	}
	read_key_algs(class, ret);
	if (!tlv_take_tag(&type, 0x30, &v) || !p15_read_path(v, &ret->path))
		return false;
	ret->bits = read_bits(&type);
	return true;
}

size_t
p15_read_keys(struct cur file, struct p15_key *ret, size_t max)
{
	struct object o;
	struct tlv t;
	size_t n = 0;

	for (unsigned at = 0; at < P15_OBJECTS && n < max &&
	    next_object(&file, &t); at++) {
		ret[n] = (struct p15_key){ .ordinal = at };
		if (read_object(&t, &o) && read_key(&o, &ret[n]))
			n++;
	}
	return n;
}

static bool
read_cert(const struct object *o, struct p15_cert *ret)
{
	struct cur class = o->class, type = o->type, v;

	if (o->tag != 0x30)
		return false;			/* not X.509 */
	ret->c = o->c;
	if (!tlv_take_tag(&class, 0x04, &v) || !put_id(v, &ret->id))
		return false;
	if (tlv_take_tag(&class, 0x01, &v) && !tlv_bool(v, &ret->authority))
		return false;
	/* [0] is a certificate by value. */
	if (tlv_take_tag(&type, 0xa0, &v)) {
		ret->der = v;
		return p15_is_certificate(v);
	}
	return tlv_take_tag(&type, 0x30, &v) && p15_read_path(v, &ret->path) &&
	    p15_path_is_file(&ret->path);
}

size_t
p15_read_certs(struct cur file, struct p15_cert *ret, size_t max)
{
	struct object o;
	struct tlv t;
	size_t n = 0;

	for (int at = 0; at < P15_OBJECTS && n < max && next_object(&file, &t); at++) {
		ret[n] = (struct p15_cert){ 0 };
		if (read_object(&t, &o) && read_cert(&o, &ret[n]))
			n++;
	}
	return n;
}

static bool
read_public(const struct object *o, struct p15_public *ret)
{
	struct cur class = o->class, type = o->type, v;

	ret->c = o->c;
	if (!tlv_take_tag(&class, 0x04, &v) || !put_id(v, &ret->id))
		return false;
	/* [0] is a key by value. */
	if (tlv_take_tag(&type, 0xa0, &v)) {
		ret->value = v;
		return v.n != 0;
	}
	return tlv_take_tag(&type, 0x30, &v) && p15_read_path(v, &ret->path) &&
	    p15_path_is_file(&ret->path);
}

size_t
p15_read_publics(struct cur file, struct p15_public *ret, size_t max)
{
	struct object o;
	struct tlv t;
	size_t n = 0;

	for (int at = 0; at < P15_OBJECTS && n < max && next_object(&file, &t); at++) {
		ret[n] = (struct p15_public){ 0 };
		if (read_object(&t, &o) && read_public(&o, &ret[n]))
			n++;
	}
	return n;
}

static bool
read_length(struct cur *type, size_t *ret)
{
	struct cur v;
	int64_t n;

	if (!tlv_take_tag(type, 0x02, &v) || !tlv_int(v, &n) || n < 0 || n > P15_PIN_MAX)
		return false;
	*ret = (size_t)n;
	return true;
}

/* Characters for which there is room in what is stored; 0: it does not say. */
static size_t
room(const struct p15_pin *pin)
{
	if (pin->type == P15_PIN_ISO9564)
		return P15_PIN_ISO9564_MAX;
	return pin->type == P15_PIN_BCD ? 2 * pin->stored : pin->stored;
}

/* minLength, storedLength, maxLength OPTIONAL: what they allow together. */
static bool
read_lengths(struct cur *type, struct p15_pin *ret)
{
	bool fixed = (ret->flags & P15_PIN_PADDED) != 0 || ret->type == P15_PIN_ISO9564;
	struct cur peek, v;

	if (!read_length(type, &ret->min) || !read_length(type, &ret->stored))
		return false;
	ret->max = room(ret) != 0 && room(ret) < P15_PIN_MAX ? room(ret) : P15_PIN_MAX;
	peek = *type;
	if (tlv_take_tag(&peek, 0x02, &v) && !read_length(type, &ret->max))
		return false;
	/* What is longer than stored would be cut: it is not allowed instead. */
	if (fixed && ret->max > room(ret))
		ret->max = room(ret);
	return ret->max != 0 && ret->min <= ret->max;
}

static bool
read_pin(const struct object *o, struct p15_pin *ret)
{
	struct cur class = o->class, type = o->type, v;
	int64_t kind;

	if (o->tag != 0x30)
		return false;			/* biometric, or a key */
	ret->c = o->c;
	if (!tlv_take_tag(&class, 0x04, &v) || v.n == 0 || !put_id(v, &ret->id) ||
	    !tlv_take_tag(&type, 0x03, &v) || !tlv_bits(v, &ret->flags) ||
	    !tlv_take_tag(&type, 0x0a, &v) || !tlv_int(v, &kind) ||
	    kind < P15_PIN_BCD || kind > P15_PIN_ISO9564)
		return false;
	ret->type = (enum p15_pin_type)kind;
	if (!read_lengths(&type, ret))
		return false;
	if (tlv_take_tag(&type, 0x80, &v) && !read_ref(v, &ret->ref))
		return false;
	if (tlv_take_tag(&type, 0x04, &v)) {
		if (v.n != 1)
			return false;		/* padChar */
		ret->pad = v.p[0];
	} else if ((ret->flags & P15_PIN_PADDED) != 0 && ret->type != P15_PIN_ISO9564) {
		return false;			/* padded with what? */
	}
	tlv_skip(&type, 0x18);		/* lastPinChange */
	return !tlv_take_tag(&type, 0x30, &v) || p15_read_path(v, &ret->path);
}

size_t
p15_read_pins(struct cur file, struct p15_pin *ret, size_t max)
{
	struct object o;
	struct tlv t;
	size_t n = 0;

	for (int at = 0; at < P15_OBJECTS && n < max && next_object(&file, &t); at++) {
		ret[n] = (struct p15_pin){ 0 };
		if (read_object(&t, &o) && read_pin(&o, &ret[n]))
			n++;
	}
	return n;
}

bool
p15_pin_is_coded(enum p15_pin_type type)
{
	return type == P15_PIN_BCD || type == P15_PIN_HALF_NIBBLE || type == P15_PIN_ISO9564;
}

bool
p15_pin_is_known(enum p15_pin_type type)
{
	return type != P15_PIN_HALF_NIBBLE;
}

bool
p15_pin_usable(const struct p15_pin *pin)
{
	const uint32_t never = P15_PIN_UNBLOCKING | P15_PIN_SO | P15_PIN_INTEGRITY |
	    P15_PIN_CONFIDENTIAL;

	return (pin->flags & P15_PIN_INITIALIZED) != 0 && (pin->flags & never) == 0 &&
	    p15_pin_is_known(pin->type);
}
