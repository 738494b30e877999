# SPDX-License-Identifier: EUPL-1.2
"""Assertions made without a card and without our code: from keys in files, by openssl(1)."""

import base64
import hashlib
import hmac
import json
import os
import time

from house import ISSUER, b64url, openssl, unb64url


def read(compact):
    """Header and payload of a compact JWS, unchecked."""
    header, payload, _ = compact.split(".")
    return json.loads(unb64url(header)), json.loads(unb64url(payload))


def sign(key, signing_input, alg):
    """A raw JWS signature; key is a file, or bytes for HS256."""
    if alg == "none":
        return b""
    if alg == "HS256":
        return hmac.new(key, signing_input, hashlib.sha256).digest()
    padding = [] if alg == "RS256" else ["-sigopt", "rsa_padding_mode:pss",
                                         "-sigopt", "rsa_pss_saltlen:digest"]
    form = ["-keyform", key_form(key)]
    return openssl("dgst", "-sha256", "-sign", key, *form, *padding, stdin=signing_input)


def key_form(path):
    with open(path, "rb") as data:
        return "PEM" if data.read(1) == b"-" else "DER"


def compact(header, payload, key):
    """Sign what is given, whatever it is; bytes are taken as they are."""
    parts = [part if isinstance(part, bytes) else
             json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode()
             for part in (header, payload)]
    signing_input = (b64url(parts[0]) + "." + b64url(parts[1])).encode()
    alg = header["alg"] if isinstance(header, dict) else "RS256"
    return signing_input.decode() + "." + b64url(sign(key, signing_input, alg))


class Pass:
    """The certificate and key of a pass, or any other pair in the test PKI."""

    def __init__(self, run, name, purpose="authentication"):
        if "/" in name:
            base = run.pki / name
            self.der, self.key = base.with_suffix(".der"), base.with_suffix(".key")
        else:
            self.der = run.pki / "cards" / name / f"{purpose}.der"
            self.key = run.pki / "cards" / name / f"{purpose}.key"

    def x5c(self):
        return [base64.b64encode(self.der.read_bytes()).decode()]


def answer_to(challenge, person, header=None, payload=None, key=None):
    """A right assertion for a challenge, with members replaced (None: left out)."""
    _, asked = read(challenge)
    head = {"alg": "RS256", "typ": "dezi-assertion+jwt", "x5c": person.x5c()}
    body = {
        "v": 1,
        "challenge_sha256": b64url(hashlib.sha256(challenge.encode()).digest()),
        "nonce": asked["nonce"], "aud": ISSUER, "client_id": asked["client_id"],
        "rp_name": asked["rp_name"]["nl"], "iat": int(time.time()),
        "jti": b64url(os.urandom(16)),
        "evidence": {"means": "native", "driver": "uzi", "reader": "Virtual PCD 00 00",
                     "pin_entry": "window", "one_transaction": True, "caller": "/usr/bin/epd"},
    }
    if "origin" in asked:
        body["origin"] = asked["origin"]
    for target, changes in ((head, header), (body, payload)):
        for name, value in (changes or {}).items():
            if value is None:
                target.pop(name, None)
            else:
                target[name] = value
    return compact(head, body, person.key if key is None else key)
