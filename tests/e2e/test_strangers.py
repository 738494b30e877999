# SPDX-License-Identifier: EUPL-1.2
"""Nobody gets another's login."""

import multiprocessing
import os
import subprocess

import house
import unixhttp
from house import OTHER_UID, House
from scenario import accepted, equal, refused, scenario, slow
from test_broker import Desk
from test_login import ended, log_in


def as_child(call, uid=None):
    """One call, made by another process, perhaps another person's: (status, word, body)."""
    def child(pipe):
        if uid is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        answer = unixhttp.call(*call)
        pipe.send((answer.status, answer.word, answer.body.decode()))
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=child, args=(theirs,))
    process.start()
    theirs.close()
    if not ours.poll(house.WAIT):
        raise AssertionError("the other process has no answer")
    said = ours.recv()
    process.join()
    return said


def as_other(*call):
    return as_child(call, OTHER_UID)


def need_another():
    if not house.may_change_uid():
        raise house.Skip("needs root, to be somebody else")


def challenge_call(home, login):
    return home.agent_socket, "dezi-broker", "POST", "/v1/challenges", {"login": login}


@scenario
def a_handle_belongs_to_the_uid_that_came_first(run):
    need_another()
    with House(run) as home:
        home.start_broker()
        request = home.request()
        accepted(home.to_broker("POST", "/v1/challenges", {"login": request["login"]}))
        status, word, body = as_other(*challenge_call(home, request["login"]))
        equal((status, word), (404, "unknown"))
        # Byte for byte what a handle gets that never was.
        _, _, never = as_other(*challenge_call(home, house.b64url(bytes(32))))
        equal(body, never)


@scenario
def the_agent_of_another_uid_is_not_to_be_spoken_to(run):
    need_another()
    with House(run) as home:
        home.start("z")
        home.socket_of().parent.parent.chmod(0o711)
        home.socket_of().parent.chmod(0o711)
        home.socket_of().chmod(0o666)
        status, word, _ = as_other(home.socket_of(), "dezi-agent", "POST", "/v1/logins",
                                   {"login": home.request()["login"]})
        equal((status, word), (403, "not_allowed"))
        equal(home.person.windows, [])


@scenario
def a_handle_run_by_another_person_is_worth_nothing_without_the_request_secret(run):
    with House(run) as home:
        home.start("z2")
        request = home.request()
        finish = accepted(home.login(request))["finish"]
        stolen = dict(request, request_secret=house.b64url(os.urandom(32)))
        refused(home.result(stolen, finish), "unknown")
        # The first browser sees whose card it was before it shows anything.
        got = accepted(home.result(request, finish))
        equal(got["identity"]["uzi_number"], "900000002")


@scenario
def a_result_without_finish(run):
    with House(run) as home:
        home.start("z")
        request, _ = log_in(home)
        answer = home.to_clients("POST", f"/v1/requests/{request['login']}/result",
                                 {"request_secret": request["request_secret"]})
        refused(answer, "malformed", 400)
        refused(home.result(request, house.b64url(os.urandom(32))), "unknown", 404)


@scenario
def a_result_before_anybody_logged_in(run):
    with House(run) as home:
        home.start_broker()
        refused(home.result(home.request(), house.b64url(bytes(32))), "pending", 409)


@scenario
def finish_is_used_up(run):
    with House(run) as home:
        home.start("z")
        request, finish = log_in(home)
        accepted(home.result(request, finish))
        refused(home.result(request, finish), "replayed", 403)


@scenario
def finish_is_of_no_use_to_another_uid(run):
    """With both secrets, and without harm to who asked."""
    need_another()
    with House(run) as home:
        home.start("z")
        request, finish = log_in(home)
        status, word, _ = as_other(
            home.client_socket, "dezi-broker", "POST",
            f"/v1/requests/{request['login']}/result",
            {"request_secret": request["request_secret"], "finish": finish})
        equal((status, word), (404, "unknown"))
        accepted(home.result(request, finish))


@scenario
def finish_of_one_login_does_not_open_another(run):
    with House(run) as home:
        home.start("z")
        _, finish = log_in(home)
        second, _ = log_in(home)
        refused(home.result(second, finish), "unknown", 404)


@scenario
def finish_is_given_once_and_only_to_the_caller(run):
    with House(run) as home:
        home.start("z")
        request = home.request()
        answer = home.to_agent("POST", "/v1/logins", {"login": request["login"]},
                               headers={"Prefer": "respond-async"})
        equal(answer.status, 202)
        where = answer.headers["Location"]
        with home.events() as stream:
            stream.until(home.login_is("done"))
        # Another program of the same person is another caller.
        status, word, _ = as_child((home.socket_of(), "dezi-agent", "GET", where))
        equal((status, word), (404, "unknown"))
        finish = accepted(home.to_agent("GET", where))["finish"]
        assert "finish" not in accepted(home.to_agent("GET", where))
        accepted(home.result(request, finish))


