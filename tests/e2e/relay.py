# SPDX-License-Identifier: EUPL-1.2
"""A Unix socket in front of another one, which keeps what passed."""

import http.client
import io
import json
import os
import re
import socket
import threading


class Relay:
    """Listens on path, hands everything on to target; keeps both sides of each call."""

    def __init__(self, path, target):
        self.target = str(target)
        self.calls = []         # (what the caller sent, what came back)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        os.chmod(path, 0o666)
        self.listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                caller, _ = self.listener.accept()
            except OSError:
                return
            there = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            there.connect(self.target)
            asked, answered = bytearray(), bytearray()
            self.calls.append((asked, answered))
            for way in ((caller, there, asked), (there, caller, answered)):
                threading.Thread(target=self._pump, args=way, daemon=True).start()

    @staticmethod
    def _pump(source, sink, kept):
        try:
            while data := source.recv(65536):
                kept += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass    # either side may leave at any time

    def _of(self, target):
        return [call for call in self.calls
                if re.match(rb"[A-Z]+ " + target.encode() + rb" ", call[0])]

    def bodies(self, target):
        """The JSON bodies of the requests for this path, in order."""
        return [json.loads(bytes(asked).partition(b"\r\n\r\n")[2])
                for asked, _ in self._of(target)]

    def answers(self, target):
        """The JSON bodies of their answers."""
        return [json.loads(_body_of(answered)) for _, answered in self._of(target)]

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def _body_of(answer):
    class Bytes:
        @staticmethod
        def makefile(_):
            return io.BytesIO(bytes(answer))
    response = http.client.HTTPResponse(Bytes)
    response.begin()
    return response.read()
