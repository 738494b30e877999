#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Figures of the PKCS #11 module, beside their targets and beside other modules.

    module.py --build BUILD

Every module does the same with the same virtual card in the same run: C_Initialize, list
slots, read the certificate of one key, log in, sign, sign again (p11_time.c).  Commands
and bytes are those that the card counts.  Times are of a card that answers at once, so
they are the module's own, and only their ratio means something.

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

import house                            # noqa: E402 (after the path is known)
from table import Table                 # noqa: E402

QUICK = os.environ.get("BENCH_QUICK") == "1"
ROUNDS = 5 if QUICK else 21
MORE = 10           # signatures after the first
READERS = 16

OPENSC_CONF = """\
app default {
	enable_default_driver = true;
	framework pkcs15 { use_file_caching = no; }
}
"""


@dataclasses.dataclass
class Card:
    title: str
    file: str               # of dezi-vcard pki
    key: str                # CKA_ID, the same for every module
    cold: int               # commands to the first signature, at most
    cached: int             # the same with public data in the runtime directory
    more: int               # commands of each further signature
    peers: tuple            # those who know this card


CARDS = (
    Card("UZI pass", "z", "445a000000000001", 32, 12, 2, ("opensc",)),
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
        done = subprocess.run([self.time, module, *map(str, words)], env=self.env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{module}: {done.stderr}")
        first, second = done.stdout.split()
        return int(first), int(second), self.box.stats()


def is_usable(bench, card):
    """pcscd looks at its readers now and then."""
    try:
        return bench.measure(bench.ours, house.PIN, card.key, 0)
    except AssertionError:
        return False


def counts(bench, table, card):
    """Commands: cold, cached, and of one more signature."""
    bench.forget()
    _, _, one = bench.measure(bench.ours, house.PIN, card.key, 0)
    table.row(f"{card.title}: commands to the first signature, cold", one["apdus"], "",
              card.cold)
    table.row(f"{card.title}: bytes, cold", one["bytes_in"] + one["bytes_out"], "")
    _, _, again = bench.measure(bench.ours, house.PIN, card.key, 0)
    table.row(f"{card.title}: commands to the first signature, cached", again["apdus"], "",
              card.cached)
    _, _, more = bench.measure(bench.ours, house.PIN, card.key, MORE)
    table.row(f"{card.title}: commands of each further signature",
              (more["apdus"] - again["apdus"]) / MORE, "", card.more)


def known_peers(bench, card):
    """Those that are installed and find the key."""
    for name in card.peers:
        if PEERS[name] is None:
            print(f"{card.title}: {name} is not installed")
            continue
        try:
            bench.measure(PEERS[name], house.PIN, card.key, 1)
        except AssertionError as error:
            print(f"{card.title}: {name} cannot use the card: {error}")
            continue
        yield name


def ratios(bench, table, card):
    """Ours and theirs in turns, so that both meet the same machine."""
    for name in known_peers(bench, card):
        times = {bench.ours: ([], []), PEERS[name]: ([], [])}
        seen = {}
        for _ in range(ROUNDS):
            for module, (first, more) in times.items():
                bench.forget()
                one, rest, seen[module] = bench.measure(module, house.PIN, card.key, MORE)
                first.append(one)
                more.append(rest)
        ours, theirs = seen[bench.ours], seen[PEERS[name]]
        table.row(f"{card.title}: commands, {name} (ours {ours['apdus']})", theirs["apdus"], "")
        table.row(f"{card.title}: bytes, {name}", theirs["bytes_in"] + theirs["bytes_out"], "")
        for what, i in (("to the first signature", 0), ("of further ones", 1)):
            ratio = (statistics.median(times[bench.ours][i]) /
                     statistics.median(times[PEERS[name]][i]))
            table.row(f"{card.title}: time {what}, ours / {name}", ratio, "", 1.0)


def unknown_card(run, bench, table):
    """One SELECT per driver, and that once per insertion."""
    card = (run.card("z").read_text(encoding="utf-8")
            .replace("[applet]\n", "[applet]\naid = F0 00 00 00 01\n")
            .replace("[card]\n", "[card]\natr = 3B 80 01 81\n"))
    if "[applet]" not in card:
        card += "\n[applet]\naid = F0 00 00 00 01\n"
    run.card("nobody-knows").write_text(card, encoding="utf-8")
    bench.box.swap("nobody-knows")
    profiles = len(list((run.programs / "profiles").glob("*.profile")))
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
              wants_a_token(), "", profiles)


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


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    words.add_argument("--build", required=True)
    run = house.Run(words.parse_args().build)
    table = Table()
    box = house.Box(run, run.dir / "box")
    try:
        bench = Bench(run, box, run.dir)
        box.start_cards(CARDS[0].file)
        for card in CARDS:
            box.swap(card.file)
            house.eventually("the card is in the reader", lambda: is_usable(bench, card))
            counts(bench, table, card)
            ratios(bench, table, card)
        unknown_card(run, bench, table)
        many_readers(bench, table)
    finally:
        box.stop()
        run.close()
    print(f"{table.missed} of the targets missed")
    return 1 if table.missed else 0


if __name__ == "__main__":
    sys.exit(main())
