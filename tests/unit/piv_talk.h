/* SPDX-License-Identifier: EUPL-1.2 */
/* What a PIV card says, line by line, for conversations. */
#ifndef DEZI_TESTS_PIV_TALK_H
#define DEZI_TESTS_PIV_TALK_H

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "card/replay.h"
#include "drivers/drivers.h"
#include "tests/unit/repeat.h"

#define ATR		"3B8001 81"
/* It says that it takes extended length: a YubiKey 5. */
#define ATR_EXTENDED	"3BFD1300008131FE158073C021C057597562694B657940"

#define SAY(command, reply)	{ command, reply, ERR_OK }
#define FAIL(command, what)	{ command, NULL, what }

#define SELECT_AID	"00A4040009A0000003080000100000"
#define APT		"61114F06000010000100 79074F05A000000308"
#define SELECT		SAY(SELECT_AID, APT "9000")

#define GET_OF(tag)	"00CB3FFF055C03" tag "00"
#define GET(tag, reply)	SAY(GET_OF(tag), reply)
#define ABSENT(tag)	GET(tag, "6A82")
#define TAG_9A		"5FC105"
#define TAG_9C		"5FC10A"
#define TAG_9D		"5FC10B"
#define TAG_9E		"5FC101"
#define TAG_82		"5FC10D"
#define TAG_83		"5FC10E"
#define TAG_HISTORY	"5FC10C"
#define TAG_CHUID	"5FC102"

#define GUID		"0102030405060708090A0B0C0D0E0F10"
#define CHUID_OF(guid)							\
	"533B 3019" X16("D1") X4("D1") X4("D1") "D1" "3410" guid	\
	"35083230333030313031" "3E00 FE00"
#define CHUID		GET(TAG_CHUID, CHUID_OF(GUID) "9000")
#define GET_DISCOVERY	"00CB3FFF035C017E00"
#define DISCOVERY_OF(policy)						\
	SAY(GET_DISCOVERY, "7E124F0BA0000003080000100001005F2F02" policy "9000")
#define DISCOVERY	DISCOVERY_OF("4010")
#define NO_DISCOVERY	SAY(GET_DISCOVERY, "6A82")

/* A certificate object: certificate and CertInfo; lengths of all and of the former. */
#define OBJECT(n, n_cert, cert, info)	"53" n "70" n_cert cert "7101" info "FE00"
/* No more of X.509 than a driver looks at: everything is empty but the key. */
#define CERT_WITH(n, n_tbs, spki)	"30" n "30" n_tbs "020101" X4("3000") spki
#define P256_SPKI_OF(oid)						\
	"30593013 06072A8648CE3D0201 0608" oid "034200 04" X32("0A") X32("0B")
#define P256_CERT	CERT_WITH("68", "66", P256_SPKI_OF("2A8648CE3D030107"))
#define P256_OBJECT	OBJECT("71", "6A", P256_CERT, "00")
#define CERT_P256	GET(TAG_9A, P256_OBJECT "9000")
#define P384_CERT							\
	CERT_WITH("8186", "8183", "3076 3010 06072A8648CE3D0201 06052B81040022 0362 00 04" \
	    X32("0A") X16("0A") X32("0B") X16("0B"))
#define ED25519_CERT	CERT_WITH("39", "37", "302A 3005 06032B6570 0321 00" X32("0A"))
#define X25519_CERT	CERT_WITH("39", "37", "302A 3005 06032B656E 0321 00" X32("0A"))

/* RSA-2048: 326 bytes, of which 256 come first */
#define RSA_HEAD							\
	"53820142 70820139 30820135 30820131 020101" X4("3000")		\
	"30820122 300D06092A864886F70D0101010500 0382010F00 3082010A 0282010100"
#define RSA_FIRST	RSA_HEAD X64("AB") X64("AB") X64("AB") X4("AB")
#define RSA_REST	X32("AB") X16("AB") X4("AB") X4("AB") X4("AB")		\
	"0203010001 710100 FE00"
#define CERT_RSA							\
	GET(TAG_9A, RSA_FIRST "6146"), SAY("00C0000046", RSA_REST "9000")

#define VERIFY_OF(ref)	"002000" ref "08313233343536FFFF"
#define VERIFY(sw)	SAY(VERIFY_OF("80"), sw)
#define LOGOUT		SAY("0020FF80", "9000")

/* RSA-2048 of "DEADBEEF", padded: in two parts, the answer in two as well */
#define RSA_BLOCK_1	"7C820106 8200 81820100 0001" X64("FF") X64("FF") X64("FF") X32("FF")	\
	X16("FF") "FFFFFF"
#define RSA_BLOCK_2	"FFFFFFFFFFFF 00 DEADBEEF"
#define RSA_SIGN(ref)							\
	SAY("108707" ref "FF" RSA_BLOCK_1, "9000"),			\
	SAY("008707" ref "0B" RSA_BLOCK_2 "00",				\
	    "7C820104 82820100" X64("5A") X64("5A") X64("5A") X32("5A") X16("5A")	\
	    X4("5A") X4("5A") "6108"),					\
	SAY("00C0000008", X4("5A") X4("5A") "9000")

/* ECDSA of a hash of 32 bytes */
#define EC_COMMAND(ref)	"008711" ref "26 7C24 8200 8120" X32("DE") "00"
#define EC_SAYS(reply)	SAY(EC_COMMAND("9A"), reply)
#define EC_SIGN		EC_SAYS("7C0A 8208 3006 020105 020107 9000")

/* GET METADATA of the key in slot 9A: its policies, and the key of P256_CERT or another */
#define KEY_METADATA_OF(policies, point)				\
	SAY("00F7009A00", "010111 0202" policies "030101 0443 8641 04" point "9000")
#define KEY_METADATA(policies)	KEY_METADATA_OF(policies, X32("0A") X32("0B"))

#define LOOK		SELECT, CHUID, DISCOVERY, CERT_RSA
#define LOOK_EC		SELECT, CHUID, DISCOVERY, CERT_P256
#define AGAIN		SELECT, CHUID

/* A profile from the source tree, for the ATR of these conversations. */
static inline void
read_piv_profile(const char *name, const char *atr, struct profile *ret)
{
	AUTO(buf_free) struct buf text = BUF(65536), path = BUF(4096);
	const char *src = getenv("srcdir");

	buf_fmt(&path, "%s/drivers/profiles/%s.profile", src != NULL ? src : ".", name);
	assert_ok(file_read(buf_cstr(&path), &text));
	assert_ok(profile_parse(buf_view(&text), name, ret));
	if (strcmp(atr, ATR) == 0)
		ret->atr[ret->n_atr++] = (struct profile_pattern){
		    { 0x3b, 0x80, 0x01, 0x81 }, { 0xff, 0xff, 0xff, 0xff }, 4, false };
	else if (strcmp(atr, ATR_EXTENDED) == 0 && ret->n_atr == 0)
		ret->atr[ret->n_atr++] = (struct profile_pattern){
		    { 0x3b, 0xfd }, { 0xff, 0xff }, 2, true };
}

#endif
