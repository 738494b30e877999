# SPDX-License-Identifier: EUPL-1.2
"""Logins in a reader with a keypad (tests/ifd): who types where, and what it costs."""

import json

from house import PIN, House
from pinentry import Person
from scenario import accepted, equal, refused, scenario
from test_pin import PUK, ended, pin, status


def types(home, *lines):
    """Leaves PIN windows empty, and types on the reader when a window says that it asks."""
    left = list(lines)

    def act(window):
        if window["kind"] == "pin":
            return ""
        home.box.types(left.pop(0))
        return Person.HANG
    return act


def shows(window, *words):
    """One of them: the Dutch catalogue may not be installed."""
    assert any(word in window["text"] for word in words), window


def start(home, pinpad, *lines):
    if lines:
        home.person.act = types(home, *lines)
    home.start("z", policy={"pinpad": pinpad})


def log_in(home):
    request = home.request()
    accepted(home.result(request, accepted(home.login(request))["finish"]))


@scenario
def a_pin_is_typed_on_the_reader(run):
    with House(run, keypad=True) as home:
        start(home, "required", PIN)
        log_in(home)
        equal([w["kind"] for w in home.person.windows], ["confirm"])
        shows(home.person.windows[0], "on the keys of the card reader", "op de kaartlezer")


@scenario
def a_wrong_pin_on_the_reader_may_be_typed_again(run):
    with House(run, keypad=True) as home:
        start(home, "required", "999999", PIN)
        log_in(home)
        equal([w["kind"] for w in home.person.windows], ["confirm"] * 2)
        shows(home.person.windows[1], "PIN was wrong", "verkeerd")
        equal(home.box.stats()["tries"], 3)


@scenario
def the_person_chooses_reader_or_keyboard(run):
    with House(run, keypad=True) as home:
        start(home, "offer", PIN)
        log_in(home)
        equal([w["kind"] for w in home.person.windows], ["pin", "confirm"])
        shows(home.person.windows[0], "leave this empty", "dit leeg")
        home.person.act = home.knows_the_pin
        log_in(home)
        equal(home.person.windows[-1]["kind"], "pin")


@scenario
def cancelling_on_the_reader_costs_no_try(run):
    with House(run, keypad=True) as home:
        start(home, "required", "cancel")
        refused(home.login(home.request()), "cancelled")
        equal(home.box.stats()["tries"], 3)


@scenario
def cancelling_the_window_ends_a_login_that_waits_for_the_reader(run):
    with House(run, pin=lambda window: None, keypad=True) as home:
        start(home, "required")
        refused(home.login(home.request()), "cancelled")
        equal(home.box.stats()["tries"], 3)


@scenario
def a_reader_that_only_claims_a_keypad_leaves_the_keyboard(run):
    def person(window):
        asked.append(window["kind"])
        if window["kind"] == "confirm":
            return Person.HANG
        return "" if asked.count("pin") == 1 else PIN

    for mode in ("liar", "refuses"):
        asked = []
        with House(run, pin=person, keypad=True) as home:
            (home.box.keypad / "mode").write_text(f"{mode}\n", encoding="ascii")
            start(home, "offer")
            log_in(home)
            # The word that the reader is asked may be gone before anybody saw it.
            equal([kind for kind in asked if kind == "pin"], ["pin", "pin"], mode)


@scenario
def a_reader_without_a_keypad_is_refused_where_one_is_demanded(run):
    with House(run) as home:
        start(home, "required")
        refused(home.login(home.request()), "not_allowed")
        equal(home.person.windows, [])


CARDS = ("z", "piv", "p15")
NEW = "24681357"


def typed(home, verb, line, word, code=1, pinpad="required", **more):
    """dezi pin with all of it on the reader."""
    home.box.types(line)
    with pin(home, verb, policy={"pinpad": pinpad}) as terminal:
        if pinpad == "offer":
            terminal.answer("Current PIN: " if verb == "change" else "PUK: ", "")
        terminal.until("on the keys of the card reader")
        return ended(terminal, word, code, **more)


