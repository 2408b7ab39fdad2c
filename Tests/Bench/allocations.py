"""Counts what the data plane takes from the heap in the steady state: once warm, nothing for each request.

The release build runs with `allocations.c` preloaded, which counts the allocations of the data plane's threads. `0 for
each request` allows for a thousandth: every second or so a new routing table is taken over.
"""

import os
import sys

import clients
import equality
from children import Children
from proxies import Portico, Upstreams, wait_until
from tools import Tools
from workloads import WORKLOADS

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MOST = 0.001
# What two runs may differ by however few their requests: tables that grow with the connections.
NOISE = 16
NAMES = ("small-64", "64k", "1m", "tls-small", "h2-small", "tcp-small")
SECONDS = 3


class Counted(Portico):
    """Portico with its allocations counted."""

    def command(self, workload, upstreams):
        self.count_file = self.children.path(f"allocations-{self.engine}")
        library = self.children.compiled("allocations.so", "allocations.c", "-shared", "-fPIC")
        return ["env", f"LD_PRELOAD={library}", f"COUNTED_ALLOCATIONS={self.count_file}"] + super().command(
            workload, upstreams)

    def count(self):
        with open(self.count_file, "rb") as file:
            return int.from_bytes(file.read(8), sys.byteorder)


def load(children, workload, port, seconds):
    client = clients.h2load if workload.client == "h2load" else clients.wrk
    return client(children, workload, port, seconds)


def main():
    tools = Tools(ROOT, build=True)
    is_bad = False
    with Children() as children:
        tools.make_certificate(children)
        upstreams = Upstreams(children, tools)
        print("| workload | engine | requests | allocations | for each request |\n| --- | --- | --- | --- | --- |")
        for engine in ("io_uring", "epoll"):
            for workload in [each for each in WORKLOADS if each.name in NAMES]:
                proxy = Counted(engine, children, tools, os.cpu_count())
                proxy.start(workload, upstreams)
                if not wait_until(
                        lambda: equality.answers(workload, proxy.port), 15, lambda: proxy.process.poll() is None):
                    print(f"{workload.name}, {engine}: it does not answer\n{children.log(proxy.name)}", file=sys.stderr)
                    return 1
                doubt = proxy.doubt()
                if doubt is not None:
                    print(f"{workload.name}: left out: {doubt}", file=sys.stderr)
                    proxy.stop()
                    continue
                # Connections are made, pools filled.
                load(children, workload, proxy.port, 2)
                # The clients of a run are new ones: what they cost is known from a run of one second.
                before = proxy.count()
                short = load(children, workload, proxy.port, 1)
                between = proxy.count()
                long = load(children, workload, proxy.port, 1 + SECONDS)
                after = proxy.count()
                proxy.stop()
                requests = max(1, long.count - short.count)
                allocations = max(0, (after - between) - (between - before))
                each = allocations / requests
                print(f"| {workload.title} | {engine} | {requests:,} | {allocations:,} | {each:.4f} |", flush=True)
                # OpenSSL and nghttp2 have a heap of their own making: told, not judged.
                if workload.mode in ("http", "tcp") and allocations > max(NOISE, requests * MOST):
                    is_bad = True
    if is_bad:
        print(f"FAIL: more than {MOST} allocations for each request", file=sys.stderr)
    return 1 if is_bad else 0


if __name__ == "__main__":
    sys.exit(main())
