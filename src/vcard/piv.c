/* SPDX-License-Identifier: EUPL-1.2 */
/* The PIV applet (SP 800-73-5 part 2): its commands, and how it is selected. */
#include "vcard/der.h"
#include "vcard/inside.h"

#define RID_BYTES	5	/* of an AID: who registered it */

/* Application property template; cards differ in what they tell (part 2 section 3.1.1). */
static void
put_apt(const struct card_file *f, struct buf *out)
{
	struct cur aid = cur_of(f->aid, f->aid_len);
	size_t at, authority;

	if (f->piv.apt == APT_NONE)
		return;
	at = der_open(out, 0x61);
	if (f->piv.apt == APT_SHORT)	/* the extension only, as Yubico's */
		aid = cur_of(f->aid + RID_BYTES, f->aid_len - RID_BYTES);
	der_put(out, 0x4f, aid);
	authority = der_open(out, 0x79);
	der_put(out, 0x4f, cur_of(f->aid, RID_BYTES));
	der_close(out, authority);
	if (f->piv.apt == APT_FULL)
		der_str(out, 0x50, f->label);
	der_close(out, at);
}

/*
 * By AID, whole or cut off behind the RID.  The same AID again keeps what was proved,
 * unless this card is one of those that do not; an AID that is not here changes nothing.
 */
static unsigned
piv_select(struct vcard *c, struct vchannel *ch, const struct command *m, struct buf *out)
{
	struct cur aid = cur_of(c->file.aid, c->file.aid_len);

	if (m->p1 != 0x04 || m->data.n < RID_BYTES || !cur_starts(aid, m->data))
		return SW_FILE;
	if (m->p2 != 0x00 && m->p2 != 0x0c)
		return SW_P1P2;
	ch->selected = true;
	if (c->file.piv.select_forgets)
		for (size_t i = 0; i < SECRETS; i++)
			c->verified[i] = false;
	if (m->p2 == 0x00)
		put_apt(&c->file, out);
	return SW_OK;
}

static const struct applet_command commands[] = {
	{ 0xa4, 0, piv_select },
	{ 0xc0, 0, cmd_get_response },
	{ 0xcb, OPEN_APPLET, piv_get_data },
	{ 0x20, OPEN_APPLET, piv_cmd_verify },
	{ 0x24, OPEN_APPLET, piv_cmd_change },
	{ 0x2c, OPEN_APPLET, piv_cmd_unblock },
	{ 0x87, OPEN_APPLET | CHAINED, piv_authenticate },
	{ 0xfd, OPEN_APPLET, piv_version },
	{ 0xf8, OPEN_APPLET, piv_serial },
	{ 0xf7, OPEN_APPLET, piv_metadata },
	{ 0xf9, OPEN_APPLET, piv_attest },
};

static enum err
check_key(size_t i, const EVP_PKEY *key)
{
	return piv_algorithm(key) != 0 ? ERR_OK :
	    fail(ERR_CONFIG, "slot %02X: not a key that a PIV card can have",
	    piv_slot(i));
}

/* "PIN always" (part 1 section 5.1): what comes between PIN and use undoes it. */
static void
after(struct vcard *c, const struct command *m)
{
	if (m->ins == 0x87 || (c->file.piv.always_strict && m->ins != 0x20 &&
	    m->ins != 0xc0))
		c->fresh = false;
}

const struct applet piv_applet = {
	.commands = commands, .n = NELEM(commands), .rolls_back = true,
	.check_key = check_key, .finish = piv_write, .after = after,
};
