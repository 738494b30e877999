# SPDX-License-Identifier: EUPL-1.2
"""What the broker refuses, each with its own reason, and what it forgets by itself."""

import json
import shutil
import subprocess
import time

import house
from assertion import Pass, answer_to, compact, read
from house import ISSUER, ORIGIN, BrokerKey, House
from scenario import accepted, equal, refused, scenario
from test_login import ended


class Desk:
    """One broker and one open login, answered without a card."""

    def __init__(self, home, run, client="epd", person="z", **more):
        self.home = home
        self.person = Pass(run, person)
        self.request = home.request(client, **more)

    def challenge(self):
        answer = accepted(self.home.to_broker("POST", "/v1/challenges",
                                              {"login": self.request["login"]}))
        return answer["challenge"]

    def send(self, jws):
        return self.home.to_broker("POST", "/v1/assertions",
                                   {"login": self.request["login"], "assertion": jws})

    def answer(self, **changes):
        """Ask for a challenge and answer it, with something changed."""
        person = changes.pop("person", self.person)
        return self.send(answer_to(self.challenge(), person, **changes))


def each(run, cases, **broker):
    """A login of its own for each case: (word, changes)."""
    with House(run) as home:
        home.start_broker(**broker)
        for word, changes in cases:
            desk = Desk(home, run, **changes.pop("desk", {}))
            answer = desk.answer(**changes)
            if answer.word != word or answer.status < 400:
                raise AssertionError(f"{changes}: not {word!r}: {answer}")
        accepted(Desk(home, run).answer())


@scenario
def an_assertion_made_elsewhere_is_accepted(run):
    with House(run) as home:
        home.start_broker()
        desk = Desk(home, run)
        done = accepted(desk.answer())
        for member in ("session", "lease_token", "lease", "finish"):
            assert member in done, done
        got = accepted(home.result(desk.request, done["finish"]))
        equal(got["identity"]["uzi_number"], "900000001")


@scenario
def the_message_must_be_right(run):
    each(run, [
        ("audience_mismatch", {"payload": {"aud": "https://other.example.nl"}}),
        ("audience_mismatch", {"payload": {"aud": ISSUER + "/"}}),
        ("version", {"payload": {"v": 2}}),
        ("malformed", {"payload": {"v": "1"}}),
        ("malformed", {"payload": {"surprise": 1}}),
        ("malformed", {"payload": {"nonce": None}}),
        ("malformed", {"payload": {"evidence": None}}),
        ("request_mismatch", {"payload": {"client_id": "web"}}),
        ("request_mismatch", {"payload": {"rp_name": "Somebody else"}}),
        ("request_mismatch", {"payload": {"origin": ORIGIN}}),
        ("request_mismatch", {"payload": {"nonce": house.b64url(bytes(32))}}),
        ("request_mismatch", {"payload": {"challenge_sha256": house.b64url(bytes(32))}}),
    ])


@scenario
def the_origin_must_be_that_of_the_request(run):
    web = {"client": "web", "origin": ORIGIN}
    each(run, [
        ("request_mismatch", {"desk": dict(web), "payload": {"origin": ORIGIN + "/"}}),
        ("request_mismatch", {"desk": dict(web), "payload": {"origin": None}}),
    ])


@scenario
def the_header_must_be_right(run):
    each(run, [
        ("malformed", {"header": {"typ": "JWT"}}),
        ("malformed", {"header": {"typ": None}}),
        ("malformed", {"header": {"crit": ["exp"], "exp": 1}}),
        ("malformed", {"header": {"jku": "https://evil.example"}}),
        ("malformed", {"header": {"x5c": None}}),
        ("malformed", {"header": {"x5c": []}}),
        ("malformed", {"header": {"x5c": ["!!!!"]}}),
    ])


