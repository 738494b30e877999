/* SPDX-License-Identifier: EUPL-1.2 */
/* The applet of a UZI pass: the commands it knows, the keys it takes. */
#include "vcard/crypto.h"
#include "vcard/inside.h"

static const struct applet_command commands[] = {
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

static enum err
check_key(size_t i, const EVP_PKEY *key)
{
	return crypto_is_rsa(key) ? ERR_OK :
	    fail(ERR_CONFIG, "%s: not an RSA key", purpose_slugs[i]);
}

const struct applet uzi_applet = {
	.commands = commands, .n = NELEM(commands), .tells_le = true,
	.check_key = check_key, .finish = uzi_write,
};
