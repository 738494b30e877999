# SPDX-License-Identifier: EUPL-1.2
"""dezi pin: status, change and unblock, in a terminal and in a PIN window."""

import json
import os
import signal

import house
from house import House, PIN
from pinentry import Person
from scenario import equal, scenario
from terminal import CTRL_C, CTRL_D, Terminal

PUK = "12345678"
NEW = "nieuw-7!"


def pin(home, *words, env=None, **conf):
    """dezi pin in a terminal, not waited for."""
    variables = dict(home.agent_env(), PATH=os.environ["PATH"], LC_ALL="C.UTF-8")
    variables.update(env or {})
    for name, value in os.environ.items():
        if name.startswith(("ASAN_", "UBSAN_", "LSAN_")):
            variables[name] = value
    return Terminal([home.run.program("dezi"), "pin", *words, "--json", "--config",
                     home.agent_conf(**conf)], variables)


def change(terminal, old=PIN, new=NEW, again=None):
    terminal.answer("Current PIN: ", old)
    terminal.answer("New PIN: ", new)
    terminal.answer("New PIN again: ", again or new)


def unblock(terminal, puk=PUK, new=NEW):
    terminal.answer("PUK: ", puk)
    terminal.answer("New PIN: ", new)
    terminal.answer("New PIN again: ", new)


def ended(terminal, word, status=1, **more):
    """It ended with this word, the terminal as it was, nothing secret on it."""
    code, said, wrong = terminal.end()
    equal(json.loads(said), dict(result=word, **more), wrong)
    equal(code, status, wrong)
    assert terminal.is_as_before(), "terminal"
    for secret in (PIN, PUK, NEW, "654321"):
        assert secret not in terminal.seen + said + wrong, terminal.seen
    return wrong


def status(home, *words):
    done = home.dezi("pin", "status", "--json", "--config", home.agent_conf(), *words)
    equal(done.returncode, 0, done.stdout + done.stderr)
    return json.loads(done.stdout)["cards"]


def untouched(home, tries=3, puk_tries=3):
    """Nothing was sent to the card."""
    stats = home.box.stats()
    equal((stats["verifies"], stats["tries"], stats["puk_tries"]), (0, tries, puk_tries))


@scenario
def dezi_pin_status_costs_nothing(run):
    with House(run) as home:
        home.box.start_cards("z", "z-locked")
        one, other = status(home)
        equal((one["result"], one["title"], one["next"]), ("ok", "UZI pass", "nothing"))
        equal((one["pin"]["tries"], one["pin"]["min"], one["pin"]["max"]), (3, 6, 15))
        equal(one["puk"]["tries"], 3)
        equal(other["result"], "vendor_locked")
        text = home.dezi("pin", "status", "--config", home.agent_conf()).stdout
        assert "SafeSign IC" in text and "PIN: 3 tries left" in text, text
        for tries, puk_tries, word in ((1, 3, "careful"), (0, 3, "unblock"), (0, 0, "replace"),
                                       (3, 0, "replace")):
            home.box.ctl("tries", 0, tries, puk_tries)
            equal(status(home, "--reader", "00 00")[0]["next"], word, (tries, puk_tries))
        equal(home.box.stats()["verifies"], 0)
        equal(home.dezi("pin", "status", "--reader", "nowhere", "--config",
                        home.agent_conf()).returncode, 1)


@scenario
def dezi_pin_says_where_tries_are_not_known(run):
    with House(run) as home:
        card = run.card("z")
        text = card.read_text().replace("[applet]\n", "[applet]\ntries_query = no\n") \
            .replace("= authentication", f"= {card.parent}/authentication")
        if "[applet]" not in text:
            text += "\n[applet]\ntries_query = no\n"
        unknown = card.parent / "z-unknown.card"
        unknown.write_text(text)
        home.box.start_cards("z-unknown")
        one = status(home)[0]
        equal((one["pin"]["tries"], one["pin"]["last_try"], one["next"]), (-1, False, "nothing"))
        # Without a place to count in, any try may be the last.
        done = home.dezi("pin", "status", "--json", "--config", home.agent_conf(),
                         env={"XDG_RUNTIME_DIR": ""})
        equal(json.loads(done.stdout)["cards"][0]["next"], "careful")
        # Two wrong PINs of ours: the third wants to be agreed to (T26).
        for left in (2, 1):
            with pin(home, "change") as terminal:
                terminal.until("does not say how many tries are left")
                change(terminal, old="654321")
                ended(terminal, "pin_wrong", tries=left)
        with pin(home, "change") as terminal:
            terminal.until("another wrong PIN may block")
            terminal.answer("last try: ", "no")
            ended(terminal, "cancelled")


