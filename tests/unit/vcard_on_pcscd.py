# SPDX-License-Identifier: EUPL-1.2
"""dezi-vcard on a real pcscd: python3 vcard_on_pcscd.py DEZI-VCARD, inside with-pcscd."""

import ctypes
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ATR_ONE = "3bdc18ff8191fe1fc3060a2b06010401e910050204d6"
ATR_TWO = "3b800181"
SELECT = "00a404000ca000000063504b43532d313500"
VERIFY = "002000030f313233343536000000000000000000"
READER = b"Virtual PCD 00 00"
PRESENT, EMPTY = 0x20, 0x10
WAIT_MS = 20000
OTHER_PORT = 40001
PORTS = "/proc/sys/net/ipv4/ip_local_port_range"


class State(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("user", ctypes.c_void_p),
                ("current", ctypes.c_ulong), ("event", ctypes.c_ulong),
                ("atr_len", ctypes.c_ulong), ("atr", ctypes.c_ubyte * 33)]


class Pcsc:
    """As little of PC/SC as this test needs."""

    def __init__(self):
        self.lib = ctypes.CDLL("libpcsclite.so.1")
        self.context = ctypes.c_long()
        self.ok(self.lib.SCardEstablishContext(2, None, None, ctypes.byref(self.context)))

    @staticmethod
    def ok(result):
        assert result == 0, f"PC/SC: {result & 0xffffffff:08x}"

    def wait(self, want, counter=0):
        """Until the reader is in that state, and its event counter not below that."""
        state = State(name=READER, current=0)
        while True:
            self.ok(self.lib.SCardGetStatusChange(self.context, ctypes.c_ulong(WAIT_MS),
                                                  ctypes.byref(state), ctypes.c_ulong(1)))
            state.current = state.event & ~2
            if state.event & want and state.event >> 16 >= counter:
                return state.event >> 16, bytes(state.atr[:state.atr_len]).hex()

    def connect(self):
        card, protocol = ctypes.c_long(), ctypes.c_ulong()
        self.ok(self.lib.SCardConnect(self.context, READER, ctypes.c_ulong(2),
                                      ctypes.c_ulong(3), ctypes.byref(card),
                                      ctypes.byref(protocol)))
        assert protocol.value == 2, "T=1 was expected"
        return card

    def transmit(self, card, command):
        """The answer in hex, or None when there was no contact."""
        pci = (ctypes.c_ulong * 2)(2, 16)
        sent, answer = bytes.fromhex(command), ctypes.create_string_buffer(300)
        n = ctypes.c_ulong(len(answer))
        result = self.lib.SCardTransmit(card, ctypes.byref(pci), sent,
                                        ctypes.c_ulong(len(sent)), None, answer,
                                        ctypes.byref(n))
        return answer.raw[:n.value].hex() if result == 0 else None

    def disconnect(self, card):
        self.lib.SCardDisconnect(card, ctypes.c_ulong(1))


class Cards:
    """dezi-vcard, in a folder of its own with two card files."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = pathlib.Path(folder)
        self.socket = self.folder / "ctl"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                        "-subj", "/CN=test", "-keyout", self.folder / "a.key",
                        "-outform", "DER", "-out", self.folder / "a.der"],
                       check=True, stderr=subprocess.PIPE)
        self.write("one", "serial = 44 5A 00 00 00 00 00 01")
        self.write("two", "serial = 44 5A 00 00 00 00 00 02\natr = " + ATR_TWO)
        self.process = subprocess.Popen(
            [program, "run", "--control", self.socket, self.path("one")],
            stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def path(self, name):
        return str(self.folder / f"{name}.card")

    def write(self, name, more):
        (self.folder / f"{name}.card").write_text(
            f"[card]\npin = 123456\npuk = 12345678\n{more}\n"
            "[key authentication]\nkey = a.key\ncertificate = a.der\n", encoding="ascii")

    def ctl(self, *words):
        done = subprocess.run([self.program, "ctl", "--control", self.socket,
                               *map(str, words)], stdout=subprocess.PIPE, text=True,
                              timeout=2 * WAIT_MS / 1000, check=False)
        assert done.returncode == 0, (words, done.stdout)
        return done.stdout.removeprefix("ok").strip()


def talks(cards, pcsc):
    card = pcsc.connect()
    assert pcsc.transmit(card, SELECT) == "9000"
    assert pcsc.transmit(card, "00ca010008") == "445a0000000000019000"
    assert pcsc.transmit(card, VERIFY) == "9000"
    assert len(pcsc.transmit(card, "803a000100")) == 2 * 258
    stats = json.loads(cards.ctl("stats", 0))
    assert stats["apdus"] == 4 and stats["verifies"] == 1, stats
    pcsc.disconnect(card)               # with a reset: what was proved is forgotten
    card = pcsc.connect()
    assert pcsc.transmit(card, SELECT) == "9000"
    assert pcsc.transmit(card, "00200003") == "63c3"
    pcsc.disconnect(card)


def does_not_stall(_, pcsc):
    """vpcd's two writes would cost 44 ms each without quick acknowledgements."""
    card = pcsc.connect()
    assert pcsc.transmit(card, SELECT) == "9000"
    times = []
    for _ in range(30):
        start = time.monotonic()
        assert len(pcsc.transmit(card, "0084000008")) == 20
        times.append(time.monotonic() - start)
    pcsc.disconnect(card)
    assert statistics.median(times) < 0.03, times


