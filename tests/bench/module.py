#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Figures of the PKCS #11 module, beside their targets and beside other modules.

    module.py --build BUILD

Every module does the same with the same virtual card in the same run: C_Initialize, list
slots, read the certificate of one key, log in, sign, sign again (p11_time.c).  Commands
and bytes are those that the card counts; docs/pkcs11.md says what each command is for.
Times are ratios: with a card that takes as long as a real one, and with one that answers
at once, where they are the module's own (and pcscd's) and say little on a busy machine.

BENCH_QUICK=1 in the environment: fewer rounds.  Exit status 1 when a target is missed.
"""

import argparse
import dataclasses
import glob
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

import cards                            # noqa: E402 (after the path is known)
import house                            # noqa: E402
from table import Table                 # noqa: E402

QUICK = os.environ.get("BENCH_QUICK") == "1"
ROUNDS = 5 if QUICK else 21
MORE = 10           # signatures after the first
# A realistic card: milliseconds for a command, microseconds for a byte, milliseconds for a
# signature.  It waits the same for everybody, so that few rounds are enough.
CARD_DELAY = (15, 100, 400)
CARD_ROUNDS = 1 if QUICK else 5
CARD_MORE = 3
NO_SLOWER = 1.05    # of two that need the same commands one is always a little slower
READERS = 16
READER_NAME = "Yubico YubiKey CCID"     # the only ones that ykcs11 looks at

OPENSC_CONF = """\
app default {
	enable_default_driver = true;
	reader_driver pcsc { enable_pinpad = false; }
	framework pkcs15 { use_file_caching = no; }
}
"""


@dataclasses.dataclass
class Card:
    title: str
    file: str               # the card file's name
    key: str                # CKA_ID in our module
    most: tuple             # commands: cold, cached, of each further signature
    peers: dict             # who knows this card, and the CKA_ID there


# Cached: with public data in the runtime directory.  SFI: an ISO 7816-15 card whose object
# directory and TokenInfo can be read by short identifier, as the standard has it; one
# without costs more, unless a profile knows it by its ATR.  A YubiKey may cost one command
# more than another PIV card, cold: it is asked for the policies of its key.
CARDS = (
    Card("UZI pass", "z", "445a000000000001", (32, 12, 2),
         {"opensc": "445a000000000001"}),
    Card("PIV", cards.PIV, "01", (14, 10, 3), {"opensc": "01"}),
    Card("YubiKey", cards.YUBIKEY, "01", (15, 10, 3), {"opensc": "01", "ykcs11": "01"}),
    Card("ISO 7816-15", cards.P15, "45", (24, 12, 2), {"opensc": "45"}),
    Card("ISO 7816-15, no SFI", cards.P15_PLAIN, "45", (None, None, 2), {"opensc": "45"}),
    Card("the same, with a profile", cards.P15_NAMED, "45", (24, 12, 2), {}),
)
# In a reader that says how long a command may be.
EXTENDED = (
    Card("PIV, extended", cards.PIV_LONG, "01", (8, 8, 1), {"opensc": "01"}),
    Card("YubiKey, extended", cards.YUBIKEY, "01", (9, 8, 1),
         {"opensc": "01", "ykcs11": "01"}),
)


def find_peer(name):
    found = glob.glob(f"/usr/lib/*/{name}")
    return found[0] if found else None


PEERS = {"opensc": find_peer("opensc-pkcs11.so"), "ykcs11": find_peer("libykcs11.so*")}


class Bench:
    def __init__(self, run, box, directory):
        self.box = box
        self.time = run.program("tests/bench/p11_time")
        self.ours = run.program(".libs/dezi-pkcs11.so")
        self.runtime = directory / "run"
        conf = directory / "pkcs11.conf"
        conf.write_text(f"[module]\nlog = none\nprofiles = {run.programs}/profiles\n",
                        encoding="ascii")
        opensc = directory / "opensc.conf"
        opensc.write_text(OPENSC_CONF, encoding="ascii")
        self.env = dict(os.environ, PCSCLITE_CSOCK_NAME=str(box.pcsc_socket),
                        DEZI_PKCS11_CONF=str(conf), XDG_RUNTIME_DIR=str(self.runtime),
                        OPENSC_CONF=str(opensc), HOME=str(directory))
        self.forget()

    def forget(self):
        """No public data is cached from here on."""
        shutil.rmtree(self.runtime, ignore_errors=True)
        self.runtime.mkdir(mode=0o700)

    def measure(self, module, *words):
        """The two numbers of p11_time, and what the card counted."""
        self.box.ctl("reset-stats", 0)
        with subprocess.Popen([self.time, module, *map(str, words)], env=self.env,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as program:
            answer = program.stdout.readline()
            stats = self.box.stats()        # before it logs out
            _, errors = program.communicate("", timeout=120)
        if program.returncode != 0:
            raise AssertionError(f"{module}: {errors}")
        first, second = answer.split()
        return int(first), int(second), stats


def is_usable(bench, card):
    """pcscd looks at its readers now and then."""
    try:
        return bench.measure(bench.ours, house.PIN, card.key, 0)
    except AssertionError:
        return False


class Seen:
    """What one module needs for one card: commands and bytes, and times, round by round."""

    def __init__(self, bench, name, key):
        self.bench, self.name, self.key = bench, name, key
        self.module = bench.ours if name == "ours" else PEERS[name]
        self.times = {where: {what: [] for what in ("first", "more")}
                      for where in ("card", "module")}
        _, _, self.cold = self.measure(0)
        _, _, more = self.measure(MORE)
        self.each = {what: (more[what] - self.cold[what]) / MORE
                     for what in ("apdus", "bytes_in", "bytes_out")}

    def measure(self, count):
        self.bench.forget()
        return self.bench.measure(self.module, house.PIN, self.key, count)

    def time(self, where, count):
        first, more, _ = self.measure(count)
        self.times[where]["first"].append(first)
        self.times[where]["more"].append(more)

    def ratio(self, where, what, ours):
        """Of our time to this one's."""
        return (statistics.median(ours.times[where][what]) /
                statistics.median(self.times[where][what]))

    def line(self, ours):
        ratios = (f"{self.ratio(where, what, ours):>8.2f}"
                  for where in ("card", "module") for what in ("first", "more"))
        print(f"    {self.name:<8}{self.cold['apdus']:>6}"
              f"{self.cold['bytes_in'] + self.cold['bytes_out']:>8}"
              f"{self.each['apdus']:>8.0f}{self.each['bytes_in'] + self.each['bytes_out']:>8.0f}"
              f"    {''.join(ratios)}", flush=True)


