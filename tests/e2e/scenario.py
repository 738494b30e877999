# SPDX-License-Identifier: EUPL-1.2
"""The list of scenarios, and what their assertions look like when they fail."""

SCENARIOS = {}


def scenario(function):
    """Put a function of one argument, the Run, into the list under its own name."""
    name = function.__name__.replace("_", " ")
    if name in SCENARIOS:
        raise SystemExit(f"two scenarios are called {name!r}")
    SCENARIOS[name] = function
    return function


def slow(function):
    """A scenario that waits for a limit of a minute or so: these are begun first."""
    function.slow = True
    return function


def equal(got, want, what=""):
    """assert got == want, with both shown."""
    if got != want:
        raise AssertionError(f"{what or 'got'}: {got!r}, not {want!r}")


def refused(answer, word, status=None):
    """The answer is a problem document with this word."""
    if answer.status < 400 or answer.word != word or \
            (status is not None and answer.status != status):
        raise AssertionError(f"not refused as {word!r} ({status or 'any status'}): {answer}")
    return answer


def accepted(answer):
    """The answer is one of success; its JSON."""
    if not 200 <= answer.status <= 299:
        raise AssertionError(f"not accepted: {answer}")
    return answer.json
