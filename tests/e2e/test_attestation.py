# SPDX-License-Identifier: EUPL-1.2
"""Tokens whose maker vouches for their keys, and a broker that demands it."""

import base64
import json
import re
import shutil
import subprocess

import house
from assertion import answer_to, read
from house import House, LOA_HIGH
from scenario import accepted, equal, refused, scenario
from test_broker import Desk
from test_jose import recorded_login

YUBIKEY = "piv-yubikey"


def vendors(run):
    return run.pki / "trust" / "attestation"


def demanding(home, folder=None, demand="required", *more):
    """One means: a PIV token whose maker is in that folder."""
    issuer_cn, policy = house.certificate_facts(home.run.pki, "piv")
    return home.write("demanding.conf", "\n".join([
        "[means token]", f"issuer_cn = {issuer_cn}", f"policy = {policy}", "driver = piv",
        "one_transaction = yes", f"acr = {LOA_HIGH}", f"attestation = {demand}",
        f"attestation_vendors = {folder or vendors(home.run)}", *more, ""]))


def recorded(home):
    """The last assertion in the broker's audit."""
    lines = (home.broker_dir / "audit.log").read_text(encoding="utf-8").splitlines()
    return [record for record in map(json.loads, lines) if record["event"] == "assertion"][-1]


def outcome(run, card, word, *more, folder=None, demand="required"):
    """One login with a card: what the broker says of its attestation."""
    with House(run) as home:
        name = card if isinstance(card, str) else home.variant(YUBIKEY, "variant", card)
        home.start(name, broker={"means": demanding(home, folder, demand, *more)})
        answer = home.login(home.request())
        if word in ("good", "absent, and well"):
            accepted(answer)
        else:
            refused(answer, "means_refused", 403)
        record = recorded(home)
        equal(record["attestation"], word.split(",", maxsplit=1)[0], record)
        # The token did its part: the verdict is the broker's.
        stats = home.box.stats()
        equal((stats["verifies"], stats["signatures"] >= 1), (1, True))
        return record


def edit(pattern, text):
    return lambda card: re.sub(pattern, text, card, count=1, flags=re.M)


def in_9a(line):
    return edit(r"^\[key 9a\]$", "[key 9a]\n" + line)


@scenario
def a_token_whose_maker_vouches_for_its_key_is_accepted(run):
    record = outcome(run, YUBIKEY, "good", "attestation_pin = once")
    equal((record["token_firmware"], record["token_pin_policy"], record["token_touch_policy"],
           record["token_form_factor"]), ("5.4.3", "once", "never", "A-keychain"))
    equal(record["token_serial"], "18")


@scenario
def a_token_that_attests_nothing_is_refused_where_that_is_demanded(run):
    outcome(run, "piv", "absent")
    outcome(run, "piv", "absent, and well", demand="optional")


@scenario
def a_maker_who_is_not_pinned_is_refused(run):
    foreign = run.pki / "other" / "trust" / "attestation"
    outcome(run, YUBIKEY, "untrusted", folder=foreign)
    outcome(run, YUBIKEY, "untrusted", folder=foreign, demand="optional")


@scenario
def a_key_that_was_brought_into_the_token_is_not_attested(run):
    outcome(run, in_9a("imported = yes"), "absent")


@scenario
def what_the_maker_says_is_compared_with_the_registry(run):
    # Firmware before 5.3 does not tell the workstation, but its maker tells the broker.
    outcome(run, lambda card: edit("^version = .*$", "version = 05 02 00")(
        in_9a("pin = never")(card)), "pin_policy")
    outcome(run, YUBIKEY, "pin_policy", "attestation_pin = always")
    outcome(run, YUBIKEY, "firmware", "attestation_firmware = 5.7.0")
    outcome(run, edit("^version = .*$", "version = 05 0A 00"), "good",
            "attestation_firmware = 5.7.0")


@scenario
def openssl_agrees_with_what_travels_as_evidence(run):
    """Read back from the wire; and the card signs for it once only."""
    with House(run) as home:
        _, assertion = recorded_login(home, YUBIKEY)
        header, claims = read(assertion.read_text(encoding="ascii"))
        statement, device = map(base64.b64decode, claims["evidence"]["piv_attestation"])
        equal(device, (home.run.card(YUBIKEY).parent / YUBIKEY / "f9.der").read_bytes())
        folder = vendors(run) / "anchors"
        files = {"statement": statement, "device": device,
                 "leaf": base64.b64decode(header["x5c"][0]),
                 "root": (folder / "vendor-piv-root.der").read_bytes()}
        for name, der in files.items():
            (home.dir / f"{name}.pem").write_bytes(
                house.openssl("x509", "-inform", "DER", stdin=der))
        house.openssl("verify", "-CAfile", home.dir / "root.pem", "-untrusted",
                      home.dir / "device.pem", home.dir / "statement.pem")
        equal(*(house.openssl("x509", "-in", home.dir / f"{name}.pem", "-noout", "-pubkey")
                for name in ("statement", "leaf")))


