# SPDX-License-Identifier: EUPL-1.2
"""Cards and tokens that a vendor's PKCS#11 library serves, in dezi-module-worker."""

import json
import os
import pathlib
import subprocess

import house
from house import PIN, WAIT, House, eventually
from pinentry import Person
from scenario import accepted, equal, refused, scenario
from test_login import FOREIGN, ended, log_in
from test_worker import HAND_OVER, Worker, readable
from test_worker import refused as said

READER = "Virtual PCD 00 00"


def token_of(run, holder="z", do="", **more):
    """A [module] with the library of tests/unit/fake_p11.c: a token with that card's key."""
    folder = run.pki / "cards" / holder
    variables = {"FAKE_P11_CERT": folder / "authentication.der",
                 "FAKE_P11_KEY": folder / "authentication.key"}
    if do:
        variables["FAKE_P11_DO"] = do
    variables.update(more.pop("variables", {}))
    keys = {"library": run.programs / "fake_p11.so", "reader": "none",
            "environment": [f"{name}={value}" for name, value in variables.items()]}
    keys.update(more)
    return {"vendor": keys}


class Vendor(Worker):
    """The module worker by itself, with the token in no reader unless told otherwise."""

    def __init__(self, home, modules, reader="", events=0, **how):
        super().__init__(home, program="dezi-module-worker", modules=modules,
                         words=["--module", "vendor", "--reader", reader, "--events",
                                str(events)], **how)


def calls(home):
    """What the library was asked to do, by its own log."""
    return (home.dir / "calls").read_text().split()


def logged(home, run, do="", **more):
    variables = {"FAKE_P11_LOG": home.dir / "calls", **more.pop("variables", {})}
    return token_of(run, do=do, variables=variables, **more)


@scenario
def a_library_logs_in_logs_out_and_is_finalised(run):
    with House(run) as home:
        with Vendor(home, logged(home, run)) as worker:
            header, payload = worker.login()
            equal(worker.steps, ["reading_card", "asking_pin", "signing"])
        equal(header["alg"], "RS256")
        evidence = payload["evidence"]
        equal(evidence["means"], "module")
        equal(evidence["driver"], "vendor")
        equal(evidence["one_transaction"], False)
        equal(evidence["reader"], "")
        equal([name for name in calls(home) if name not in ("C_CloseSession", "again")],
              ["C_Initialize", "C_Login", "C_Sign", "C_Logout", "C_Finalize"])


@scenario
def a_library_that_fails_ends_the_login_with_a_word(run):
    """T29: crash, hang, nonsense; the card's answer is checked like everybody's."""
    words = {
        "load-crashes": "the worker hung up", "init-crashes": "the worker hung up",
        "login-crashes": "the worker hung up", "sign-exits": "the worker hung up",
        "load-hangs": "vendor_library", "init-hangs": "vendor_library",
        "open-hangs": "vendor_library", "find-hangs": "vendor_library",
        "login-hangs": "vendor_library", "sign-hangs": "vendor_library",
        "logout-hangs": "vendor_library", "finalize-hangs": "vendor_library",
        "init-fails": "vendor_library", "no-list": "vendor_library",
        "incomplete": "vendor_library", "many-slots": "vendor_library",
        "counts-wrong": "vendor_library", "login-fails": "vendor_library",
        "sign-long": "vendor_library", "sign-short": "signature_invalid",
        "sign-wrong": "signature_invalid", "vanishes": "card_removed",
        "swaps": "card_changed", "empty": "no_card", "no-cert": "no_certificate",
        "cert-garbage": "no_certificate", "huge-attributes": "no_certificate",
        "endless": "no_certificate",
        "private-cert": "no_certificate", "other-modulus": "no_certificate",
        "locked": "pin_blocked", "final-try": "pin_last_try",
    }
    with House(run) as home:
        for do, word in words.items():
            with Vendor(home, token_of(run, do=do, seconds=2),
                        policy={"allow_last_try": "no"}) as worker:
                try:
                    got = worker.login()
                except AssertionError as hung_up:
                    got = (str(hung_up)[:len("the worker hung up")], -1)
                equal(got[0], word, do)
        assert home.person.failure is None, home.person.failure


