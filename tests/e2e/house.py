# SPDX-License-Identifier: EUPL-1.2
"""A whole house for one scenario: pcscd and cards in a box, broker, agent, and a person.

Nothing is shared with another scenario but the test PKI, nothing outlives it, and every
wait has an end.
"""

import base64
import hashlib
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pinentry
import unixhttp

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent

PIN = "123456"
ISSUER = "https://broker.example.nl"
ORIGIN = "https://epd.example.nl"
LOA_HIGH = "http://eidas.europa.eu/LoA/high"
CLIENT_SECRETS = {"epd": "the-secret-of-epd", "web": "the-secret-of-web"}
# A second person on the workstation, where we may become somebody else.
OTHER_UID = 61001

# What the houses of this process said when they were left by an exception.
LAST_WORDS = []

WAIT = 30       # seconds: the longest that anything may take which needs no person


class Skip(Exception):
    """This scenario cannot be played here; the text says why."""


def may_change_uid():
    """Root of the machine, not of a user namespace with one uid in it."""
    if os.getuid() != 0:
        return False
    with open("/proc/self/uid_map", encoding="ascii") as lines:
        return any(int(line.split()[2]) > OTHER_UID for line in lines)


def openssl(*words, stdin=b""):
    return subprocess.run(["openssl", *map(str, words)], input=stdin, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def eventually(what, want, seconds=WAIT):
    """For what has no event of its own: look until it is so."""
    end = time.monotonic() + seconds
    while True:
        got = want()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


class BrokerKey:
    """An ES256 key, as file, as public file and as RFC 7638 thumbprint."""

    def __init__(self, directory, name="broker-key"):
        self.private = directory / f"{name}.pem"
        self.public = directory / f"{name}.pub.pem"
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-out", self.private)
        self.private.chmod(0o600)
        openssl("pkey", "-in", self.private, "-pubout", "-out", self.public)
        point = openssl("pkey", "-in", self.private, "-pubout", "-outform", "DER")[-64:]
        jwk = json.dumps({"crv": "P-256", "kty": "EC", "x": b64url(point[:32]),
                          "y": b64url(point[32:])}, separators=(",", ":"))
        self.thumbprint = b64url(hashlib.sha256(jwk.encode()).digest())


class Run:
    """What all scenarios of one run share: programs and the test PKI."""

    def __init__(self, build, directory=None, pki=None):
        self.build = pathlib.Path(build).resolve()
        self.own = directory is None
        self.dir = pathlib.Path(directory or tempfile.mkdtemp(prefix="dezi-"))
        self.dir.chmod(0o755)
        self.pki = pathlib.Path(pki) if pki else self.dir / "pki"
        self.programs = self.dir / "programs"
        if not self.programs.exists():
            self._copy_programs()
        if not self.pki.exists():
            subprocess.run([self.program("dezi-vcard"), "pki", "--out", self.pki], check=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    def _copy_programs(self):
        """What is started by configured path must belong to us: the tree may not."""
        part = self.dir / "programs.part"
        part.mkdir()
        for name in ("dezi-login-worker", "dezi-module-worker", ".libs/dezi-pkcs11.so",
                     "tests/unit/.libs/fake_p11.so"):
            if (self.build / name).exists():
                shutil.copy(self.build / name, part)
        shutil.copytree(TOP / "drivers" / "profiles", part / "profiles",
                        ignore=shutil.ignore_patterns("README*"))
        part.rename(self.programs)

    def program(self, name):
        path = self.build / name
        if not path.exists():
            raise SystemExit(f"{path} is not there: build first")
        return str(path)

    def card(self, name):
        return self.pki / "cards" / f"{name}.card"

    def close(self):
        if self.own:
            shutil.rmtree(self.dir, ignore_errors=True)


class Process:
    """A program of ours; ready when it tells so as a systemd service does."""

    def __init__(self, directory, name, argv, env=None, uid=None, wait=True, **popen):
        self.name = name
        self.log = directory / f"{name}.log"
        self.notify = None
        env = dict(env or {}, PATH=os.environ["PATH"], LC_ALL="C.UTF-8")
        if "LD_LIBRARY_PATH" in os.environ:
            env["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        for name_, value in os.environ.items():
            if name_.startswith(("ASAN_", "UBSAN_", "LSAN_")):
                env[name_] = value
        if wait:
            path = directory / f"{name}.notify"
            path.unlink(missing_ok=True)
            self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.notify.bind(str(path))
            path.chmod(0o666)
            env["NOTIFY_SOCKET"] = str(path)
        as_user = {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}
        with open(self.log, "ab") as log:
            # It must not outlive us, however we end.
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *map(str, argv)], env=env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                **as_user, **popen)
        if wait:
            self._wait_ready()

    @property
    def pid(self):
        return self.process.pid

    def _wait_ready(self):
        ended = os.pidfd_open(self.pid)
        try:
            while True:
                ready, _, _ = select.select([self.notify, ended], [], [], WAIT)
                if self.notify in ready:
                    if b"READY=1" in self.notify.recv(4096).split(b"\n"):
                        return
                elif ended in ready:
                    raise AssertionError(f"{self.name} ended ({self.process.wait()}):\n"
                                         + self.tail())
                else:
                    raise AssertionError(f"{self.name} is not ready:\n" + self.tail())
        finally:
            os.close(ended)

    def tail(self, count=60):
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(f"    {self.name}: {line}" for line in lines[-count:])

    def kill(self, number=signal.SIGKILL):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(WAIT)

    def stop(self):
        """Ask politely; the exit status must be 0."""
        status = self.kill(signal.SIGTERM)
        if self.notify:
            self.notify.close()
        return status


class Box:
    """pcscd, vpcd and dezi-vcard in namespaces of their own (tests/e2e/box)."""

    def __init__(self, run, directory, reader=None, keypad=False):
        self.run = run
        self.dir = directory
        self.dir.mkdir()
        env = dict(os.environ, **({"DEZI_READER_NAME": reader} if reader else {}))
        self.keypad = self.dir / "keypad"   # who types on the reader (tests/ifd)
        if keypad:
            self.keypad.mkdir()
            env.update(DEZI_KEYPAD=str(self.keypad),
                       DEZI_IFD=str(run.build / "tests/ifd/.libs/keypad.so"))
        self.control = self.dir / "card.sock"
        self.pcsc_socket = self.dir / "pcscd.comm"
        with open(self.dir / "box.log", "ab") as log:
            self.process = subprocess.Popen(
                [str(HERE / "box"), str(self.dir)], env=env, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
        # Where there are no namespaces, one after the other.
        self.answer("start", 600)

    def answer(self, what, seconds=WAIT):
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        said = self.process.stdout.readline().strip() if ready else "no answer"
        if said != "ok":
            raise AssertionError(f"box: {what}: {said or 'it ended'}\n{self.tail()}")

    def tell(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        self.answer(" ".join(words))

    def take_readers_away(self):
        """pcscd without a reader, from now on."""
        self.tell("kill-pcscd")
        (self.dir / "reader.conf.d" / "vpcd").write_text("", encoding="ascii")
        self.tell("pcscd")

    def start_cards(self, *cards):
        self.tell("card", self.run.program("dezi-vcard"), "run", "--control", str(self.control),
                  "--state", str(self.dir / "state"),
                  *(str(self.run.card(card)) for card in cards))
        # Who asks at once would be told that there is no card: pcscd looks now and then.
        for slot in range(len(cards)):
            eventually("pcscd has powered the card",
                       lambda slot=slot: self.stats(slot)["power_ons"])

    def types(self, line):
        """What the person does at the keypad the next time that it asks."""
        (self.keypad / "typed").write_text(line + "\n", encoding="ascii")

    def ctl(self, *words):
        """One command to the virtual cards; the answer without its "ok"."""
        done = subprocess.run([self.run.program("dezi-vcard"), "ctl", "--control",
                               str(self.control), *map(str, words)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=WAIT, check=False)
        if done.returncode != 0:
            raise AssertionError(f"dezi-vcard ctl {' '.join(map(str, words))}: {done.stdout}")
        return done.stdout.strip().removeprefix("ok").strip()

    def insert(self, card, slot=0):
        self.ctl("insert", slot, self.run.card(card))

    def remove(self, slot=0):
        self.ctl("remove", slot)

    def swap(self, card, slot=0):
        self.ctl("swap", slot, self.run.card(card))

    def stats(self, slot=0):
        return json.loads(self.ctl("stats", slot))

    def tail(self):
        said = []
        for log in ("box.log", "log", "card.log"):
            path = self.dir / log
            if path.exists():
                said += [f"    {log}: {line}"
                         for line in path.read_text(errors="replace").splitlines()[-20:]]
        return "\n".join(said)

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(WAIT)
        self.process.stdout.close()


class House:
    """Everything that one login needs.  Parts are started when a scenario asks for them."""

    def __init__(self, run, pin=None, reader=None, keypad=False):
        self.run = run
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="", dir=run.dir))
        self.dir.chmod(0o755)
        self.processes = []
        self.box = Box(run, self.dir / "box", reader, keypad)
        self.key = BrokerKey(self.dir)
        self.broker_dir = self.dir / "broker"
        self.broker_dir.mkdir(mode=0o755)
        self.agent_socket = self.broker_dir / "agent.sock"
        self.client_socket = self.broker_dir / "client.sock"
        self.trust = run.pki / "trust"
        self.person = pinentry.Person(self.dir, pin or self.knows_the_pin)
        self.broker = None
        self.agent = None

    @staticmethod
    def knows_the_pin(window):
        """Types the PIN; lets "insert your card" stand."""
        return PIN if window["kind"] == "pin" else pinentry.Person.HANG

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None and kind is not Skip:
            LAST_WORDS.append(self.tails())
        self.close()

    def close(self):
        for process in reversed(self.processes):
            process.stop()
        self.box.stop()
        self.person.close()

    def tails(self):
        """What everybody said, for a scenario that failed."""
        return "\n".join([p.tail() for p in self.processes] + [self.box.tail()])

    def spawn(self, name, argv, **how):
        process = Process(self.dir, name, argv, **how)
        self.processes.append(process)
        return process

    # Broker

    def write(self, name, text, mode=0o644):
        path = self.dir / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def means_conf(self):
        """Rows for each CA and policy that the test PKI's login certificates have."""
        rows = []
        for card, driver in (("z", "uzi"), ("n", "uzi"), ("z-g4", "uzi"), ("piv", "piv"),
                             ("p15", "pkcs15")):
            issuer_cn, policy = certificate_facts(self.run.pki, card)
            rows.append(f"[means {card}-module]\nissuer_cn = {issuer_cn}\npolicy = {policy}\n"
                        f"driver = vendor\none_transaction = no\nacr = {LOA_HIGH}\n")
            rows.append(f"[means {card}]\nissuer_cn = {issuer_cn}\npolicy = {policy}\n"
                        f"driver = {driver}\none_transaction = yes\nacr = {LOA_HIGH}\n")
        return "\n".join(rows)

    REGISTER = """\
[person 900000001]
dezi_number = 100000001
name = Zoë van den Brûle-Ångström
status = active
[person 900000002]
dezi_number = 100000002
name = Z Twee
status = active
[person 900000003]
dezi_number = 100000003
name = N Drie
status = active
[person 900000008]
dezi_number = 100000008
name = Z Acht
status = active
[person 900000011]
dezi_number = 100000011
name = P Elf
status = active
[person 900000012]
dezi_number = 100000012
name = Y Twaalf
status = active
[person 900000013]
dezi_number = 100000013
name = P Dertien
status = active
[person 900000014]
dezi_number = 100000014
name = E Veertien
status = active
[employment z13-oost]
uzi_number = 900000013
subscriber = 90000123
subscriber_name = Tést Ziekenhuis Oost
role = 01.015
[employment z14-oost]
uzi_number = 900000014
subscriber = 90000123
subscriber_name = Tést Ziekenhuis Oost
role = 01.015
[employment z11-oost]
uzi_number = 900000011
subscriber = 90000123
subscriber_name = Tést Ziekenhuis Oost
role = 01.015
[employment z12-oost]
uzi_number = 900000012
subscriber = 90000123
subscriber_name = Tést Ziekenhuis Oost
role = 01.015
[employment z8-oost]
uzi_number = 900000008
subscriber = 90000123
subscriber_name = Tést Ziekenhuis Oost
role = 01.015
[employment z-oost]
uzi_number = 900000001
subscriber = 90000123
subscriber_name = Tést Ziekenhuis Oost
role = 01.015
[employment z2-oost]
uzi_number = 900000002
subscriber = 90000123
subscriber_name = Tést Ziekenhuis Oost
role = 01.015
[employment n-oost]
uzi_number = 900000003
subscriber = 90000123
subscriber_name = Tést Ziekenhuis Oost
role = 00.000
[employment n-west]
uzi_number = 900000003
subscriber = 90000456
subscriber_name = Huisartsenpost West
role = 00.000
"""

    def broker_conf(self, name="broker", **changes):
        values = {
            "issuer": ISSUER, "environment": "test", "key": self.key.private,
            "database": self.broker_dir / "broker.db",
            "agent_socket": self.agent_socket, "client_socket": self.client_socket,
            "trust": self.trust, "revocation": "hard",
            "register": self.write("register.conf", self.REGISTER),
            "means": self.write("means.conf", self.means_conf()),
            "audit": self.broker_dir / "audit.log",
        }
        values.update(changes)
        lines = ["[broker]"]
        for key, value in values.items():
            if value is None:
                continue
            for one in value if isinstance(value, (list, tuple)) else [value]:
                lines.append(f"{key} = {one}")
        for client, secret in CLIENT_SECRETS.items():
            lines += [f"[client {client}]",
                      f"secret_sha256 = {hashlib.sha256(secret.encode()).hexdigest()}",
                      "rp_name_nl = Ziekenhuis Oost, dossier",
                      "rp_name_en = Hospital East, records", "uid = *", f"acr = {LOA_HIGH}"]
            if client == "web":
                lines.append(f"origin = {ORIGIN}")
        return self.write(f"{name}.conf", "\n".join(lines) + "\n")

    def start_broker(self, **changes):
        self.broker = self.spawn("broker", [self.run.program("dezi-broker"), "--config",
                                            self.broker_conf(**changes)])
        return self.broker

    # Agent

    def agent_conf(self, name="agent", policy=None, broker=None, modules=None, **changes):
        agent = {
            "language": "nl", "require_session": "no",
            "pcsc_socket": self.box.pcsc_socket, "pinentry": self.person.program,
            "worker": self.run.programs / "dezi-login-worker",
            "module_worker": self.run.programs / "dezi-module-worker",
            "profiles": self.run.programs / "profiles",
            "audit": self.dir / f"{name}-audit.log",
        }
        agent.update(changes)
        rules = {"card_removal": "end", "native_client": "epd"}
        rules.update(policy or {})
        there = {"issuer": ISSUER, "environment": "test", "socket": self.agent_socket,
                 "owner": os.getuid(), "key": f"{self.key.thumbprint} {self.key.public}",
                 "trust": self.trust}
        there.update(broker or {})
        lines = []
        sections = [("agent", agent), ("policy", rules), ("broker main", there)]
        sections += [(f"module {module}", keys) for module, keys in (modules or {}).items()]
        for section, values in sections:
            lines.append(f"[{section}]")
            for key, value in values.items():
                if value is None:
                    continue
                for one in value if isinstance(value, (list, tuple)) else [value]:
                    lines.append(f"{key} = {one}")
        return self.write(f"{name}.conf", "\n".join(lines) + "\n")

    def agent_env(self, name="agent", uid=None):
        runtime = self.dir / f"{name}-run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        if uid is not None:
            os.chown(runtime, uid, uid)
        return {"XDG_RUNTIME_DIR": str(runtime), "TERM": "dumb"}

    def start_agent(self, name="agent", uid=None, env=None, wrap=(), **changes):
        variables = dict(self.agent_env(name, uid), **(env or {}))
        path = self.socket_of(name)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if uid is not None:
            os.chown(path.parent, uid, uid)
        agent = self.spawn(name, [*wrap, self.run.program("dezi-agent"), "--config",
                                  self.agent_conf(name, **changes), "--socket", path],
                           env=variables, uid=uid)
        if name == "agent":
            self.agent = agent
        return agent

    def socket_of(self, name="agent"):
        return self.dir / f"{name}-run" / "dezi" / "agent.sock"

    def start(self, *cards, broker=None, **agent):
        self.box.start_cards(*cards)
        self.start_broker(**(broker or {}))
        self.start_agent(**agent)
        if cards:
            self.wait_cards(len(cards))

    def variant(self, card, name, edit):
        """A card of our own, for insert() and start(): edit() makes the text of its file."""
        folder = self.run.card(card).parent
        text = re.sub(r"(?m)^((?:key|certificate) = )(?!/)", rf"\g<1>{folder}/",
                      self.run.card(card).read_text(encoding="utf-8"))
        path = self.write(f"{name}.card", edit(text), 0o600)
        return path.with_suffix("")

    # Calls, as the programs around us make them

    def to_agent(self, method, target, body=None, name="agent", **how):
        return unixhttp.call(self.socket_of(name), "dezi-agent", method, target, body, **how)

    def to_broker(self, method, target, body=None, **how):
        return unixhttp.call(self.agent_socket, "dezi-broker", method, target, body, **how)

    def to_clients(self, method, target, body=None, **how):
        return unixhttp.call(self.client_socket, "dezi-broker", method, target, body, **how)

    def events(self, name="agent", **how):
        return unixhttp.Events(self.socket_of(name), "dezi-agent", **how)

    def request(self, client="epd", acr=LOA_HIGH, **more):
        """Step 1: the care application asks the broker for a login."""
        answer = self.to_clients("POST", "/v1/requests", {
            "client_id": client, "client_secret": CLIENT_SECRETS[client], "acr": acr, **more})
        assert answer.status in (200, 201), answer
        return answer.json

    def login(self, request, name="agent", **how):
        """Steps 2 and 3: the agent runs it."""
        return self.to_agent("POST", "/v1/logins", {"login": request["login"]}, name=name, **how)

    def begin_login(self, request, name="agent", headers=None):
        """The same, not waiting for the answer."""
        return unixhttp.Pending(self.socket_of(name), "dezi-agent", "POST", "/v1/logins",
                                {"login": request["login"]}, headers, timeout=150)

    def result(self, request, finish, **more):
        """Step 5: the identity, for who holds both halves."""
        return self.to_clients("POST", f"/v1/requests/{request['login']}/result",
                               {"request_secret": request["request_secret"],
                                "finish": finish, **more})

    def session(self, request, session):
        """Is it alive?"""
        return self.to_clients("GET", f"/v1/sessions/{session}", headers={
            "Authorization": f"Bearer {request['request_secret']}"})

    def wait_cards(self, count, name="agent"):
        """Until the agent sees that many cards."""
        with self.events(name) as stream:
            stream.until(self.cards_are(count))

    @staticmethod
    def cards_are(count):
        """For Events.until(): so many cards are in the readers, counted from the snapshot on."""
        state = {}

        def want(name, data):
            if name == "snapshot":
                state.clear()
            if name in ("snapshot", "card"):
                for reader in data.get("readers", [data]):
                    state[reader["name"]] = reader["card"]
            return list(state.values()).count("present") == count
        return want

    @staticmethod
    def login_is(state, word=None):
        """For Events.until(): a login is now in this state."""
        def want(_, data):
            logins = data.get("logins", [data] if "state" in data else [])
            return any(login.get("state") == state and word in (None, login.get("error"))
                       for login in logins)
        return want

    @staticmethod
    def children(process):
        """Who a process has started that still runs."""
        with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as line:
            return line.read().split()

    def dezi(self, *words, env=None, **how):
        """The command line."""
        variables = dict(self.agent_env(), PATH=os.environ["PATH"], LC_ALL="C.UTF-8")
        variables.update(env or {})
        return subprocess.run([self.run.program("dezi"), *map(str, words)], env=variables,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=120, check=False, **how)


def certificate_facts(pki, card):
    """Issuer CN and UZI policy of a card's authentication certificate."""
    folder = pki / "cards" / card
    path = next(path for path in (folder / "authentication.der", folder / "9a.der")
                if path.exists())
    text = openssl("x509", "-inform", "DER", "-in", path, "-noout", "-issuer",
                   "-nameopt", "multiline,utf8,-esc_msb", "-ext", "certificatePolicies").decode()
    issuer_cn = next(line.split("=", 1)[1].strip() for line in text.splitlines()
                     if line.strip().startswith("commonName"))
    policy = next(line.split(":", 1)[1].strip() for line in text.splitlines()
                  if line.strip().startswith("Policy: 2.16.528.1.1007."))
    return issuer_cn, policy