@scenario
def a_token_attests_once_for_all_logins_of_a_session(run):
    """Each statement is signed anew by the card; the second login sends the first one's."""
    with House(run) as home:
        sent = []
        home.start(YUBIKEY, broker={"means": demanding(home)})
        commands = []
        for _ in range(2):
            before = home.box.stats()["apdus"]
            answer = accepted(home.login(home.request()))
            commands.append(home.box.stats()["apdus"] - before)
            equal(answer["apdus"], commands[-1])
            sent.append(recorded(home)["attestation"])
        equal(sent, ["good", "good"])
        assert commands[1] < commands[0], commands
        # ... and none of them was the card's word on its key.
        home.box.ctl("on", 0, "attest", "remove")
        accepted(home.login(home.request()))


@scenario
def a_token_that_cannot_attest_now_logs_in_all_the_same(run):
    for fault in (("sw", "6F00"), ("garbage",), ("short",), ("reset",)):
        with House(run) as home:
            home.start(YUBIKEY)
            home.box.ctl("on", 0, "attest", *fault)
            accepted(home.login(home.request()))


@scenario
def a_token_that_leaves_while_it_attests_asks_for_no_pin(run):
    with House(run) as home:
        home.start(YUBIKEY)
        home.box.ctl("on", 0, "attest", "remove")
        answer = home.login(home.request())
        assert answer.word in ("card_removed", "card_io", "card_changed"), answer
        equal(home.box.stats()["verifies"], 0)


@scenario
def the_longest_assertion_is_taken_and_no_longer_one(run):
    """Two certificates as long as may be, and what else there may be in the evidence."""
    def evidence(pad):
        return {"means": "native", "driver": "uzi", "reader": "Virtual PCD 00 00",
                "pin_entry": "window", "one_transaction": True, "caller": "/usr/bin/epd",
                "piv_attestation": [base64.b64encode(bytes(4096)).decode()] * 2,
                "pad": "x" * pad}

    def of_length(challenge, person, length):
        """base64url knows three lengths out of four: the longest up to that one."""
        pad = length - len(answer_to(challenge, person, payload={"evidence": evidence(0)}))
        pad = pad * 3 // 4 + 2
        while True:
            sent = answer_to(challenge, person, payload={"evidence": evidence(pad)})
            if len(sent) <= length:
                return sent
            pad -= 1

    with House(run) as home:
        home.start_broker()
        desk = Desk(home, run)
        sent = of_length(desk.challenge(), desk.person, 32768)
        assert len(sent) >= 32767, len(sent)
        accepted(desk.send(sent))
        desk = Desk(home, run)
        sent = of_length(desk.challenge(), desk.person, 32771)
        assert len(sent) > 32768, len(sent)
        refused(desk.send(sent), "limit")


@scenario
def dezi_verify_names_the_token(run):
    with House(run) as home:
        _, assertion = recorded_login(home, YUBIKEY)
        words = ["verify", assertion, "--trust", home.trust, "--environment", "test"]
        done = home.dezi(*words, "--json")
        equal(json.loads(done.stdout)["attestation"], {"present": True})
        done = home.dezi(*words, "--vendors", vendors(run), "--json")
        equal(done.returncode, 0, done.stderr)
        equal(json.loads(done.stdout)["attestation"], {
            "present": True, "verdict": "good", "number": 1, "serial": 18,
            "firmware": "5.4.3", "form_factor": "A-keychain", "fips": False,
            "pin_policy": "once", "touch_policy": "never"})
        done = home.dezi(*words, "--vendors", vendors(run))
        assert "serial 18, firmware 5.4.3, A-keychain" in done.stdout, done.stdout
        assert "PIN policy once, touch policy never" in done.stdout, done.stdout
        # Another maker, or none.
        foreign = run.pki / "other" / "trust" / "attestation"
        done = home.dezi(*words, "--vendors", foreign, "--json")
        equal(done.returncode, 1, done.stdout)
        said = json.loads(done.stdout)
        equal(said["result"], "means_refused")
        equal(said["attestation"], {"present": True, "verdict": "untrusted", "number": 3})
        done = home.dezi(*words, "--vendors", home.dir / "nothing", "--json")
        equal((done.returncode, json.loads(done.stdout)["result"]), (1, "config"))
    with House(run) as home:
        _, assertion = recorded_login(home, "piv")
        done = home.dezi("verify", assertion, "--trust", home.trust, "--environment", "test",
                         "--vendors", vendors(run), "--json")
        equal(done.returncode, 1, done.stdout)
        equal(json.loads(done.stdout)["attestation"],
              {"present": False, "verdict": "absent", "number": 0})


@scenario
def a_folder_of_makers_must_be_there_and_safe(run):
    def starts(home, folder, **conf):
        conf = home.broker_conf(means=demanding(home, folder), **conf)
        done = subprocess.run([run.program("dezi-broker"), "--config", conf],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, timeout=house.WAIT, check=False)
        assert done.returncode in (1, 2), done
        return done.stdout

    with House(run) as home:
        folder = home.dir / "vendors"
        said = starts(home, folder)
        assert str(folder) in said and "[means token]" in said, said
        shutil.copytree(vendors(run), folder)
        anchors = folder / "anchors"
        anchors.chmod(0o777)
        assert str(anchors) in starts(home, folder)
        anchors.chmod(0o755)
        (anchors / "vendor-piv-root.der").rename(folder / "elsewhere.der")
        assert "no anchor" in starts(home, folder)
        (folder / "elsewhere.der").rename(anchors / "vendor-piv-root.der")
        home.start_broker(means=demanding(home, folder))