@scenario
def a_library_that_works_in_its_own_way_logs_in(run):
    with House(run) as home:
        for do in ("bad-slot", "always", "hashes-itself", "no-serial", "odd-lengths", "prints"):
            with Vendor(home, token_of(run, do=do)) as worker:
                header, _ = worker.login()
                equal(header["alg"], "RS256", do)
            assert b"the PIN is" not in (home.dir / "worker.log").read_bytes(), do


@scenario
def a_library_never_signs_with_the_signature_key(run):
    """T7: the first certificate is the one for signatures."""
    other = run.pki / "cards" / "z" / "signature.der"
    with House(run) as home:
        with Vendor(home, token_of(run, variables={"FAKE_P11_OTHER": other})) as worker:
            header, _ = worker.login()
        equal(header["x5c"][0], house.base64.b64encode(
            (run.pki / "cards" / "z" / "authentication.der").read_bytes()).decode())
        with Vendor(home, token_of(run, do="", variables={"FAKE_P11_CERT": other})) as worker:
            said(worker.login(), "no_certificate")


@scenario
def a_library_gets_one_wrong_pin_in_one_login(run):
    """T26, DESIGN section 6 rule 2: nobody says how many tries are left."""
    asked = []

    def person(window):
        asked.append(window["kind"])
        return True if window["kind"] == "confirm" else "654321"
    with House(run, pin=person) as home:
        for _ in range(2):
            with Vendor(home, logged(home, run)) as worker:
                said(worker.login(), "pin_wrong", -1)
        equal(asked, ["pin", "pin"])
        equal(calls(home).count("C_Login"), 2)
        # After two wrong ones of ours the person is asked first.
        with Vendor(home, logged(home, run)) as worker:
            said(worker.login(), "pin_wrong", -1)
        equal(asked[2:], ["confirm", "pin"])


@scenario
def a_library_that_does_not_say_why_may_have_cost_a_try(run):
    asked = []

    def person(window):
        asked.append(window["kind"])
        return False if window["kind"] == "confirm" else PIN
    with House(run, pin=person) as home:
        for _ in range(2):
            with Vendor(home, logged(home, run, do="login-fails")) as worker:
                said(worker.login(), "vendor_library")
        with Vendor(home, logged(home, run)) as worker:
            said(worker.login(), "cancelled")
        equal(asked, ["pin", "pin", "confirm"])
        equal(calls(home).count("C_Login"), 2)


@scenario
def a_library_that_ends_with_the_pin_may_have_cost_a_try(run):
    """It hangs or crashes in C_Login: nobody is left to count the PIN then."""
    asked = []

    def person(window):
        asked.append(window["kind"])
        return False if window["kind"] == "confirm" else PIN
    with House(run, pin=person) as home:
        with Vendor(home, logged(home, run, do="login-hangs", seconds=2)) as worker:
            said(worker.login(), "vendor_library")
        with Vendor(home, logged(home, run, do="login-crashes")) as worker:
            try:
                raise SystemExit(worker.login())
            except AssertionError as hung_up:
                assert "hung up" in str(hung_up), hung_up
        with Vendor(home, logged(home, run)) as worker:
            said(worker.login(), "cancelled")
        equal(asked, ["pin", "pin", "confirm"])
        equal(calls(home).count("C_Login"), 2)


@scenario
def a_library_is_not_given_a_pin_that_cannot_be_right(run):
    with House(run, pin=lambda window: "123") as home:
        with Vendor(home, logged(home, run)) as worker:
            said(worker.login(), "pin_length")
        assert "C_Login" not in calls(home), calls(home)