@scenario
def dezi_pin_change_in_a_terminal(run):
    with House(run) as home:
        home.box.start_cards("z")
        with pin(home, "change") as terminal:
            terminal.until("UZI pass")
            terminal.until("3 tries left")
            terminal.answer("Current PIN: ", PIN)
            terminal.until("6 to 15 characters")
            terminal.answer("New PIN: ", NEW)
            terminal.answer("New PIN again: ", NEW)
            ended(terminal, "ok", 0)
        stats = home.box.stats()
        # Sent once, and the card is closed behind it (T8).
        equal((stats["verifies"], stats["verified"], stats["resets"]), (1, False, 1))
        with pin(home, "change") as terminal:
            change(terminal, NEW, "654321")
            ended(terminal, "ok", 0)
        equal(home.box.stats()["tries"], 3)


@scenario
def dezi_pin_change_with_a_wrong_pin(run):
    with House(run) as home:
        home.box.start_cards("z")
        with pin(home, "change") as terminal:
            change(terminal, "654321", NEW)
            wrong = ended(terminal, "pin_wrong", tries=2)
            assert "2 tries left" in wrong, wrong
        equal(home.box.stats()["verifies"], 1)


@scenario
def dezi_pin_change_asks_again_what_cannot_be(run):
    with House(run) as home:
        home.box.start_cards("z")
        with pin(home, "change") as terminal:
            terminal.answer("Current PIN: ", "123")
            terminal.until("too short")
            terminal.answer("Current PIN: ", PIN)
            terminal.answer("New PIN: ", "1" * 16)
            terminal.until("too long")
            terminal.answer("New PIN: ", PIN)
            terminal.until("the PIN that it has now")
            terminal.answer("New PIN: ", "nieuwé7")
            wrong = ended(terminal, "pin_refused")
            assert "does not take" in wrong, wrong
        with pin(home, "change") as terminal:
            terminal.answer("Current PIN: ", PIN)
            for _ in range(3):
                terminal.answer("New PIN: ", NEW)
                terminal.answer("New PIN again: ", NEW + "x")
            ended(terminal, "pin_refused")
        with pin(home, "change") as terminal:
            for _ in range(3):
                terminal.answer("Current PIN: ", "9" * 100)
            ended(terminal, "pin_length")
        untouched(home)
        with pin(home, "change") as terminal:
            terminal.answer("Current PIN: ", PIN)
            terminal.answer("New PIN: ", NEW)
            terminal.answer("New PIN again: ", NEW + "x")
            terminal.until("not the same")
            terminal.answer("New PIN: ", NEW)
            terminal.answer("New PIN again: ", NEW)
            ended(terminal, "ok", 0)


@scenario
def dezi_pin_keeps_the_last_try(run):
    with House(run) as home:
        home.box.start_cards("z")
        home.box.ctl("tries", 0, 1)
        for answer in ("no", "", "yes please"):
            with pin(home, "change") as terminal:
                terminal.until("this is the last try")
                terminal.answer("last try: ", answer)
                ended(terminal, "cancelled")
        with pin(home, "change", policy={"allow_last_try": "no"}) as terminal:
            ended(terminal, "pin_last_try", tries=-1)
            equal(terminal.seen, "")
        untouched(home, tries=1)
        with pin(home, "change") as terminal:
            terminal.answer("last try: ", "yes")
            change(terminal)
            ended(terminal, "ok", 0)
        equal(home.box.stats()["tries"], 3)


@scenario
def dezi_pin_unblock(run):
    with House(run) as home:
        home.box.start_cards("z")
        home.box.ctl("tries", 0, 0)
        with pin(home, "change") as terminal:
            wrong = ended(terminal, "pin_blocked", tries=-1)
            assert "dezi pin unblock" in wrong, wrong
            equal(terminal.seen, "")
        with pin(home, "unblock") as terminal:
            terminal.until("never be used again")
            unblock(terminal, "87654321")
            wrong = ended(terminal, "pin_wrong", tries=2)
            assert "PUK was wrong" in wrong and "2 tries left" in wrong, wrong
        equal(home.box.stats()["puk_tries"], 2)
        with pin(home, "unblock") as terminal:
            unblock(terminal)
            ended(terminal, "ok", 0)
        stats = home.box.stats()
        equal((stats["tries"], stats["puk_tries"], stats["verified"]), (3, 3, False))
        assert stats["resets"] >= 1, stats
        with pin(home, "change") as terminal:
            change(terminal, NEW, "654321")
            ended(terminal, "ok", 0)


