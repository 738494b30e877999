# SPDX-License-Identifier: EUPL-1.2
"""What the benchmarks print."""


class Table:
    """Rows of figure, measured, target; remembers whether a target was missed."""

    def __init__(self):
        self.missed = 0

    def row(self, figure, measured, unit, target=None):
        text = f"{measured:.0f}" if measured >= 10 else f"{measured:.1f}"
        if target is None:
            print(f"{figure:<58} {text:>9} {unit}", flush=True)
            return
        good = measured <= target
        self.missed += not good
        print(f"{figure:<58} {text:>9} {unit:<4} at most {target:<6} "
              f"{'good' if good else 'MISSED'}", flush=True)
