# SPDX-License-Identifier: EUPL-1.2
"""Logins in a reader with a keypad (tests/ifd): who types where, and what it costs."""

from house import PIN, House
from pinentry import Person
from scenario import accepted, equal, refused, scenario


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

    asked = []
    with House(run, pin=person, keypad=True) as home:
        (home.box.keypad / "mode").write_text("liar\n", encoding="ascii")
        start(home, "offer")
        log_in(home)
        # The word that the reader is asked may be gone before anybody saw it.
        equal([kind for kind in asked if kind == "pin"], ["pin", "pin"])


@scenario
def a_reader_without_a_keypad_is_refused_where_one_is_demanded(run):
    with House(run) as home:
        start(home, "required")
        refused(home.login(home.request()), "not_allowed")
        equal(home.person.windows, [])
