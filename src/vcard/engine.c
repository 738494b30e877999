/* SPDX-License-Identifier: EUPL-1.2 */
/* One command in, one response out: class, channel, chaining, lock, command, Le. */
#include "vcard/inside.h"

#define CLA_CHAIN	0x10
#define CLA_PROPRIETARY	0x80
#define CLA_CHANNEL	0x03

/* GET RESPONSE: what did not fit before.  T=1 only needs it beyond 256 bytes. */
static unsigned
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

enum { OPEN_APPLET = 1, PROPRIETARY = 2, CHAINED = 4 };

static const struct {
	uint8_t	    ins;
	unsigned    needs;
	command_fn *run;
} commands[] = {
	{ 0xa4, 0, cmd_select },
	{ 0x70, 0, cmd_channel },
	{ 0xc0, 0, cmd_get_response },
	{ 0xb0, OPEN_APPLET, cmd_read_binary },
	{ 0xca, OPEN_APPLET, cmd_get_data },
	{ 0x84, OPEN_APPLET, cmd_get_challenge },
	{ 0x20, OPEN_APPLET, cmd_verify },
	{ 0x24, OPEN_APPLET, cmd_change },
	{ 0x2c, OPEN_APPLET, cmd_unblock },
	{ 0x22, OPEN_APPLET, cmd_mse },
	{ 0x2a, OPEN_APPLET | CHAINED, cmd_pso },
	{ 0x88, OPEN_APPLET | CHAINED, cmd_authenticate },
	{ 0x34, OPEN_APPLET | PROPRIETARY, cmd_tries },
	{ 0x3a, OPEN_APPLET | PROPRIETARY, cmd_public_key },
};

static int
find_command(const struct command *m)
{
	unsigned class = (m->cla & CLA_PROPRIETARY) != 0 ? PROPRIETARY : 0;

	for (size_t i = 0; i < NELEM(commands); i++)
		if (commands[i].ins == m->ins &&
		    (commands[i].needs & PROPRIETARY) == class)
			return (int)i;
	return -1;
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
collect(struct vchannel *ch, struct command *m, unsigned needs, bool *ret_more)
{
	bool more = (m->cla & CLA_CHAIN) != 0;

	*ret_more = more;
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
	int i = find_command(m);
	unsigned sw;
	bool more;

	if (i < 0)
		return ch->selected && c->file.vendor_lock ? SW_SECURITY : SW_INS;
	if ((sw = check_applet(c, ch, m, commands[i].needs)) != SW_OK)
		return sw;
	sw = collect(ch, m, commands[i].needs, &more);
	if (sw != SW_OK || more)
		return sw;
	sw = commands[i].run(c, ch, m, out);
	buf_clear(&ch->chain);
	return sw;
}

/*
 * Give at most Le bytes.  Short of 256, a wrong Le is told (6Cxx); what is longer than
 * one short response waits for GET RESPONSE (61xx).
 */
static unsigned
deliver(struct vchannel *ch, const struct command *m, const struct buf *out,
    struct buf *ret)
{
	size_t most = m->has_le ? m->le : 256;	/* without Le only SELECT answers */
	struct cur rest = buf_view(out), first;

	buf_clear(&ch->pending);
	if (rest.n <= most) {
		buf_cur(ret, rest);
		return SW_OK;
	}
	if (rest.n <= 256 && m->ins != 0xc0)
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
	end = deliver(ch, &m, &out, ret);
	return end != SW_OK ? end : sw;
}

void
vcard_command(struct vcard *c, struct cur command, struct buf *ret)
{
	unsigned sw = answer(c, command, ret);

	buf_u16(ret, sw);
}