def comes_and_goes(cards, pcsc):
    before, atr = pcsc.wait(PRESENT)
    assert atr == ATR_ONE
    cards.ctl("remove", 0)
    pcsc.wait(EMPTY)
    cards.ctl("wait", 0, "absent")
    cards.ctl("insert", 0, cards.path("one"))
    after, atr = pcsc.wait(PRESENT)
    assert atr == ATR_ONE and after == before + 2
    for name, want in (("two", ATR_TWO), ("one", ATR_ONE)):
        cards.ctl("swap", 0, cards.path(name))
        last, atr = pcsc.wait(PRESENT, after + 1)
        # Nobody may miss that it was away: that is an event of its own.
        assert atr == want and last == after + 2
        after = last


def pulled_during_the_pin(cards, pcsc):
    card = pcsc.connect()
    assert pcsc.transmit(card, SELECT) == "9000"
    cards.ctl("on", 0, "verify", "remove")
    # An error, or (Debian's vpcd) success without an answer: but no status word.
    assert not pcsc.transmit(card, VERIFY)
    pcsc.disconnect(card)
    pcsc.wait(EMPTY)
    cards.ctl("insert", 0, cards.path("one"))
    pcsc.wait(PRESENT)


def give_ports(ports, which):
    ports.seek(0)
    ports.write(which)
    ports.flush()


def never_talks_to_itself(cards, _):
    """Where nobody listens, the port that the kernel gives for a try may be vpcd's own."""
    try:
        ports = open(PORTS, "r+", encoding="ascii")
    except OSError:
        return                          # not ours to say which ports there are
    with ports:
        before = ports.read()
        give_ports(ports, f"{OTHER_PORT} {OTHER_PORT}")
        other = subprocess.Popen([cards.program, "run", "--port", str(OTHER_PORT), "--control",
                                  cards.path("other"), "--state", str(cards.folder)],
                                 stdout=subprocess.PIPE, text=True)
        try:
            assert other.stdout.readline() == "ready\n"
            subprocess.run([cards.program, "ctl", "--control", cards.path("other"), "insert",
                            "0", cards.path("two")], check=True, stdout=subprocess.DEVNULL)
            time.sleep(0.5)             # some tries
            give_ports(ports, before)
            with socket.socket() as vpcd:
                vpcd.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                vpcd.settimeout(WAIT_MS / 1000)
                vpcd.bind(("127.0.0.1", OTHER_PORT))
                vpcd.listen(1)
                vpcd.accept()[0].close()
        finally:
            give_ports(ports, before)
            other.kill()
            other.wait()


def survives_pcscd(cards, _):
    subprocess.run([os.environ["WITH_PCSCD"], "--restart"], check=True)
    cards.ctl("wait", 0, "present", WAIT_MS)
    pcsc = Pcsc()
    pcsc.wait(PRESENT)
    card = pcsc.connect()
    assert pcsc.transmit(card, SELECT) == "9000"
    pcsc.disconnect(card)


def ends(cards, _):
    cards.process.send_signal(signal.SIGTERM)
    assert cards.process.wait(WAIT_MS / 1000) == 0
    assert not cards.socket.exists()


def main():
    with tempfile.TemporaryDirectory(prefix="dezi-") as folder:
        cards = Cards(sys.argv[1], folder)
        pcsc = Pcsc()
        pcsc.wait(PRESENT)
        for step in (talks, does_not_stall, comes_and_goes, pulled_during_the_pin,
                     never_talks_to_itself, survives_pcscd, ends):
            step(cards, pcsc)
            print("ok", step.__name__, flush=True)


main()