def counts(bench, table, card):
    """Commands: cold, cached, and of one more signature."""
    cold, cached, each = card.most
    bench.forget()
    _, _, one = bench.measure(bench.ours, house.PIN, card.key, 0)
    table.row(f"{card.title}: commands to the first signature, cold", one["apdus"], "", cold)
    _, _, again = bench.measure(bench.ours, house.PIN, card.key, 0)
    table.row(f"{card.title}: commands to the first signature, cached", again["apdus"], "",
              cached)
    _, _, more = bench.measure(bench.ours, house.PIN, card.key, MORE)
    table.row(f"{card.title}: commands of each further signature",
              (more["apdus"] - again["apdus"]) / MORE, "", each)
    bench.box.swap(card.file)
    _, _, new = house.eventually("the card is back", lambda: is_usable(bench, card))
    table.row(f"{card.title}: cached, but inserted anew", new["apdus"], "", cached)


def known_peers(bench, card):
    """Those that are installed and find the key."""
    for name, key in card.peers.items():
        if PEERS[name] is None:
            print(f"{card.title}: {name} is not installed")
            continue
        try:
            yield Seen(bench, name, key)
        except AssertionError as error:
            print(f"{card.title}: {name} cannot use the card: {str(error).strip()}")


HEAD = """\
              cold             each more      our time / theirs on
              commands, bytes  signature      this card       one that answers at once
"""


