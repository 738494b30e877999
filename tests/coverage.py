#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""How much of the code that reads cards is run by tests and fuzz corpora together.

    coverage.py --build DIR

Configures and builds the tree once more in DIR, with gcc's --coverage, runs the tests and
prints lines run of lines there are, by folder.  With --missing every line that was not
run is named.  Exit status 1 when a folder stays below its target, or a test failed.
"""

import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("src/iso7816", "src/card", "drivers")
TARGET = 95


def run(*words, cwd):
    subprocess.run([str(word) for word in words], cwd=cwd, check=True, stdin=subprocess.DEVNULL,
                   stdout=sys.stderr)


def build_and_test(directory):
    """False: a test failed.  What it ran counts all the same."""
    directory.mkdir(parents=True, exist_ok=True)
    if not (directory / "config.status").exists():
        run(TOP / "configure", "-q", "CC=gcc", "CFLAGS=-O0 -g --coverage", cwd=directory)
    run("make", f"-j{os.cpu_count()}", cwd=directory)
    for old in directory.rglob("*.gcda"):
        old.unlink()
    return subprocess.run(["make", f"-j{os.cpu_count()}", "-k", "check"], cwd=directory,
                          check=False, stdin=subprocess.DEVNULL,
                          stdout=sys.stderr).returncode == 0


def lines_of(directory):
    """{file: {line: times run}}, all objects of a file together."""
    counts = collections.defaultdict(lambda: collections.defaultdict(int))
    for folder in FOLDERS:
        for data in sorted((directory / folder).rglob("*.gcda")):
            said = subprocess.run(["gcov", "--json-format", "--stdout", str(data)], check=True,
                                  cwd=directory, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True).stdout
            for text in said.splitlines():
                for file in json.loads(text)["files"]:
                    path = pathlib.Path(directory, file["file"]).resolve()
                    if not path.is_relative_to(TOP):
                        continue
                    name = str(path.relative_to(TOP))
                    for line in file["lines"]:
                        counts[name][line["line_number"]] += line["count"]
    return counts


def folder_of(name):
    return next((folder for folder in FOLDERS if name.startswith(f"{folder}/")), None)


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    words.add_argument("--build", required=True, type=pathlib.Path)
    words.add_argument("--missing", action="store_true")
    given = words.parse_args()
    directory = given.build.resolve()
    passed = build_and_test(directory)
    total, hit = collections.Counter(), collections.Counter()
    for name, lines in sorted(lines_of(directory).items()):
        folder = folder_of(name)
        if folder is None:
            continue
        missing = sorted(line for line, count in lines.items() if count == 0)
        total[folder] += len(lines)
        hit[folder] += len(lines) - len(missing)
        if given.missing and missing:
            print(f"{name}: {' '.join(map(str, missing))}")
    low = False
    for folder in FOLDERS:
        percent = 100 * hit[folder] / max(total[folder], 1)
        low = low or percent < TARGET
        print(f"{folder:<14} {hit[folder]:>6} of {total[folder]:>6} lines {percent:6.1f} %"
              f"   at least {TARGET} %   {'good' if percent >= TARGET else 'MISSED'}")
    if not passed:
        print("some tests failed: see above, and the logs in the tree")
    return 1 if low or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
