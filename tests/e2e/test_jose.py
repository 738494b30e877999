# SPDX-License-Identifier: EUPL-1.2
"""What the broker and the card signed, checked by an implementation that is not ours."""

import subprocess

import house
from assertion import read
from house import House
from relay import Relay
from scenario import accepted, equal, scenario


def check(run, *words):
    """tests/e2e/jose/check, with one folder of npm packages for the whole run."""
    done = subprocess.run([house.HERE / "jose" / "check", run.dir / "npm", *map(str, words)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=150, check=False)
    if done.returncode == 77:
        raise house.Skip(done.stdout.strip())
    return done


def recorded_login(home, card):
    """One login by card, agent and worker: the challenge and the assertion of it."""
    behind = home.broker_dir / "behind.sock"
    relay = Relay(home.agent_socket, behind)
    home.start(card, broker={"agent_socket": behind})
    request = home.request()
    accepted(home.login(request))
    challenge = home.dir / "challenge.jws"
    assertion = home.dir / "assertion.jws"
    sent = relay.bodies("/v1/assertions")[0]["assertion"]
    assertion.write_text(sent, encoding="ascii")
    challenge.write_text(relay.answers("/v1/challenges")[0]["challenge"], encoding="ascii")
    relay.close()
    return challenge, assertion


@scenario
def npm_jose_accepts_challenge_and_assertion(run):
    for card in ("z", "z-g4"):
        with House(run) as home:
            challenge, assertion = recorded_login(home, card)
            done = check(run, "challenge", challenge, home.key.public)
            equal(done.returncode, 0, done.stdout)
            done = check(run, "assertion", assertion, challenge)
            equal(done.returncode, 0, done.stdout)
            # ... and no other: one claim changed, signature kept.
            head, body, signature = assertion.read_text(encoding="ascii").split(".")
            forged = home.write("forged.jws", ".".join((head, body[:-4] + "AAAA", signature)))
            equal(check(run, "assertion", forged, challenge).returncode, 1)


@scenario
def dezi_verify_agrees(run):
    with House(run) as home:
        challenge, assertion = recorded_login(home, "z")
        trust = ["--trust", home.trust, "--environment", "test"]
        done = home.dezi("verify", assertion, *trust, "--challenge", challenge, "--json")
        equal(done.returncode, 0, done.stderr)
        assert '"uzi_number":"900000001"' in done.stdout, done.stdout
        other = home.write("other.jws", "e30.e30.AA\n")
        # The other root did not sign it, production knows no test CA, and it was for
        # this challenge only.
        foreign = ["--trust", run.pki / "other" / "trust", "--environment", "test"]
        for words, word in ((foreign, "certificate_untrusted"),
                            (["--trust", home.trust], "config"),
                            ([*trust, "--challenge", other], "request_mismatch"),
                            ([*trust, "--at", "2020-01-01T00:00:00Z"],
                             "certificate_not_yet_valid")):
            done = home.dezi("verify", assertion, *words, "--json")
            equal(done.returncode, 1, done.stdout)
            assert f'"result":"{word}"' in done.stdout, (word, done.stdout, done.stderr)
        _, claims = read(assertion.read_text(encoding="ascii"))
        evidence = claims["evidence"]
        equal(evidence["means"], "native")
        equal(evidence["one_transaction"], True)
