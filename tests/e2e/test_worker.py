# SPDX-License-Identifier: EUPL-1.2
"""dezi-login-worker by itself: a card in a box, and this file in the agent's place."""

import os
import pty
import select
import socket
import struct
import subprocess
import sys
import termios
import threading
import time

import assertion
import house
from house import House, PIN, WAIT, eventually
from pinentry import Person
from scenario import scenario
from test_login import FOREIGN
from typist import Typist

LOGIN, CHALLENGE, REFUSED = 1, 2, 3
STEP, NEED_CHALLENGE, DONE, FAILED, HAND_OVER = 16, 17, 18, 19, 20

RP_NL, RP_EN = "Ziekenhuis Oost, dossier", "Hospital East, records"
CALLER = "/usr/bin/epd"
NONCE = b"\x11" * 32


# The agent puts the socket on descriptor 3, and nothing beside it.
START = """\
import os, sys
number = int(sys.argv[1])
if number == 3:
    os.set_inheritable(3, True)
else:
    os.dup2(number, 3)
    os.close(number)
os.execv(sys.argv[2], sys.argv[2:])
"""


def equal(got, want, what="value"):
    assert got == want, f"{what}: {got!r}, not {want!r}"


def field(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack(">H", len(data)) + data


def take(data):
    size = struct.unpack(">H", data[:2])[0]
    return data[2:2 + size], data[2 + size:]


class Worker:
    """One worker, with our end of its socket."""

    def __init__(self, home, env=None, clean=True, program="dezi-login-worker", words=(), **conf):
        self.home = home
        ours, theirs = socket.socketpair()
        self.socket = ours
        variables = home.agent_env("agent")
        variables.update(env or {})
        if not clean:
            variables["PATH"] = os.environ["PATH"]
        self.log = open(home.dir / "worker.log", "ab")      # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            [sys.executable, "-ISc", START, str(theirs.fileno()), home.run.programs / program,
             "--config", home.agent_conf(**conf), "--broker", "main", *words],
            env=variables, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, start_new_session=True)
        theirs.close()
        self.pid = self.process.pid
        self.steps = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(WAIT)
        self.log.close()

    def say(self, kind, body=b""):
        try:
            self.socket.sendall(struct.pack(">IB", len(body) + 1, kind) + body)
        except BrokenPipeError:
            pass    # one that refuses early has answered already

    def _read(self, size):
        data = b""
        while len(data) < size:
            ready, _, _ = select.select([self.socket], [], [], 150)
            if not ready:
                raise AssertionError("the worker says nothing")
            try:
                more = self.socket.recv(size - len(data))
            except ConnectionResetError:
                more = b""
            if not more:
                raise AssertionError(f"the worker hung up ({self.process.wait(WAIT)})")
            data += more
        return data

    def hear(self):
        size, kind = struct.unpack(">IB", self._read(5))
        return kind, self._read(size - 1)

    @staticmethod
    def request(seconds=120, challenge="a.b.c", nonce=NONCE, language="nl", origin="",
                rp_nl=RP_NL):
        deadline = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000000 + seconds * 1000
        now = int(time.time())
        return (field("login-1") + field(challenge) + field(house.ISSUER) + field("jti-1")
                + nonce + struct.pack(">QQ", now, now + seconds) + field("epd")
                + field(rp_nl) + field(RP_EN) + field(origin) + field(house.LOA_HIGH)
                + b"\0" + struct.pack(">Q", deadline) + field(CALLER) + field(language))

    def end(self, renew=None):
        """Until DONE (the assertion's header and payload), FAILED (word, tries) or
        HAND_OVER (which, module, reader, event counter)."""
        while True:
            kind, body = self.hear()
            if kind == STEP:
                self.steps.append(body.decode())
            elif kind == NEED_CHALLENGE:
                self.say(*renew())
            elif kind == DONE:
                jws, body = take(body)
                self.reader, body = take(body)
                return assertion.read(jws.decode())
            elif kind == HAND_OVER:
                module, body = take(body)
                reader, body = take(body)
                return HAND_OVER, module.decode(), reader.decode(), struct.unpack(">I", body)[0]
            else:
                equal(kind, FAILED, "frame")
                word, body = take(body)
                tries = struct.unpack(">i", body[:4])[0]
                self.trail = take(body[4:])[0].decode()
                return word.decode(), tries

    def login(self, renew=None, **request):
        self.say(LOGIN, self.request(**request))
        return self.end(renew)


