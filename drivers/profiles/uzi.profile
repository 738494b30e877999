# The UZI pass: SafeSign IC PKI applet of A.E.T. Europe on NXP JCOP.
# Where nothing is known of the pass itself, this follows other cards with the same
# applet; every such item stands here so that it can be changed.  See README.

[profile]
title = UZI pass
driver = pkcs15
kind = uzi
maker = A.E.T. Europe B.V.
software = SafeSign IC (A.E.T. Europe)
probe = yes
# J2A081, "CIBGUZIJ2A081"
atr = 3B FD 18 00 FF 81 31 FE 45 43 49 42 47 55 5A 49 4A 32 41 30 38 31 58
# JCOP 3 P60 and JCOP 4 P71: OID 1.3.6.1.4.1.13456.5.2.3 and .4
atr = 3B DC 18 FF 81 91 FE 1F C3 06 0A 2B 06 01 04 01 E9 10 05 02 03 D1
atr = 3B DC 18 FF 81 91 FE 1F C3 06 0A 2B 06 01 04 01 E9 10 05 02 04 D6
# an older card of the same issuer: OID 2.16.528.1.1007.6.2
atr = 3B FA 18 00 00 81 31 FE 45 06 08 60 84 10 01 87 6F 06 02 FE
# the next chips: OID 1.3.6.1.4.1.13456.5.2.x; "CIBGUZI..."
historical = 06 0A 2B 06 01 04 01 E9 10 05 02 ??
historical = 43 49 42 47 55 5A 49 *

[card]
aid = A0 00 00 00 63 50 4B 43 53 2D 31 35
channel = 0
select_df = 00 0C
select_ef = 02 00
placeholder = 3F FF
chunk = 254
eof = 62 82
eof = 6A 86
eof = 6B 00
serial = 00 CA 01 00 08
# "I am the ..."
vendor_prompt = 49 20 61 6D 20 74 68 65 20
# of the cards with this AID, these are the ones that answer this
proof = 00 CA 01 00 08

[pin]
aodf = yes
reference = 02
reference = 03
padding = 00 15
# the certification practice statement promises at least 6; the applet stores 15
min = 6
max = 15
alphabet = any
path = no
tries = query 80 34 00 RR 00
tries_at = 1
tries_length = 3
logout = none

[key]
path = no
reference = prkdf
mse = 41 B6
tags = 84 80
rsa_pkcs1 = 02
digest_info = host