@scenario
def the_algorithm_must_be_allowed_and_fit_the_key(run):
    with House(run) as home:
        home.start_broker()
        der = Pass(run, "z").der.read_bytes()
        for alg, key in (("none", b""), ("HS256", der), ("HS256", b"")):
            desk = Desk(home, run)
            refused(desk.send(answer_to(desk.challenge(), desk.person,
                                        header={"alg": alg}, key=key)), "alg_refused")
        desk = Desk(home, run)
        good = answer_to(desk.challenge(), desk.person)
        _, body, signature = good.split(".")
        es256 = house.b64url(json.dumps(dict(read(good)[0], alg="ES256")).encode())
        refused(desk.send(".".join((es256, body, signature))), "alg_refused")


@scenario
def the_signature_must_be_right(run):
    with House(run) as home:
        home.start_broker()
        desk = Desk(home, run)
        head, body, signature = answer_to(desk.challenge(), desk.person).split(".")
        changed = json.loads(house.unb64url(body))
        changed["jti"] = "other"
        other = house.b64url(json.dumps(changed).encode())
        refused(desk.send(".".join((head, other, signature))), "signature_invalid")
        # Certificate A with a signature by B.
        desk = Desk(home, run)
        refused(desk.answer(key=Pass(run, "z2").key), "signature_invalid")


@scenario
def the_certificate_must_be_one_for_login(run):
    cases = [
        ("certificate_usage", {"person": Pass(run, "z", "signature")}),
        ("certificate_usage", {"person": Pass(run, "z", "confidentiality")}),
        ("certificate_revoked", {"person": Pass(run, "z-revoked")}),
        ("certificate_expired", {"person": Pass(run, "z-expired")}),
        ("pass_not_personal", {"person": Pass(run, "m")}),
        ("certificate_profile", {"person": Pass(run, "negative/san-six")}),
        ("certificate_profile", {"person": Pass(run, "negative/san-eight")}),
        ("certificate_profile", {"person": Pass(run, "negative/san-odd")}),
        ("certificate_profile", {"person": Pass(run, "negative/san-missing")}),
        ("certificate_profile", {"person": Pass(run, "negative/san-other-person")}),
        ("certificate_not_yet_valid", {"person": Pass(run, "negative/early")}),
        ("certificate_expired", {"person": Pass(run, "negative/expired")}),
        ("certificate_usage", {"person": Pass(run, "negative/usage")}),
        ("certificate_usage", {"person": Pass(run, "negative/eku")}),
        ("certificate_policy", {"person": Pass(run, "negative/policy")}),
        ("pass_not_personal", {"person": Pass(run, "negative/m-pass")}),
    ]
    each(run, cases)


@scenario
def a_pass_of_a_foreign_root(run):
    foreign = next((run.pki / "other").rglob("z/authentication.der"))
    person = Pass(run, str(foreign.relative_to(run.pki).with_suffix("")))
    each(run, [("certificate_untrusted", {"person": person})])


@scenario
def test_certificates_in_a_production_configuration(run):
    with House(run) as home:
        conf = home.broker_conf(environment="production")
        done = subprocess.run([run.program("dezi-broker"), "--config", conf],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, timeout=house.WAIT, check=False)
        assert done.returncode in (1, 2), done
        assert "test" in done.stdout.lower(), done.stdout


@scenario
def without_a_fresh_crl_nobody_gets_in(run):
    with House(run) as home:
        trust = home.dir / "trust"
        shutil.copytree(home.trust, trust)
        for crl in (trust / "crls").iterdir():
            crl.unlink()
        home.start_broker(trust=trust)
        refused(Desk(home, run).answer(), "revocation_unknown")


@scenario
def soft_revocation_is_for_test_only(run):
    with House(run) as home:
        trust = home.dir / "trust"
        shutil.copytree(home.trust, trust)
        for crl in (trust / "crls").iterdir():
            crl.unlink()
        home.start_broker(trust=trust, revocation="soft")
        accepted(Desk(home, run).answer())


