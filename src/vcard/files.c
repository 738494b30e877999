/* SPDX-License-Identifier: EUPL-1.2 */
/* Selecting and reading files and data objects, as the SafeSign applet does. */
#include <openssl/rand.h>

#include "vcard/inside.h"

/* What a card that is locked for all but its vendor's software answers. */
static const char vendor_prompt[] =
	"I am the SafeSign Applet of A.E.T. Europe B.V. please authenticate yourself.\n";

static unsigned
select_applet(struct vcard *c, struct vchannel *ch, const struct command *m,
    struct buf *out)
{
	if (!cur_eq(m->data, cur_of(c->file.aid, c->file.aid_len)))
		return SW_FILE;
	channel_forget(ch);
	ch->selected = true;
	if (c->file.vendor_lock)
		buf_str(out, vendor_prompt);
	return SW_OK;
}

static unsigned
select_df(struct vchannel *ch, uint16_t fid)
{
	ch->df = fid;
	ch->ef = NULL;
	return SW_OK;
}

/* FCI of an EF: its size, and "transparent working file". */
static void
put_fci(struct buf *out, const struct ef *ef)
{
	buf_put(out, "\x6f\x07\x80\x02", 4);
	buf_u16(out, (unsigned)ef->content.len);
	buf_put(out, "\x82\x01\x01", 3);
}

static unsigned
select_ef(const struct vcard *c, struct vchannel *ch, const struct command *m,
    uint16_t fid, struct buf *out)
{
	const struct ef *ef = vcard_find_ef(c, ch->df, fid);

	if (ef == NULL)
		return SW_FILE;
	ch->ef = ef;
	if (m->p2 == 0x00 && m->has_le)
		put_fci(out, ef);
	return SW_OK;
}

/* By file identifier: the MF, or a child of the current DF; not the current DF itself. */
static unsigned
select_any(const struct vcard *c, struct vchannel *ch, const struct command *m,
    uint16_t fid, struct buf *out)
{
	if (fid == FID_MF)
		return select_df(ch, FID_MF);
	if (fid == FID_OBJECTS && ch->df == FID_MF)
		return select_df(ch, FID_OBJECTS);
	return select_ef(c, ch, m, fid, out);
}

/* By path, as other ISO 7816-15 cards can; 3FFF stands for the application. */
static unsigned
select_path(const struct vcard *c, struct vchannel *ch, const struct command *m,
    struct buf *out)
{
	struct cur path = m->data;
	uint16_t fid;
	unsigned sw = SW_FILE;

	if (path.n == 0 || path.n % 2 != 0)
		return SW_LENGTH;
	if (m->p1 == 0x08)
		select_df(ch, FID_MF);
	while (cur_u16(&path, &fid)) {
		sw = fid == FID_PLACEHOLDER ? SW_OK : select_any(c, ch, m, fid, out);
		if (sw != SW_OK)
			return sw;
	}
	return sw;
}

unsigned
cmd_select(struct vcard *c, struct vchannel *ch, const struct command *m, struct buf *out)
{
	struct cur data = m->data;
	uint16_t fid = FID_MF;

	if (m->p1 == 0x04)
		return (m->p2 & 0xf3) == 0 ? select_applet(c, ch, m, out) : SW_FILE;
	if (m->p1 == 0x01)
		return SW_FILE;
	if ((m->p1 == 0x08 || m->p1 == 0x09) && c->file.select_path)
		return select_path(c, ch, m, out);
	if ((m->p1 != 0x00 && m->p1 != 0x02) || (m->p2 != 0x00 && m->p2 != 0x0c))
		return SW_P1P2;
	if ((m->p1 != 0x00 || data.n != 0) && (!cur_u16(&data, &fid) || data.n != 0))
		return SW_LENGTH;
	if (m->p1 == 0x02)
		return select_ef(c, ch, m, fid, out);
	return select_any(c, ch, m, fid, out);
}

/* Where reading stops, and with which word, differs between cards. */
static unsigned
end_word(const struct vcard *c, bool nothing)
{
	switch ((enum end_of_file)c->file.end_of_file) {
	case END_6282:
		return SW_END;
	case END_6A86:
		return nothing ? SW_P1P2 : SW_OK;
	case END_6B00:
		return nothing ? SW_OFFSET : SW_END;
	case END_9000:
		return SW_OK;
	}
	return SW_FAULT;
}

static bool
may_read(const struct vcard *c, const struct ef *ef)
{
	return ef->access == EF_FREE ||
	    (ef->access == EF_AFTER_PIN && c->verified[USER_PIN]);
}

