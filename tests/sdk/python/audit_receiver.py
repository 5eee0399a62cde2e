"""Receivers of the audit log: `syslog PORT`, `tls PORT CERT KEY` (RFC 5424 messages with octet counting, by the standard library's socketserver)
and `webhook PORT SECRET` (checked by PyPI `standardwebhooks`). Prints one JSON line when it listens, and one for each act."""

import http.server
import json
import re
import socketserver
import ssl
import sys
import threading

from standardwebhooks.webhooks import Webhook

# RFC 5424, section 6.
HEADER = re.compile(
    rb"<(?P<pri>\d{1,3})>1 (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z) (?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) (?P<proc>[!-~]{1,128}) "
    rb'(?P<msgid>[!-~]{1,32}) (?P<data>-|(\[[!-~]{1,32}( [!-~]{1,32}="[^"\\\]]*")*\])+) (?P<message>.*)',
    re.DOTALL,
)
lock = threading.Lock()


def say(value):
    with lock:
        print(json.dumps(value), flush=True)


class Syslog(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            length = b""
            while (byte := self.rfile.read(1)) not in (b" ", b""):
                length += byte
            if not length:
                return
            assert re.fullmatch(rb"[1-9]\d*", length), length
            message = self.rfile.read(int(length))
            assert len(message) == int(length)
            header = HEADER.fullmatch(message)
            assert header, message
            say({
                "facility": int(header["pri"]) // 8,
                "severity": int(header["pri"]) % 8,
                "msgid": header["msgid"].decode(),
                "act": json.loads(header["message"]),
            })


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        acts = Webhook(sys.argv[3]).verify(body, dict((k.lower(), v) for k, v in self.headers.items()))
        for act in acts:
            say({"act": act, "id": self.headers["webhook-id"]})
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


mode, port = sys.argv[1], int(sys.argv[2])
server = Server(("127.0.0.1", port), Hook if mode == "webhook" else Syslog)
if mode == "tls":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
say({"port": server.server_address[1]})
server.serve_forever()
