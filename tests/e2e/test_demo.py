# SPDX-License-Identifier: EUPL-1.2
"""What a new user sees: ./bootstrap demo, after it has built."""

import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

import house
import typist
from scenario import equal, scenario

DEMO = pathlib.Path(__file__).resolve().parent / "demo.py"


def folder(run):
    """A temporary folder of its own, in which nothing may be left."""
    return pathlib.Path(tempfile.mkdtemp(prefix="", dir=run.dir))


def begin(run, temporary, *words, **popen):
    env = {key: value for key, value in os.environ.items()
           if key not in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR")}
    env.update(TMPDIR=str(temporary), TERM="dumb", **popen.pop("env", {}))
    return subprocess.Popen([sys.executable, "-B", DEMO, "--build", run.build, "--pki",
                             run.pki, *words], env=env,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **popen)


def left_over(temporary):
    """Programs that still run and know the folder, and files in it."""
    found = [path.name for path in temporary.iterdir()]
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if str(temporary).encode() in (process / "cmdline").read_bytes():
                found.append((process / "cmdline").read_bytes())
        except OSError:
            pass    # it ended while we looked, or is another's
    return found


@scenario
def the_demo_shows_one_login_and_leaves_nothing(run):
    """Twice beside each other, as they must not disturb each other."""
    folders = [folder(run), folder(run)]
    demos = [begin(run, where, stdin=subprocess.DEVNULL) for where in folders]
    for where, demo in zip(folders, demos):
        out, told = demo.communicate(timeout=120)
        equal(demo.returncode, 0, told)
        got = json.loads(out)
        equal(got["result"], "ok")
        equal(got["acr"], house.LOA_HIGH)
        equal({key: got["identity"][key] for key in ("uzi_number", "pass_type", "subscriber",
                                                     "role")},
              {"uzi_number": "900000001", "pass_type": "Z", "subscriber": "90000123",
               "role": "01.015"})
        assert got["identity"]["name"] and got["session"], got
        equal(got["alg"], "RS256")
        assert got["apdus"] > 0 and got["milliseconds"] > 0, got
        steps = [line.split()[2] for line in told.splitlines() if " s  " in line]
        equal([word for word in steps if word in "12345"], list("12345"), told)
        assert "session ended, card_removed" in told, told
        equal(left_over(where), [])


@scenario
def the_interactive_demo_can_be_called_with_curl(run):
    if not shutil.which("curl") or not os.path.exists("/usr/bin/pinentry-tty"):
        raise house.Skip("needs curl and pinentry-tty")
    where = folder(run)
    path = folder(run)
    (path / "pinentry").symlink_to("/usr/bin/pinentry-tty")
    person = typist.Typist(house.PIN)
    demo = begin(run, where, "--interactive", stdin=person.slave,
                 env={"PATH": f"{path}:{os.environ['PATH']}"})
    told = ""
    while "The PIN of the virtual pass is" not in told:
        line = demo.stderr.readline()
        assert line, told
        told += line
    commands = [shlex.split(line) for line in
                told.replace("\\\n", " ").splitlines() if line.startswith("    curl")]

    def call(number, *replace):
        words = list(commands[number])
        for old, new in replace:
            words = [word.replace(old, new) for word in words]
        done = subprocess.run([*words, "-sS"], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, timeout=house.WAIT, check=True)
        return json.loads(done.stdout)

    # Exactly as it is printed, with what came back filled in.
    request = call(0)
    answer = call(1, ('"LOGIN"', f'"{request["login"]}"'))
    got = call(2, ("/LOGIN/", f"/{request['login']}/"),
               ("REQUEST_SECRET", request["request_secret"]), ("FINISH", answer["finish"]))
    equal(got["identity"]["uzi_number"], "900000001")
    equal(person.typed, 2)      # once for the demo's own login
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=house.WAIT)
    equal(demo.returncode, 130)
    equal(left_over(where), [])
    person.close()