/* P1 says which file of this DF, and selects it (ISO 7816-4; ISO 7816-15 section 7). */
static unsigned
select_short(const struct vcard *c, struct vchannel *ch, uint8_t p1)
{
	static const struct {
		uint8_t	 p1;
		uint16_t fid;
	} files[] = { { 0x91, FID_ODF }, { 0x92, FID_TOKEN_INFO } };
	const struct ef *ef = NULL;

	if (!c->file.p15.short_ids)
		return SW_P1P2;
	for (size_t i = 0; i < NELEM(files); i++)
		if (files[i].p1 == p1)
			ef = vcard_find_ef(c, ch->df, files[i].fid);
	if (ef == NULL)
		return SW_FILE;
	ch->ef = ef;
	return SW_OK;
}

unsigned
cmd_read_binary(struct vcard *c, struct vchannel *ch, const struct command *m,
    struct buf *out)
{
	bool is_short = (m->p1 & 0x80) != 0;
	size_t offset = is_short ? m->p2 : (size_t)m->p1 << 8 | m->p2;
	struct cur rest, part;
	unsigned sw;

	if (is_short && (sw = select_short(c, ch, m->p1)) != SW_OK)
		return sw;
	if (ch->ef == NULL)
		return SW_NO_EF;
	if (!may_read(c, ch->ef))
		return SW_SECURITY;
	if (!m->has_le || m->data.n != 0 || m->le > (size_t)c->file.read_max)
		return SW_LENGTH;
	rest = buf_view(&ch->ef->content);
	if (!cur_take(&rest, offset, &part) || rest.n == 0)
		return end_word(c, true);
	buf_put(out, rest.p, rest.n < m->le ? rest.n : m->le);
	return rest.n < m->le ? end_word(c, false) : SW_OK;
}

/* 20 - keys: how the model says how many keys there are room for and used. */
static unsigned
keys_left(const struct vcard *c)
{
	unsigned left = 0x20;

	for (size_t i = 0; i < PURPOSES; i++)
		if (c->keys[i].key != NULL)
			left--;
	return left;
}

unsigned
cmd_get_data(struct vcard *c, struct vchannel *ch UNUSED, const struct command *m,
    struct buf *out)
{
	switch (m->p1 << 8 | m->p2) {
	case 0x0100:
		buf_put(out, c->file.serial, sizeof(c->file.serial));
		return SW_OK;
	case 0x0101:
		buf_put(out, "\xc2\x08" "UZI-VIRT", 10);
		return SW_OK;
	case 0x0102:
		buf_put(out, "\x7f\xff\x20", 3);
		buf_u8(out, keys_left(c));
		buf_put(out, "\x0c\x0b", 2);
		return SW_OK;
	case 0x0103:
		buf_put(out, "\x03\x01\x00\x10", 4);
		return SW_OK;
	case 0x0105:
		buf_put(out, "\x03\x04\x01\x00\x00\x98", 6);
		return SW_OK;
	default:
		return SW_NOT_FOUND;
	}
}

unsigned
cmd_get_challenge(struct vcard *c UNUSED, struct vchannel *ch UNUSED,
    const struct command *m, struct buf *out)
{
	uint8_t *room;

	if (m->p1 != 0 || m->p2 != 0)
		return SW_P1P2;
	if (!m->has_le || m->data.n != 0 || m->le > 256)
		return SW_LENGTH;
	room = buf_room(out, m->le);
	return room != NULL && RAND_bytes(room, (int)m->le) == 1 ? SW_OK : SW_FAULT;
}

/* MANAGE CHANNEL: there is one besides the basic one. */
unsigned
cmd_channel(struct vcard *c, struct vchannel *ch, const struct command *m,
    struct buf *out)
{
	struct vchannel *second = &c->channels[1];

	if (!c->file.second_channel)
		return SW_CHANNEL;
	if (m->p1 == 0x80 && m->p2 <= 1) {
		if (m->p2 == 0 && ch != second)
			return SW_FUNCTION;	/* the basic channel stays open */
		channel_forget(second);
		second->open = false;
		return SW_OK;
	}
	if (m->p1 != 0x00 || m->p2 > 1)
		return SW_P1P2;
	if (second->open)
		return SW_FUNCTION;
	channel_forget(second);
	second->open = true;
	second->selected = c->file.selected_at_reset;
	if (m->p2 == 0)
		buf_u8(out, 1);			/* the number that was assigned */
	return SW_OK;
}
