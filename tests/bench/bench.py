#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Figures of one login, beside their targets, on the machine where this runs.

    bench.py --build BUILD

BENCH_QUICK=1 in the environment: fewer rounds.  Exit status 1 when a target is missed.
"""

import argparse
import ctypes
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

import house                            # noqa: E402 (after the path is known)
from table import Table                 # noqa: E402
from scenario import accepted           # noqa: E402

QUICK = os.environ.get("BENCH_QUICK") == "1"
LOGINS_TIMED = 10 if QUICK else 50
LOGINS_MEMORY = 50 if QUICK else 1000
REMOVALS = 10 if QUICK else 100
AT_ONCE = 50        # sessions that the agent keeps beside each other

# A realistic card (issue: figures to print).
APDU_MS, BYTE_US, SIGN_MS = 15, 100, 400

# A PIN window that costs next to nothing, so that what is left is ours.
PINENTRY = """\
#!/bin/sh
echo OK
while read -r verb rest; do
	case $verb in
	GETPIN)	echo "D 123456"; echo OK ;;
	BYE)	echo OK; exit 0 ;;
	*)	echo OK ;;
	esac
done
"""


class ReaderState(ctypes.Structure):
    """SCARD_READERSTATE of pcsc-lite."""
    _fields_ = [("name", ctypes.c_char_p), ("user", ctypes.c_void_p),
                ("current", ctypes.c_ulong), ("event", ctypes.c_ulong),
                ("atr_len", ctypes.c_ulong), ("atr", ctypes.c_ubyte * 33)]


class Reader:
    """What any other program learns from pcscd: when did it notice?"""

    EMPTY, PRESENT, CHANGED = 0x10, 0x20, 0x02

    def __init__(self, name):
        self.lib = ctypes.CDLL("libpcsclite.so.1")
        self.context = ctypes.c_long()
        if self.lib.SCardEstablishContext(2, None, None, ctypes.byref(self.context)) != 0:
            raise AssertionError("no contact with the private pcscd")
        self.state = ReaderState(name=name.encode())
        self.wait(0)

    def wait(self, want):
        """Until the reader is in this state; 0: look once."""
        while True:
            self.lib.SCardGetStatusChange(self.context, ctypes.c_ulong(30000),
                                          ctypes.byref(self.state), ctypes.c_ulong(1))
            self.state.current = self.state.event & ~self.CHANGED
            if want == 0 or self.state.event & want:
                return


def log_in(home):
    """One login from the care application's view; milliseconds at the agent, and the rest."""
    request = home.request()
    began = time.monotonic()
    answer = accepted(home.login(request))
    spent = (time.monotonic() - began) * 1000
    got = accepted(home.result(request, answer["finish"]))
    return spent, request, got["session"]


def wait_ended(home, request, session):
    end = time.monotonic() + house.WAIT
    while accepted(home.session(request, session))["state"] != "ended":
        if time.monotonic() > end:
            raise AssertionError("the session does not end")
        time.sleep(0.001)
    return time.monotonic()


def commands(home, table):
    home.box.ctl("reset-stats", 0)
    log_in(home)
    cold = home.box.stats()
    home.box.ctl("reset-stats", 0)
    log_in(home)
    warm = home.box.stats()
    for what, stats, target in (("first login", cold, 34), ("second login", warm, 12)):
        table.row(f"commands to the card, {what}", stats["apdus"], "", target)
        table.row(f"bytes to and from the card, {what}",
                  stats["bytes_in"] + stats["bytes_out"], "")
    return cold, warm