@scenario
def dezi_pin_unblock_says_what_the_last_try_means(run):
    with House(run) as home:
        home.box.start_cards("z")
        home.box.ctl("tries", 0, 0, 1)
        with pin(home, "unblock") as terminal:
            terminal.until("never be used again and you need a new one")
            terminal.answer("last try: ", "y")
            ended(terminal, "cancelled")
        untouched(home, 0, 1)
        home.box.ctl("tries", 0, 0, 0)
        with pin(home, "unblock") as terminal:
            wrong = ended(terminal, "pin_blocked", tries=-1)
            assert "can never be unblocked" in wrong and "new pass" in wrong, wrong
            equal(terminal.seen, "")


@scenario
def dezi_pin_sends_nothing_to_another_card(run):
    """T9, hostile-cards vector 61: swapped while the person types."""
    with House(run) as home:
        for verb, first in (("change", "Current PIN: "), ("unblock", "PUK: ")):
            if verb == "change":
                home.box.start_cards("z")
            else:
                home.box.swap("z")
                home.box.ctl("wait", 0, "present")
            with pin(home, verb) as terminal:
                terminal.answer(first, PIN if verb == "change" else PUK)
                terminal.answer("New PIN: ", NEW)
                terminal.until("New PIN again: ")
                home.box.swap("z2")
                terminal.press(NEW.encode() + b"\n")
                code, said, _ = terminal.end()
                equal(code, 1)
                assert json.loads(said)["result"] in ("card_changed", "card_removed"), said
            untouched(home)


@scenario
def dezi_pin_sends_nothing_to_the_same_card_after_it_was_out(run):
    with House(run) as home:
        home.box.start_cards("z")
        with pin(home, "change") as terminal:
            terminal.answer("Current PIN: ", PIN)
            terminal.answer("New PIN: ", NEW)
            terminal.until("New PIN again: ")
            home.box.remove()
            home.box.insert("z")
            terminal.press(NEW.encode() + b"\n")
            code, said, _ = terminal.end()
            equal(code, 1)
            assert json.loads(said)["result"] in ("card_changed", "card_removed"), said
        untouched(home)


@scenario
def dezi_pin_cancelled_in_a_terminal(run):
    with House(run) as home:
        home.box.start_cards("z")
        for question, keys in (("Current PIN: ", CTRL_C), ("New PIN: ", CTRL_C),
                               ("New PIN again: ", CTRL_C), ("Current PIN: ", CTRL_D),
                               ("New PIN again: ", b"12" + CTRL_C),
                               ("Current PIN: ", b"\x1c"), ("New PIN: ", signal.SIGTERM),
                               ("New PIN: ", signal.SIGHUP)):
            with pin(home, "change") as terminal:
                for prompt, line in (("Current PIN: ", PIN), ("New PIN: ", NEW),
                                     ("New PIN again: ", NEW)):
                    if prompt == question:
                        break
                    terminal.answer(prompt, line)
                terminal.until(question)
                assert not terminal.is_as_before(), "the terminal echoes"
                if isinstance(keys, bytes):
                    terminal.press(keys)
                else:
                    terminal.process.send_signal(keys)
                number = {CTRL_D: None, b"\x1c": signal.SIGQUIT}.get(
                    keys, signal.SIGINT if isinstance(keys, bytes) else keys)
                ended(terminal, "cancelled", 1 if number is None else 128 + number)
        untouched(home)


