"""The load: wrk, h2load, handshakes and idle connections. Each returns what was answered and how fast."""

import json
import os
import re
import resource
import select
import socket
import statistics
import time
from dataclasses import dataclass, field
from typing import List

from workloads import Workload

# Fills the pools of a fresh process before idle connections are counted.
WARMING = Workload("warming", "small GET", connections=64)
IP_BIND_ADDRESS_NO_PORT = 24
# Connections from one address: below what a front door may allow to one client.
FROM_ONE_ADDRESS = 500


@dataclass
class Answers:
    count: int
    rate: float
    p50: float  # milliseconds
    p99: float
    errors: List[str] = field(default_factory=list)


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def threads():
    return min(2, os.cpu_count() or 1)


def wrk(children, workload, port, length):
    scheme = "https" if workload.mode == "https" else "http"
    command = ["wrk", "--latency", f"-t{threads()}", f"-c{workload.connections}", f"-d{length}s"]
    if workload.client == "close":
        command += ["-H", "Connection: close"]
    output = children.run(command + [f"{scheme}://127.0.0.1:{port}{workload.path}"], length + 30)

    def milliseconds(name):
        number, unit = re.search(rf"^\s+{name}%\s+([\d.]+)(us|ms|s|m) *$", output, re.M).groups()
        return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]

    try:
        return Answers(
            int(re.search(r"(\d+) requests in", output).group(1)),
            float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1)), milliseconds("50"), milliseconds("99"),
            [line.strip() for line in output.splitlines() if "Non-2xx" in line or "Socket errors" in line])
    except AttributeError:
        raise RuntimeError(f"wrk printed something else: {output.strip()[-500:]}")


def h2load(children, workload, port, length):
    log = children.path("h2load.requests")
    command = [
        "h2load", f"-t{threads()}", f"-c{workload.connections}", "-m100", f"-D{length}", f"--log-file={log}",
        f"https://127.0.0.1:{port}{workload.path}"]
    output = children.run(command, length + 30)
    latencies, bad = [], 0
    with open(log) as file:
        for line in file:
            _, status, microseconds = line.split()
            if status == "200":
                latencies.append(int(microseconds))
            else:
                bad += 1
    os.remove(log)
    errors = [] if "Application protocol: h2" in output else ["HTTP/2 was not agreed on"]
    failed = re.search(r"succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", output)
    if failed is None or any(int(number) for number in failed.groups()) or bad:
        errors.append(re.search(r"^requests:.*$|\Z", output, re.M).group(0) or "h2load printed no counts")
    if not latencies:
        raise RuntimeError(f"h2load got no answer: {output.strip()[-500:]}")
    latencies.sort()
    return Answers(
        len(latencies), len(latencies) / length, percentile(latencies, 0.5) / 1000, percentile(latencies, 0.99) / 1000,
        errors)


def handshake(children, workload, port, length):
    """One connection for each request: TLS 1.3 handshake, GET, answer, end; see handshakes.c."""
    program = children.compiled("handshakes", "handshakes.c", "-lssl", "-lcrypto")
    kind = "resumed" if workload.client == "resumption" else "full"
    output = children.run([program, kind, str(port), str(workload.connections), str(length)], length + 30)
    counted = json.loads(output)
    latencies, resumed, errors = sorted(counted["latencies"]), counted["resumed"], counted["errors"]
    count = len(latencies)
    if count == 0:
        raise RuntimeError(f"no handshake came to an end: {errors}")
    if abs(resumed - (count if kind == "resumed" else 0)) > count // 100:
        errors.append(f"{resumed} of {count} handshakes were resumed")
    return Answers(count, count / length, percentile(latencies, 0.5), percentile(latencies, 0.99), errors)


class IdleConnections:
    """Keep-alive connections that have each had one answer and then do nothing. To be used in a `with`."""

    def __init__(self, port, count):
        self.sockets = []
        try:
            for number in range(count):
                self.sockets.append(self.connect(port, number))
        except BaseException:
            self.__exit__()
            raise

    @staticmethod
    def connect(port, number):
        connection = socket.socket()
        try:
            connection.settimeout(10)
            connection.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            connection.bind((f"127.0.1.{1 + number // FROM_ONE_ADDRESS}", 0))
            connection.connect(("127.0.0.1", port))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            received = b""
            while b"\r\n\r\n" not in received or len(received.partition(b"\r\n\r\n")[2]) < length_of(received):
                more = connection.recv(65536)
                if not more:
                    raise RuntimeError(f"connection {number + 1} was closed after {received!r}")
                received += more
            if not received.startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(f"connection {number + 1} was answered {received[:80]!r}")
        except BaseException:
            connection.close()
            raise
        return connection

    def closed(self):
        """How many the proxy has closed since."""
        poll = select.poll()
        for connection in self.sockets:
            poll.register(connection, select.POLLIN | select.POLLHUP)
        return len(poll.poll(0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection in self.sockets:
            connection.close()


def length_of(head):
    found = re.search(rb"\r\ncontent-length: *(\d+)\r\n", head, re.I)
    return int(found.group(1)) if found else 0


def idle(workload, port, memory_now):
    """Bytes that each idle connection adds to the memory, and what went wrong."""
    before = settled(memory_now)
    with IdleConnections(port, workload.connections) as connections:
        after = settled(memory_now)
        closed = connections.closed()
    errors = [f"{closed} of {workload.connections} connections were closed"] if closed else []
    return (after - before) / workload.connections, errors


def settled(value):
    """The value when it has stayed the same for half a second; after five seconds the median of the last ones."""
    seen = []
    for _ in range(50):
        seen.append(value())
        if len(seen) > 5 and len(set(seen[-6:])) == 1:
            return seen[-1]
        time.sleep(0.1)
    return statistics.median(seen[-10:])


def raise_open_files(wanted):
    """As many descriptors as wanted, or as many as we may have; every child inherits it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (max(wanted, hard), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            return limit
        except (ValueError, OSError):
            continue
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
