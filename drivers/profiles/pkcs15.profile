# Any card with an ISO 7816-15 (PKCS #15) application, as the card describes itself.
# What one kind of card does its own way goes into a profile of its own, with its ATR;
# then its application is also looked for beyond its AID (search).  See README.

[profile]
title = ISO 7816-15
driver = pkcs15
probe = yes

[card]
aid = A0 00 00 00 63 50 4B 43 53 2D 31 35
search = yes
adapt = yes
sfi = yes
select_df = 00 0C
select_ef = 02 04
chunk = 256
# "I am the ..."
vendor_prompt = 49 20 61 6D 20 74 68 65 20

[pin]
aodf = yes
min = 1
max = 64
# references count within a folder: in the wrong one it would be another PIN
path = yes
# an empty VERIFY costs a try on some cards, and this may be one
tries = none
logout = none

[key]
reference = file
rsa_pkcs1 = none
digest_info = token
