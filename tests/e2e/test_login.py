# SPDX-License-Identifier: EUPL-1.2
"""One login, and everything that can happen to it between card and person."""

import pathlib
import re
import shutil
import subprocess

import house
from house import PIN, House
from pinentry import Person
from scenario import accepted, equal, refused, scenario, slow


def log_in(home, client="epd"):
    """Steps 1 to 3; what step 5 needs."""
    request = home.request(client)
    answer = accepted(home.login(request))
    return request, answer["finish"]


def ended(home, request, session):
    """Why a session is over; None while it lives."""
    answer = accepted(home.session(request, session))
    return answer["why"] if answer["state"] == "ended" else None


@scenario
def a_care_professional_is_accepted(run):
    with House(run) as home:
        home.start("z")
        request, finish = log_in(home)
        got = accepted(home.result(request, finish))
        equal(got["acr"], house.LOA_HIGH)
        identity = got["identity"]
        equal(identity["uzi_number"], "900000001")
        equal(identity["pass_type"], "Z")
        equal(identity["subscriber"], "90000123")
        equal(identity["role"], "01.015")
        equal(identity["name"], "Zoë van den Brûle-Ångström")
        equal(ended(home, request, got["session"]), None)
        window = home.person.windows[0]
        assert "Ziekenhuis Oost, dossier" in window["text"], window


@scenario
def an_employee_chooses_between_two_employments(run):
    with House(run) as home:
        home.start("n")
        request, finish = log_in(home)
        choices = accepted(home.result(request, finish))["choices"]
        equal(len(choices), 2)
        west = next(c for c in choices if c["subscriber"] == "90000456")
        got = accepted(home.result(request, finish, choice=west["id"]))
        equal(got["identity"]["subscriber"], "90000456")
        equal(got["identity"]["pass_type"], "N")


@scenario
def a_pass_of_the_fourth_generation_is_accepted(run):
    with House(run) as home:
        home.start("z-g4")
        request, finish = log_in(home)
        accepted(home.result(request, finish))


@scenario
def a_piv_card_logs_in_with_its_authentication_key(run):
    with House(run) as home:
        home.start("piv")
        request, finish = log_in(home)
        got = accepted(home.result(request, finish))
        equal(got["identity"]["uzi_number"], "900000011")


@scenario
def a_token_with_an_elliptic_key_logs_in(run):
    with House(run) as home:
        home.start("piv-yubikey")
        request, finish = log_in(home)
        got = accepted(home.result(request, finish))
        equal(got["identity"]["uzi_number"], "900000012")


def with_catalogues(home):
    """Words before a command: for it our catalogues are installed, and for nobody else."""
    makefile = (home.run.build / "Makefile").read_text(encoding="utf-8")
    prefix = re.search(r"(?m)^prefix = (.*)$", makefile)[1]
    share = pathlib.Path(prefix) / "share"
    if not house.may_change_uid() or not share.is_dir() or not shutil.which("msgfmt"):
        raise house.Skip("no folder can be put in the place of another, or there is no msgfmt")
    catalogue = home.dir / "nl.mo"
    subprocess.run(["msgfmt", "-o", catalogue, house.TOP / "po" / "nl.po"], check=True)
    script = (f"mount -t tmpfs none {share} && folder={share}/locale/nl/LC_MESSAGES && "
              f"mkdir -p $folder && cp {catalogue} $folder/dezi.mo && exec \"$@\"")
    return ["unshare", "--mount", "sh", "-c", script, "sh"]


@scenario
def a_window_is_in_the_language_of_the_person(run):
    """As installed; from a build tree the words are the English ones."""
    with House(run) as home:
        home.box.start_cards("z")
        home.start_broker()
        wrap = with_catalogues(home)
        for language, prompt, button, tries in (("nl", "Pincode:", "Inloggen", "3 pogingen"),
                                                ("en", "PIN:", "Log in", "3 tries left")):
            home.start_agent(name=language, wrap=wrap, language=language)
            home.wait_cards(1, name=language)
            accepted(home.login(home.request(), name=language))
            window = home.person.windows[-1]
            equal((window["prompt"], window["ok"]), (prompt, button))
            assert tries in window["text"], window


@scenario
def a_pass_without_a_name_is_refused(run):
    with House(run) as home:
        home.start("m")
        refused(home.login(home.request()), "pass_not_personal")
        equal(home.person.windows, [])


@scenario
def a_revoked_certificate_is_refused_by_the_broker(run):
    with House(run) as home:
        home.start("z-revoked")
        refused(home.login(home.request()), "certificate_revoked")


@scenario
def an_expired_certificate_asks_for_no_pin(run):
    with House(run) as home:
        home.start("z-expired")
        refused(home.login(home.request()), "certificate_expired")
        equal(home.person.windows, [])


