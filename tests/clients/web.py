#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A web server on loopback that wants a pass.

    web.py KEY-AND-CERTIFICATE CA-FOLDER LOG

Its first line says the port.  LOG gets a line for each request: status, path, and the
serial number in the subject of the certificate, or "nobody".  The page fetches /shown,
so that the log tells that a browser displayed it; its title says who logged in.
"""

import http.server
import pathlib
import ssl
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def who(self):
        subject = (self.connection.getpeercert() or {}).get("subject", ())
        return dict(pair for part in subject for pair in part).get("serialNumber", "nobody")

    def do_GET(self):
        who = self.who()
        status = 403 if who == "nobody" else 200
        page = f"<!doctype html><title>Hello {who}</title><h1>{who}</h1><img src=/shown?{who}>"
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(page.encode())

    def log_request(self, code="-", size="-"):
        with open(log, "a") as f:
            f.write(f"{int(code)} {self.path} {self.who()}\n")

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    # A context for each connection: a session that is taken up again needs no card.
    def get_request(self):
        sock, address = super().get_request()
        return context().wrap_socket(sock, server_side=True,
                                     do_handshake_on_connect=False), address

    def handle_error(self, request, client_address):
        print("web.py:", sys.exc_info()[1], file=sys.stderr)


def context():
    # The pass has no PSS, without which there is no TLS 1.3.
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    tls.options |= ssl.OP_NO_TICKET
    tls.load_cert_chain(own)
    for der in pathlib.Path(authorities).glob("*/*.der"):
        tls.load_verify_locations(cadata=der.read_bytes())
    tls.verify_mode = ssl.CERT_OPTIONAL
    return tls


def main():
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


own, authorities, log = sys.argv[1:]
main()
