# SPDX-License-Identifier: EUPL-1.2
"""A person at a terminal: reads what a real pinentry-tty asks and types the PIN."""

import os
import pty
import threading


class Typist:
    """A terminal of its own; tty is its name, seen is what was shown on it."""

    def __init__(self, pin):
        self.pin = pin
        self.seen = ""
        self.typed = 0
        self.master, self.slave = pty.openpty()
        self.tty = os.ttyname(self.slave)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        since = ""
        while True:
            try:
                chunk = os.read(self.master, 4096)
            except OSError:
                return
            if not chunk:
                return
            text = chunk.decode(errors="replace")
            self.seen += text
            since += text
            # The prompt ends the question: a colon, a blank, and no line end.
            if since.rstrip(" ").endswith(":"):
                since = ""
                self.typed += 1
                os.write(self.master, self.pin.encode() + b"\n")

    def close(self):
        os.close(self.slave)
        os.close(self.master)
