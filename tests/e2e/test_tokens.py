# SPDX-License-Identifier: EUPL-1.2
"""Logins with PIV and ISO 7816-15 tokens: kinds of keys, policies, what a token may be."""

import json

import house
from house import House
from scenario import equal, refused, scenario
from test_jose import recorded_login

ISSUER = "uzi-register-zorgverlener-ca-g3"
RSA = ("RSA", "rsa_keygen_bits:")
EC = ("EC", "ec_paramgen_curve:")


def new_key(home, name, kind, size):
    """A key of that kind, PEM."""
    path = home.dir / f"{name}.key"
    kind, option = kind if isinstance(kind, tuple) else (kind, None)
    words = ["-pkeyopt", f"{option}{size}"] if option else []
    path.write_bytes(house.openssl("genpkey", "-algorithm", kind, *words))
    path.chmod(0o600)
    return path


def elements(der):
    """What stands one behind the other, each with its tag and length."""
    found = []
    while der:
        length, start = der[1], 2
        if length & 0x80:
            start += length & 0x7f
            length = int.from_bytes(der[2:start], "big")
        found.append(der[:start + length])
        der = der[start + length:]
    return found


def content(der):
    return der[2 + (der[1] & 0x7f if der[1] & 0x80 else 0):]


def element(tag, *parts):
    body = b"".join(parts)
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8 or 1, "big")
    head = size if len(body) < 0x80 else bytes([0x80 | len(size)]) + size
    return bytes([tag]) + head + body


def certify(home, old, key, name):
    """The certificate that this one is, for another key: by the same CA, all else kept."""
    tbs, algorithm, _ = elements(content(old.read_bytes()))
    parts = elements(content(tbs))
    parts[6] = house.openssl("pkey", "-in", key, "-pubout", "-outform", "DER")
    tbs = element(0x30, *parts)
    signature = house.openssl("dgst", "-sha256", "-sign",
                              home.run.pki / "ca" / f"{ISSUER}.key", stdin=tbs)
    path = home.dir / f"{name}.der"
    path.write_bytes(element(0x30, tbs, algorithm, element(0x03, b"\0", signature)))
    return path


def replace(text, slot, lines):
    """The text of a card file with another section [key SLOT]."""
    sections = text.split("\n[")
    for i, section in enumerate(sections):
        if section.startswith(f"key {slot}]"):
            sections[i] = "\n".join([f"key {slot}]", *lines, ""])
    return "\n[".join(sections)


def with_key(home, card, slot, kind, size=None, lines=()):
    """That card with another key and certificate to log in with."""
    name = f"{card}-{slot}-{kind if isinstance(kind, str) else kind[0]}{size or ''}"
    key = new_key(home, name, kind, size)
    certificate = certify(home, home.run.pki / "cards" / card / f"{slot}.der", key, name)
    return home.variant(card, name, lambda text: replace(
        text, slot, [f"key = {key}", f"certificate = {certificate}", *lines]))


def checked_login(home, card, alg, number):
    """Agent, worker and broker log in; what the card signed is verified once more."""
    challenge, assertion = recorded_login(home, card)
    header = house.unb64url(assertion.read_text(encoding="ascii").split(".", maxsplit=1)[0])
    equal(json.loads(header)["alg"], alg)
    done = home.dezi("verify", assertion, "--trust", home.trust, "--environment", "test",
                     "--challenge", challenge, "--json")
    equal(done.returncode, 0, done.stdout + done.stderr)
    assert f'"uzi_number":"{number}"' in done.stdout, done.stdout
    stats = home.box.stats()
    equal((stats["verifies"], stats["verified"], stats["tries"]), (1, False, 3))


@scenario
def an_iso7816_15_card_logs_in(run):
    with House(run) as home:
        checked_login(home, "p15", "RS256", "900000013")


@scenario
def an_iso7816_15_card_with_an_elliptic_key_logs_in(run):
    with House(run) as home:
        checked_login(home, "p15-ec", "ES256", "900000014")
    with House(run) as home:
        card = with_key(home, "p15-ec", "authentication", EC, "P-384", ["reference = 129"])
        checked_login(home, card, "ES384", "900000014")


@scenario
def a_piv_card_logs_in_with_each_kind_of_key(run):
    for kind, size, alg in ((RSA, 2048, "RS256"), (RSA, 3072, "RS256"), (EC, "P-256", "ES256"),
                            (EC, "P-384", "ES384")):
        with House(run) as home:
            checked_login(home, with_key(home, "piv", "9a", kind, size), alg, "900000011")


@scenario
def keys_that_no_login_is_signed_with_are_refused_before_a_pin(run):
    """RSA-1024, and kinds of keys for which there is no algorithm (dezi.md, RFC 7518)."""
    for card, slot, kind, size in (("piv", "9a", RSA, 1024), ("piv", "9a", "ED25519", None),
                                   ("p15", "authentication", RSA, 1024)):
        with House(run) as home:
            home.start(with_key(home, card, slot, kind, size))
            refused(home.login(home.request()), "no_certificate")
            equal(home.person.windows, [], (card, kind, size))
            equal(home.box.stats()["verifies"], 0)