@scenario
def a_pin_is_typed_on_the_reader_where_the_library_says_so(run):
    def person(_):
        finger.write_bytes(b"1")
        return Person.HANG
    with House(run, pin=person) as home:
        finger = home.dir / "finger"
        os.mkfifo(finger)
        with Vendor(home, token_of(run, do="pinpad",
                                   variables={"FAKE_P11_FINGER": finger})) as worker:
            _, payload = worker.login()
        equal(payload["evidence"]["pin_entry"], "pinpad")
        equal([window["kind"] for window in home.person.windows], ["confirm"])
        home.person.act = lambda window: Person.HANG
        with Vendor(home, token_of(run, do="pinpad pad-cancelled")) as worker:
            said(worker.login(), "cancelled")
    with House(run) as home:
        # Switched off: the PIN window, and a library that then says no.
        with Vendor(home, token_of(run, do="pinpad", pinpad="no")) as worker:
            said(worker.login(), "pin_wrong")


@scenario
def a_library_that_others_can_write_is_not_loaded(run):
    with House(run) as home:
        library = home.dir / "open.so"
        library.write_bytes((run.programs / "fake_p11.so").read_bytes())
        library.chmod(0o666)
        with Vendor(home, token_of(run, library=library)) as worker:
            said(worker.login(), "config")
        with Vendor(home, token_of(run, library="/nonexistent.so")) as worker:
            said(worker.login(), "config")
        with Vendor(home, token_of(run, library=home.write("text.so", "no library"))) as worker:
            said(worker.login(), "vendor_library")


@scenario
def an_agent_survives_a_library_that_does_not(run):
    with House(run) as home:
        home.start()
        for do, word in (("sign-crashes", "vendor_library"), ("sign-hangs", "vendor_library"),
                         ("sign-stops", "vendor_library"), ("load-stops", "vendor_library"),
                         ("init-exits", "vendor_library"),
                         ("init-forks sign-crashes", "vendor_library"),
                         ("load-forks sign-hangs", "vendor_library"),
                         ("init-forks sign-exits", "vendor_library"),
                         ("", None), ("init-forks", None)):
            home.agent.stop()
            home.processes.remove(home.agent)
            home.start_agent(modules=token_of(run, do=do, seconds=2))
            request = home.request()
            if word:
                refused(home.login(request), word)
                eventually("no process is left", lambda: not home.children(home.agent))
                refused(home.login(home.request()), word)
                continue
            got = accepted(home.result(request, accepted(home.login(request))["finish"]))
            equal(ended(home, request, got["session"]), None)
            sessions = accepted(home.to_agent("GET", "/v1/sessions"))["sessions"]
            equal([session["reader"] for session in sessions], [""])


@scenario
def a_vendor_locked_pass_logs_in_with_its_vendors_library(run):
    """The pass answers to nobody here; what its library would do is played."""
    with House(run) as home:
        home.start("z-locked", modules=token_of(
            run, reader=None, card="vendor_locked", variables={"FAKE_P11_READER": READER}))
        resets = home.box.stats()["resets"]
        request, finish = log_in(home)
        got = accepted(home.result(request, finish))
        equal(got["identity"]["uzi_number"], "900000001")
        # T8: our own handle left it locked to everybody.
        equal(home.box.stats()["resets"], resets + 1)
        home.box.remove()
        eventually("session ended", lambda: ended(home, request, got["session"]), 5)
        equal(ended(home, request, got["session"]), "card_removed")


@scenario
def a_card_that_is_pulled_from_under_a_library(run):
    """T9: whatever the library says, the event counter is ours."""
    def person(_):
        home.box.remove()
        home.wait_cards(0)
        home.box.insert("z-locked")
        home.wait_cards(1)
        return PIN
    with House(run, pin=person) as home:
        home.start("z-locked", modules=token_of(
            run, reader=None, variables={"FAKE_P11_READER": READER,
                                         "FAKE_P11_LOG": home.dir / "calls"}))
        answer = home.login(home.request())
        assert answer.word in ("card_changed", "card_removed"), answer
        assert "C_Login" not in calls(home), calls(home)


