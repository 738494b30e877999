/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every name of ours that leaves the machine or that somebody else configures.
 * "Dezi" is the ministry's name and may have to change: then this file does.
 */
#ifndef DEZI_BASE_NAMES_H
#define DEZI_BASE_NAMES_H

/* JWS header "typ" of the two tokens (docs/broker-protocol.md). */
#define NAME_TYP_CHALLENGE	"dezi-challenge+jwt"
#define NAME_TYP_ASSERTION	"dezi-assertion+jwt"
/* "aud" of every challenge. */
#define NAME_AUD_AGENT		"urn:nl:dezi:agent"
/* "type" of a problem document (RFC 9457) is this and a word of err.h. */
#define NAME_PROBLEM		"tag:dezi.invalid,2026:problem/"
/* The only "Host" values that the sockets answer to. */
#define NAME_HOST_AGENT		"dezi-agent"
#define NAME_HOST_BROKER	"dezi-broker"

/* Below $XDG_RUNTIME_DIR. */
#define NAME_RUNTIME_DIR	"dezi"
#define NAME_AGENT_SOCKET	"agent.sock"

#define NAME_LOA_HIGH		"http://eidas.europa.eu/LoA/high"
#define NAME_LOA_SUBSTANTIAL	"http://eidas.europa.eu/LoA/substantial"
#define NAME_LOA_LOW		"http://eidas.europa.eu/LoA/low"

/* gettext domain */
#define NAME_DOMAIN		"dezi"

#endif
