/* SPDX-License-Identifier: EUPL-1.2 */
/* SELECT on a card with an ISO 7816-15 file system: the MF, one DF, and their files. */
#include "vcard/der.h"
#include "vcard/inside.h"

static void
enter(struct vcard *c, struct vchannel *ch, uint16_t df)
{
	if (c->file.p15.df_forgets && ch->df != df)
		for (size_t i = 0; i < SECRETS; i++)
			c->verified[i] = false;
	ch->df = df;
	ch->ef = NULL;
}

/* File control parameters (ISO 7816-4): P2 04 as FCP, P2 00 as FCI. */
static void
put_fcp(const struct card_file *f, const struct command *m, uint16_t fid,
    const struct ef *ef, struct buf *out)
{
	const uint8_t id[2] = { (uint8_t)(fid >> 8), (uint8_t)fid };
	size_t at, size;

	if (m->p2 == 0x0c || f->p15.fcp == FCP_SILENT || !m->has_le)
		return;
	at = der_open(out, m->p2 == 0x04 ? 0x62 : 0x6f);
	if (ef != NULL && f->p15.fcp != FCP_NO_SIZE) {
		size = der_open(out, 0x80);
		buf_u16(out, (unsigned)ef->content.len);
		der_close(out, size);
	}
	der_put(out, 0x82, cur_of(ef != NULL ? "\x01" : "\x38", 1));
	der_put(out, 0x83, cur_of(id, sizeof(id)));
	if (fid == f->p15.home)
		der_put(out, 0x84, cur_of(f->aid, f->aid_len));
	der_put(out, 0x8a, cur_of("\x05", 1));
	der_close(out, at);
}

static bool
is_df(const struct vcard *c, uint16_t fid)
{
	return fid == FID_MF || fid == c->file.p15.home;
}

/* The MF, the application, or a file of the DF we are in. */
static unsigned
select_fid(struct vcard *c, struct vchannel *ch, uint16_t fid, const struct ef **ret_ef)
{
	const struct ef *ef = vcard_find_ef(c, ch->df, fid);

	*ret_ef = NULL;
	if (is_df(c, fid)) {
		enter(c, ch, fid);
		return SW_OK;
	}
	if (ef == NULL)
		return SW_FILE;
	*ret_ef = ch->ef = ef;
	return SW_OK;
}

static unsigned
select_path(struct vcard *c, struct vchannel *ch, const struct command *m,
    struct buf *out)
{
	struct cur path = m->data;
	const struct ef *ef = NULL;
	uint16_t fid = 0;
	unsigned sw = SW_FILE;

	if (path.n == 0 || path.n % 2 != 0)
		return SW_LENGTH;
	if (m->p1 == 0x08)
		enter(c, ch, FID_MF);
	while (cur_u16(&path, &fid))
		if ((sw = select_fid(c, ch, fid, &ef)) != SW_OK)
			return sw;
	put_fcp(&c->file, m, fid, ef, out);
	return sw;
}

/* P1 00: anything; 01: a DF below; 02: a file of this DF; 03: the DF above. */
static unsigned
select_id(struct vcard *c, struct vchannel *ch, const struct command *m, struct buf *out)
{
	struct cur data = m->data;
	const struct ef *ef = NULL;
	uint16_t fid = FID_MF;
	unsigned sw;

	if (m->p1 != 0x03 && data.n != 0 && (!cur_u16(&data, &fid) || data.n != 0))
		return SW_LENGTH;
	if ((m->p1 == 0x01 && fid != c->file.p15.home) ||
	    (m->p1 == 0x02 && is_df(c, fid)))
		return SW_FILE;
	if ((sw = select_fid(c, ch, fid, &ef)) == SW_OK)
		put_fcp(&c->file, m, fid, ef, out);
	return sw;
}

static unsigned
select_aid(struct vcard *c, struct vchannel *ch, const struct command *m,
    struct buf *out)
{
	if (!cur_eq(m->data, cur_of(c->file.aid, c->file.aid_len)))
		return SW_FILE;
	enter(c, ch, c->file.p15.home);
	ch->selected = true;
	put_fcp(&c->file, m, c->file.p15.home, NULL, out);
	return SW_OK;
}

unsigned
p15_select(struct vcard *c, struct vchannel *ch, const struct command *m, struct buf *out)
{
	unsigned returns = m->p2 & 0xfc;	/* the rest: first or next occurrence */

	if (returns != 0x0c && (c->file.p15.fcp == FCP_REFUSED ||
	    (returns != 0x00 && returns != 0x04)))
		return SW_P1P2;
	if (m->p1 == 0x04)
		return (m->p2 & 0x03) == 0 ? select_aid(c, ch, m, out) : SW_FILE;
	if ((m->p2 & 0x03) != 0)
		return SW_P1P2;
	if ((m->p1 == 0x08 || m->p1 == 0x09) && c->file.select_path)
		return select_path(c, ch, m, out);
	return m->p1 <= 0x03 ? select_id(c, ch, m, out) : SW_P1P2;
}
