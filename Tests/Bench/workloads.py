"""What is measured, and what is meant to hold: one row for each workload."""

from dataclasses import dataclass, field, replace
from typing import Dict, Optional


@dataclass(frozen=True)
class Workload:
    """One kind of traffic. The same client, proxy work and upstreams for every contender."""

    name: str
    title: str
    mode: str = "http"  # what the proxy listens for: http, https, h2 (over TLS) or tcp
    client: str = "wrk"  # wrk, close (wrk, connection per request), h2load, handshakes, resumption or idle
    path: str = "/"
    connections: int = 64
    bulk: bool = False  # large bodies: the peers get the settings that cost them least there
    unit: str = "requests"
    # CPU of Portico ÷ CPU of the better peer, at most; by engine. For idle: bytes for each connection, at most.
    targets: Dict[str, float] = field(default_factory=dict)
    against: Optional[str] = None  # the one peer that the target names, instead of the better one

    def shortened(self):
        """For a look at whether the suite works."""
        return replace(self, connections=min(self.connections, 1000))


def both(target):
    return {"io_uring": target, "epoll": target}


WORKLOADS = [
    Workload("small-64", "small GET, 64 connections", targets={"io_uring": 0.55, "epoll": 0.80}),
    Workload("small-512", "small GET, 512 connections", connections=512, targets={"io_uring": 0.55, "epoll": 0.80}),
    Workload("64k", "64 KiB body, 64 connections", path="/64k", bulk=True, targets=both(0.75)),
    Workload("1m", "1 MiB body, 16 connections", path="/1m", connections=16, bulk=True, targets=both(1.0)),
    Workload("close", "connection per request, 64 at a time", client="close", targets={"io_uring": 0.75, "epoll": 1.0}),
    Workload("tls-small", "TLS 1.3, small GET, 64 connections", "https", targets=both(0.80)),
    Workload("tls-64k", "TLS 1.3, 64 KiB body, 64 connections", "https", path="/64k", bulk=True, targets=both(1.0)),
    Workload(
        "tls-full", "TLS 1.3, full handshake per request, 16 at a time", "https", "handshakes", connections=16,
        unit="handshakes", targets=both(1.0)),
    Workload(
        "tls-resume", "TLS 1.3, resumed handshake per request, 16 at a time", "https", "resumption", connections=16,
        unit="handshakes"),
    Workload(
        "h2-small", "HTTP/2 over TLS, small GET, 8 connections of 100 streams", "h2", "h2load", connections=8,
        targets=both(1.0), against="nginx"),
    Workload("tcp-small", "TCP, small GET through it, 64 connections", "tcp", targets=both(0.75)),
    Workload("tcp-bulk", "TCP, 1 MiB body through it, 16 connections", "tcp", path="/1m", connections=16, bulk=True,
             targets=both(1.0)),
    Workload("idle", "10,000 idle keep-alive connections", client="idle", connections=10_000, targets=both(1024)),
]