@scenario
def a_wrong_pin_may_be_repeated_once(run):
    pins = iter(["654321", PIN])
    with House(run, pin=lambda window: next(pins)) as home:
        home.start("z")
        request, finish = log_in(home)
        accepted(home.result(request, finish))
        first, second = home.person.windows
        assert "2" in second.get("error", "") + second["text"], second
        assert "error" not in first, first
        equal(home.box.stats()["verifies"], 2)


@scenario
def a_second_wrong_pin_ends_the_login(run):
    with House(run, pin=lambda window: "654321") as home:
        home.start("z")
        refused(home.login(home.request()), "pin_wrong")
        equal(home.box.stats()["verifies"], 2)


@scenario
def the_last_try_is_refused(run):
    with House(run, pin=lambda window: "654321") as home:
        home.start("z", policy={"allow_last_try": "no"})
        refused(home.login(home.request()), "pin_wrong")
        windows = len(home.person.windows)
        refused(home.login(home.request()), "pin_last_try")
        equal(len(home.person.windows), windows, "PIN windows")
        equal(home.box.stats()["verifies"], 2)


@scenario
def the_last_try_is_used_when_the_person_says_so(run):
    def person(window):
        if window["kind"] == "confirm":
            return True
        return PIN if len(asked) > 2 else "654321"
    asked = []
    with House(run, pin=lambda window: asked.append(window) or person(window)) as home:
        home.start("z", policy={"allow_last_try": "yes"})
        refused(home.login(home.request()), "pin_wrong")
        request, finish = log_in(home)
        accepted(home.result(request, finish))
        assert any(window["kind"] == "confirm" for window in asked), asked


@scenario
def a_blocked_pin_is_not_asked_for(run):
    def person(window):
        return True if window["kind"] == "confirm" else "654321"
    with House(run, pin=person) as home:
        home.start("z", policy={"allow_last_try": "yes"})
        refused(home.login(home.request()), "pin_wrong")
        refused(home.login(home.request()), "pin_blocked")
        windows = len(home.person.windows)
        refused(home.login(home.request()), "pin_blocked")
        equal(len(home.person.windows), windows, "PIN windows")
        equal(home.box.stats()["verifies"], 3)


@scenario
def a_pin_of_impossible_length_never_reaches_the_card(run):
    with House(run, pin=lambda window: "12") as home:
        home.start("z")
        refused(home.login(home.request()), "pin_length")
        equal(home.box.stats()["verifies"], 0)


@scenario
@slow
def without_a_reader(run):
    with House(run) as home:
        home.box.take_readers_away()
        home.start_broker()
        home.start_agent()
        refused(home.login(home.request(), timeout=60), "no_reader")


@scenario
@slow
def without_a_card_it_waits_half_a_minute(run):
    with House(run) as home:
        home.start()
        refused(home.login(home.request(), timeout=60), "no_card")


@scenario
def a_card_that_is_inserted_while_it_waits_is_used(run):
    with House(run) as home:
        home.start()
        request = home.request()
        pending = home.begin_login(request)
        with home.events() as stream:
            stream.until(home.login_is("waiting_card"))
        home.box.insert("z")
        accepted(home.result(request, accepted(pending.answer())["finish"]))


@scenario
def a_card_pulled_before_the_pin_was_typed(run):
    with House(run, pin=lambda window: home.box.remove() or PIN) as home:
        home.start("z")
        answer = home.login(home.request())
        assert answer.word in ("card_removed", "card_io", "card_changed"), answer
        equal(home.box.stats()["verifies"], 0)


def pulled_at(run, command):
    """The card leaves with the n-th command after the PIN was typed."""
    def person(_):
        home.box.ctl("fault", 0, command, "remove")
        return PIN
    with House(run, pin=person) as home:
        home.start("z")
        answer = home.login(home.request())
        assert answer.word in ("card_removed", "card_io", "card_changed"), answer
        equal(home.box.stats()["signatures"], 0)


@scenario
def a_card_pulled_with_the_first_command_after_the_pin(run):
    pulled_at(run, 1)


@scenario
def a_card_pulled_with_the_third_command_after_the_pin(run):
    pulled_at(run, 3)


@scenario
def a_card_pulled_after_the_login_ends_the_session(run):
    with House(run) as home:
        home.start("z")
        request, finish = log_in(home)
        session = accepted(home.result(request, finish))["session"]
        home.box.remove()
        house.eventually("session ended", lambda: ended(home, request, session), 2)
        equal(ended(home, request, session), "card_removed")


@scenario
def a_card_pulled_before_the_identity_was_fetched(run):
    with House(run) as home:
        home.start("z")
        request, finish = log_in(home)
        home.box.remove()
        home.wait_cards(0)
        house.eventually("no identity", lambda: home.result(request, finish).status >= 400, 2)