def refused(got, word, tries=None):
    assert isinstance(got[0], str), f"an assertion where {word} was expected"
    equal(got[0], word, "word")
    if tries is not None:
        equal(got[1], tries, "tries")


@scenario
def a_worker_signs_what_its_window_shows(run):
    with House(run) as home:
        home.box.start_cards("z")
        with Worker(home) as worker:
            header, payload = worker.login(origin=house.ORIGIN)
            equal(worker.steps, ["reading_card", "asking_pin", "signing"])
            equal(worker.process.wait(WAIT), 0, "exit status")
        window, = home.person.windows
        equal(window["kind"], "pin")
        for line in (payload["rp_name"], payload["origin"], payload["evidence"]["caller"],
                     payload["evidence"]["reader"]):
            assert any(shown.endswith(line) for shown in window["text"].splitlines()), window
        equal(payload["rp_name"], RP_NL)
        equal(payload["evidence"]["caller"], CALLER)
        equal(payload["nonce"], house.b64url(NONCE))
        equal(header["alg"], "RS256")
        assert "3" in window["text"], window
        assert 100 < int(window["timeout"]) <= 115, window
        assert not any("cache" in option for option in window["options"]), window


@scenario
def a_worker_speaks_english_when_told(run):
    with House(run) as home:
        home.box.start_cards("z")
        with Worker(home) as worker:
            _, payload = worker.login(language="en")
        equal(payload["rp_name"], RP_EN)
        assert "You have 3 tries left." in home.person.windows[0]["text"]


def status_of(pid):
    """Every thread's /proc status, as dictionaries."""
    result = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status", encoding="ascii") as lines:
            result.append(dict(line.rstrip("\n").split(":\t", 1) for line in lines
                               if ":\t" in line))
    return result


def readable(path):
    try:
        with open(path, "rb") as data:
            return data.read()
    except (PermissionError, ProcessLookupError, FileNotFoundError):
        return None     # kept from us, or it has ended


@scenario
def a_worker_is_confined_while_it_asks(run):
    """Looked at from outside, while the window is open and after the PIN is known."""
    seen = []

    def look(window):
        pid = worker.pid
        threads = status_of(pid)
        assert len(threads) >= 2, threads
        for thread in threads:
            equal(thread["Seccomp"], "2", "seccomp of every thread")
            equal(thread["NoNewPrivs"], "1")
        limits = readable(f"/proc/{pid}/limits")
        assert limits is None or b"Max core file size        0                    0" in limits
        # Not dumpable: its own user may not look into it.  (Root may.)
        if os.getuid() != 0:
            equal(readable(f"/proc/{pid}/environ"), None, "environment is not readable")
            equal(os.stat(f"/proc/{pid}/environ").st_uid, 0, "owner")
        seen.append(window)
        return PIN

    with House(run, pin=look) as home:
        home.box.start_cards("z")
        with Worker(home) as worker:
            header, _ = worker.login()
            equal(header["alg"], "RS256")
            # Between the answer and the end nothing of the PIN is outside either.
            assert PIN.encode() not in (readable(f"/proc/{worker.pid}/cmdline") or b"")
            assert PIN.encode() not in (readable(f"/proc/{worker.pid}/environ") or b"")
        equal(len(seen), 1)
        assert home.person.failure is None, home.person.failure
        for log in ("worker.log", "box/card.log", "box/log"):
            if (home.dir / log).exists():
                assert PIN.encode() not in (home.dir / log).read_bytes(), log


@scenario
def a_worker_drops_what_its_environment_should_not_hold(run):
    evil = {"PCSCLITE_CSOCK_NAME": "/nonexistent", "LIBPCSCLITE_DELEGATE": "/nonexistent.so",
            "PCSCLITE_NO_BLOCKING": "1", "OPENSSL_CONF": "/nonexistent",
            "LD_DEBUG": "statistics", "GPG_TTY": "/dev/null"}
    kept = []

    def look(_):
        kept.append(readable(f"/proc/{worker.pid}/environ"))
        return PIN

    with House(run, pin=look) as home:
        home.box.start_cards("z")
        with Worker(home, env=evil, clean=False) as worker:
            header, _ = worker.login()
            equal(header["alg"], "RS256")
        if kept[0] is not None:
            names = {entry.split(b"=")[0] for entry in kept[0].split(b"\0") if entry}
            equal(names, {b"XDG_RUNTIME_DIR", b"TERM", b"GPG_TTY"})


