# YubiKey 4 and 5: a PIV card with a few commands of its own.  See README.

[profile]
title = YubiKey
maker = Yubico
driver = piv
# YubiKey 5, USB and NFC; YubiKey 4
atr = 3B FD 13 00 00 81 31 FE 15 80 73 C0 21 C0 57 59 75 62 69 4B 65 79 40
atr = 3B 8D 80 01 80 73 C0 21 C0 57 59 75 62 69 4B 65 79 F9
atr = 3B F8 13 00 00 81 31 FE 15 59 75 62 69 6B 65 79 34 D4

[card]
aid = A0 00 00 03 08 00 00 10 00
extended = atr
# firmware 5 and later; before, the CHUID is asked
serial = 00 F8 00 00 00

[pin]
padding = FF 8
min = 6
max = 8
alphabet = any
global = no
# firmware 5.3 and later; before, an empty VERIFY, which costs nothing here
tries = metadata
logout = 00 20 FF RR

[key]
# firmware 4.3 and later
attestation = yes
