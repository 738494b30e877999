# SPDX-License-Identifier: EUPL-1.2
"""Vendors' libraries that nobody here wrote, in dezi-module-worker, with cards on pcscd.

The workstation's own drivers know none of the cards, as with a vendor-locked one.
"""

import json
import pathlib
import re
import time

import house
from house import PIN, House, eventually
from scenario import accepted, equal, refused, scenario
from test_login import ended, log_in
from test_module import no_profiles

FOLDER = pathlib.Path("/usr/lib/x86_64-linux-gnu")
OPENSC = FOLDER / "opensc-pkcs11.so"
YKCS11 = FOLDER / "libykcs11.so.2"
YUBIKEY = "Yubico YubiKey CCID"     # the maker's library looks at no other reader


def module(library, **keys):
    if not library.exists():
        raise house.Skip(f"{library} is not there")
    return {"vendor": dict({"library": library}, **keys)}


def our_own(home):
    """Our own module, which a [module] may name like any other; it keeps its drivers."""
    conf = home.write("pkcs11.conf",
                      "[module]\n"
                      f"profiles = {home.run.programs / 'profiles'}\n")
    return module(home.run.programs / "dezi-pkcs11.so",
                  environment=f"DEZI_PKCS11_CONF={conf}")


def start(home, card, modules):
    home.start(card, modules=modules, profiles=no_profiles(home))


def locked(home):
    """Nobody finds the card open, and no try is gone but those that were typed."""
    stats = home.box.stats()
    equal(stats["verified"], False, "the card is open")
    return stats["tries"], stats["verifies"]


def as_cardos(text):
    """OpenSC signs with no card that it has no driver for (tests/judges/run)."""
    return re.sub(r"(?m)^reference = .*", "reference = 133",
                  text.replace("type = iso7816-15\n",
                               "type = iso7816-15\natr = 3BD218008131FE58C90316\n")
                  .replace("[applet]\n", "[applet]\nany_algorithm = yes\ndata = 018D 0400\n"))


def log_in_after_the_pause(home):
    """One that was cancelled keeps the next one off for a while (DESIGN section 4)."""
    request = home.request()

    def got():
        time.sleep(0.5)
        answer = home.login(request)
        return answer if answer.word != "busy" else None
    return accepted(eventually("the pause is over", got))


def log_in_in_every_way(home, card, number, wrong="pin_wrong"):
    """All that a person can do at the PIN window, one login after the other."""
    request, finish = log_in(home)
    got = accepted(home.result(request, finish))
    equal(got["identity"]["uzi_number"], number)
    equal(locked(home), (3, 1))
    equal(ended(home, request, got["session"]), None)

    # One PIN in one login: nobody here knows how many tries a library leaves.
    home.person.act = lambda window: "654321"
    refused(home.login(home.request()), wrong)
    equal(locked(home), (2, 2))
    home.person.act = lambda window: None
    refused(home.login(home.request()), "cancelled")
    equal(locked(home), (2, 2))
    home.person.act = home.knows_the_pin
    log_in_after_the_pause(home)
    equal(locked(home), (3, 3))

    def person(_):
        home.box.remove()
        home.wait_cards(0)
        return PIN
    home.person.act = person
    answer = home.login(home.request())
    assert answer.word in ("card_changed", "card_removed"), answer
    assert home.person.failure is None, home.person.failure
    eventually("session ended", lambda: ended(home, request, got["session"]), 5)
    verifies = home.box.stats()["verifies"]
    home.box.insert(card)
    home.wait_cards(1)
    equal(locked(home), (3, verifies))
    equal(verifies, 3)


@scenario
def a_piv_card_logs_in_with_openscs_library(run):
    with House(run) as home:
        start(home, "piv", module(OPENSC))
        log_in_in_every_way(home, "piv", "900000011")


@scenario
def an_iso7816_15_card_logs_in_with_openscs_library(run):
    with House(run) as home:
        card = home.variant("p15", "p15-as-cardos", as_cardos)
        start(home, card, module(OPENSC))
        # Of its driver for CardOS no program learns that 63C2 was the answer.
        log_in_in_every_way(home, card, "900000013", wrong="vendor_library")


@scenario
def a_yubikey_logs_in_with_its_makers_library(run):
    with House(run, reader=YUBIKEY) as home:
        start(home, "piv-yubikey", module(YKCS11))
        log_in_in_every_way(home, "piv-yubikey", "900000012")


@scenario
def a_pass_logs_in_with_our_own_library(run):
    with House(run) as home:
        start(home, "z", our_own(home))
        log_in_in_every_way(home, "z", "900000001")


def told(home, conf):
    """Which back end has the card, by "dezi cards", and what "dezi doctor" finds."""
    cards = json.loads(home.dezi("cards", "--config", conf, "--json").stdout)["readers"]
    reader, = [r for r in cards if r["present"]]
    found = json.loads(home.dezi("doctor", "--config", conf, "--json").stdout)["findings"]
    return ((reader["backend"], reader["why"]),
            [f["text"] for f in found if f["subject"] == "card"],
            [(f["level"], f["text"]) for f in found if f["subject"] == "library"])


@scenario
def dezi_tells_which_back_end_serves_a_token(run):
    for card, library, reader in (("piv", OPENSC, None), ("piv-yubikey", YKCS11, YUBIKEY)):
        with House(run, reader=reader) as home:
            home.box.start_cards(card)
            backend, cards, libraries = told(home, home.agent_conf(modules=module(library)))
            equal(backend, ("native", "ok"), card)
            assert any("(piv" in text for text in cards), cards
            backend, cards, libraries = told(home, home.agent_conf(
                modules=module(library), profiles=no_profiles(home)))
            equal(backend, ("module", "card_unknown"), card)
            assert any("[module vendor]" in text for text in cards), cards
            equal([level for level, _ in libraries], ["good"])
            assert str(library) in libraries[0][1], libraries
            assert libraries[0][1].endswith("tokens now: 1"), libraries
