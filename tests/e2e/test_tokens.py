# SPDX-License-Identifier: EUPL-1.2
"""Logins with PIV and ISO 7816-15 tokens: kinds of keys, policies, what a token may be."""

import json
import secrets

import house
from house import PIN, House
from pinentry import Person
from scenario import equal, refused, scenario
from test_jose import recorded_login
from test_login import log_in

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


def with_this_key(home, card, slot, key, certificate, lines=()):
    return home.variant(card, key.stem, lambda text: replace(
        text, slot, [f"key = {key}", f"certificate = {certificate}", *lines]))


def with_key(home, card, slot, kind, size=None, lines=()):
    """That card with another key and certificate to log in with."""
    name = f"{card}-{slot}-{kind if isinstance(kind, str) else kind[0]}{size or ''}"
    key = new_key(home, name, kind, size)
    certificate = certify(home, home.run.pki / "cards" / card / f"{slot}.der", key, name)
    return with_this_key(home, card, slot, key, certificate, lines)


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


def small_primes(count):
    found, number = [], 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


def badly_made_prime(product):
    """As a library of Infineon made them: k * M + (65537^a mod M) (CVE-2017-15361)."""
    while True:
        k = (3 << 1022) // product + secrets.randbelow((1 << 1022) // product)
        prime = k * product + pow(65537, secrets.randbelow(1 << 256), product)
        if all(pow(a, prime - 1, prime) == 1 for a in (2, 3, 5, 7)):
            return prime


def badly_made_key(home):
    """RSAPrivateKey, RFC 8017 appendix A.1.2."""
    product = 1
    for prime in small_primes(126):
        product *= prime
    p, q = badly_made_prime(product), badly_made_prime(product)
    d = pow(65537, -1, (p - 1) * (q - 1))
    numbers = (0, p * q, 65537, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))
    der = element(0x30, *(element(0x02, n.to_bytes(n.bit_length() // 8 + 1, "big"))
                          for n in numbers))
    path = home.dir / "weak.key"
    path.write_bytes(house.openssl("pkey", "-inform", "DER", stdin=der))
    path.chmod(0o600)
    return path


@scenario
def a_key_that_was_badly_made_is_refused_before_a_pin(run):
    """ROCA: tokens of old, YubiKeys with firmware 4.2 and 4.3 among them (piv.md 7)."""
    with House(run) as home:
        key = badly_made_key(home)
        old = run.pki / "cards" / "piv" / "9a.der"
        home.start(with_this_key(home, "piv", "9a", key, certify(home, old, key, "weak")))
        refused(home.login(home.request()), "weak_key")
        equal(home.person.windows, [])
        equal(home.box.stats()["verifies"], 0)


def yubikey(home, name, *lines):
    """The YubiKey, with more said of the key that logs in."""
    folder = home.run.pki / "cards" / "piv-yubikey"
    return home.variant("piv-yubikey", name, lambda text: replace(text, "9a", [
        f"key = {folder}/9a.key", f"certificate = {folder}/9a.der", *lines]))


@scenario
def a_person_is_told_to_touch_the_token(run):
    with House(run) as home:
        home.start(yubikey(home, "touch", "touch = always"))
        home.box.ctl("on", 0, "sign", "delay", 1500)
        log_in(home)
        equal([window["kind"] for window in home.person.windows], ["pin", "confirm"])
        text = home.person.windows[1]["text"]
        assert "ouch the token" in text or "aak het token aan" in text, text
        # Nobody did (vector 70): the PIN is not to blame, and not asked for again.
        home.box.ctl("on", 0, "sign", "sw", "6982")
        refused(home.login(home.request()), "not_touched")
        # ... where the word to touch may be gone before anybody saw it.
        equal([w["kind"] for w in home.person.windows[2:] if w["kind"] == "pin"], ["pin"])
        stats = home.box.stats()
        equal((stats["tries"], stats["verifies"], stats["verified"]), (3, 2, False))


@scenario
def a_wrong_pin_of_a_token_that_wants_touch_may_be_repeated(run):
    pins = iter(["654321", PIN])
    with House(run, pin=lambda window: next(pins) if window["kind"] == "pin"
               else Person.HANG) as home:
        home.start(yubikey(home, "touch", "touch = cached"))
        home.box.ctl("on", 0, "sign", "delay", 1500)
        log_in(home)
        kinds = [window["kind"] for window in home.person.windows]
        equal(kinds.count("pin"), 2)
        equal(kinds[-1], "confirm")


@scenario
def a_wrong_pin_of_a_token_that_came_later_may_be_repeated(run):
    pins = iter(["654321", PIN])
    waiting = []

    def person(window):
        if window["kind"] == "pin":
            return next(pins)
        if waiting:
            home.box.insert(waiting.pop())
        return Person.HANG
    with House(run, pin=person) as home:
        home.start()
        waiting.append(yubikey(home, "touch", "touch = cached"))
        log_in(home)
        kinds = [window["kind"] for window in home.person.windows]
        # The first word to touch may be heard of late: it is gone as soon as the PIN is wrong.
        equal((kinds[0], kinds.count("pin"), kinds[-1]), ("confirm", 2, "confirm"))


@scenario
def a_token_may_want_the_pin_right_before_each_use(run):
    with House(run) as home:
        card = yubikey(home, "always", "pin = always")
        text = card.with_suffix(".card").read_text(encoding="utf-8")
        card.with_suffix(".card").write_text(
            text.replace("always_strict = no", "always_strict = yes"), encoding="utf-8")
        home.start(card)
        log_in(home)
        log_in(home)
        equal(home.box.stats()["verifies"], 2)


@scenario
def a_key_that_anyone_may_use_logs_nobody_in(run):
    with House(run) as home:
        home.start(yubikey(home, "never", "pin = never"))
        refused(home.login(home.request()), "no_certificate")
        equal(home.person.windows, [])


@scenario
def a_certificate_of_another_key_logs_nobody_in(run):
    """Vector 47: what is in the token is not what the certificate says."""
    with House(run) as home:
        key = new_key(home, "other", EC, "P-256")
        certificate = run.pki / "cards" / "piv-yubikey" / "9a.der"
        home.start(with_this_key(home, "piv-yubikey", "9a", key, certificate))
        refused(home.login(home.request()), "no_certificate")
        equal(home.box.stats()["verifies"], 0)


@scenario
def a_piv_card_logs_in_with_the_global_pin(run):
    """The discovery object says which PIN the person has (SP 800-73-5 part 1, 3.3.2)."""
    with House(run, pin=lambda window: "222222") as home:
        home.start(home.variant("piv", "global", lambda text: text.replace(
            "\npin = ", "\npin2 = 222222\npin = ").replace(
            "\n[key 9a]", "\n[applet]\ndiscovery = global\n\n[key 9a]")))
        log_in(home)
        equal(home.box.stats()["verifies"], 1)


@scenario
def a_card_may_want_digits_instead_of_text(run):
    """ISO 7816-15 pinType bcd and iso9564-1, of odd and even length."""
    for form in ("bcd", "iso9564"):
        for secret in ("123456", "7654321"):
            with House(run, pin=lambda window, typed=secret: typed) as home:
                home.start(home.variant("p15", form, lambda text: text.replace(
                    "\npin = 123456", f"\npin = {secret}").replace(
                    "[applet]\n", f"[applet]\npin_form = {form}\n")))
                log_in(home)
                home.person.act = lambda window: "abcdefgh"
                refused(home.login(home.request()), "pin_length")
                stats = home.box.stats()
                equal((stats["verifies"], stats["tries"]), (1, 3), form)