@scenario
@slow
def a_login_that_nobody_finishes_is_over_after_half_a_minute(run):
    with House(run) as home:
        home.start("z")
        request, finish = log_in(home)
        session = accepted(home.to_agent("GET", "/v1/sessions"))["sessions"][0]
        with home.events(timeout=60) as stream:
            stream.until(lambda _, data: data.get("sessions") == [] or
                         data.get("state") == "ended")
        equal(ended(home, request, session["id"]), "finish_timeout")
        refused(home.result(request, finish), "ended", 410)


@scenario
def a_lease_needs_its_token_and_its_uid(run):
    with House(run) as home:
        home.start("z")
        request, finish = log_in(home)
        session = accepted(home.result(request, finish))["session"]
        target = f"/v1/sessions/{session}"
        for headers in ({}, {"Authorization": "Bearer " + house.b64url(os.urandom(32))},
                        {"Authorization": "Bearer " + request["request_secret"]},
                        {"Authorization": "Bearer " + finish}):
            refused(home.to_broker("PUT", target + "/lease", {"card": "present"},
                                   headers=headers), "unknown", 404)
            refused(home.to_broker("DELETE", target, {"reason": "card_removed"},
                                   headers=headers), "unknown", 404)
        equal(ended(home, request, session), None)


@scenario
def a_session_is_told_only_to_who_holds_the_request_secret(run):
    with House(run) as home:
        home.start("z")
        request, finish = log_in(home)
        session = accepted(home.result(request, finish))["session"]
        other = home.request()
        refused(home.session(other, session), "unknown", 404)
        refused(home.to_clients("GET", f"/v1/sessions/{session}"), "unknown", 404)


@scenario
def a_client_needs_its_secret(run):
    with House(run) as home:
        home.start_broker()
        for client, secret in (("epd", "wrong"), ("nobody", house.CLIENT_SECRETS["epd"]),
                               ("epd", house.CLIENT_SECRETS["web"])):
            refused(home.to_clients("POST", "/v1/requests", {
                "client_id": client, "client_secret": secret, "acr": house.LOA_HIGH}),
                "not_allowed", 403)


@scenario
def a_client_is_bound_to_its_uid(run):
    need_another()
    with House(run) as home:
        conf = home.broker_conf()
        text = conf.read_text(encoding="utf-8").replace("uid = *", f"uid = {os.getuid()}")
        conf = home.write("strict.conf", text)
        home.spawn("broker", [run.program("dezi-broker"), "--config", conf])
        body = {"client_id": "epd", "client_secret": house.CLIENT_SECRETS["epd"],
                "acr": house.LOA_HIGH}
        accepted(home.to_clients("POST", "/v1/requests", body))
        status, word, _ = as_other(home.client_socket, "dezi-broker", "POST", "/v1/requests",
                                   body)
        equal((status, word), (403, "not_allowed"))


@scenario
def a_test_pass_never_reaches_production(run):
    """The workstation's broker is of production: this PKI is not, whoever runs it."""
    with House(run) as home:
        home.box.start_cards("z")
        home.start_broker()
        if os.getuid() != 0:
            # Nor may a person's own configuration speak of production at all.
            conf = home.agent_conf(broker={"environment": "production"})
            done = subprocess.run([run.program("dezi-agent"), "--config", conf, "--socket",
                                   home.dir / "x.sock"], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=house.WAIT, check=False)
            equal(done.returncode, 2, done.stdout)
            return
        home.start_agent(broker={"environment": "production"})
        home.wait_cards(1)
        answer = home.login(home.request())
        assert answer.word in ("config", "certificate_untrusted"), answer
        equal(home.person.windows, [])
        equal(home.box.stats()["verifies"], 0)


@scenario
def a_session_is_not_kept_from_another_uid(run):
    """The right token, in the wrong hands."""
    need_another()
    with House(run) as home:
        home.start_broker()
        desk = Desk(home, run)
        done = accepted(desk.answer())
        session = accepted(home.result(desk.request, done["finish"]))["session"]
        for method, target, body in (
                ("PUT", f"/v1/sessions/{session}/lease", {"card": "present"}),
                ("DELETE", f"/v1/sessions/{session}", {"reason": "card_removed"})):
            status, _, _ = as_other(
                home.agent_socket, "dezi-broker", method, target, body,
                {"Authorization": f"Bearer {done['lease_token']}"})
            equal(status, 404)
        equal(ended(home, desk.request, session), None)