def no_profiles(home):
    """A workstation whose drivers know none of the cards here."""
    folder = home.dir / "profiles"
    folder.mkdir()
    lines = (home.run.programs / "profiles" / "uzi.profile").read_text().splitlines()
    lines = [line for line in lines if not line.startswith(("atr =", "historical ="))]
    lines = ["probe = no\natr = 3B 00" if line == "probe = yes" else line for line in lines]
    (folder / "other.profile").write_text("\n".join(lines) + "\n")
    return folder


@scenario
def our_own_driver_comes_before_any_library(run):
    with House(run) as home:
        home.box.start_cards("z")
        anything = token_of(run, reader=None)
        with Worker(home, modules=anything) as worker:
            _, payload = worker.login()
            equal(payload["evidence"]["means"], "native")
        with Worker(home, modules=anything, profiles=no_profiles(home)) as worker:
            got = worker.login()
            equal(got[:3], (HAND_OVER, "vendor", READER))


@scenario
def our_own_pkcs11_module_serves_what_the_agent_does_not_know(run):
    """The agent's verdict on a card is that of its own profiles, and nobody else's."""
    with House(run) as home:
        conf = home.write("pkcs11.conf", "[module]\nlog = none\n"
                          f"profiles = {run.programs / 'profiles'}\n")
        module = {"vendor": {"library": run.programs / "dezi-pkcs11.so",
                             "environment": f"DEZI_PKCS11_CONF={conf}"}}
        home.start("z", modules=module, profiles=no_profiles(home))
        for _ in range(2):
            request, finish = log_in(home)
            got = accepted(home.result(request, finish))
            equal(got["identity"]["uzi_number"], "900000001")


@scenario
def libraries_serve_what_the_configuration_says(run):
    with House(run) as home:
        folder = no_profiles(home)
        home.box.start_cards("z")
        for keys, served in (({"reader": "Virtual PCD"}, True), ({"reader": "Other"}, False),
                             ({"reader": None, "atr": "3B DC *"}, True),
                             ({"reader": None, "atr": "3B DD *"}, False),
                             ({"reader": None, "card": "vendor_locked"}, False),
                             ({"reader": None, "use": "no"}, False)):
            with Worker(home, modules=token_of(run, **keys), profiles=folder,
                        ignore_reader="00 01") as worker:
                got = worker.login()
                equal(got[0], HAND_OVER if served else "card_unknown", str(keys))
        home.box.insert("n", 1)

        def cannot_choose():
            with Worker(home, modules=token_of(run, reader=None), profiles=folder) as worker:
                return worker.login()[0] == "several_cards"
        # pcscd looks at its readers now and then.
        house.eventually("several cards are seen", cannot_choose)


@scenario
def a_softhsm_token_logs_in(run):
    """SoftHSM has no reader; its token has the key and certificate of a pass."""
    library = pathlib.Path("/usr/lib/softhsm/libsofthsm2.so")
    if not library.exists():
        raise house.Skip("softhsm2 is not installed")
    folder = run.pki / "cards" / "z"
    with House(run) as home:
        tokens = home.dir / "tokens"
        tokens.mkdir()
        conf = home.write("softhsm2.conf", f"directories.tokendir = {tokens}\n"
                          "objectstore.backend = file\nlog.level = ERROR\n")
        env = {"SOFTHSM2_CONF": str(conf), "PATH": os.environ["PATH"]}

        def tool(*words):
            subprocess.run(["pkcs11-tool", "--module", library, *words], env=env, check=True,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=WAIT)
        tool("--init-token", "--slot-index", "0", "--label", "login", "--so-pin", "12345678")
        login = ["--token-label", "login", "--login", "--pin", PIN]
        tool("--token-label", "login", "--login", "--login-type", "so", "--so-pin", "12345678",
             "--init-pin", "--new-pin", PIN)
        key = home.dir / "key.der"
        key.write_bytes(house.openssl("pkey", "-in", folder / "authentication.key",
                                      "-outform", "DER"))
        tool(*login, "--write-object", str(key), "--type", "privkey", "--id", "01",
             "--usage-sign")
        tool(*login, "--write-object", str(folder / "authentication.der"), "--type", "cert",
             "--id", "01")
        home.start(modules={"vendor": {"library": library, "reader": "none",
                                       "environment": f"SOFTHSM2_CONF={conf}"}})
        request, finish = log_in(home)
        got = accepted(home.result(request, finish))
        equal(got["identity"]["uzi_number"], "900000001")
        home.person.act = lambda window: "654321"
        refused(home.login(home.request()), "pin_wrong")


