# SPDX-License-Identifier: EUPL-1.2
"""A person at a terminal of his own, in which one program runs: reads, types, presses keys."""

import fcntl
import os
import pty
import select
import subprocess
import termios
import time

CTRL_C, CTRL_D = b"\x03", b"\x04"
WAIT = 60


class Terminal:
    """The program's controlling terminal; its standard input is /dev/null."""

    def __init__(self, argv, env):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.seen = ""
        self.read_to = 0
        self.process = subprocess.Popen(        # pylint: disable=consider-using-with
            list(map(str, argv)), env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        os.close(self.slave)
        os.close(self.master)

    def until(self, text):
        """Until this was shown, after what was waited for before."""
        end = time.monotonic() + WAIT
        while text not in self.seen[self.read_to:]:
            left = end - time.monotonic()
            if left <= 0 or self.process.poll() is not None and not self._more(0):
                raise AssertionError(f"{text!r} was not shown: {self.seen!r}")
            self._more(min(left, 0.2))
        self.read_to = self.seen.index(text, self.read_to) + len(text)

    def _more(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.seen += os.read(self.master, 4096).decode(errors="replace")
        return True

    def answer(self, prompt, line):
        self.until(prompt)
        self.press(line.encode() + b"\n")

    def press(self, keys):
        os.write(self.master, keys)

    def end(self):
        """Exit status, standard output and error, when it has ended."""
        said, wrong = self.process.communicate(timeout=WAIT)
        while self._more(0):
            pass
        return self.process.returncode, said, wrong

    def is_as_before(self):
        return termios.tcgetattr(self.slave) == self.before
