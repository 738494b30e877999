# SPDX-License-Identifier: EUPL-1.2
"""What the agent refuses before any window opens, and what it tells while it works."""

import os
import subprocess

import house
import unixhttp
from house import ORIGIN, BrokerKey, House
from scenario import accepted, equal, refused, scenario
from test_login import log_in

PAGE = {"origin": ORIGIN, "top": True, "extension": "dezi@example.nl"}


def no_window(home):
    equal(home.person.windows, [], "windows")


def post(home, body, **how):
    return home.to_agent("POST", "/v1/logins", body, **how)


@scenario
def headers_that_only_a_browser_sends(run):
    with House(run) as home:
        home.start("z")
        body = {"login": home.request()["login"]}
        for headers in ({"Origin": ORIGIN}, {"Origin": "null"}, {"Sec-Fetch-Site": "none"},
                        {"Sec-Fetch-Mode": "cors"}, {"Host": "localhost"},
                        {"Host": "dezi-agent.evil.example"}, {"Host": ""}):
            refused(post(home, body, headers=headers), "not_allowed", 403)
        no_window(home)
        accepted(post(home, body))


@scenario
def bodies_that_are_no_request(run):
    with House(run) as home:
        home.start("z")
        handle = home.request()["login"]
        deep = b'{"login":' + b"[" * 1000 + b"]" * 1000 + b"}"
        for body in (b"", b"{", b"[]", b'"x"', b"{}", b'{"login":1}', b'{"login":""}',
                     b'{"login":"' + handle.encode() + b'","login":"' + handle.encode() + b'"}',
                     b'{"login":"\xff"}', deep, b'{"login":"a\\u0000b"}',
                     b'{"login":"' + handle.encode() + b'","hash":"00"}',
                     b'{"login":"' + handle.encode() + b'","broker":"elsewhere"}'):
            answer = post(home, body)
            assert 400 <= answer.status < 500 and answer.word, (body[:60], answer)
        equal(post(home, b" " * 1000000).status, 413)
        no_window(home)


@scenario
def a_page_must_be_the_one_that_the_challenge_names(run):
    with House(run) as home:
        home.start("z", policy={"native_client": "epd", "extension": PAGE["extension"]})
        wrong = [dict(PAGE, origin=ORIGIN + "/"), dict(PAGE, origin=ORIGIN[:-1]),
                 dict(PAGE, origin=ORIGIN.replace("https", "http")),
                 dict(PAGE, origin=ORIGIN + ":443"), dict(PAGE, origin=ORIGIN.upper()),
                 dict(PAGE, top=False), dict(PAGE, extension="other@example.nl")]
        for page in wrong:
            login = home.request("web", origin=ORIGIN)["login"]
            refused(post(home, {"login": login, "page": page}), "not_allowed")
        for page in ({"top": True}, {"origin": ORIGIN}, {}, "page", None):
            answer = post(home, {"login": login, "page": page})
            assert 400 <= answer.status < 500, (page, answer)
        refused(post(home, {"login": login}), "not_allowed")
        no_window(home)


@scenario
def a_page_learns_finish_and_nothing_else(run):
    with House(run) as home:
        home.start("z", policy={"native_client": "epd", "extension": PAGE["extension"]})
        request = home.request("web", origin=ORIGIN)
        answer = accepted(post(home, {"login": request["login"], "page": PAGE}))
        equal(sorted(answer), ["finish", "id"])
        accepted(home.result(request, answer["finish"]))
        assert ORIGIN in home.person.windows[0]["text"], home.person.windows
        # A refusal is one word of the closed set.
        home.box.remove()
        home.wait_cards(0)
        home.box.insert("z-locked")
        home.wait_cards(1)
        request = home.request("web", origin=ORIGIN)
        refused(post(home, {"login": request["login"], "page": PAGE}), "card_not_usable")


@scenario
def a_native_login_is_not_for_a_page(run):
    with House(run) as home:
        home.start("z", policy={"native_client": "epd", "extension": PAGE["extension"]})
        refused(post(home, {"login": home.request()["login"], "page": PAGE}), "not_allowed")
        no_window(home)


@scenario
def a_native_caller_only_for_the_clients_that_may(run):
    with House(run) as home:
        home.start("z", policy={"native_client": "other"})
        refused(home.login(home.request()), "not_allowed")
        no_window(home)


@scenario
def a_challenge_from_a_key_that_is_not_pinned(run):
    with House(run) as home:
        home.box.start_cards("z")
        home.start_broker(key=BrokerKey(home.dir, "other-key").private)
        home.start_agent()
        home.wait_cards(1)
        refused(home.login(home.request()), "challenge_refused")
        no_window(home)


@scenario
def a_broker_with_another_name(run):
    with House(run) as home:
        home.box.start_cards("z")
        home.start_broker(issuer="https://elsewhere.example.nl")
        home.start_agent()
        home.wait_cards(1)
        refused(home.login(home.request()), "challenge_refused")
        no_window(home)


@scenario
def a_broker_that_is_not_there(run):
    with House(run) as home:
        home.start("z")
        request = home.request()
        home.broker.stop()
        refused(home.login(request), "broker_unreachable")
        no_window(home)


@scenario
def a_broker_socket_in_a_folder_that_anybody_may_write(run):
    with House(run) as home:
        home.start("z")
        request = home.request()
        home.broker_dir.chmod(0o777)
        answer = home.login(request)
        assert answer.word in ("broker_unreachable", "config"), answer
        home.broker_dir.chmod(0o755)
        accepted(home.login(request))


