/* SPDX-License-Identifier: EUPL-1.2 */
/* Results in words for a person, with what can be done (threats.md section 7, "to UI"). */
#include "config.h"

#include "cli/cli.h"

struct text {
	const char *message;
	const char *advice;
};

#define HELP_DESK	N_("Call the help desk.")
#define NEW_PASS	N_("Ask for a new pass at the register that issued it.")
#define TRY_AGAIN	N_("Try again; if it stays so, call the help desk.")
#define ADMINISTRATOR	N_("The administrator of this workstation can solve this: dezi doctor says more.")

static const struct text texts[ERR_COUNT] = {
	[ERR_OK] = { N_("Done."), "" },
	[ERR_CONFIG] = { N_("The configuration is wrong or unsafe."), ADMINISTRATOR },
	[ERR_NO_SERVICE] = { N_("The smartcard service is not running."), ADMINISTRATOR },
	[ERR_PCSC_DENIED] = { N_("You may not use the smartcard service in this session."),
	    N_("Log in at the workstation itself, or ask the administrator for a polkit rule.") },
	[ERR_NO_READER] = { N_("There is no card reader."), N_("Connect the reader.") },
	[ERR_NO_CARD] = { N_("There is no card in the reader."), N_("Insert your card.") },
	[ERR_SEVERAL_CARDS] = { N_("There is more than one usable card."),
	    N_("Leave only your own card in.") },
	[ERR_REMOVED] = { N_("The card was removed."), N_("Insert your card and try again.") },
	[ERR_CARD_CHANGED] = { N_("Another card was put in the reader."),
	    N_("Leave your card in until you are logged in.") },
	[ERR_CARD_RESET] = { N_("Another program disturbed the card."), N_("Try again.") },
	[ERR_CARD_BUSY] = { N_("Another program is using the card."),
	    N_("Close the other program and try again.") },
	[ERR_IO] = { N_("There is no contact with the card."),
	    N_("Take the card out, look whether it is clean, and insert it again.") },
	[ERR_CARD] = { N_("The card answered with an error."), TRY_AGAIN },
	[ERR_CARD_UNKNOWN] = { N_("This card is not recognised."),
	    N_("Insert a card with which you can log in, the right way up.") },
	[ERR_VENDOR_LOCKED] = { N_("This card only answers to its vendor's software."),
	    ADMINISTRATOR },
	[ERR_CARD_INACTIVE] = { N_("The card must be activated first."),
	    N_("Follow the letter that came with the card.") },
	[ERR_MODULE] = { N_("The software of the card's vendor failed."), ADMINISTRATOR },
	[ERR_PIN_WRONG] = { N_("The PIN was wrong."), N_("Look which PIN belongs to this card.") },
	[ERR_PIN_BLOCKED] = { N_("The PIN of this card is blocked."),
	    N_("Unblock it with the PUK: dezi pin unblock.") },
	[ERR_PIN_LAST_TRY] = { N_("Only one try is left; it was not used."),
	    N_("When in doubt, unblock the PIN with the PUK first: dezi pin unblock.") },
	[ERR_PIN_LENGTH] = { N_("A PIN of that length cannot be right; it was not tried."),
	    N_("Look which PIN belongs to this card.") },
	[ERR_PIN_REFUSED] = { N_("The new PIN was not acceptable."),
	    N_("Choose another PIN; the old one still holds.") },
	[ERR_PIN_UNSET] = { N_("The card has no PIN yet."), HELP_DESK },
	[ERR_CANCELLED] = { N_("Cancelled."), "" },
	[ERR_TIMEOUT] = { N_("It took too long."), N_("Try again.") },
	[ERR_NOT_TOUCHED] = { N_("The token was not touched."),
	    N_("Try again, and touch the token when it blinks.") },
	[ERR_NO_PINENTRY] = { N_("The PIN window cannot be shown."), ADMINISTRATOR },
	[ERR_NO_CERT] = { N_("The card has no certificate for login."), NEW_PASS },
	[ERR_CERT_UNTRUSTED] = { N_("The certificate comes from an issuer that is not accepted here."),
	    ADMINISTRATOR },
	[ERR_CERT_EXPIRED] = { N_("The certificate of the card has expired."), NEW_PASS },
	[ERR_CERT_EARLY] = { N_("The certificate of the card is not valid yet."),
	    N_("Look whether the clock of this workstation is right.") },
	[ERR_CERT_USAGE] = { N_("The certificate is not for login."), HELP_DESK },
	[ERR_WEAK_KEY] = { N_("The key on the card is known to be weak."), NEW_PASS },
	[ERR_CERT_POLICY] = { N_("This kind of certificate is not accepted here."), HELP_DESK },
	[ERR_CERT_REVOKED] = { N_("The certificate of the card has been revoked."), NEW_PASS },
	[ERR_REVOCATION] = { N_("It cannot be checked whether the card has been revoked."),
	    TRY_AGAIN },
	[ERR_CERT_PROFILE] = { N_("The certificate does not follow the UZI profile."), HELP_DESK },
	[ERR_PASS_TYPE] = { N_("A pass without a name cannot log in."),
	    N_("Use a pass on your own name.") },
	[ERR_NOT_ALLOWED] = { N_("This is not allowed."), ADMINISTRATOR },
	[ERR_BUSY] = { N_("Another login is in progress."), N_("Finish or cancel that one first.") },
	[ERR_NOT_AVAILABLE] = { N_("Not available in this session."),
	    N_("Unlock the screen and log in at the workstation itself.") },
	[ERR_CHALLENGE] = { N_("The broker's request is not acceptable."), HELP_DESK },
	[ERR_STALE] = { N_("It took too long."), N_("Try again.") },
	[ERR_BROKER] = { N_("There is no contact with agent or broker."), ADMINISTRATOR },
	[ERR_UNKNOWN] = { N_("This login is not known (any more)."), N_("Start again.") },
	[ERR_REPLAYED] = { N_("This was used before."), N_("Start again.") },
	[ERR_SIGNATURE] = { N_("The signature is wrong."), HELP_DESK },
	[ERR_MEANS] = { N_("This means of login is not registered with the broker."), HELP_DESK },
	[ERR_ACR] = { N_("The level of assurance is too low."), HELP_DESK },
	[ERR_PERSON] = { N_("You are not in the register."), HELP_DESK },
	[ERR_GONE] = { N_("The session has ended."), N_("Log in again.") },
};

const char *
cli_message(enum err e)
{
	if (e < ERR_COUNT && texts[e].message != NULL)
		return _(texts[e].message);
	return _("It did not work.");
}

const char *
cli_advice(enum err e)
{
	if (e < ERR_COUNT && texts[e].advice != NULL)
		return texts[e].advice[0] == '\0' ? "" : _(texts[e].advice);
	return _(HELP_DESK);
}