@scenario
def a_pin_is_changed_on_the_reader(run):
    for card in CARDS:
        with House(run, keypad=True) as home:
            home.box.start_cards(card)
            typed(home, "change", f"654321 {NEW} {NEW}", "pin_wrong", tries=2)
            typed(home, "change", f"{PIN} {NEW} 11111111", "pin_refused")
            typed(home, "change", "cancel", "cancelled")
            equal(home.box.stats()["verifies"], 1, card)
            typed(home, "change", f"{PIN} {NEW} {NEW}", "ok", 0)
            typed(home, "change", f"{NEW} {PIN} {PIN}", "ok", 0, pinpad="offer")
            stats = home.box.stats()
            equal((stats["tries"], stats["verified"]), (3, False), card)


@scenario
def a_pin_is_unblocked_on_the_reader(run):
    """The PUK and then the new PIN, or both in one command (PIV)."""
    for card in CARDS:
        with House(run, keypad=True) as home:
            home.box.start_cards(card)
            home.box.ctl("tries", 0, 0)
            apart = "\n" if card != "piv" else " "
            rest = f" {NEW} {NEW}" if card == "piv" else ""
            typed(home, "unblock", "87654321" + rest, "pin_wrong", tries=2)
            typed(home, "unblock", f"{PUK}{apart}{NEW} {NEW}", "ok", 0)
            stats = home.box.stats()
            equal((stats["tries"], stats["puk_tries"], stats["verified"]), (3, 3, False), card)
            home.box.ctl("tries", 0, 0)
            typed(home, "unblock", f"{PUK}{apart}{PIN} {PIN}", "ok", 0, pinpad="offer")
            if card == "piv":
                continue
            # The PUK was right, and then nothing: nobody finds it open.
            typed(home, "unblock", f"{PUK}\ncancel", "cancelled")
            equal(home.box.stats()["verified"], False, card)


@scenario
def a_pin_is_changed_on_the_keyboard_where_the_reader_may_be_used(run):
    with House(run, keypad=True) as home:
        home.box.start_cards("z")
        with pin(home, "change", policy={"pinpad": "offer"}) as terminal:
            terminal.until("leave this empty")
            terminal.answer("Current PIN: ", PIN)
            terminal.answer("New PIN: ", NEW)
            terminal.answer("New PIN again: ", NEW)
            ended(terminal, "ok", 0)
        (home.box.keypad / "mode").write_text("liar\n", encoding="ascii")
        wrong = typed(home, "change", "", "unsupported", pinpad="required")
        assert "keypad of this reader" in wrong, wrong
    with House(run) as home:
        home.box.start_cards("z")
        with pin(home, "change", policy={"pinpad": "required"}) as terminal:
            ended(terminal, "not_allowed")


@scenario
def dezi_doctor_lists_keypads(run):
    with House(run, keypad=True) as home:
        home.box.start_cards("z")
        for policy, words in (({"pinpad": "required"}, "PINs are typed"),
                              ({}, "pinpad = never")):
            found = json.loads(home.dezi("doctor", "--json", "--config", home.agent_conf(
                policy=policy)).stdout)["findings"]
            told, = [f["text"] for f in found if f["subject"] == "keypad"]
            assert words in told, told
        equal(status(home)[0]["result"], "ok")
    with House(run) as home:
        home.box.start_cards("z")
        found = json.loads(home.dezi("doctor", "--json", "--config",
                                     home.agent_conf()).stdout)["findings"]
        equal([f for f in found if f["subject"] == "keypad"], [])
        found = json.loads(home.dezi("doctor", "--json", "--config", home.agent_conf(
            policy={"pinpad": "required"})).stdout)["findings"]
        equal([f["level"] for f in found if f["subject"] == "keypad"], ["wrong"])