@scenario
def a_clock_that_is_wrong_is_reported_not_refused(run):
    with House(run) as home:
        home.start_broker()
        accepted(Desk(home, run).answer(payload={"iat": int(time.time()) - 7200}))
        # A day is no skew any more.
        refused(Desk(home, run).answer(payload={"iat": 1000000000}), "challenge_expired")
        records = (home.broker_dir / "audit.log").read_text(encoding="utf-8").splitlines()
        skews = [json.loads(line)["clock_skew"] for line in records if "clock_skew" in line]
        assert len(skews) == 1 and -7300 < int(skews[0]) < -7100, skews


@scenario
def an_assertion_is_used_once(run):
    with House(run) as home:
        home.start_broker()
        desk = Desk(home, run)
        jws = answer_to(desk.challenge(), desk.person)
        accepted(desk.send(jws))
        refused(desk.send(jws), "replayed", 403)
        # For another login neither.
        other = Desk(home, run)
        other.challenge()
        refused(other.send(jws), "request_mismatch")


@scenario
def a_refused_assertion_uses_up_the_nonce(run):
    with House(run) as home:
        home.start_broker()
        desk = Desk(home, run)
        challenge = desk.challenge()
        refused(desk.send(answer_to(challenge, desk.person, payload={"aud": "x"})),
                "audience_mismatch")
        refused(desk.send(answer_to(challenge, desk.person)), "replayed", 403)


@scenario
def a_challenge_that_another_key_signed(run):
    """The broker's own challenge, word for word, but not its signature."""
    with House(run) as home:
        home.start_broker()
        desk = Desk(home, run)
        challenge = desk.challenge()
        forged = challenge.rsplit(".", 1)[0] + "." + house.b64url(bytes(64))
        refused(desk.send(answer_to(forged, desk.person)), "request_mismatch")


@scenario
def a_new_challenge_replaces_the_former(run):
    with House(run) as home:
        home.start_broker()
        desk = Desk(home, run)
        first, second = desk.challenge(), desk.challenge()
        assert read(first)[1]["nonce"] != read(second)[1]["nonce"]
        refused(desk.send(answer_to(first, desk.person)), "request_mismatch")
        desk = Desk(home, run)
        for _ in range(3):
            desk.challenge()
        refused(home.to_broker("POST", "/v1/challenges", {"login": desk.request["login"]}),
                "limit")


@scenario
def a_challenge_says_what_the_protocol_says(run):
    with House(run) as home:
        home.start_broker()
        header, claims = read(Desk(home, run, client="web", origin=ORIGIN).challenge())
        equal(header["alg"], "ES256")
        equal(header["typ"], "dezi-challenge+jwt")
        equal(header["kid"], home.key.thumbprint)
        equal(claims["v"], 1)
        equal(claims["iss"], ISSUER)
        equal(claims["aud"], "urn:nl:dezi:agent")
        equal(claims["client_id"], "web")
        equal(claims["origin"], ORIGIN)
        equal(claims["acr"], house.LOA_HIGH)
        equal(len(house.unb64url(claims["nonce"])), 32)
        assert 0 < claims["exp"] - claims["iat"] <= 120, claims
        assert claims["rp_name"]["nl"], claims


@scenario
def bodies_that_no_broker_reads(run):
    with House(run) as home:
        home.start_broker()
        login = home.request()["login"]
        twice = f'{{"login":"{login}","login":"{login}"}}'.encode()
        deep = b'{"login":' + b"[" * 1000 + b"]" * 1000 + b"}"
        for body in (b"", b"{", b"[]", twice, b'{"login":null}', b"\xff"):
            refused(home.to_broker("POST", "/v1/challenges", body), "malformed", 400)
        refused(home.to_broker("POST", "/v1/challenges", deep), "limit", 413)
        for call in (home.to_broker, home.to_clients):
            equal(call("POST", "/v1/requests", b" " * 1000000).status, 413)
        desk = Desk(home, run)
        desk.challenge()
        for jws in ("", "a", "a.b", "a.b.c.d", "..", "e30.e30.", "x" * 60000):
            answer = desk.send(jws)
            assert 400 <= answer.status < 500 and answer.word, (jws[:40], answer)
        payload = answer_to(Desk(home, run).challenge(), desk.person).split(".")[1]
        claims = house.unb64url(payload)
        double = claims[:-1] + b',"v":1}'
        desk = Desk(home, run)
        desk.challenge()
        refused(desk.send(compact({"alg": "RS256", "typ": "dezi-assertion+jwt",
                                   "x5c": desk.person.x5c()}, double, desk.person.key)),
                "malformed")


