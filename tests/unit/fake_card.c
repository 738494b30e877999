/* SPDX-License-Identifier: EUPL-1.2 */
/* A UZI pass of a few lines. */
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/rsa.h>

#include "base/b64.h"
#include "iso7816/apdu.h"
#include "iso7816/tlv.h"
#include "tests/unit/fake_card.h"

static struct buf *
add_file(struct fake_card *c, uint16_t fid)
{
	assert_true(c->n_files < FAKE_FILES);
	c->file[c->n_files].fid = fid;
	c->file[c->n_files].content = (struct buf)BUF(20000);
	return &c->file[c->n_files++].content;
}

static void
add_hex(struct fake_card *c, uint16_t fid, const char *hex)
{
	assert_ok(hex_get(cur_str(hex), add_file(c, fid)));
}

/* One PrKDF entry: id and reference n, protected by PIN 03. */
static void
put_key(struct buf *b, int n, const char *usage)
{
	AUTO(buf_free) struct buf text = BUF(512), bytes = BUF(256);

	buf_fmt(&text, "300B 0C024B%02d 03020780 040103 30%02X 04014%d 03%02X%s 0201%02X"
	    "A10A3008 30020400 02020800", n, (unsigned)strlen(usage) / 2 + 8, n,
	    (unsigned)strlen(usage) / 2, usage, (unsigned)n);
	assert_ok(hex_get(cur_str(buf_cstr(&text)), &bytes));
	tlv_put(b, 0x30, buf_view(&bytes));
}

void
fake_card_make(struct fake_card *c, struct cur auth_cert, const char *auth_usage,
    struct cur sign_cert, const char *sign_usage)
{
	struct buf *prkdf;

	*c = (struct fake_card){ .tries = 3, .serial = { 0x44, 0x5a, 0, 0, 0, 0, 0, 1 },
	    .events = 1 };
	add_hex(c, 0x5031, "A006300404024400 A406300404024404 A806300404024408");
	add_hex(c, 0x4408, "301E 3000 3003040103 A115 3013 0302024C 0A0101 020106 02010F "
	    "800103 040100");
	add_hex(c, 0x4404,
	    "301B 3004 0C024B30 3003040140 A10E300C 300A0408 3F003FFF43020114"
	    "301B 3004 0C024B31 3003040141 A10E300C 300A0408 3F003FFF43020115");
	prkdf = add_file(c, 0x4400);
	put_key(prkdf, 0, auth_usage);
	put_key(prkdf, 1, sign_usage);
	buf_cur(add_file(c, 0x0114), auth_cert);
	buf_cur(add_file(c, 0x0115), sign_cert);
}

void
fake_card_drop(struct fake_card *c)
{
	for (size_t i = 0; i < c->n_files; i++)
		buf_free(&c->file[i].content);
	c->n_files = 0;
}

static unsigned
select_file(struct fake_card *c, struct cur data, struct buf *ret)
{
	uint16_t fid;

	if (!cur_u16(&data, &fid))
		return 0x6a80;
	for (size_t i = 0; i < c->n_files; i++) {
		if (c->file[i].fid != fid)
			continue;
		c->selected = buf_view(&c->file[i].content);
		buf_put(ret, "\x6f\x07\x80\x02", 4);
		buf_u16(ret, (unsigned)c->selected.n);
		buf_put(ret, "\x82\x01\x01", 3);
		return 0x9000;
	}
	return fid == 0x4302 ? 0x9000 : 0x6a82;
}

static unsigned
read_binary(struct fake_card *c, unsigned at, unsigned n, struct buf *ret)
{
	if (at >= c->selected.n)
		return 0x6b00;
	if (n > c->selected.n - at)
		n = (unsigned)c->selected.n - at;
	buf_put(ret, c->selected.p + at, n);
	return 0x9000;
}

static unsigned
verify(struct fake_card *c, struct cur pin)
{
	c->verifies++;
	if (c->tries == 0)
		return 0x6983;
	if (!cur_eq(pin, cur_of("123456\0\0\0\0\0\0\0\0\0", 15)))
		return 0x63c0 + (unsigned)--c->tries;
	c->tries = 3;
	c->verified = true;
	return 0x9000;
}

