"""A stand-in for the vendor in the README's tour: prints what it is sent and answers as Mixpanel does."""
import gzip, http.server
class Vendor(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        print(self.path, (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode(), flush=True)
        self.send_response(200); self.end_headers(); self.wfile.write(b'{"error":null,"status":1}')
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", 9900), Vendor).serve_forever()