@scenario
def dezi_tells_which_library_serves_a_card_and_why(run):
    with House(run) as home:
        home.box.start_cards("z", "z-locked")
        conf = home.agent_conf(modules=token_of(run, reader=None))

        def backends():
            done = home.dezi("cards", "--config", conf, "--json")
            equal(done.returncode, 0)
            return [(r["backend"], r["why"], r.get("module"))
                    for r in json.loads(done.stdout)["readers"] if r["present"]]
        equal(backends(), [("native", "ok", None), ("module", "vendor_locked", "vendor")])
        home.box.remove(0)
        eventually("it is out", lambda: len(backends()) == 1)
        home.box.ctl("insert", 0, home.write("foreign.card", FOREIGN))
        eventually("it is in", lambda: backends()[0] == ("module", "card_unknown", "vendor"))
        text = home.dezi("cards", "--config", conf).stdout
        assert "[module vendor]" in text, text
        found = json.loads(home.dezi("doctor", "--config", conf, "--json").stdout)["findings"]
        library = [f for f in found if f["subject"] == "library"]
        equal([f["level"] for f in library], ["good"])
        assert "Fake token" in library[0]["text"], library
        # One that hangs, one that crashes, one that stops behind closed doors, one that is
        # not there: each is said so.
        for keys in ({"do": "init-hangs"}, {"do": "load-crashes"}, {"do": "closes load-stops"},
                     {"library": "/nonexistent.so"}):
            conf = home.agent_conf(modules=token_of(run, **keys))
            found = json.loads(home.dezi("doctor", "--config", conf, "--json").stdout)["findings"]
            equal([f["level"] for f in found if f["subject"] == "library"], ["wrong"], str(keys))


@scenario
def a_module_worker_keeps_its_secrets(run):
    """Not dumpable, no new privileges, no core; the PIN is in no place that can be seen."""
    seen = []

    def look(_):
        with open(f"/proc/{worker.pid}/status", encoding="ascii") as lines:
            seen.append(dict(line.rstrip("\n").split(":\t", 1) for line in lines
                             if ":\t" in line))
        return PIN
    with House(run, pin=look) as home:
        with Vendor(home, token_of(run)) as worker:
            worker.login()
            assert PIN.encode() not in (readable(f"/proc/{worker.pid}/environ") or b"")
        equal(seen[0]["NoNewPrivs"], "1")
        assert home.person.failure is None, home.person.failure
        assert PIN.encode() not in (home.dir / "worker.log").read_bytes()


@scenario
def a_token_in_no_reader_needs_no_pcscd(run):
    with House(run) as home:
        with Vendor(home, token_of(run), pcsc_socket=home.dir / "nothing") as worker:
            worker.login()
        home.start_broker()
        home.start_agent(modules=token_of(run), pcsc_socket=home.dir / "nothing")
        request, finish = log_in(home)
        got = accepted(home.result(request, finish))
        equal(ended(home, request, got["session"]), None)