/* PKCS#1 padding around whatever the host says is a DigestInfo. */
static unsigned
sign(struct fake_card *c, struct cur info, struct buf *ret)
{
	AUTO(buf_free) struct buf sig = BUF(1024);
	size_t n = 1024;
	EVP_PKEY_CTX *ctx;

	if (!c->verified)
		return 0x6982;
	if (c->refuses)
		return 0x6a80;
	ctx = EVP_PKEY_CTX_new(c->key[c->key_ref & 1], NULL);
	assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
	assert_int_equal(EVP_PKEY_sign(ctx, buf_room(&sig, n), &n, info.p, info.n), 1);
	EVP_PKEY_CTX_free(ctx);
	sig.len = n;
	c->signatures++;
	if (c->spoil != NULL)
		c->spoil(&sig);
	buf_cur(ret, buf_view(&sig));
	return 0x9000;
}

static unsigned
select_application(struct fake_card *c, struct buf *ret)
{
	if (c->locked)
		buf_str(ret, "I am the SafeSign Applet of A.E.T. Europe B.V. please "
		    "authenticate yourself.\n");
	return c->alien ? 0x6a82 : 0x9000;
}

static unsigned
answer(struct fake_card *c, const uint8_t h[4], struct cur data, unsigned le,
    struct buf *ret)
{
	switch (h[1]) {
	case 0xa4:
		return h[2] == 4 ? select_application(c, ret) : select_file(c, data, ret);
	case 0xb0:
		return read_binary(c, (unsigned)h[2] << 8 | h[3], le, ret);
	case 0xca:
		buf_put(ret, c->serial, sizeof(c->serial));
		return 0x9000;
	case 0x34:
		buf_u8(ret, 3);
		buf_u8(ret, (unsigned)c->tries);
		buf_u8(ret, 1);
		return 0x9000;
	case 0x20:
		return verify(c, data);
	case 0x22:
		c->key_ref = data.n == 6 ? data.p[2] : 0xff;
		return 0x9000;
	case 0x2a:
		return sign(c, data, ret);
	default:
		return 0x6d00;
	}
}

static enum err
fake_transmit(struct reader *r, struct cur command, bool secret, struct buf *ret_reply)
{
	struct fake_card *c = r->state;
	struct cur head = cur_of(NULL, 0), data = head;
	uint8_t lc, le = 0;
	unsigned sw;

	(void)secret;
	c->apdus++;
	assert_true(cur_take(&command, 4, &head));
	if (command.n > 1) {
		assert_true(cur_u8(&command, &lc));
		assert_true(cur_take(&command, lc, &data));
	}
	(void)cur_u8(&command, &le);
	sw = answer(c, head.p, data, le == 0 ? 256 : le, ret_reply);
	buf_u16(ret_reply, sw);
	return buf_end(ret_reply);
}

static enum err
fake_begin(struct reader *r)
{
	(void)r;
	return ERR_OK;
}

static void
fake_end(struct reader *r, enum reader_end how)
{
	struct fake_card *c = r->state;

	if (how != READER_RESET)
		return;
	c->resets++;
	c->verified = false;
}

static enum err
fake_events(struct reader *r, uint32_t *ret)
{
	const struct fake_card *c = r->state;

	*ret = c->events;
	return ERR_OK;
}

static const struct reader_ops fake_ops = {
	.begin = fake_begin, .end = fake_end, .transmit = fake_transmit,
	    .events = fake_events,
};

struct reader *
fake_card_reader(struct fake_card *c, const char *name, const char *atr)
{
	struct reader *r = calloc(1, sizeof(*r));
	AUTO(buf_free) struct buf b = BUF(CARD_ATR_MAX);

	assert_non_null(r);
	assert_ok(hex_get(cur_str(atr), &b));
	r->ops = &fake_ops;
	r->state = c;
	r->event_counter = c->events;
	r->service = 1;
	snprintf(r->name, sizeof(r->name), "%s", name);
	r->atr_len = b.len;
	memcpy(r->atr, b.p, b.len);
	return r;
}
