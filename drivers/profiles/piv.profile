# Any card with the PIV application of SP 800-73.  See README.

[profile]
title = PIV card
driver = piv
probe = yes

[card]
# cut off on the right: the version behind it may be any
aid = A0 00 00 03 08 00 00 10 00
extended = atr

[pin]
padding = FF 8
min = 6
max = 8
alphabet = any
# SP 800-73 part 2 has an empty VERIFY for this, and there are cards on which it costs
# a try: it is for profiles of cards that are known.
tries = none
logout = 00 20 FF RR
