/* SPDX-License-Identifier: EUPL-1.2 */
/* Readers and cards, as cards, cert and doctor look at them: never with a PIN. */
#ifndef DEZI_CLI_READERS_H
#define DEZI_CLI_READERS_H

#include "card/card.h"
#include "card/pcsc.h"
#include "card/profile.h"
#include "host/conf.h"

#define CLI_READERS	32

struct cli_readers {
	struct host_conf *conf;		/* NULL: there is none, defaults hold */
	struct profiles profiles;
	struct pcsc *pcsc;
	struct pcsc_reader_state r[CLI_READERS];
	size_t	 n;
};

/*
 * Read the configuration (NULL: the system's, if there is one) and the card profiles,
 * and ask pcscd what is there.
 *	ERR_CONFIG, ERR_NO_SERVICE, ERR_PCSC_DENIED, ERR_IO
 */
MUST_CHECK enum err cli_readers_open(const char *config, struct cli_readers *ret);
void cli_readers_close(struct cli_readers *c);

/* Is this reader one that the configuration says to leave alone? */
/* The [module] that serves the card in r, of which our drivers said why; or NULL. */
const struct host_module *cli_module_for(const struct cli_readers *c, enum err why,
    const struct pcsc_reader_state *r);
bool cli_reader_ignored(const struct cli_readers *c, const struct pcsc_reader_state *r);

/*
 * The only reader with a card, or the only one of those whose name contains word (NULL:
 * any).  Never a guess: ERR_SEVERAL_CARDS, ERR_NO_CARD, ERR_NO_READER.
 */
MUST_CHECK enum err cli_reader_choose(const struct cli_readers *c, const char *word,
    const struct pcsc_reader_state **ret);

/* A card that was recognised; close it with cli_card_close(). */
struct cli_card {
	struct reader *reader;
	struct card *card;
};
/* Take what is in the reader: the first look recognises it.  ERR_NO_CARD, and as card_open(). */
MUST_CHECK enum err cli_card_open(const struct cli_readers *c,
    const struct pcsc_reader_state *r, struct cli_card *ret);
void cli_card_close(struct cli_card *c);
/*
 * What its vendor calls the software for it, by the card's profile; NULL: not known.
 * card is NULL where the card was not recognised (ERR_VENDOR_LOCKED).
 */
const char *cli_vendor_software(const struct cli_readers *c,
    const struct pcsc_reader_state *r, const struct card *card);
/* Look at it: tries, and the certificate that says it is for logging in. */
MUST_CHECK enum err cli_card_look(struct cli_card *c, struct card_view *ret);

#endif
