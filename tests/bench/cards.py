# SPDX-License-Identifier: EUPL-1.2
"""Virtual cards with certificates of a known size, for figures that depend on it."""

import subprocess

PIV, PIV_LONG, YUBIKEY = "bench-piv", "bench-piv-long", "bench-yubikey"
P15, P15_PLAIN, P15_NAMED = "bench-p15", "bench-p15-plain", "bench-p15-named"
STRANGER = "bench-stranger"     # no driver knows it, nor its ATR

PIV_BYTES = 1024    # with what stands around it: five replies of 256 bytes
P15_BYTES = 1200

SERIAL = "serial = 445A000000000041\npin = 123456\npuk = 12345678\n"
ONE_KEY = "[key 9a]\nkey = bench/a.key\ncertificate = bench/piv.der\n"
THREE_KEYS = """\
[key authentication]
key = bench/a.key
certificate = bench/a.der
[key signature]
usage = non_repudiation
key = bench/b.key
certificate = bench/b.der
[key confidentiality]
usage = decrypt
key = bench/c.key
certificate = bench/c.der
"""

# OpenSC knows CardOS 5.3 by its ATR, asks it how long a command may be, and names
# algorithms in its own way.  To us it is a card like any other.
CARDOS = ("[card]\ntype = iso7816-15\natr = 3BD218008131FE58C90316\n" + SERIAL
          + "[applet]\nany_algorithm = yes\ndata = 018D 0400\n")

# The ATR of PIV_LONG says "extended length" (ISO 7816-4, card capabilities).
FILES = {
    PIV: "[card]\ntype = piv\n" + SERIAL + ONE_KEY,
    PIV_LONG: "[card]\ntype = piv\natr = 3B8580018073C021C0D6\n" + SERIAL + ONE_KEY,
    YUBIKEY: ("[card]\ntype = piv\natr = 3BFD1300008131FE158073C021C057597562694B657940\n"
              + SERIAL + "[applet]\nyubico = yes\nversion = 05 04 03\napt = short\n"
              "always_strict = no\nexact = no\n" + ONE_KEY),
    P15: CARDOS + "short_identifiers = yes\n" + THREE_KEYS,
    P15_PLAIN: CARDOS + THREE_KEYS,
    P15_NAMED: "[card]\ntype = iso7816-15\natr = 3B8801444E414D454431358A\n" + SERIAL
               + THREE_KEYS,
    STRANGER: "[card]\ntype = iso7816-15\n" + SERIAL + "[applet]\naid = F000000001\n"
              + THREE_KEYS,
}


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, stdin=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def make_certificate(key, path, size):
    """A comment makes up what is missing."""
    comment = 300
    for _ in range(4):
        openssl("req", "-x509", "-key", key, "-subj", "/C=NL/CN=Bench", "-set_serial", 4096,
                "-days", 30, "-addext", "nsComment=" + "x" * comment, "-outform", "der",
                "-out", path)
        made = path.stat().st_size
        if made == size:
            return
        comment += size - made
    raise AssertionError(f"{path}: {made} bytes, not {size}")


def make(run):
    """Beside those of the test PKI, so that the box finds them."""
    folder = run.pki / "cards" / "bench"
    folder.mkdir()
    for name in "abc":
        openssl("genrsa", "-out", folder / f"{name}.key", 2048)
        make_certificate(folder / f"{name}.key", folder / f"{name}.der", P15_BYTES)
    make_certificate(folder / "a.key", folder / "piv.der", PIV_BYTES)
    for name, text in FILES.items():
        run.card(name).write_text(text, encoding="ascii")
    name_atr(run.programs / "profiles")


def name_atr(profiles):
    """A profile that names the ATR of P15_NAMED, and knows that it has no short identifiers."""
    text = (profiles / "pkcs15.profile").read_text(encoding="utf-8")
    assert "probe = yes" in text and "sfi = yes" in text
    text = text.replace("probe = yes", "atr = 3B 88 01 44 4E 41 4D 45 44 31 35 8A")
    (profiles / "bench.profile").write_text(text.replace("sfi = yes", "sfi = no"),
                                            encoding="utf-8")