@scenario
def a_worker_ends_when_its_agent_hangs_up(run):
    with House(run, pin=lambda window: Person.HANG) as home:
        home.box.start_cards("z")
        with Worker(home) as worker:
            worker.say(LOGIN, worker.request())
            eventually("the window", lambda: home.person.windows)
            children = home.children(worker.process)
            equal(len(children), 1, "windows")
            worker.socket.shutdown(socket.SHUT_RDWR)
            began = time.monotonic()
            equal(worker.process.wait(WAIT), 1, "exit status")
            assert time.monotonic() - began < 2
            eventually("the window closed", lambda: not os.path.exists(f"/proc/{children[0]}"))


@scenario
def a_worker_that_is_killed_leaves_no_window(run):
    with House(run, pin=lambda window: Person.HANG) as home:
        home.box.start_cards("z")
        with Worker(home) as worker:
            worker.say(LOGIN, worker.request())
            eventually("the window", lambda: home.person.windows)
            children = home.children(worker.process)
            worker.process.kill()
            eventually("the window closed", lambda: not os.path.exists(f"/proc/{children[0]}"))


@scenario
def a_card_is_locked_again_when_its_worker_is_killed(run):
    """Vector 68: between the right PIN and the signature; pcscd resets the card of who is gone."""
    def slowly(_):
        home.box.ctl("delay", 0, 0, 0, 3000)
        return PIN

    with House(run, pin=slowly) as home:
        home.box.start_cards("z")
        with Worker(home) as worker:
            worker.say(LOGIN, worker.request())
            eventually("the PIN was verified", lambda: home.box.stats()["verifies"] == 1)
            resets = home.box.stats()["resets"]
            worker.socket.shutdown(socket.SHUT_RDWR)
            equal(worker.process.wait(WAIT), 1, "exit status")
            eventually("a reset", lambda: home.box.stats()["resets"] > resets)


@scenario
def a_worker_asks_for_a_newer_challenge(run):
    asked = []
    with House(run) as home:
        home.box.start_cards("z")

        def renew():
            asked.append(1)
            return CHALLENGE, Worker.request(challenge="d.e.f", nonce=b"\x22" * 32)
        with Worker(home) as worker:
            _, payload = worker.login(renew, seconds=50)
        equal(len(asked), 1)
        equal(payload["nonce"], house.b64url(b"\x22" * 32))


@scenario
def a_worker_refuses_a_challenge_that_asks_something_else(run):
    with House(run) as home:
        home.box.start_cards("z")
        with Worker(home) as worker:
            refused(worker.login(lambda: (CHALLENGE, Worker.request(rp_nl="Somebody else")),
                                 seconds=50), "request_mismatch", 3)
        equal(home.person.windows, [])


@scenario
def a_worker_is_told_that_there_is_no_other_challenge(run):
    with House(run) as home:
        home.box.start_cards("z")
        with Worker(home) as worker:
            refused(worker.login(lambda: (REFUSED, b"broker_unreachable"), seconds=50),
                    "broker_unreachable")
        with Worker(home) as worker:
            refused(worker.login(lambda: (STEP, b"nonsense"), seconds=50), "malformed")


@scenario
def a_worker_without_pcscd(run):
    with House(run) as home:
        home.box.tell("kill-pcscd")
        with Worker(home) as worker:
            refused(worker.login(), "no_service", -1)


@scenario
def a_worker_whose_pcscd_restarts(run):
    """Confined, it cannot connect again: the login ends."""
    def restart(_):
        home.box.tell("kill-pcscd")
        home.box.tell("pcscd")
        return PIN
    with House(run, pin=restart) as home:
        home.box.start_cards("z")
        with Worker(home) as worker:
            refused(worker.login(), "no_service")


@scenario
def a_worker_asks_for_a_card_until_it_comes(run):
    def person(window):
        return Person.HANG if window["kind"] == "confirm" else PIN
    with House(run, pin=person) as home:
        home.box.start_cards()
        with Worker(home) as worker:
            worker.say(LOGIN, worker.request())
            eventually("a window", lambda: home.person.windows)
            message = home.person.windows[0]
            equal(message["kind"], "confirm")
            assert RP_NL in message["text"], message
            # Of the PIN, of this message, and of what a token may want.
            equal(len(home.children(worker.process)), 3, "windows")
            home.box.insert("z")
            header, _ = worker.end()
            equal(header["alg"], "RS256")
            equal(worker.steps,
                  ["reading_card", "waiting_card", "reading_card", "asking_pin", "signing"])


