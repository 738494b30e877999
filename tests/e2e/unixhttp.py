# SPDX-License-Identifier: EUPL-1.2
"""HTTP/1.1 with JSON over a Unix socket, and the agent's event stream."""

import http.client
import json
import socket


class Answer:
    """What came back: status, headers, body."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body) if self.body else None

    @property
    def word(self):
        """The word of a problem document: the end of its type."""
        if self.headers.get_content_type() != "application/problem+json":
            return None
        return self.json["type"].rsplit("/", 1)[-1]

    def __repr__(self):
        return f"<{self.status} {self.body[:400]!r}>"


class Connection(http.client.HTTPConnection):
    """http.client's, over a socket path instead of a host."""

    def __init__(self, path, host, timeout):
        super().__init__(host, timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def _open(path, host, method, target, body, headers, timeout):
    headers = dict(headers or {})
    host = headers.pop("Host", host)
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    conn = Connection(path, host, timeout)
    conn.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    conn.putheader("Host", host)
    if body is not None and "Content-Type" not in headers:
        conn.putheader("Content-Type", "application/json")
    if body is not None:
        conn.putheader("Content-Length", str(len(body)))
    for name, value in headers.items():
        conn.putheader(name, value)
    try:
        conn.endheaders(body)
    except BrokenPipeError:
        pass    # a server that refuses early may have answered already
    return conn


def call(path, host, method, target, body=None, headers=None, timeout=60):
    """One request, one answer, one connection."""
    conn = _open(path, host, method, target, body, headers, timeout)
    try:
        return Answer(conn.getresponse())
    finally:
        conn.close()


class Pending:
    """A request whose answer is fetched later; close() is what a caller that leaves does."""

    def __init__(self, path, host, method, target, body=None, headers=None, timeout=60):
        self.conn = _open(path, host, method, target, body, headers, timeout)

    def answer(self):
        try:
            return Answer(self.conn.getresponse())
        finally:
            self.conn.close()

    def close(self):
        self.conn.close()


class Events:
    """A server-sent event stream; next() gives (event, id, data)."""

    def __init__(self, path, host, target="/v1/events", timeout=30):
        self.conn = _open(path, host, "GET", target, None,
                          {"Accept": "text/event-stream"}, timeout)
        self.response = self.conn.getresponse()
        if self.response.status != 200:
            raise AssertionError(f"events: {Answer(self.response)}")

    def next(self):
        """The next event; comments (heartbeats) come as ("", None, None)."""
        name, ident, data = "message", None, []
        while True:
            line = self.response.readline()
            if not line:
                raise EOFError("the event stream ended")
            line = line.decode().rstrip("\r\n")
            if not line:
                if data:
                    return name, ident, json.loads("\n".join(data))
                continue
            if line.startswith(":"):
                return "", None, None
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "id":
                ident = value
            elif field == "data":
                data.append(value)

    def until(self, want):
        """The first event for which want(name, data) holds."""
        while True:
            name, _, data = self.next()
            if name and want(name, data):
                return name, data

    def close(self):
        self.response.close()
        self.conn.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
