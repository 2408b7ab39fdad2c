"""A client that makes one TLS 1.3 connection for each request, with or without resuming the session before.

    python3 handshakes.py handshakes|resumption PORT AT_A_TIME SECONDS

`openssl s_time` does not wait for the tickets of TLS 1.3, which come after the handshake, and wrk can't resume; so both
kinds are measured with this one. Each of AT_A_TIME processes works in a closed loop: connect, handshake, GET, read to
the end, close; a ticket is used once, as RFC 8446 C.4 advises. Prints JSON. A full handshake here is what it is in
production: key exchange, signature, new tickets.
"""

import json
import os
import socket
import ssl
import sys
import time
from dataclasses import dataclass, field
from typing import List

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@dataclass
class Counted:
    latencies: List[float] = field(default_factory=list)  # milliseconds, from connect to the end
    resumed: int = 0
    errors: List[str] = field(default_factory=list)

    @staticmethod
    def parse(text):
        return Counted(**json.loads(text))


def client_context():
    """TLS 1.3 alone. The certificate is not verified: that is the client's work, and not what is measured."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def exchange(context, port, session):
    """One connection; whether it was resumed, and the session to resume next."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with context.wrap_socket(plain, server_hostname="localhost", session=session) as secure:
            secure.sendall(REQUEST)
            received = b""
            while more := secure.recv(65536):
                received += more
            if not received.startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(f"answered {received[:60]!r}")
            return secure.session_reused, secure.session


def work(port, resume, seconds):
    counted = Counted()
    context = client_context()
    session = None
    if resume:
        _, session = exchange(context, port, None)
    end = time.monotonic() + seconds
    while (begin := time.monotonic()) < end:
        try:
            resumed, following = exchange(context, port, session if resume else None)
        except (OSError, RuntimeError) as error:
            counted.errors.append(f"{type(error).__name__}: {error}")
            if len(counted.errors) > 100:
                break
            continue
        session = following
        counted.resumed += resumed
        counted.latencies.append(round((time.monotonic() - begin) * 1000, 3))
    return counted


def main():
    kind, port, processes, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    readers = []
    for _ in range(processes):
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.close(reader)
            with open(writer, "w") as file:
                try:
                    counted = work(port, kind == "resumption", seconds)
                except (OSError, RuntimeError) as error:
                    counted = Counted(errors=[f"{type(error).__name__}: {error}"])
                json.dump(vars(counted), file)
            os._exit(0)
        os.close(writer)
        readers.append(reader)
    total = Counted()
    for reader in readers:
        with open(reader) as file:
            counted = Counted.parse(file.read())
        total.latencies += counted.latencies
        total.resumed += counted.resumed
        total.errors += counted.errors
    for _ in readers:
        os.wait()
    total.errors = sorted(set(total.errors))[:5]
    print(json.dumps(vars(total)))


if __name__ == "__main__":
    main()