@scenario
def headers_of_a_browser_are_refused_by_the_broker(run):
    with House(run) as home:
        home.start_broker()
        body = {"login": home.request()["login"]}
        for headers in ({"Origin": ORIGIN}, {"Sec-Fetch-Site": "none"}, {"Host": "localhost"}):
            refused(home.to_broker("POST", "/v1/challenges", body, headers=headers),
                    "not_allowed", 403)


@scenario
def a_level_that_no_means_reaches(run):
    with House(run) as home:
        low = home.means_conf().replace(house.LOA_HIGH, house.LOA_HIGH.replace("high", "low"))
        home.start_broker(means=home.write("low-means.conf", low))
        answer = home.to_clients("POST", "/v1/requests", {
            "client_id": "epd", "client_secret": house.CLIENT_SECRETS["epd"],
            "acr": house.LOA_HIGH})
        refused(answer, "acr_not_met")


@scenario
def a_means_that_is_not_registered(run):
    with House(run) as home:
        text = home.means_conf().replace("driver = uzi", "driver = other")
        home.start_broker(means=home.write("other-means.conf", text))
        refused(Desk(home, run).answer(), "means_refused")


@scenario
def a_person_who_is_not_in_the_register(run):
    with House(run) as home:
        register = home.REGISTER.replace("900000001", "900000009")
        home.start_broker(register=home.write("small-register.conf", register))
        refused(Desk(home, run).answer(), "not_registered")


@scenario
def a_blocked_person(run):
    with House(run) as home:
        register = home.REGISTER.replace("status = active", "status = blocked")
        home.start_broker(register=home.write("blocked-register.conf", register))
        refused(Desk(home, run).answer(), "not_registered")


@scenario
def a_lease_that_is_not_renewed_runs_out(run):
    with House(run) as home:
        home.start_broker(lease_seconds=5)
        desk = Desk(home, run)
        done = accepted(desk.answer())
        session = accepted(home.result(desk.request, done["finish"]))["session"]
        bearer = {"Authorization": f"Bearer {done['lease_token']}"}
        renewed = home.to_broker("PUT", f"/v1/sessions/{session}/lease", {"card": "present"},
                                 headers=bearer)
        accepted(renewed)
        equal(ended(home, desk.request, session), None)
        house.eventually("the lease ran out", lambda: ended(home, desk.request, session), 10)
        equal(home.to_broker("PUT", f"/v1/sessions/{session}/lease", {"card": "present"},
                             headers=bearer).status, 410)


@scenario
def state_outlives_a_broker_that_is_killed(run):
    with House(run) as home:
        home.start_broker()
        desk = Desk(home, run)
        jws = answer_to(desk.challenge(), desk.person)
        done = accepted(desk.send(jws))
        home.broker.kill()
        home.processes.remove(home.broker)
        home.start_broker()
        refused(desk.send(jws), "replayed", 403)
        session = accepted(home.result(desk.request, done["finish"]))["session"]
        equal(ended(home, desk.request, session), None)


@scenario
def keys_roll_over(run):
    """A broker with a new key; agents that know both go on, the old challenges too."""
    with House(run) as home:
        new = BrokerKey(home.dir, "new-key")
        home.box.start_cards("z")
        home.start_broker(key=[new.private, home.key.private])
        home.start_agent(broker={"key": [f"{home.key.thumbprint} {home.key.public}",
                                         f"{new.thumbprint} {new.public}"]})
        home.wait_cards(1)
        accepted(home.login(home.request()))
