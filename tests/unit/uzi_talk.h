/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a UZI pass says, line by line, for conversations: two keys (45 authentication,
 * 46 signature), certificates of 14 bytes, the AODF of uzi-card.md section 4.
 */
#ifndef DEZI_TESTS_UZI_TALK_H
#define DEZI_TESTS_UZI_TALK_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "card/cache.h"
#include "card/replay.h"
#include "drivers/drivers.h"

#define ATR		"3BDC18FF8191FE1FC3060A2B06010401E910050203D1"
#define ATR_OTHER	"3B8001 81"

#define SAY(command, reply)	{ command, reply, ERR_OK }
#define FAIL(command, what)	{ command, NULL, what }

#define SELECT_AID	"00A404000CA000000063504B43532D313500"
#define SELECT		SAY(SELECT_AID, "9000")
#define SERIAL		SAY("00CA010008", "0102030405060708 9000")

#define EF(fid, size)	SAY("00A4020002" fid "00", "6F078002" size "820101 9000")
#define READ(at, n, data)	SAY("00B0" at n, data)

#define ODF_BYTES	"A00630040402 4400 A40630040402 4404 A80630040402 4408"
#define ODF		EF("5031", "0018"), READ("0000", "18", ODF_BYTES " 9000")

#define AODF_BYTES							\
	"30473011 0C08557365722050696E 030206C0 040101 3003040103"	\
	"A12D302B 030304CC90 0A0101 020104 02010F 800103 040100"	\
	"180F32303231303330323036343534315A 300404023F00"		\
	"3042300C 0C06534F2050696E 030206C0 3003040101"			\
	"A12D302B 030304CD90 0A0101 020104 02010F 800101 040100"	\
	"180F32303231303330323036343534315A 300404023F00"		\
	"A130301F 0C164368616C6C656E676520526573706F6E7365204B6579"	\
	"030206C0 040101 3003040102 A1083006 0101FF 040102"
#define AODF		EF("4408", "00BF"), READ("0000", "BF", AODF_BYTES " 9000")

/* id, label, usage as BIT STRING, reference; protected by PIN 03; the path is empty */
#define KEY_AUTH							\
	"302B 300D 0C0441555448 03020780 040103"			\
	"300E 040145 03020520 030203B8 020100 A10A3008 30020400 02020800"
#define KEY_SIGN							\
	"302C 300D 0C045349474E 03020780 040103"			\
	"300F 040146 0303062040 030203B8 020101 A10A3008 30020400 02020800"
#define PRKDF		EF("4400", "005B"), READ("0000", "5B", KEY_AUTH KEY_SIGN "9000")

#define CERT_OF(id, label, fid)						\
	"3021 300A 0C04" label "03020640 30030401" id			\
	"A10E300C 300A0408 3F003FFF4302" fid
#define CDF_BYTES							\
	CERT_OF("45", "41555448", "0114") CERT_OF("46", "5349474E", "0115")
#define CDF		EF("4404", "0046"), READ("0000", "46", CDF_BYTES "9000")

#define CERT_BYTES	"300C 30020500 30020500 03020001"
#define CERT_DF		SAY("00A4000C024302", "9000")
#define CERT_EF		EF("0114", "000E")
#define CERT_READ	READ("0000", "0E", CERT_BYTES "9000")
#define CERT		CERT_DF, CERT_EF, CERT_READ

#define TRIES_IS(n)	SAY("8034000300", "03" n "01 9000")
#define TRIES		TRIES_IS("03")

#define DIRECTORIES	ODF, AODF, PRKDF, CDF
#define LOOK		SELECT, SERIAL, DIRECTORIES, CERT, TRIES
#define LOOK_CACHED	SELECT, SERIAL, CERT, TRIES
#define LOOK_CACHED_NO_TRIES SELECT, SERIAL, CERT, SAY("8034000300", "6D00")

/* PIN 123456, padded with 00 to 15 */
#define VERIFY_03	"002000030F3132333435360000000000000000 00"
#define VERIFY(sw)	SAY(VERIFY_03, sw)
#define MSE		SAY("002241B606840100800102", "9000")
#define PSO_COMMAND	"002A9E9A04DEADBEEF00"
#define SIGNATURE	"0102030405060708"
#define PSO		SAY(PSO_COMMAND, SIGNATURE "9000")
#define SIGN		SELECT, SERIAL, TRIES, VERIFY("9000"), MSE, PSO

/* drivers/profiles/NAME.profile, from the source tree. */
static inline void
read_profile(const char *name, struct profile *ret)
{
	AUTO(buf_free) struct buf text = BUF(65536), path = BUF(4096);
	const char *src = getenv("srcdir");

	buf_fmt(&path, "%s/drivers/profiles/%s.profile", src != NULL ? src : ".", name);
	assert_ok(file_read(buf_cstr(&path), &text));
	assert_ok(profile_parse(buf_view(&text), name, ret));
}

static inline void
read_uzi_profile(struct profile *ret)
{
	read_profile("uzi", ret);
}

/* An empty cache in a folder of its own; remove_cache() takes both away. */
static inline struct card_cache *
make_cache(char dir[64])
{
	struct card_cache *c = NULL;

	snprintf(dir, 64, "/tmp/dezi-test-cache.XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_ok(card_cache_open(dir, &c));
	return c;
}

static inline void
remove_cache(struct card_cache **c, const char *dir)
{
	char path[80];

	card_cache_close(c);
	snprintf(path, sizeof(path), "%s/state", dir);
	(void)remove(path);
	(void)rmdir(dir);
}

#endif
