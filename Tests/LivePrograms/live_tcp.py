# Databases behind the front door: PostgreSQL with pgbench, Redis with redis-benchmark.

import os
import pwd
import re
import socket
import tempfile
from contextlib import contextmanager

from door import call, eventually, free_port, front_door, listens, running, tcp_settings, tool


@contextmanager
def postgres():
    """A cluster of its own on a free port; its server must not be root."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="portico-pg-") as directory:
        if prefix:
            owner = pwd.getpwnam("postgres")
            os.chown(directory, owner.pw_uid, owner.pw_gid)
        data = os.path.join(directory, "data")
        call(prefix + [tool("initdb"), "-D", data, "-A", "trust", "-U", "postgres", "--no-sync"], cwd=directory)
        port = free_port()
        options = ["-p", str(port), "-k", directory, "-h", "127.0.0.1", "-c", "fsync=off", "-c", "max_connections=120"]
        with running(prefix + [tool("postgres"), "-D", data] + options, directory, ready=listens(port)):
            yield port


def pgbench(port, *arguments):
    return call([tool("pgbench"), "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", *arguments, "postgres"])


def test_pgbench_runs_through_a_tcp_listener():
    with postgres() as port, front_door(tcp_settings([port])) as door:
        sql = door.port("sql")
        eventually(lambda: call([tool("pg_isready"), "-h", "127.0.0.1", "-p", str(port)]), 20)
        pgbench(sql, "-i", "-q", "-s", "2")
        told = pgbench(sql, "-c", "8", "-j", "2", "-T", "5")
        # A connection for each transaction: connect, query, end, 100 times by 4.
        connecting = pgbench(sql, "-c", "4", "-t", "100", "-C", "-S")
        for text, count in [(told, None), (connecting, "400/400")]:
            assert "number of failed transactions: 0 (0.000%)" in text, text
            assert count is None or count in text, text
        eventually(lambda: door.listener("sql")["connectionsOpen"] == 0, 5, "every connection has ended")
        reasons = {entry["reason"] for entry in door.access_log()}
        assert reasons == {None}, reasons
        return re.search(r"tps = [0-9.]+", told).group()


@contextmanager
def redis():
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="portico-redis-") as directory:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with running(command, directory, ready=listens(port)):
            yield port


def test_redis_benchmark_runs_through_a_tcp_listener():
    with redis() as port, front_door(tcp_settings([port])) as door:
        told = call(
            ["redis-benchmark", "-p", str(door.port("sql")), "-c", "50", "-n", "50000", "-t", "ping,set,get,lrange_100",
             "-q"])
        assert "requests per second" in told and "Error" not in told, told
        pipelined = call(
            ["redis-benchmark", "-p", str(door.port("sql")), "-c", "10", "-n", "100000", "-P", "16", "-d", "1000", "-t",
             "set,get", "-q"])
        assert "requests per second" in pipelined, pipelined
        eventually(lambda: door.listener("sql")["connectionsOpen"] == 0, 5, "every connection has ended")
        return re.findall(r"GET: ([0-9.]+) requests", told)[-1] + " GET/s"


def test_a_subscriber_that_says_nothing_for_long_is_kept():
    """Pub/sub over a listener whose idle time is short, but not shorter than what passes."""
    settings = lambda port: tcp_settings([port], listener={"timeouts": {"tcp_idle": "1500ms"}})
    with redis() as port, front_door(settings(port)) as door:
        with socket.create_connection(("127.0.0.1", door.port("sql"))) as client:
            client.settimeout(5)
            client.sendall(b"SUBSCRIBE news\r\n")
            assert b"subscribe" in client.recv(1000)
            for number in range(5):
                eventually(lambda: True)
                call(["redis-cli", "-p", str(port), "publish", "news", f"item {number}"])
                assert f"item {number}".encode() in client.recv(1000)
            # Then nothing at all: the connection is reset when the time is over, so that nobody takes it for the end.
            try:
                ended = client.recv(1000)
            except ConnectionResetError:
                return
            raise AssertionError(f"not reset: {ended}")


def test_the_fewest_connections_decide_between_two_servers():
    with redis() as first, redis() as second, front_door(tcp_settings([first, second])) as door:
        clients = []
        for _ in range(20):
            client = socket.create_connection(("127.0.0.1", door.port("sql")))
            client.settimeout(5)
            client.sendall(b"PING\r\n")
            assert client.recv(100) == b"+PONG\r\n"
            clients.append(client)
        backends = door.status()["services"][0]["backends"]
        assert [backend["requestsInFlight"] for backend in backends] == [10, 10], backends
        for client in clients:
            client.close()
