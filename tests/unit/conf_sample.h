/* SPDX-License-Identifier: EUPL-1.2 */
/* A configuration that is right, and the key that it pins, for tests and fuzzing. */
#ifndef DEZI_TESTS_CONF_SAMPLE_H
#define DEZI_TESTS_CONF_SAMPLE_H

#define SAMPLE_PEM							\
	"-----BEGIN PUBLIC KEY-----\n"					\
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEpEnjElJTxcz4qOBbT+4O6reegR8I\n" \
	"BmQdDKGd0rwZvnaVrfmYygJ3R1SGw2sYRV2NCe1gJm+gmmcHBitBX8rb9w==\n"	\
	"-----END PUBLIC KEY-----\n"
/* RFC 7638, reckoned with another program than ours. */
#define SAMPLE_THUMBPRINT	"SY5G69fr9DvCpl8HeY7rYD5FxFJKWieydPqV_LyTwpg"

#define SAMPLE_BROKER							\
	"issuer = https://inlog.example\n"				\
	"environment = test\n"						\
	"socket = /run/dezi-broker/agent.sock\n"			\
	"owner = root\n"						\
	"key = " SAMPLE_THUMBPRINT " /etc/dezi/broker.pem\n"		\
	"trust = /etc/dezi/trust/test\n"

#endif
