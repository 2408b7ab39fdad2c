# The orderly end under load: by SIGTERM and by `portico stop`, requests in flight get their whole answer.

import os
import signal
import subprocess
import threading
import time

from door import PORTICO, Client, eventually, front_door, http_settings, origins


class Load:
    """Clients that keep asking, each over its own connections, until the front door takes no more."""

    def __init__(self, port, count, path="/wait/0.05"):
        self.port, self.path = port, path
        self.answered, self.broken, self.is_over = 0, [], False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def work(self):
        while not self.is_over:
            try:
                client = Client(self.port)
            except OSError:
                return
            with client:
                if not self.talk(client):
                    return

    def talk(self, client):
        """Asks until the connection ends; False when there is nobody any more."""
        while not self.is_over:
            try:
                client.send(f"GET {self.path} HTTP/1.1\r\nHost: door\r\n\r\n".encode())
                status, fields = client.head()
            except OSError as error:
                # A connection that is closed between two requests: nothing of an answer was there.
                if client.unread:
                    self.fail(f"cut within a head: {error}")
                return True
            try:
                body = client.body(fields)
                if status != 200 or body != b"ok":
                    self.fail(f"{status} {body[:50]}")
            except OSError as error:
                self.fail(f"cut within a body: {error}")
                return True
            with self.lock:
                self.answered += 1
            if fields.get("connection") == "close":
                return True
        return True

    def fail(self, what):
        with self.lock:
            self.broken.append(what)

    def end(self):
        self.is_over = True
        for thread in self.threads:
            thread.join(10)


def ends_in_order(stop):
    with origins(2) as (ports, _), front_door(http_settings(ports, drain="20s")) as door:
        port = door.port("web")
        slow = Client(port)
        slow.send(b"GET /wait/2 HTTP/1.1\r\nHost: door\r\n\r\n")
        reader = Client(port, receive_buffer=8192)
        reader.send(f"GET /zeros/{3 << 20} HTTP/1.1\r\nHost: door\r\n\r\n".encode())
        load = Load(port, 20)
        eventually(lambda: load.answered > 100)
        begun = time.monotonic()
        stop(door)
        # The slow answer is whole, and so is one that is read slowly, although it left the backend long ago.
        status, fields = slow.head()
        assert status == 200 and fields["connection"] == "close" and slow.body(fields) == b"ok"
        slow.close()
        status, fields = reader.head()
        size, left = int(fields["content-length"]), int(fields["content-length"]) - len(reader.unread)
        while left:
            piece = reader.socket.recv(min(left, 65536))
            assert piece, f"ended {left} of {size} bytes early"
            left -= len(piece)
            time.sleep(0.02)
        reader.close()
        door.process.wait(20)
        took = time.monotonic() - begun
        load.end()
        assert not load.broken, load.broken[:5]
        assert door.process.returncode == 0, door.process.returncode
        return f"{load.answered} answered, none broken, ended after {took:.1f} s"


def test_SIGTERM_loses_no_answer():
    return ends_in_order(lambda door: door.process.send_signal(signal.SIGTERM))


def test_stop_loses_no_answer():
    def stop(door):
        subprocess.run([PORTICO, "stop", "--state", door.state], check=True, capture_output=True)

    return ends_in_order(stop)


def test_a_tunnel_has_until_the_drain_ends():
    with origins() as (ports, tell), front_door(http_settings(ports, drain="3s")) as door:
        client = Client(door.port("web"))
        assert client.get("/events")[0] == 200
        client.until(b"\n\n")
        begun = time.monotonic()
        door.process.send_signal(signal.SIGTERM)
        tell("still here")
        assert client.until(b"\n\n").endswith(b"data: still here")
        door.process.wait(20)
        took = time.monotonic() - begun
        # Cut where the client can see it: no last chunk.
        rest = client.unread
        try:
            while piece := client.socket.recv(65536):
                rest += piece
        except ConnectionError:
            pass
        assert not rest.endswith(b"0\r\n\r\n"), rest
        assert 2.5 < took < 10, took
