#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""One login on a virtual UZI pass, from the request to the end of the session.

    demo.py --build BUILD [--interactive] [--pki PKI]

Everything runs in one temporary folder and is stopped at the end.  Exit status 0 only when
the identity came back and the session ended because the card was pulled.
"""

import argparse
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import time

import house
import typist

CARD = "z"
# What a PIN window needs of the desktop.
DESKTOP = ("DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "LANG", "LC_ALL",
           "LC_MESSAGES", "LANGUAGE", "TERM")


def say(text):
    print(text, file=sys.stderr, flush=True)


def program(name):
    found = shutil.which(name)
    if not found:
        raise SystemExit(f"{name} is not installed")
    return os.path.realpath(found)


class Login:
    """dezi login --watch, which plays the care application."""

    def __init__(self, home, quiet=False):
        """quiet: it says nothing until the answer is there, as the terminal is in use."""
        secret = home.write("epd.secret", house.CLIENT_SECRETS["epd"] + "\n", 0o600)
        env = {key: os.environ[key] for key in ("PATH", *DESKTOP, "LD_LIBRARY_PATH")
               if key in os.environ}
        self.process = subprocess.Popen(
            [home.run.program("dezi"), "login", "--watch", "--client-id", "epd",
             "--secret-file", str(secret), "--client-socket", str(home.client_socket),
             "--agent-socket", str(home.socket_of())],
            env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if quiet else None)

    def answer(self, seconds):
        """The next JSON object that it prints."""
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        line = self.process.stdout.readline() if ready else b""
        if self.process.stderr:
            os.set_blocking(self.process.stderr.fileno(), False)
            sys.stderr.write((self.process.stderr.read() or b"").decode())
        if not line:
            raise AssertionError("dezi login gave no answer in time")
        return json.loads(line)

    def done(self):
        return self.process.wait(house.WAIT)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(house.WAIT)
        self.process.stdout.close()


def pull_the_card(home, login, session):
    """The card leaves: dezi, which watches, and the broker must both say so."""
    say("the card is pulled out of the reader")
    began = time.monotonic()
    home.box.remove()
    over = login.answer(house.WAIT)
    milliseconds = round((time.monotonic() - began) * 1000)
    if over.get("session") != session or over.get("state") != "ended":
        raise AssertionError(f"the session did not end: {over}")
    if login.done() != 0:
        raise AssertionError("dezi login failed")
    say(f"the broker says: session ended, {over.get('why')}, after {milliseconds} ms")


def show(home, person):
    home.start(CARD, pinentry=program("pinentry-tty"), env={"GPG_TTY": person.tty})
    login = Login(home)
    try:
        got = login.answer(150)
        print(json.dumps(got, ensure_ascii=False, indent=2), flush=True)
        if got.get("result") != "ok" or got["identity"]["uzi_number"] != "900000001":
            raise AssertionError(f"no login: {got}")
        if person.typed != 1:
            raise AssertionError(f"the PIN was asked {person.typed} times")
        pull_the_card(home, login, got["session"])
    finally:
        login.stop()


def desktop_env():
    """Where the PIN window may appear: this terminal, and this desktop if there is one."""
    env = {key: os.environ[key] for key in DESKTOP if key in os.environ}
    display = os.environ.get("WAYLAND_DISPLAY")
    if display:
        # Absolute, as the agent gets a runtime folder of its own.
        env["WAYLAND_DISPLAY"] = os.path.join(os.environ.get("XDG_RUNTIME_DIR", "/"), display)
    if os.isatty(0):
        env["GPG_TTY"] = os.ttyname(0)
    if "GPG_TTY" not in env and "DISPLAY" not in env and not display:
        raise SystemExit("a PIN window needs a terminal or a desktop")
    return env


CURL = """
Everything is running; stop it with Ctrl-C.  The same by hand, one after the other:

    curl --unix-socket {client} http://dezi-broker/v1/requests -H 'Content-Type: application/json' \\
        -d '{{"client_id":"epd","client_secret":"{secret}","acr":"{acr}"}}'
    curl --unix-socket {agent} http://dezi-agent/v1/logins -H 'Content-Type: application/json' \\
        -d '{{"login":"LOGIN"}}'
    curl --unix-socket {client} http://dezi-broker/v1/requests/LOGIN/result \\
        -H 'Content-Type: application/json' \\
        -d '{{"request_secret":"REQUEST_SECRET","finish":"FINISH"}}'

What the agent sees:         curl -N --unix-socket {agent} http://dezi-agent/v1/events
Pull or insert the card:     {vcard} ctl --control {control} remove 0
                             {vcard} ctl --control {control} insert 0 {card}
The PIN of the virtual pass is {pin}.  Logs are in {dir}.
"""


def stay(home):
    env = desktop_env()
    home.start(CARD, pinentry=program("pinentry"), env=env, language="auto")
    say(f"log in; the PIN of the virtual pass is {house.PIN}")
    login = Login(home, quiet="GPG_TTY" in env)
    try:
        print(json.dumps(login.answer(150), ensure_ascii=False, indent=2), flush=True)
        say(CURL.format(client=home.client_socket, agent=home.socket_of(), pin=house.PIN,
                        secret=house.CLIENT_SECRETS["epd"], acr=house.LOA_HIGH, dir=home.dir,
                        vcard=home.run.program("dezi-vcard"), control=home.box.control,
                        card=home.run.card(CARD)))
        signal.pause()
    finally:
        login.stop()


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    words.add_argument("--build", required=True, type=pathlib.Path)
    words.add_argument("--interactive", action="store_true")
    words.add_argument("--pki", help="what dezi-vcard pki made earlier")
    options = words.parse_args()
    # Whoever ends us ends everything: the same way out as after Ctrl-C, which a shell
    # that started us in the background told us to ignore.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    if not options.pki:
        say("making test certificates and cards")
    run = house.Run(options.build, pki=options.pki)
    person = typist.Typist(house.PIN)
    try:
        with house.House(run) as home:
            try:
                if options.interactive:
                    stay(home)
                else:
                    show(home, person)
            except AssertionError as error:
                say(f"{error}\n{home.tails()}\non the terminal: {person.seen!r}")
                return 1
    except KeyboardInterrupt:
        return 130
    finally:
        person.close()
        run.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
