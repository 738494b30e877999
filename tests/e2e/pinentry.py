# SPDX-License-Identifier: EUPL-1.2
"""A pinentry without a person: what it is told to show goes to the scenario, which answers.

The program that the worker starts is this file, with the path of a socket as its first
argument; the scenario's side is class Person.
"""

import json
import os
import socket
import sys
import threading
import urllib.parse


class Person:
    """Answers PIN windows.  act(window) returns a PIN, None (cancel), True (confirm) or HANG."""

    HANG = object()

    def __init__(self, directory, act):
        self.act = act
        self.windows = []
        self.failure = None
        self.held = []
        self.socket_path = os.path.join(directory, "person.sock")
        self.program = os.path.join(directory, "pinentry")
        with open(self.program, "w", encoding="utf-8") as out:
            out.write(f"#!/bin/sh\nexec {sys.executable} -IS {os.path.abspath(__file__)} "
                      f"{self.socket_path} \"$@\"\n")
        os.chmod(self.program, 0o755)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.socket_path)
        os.chmod(self.socket_path, 0o666)
        self.listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(conn,), daemon=True).start()

    def _talk(self, conn):
        with conn, conn.makefile("rw", encoding="utf-8") as lines:
            for line in lines:
                window = json.loads(line)
                self.windows.append(window)
                try:
                    said = self.act(window)
                except BaseException as error:      # shown by the scenario
                    self.failure = error
                    said = None
                if said is Person.HANG:
                    self.held.append(conn.dup())
                    continue
                lines.write(json.dumps(said) + "\n")
                lines.flush()

    def close(self):
        # A thread in accept() wakes only by shutdown.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for conn in self.held:
            conn.close()


class Window:
    """The Assuan side: what pinentry(1) speaks, as far as libassuan's users need it."""

    TEXTS = {"SETTITLE": "title", "SETDESC": "text", "SETPROMPT": "prompt",
             "SETERROR": "error", "SETOK": "ok", "SETCANCEL": "cancel",
             "SETNOTOK": "notok", "SETTIMEOUT": "timeout"}

    def __init__(self, lines):
        self.lines = lines
        self.shown = {}
        self.options = {}

    def ask(self, kind):
        window = dict(self.shown, kind=kind, options=self.options)
        self.lines.write(json.dumps(window) + "\n")
        self.lines.flush()
        self.shown.pop("error", None)
        line = self.lines.readline()
        return json.loads(line) if line else None

    def command(self, verb, rest):
        if verb in self.TEXTS:
            self.shown[self.TEXTS[verb]] = urllib.parse.unquote(rest)
        elif verb == "OPTION":
            name, _, value = rest.partition("=")
            self.options[name.strip()] = value.strip()
        elif verb == "RESET":
            self.shown.clear()
        elif verb == "GETINFO":
            return f"D {os.getpid()}\nOK" if rest == "pid" else "D 1.2.1\nOK"
        elif verb == "GETPIN":
            pin = self.ask("pin")
            if not isinstance(pin, str):
                return "ERR 83886179 Operation cancelled <Pinentry>"
            return f"D {urllib.parse.quote(pin)}\nOK"
        elif verb in ("CONFIRM", "MESSAGE"):
            if self.ask("confirm") is not True:
                return "ERR 83886179 Operation cancelled <Pinentry>"
        return "OK"


def main():
    conn = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    conn.connect(sys.argv[1])
    window = Window(conn.makefile("rw", encoding="utf-8"))
    print("OK Pleased to meet you", flush=True)
    for line in sys.stdin:
        verb, _, rest = line.rstrip("\n").partition(" ")
        print(window.command(verb.upper(), rest), flush=True)
        if verb.upper() == "BYE":
            return


if __name__ == "__main__":
    main()