@scenario
def a_swap_for_another_persons_card_during_the_pin(run):
    with House(run, pin=lambda window: home.box.swap("z2") or PIN) as home:
        home.start("z")
        answer = home.login(home.request())
        assert answer.word in ("card_changed", "card_removed", "card_io"), answer
        equal(home.box.stats()["verifies"], 0, "PINs sent to the other card")


@scenario
def a_card_that_only_answers_to_its_vendor(run):
    with House(run) as home:
        home.start("z-locked")
        refused(home.login(home.request()), "vendor_locked")
        equal(home.person.windows, [])


@scenario
def two_cards_in_two_readers_are_never_guessed_between(run):
    with House(run) as home:
        home.start("z", "n")
        refused(home.login(home.request()), "several_cards")
        equal(home.person.windows, [])


# Another card, as far as anybody can tell without asking it everything.
FOREIGN = """\
[card]
atr = 3B 80 01 81
serial = 00 00 00 00 00 00 00 01
pin = 123456
puk = 12345678

[applet]
aid = F0 00 00 00 00 01
"""


@scenario
def an_unknown_card_is_left_in_peace(run):
    with House(run) as home:
        foreign = home.write("foreign.card", FOREIGN)
        home.box.start_cards()
        home.start_broker()
        home.start_agent()
        home.box.ctl("insert", 0, foreign)
        home.wait_cards(1)
        refused(home.login(home.request()), "card_unknown")
        # One SELECT for each driver.
        asked = home.box.stats()["apdus"]
        assert asked <= 2, asked
        # Nobody asks it again while it stays in.
        refused(home.login(home.request()), "card_unknown")
        equal(home.box.stats()["apdus"], asked)


@scenario
def pcscd_killed_while_the_pin_is_asked(run):
    def person(_):
        home.box.tell("kill-pcscd")
        return PIN
    with House(run, pin=person) as home:
        home.start("z")
        answer = home.login(home.request())
        assert answer.word in ("no_service", "card_io", "card_removed", "card_changed"), answer
        home.box.tell("pcscd")
        home.person.act = home.knows_the_pin
        home.wait_cards(1)
        request, finish = log_in(home)
        accepted(home.result(request, finish))


@scenario
def pcscd_killed_during_a_session_ends_it(run):
    with House(run) as home:
        home.start("z")
        request, finish = log_in(home)
        session = accepted(home.result(request, finish))["session"]
        home.box.tell("kill-pcscd")
        house.eventually("session ended", lambda: ended(home, request, session), 5)


@scenario
def an_agent_that_is_killed_loses_its_sessions_with_the_lease(run):
    with House(run) as home:
        home.start("z", broker={"lease_seconds": 5})
        request, finish = log_in(home)
        session = accepted(home.result(request, finish))["session"]
        home.agent.kill()
        equal(ended(home, request, session), None)
        house.eventually("the lease ran out", lambda: ended(home, request, session), 15)


@scenario
@slow
def a_session_lives_as_long_as_its_agent_and_card(run):
    with House(run) as home:
        home.start("z", broker={"lease_seconds": 5})
        request, finish = log_in(home)
        session = accepted(home.result(request, finish))["session"]
        with home.events(timeout=30) as stream:
            beats = 0
            while beats < 1:     # a heartbeat comes every 10 s: two leases
                beats += stream.next()[0] == "heartbeat"
        equal(ended(home, request, session), None)


@scenario
def a_cancelled_pin_window(run):
    with House(run, pin=lambda window: None) as home:
        home.start("z")
        refused(home.login(home.request()), "cancelled")
        equal(home.box.stats()["verifies"], 0)


@scenario
def a_missing_pin_window(run):
    with House(run) as home:
        home.start("z", pinentry=home.write("pinentry-broken", "#!/bin/false\n", 0o755))
        refused(home.login(home.request()), "no_pin_window")


@scenario
@slow
def a_pin_window_that_nobody_answers(run):
    with House(run, pin=lambda window: Person.HANG) as home:
        home.start("z")
        refused(home.login(home.request(), timeout=150), "timeout")
        equal(home.box.stats()["verifies"], 0)
        house.eventually("the window closed", lambda: not home.children(home.agent))


@scenario
def a_caller_that_leaves_cancels_its_login(run):
    with House(run, pin=lambda window: Person.HANG) as home:
        home.start("z")
        pending = home.begin_login(home.request())
        with home.events() as stream:
            stream.until(home.login_is("asking_pin"))
            pending.close()
            stream.until(home.login_is("failed", "cancelled"))
        house.eventually("the window closed", lambda: not home.children(home.agent))


@scenario
def a_second_login_is_told_that_one_is_busy(run):
    with House(run, pin=lambda window: Person.HANG) as home:
        home.start("z")
        pending = home.begin_login(home.request())
        with home.events() as stream:
            stream.until(home.login_is("asking_pin"))
        refused(home.login(home.request()), "busy")
        pending.close()