def timed(home, table, warm):
    spent = [log_in(home)[0] for _ in range(LOGINS_TIMED)]
    ours = statistics.median(spent)
    table.row(f"login, card without delay (median of {LOGINS_TIMED})", ours, "ms")
    table.row("  our own share: all of that, PIN window and card included", ours, "ms", 50)
    home.box.ctl("delay", 0, APDU_MS, BYTE_US, SIGN_MS)
    home.box.ctl("reset-stats", 0)
    rounds = max(3, LOGINS_TIMED // 10)
    spent = [log_in(home)[0] for _ in range(rounds)]
    stats = home.box.stats()
    home.box.ctl("delay", 0, 0, 0, 0)
    wall = statistics.median(spent)
    card = (stats["apdus"] * APDU_MS + (stats["bytes_in"] + stats["bytes_out"]) * BYTE_US / 1000
            + stats["signatures"] * SIGN_MS) / rounds
    table.row(f"login, realistic card, certificate known (median of {rounds})", wall, "ms")
    table.row("  of which the card", card, "ms")
    table.row("  our own share", wall - card, "ms", 50)
    assert warm["signatures"] == 1, warm


def clear(home):
    """End the sessions there are: the agent keeps a bounded number."""
    _, request, session = log_in(home)
    home.box.remove()
    wait_ended(home, request, session)
    home.box.insert("z")
    home.wait_cards(1)


def memory_of(process):
    kilobytes = {}
    with open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as lines:
        for line in lines:
            words = line.split()
            if len(words) == 3 and words[2] == "kB":
                kilobytes[words[0].rstrip(":")] = int(words[1])
    return kilobytes["Private_Dirty"] / 1024, kilobytes["Rss"] / 1024


def many_logins(home, count):
    """Memory when all of them are over."""
    for n in range(count):
        log_in(home)
        if n % AT_ONCE == AT_ONCE - 1:
            clear(home)
    clear(home)
    return memory_of(home.agent)


def memory(home, table, idle):
    table.row("agent idle, Private_Dirty", idle[0], "MB", 4)
    table.row("agent idle, resident", idle[1], "MB", 12)
    before = many_logins(home, 1)
    after = many_logins(home, LOGINS_MEMORY)
    table.row(f"agent after {LOGINS_MEMORY} logins, Private_Dirty", after[0], "MB")
    table.row(f"agent after {LOGINS_MEMORY} logins, resident", after[1], "MB")
    table.row("  growth of Private_Dirty since the first login", after[0] - before[0], "MB", 0.5)


def removals(home, table):
    reader = Reader(home.to_agent("GET", "/v1/cards").json["readers"][0]["name"])
    total, beyond = [], []
    for _ in range(REMOVALS):
        _, request, session = log_in(home)
        began = time.monotonic()
        home.box.remove()
        reader.wait(Reader.EMPTY)
        noticed = time.monotonic()
        over = wait_ended(home, request, session)
        total.append((over - began) * 1000)
        beyond.append((over - noticed) * 1000)
        home.box.insert("z")
        reader.wait(Reader.PRESENT)
        home.wait_cards(1)
    table.row(f"card removed to session ended, median of {REMOVALS}",
              statistics.median(total), "ms")
    table.row(f"card removed to session ended, worst of {REMOVALS}", max(total), "ms", 500)
    table.row("  beyond the reader's own polling, median", statistics.median(beyond), "ms")
    table.row("  beyond the reader's own polling, worst", max(beyond), "ms", 100)


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    words.add_argument("--build", required=True)
    run = house.Run(words.parse_args().build)
    table = Table()
    try:
        with house.House(run) as home:
            # libpcsclite reads it once, when a context is made.
            os.environ["PCSCLITE_CSOCK_NAME"] = str(home.box.pcsc_socket)
            home.box.start_cards("z")
            home.start_broker()
            home.start_agent(pinentry=home.write("pinentry-bench", PINENTRY, 0o755))
            home.wait_cards(1)
            idle = memory_of(home.agent)
            _, warm = commands(home, table)
            timed(home, table, warm)
            memory(home, table, idle)
            removals(home, table)
    finally:
        run.close()
    print(f"{table.missed} of the targets missed")
    return 1 if table.missed else 0


if __name__ == "__main__":
    sys.exit(main())