@scenario
def a_worker_asks_for_a_card_beside_a_strange_one(run):
    """A token that is for something else stays where it is; the other reader is empty."""
    with House(run) as home:
        home.box.start_cards()
        home.box.ctl("insert", 0, home.write("foreign.card", FOREIGN))
        with Worker(home) as worker:
            worker.say(LOGIN, worker.request())
            eventually("a window", lambda: home.person.windows)
            equal(home.person.windows[0]["kind"], "confirm")
            home.box.insert("z", 1)
            header, _ = worker.end()
            equal(header["alg"], "RS256")
            assert worker.reader.endswith(b"00 01"), worker.reader


@scenario
def a_worker_waits_on_when_its_message_was_read(run):
    def person(window):
        if window["kind"] == "confirm":
            return True
        return PIN
    with House(run, pin=person) as home:
        home.box.start_cards()
        with Worker(home) as worker:
            worker.say(LOGIN, worker.request())
            eventually("the message closed", lambda: home.person.windows
                       and len(home.children(worker.process)) == 2)
            home.box.insert("z")
            header, _ = worker.end()
            equal(header["alg"], "RS256")


@scenario
def a_worker_stops_waiting_for_a_card_when_cancelled(run):
    with House(run, pin=lambda window: None) as home:
        home.box.start_cards()
        with Worker(home) as worker:
            refused(worker.login(), "cancelled", -1)


def without_tries(run, home):
    """A folder of profiles in which the pass does not say how many tries are left."""
    profiles = home.dir / "profiles"
    profiles.mkdir()
    text = (run.programs / "profiles" / "uzi.profile").read_text()
    text = "\n".join("tries = none" if line.startswith("tries = ") else line
                     for line in text.splitlines()
                     if not line.startswith(("tries_at", "tries_length")))
    (profiles / "uzi.profile").write_text(text + "\n")
    return profiles


@scenario
def a_worker_that_is_killed_while_the_card_looks_at_the_pin_has_counted_it(run):
    """DESIGN section 6 rule 2: a login that is cancelled then may have cost a try."""
    asked = []

    def person(window):
        asked.append(window["kind"])
        return False if window["kind"] == "confirm" else "654321"

    with House(run, pin=person) as home:
        profiles = without_tries(run, home)
        home.box.start_cards("z")
        for n in (1, 2):
            home.box.ctl("on", 0, "verify", "after", "delay", 1000)
            with Worker(home, profiles=profiles) as worker:
                worker.say(LOGIN, worker.request())
                home.box.ctl("wait", 0, "verifies", n)
        with Worker(home, profiles=profiles) as worker:
            refused(worker.login(), "cancelled")
        equal(asked, ["pin", "pin", "confirm"])
        equal(home.box.stats()["verifies"], 2)


@scenario
def a_worker_counts_wrong_pins_where_the_card_does_not(run):
    """DESIGN section 6 rule 2: one PIN per login, and after two wrong ones a question."""
    pins = iter(["654321", "654321", PIN, PIN])
    asked = []

    def person(window):
        asked.append(window["kind"])
        return True if window["kind"] == "confirm" else next(pins)

    with House(run, pin=person) as home:
        profiles = without_tries(run, home)
        home.box.start_cards("z")
        for want in ("pin_wrong", "pin_wrong"):
            with Worker(home, profiles=profiles) as worker:
                refused(worker.login(), want)
        equal(asked, ["pin", "pin"])
        equal(home.box.stats()["verifies"], 2)
        with Worker(home, profiles=profiles) as worker:
            header, _ = worker.login()
            equal(header["alg"], "RS256")
        equal(asked, ["pin", "pin", "confirm", "pin"])
        # It was right: nothing is counted any more.
        with Worker(home, profiles=profiles) as worker:
            worker.login()
        equal(asked[4:], ["pin"])


@scenario
def a_worker_without_a_runtime_folder(run):
    with House(run) as home:
        home.box.start_cards("z")
        with Worker(home, env={"XDG_RUNTIME_DIR": ""}) as worker:
            header, _ = worker.login()
            equal(header["alg"], "RS256")


