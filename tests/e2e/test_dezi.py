# SPDX-License-Identifier: EUPL-1.2
"""The command line: what a care application, a help desk and a person get to see."""

import json
import os
import signal
import subprocess

import house
from house import House
from pinentry import Person
from scenario import accepted, equal, scenario
from test_login import log_in


def words(home, *more):
    secret = home.write("epd.secret", house.CLIENT_SECRETS["epd"] + "\n", 0o600)
    return ("login", "--client-id", "epd", "--secret-file", secret, "--client-socket",
            home.client_socket, "--agent-socket", home.socket_of(), *more)


def begin(home, *more):
    """dezi login, not waited for."""
    env = dict(home.agent_env(), PATH=os.environ["PATH"], LC_ALL="C.UTF-8")
    return subprocess.Popen([home.run.program("dezi"), *map(str, words(home, *more))], env=env,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


@scenario
def dezi_login_tells_five_steps_and_one_object(run):
    with House(run) as home:
        home.start("z")
        done = home.dezi(*words(home))
        equal(done.returncode, 0, done.stderr)
        steps = [line.split()[2] for line in done.stderr.splitlines() if line.split()[2].isdigit()]
        equal(steps, ["1", "2", "3", "4", "5"], done.stderr)
        got = json.loads(done.stdout)
        equal(got["result"], "ok")
        equal(got["acr"], house.LOA_HIGH)
        equal(got["alg"], "RS256")
        for member in ("uzi_number", "pass_type", "subscriber", "role", "name"):
            assert got["identity"][member], got
        assert got["session"] and 0 < got["milliseconds"] < 60000, got
        equal(got["apdus"], home.box.stats()["apdus"])
        # The second time the certificate is known.
        again = json.loads(home.dezi(*words(home)).stdout)
        assert again["apdus"] <= 12 and got["apdus"] <= 34, (got, again)


@scenario
def dezi_login_lists_choices(run):
    with House(run) as home:
        home.start("n")
        done = home.dezi(*words(home))
        equal(done.returncode, 1, done.stderr)
        got = json.loads(done.stdout)
        equal(got["result"], "pending")
        equal(len(got["choices"]), 2)
        done = home.dezi(*words(home, "--choice", 2))
        equal(json.loads(done.stdout)["identity"]["subscriber"], "90000456")
        equal(home.dezi(*words(home, "--choice", 3)).returncode, 1)
        equal(home.dezi(*words(home, "--choice", "two")).returncode, 2)


@scenario
def dezi_login_says_why_not(run):
    with House(run, pin=lambda window: "654321") as home:
        home.start("z")
        done = home.dezi(*words(home))
        equal(done.returncode, 1)
        equal(json.loads(done.stdout), {"result": "pin_wrong"})
        assert "PIN was wrong" in done.stderr and "1 PIN try left" in done.stderr, done.stderr
        home.broker.stop()
        done = home.dezi(*words(home))
        equal(json.loads(done.stdout), {"result": "broker_unreachable"})


@scenario
def dezi_login_stays_until_the_session_ends(run):
    with House(run) as home:
        home.start("z")
        login = begin(home, "--watch")
        session = json.loads(login.stdout.readline())["session"]
        home.box.remove()
        over = json.loads(login.stdout.readline())
        equal((over["session"], over["state"], over["why"]), (session, "ended", "card_removed"))
        equal(login.wait(house.WAIT), 0)


@scenario
def dezi_login_notices_an_agent_that_was_killed(run):
    with House(run) as home:
        home.start("z", broker={"lease_seconds": 5})
        login = begin(home, "--watch")
        assert json.loads(login.stdout.readline())["session"]
        home.agent.kill()
        equal(json.loads(login.stdout.readline())["why"], "lease")
        equal(login.wait(house.WAIT), 0)


@scenario
def dezi_login_interrupted_takes_the_window_away(run):
    with House(run, pin=lambda window: Person.HANG) as home:
        home.start("z")
        login = begin(home)
        with home.events() as stream:
            stream.until(home.login_is("asking_pin"))
            login.send_signal(signal.SIGINT)
            stream.until(home.login_is("failed", "cancelled"))
        equal(login.wait(house.WAIT), 130)
        house.eventually("the window closed", lambda: not home.children(home.agent))


@scenario
def dezi_cards_and_cert_need_no_pin(run):
    with House(run) as home:
        home.box.start_cards("z", "z-locked")
        conf = ("--config", home.agent_conf())
        first, second = json.loads(home.dezi("cards", "--json", *conf).stdout)["readers"]
        equal((first["driver"], first["tries"], first["result"]), ("uzi", 3, "ok"))
        equal(second["result"], "vendor_locked")
        done = home.dezi("cert", "--json", "--reader", "00 00", *conf)
        equal(done.returncode, 0, done.stdout + done.stderr)
        equal(json.loads(done.stdout)["identity"]["uzi_number"], "900000001")
        for card, word in (("z-expired", "certificate_expired"), ("m", "pass_not_personal")):
            der = run.pki / "cards" / card / "authentication.der"
            done = home.dezi("cert", "--json", "--file", der, *conf)
            equal(done.returncode, 1)
            equal(json.loads(done.stdout)["result"], word)
        equal(home.box.stats()["verifies"], 0)


def findings(home, *more, pkcs11="reset_on_logout = no"):
    conf = home.write("pkcs11.conf", f"[module]\nprofiles = {home.run.programs / 'profiles'}\n"
                      f"log = none\n{pkcs11}\n")
    done = home.dezi("doctor", "--json", "--config", home.dir / "agent.conf",
                     "--agent-socket", home.socket_of(), *more,
                     env={"DEZI_PKCS11_CONF": str(conf)})
    answer = json.loads(done.stdout)
    equal(done.returncode, 0 if answer["wrong"] == 0 else 1)
    return {f["subject"] for f in answer["findings"] if f["level"] == "wrong"}, answer


@scenario
def dezi_doctor_finds_what_is_wrong(run):
    with House(run) as home:
        home.start("z")
        wrong, answer = findings(home)
        equal(wrong, set(), answer)
        home.broker.stop()
        equal(findings(home)[0], {"broker"})
        home.agent.stop()
        equal(findings(home)[0], {"broker", "agent"})
        home.box.swap("z-expired")
        house.eventually("the other card is seen", lambda: findings(home)[0] ==
                         {"broker", "agent", "certificate"})
        home.box.tell("kill-pcscd")
        equal(findings(home)[0], {"broker", "agent", "pcscd"})
        home.write("agent.conf", "[agent]\nnonsense = 1\n")
        assert "configuration" in findings(home)[0]


@scenario
def dezi_doctor_says_what_stays_open(run):
    def said(subject, **how):
        return [(f["level"], f["text"]) for f in findings(home, **how)[1]["findings"]
                if f["subject"] == subject]

    with House(run) as home:
        home.start("z")
        (level, text), = said("logout")
        equal(level, "warning")
        assert "stays open for other programs until it is removed" in text, text
        (level, text), = said("logout", pkcs11="reset_on_logout = yes")
        equal(level, "good")
        assert "reset" in text, text
        (level, text), = said("pkcs11")
        equal(level, "good")
        assert "pkcs11.conf" in text and "uzi" in text, text
        (level, text), = said("pkcs11", pkcs11="nonsense = 1")
        equal(level, "wrong")
        assert "line 4" in text, text
        equal(len(said("p11-kit")), 1)
        equal(home.box.stats()["verifies"], 0)


@scenario
def a_card_that_gives_more_than_it_is_asked_for(run):
    """Hostile cards, vector 19: no more is taken, the login goes on, and it is told."""
    for card, kinds in (("z", ("read", "read:3", "serial", "tries", "mse", "verify", "sign")),
                        ("p15", ("read", "mse", "verify", "sign")),
                        ("piv-yubikey", ("verify", "get-data"))):
        for kind in kinds:
            with House(run) as home:
                home.start(card)
                home.box.ctl("on", 0, kind, "surplus")
                request, finish = log_in(home)
                accepted(home.result(request, finish))
                equal(home.box.stats()["tries"], 3, f"{card} {kind}")
    with House(run) as home:
        home.start("z")
        home.box.ctl("on", 0, "read", "surplus")
        found = findings(home)[1]["findings"]
        said = [f["level"] for f in found if "more than it is asked for" in f["text"]]
        equal(said, ["warning"])


@scenario
def dezi_events_prints_what_happens(run):
    with House(run) as home:
        home.start()
        env = dict(home.agent_env(), PATH=os.environ["PATH"])
        events = subprocess.Popen([run.program("dezi"), "events", "--json", "--agent-socket",
                                   str(home.socket_of())], env=env, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, text=True)
        try:
            equal(json.loads(events.stdout.readline())["event"], "snapshot")
            home.box.insert("z")
            while True:
                event = json.loads(events.stdout.readline())
                if event["event"] == "card" and event["data"]["card"] == "present":
                    break
        finally:
            events.terminate()
            events.wait(house.WAIT)


@scenario
def dezi_wants_its_words_right(run):
    with House(run) as home:
        for line in ((), ("nothing",), ("login",), ("cards", "extra"), ("cert", "--what"),
                     ("verify",), ("doctor", "--json", "x"), ("events", "--nope")):
            done = home.dezi(*line)
            equal(done.returncode, 2, line)
            assert "usage: dezi" in done.stderr, done.stderr
        equal(home.dezi("--help").returncode, 0)
