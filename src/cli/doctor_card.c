/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi doctor: the smartcard service, and the cards in its readers. */
#include "config.h"

#include "base/clock.h"
#include "card/reader.h"
#include "card/session.h"
#include "cli/doctor.h"

#define SOON_DAYS	30	/* "soon to expire", threats.md section 7 */
#define DAY		86400

static void
pcscd_version(struct doctor *d)
{
	static const char *const paths[] = { "/usr/sbin/pcscd", "/usr/bin/pcscd" };
	static const char *const words[] = { "--version", NULL };
	AUTO(buf_free) struct buf said = BUF(4096);
	struct cur rest, line;
	char text[128];
	int status;

	for (size_t i = 0; i < NELEM(paths); i++) {
		if (doctor_run(paths[i], words, &said, &status) != ERR_OK)
			continue;
		rest = buf_view(&said);
		if (status == 0 && cur_until(&rest, '\n', &line) &&
		    cur_to_str(line, text, sizeof(text))) {
			doctor_say(d, DOCTOR_GOOD, "pcscd", "", "%s", cli_safe(text));
			return;
		}
	}
	doctor_say(d, DOCTOR_WARNING, "pcscd", _("Is the package pcscd installed?"),
	    _("its version is not known"));
}

void
doctor_pcscd(struct doctor *d)
{
	pcscd_version(d);
	if (d->readers.pcsc != NULL)
		doctor_say(d, DOCTOR_GOOD, "pcscd", "", _("it answers"));
	else if (d->readers_result == ERR_NO_SERVICE)
		doctor_say(d, DOCTOR_WRONG, "pcscd", "systemctl enable --now pcscd.socket",
		    "%s", cli_message(ERR_NO_SERVICE));
	else if (d->readers_result == ERR_PCSC_DENIED)
		doctor_say(d, DOCTOR_WRONG, "pcscd", cli_advice(ERR_PCSC_DENIED), "%s",
		    cli_message(ERR_PCSC_DENIED));
	else if (d->readers_result != ERR_CONFIG)
		doctor_say(d, DOCTOR_WRONG, "pcscd", "", "%s", cli_message(d->readers_result));
}

static void
check_dates(struct doctor *d, const struct cert *cert)
{
	int64_t now = clock_utc();
	int64_t days = (cert_not_after(cert) - now) / DAY;
	char date[32];

	cli_date(cert_not_after(cert), date);
	if (now > cert_not_after(cert))
		doctor_say(d, DOCTOR_WRONG, "certificate", cli_advice(ERR_CERT_EXPIRED),
		    _("expired on %s"), date);
	else if (days <= SOON_DAYS)
		doctor_say(d, DOCTOR_WARNING, "certificate", cli_advice(ERR_CERT_EXPIRED),
		    _("expires in %d days, on %s"), (int)days, date);
	else
		doctor_say(d, DOCTOR_GOOD, "certificate", "", _("valid until %s"), date);
}

/* Would the default broker's environment know this certificate? */
static void
check_chain(struct doctor *d, const struct cert *cert)
{
	AUTO(cert_store_free) struct cert_store *store = NULL;
	AUTO(cert_verdict_free) struct cert_verdict verdict = { 0 };
	const struct host_conf *c = d->readers.conf;
	struct cert_rules rules = { .now = clock_utc(), .pass_types = "ZN" };
	enum err r;

	if (c == NULL || cert_store_load(c->brokers[0].trust, c->brokers[0].environment,
	    CERT_REVOCATION_ELSEWHERE, &store) != ERR_OK)
		return;
	r = cert_check_login(store, cert, NULL, 0, &rules, &verdict);
	if (r == ERR_OK)
		doctor_say(d, DOCTOR_GOOD, "certificate", "", _("accepted for broker %s"),
		    c->brokers[0].name);
	else if (r != ERR_CERT_EXPIRED)
		doctor_say(d, DOCTOR_WRONG, "certificate", cli_advice(r), "%s", cli_message(r));
}

/* What a program that used the card leaves behind; a login of ours leaves nothing open. */
static void
check_logout(struct doctor *d, const struct card *card)
{
	if (card_has_logout(card))
		doctor_say(d, DOCTOR_GOOD, "logout", "", _("the card forgets the PIN on command"));
	else if (d->reset_on_logout)
		doctor_say(d, DOCTOR_GOOD, "logout", "",
		    _("no command for it: the card is reset, for every program, when a program "
		    "logs out of dezi-pkcs11.so"));
	else
		doctor_say(d, DOCTOR_WARNING, "logout",
		    _("Take the card out after use, or set reset_on_logout = yes in pkcs11.conf."),
		    _("no command for it: after a program logged out of dezi-pkcs11.so the card "
		    "stays open for other programs until it is removed or reset"));
}

