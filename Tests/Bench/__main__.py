"""Side by side with Debian's nginx and HAProxy; `Tests/bench --help` says how. See workloads.py for what and why."""

import argparse
import datetime
import json
import os
import signal
import sys

import clients
import network
from children import Children
from proxies import Upstreams, make_proxies
from suite import Suite
from table import render
from tools import Tools
from workloads import WORKLOADS

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ENGINES = ("io_uring", "epoll")
PEERS = ("nginx", "haproxy")


def some_of(allowed):
    def parse(text):
        chosen = [word for word in text.split(",") if word]
        for word in chosen:
            if word not in allowed:
                raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(allowed)}")
        return chosen

    return parse


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return value


def arguments():
    names = [workload.name for workload in WORKLOADS]
    parser = argparse.ArgumentParser(
        prog="Tests/bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measures Portico beside nginx and HAProxy with equal work and prints Markdown tables.\n"
        "Runs are interleaved, figures are medians, everything is on loopback in a directory of its own.\n"
        "PORTICO=PROGRAM measures that one instead of building.",
        epilog="workloads:\n" + "\n".join(f"  {each.name:<12}{each.title}" for each in WORKLOADS))
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help="default: all of them")
    parser.add_argument("--runs", type=positive, default=5, help="of each contender in each workload; default 5")
    parser.add_argument("--length", type=positive, default=5, metavar="S", help="seconds of a run; default 5")
    parser.add_argument("--engines", type=some_of(ENGINES), default=list(ENGINES), help="default io_uring,epoll")
    parser.add_argument("--peers", type=some_of(PEERS), default=list(PEERS), help="default nginx,haproxy")
    parser.add_argument("--workers", type=positive, default=os.cpu_count(), help="threads or processes of each proxy")
    parser.add_argument("--markdown", metavar="FILE", help="write the tables there too")
    parser.add_argument(
        "--results", metavar="FILE",
        help="keep the figures there as JSON, and print the tables of all that it holds: a long suite in parts")
    parser.add_argument(
        "--congestion", metavar="NAME",
        help="congestion control of TCP, in a network namespace of its own; `system`: none of its own, and what the "
        "machine has; default cubic, or reno where that is not allowed")
    parser.add_argument("--quick", action="store_true", help="one run of 1 s, 1,000 idle connections: does it work?")
    chosen = parser.parse_args()
    for name in chosen.workloads:
        if name not in names:
            parser.error(f"{name!r} is none of {', '.join(names)}")
    return chosen


def conditions(chosen, tools, suite):
    counted = {"perf": "counted by perf", "strace": "counted by strace, which slows the proxy", None: "not counted"}
    return (
        f"Conditions: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}, {tools.machine()}; client, upstreams "
        f"and proxy share the cores. {suite.runs} interleaved run{'s' if suite.runs > 1 else ''} of {suite.length} s, "
        f"medians; TCP with {network.congestion_control()}; {chosen.workers} workers or threads each, one listening "
        "socket per worker; round robin over two nginx upstreams of one worker; keep-alive on both sides (but where a "
        "workload says otherwise); no access log; X-Forwarded-For, -Proto, -Host, X-Real-IP and X-Request-Id set by "
        "all, which was checked; large bodies: HAProxy splices, nginx has buffers of 256 KiB. TLS: one ECDSA P-256 "
        "certificate, tickets. Clients: wrk and "
        "h2load with up to two threads, a client of our own for handshakes (figures are for connect, handshake, one "
        "small GET, close). CPU time is read in ticks of 10 ms. Memory is resident, shared pages counted once. System "
        f"calls in a run apart, {counted[suite.calls.tool]}.")


def keep(path, records):
    """Adds to the file what was measured now, in place of the same workload and contender; all that it holds then."""
    kept = []
    if os.path.exists(path):
        with open(path) as file:
            now = {(record["workload"], record["contender"]) for record in records}
            kept = [each for each in json.load(file) if (each["workload"], each["contender"]) not in now]
    with open(path + ".new", "w") as file:
        json.dump(kept + records, file, indent=1)
    os.replace(path + ".new", path)
    return kept + records


def end(number, _):
    sys.exit(128 + number)


def main():
    chosen = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    tools = Tools(ROOT, build=bool(chosen.engines))
    workloads = [each for each in WORKLOADS if not chosen.workloads or each.name in chosen.workloads]
    if chosen.quick:
        chosen.runs = chosen.length = 1
        workloads = [each.shortened() for each in workloads]
    limit = clients.raise_open_files(65_536)
    if chosen.congestion != "system":
        refusal = network.enter([chosen.congestion] if chosen.congestion else ["cubic", "reno"])
        if refusal:
            sys.exit(f"{refusal}; be root, name another with --congestion, or take --congestion system")
    with Children() as children:
        tools.make_certificate(children)
        upstreams = Upstreams(children, tools)
        contenders = make_proxies(children, tools, chosen.engines, chosen.peers, chosen.workers)
        suite = Suite(children, tools, upstreams, contenders, chosen.runs, chosen.length)
        records = []
        for workload in workloads:
            if workload.client == "idle" and limit < workload.connections + 1000:
                suite.note(f"idle skipped: {limit} open files are allowed, too few for {workload.connections}")
                continue
            records += suite.measure(workload)
            if chosen.results:
                keep(chosen.results, records)
        if chosen.quick:
            suite.notes.append("--quick: these figures only show that the suite works.")
        text = conditions(chosen, tools, suite)
    held = keep(chosen.results, records) if chosen.results else records
    table = render(held, text, suite.notes)
    print(table, end="")
    if chosen.markdown:
        with open(chosen.markdown, "w") as file:
            file.write(table)
    # A skipped feature and a missed target are no failures of the measurement.
    return 1 if suite.failed or any(each["errors"] for each in records) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