def compare(bench, table, card):
    """Ours and theirs in turns, so that both meet the same machine."""
    ours = Seen(bench, "ours", card.key)
    all_of_them = (ours, *known_peers(bench, card))
    for where, delay, rounds, count in (("module", (0, 0, 0), ROUNDS, MORE),
                                        ("card", CARD_DELAY, CARD_ROUNDS, CARD_MORE)):
        bench.box.ctl("delay", 0, *delay)
        for _ in range(rounds):
            for seen in all_of_them:
                seen.time(where, count)
    bench.box.ctl("delay", 0, 0, 0, 0)
    print(HEAD, end="")
    for seen in all_of_them:
        seen.line(ours)
    for seen in all_of_them[1:]:
        for what, words in (("first", "to the first signature"), ("more", "of further ones")):
            table.row(f"{card.title}: time {words}, ours / {seen.name}",
                      seen.ratio("card", what, ours), "", NO_SLOWER)


def unknown_card(run, bench, table):
    """One SELECT per driver, however many profiles it has, and that once per insertion."""
    bench.box.swap(cards.STRANGER)
    drivers = {line.split("=")[1].strip()
               for file in (run.programs / "profiles").glob("*.profile")
               for line in file.read_text(encoding="utf-8").splitlines()
               if line.startswith("driver")}
    bench.forget()

    def wants_a_token():
        subprocess.run([bench.time, bench.ours, house.PIN, "00", "0"], env=bench.env,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=60, check=False)
        return bench.box.stats()["apdus"]

    bench.box.ctl("reset-stats", 0)
    house.eventually("somebody looks at the card", wants_a_token)
    wants_a_token()
    table.row("unknown card: commands of two programs that look for a token",
              wants_a_token(), "", len(drivers))


def many_readers(bench, table):
    """vpcd has two slots; a copy of it under another name has two more."""
    conf = bench.box.dir / "reader.conf.d" / "vpcd"
    one = conf.read_text(encoding="ascii")
    library = next(line.split()[1] for line in one.splitlines() if "LIBPATH" in line)
    bench.box.tell("kill-card")
    bench.box.tell("kill-pcscd")
    text = ""
    for i in range(READERS // 2):
        copy = bench.box.dir / f"libifdvpcd{i}.so"
        shutil.copy(library, copy)
        port = 0x9000 + 2 * i
        text += (f'FRIENDLYNAME "Virtual PCD {i}"\nDEVICENAME /dev/null:0x{port:X}\n'
                 f"LIBPATH {copy}\nCHANNELID 0x{port:X}\n\n")
    conf.write_text(text, encoding="ascii")
    bench.box.tell("pcscd")
    times = []
    for _ in range(ROUNDS):
        done = subprocess.run([bench.time, bench.ours, "readers"], env=bench.env, check=True,
                              stdout=subprocess.PIPE, text=True, timeout=60)
        found, spent = map(int, done.stdout.split())
        assert found == READERS, found
        times.append(spent / 1000)
    table.row(f"C_Initialize to C_GetSlotList, {READERS} readers (median)",
              statistics.median(times), "ms", 50)


def measure_cards(bench, table, these):
    bench.box.start_cards(these[0].file)
    for card in these:
        bench.box.swap(card.file)
        house.eventually("the card is in the reader", lambda card=card: is_usable(bench, card))
        counts(bench, table, card)
        compare(bench, table, card)


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    words.add_argument("--build", required=True)
    run = house.Run(words.parse_args().build)
    cards.make(run)
    table = Table()
    box = house.Box(run, run.dir / "long", reader=READER_NAME, keypad=True)
    try:
        measure_cards(Bench(run, box, run.dir), table, EXTENDED)
    finally:
        box.stop()
    box = house.Box(run, run.dir / "box", reader=READER_NAME)
    try:
        bench = Bench(run, box, run.dir)
        measure_cards(bench, table, CARDS)
        unknown_card(run, bench, table)
        many_readers(bench, table)
    finally:
        box.stop()
        run.close()
    print(f"{table.missed} of the targets missed")
    return 1 if table.missed else 0


if __name__ == "__main__":
    sys.exit(main())