@scenario
def dezi_pin_in_a_window(run):
    answers = {"Current PIN:": PIN, "New PIN:": NEW, "New PIN again:": NEW}

    with House(run, pin=lambda w: w["kind"] == "confirm" or answers[w["prompt"]]) as home:
        home.box.start_cards("z")
        home.box.ctl("tries", 0, 1)
        with pin(home, "change", env={"DISPLAY": ":77"}) as terminal:
            ended(terminal, "ok", 0)
            equal(terminal.seen, "", "nothing is asked in the terminal")
        kinds = [window["kind"] for window in home.person.windows]
        equal(kinds, ["confirm", "pin", "pin", "pin"])
        danger, current, new, _ = home.person.windows
        equal(danger["ok"], "Use the last try")
        assert "last try" in danger["text"], danger
        assert "1 try left" in current["text"] and "UZI pass" in current["text"], current
        assert "6 to 15 characters" in new["text"], new
        equal(home.box.stats()["verified"], False)
        # In the terminal all the same.
        with pin(home, "change", "--terminal", env={"DISPLAY": ":77"}) as terminal:
            change(terminal, NEW, PIN)
            ended(terminal, "ok", 0)
        equal(len(home.person.windows), 4)


@scenario
def dezi_pin_window_cancelled(run):
    said = []

    def person(window):
        said.append(window["prompt"])
        return None if len(said) == 1 else Person.HANG

    with House(run, pin=person) as home:
        home.box.start_cards("z")
        with pin(home, "unblock", env={"WAYLAND_DISPLAY": "wayland-77"}) as terminal:
            ended(terminal, "cancelled")
        with pin(home, "unblock", env={"WAYLAND_DISPLAY": "wayland-77"}) as terminal:
            house.eventually("the window", lambda: len(said) == 2)
            terminal.process.send_signal(signal.SIGINT)
            ended(terminal, "cancelled", 128 + signal.SIGINT)
        equal(said, ["PUK:", "PUK:"])
        untouched(home)
        with pin(home, "change", pinentry="/nonexistent", env={"DISPLAY": ":77"}) as terminal:
            wrong = ended(terminal, "no_pin_window")
            assert "--terminal" in wrong, wrong


@scenario
def dezi_pin_wants_one_card_that_it_can_serve(run):
    with House(run) as home:
        home.box.start_cards("z", "z-locked")
        conf = ("--json", "--config", home.agent_conf())
        done = home.dezi("pin", "change", *conf)
        equal(json.loads(done.stdout), {"result": "several_cards"})
        assert done.stderr.count("--reader \"") == 2, done.stderr
        done = home.dezi("pin", "change", "--reader", "00 01", *conf)
        equal(json.loads(done.stdout), {"result": "vendor_locked"})
        assert "SafeSign IC" in done.stderr, done.stderr
        # Nobody to ask: no terminal, no window.
        done = home.dezi("pin", "change", "--reader", "00 00", *conf, start_new_session=True)
        equal(json.loads(done.stdout), {"result": "no_pin_window"})
        for words in ((), ("nothing",), ("change", PIN), ("change", "--pin", PIN)):
            equal(home.dezi("pin", *words).returncode, 2)
        untouched(home)


@scenario
def dezi_pin_tells_when_contact_was_lost(run):
    with House(run) as home:
        home.box.start_cards("z")
        home.box.ctl("on", 0, "change", "remove")
        with pin(home, "change") as terminal:
            change(terminal)
            code, said, wrong = terminal.end()
            equal(code, 1)
            equal(json.loads(said)["in_doubt"], True)
            assert "the old one or the new one" in wrong, wrong


@scenario
def dezi_pin_change_refused_by_the_card(run):
    """The card wants a longer PIN than it says; a YubiKey one that is less simple."""
    for card, sw in (("z", "6A80"), ("piv", "6A80"), ("piv-yubikey", "6985")):
        with House(run) as home:
            home.box.start_cards(card)
            home.box.ctl("on", 0, "change", "sw", sw)
            with pin(home, "change") as terminal:
                change(terminal)
                ended(terminal, "pin_refused")
            stats = home.box.stats()
            equal((stats["tries"], stats["verified"]), (3, False), card)


TOKENS = (("piv", "PIV card", -1, -1), ("piv-yubikey", "YubiKey", 3, 3),
          ("p15", "ISO 7816-15", -1, -1))


@scenario
def dezi_pin_status_of_tokens(run):
    """What a card does not say for nothing is not asked (piv.md section 4)."""
    for card, title, tries, puk_tries in TOKENS:
        with House(run) as home:
            home.box.start_cards(card)
            one, = status(home)
            equal((one["result"], one["title"]), ("ok", title), card)
            equal((one["pin"]["tries"], one["puk"]["tries"]), (tries, puk_tries), card)
            equal((one["pin"]["min"], one["pin"]["max"]), (6, 8), card)
            equal((one["can_change"], one["can_unblock"]), (True, True), card)
            # A YubiKey says that its PIN is the one that every YubiKey comes with.
            equal((one["pin"]["must_change"], one["next"]), (True, "change")
                  if card == "piv-yubikey" else (False, "nothing"), card)
            untouched(home)