@scenario
def a_handle_that_never_was(run):
    with House(run) as home:
        home.start("z")
        refused(post(home, {"login": house.b64url(os.urandom(32))}), "unknown")
        no_window(home)


@scenario
def a_configuration_that_is_wrong_or_unsafe(run):
    with House(run) as home:
        good = home.agent_conf().read_text(encoding="utf-8")
        agent = run.program("dezi-agent")

        def start(name, text, mode=0o644):
            conf = home.write(name, text, mode)
            done = subprocess.run([agent, "--config", conf, "--socket", home.dir / "x.sock"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                  stderr=subprocess.STDOUT, timeout=house.WAIT, check=False)
            equal(done.returncode, 2, done.stdout)
            return done.stdout

        said = start("unknown.conf", good.replace("[policy]", "[policy]\nsurprise = yes"))
        assert "unknown.conf" in said and "line" in said and "expected" in said, said
        said = start("open.conf", good, 0o666)
        assert "open.conf" in said, said
        said = start("value.conf", good.replace("card_removal = end", "card_removal = maybe"))
        assert "expected" in said, said


@scenario
def the_event_stream_begins_with_a_snapshot_each_time(run):
    with House(run) as home:
        home.start("z")
        for _ in range(3):
            with home.events() as stream:
                name, _, data = stream.next()
                equal(name, "snapshot")
                equal([r["card"] for r in data["readers"]].count("present"), 1)
                equal(data["sessions"], [])
        log_in(home)
        with home.events() as stream:
            name, _, data = stream.next()
            equal(name, "snapshot")
            equal(len(data["sessions"]), 1)


@scenario
def the_event_stream_tells_cards_and_beats(run):
    with House(run) as home:
        home.start()
        with home.events(timeout=15) as stream:
            stream.until(home.cards_are(0))
            home.box.insert("z")
            name, data = stream.until(lambda _, data: data.get("card") == "present")
            equal(name, "card")
            home.box.remove()
            stream.until(lambda _, data: data.get("card") == "absent")
            stream.until(lambda name, _: name == "heartbeat")


@scenario
def the_audit_names_no_person(run):
    with House(run) as home:
        home.start("z")
        request, finish = log_in(home)
        accepted(home.result(request, finish))
        audit = (home.dir / "agent-audit.log").read_text(encoding="utf-8")
        log = home.agent.log.read_text(encoding="utf-8")
        assert "epd" in audit, audit
        for secret in ("900000001", "Zo", "Brûle", house.PIN, "445A000900000001", finish,
                       request["login"], request["request_secret"]):
            assert secret not in audit + log, secret
        broker = (home.broker_dir / "audit.log").read_text(encoding="utf-8")
        assert "900000001" in broker, broker        # NEN 7513: the broker names who
        for secret in (house.PIN, finish, request["request_secret"]):
            assert secret not in broker + home.broker.log.read_text(encoding="utf-8"), secret


@scenario
def started_by_its_sockets(run):
    with House(run) as home:
        home.box.start_cards("z")
        activate = ["systemd-socket-activate"]
        agent_dir = home.socket_of().parent
        env = home.agent_env()
        agent_dir.mkdir(mode=0o700, exist_ok=True)
        home.spawn("broker", activate + [
            "-l", home.agent_socket, "-l", home.client_socket, "--fdname=agent:client",
            run.program("dezi-broker"), "--config", home.broker_conf()], wait=False)
        home.spawn("agent", activate + [
            "-l", home.socket_of(), "-E", f"XDG_RUNTIME_DIR={env['XDG_RUNTIME_DIR']}",
            run.program("dezi-agent"), "--config", home.agent_conf()], env=env, wait=False)
        for path in (home.agent_socket, home.client_socket, home.socket_of()):
            house.eventually(f"{path} is there", path.exists)
        home.wait_cards(1)
        request, finish = log_in(home)
        accepted(home.result(request, finish))


@scenario
def one_uid_has_one_agent(run):
    with House(run) as home:
        home.start_broker()
        home.start_agent()
        done = subprocess.run([run.program("dezi-agent"), "--config", home.dir / "agent.conf",
                               "--socket", home.socket_of()], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=dict(os.environ, **home.agent_env()), timeout=house.WAIT,
                              check=False)
        assert done.returncode != 0, done.stdout
        equal(home.to_agent("GET", "/v1/cards").status, 200)


@scenario
def a_login_can_be_cancelled_by_its_caller(run):
    with House(run, pin=lambda window: house.pinentry.Person.HANG) as home:
        home.start("z")
        answer = home.to_agent("POST", "/v1/logins", {"login": home.request()["login"]},
                               headers={"Prefer": "respond-async"})
        equal(answer.status, 202)
        where = answer.headers["Location"]
        with home.events() as stream:
            stream.until(home.login_is("asking_pin"))
            equal(home.to_agent("DELETE", where).status, 204)
            stream.until(home.login_is("failed", "cancelled"))
        house.eventually("the window closed", lambda: not home.children(home.agent))
        refused(home.login(home.request()), "busy")      # 5 s of peace after a cancel


@scenario
def paths_and_methods_that_do_not_exist(run):
    with House(run) as home:
        home.start_broker()
        home.start_agent()
        for method, target in (("GET", "/"), ("GET", "/v2/cards"), ("PUT", "/v1/logins"),
                               ("GET", "/v1/logins/../cards"), ("POST", "/v1/cards"),
                               ("GET", "/v1/cards?x=1"), ("TRACE", "/v1/cards")):
            answer = unixhttp.call(home.socket_of(), "dezi-agent", method, target)
            assert 400 <= answer.status < 502, (method, target, answer)
