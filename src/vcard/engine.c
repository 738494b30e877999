/* SPDX-License-Identifier: EUPL-1.2 */
/* One command in, one response out: class, channel, chaining, lock, command, Le. */
#include "vcard/inside.h"

#define CLA_CHAIN	0x10
#define CLA_PROPRIETARY	0x80
#define CLA_CHANNEL	0x03

/* GET RESPONSE: what did not fit before.  T=1 only needs it beyond 256 bytes. */
unsigned
cmd_get_response(struct vcard *c UNUSED, struct vchannel *ch, const struct command *m,
    struct buf *out)
{
	if (m->p1 != 0 || m->p2 != 0)
		return SW_P1P2;
	if (ch->pending.len == 0)
		return SW_CONDITIONS;
	if (!m->has_le)
		return SW_LENGTH;
	buf_cur(out, buf_view(&ch->pending));
	return SW_OK;
}

static const struct applet_command *
find_command(const struct applet *a, const struct command *m)
{
	unsigned class = (m->cla & CLA_PROPRIETARY) != 0 ? PROPRIETARY : 0;

	for (size_t i = 0; i < a->n; i++)
		if (a->commands[i].ins == m->ins &&
		    (a->commands[i].needs & PROPRIETARY) == class)
			return &a->commands[i];
	return NULL;
}

/*
 * Only SELECT by AID works before the applet is selected, and only that when it is
 * locked to its vendor's software.
 */
static unsigned
check_applet(const struct vcard *c, const struct vchannel *ch, const struct command *m,
    unsigned needs)
{
	bool by_aid = m->ins == 0xa4 && m->p1 == 0x04;

	if (by_aid || m->ins == 0x70 || m->ins == 0xc0)
		return SW_OK;
	if (!ch->selected)
		return (needs & OPEN_APPLET) != 0 ? SW_INS : SW_FILE;
	return c->file.vendor_lock ? SW_SECURITY : SW_OK;
}

/* Class byte: chaining, secure messaging (none), proprietary, channel (two). */
static unsigned
check_class(const struct vcard *c, const struct command *m)
{
	unsigned known = CLA_PROPRIETARY | CLA_CHAIN | CLA_CHANNEL;

	if ((m->cla & ~known) != 0)
		return SW_CLA;
	if ((m->cla & CLA_CHAIN) != 0 && !c->file.chaining)
		return SW_CLA;
	if ((m->cla & CLA_CHANNEL) >= CHANNELS || !c->channels[m->cla & CLA_CHANNEL].open)
		return SW_CHANNEL;
	if (m->extended && !c->file.extended)
		return SW_LENGTH;
	return SW_OK;
}

/* Collect a chain.  *ret_more: more is to come, the answer is the returned word. */
static unsigned
collect(const struct vcard *c, struct vchannel *ch, struct command *m, unsigned needs,
    bool *ret_more)
{
	bool more = (m->cla & CLA_CHAIN) != 0;

	*ret_more = more;
	if (c->applet->rolls_back && ch->chain_ins != m->ins)
		buf_clear(&ch->chain);
	if (more && (needs & CHAINED) == 0)
		return SW_CHAINING;
	if (ch->chain.len != 0 && ch->chain_ins != m->ins) {
		buf_clear(&ch->chain);
		*ret_more = true;
		return SW_CHAIN_LAST;
	}
	if (!more && ch->chain.len == 0)
		return SW_OK;
	ch->chain_ins = m->ins;
	buf_cur(&ch->chain, m->data);
	if (buf_end(&ch->chain) != ERR_OK) {
		buf_clear(&ch->chain);
		*ret_more = true;
		return SW_LENGTH;
	}
	m->data = buf_view(&ch->chain);
	return SW_OK;
}

static unsigned
run(struct vcard *c, struct vchannel *ch, struct command *m, struct buf *out)
{
	const struct applet_command *found = find_command(c->applet, m);
	unsigned sw;
	bool more;

	if (found == NULL)
		return ch->selected && c->file.vendor_lock ? SW_SECURITY : SW_INS;
	if ((sw = check_applet(c, ch, m, found->needs)) != SW_OK)
		return sw;
	sw = collect(c, ch, m, found->needs, &more);
	if (sw != SW_OK || more)
		return sw;
	sw = found->run(c, ch, m, out);
	if (c->applet->after != NULL)
		c->applet->after(c, m);
	buf_clear(&ch->chain);
	return sw;
}

/*
 * Give at most Le bytes.  Short of 256, an applet of files tells a wrong Le (6Cxx); what
 * else did not fit waits for GET RESPONSE (61xx).
 */
static unsigned
deliver(const struct applet *a, struct vchannel *ch, const struct command *m, const struct buf *out,
    struct buf *ret)
{
	size_t most = m->has_le ? m->le : 256;	/* without Le only SELECT answers */
	struct cur rest = buf_view(out), first;

	buf_clear(&ch->pending);
	if (rest.n <= most) {
		buf_cur(ret, rest);
		return SW_OK;
	}
	if (a->tells_le && rest.n <= 256 && m->ins != 0xc0)
		return SW_LE | (unsigned)(rest.n & 0xff);
	if (!cur_take(&rest, most, &first))
		return SW_FAULT;
	buf_cur(ret, first);
	buf_cur(&ch->pending, rest);
	return SW_MORE | (rest.n > 0xff ? 0 : (unsigned)rest.n);
}

static unsigned
answer(struct vcard *c, struct cur in, struct buf *ret)
{
	AUTO(buf_free) struct buf out = BUF(RESPONSE_MAX);
	struct command m;
	struct vchannel *ch;
	unsigned sw, end;

	if (!command_parse(in, &m))
		return SW_LENGTH;
	if ((sw = check_class(c, &m)) != SW_OK)
		return sw;
	ch = &c->channels[m.cla & CLA_CHANNEL];
	sw = run(c, ch, &m, &out);
	if (buf_end(&out) != ERR_OK)
		return SW_MEMORY;
	if (sw != SW_OK && sw != SW_END) {
		buf_clear(&ch->pending);
		return sw;
	}
	end = deliver(c->applet, ch, &m, &out, ret);
	return end != SW_OK ? end : sw;
}

void
vcard_command(struct vcard *c, struct cur command, struct buf *ret)
{
	unsigned sw = answer(c, command, ret);

	buf_u16(ret, sw);
}