@scenario
def a_worker_with_a_wrong_configuration(run):
    with House(run) as home:
        home.box.start_cards("z")
        with Worker(home, profiles="/nonexistent") as worker:
            refused(worker.login(), "config")
        with Worker(home, broker={"trust": "/nonexistent"}) as worker:
            refused(worker.login(), "config")
        with Worker(home, language="fr") as worker:
            refused(worker.login(), "config")
            assert "agent.conf: line 2: expected" in worker.trail, worker.trail


@scenario
def a_worker_is_not_started_by_hand(run):
    program = str(run.programs / "dezi-login-worker")
    equal(subprocess.run([program], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                         check=False).returncode, 2)
    said = subprocess.run([program, "--probe"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    values = dict(line.split("=", 1) for line in said.splitlines())
    equal(values["seccomp"], "yes")
    for what in ("open", "socket", "exec", "fork", "executable_memory", "signal", "ptrace"):
        equal(values[what], "refused", what)


def drain(master):
    try:
        while os.read(master, 65536):
            pass
    except OSError:
        os.close(master)


def program(name):
    path = f"/usr/bin/{name}"
    if not os.path.exists(path):
        raise house.Skip(f"{path} is not installed")
    return path


class Forgetful(Typist):
    """Types one PIN after the other."""

    @property
    def pin(self):
        return next(self._pins)

    @pin.setter
    def pin(self, pins):
        self._pins = iter(pins)


@scenario
def a_real_pinentry_on_a_terminal(run):
    """pinentry-tty; the wrong PIN first."""
    with House(run) as home:
        home.box.start_cards("z")
        typist = Forgetful(["654321", PIN])
        with Worker(home, pinentry=program("pinentry-tty"), env={"GPG_TTY": typist.tty}) as worker:
            header, _ = worker.login()
            equal(header["alg"], "RS256")
        equal(typist.typed, 2, "PINs typed")
        assert RP_NL in typist.seen, typist.seen
        typist.close()


@scenario
def a_real_pinentry_in_curses(run):
    with House(run) as home:
        home.box.start_cards("z")
        master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (40, 120))
        with Worker(home, pinentry=program("pinentry-curses"),
                    env={"GPG_TTY": os.ttyname(slave), "TERM": "xterm"}) as worker:
            worker.say(LOGIN, worker.request())
            seen = b""
            while b"Zieken" not in seen:
                assert select.select([master], [], [], WAIT)[0], seen
                seen += os.read(master, 65536)
            os.write(master, PIN.encode() + b"\r")
            header, _ = worker.end()
            equal(header["alg"], "RS256")
        os.close(master)
        os.close(slave)


def modes_change(tty, seconds=WAIT):
    """The modes of a terminal, and a function that is true once they differ."""
    before = termios.tcgetattr(tty)
    return before, lambda: eventually("the terminal is in another mode",
                                      lambda: termios.tcgetattr(tty) != before, seconds)


@scenario
def a_terminal_is_put_back_when_the_agent_hangs_up(run):
    with House(run) as home:
        home.box.start_cards("z")
        for name in ("pinentry-tty", "pinentry-curses"):
            master, slave = pty.openpty()
            threading.Thread(target=drain, args=(master,), daemon=True).start()
            before, changed = modes_change(slave)
            with Worker(home, pinentry=program(name),
                        env={"GPG_TTY": os.ttyname(slave), "TERM": "xterm"}) as worker:
                worker.say(LOGIN, worker.request())
                changed()
                worker.socket.shutdown(socket.SHUT_RDWR)
                worker.process.wait(WAIT)
            equal(termios.tcgetattr(slave), before, f"terminal after {name}")
            os.close(slave)


@scenario
def a_terminal_is_put_back_when_the_card_came(run):
    """pinentry-tty asks for the card, is closed by force, and another one asks for the PIN."""
    with House(run) as home:
        home.box.start_cards()
        typist = Typist(PIN)
        before, changed = modes_change(typist.slave)
        with Worker(home, pinentry=program("pinentry-tty"), env={"GPG_TTY": typist.tty}) as worker:
            worker.say(LOGIN, worker.request())
            changed()
            home.box.insert("z")
            header, _ = worker.end()
            equal(header["alg"], "RS256")
            worker.process.wait(WAIT)
        equal(termios.tcgetattr(typist.slave), before, "terminal")
        typist.close()
