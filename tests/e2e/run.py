#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Run the end-to-end scenarios: each in a process of its own, several beside each other.

    run.py --build BUILD [--jobs N] [--list] [--keep] [NAME ...]

A NAME is a part of a scenario's name.  One line per scenario; exit status 1 when one fails.
"""

import argparse
import concurrent.futures
import importlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import traceback

import house
import scenario

LONGEST = 600       # seconds that one may take, with waiting where pcscd is shared
SKIPPED = 77


def load():
    here = pathlib.Path(__file__).resolve().parent
    for path in sorted(here.glob("test_*.py")):
        importlib.import_module(path.stem)


def play(options):
    """In the child: one scenario, whose House says on failure what everybody logged."""
    run = house.Run(options.build, options.dir, options.pki)
    function = scenario.SCENARIOS[options.one]
    try:
        function(run)
    except house.Skip as why:
        print(why)
        return SKIPPED
    except BaseException:
        traceback.print_exc()
        for said in house.LAST_WORDS:
            print(said)
        return 1
    return 0


def run_one(options, directory, name):
    """In the parent: start the child, wait, take it away with all it started."""
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-B", __file__, "--build", options.build, "--dir", directory,
         "--one", name, *(["--pki", options.pki] if options.pki else [])],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", start_new_session=True)
    try:
        said, _ = child.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGABRT)
        try:
            said, _ = child.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            said, _ = child.communicate()
        said = f"not done within {LONGEST} s\n{said}"
        return name, 1, said, time.monotonic() - began
    return name, child.returncode, said, time.monotonic() - began


def report(name, status, said, seconds):
    if status == 0:
        print(f"ok     {name} ({seconds:.1f} s)", flush=True)
    elif status == SKIPPED:
        print(f"skip   {name}: {said.strip()}", flush=True)
    else:
        print(f"FAILED {name} ({seconds:.1f} s)\n{said}", flush=True)


def run_all(options, names):
    run = house.Run(options.build, pki=options.pki)
    results = {}
    try:
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for done in concurrent.futures.as_completed(
                    [pool.submit(run_one, options, str(run.dir), name) for name in names]):
                name, status, said, seconds = done.result()
                results[name] = status
                report(name, status, said, seconds)
    finally:
        if options.keep:
            print(f"kept: {run.dir}")
        else:
            shutil.rmtree(run.dir, ignore_errors=True)
    return results


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    words.add_argument("names", nargs="*", metavar="NAME", help="part of a scenario's name, or the file (test_broker)")
    words.add_argument("--build", required=True, help="folder in which make ran")
    words.add_argument("--jobs", type=int, default=3, help="scenarios beside each other")
    words.add_argument("--list", action="store_true", help="say their names only")
    words.add_argument("--keep", action="store_true", help="leave the temporary folder")
    words.add_argument("--pki", help="what dezi-vcard pki made earlier")
    words.add_argument("--count", help='write "PASSED FAILED" into this file')
    words.add_argument("--one", help=argparse.SUPPRESS)
    words.add_argument("--dir", help=argparse.SUPPRESS)
    options = words.parse_args()
    load()
    if options.one:
        sys.exit(play(options))
    names = [name for name, function in sorted(scenario.SCENARIOS.items(), key=lambda one:
                                               not hasattr(one[1], "slow"))
             if not options.names or any(part == function.__module__ or part in name
                                         for part in options.names)]
    if options.list:
        print("\n".join(names))
        return
    results = run_all(options, names)
    failed = sum(status not in (0, SKIPPED) for status in results.values())
    passed = sum(status == 0 for status in results.values())
    print(f"{passed} passed, {failed} failed, {len(results) - passed - failed} skipped")
    if options.count:
        pathlib.Path(options.count).write_text(f"{passed} {failed}\n", encoding="ascii")
    sys.exit(1 if failed or not results else 0)


if __name__ == "__main__":
    main()
