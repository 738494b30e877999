/* SPDX-License-Identifier: EUPL-1.2 */
/* A card with an ISO 7816-15 file system: its commands, and the keys it takes. */
#include "vcard/crypto.h"
#include "vcard/inside.h"

/* What the card file says: vendors put versions and limits there. */
static unsigned
get_data(struct vcard *c, struct vchannel *ch UNUSED, const struct command *m,
    struct buf *out)
{
	for (size_t i = 0; i < c->file.p15.data_n; i++) {
		const struct p15_data *d = &c->file.p15.data[i];

		if (d->bytes[0] == m->p1 && d->bytes[1] == m->p2) {
			buf_put(out, d->bytes + 2, d->n - 2);
			return SW_OK;
		}
	}
	return SW_NOT_FOUND;
}

static const struct applet_command commands[] = {
	{ 0xa4, 0, p15_select },
	{ 0x70, 0, cmd_channel },
	{ 0xc0, 0, cmd_get_response },
	{ 0xb0, OPEN_APPLET, cmd_read_binary },
	{ 0xca, OPEN_APPLET, get_data },
	{ 0x84, OPEN_APPLET, cmd_get_challenge },
	{ 0x20, OPEN_APPLET, cmd_verify },
	{ 0x24, OPEN_APPLET, cmd_change },
	{ 0x2c, OPEN_APPLET, cmd_unblock },
	{ 0x22, OPEN_APPLET, p15_mse },
	{ 0x2a, OPEN_APPLET | CHAINED, p15_pso },
	{ 0x88, OPEN_APPLET | CHAINED, p15_authenticate },
};

static enum err
check_key(size_t i, const EVP_PKEY *key)
{
	return i < P15_KEYS && (crypto_is_rsa(key) || crypto_is_ec(key)) ? ERR_OK :
	    fail(ERR_CONFIG, "key %zu: neither an RSA nor an elliptic key", i);
}

const struct applet p15_applet = {
	.commands = commands, .n = NELEM(commands), .tells_le = true,
	.check_key = check_key, .finish = p15_write,
};
