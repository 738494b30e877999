# YubiKey NEO: older habits.  See README.

[profile]
title = YubiKey NEO
maker = Yubico
driver = piv
atr = 3B FC 13 00 00 81 31 FE 15 59 75 62 69 6B 65 79 4E 45 4F 72 33 E1

[card]
aid = A0 00 00 03 08 00 00 10 00
extended = no

[pin]
padding = FF 8
min = 6
max = 8
alphabet = any
wrong = 630X
tries = empty-verify
logout = none