@scenario
def dezi_pin_says_the_way_out_of_a_blocked_pin(run):
    """Not the one that this card does not have."""
    with House(run) as home:
        home.box.start_cards("piv-yubikey")
        for tries, puk_tries, verb, way in ((0, 3, "change", "dezi pin unblock"),
                                            (0, 0, "change", "Ask for a new pass"),
                                            (0, 0, "unblock", "Ask for a new pass"),
                                            (3, 0, "unblock", "once this PIN is blocked")):
            home.box.ctl("tries", 0, tries, puk_tries)
            with pin(home, verb) as terminal:
                said = ended(terminal, "pin_blocked", tries=-1)
            assert way in said, (tries, puk_tries, verb, said)
            equal(way == "dezi pin unblock", "dezi pin unblock" in said, said)
        home.box.ctl("tries", 0, 3, 3)
        untouched(home)


@scenario
def dezi_pin_change_of_tokens(run):
    for card, *_ in TOKENS:
        with House(run) as home:
            home.box.start_cards(card)
            with pin(home, "change") as terminal:
                change(terminal, "654321", "24681357")
                ended(terminal, "pin_wrong", tries=2)
            with pin(home, "change") as terminal:
                change(terminal, PIN, "24681357")
                ended(terminal, "ok", 0)
            stats = home.box.stats()
            equal((stats["tries"], stats["verifies"], stats["verified"]), (3, 2, False), card)
            with pin(home, "change") as terminal:
                change(terminal, "24681357", PIN)
                ended(terminal, "ok", 0)


@scenario
def dezi_pin_unblock_of_tokens(run):
    for card, *_ in TOKENS:
        with House(run) as home:
            home.box.start_cards(card)
            home.box.ctl("tries", 0, 0)
            with pin(home, "unblock") as terminal:
                unblock(terminal, "87654321", "24681357")
                ended(terminal, "pin_wrong", tries=2)
            equal(home.box.stats()["puk_tries"], 2, card)
            with pin(home, "unblock") as terminal:
                unblock(terminal, PUK, "24681357")
                ended(terminal, "ok", 0)
            stats = home.box.stats()
            equal((stats["tries"], stats["puk_tries"], stats["verified"]), (3, 3, False), card)
            with pin(home, "change") as terminal:
                change(terminal, "24681357", PIN)
                ended(terminal, "ok", 0)


@scenario
def dezi_pin_of_a_card_with_a_global_pin(run):
    """No PUK is for that PIN (SP 800-73-5 part 2 section 3.2.3)."""
    with House(run) as home:
        home.box.start_cards()
        home.box.ctl("insert", 0, str(home.variant("piv", "global", lambda text: text.replace(
            "\npin = ", "\npin2 = 222222\npin = ").replace(
            "\n[key 9a]", "\n[applet]\ndiscovery = global\n\n[key 9a]"))) + ".card")
        home.box.ctl("wait", 0, "present")
        one, = status(home)
        equal((one["can_change"], one["can_unblock"], one["puk"]), (True, False, None))
        with pin(home, "unblock") as terminal:
            ended(terminal, "unsupported")
        with pin(home, "change") as terminal:
            change(terminal, "222222", "333333")
            ended(terminal, "ok", 0)


@scenario
def dezi_pin_of_a_card_that_wants_digits(run):
    for form in ("bcd", "iso9564"):
        with House(run) as home:
            home.box.start_cards(home.variant("p15", form, lambda text: text.replace(
                "[applet]\n", f"[applet]\npin_form = {form}\n")))
            one, = status(home)
            equal((one["pin"]["digits_only"], one["pin"]["max"]), (True, 12), form)
            with pin(home, "change") as terminal:
                terminal.answer("Current PIN: ", PIN)
                terminal.answer("New PIN: ", "letters")
                terminal.until("does not take")
                terminal.answer("New PIN: ", "1357924")
                terminal.answer("New PIN again: ", "1357924")
                ended(terminal, "ok", 0)
            with pin(home, "unblock") as terminal:
                unblock(terminal, PUK, "24681357")
                ended(terminal, "ok", 0)
            with pin(home, "change") as terminal:
                change(terminal, "24681357", PIN)
                ended(terminal, "ok", 0)