/* A reader is believed to have a keypad where a file says so (T27). */
static void
check_keypad(struct doctor *d, struct reader *reader, const struct card_view *view)
{
	const struct host_conf *c = d->readers.conf;
	const struct features *f = reader_features(reader);
	const struct keypad *k = keypads_find(&d->readers.profiles.keypads, f, reader->name);
	struct pad_codes codes;
	bool has = pad_codes(f, PAD_VERIFY, &codes) && (k == NULL || !k->absent);
	bool can = has && k != NULL && pad_can(f, k, PAD_VERIFY, &view->rules);

	if (c != NULL && c->pinpad == HOST_PINPAD_REQUIRED && !can)
		doctor_say(d, DOCTOR_WRONG, "keypad",
		    _("Use a reader with keys that keypads.conf names, or change pinpad in "
		    "agent.conf."),
		    _("PINs must be typed on the reader (pinpad = required), and for this card "
		    "they cannot be typed on this one"));
	else if (!has)
		return;
	else if (k == NULL)
		doctor_say(d, DOCTOR_GOOD, "keypad", "",
		    _("it says that it has a keypad; keypads.conf does not name it, so that it "
		    "is not used"));
	else if (!can)
		doctor_say(d, DOCTOR_GOOD, "keypad", "",
		    _("it has a keypad, and for this card PINs cannot be typed on it"));
	else if (c == NULL || c->pinpad == HOST_PINPAD_NEVER)
		doctor_say(d, DOCTOR_GOOD, "keypad", "",
		    _("it has a keypad, which the policy does not use (pinpad = never)"));
	else
		doctor_say(d, DOCTOR_GOOD, "keypad", "",
		    _("it has a keypad, on which PINs are typed"));
}

static void
check_card(struct doctor *d, const struct pcsc_reader_state *r)
{
	AUTO(cli_card_close) struct cli_card card = { 0 };
	AUTO(card_view_free) struct card_view view = { 0 };
	AUTO(cert_free) struct cert *cert = NULL;
	const struct host_module *m;
	enum err e;

	if ((e = cli_card_open(&d->readers, r, &card)) != ERR_OK ||
	    (e = cli_card_look(&card, &view)) != ERR_OK) {
		if ((m = cli_module_for(&d->readers, e, r)) != NULL) {
			doctor_say(d, DOCTOR_GOOD, "card", "", _("for [module %s]: %s"),
			    m->name, cli_message(e));
			return;
		}
		doctor_say(d, DOCTOR_WRONG, "card", cli_advice(e), "%s", cli_message(e));
		return;
	}
	doctor_say(d, DOCTOR_GOOD, "card", "", _("recognised as %s (%s)"),
	    cli_safe(card_driver(card.card)), cli_safe(card_profile_name(card.card)));
	if (card.reader->suspicious)
		doctor_say(d, DOCTOR_WARNING, "card",
		    _("Look whether this is the card that it seems to be, and what is between "
		    "it and the reader."), _("it gives more than it is asked for"));
	check_logout(d, card.card);
	check_keypad(d, card.reader, &view);
	if (view.pin.blocked || view.pin.tries == 0)
		doctor_say(d, DOCTOR_WRONG, "PIN", cli_advice(ERR_PIN_BLOCKED), "%s",
		    cli_message(ERR_PIN_BLOCKED));
	else if (view.pin.last_try)
		doctor_say(d, DOCTOR_WARNING, "PIN", cli_advice(ERR_PIN_LAST_TRY),
		    _("only one try is left"));
	if ((e = cert_parse(buf_view(&view.cert), &cert)) != ERR_OK) {
		doctor_say(d, DOCTOR_WRONG, "certificate", cli_advice(e), "%s", cli_message(e));
		return;
	}
	check_dates(d, cert);
	check_chain(d, cert);
}

void
doctor_cards(struct doctor *d)
{
	if (d->readers.pcsc == NULL)
		return;
	if (d->readers_result != ERR_OK) {
		doctor_say(d, DOCTOR_WRONG, "profiles", _("Install dezi-agent again."),
		    "%s (%s)", cli_message(d->readers_result), cli_safe(err_trail()));
		return;
	}
	if (d->readers.n == 0)
		doctor_say(d, DOCTOR_WRONG, "reader", cli_advice(ERR_NO_READER), "%s",
		    cli_message(ERR_NO_READER));
	for (size_t i = 0; i < d->readers.n; i++) {
		const struct pcsc_reader_state *r = &d->readers.r[i];
		bool ignored = cli_reader_ignored(&d->readers, r);

		doctor_say(d, DOCTOR_GOOD, "reader", "", "%s%s%s", cli_safe(r->name),
		    ignored ? _(" (ignored by configuration)") : "",
		    r->in_use ? _(" (in use by another program)") : "");
		if (r->mute)
			doctor_say(d, DOCTOR_WRONG, "card", cli_advice(ERR_IO),
			    _("a card that does not answer: upside down, or damaged?"));
		else if (r->present && !ignored)
			check_card(d, r);
	}
}
