# Long and slow traffic over HTTP: WebSockets, server-sent events, a gibibyte each way, slow ends. The front door must
# pass it on at once and hold no more than its bounded buffers.

import asyncio
import threading
import time

import websockets

from door import Client, eventually, front_door, http_settings, origins, rss

GIBIBYTE = 1 << 30
# Both directions of a connection hold at most a few hundred kilobytes; the rest is what a process of this kind takes.
GROWTH_MAX = 64 << 20


class Memory:
    """Watches how much memory a process has at most."""

    def __init__(self, pid):
        self.pid, self.most, self.begin = pid, 0, rss(pid)
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.is_over = False
        self.thread.start()

    def watch(self):
        while not self.is_over:
            self.most = max(self.most, rss(self.pid))
            time.sleep(0.01)

    def growth(self):
        self.is_over = True
        self.thread.join()
        grown = max(0, self.most - self.begin)
        assert grown < GROWTH_MAX, f"{grown >> 20} MiB more"
        return f"{grown >> 20} MiB more at most"


def test_websockets_talk_both_ways():
    async def echo(socket):
        async for message in socket:
            await socket.send(message)

    async def talk(port, door):
        async with websockets.connect(f"ws://127.0.0.1:{door}/chat", max_size=None) as socket:
            for size in [0, 1, 125, 126, 65535, 65536, 1 << 20]:
                for message in [b"b" * size, "t" * size]:
                    await socket.send(message)
                    assert await socket.recv() == message
            pong = await socket.ping()
            await asyncio.wait_for(pong, 5)

    async def run():
        async with websockets.serve(echo, "127.0.0.1", 0, max_size=None) as server:
            port = server.sockets[0].getsockname()[1]
            loop = asyncio.get_running_loop()
            manager = front_door(http_settings([port], service={"timeouts": {"tunnel": "5s"}}))
            door = await loop.run_in_executor(None, manager.__enter__)
            try:
                web = await loop.run_in_executor(None, door.port, "web")
                await asyncio.gather(*(talk(port, web) for _ in range(20)))
                entries = await loop.run_in_executor(
                    None, lambda: eventually(lambda: len(door.access_log()) == 20 and door.access_log(), 5))
                assert {entry["status"] for entry in entries} == {101}
                assert {entry["reason"] for entry in entries} == {None}, entries[0]
            finally:
                await loop.run_in_executor(None, lambda: manager.__exit__(None, None, None))

    asyncio.run(run())


def test_an_event_is_there_at_once():
    with origins() as (ports, tell), front_door(http_settings(ports)) as door, Client(door.port("web")) as client:
        status, fields = client.get("/events")
        assert status == 200 and fields["transfer-encoding"] == "chunked", fields
        assert b"data: first" in client.until(b"\n\n")
        latest = 0
        for number in range(20):
            begun = time.monotonic()
            tell(f"event {number}")
            assert client.until(b"\n\n").endswith(f"data: event {number}".encode())
            latest = max(latest, time.monotonic() - begun)
        return f"the latest after {latest * 1000:.1f} ms"


def test_a_gibibyte_down_in_bounded_memory():
    with origins() as (ports, _), front_door(http_settings(ports)) as door, Client(door.port("web")) as client:
        memory = Memory(door.pid)
        begun = time.monotonic()
        status, _ = client.get(f"/zeros/{GIBIBYTE}")
        assert status == 200
        left = GIBIBYTE - len(client.unread)
        room = bytearray(1 << 20)
        while left:
            count = client.socket.recv_into(room, min(left, len(room)))
            assert count, f"ended {left} bytes early"
            left -= count
        return f"{memory.growth()}, {1024 / (time.monotonic() - begun):.0f} MiB/s"


def upload(client, head, pieces):
    client.send(head)
    for piece in pieces:
        client.send(piece)
    return client.head()


def test_a_gibibyte_up_in_bounded_memory():
    settings = http_settings
    with origins() as (ports, _), front_door(settings(ports)) as door:
        memory = Memory(door.pid)
        piece = bytes(1 << 20)
        with Client(door.port("web")) as client:
            head = f"PUT / HTTP/1.1\r\nHost: door\r\nContent-Length: {GIBIBYTE}\r\n\r\n".encode()
            status, fields = upload(client, head, (piece for _ in range(1024)))
            assert status == 200 and client.body(fields) == str(GIBIBYTE).encode()
        with Client(door.port("web")) as client:
            chunk = b"%x\r\n" % len(piece) + piece + b"\r\n"
            head = b"PUT / HTTP/1.1\r\nHost: door\r\nTransfer-Encoding: chunked\r\n\r\n"
            pieces = [chunk] * 256 + [b"0\r\n\r\n"]
            status, fields = upload(client, head, pieces)
            assert status == 200 and client.body(fields) == str(GIBIBYTE // 4).encode()
        return memory.growth()


def test_many_slow_readers_hold_little():
    """Each has 64 MiB to read and reads 16 KiB now and then; the backend is slowed down, not buffered."""
    with origins() as (ports, _), front_door(http_settings(ports)) as door:
        web = door.port("web")
        memory = Memory(door.pid)
        clients = [Client(web, receive_buffer=8192) for _ in range(50)]
        for client in clients:
            client.send(f"GET /zeros/{64 << 20} HTTP/1.1\r\nHost: door\r\n\r\n".encode())
        for _ in range(40):
            for client in clients:
                assert client.socket.recv(16384)
            time.sleep(0.05)
            # Others are served as if they were not there.
            with Client(web) as other:
                status, fields = other.get("/")
                assert status == 200 and other.body(fields) == b"ok"
        for client in clients:
            client.close()
        eventually(lambda: door.listener("web")["connectionsOpen"] == 0, 5)
        return memory.growth()


def test_a_slow_backend_slows_its_client_down():
    with origins() as (ports, _), front_door(http_settings(ports)) as door, Client(door.port("web")) as client:
        memory = Memory(door.pid)
        size = 32 << 20
        head = f"PUT /slow HTTP/1.1\r\nHost: door\r\nContent-Length: {size}\r\n\r\n".encode()
        status, fields = upload(client, head, (bytes(1 << 20) for _ in range(size >> 20)))
        assert status == 200 and client.body(fields) == str(size).encode()
        return memory.growth()


def test_a_slow_backend_is_read_as_it_sends():
    with origins() as (ports, _), front_door(http_settings(ports)) as door, Client(door.port("web")) as client:
        status, fields = client.get(f"/slow/{4 << 20}")
        assert status == 200 and client.body(fields) == bytes(4 << 20)
