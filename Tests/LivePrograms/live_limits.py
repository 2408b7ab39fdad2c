# Too many of everything: connections, descriptors. Clients wait, nobody is lost, nothing spins.

import socket
import threading
import time

from door import Client, cpu, eventually, front_door, http_settings, origins


def served(port, seconds=10):
    """Whether a request is answered."""
    with Client(port) as client:
        client.socket.settimeout(seconds)
        status, fields = client.get("/", "Connection: close\r\n")
        return status == 200 and client.body(fields) == b"ok"


def idle_clients(port, count):
    clients = []
    for _ in range(count):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", port))
        clients.append(client)
    return clients


def test_clients_over_the_bound_wait_without_costing_anything():
    with origins() as (ports, _), front_door(
        http_settings(ports, listener={"limits": {"connections": 20}})
    ) as door:
        port = door.port("web")
        holders = idle_clients(port, 20)
        eventually(lambda: door.listener("web")["connectionsOpen"] == 20)
        answers = []
        waiters = [threading.Thread(target=lambda: answers.append(served(port, 60))) for _ in range(100)]
        for waiter in waiters:
            waiter.start()
        eventually(lambda: door.listener("web")["refusals"]["pausedFull"] >= 1)
        pid = door.pid
        begun, used = time.monotonic(), cpu(pid)
        time.sleep(2)
        share = (cpu(pid) - used) / (time.monotonic() - begun)
        assert share < 0.1, f"{share:.0%} of a processor while clients wait"
        assert not answers and door.listener("web")["connectionsOpen"] == 20
        for holder in holders:
            holder.close()
        for waiter in waiters:
            waiter.join()
        assert answers == [True] * 100, answers
        return f"{share:.1%} of a processor while 100 wait"


def test_out_of_descriptors_it_pauses_and_goes_on():
    # 512 files: 128 for others, 384 for two workers.
    with origins() as (ports, _), front_door(http_settings(ports), open_files=512) as door:
        port = door.port("web")
        crowd = idle_clients(port, 900)
        eventually(lambda: door.listener("web")["refusals"]["pausedShort"] >= 1)
        pid = door.pid
        begun, used = time.monotonic(), cpu(pid)
        time.sleep(2)
        share = (cpu(pid) - used) / (time.monotonic() - begun)
        assert share < 0.1, f"{share:.0%} of a processor while out of descriptors"
        # Those who are in are served, over connections to the backend that there are descriptors for.
        crowd[0].setblocking(True)
        crowd[0].settimeout(10)
        crowd[0].sendall(b"GET / HTTP/1.1\r\nHost: door\r\n\r\n")
        assert crowd[0].recv(1000).startswith(b"HTTP/1.1 200")
        open_now = door.listener("web")["connectionsOpen"]
        for client in crowd:
            client.close()
        assert all(served(port) for _ in range(50))
        eventually(lambda: door.listener("web")["connectionsOpen"] == 0)
        return f"{open_now} of 900 in, {share:.1%} of a processor"


def test_one_address_can_not_have_it_all():
    with origins() as (ports, _), front_door(
        http_settings(ports, listener={"limits": {"per_address": 10}})
    ) as door:
        port = door.port("web")
        greedy = []
        for _ in range(30):
            client = socket.socket()
            client.bind(("127.0.0.2", 0))
            client.connect(("127.0.0.1", port))
            greedy.append(client)
        eventually(lambda: door.listener("web")["refusals"]["perAddress"] == 20)
        assert served(port)
        for client in greedy:
            client.close()
