#!/usr/bin/env python3
"""Meters that answer over the web, on loopback: plain, over TLS, and over TLS as another host.

web_meter.py FOLDER makes a certificate of its own there (openssl) and prints, on one line, the three
ports and the file of the certificate. It serves until it is ended.

Pages: a Redfish chassis of 374.5 W, open to all; a Shelly of the second generation of 42 W, whose
status wants digest authentication (SHA-256, user admin, password joule) as the real one does.
"""
import hashlib
import http.server
import json
import re
import ssl
import subprocess
import sys
import threading

REALM, NONCE, USER, PASSWORD = "shellyplusplugs-a8032ab636ec", "60dc2c74", "admin", "joule"
PAGES = {
    "/redfish/v1/Chassis": {"Members": [{"@odata.id": "/redfish/v1/Chassis/1"}]},
    "/redfish/v1/Chassis/1": {"EnvironmentMetrics": {"@odata.id": "/redfish/v1/Chassis/1/EnvironmentMetrics"}},
    "/redfish/v1/Chassis/1/EnvironmentMetrics": {"PowerWatts": {"Reading": 374.5}},
    "/shelly": {"id": REALM, "gen": 2, "auth_en": True},
}
STATUS = {"id": 0, "output": True, "apower": 42.0, "aenergy": {"total": 1234.5}}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def allowed(method: str, header: str) -> bool:
    """RFC 7616 with qop=auth, checked as a server must."""
    said = {key: quoted or bare for key, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', header)}
    if not header.startswith("Digest ") or said.get("username") != USER or said.get("nonce") != NONCE:
        return False
    secret = sha256(f"{USER}:{REALM}:{PASSWORD}")
    question = sha256(f"{method}:{said.get('uri')}")
    words = [secret, NONCE, said.get("nc"), said.get("cnonce"), said.get("qop"), question]
    return sha256(":".join(str(word) for word in words)) == said.get("response")


class Meter(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        page = PAGES.get(self.path)
        challenge = None
        if self.path.startswith("/rpc/Switch.GetStatus"):
            page = STATUS if allowed("GET", self.headers.get("Authorization", "")) else None
            challenge = f'Digest qop="auth", realm="{REALM}", nonce="{NONCE}", algorithm=SHA-256'
        body = json.dumps(page if page is not None else {}).encode()
        self.send_response(200 if page is not None else 401 if challenge else 404)
        if page is None and challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def certificate(folder: str, name: str) -> ssl.SSLContext:
    key, cert = f"{folder}/{name.replace(':', '-')}.key", f"{folder}/{name.replace(':', '-')}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-days", "2", "-subj", "/CN=meter", "-addext", f"subjectAltName={name}",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def serve(context: ssl.SSLContext | None) -> int:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Meter)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever).start()
    return server.server_address[1]


here, elsewhere = certificate(sys.argv[1], "IP:127.0.0.1"), certificate(sys.argv[1], "DNS:other.example")
print(serve(None), serve(here), serve(elsewhere), f"{sys.argv[1]}/IP-127.0.0.1.pem",
      f"{sys.argv[1]}/DNS-other.example.pem", flush=True)
