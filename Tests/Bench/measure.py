"""What a proxy has used: CPU time, memory and system calls of its whole process tree, as the kernel counts them."""

import os
import re
import shutil
import signal
import subprocess

from children import processes

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of the tree so far, its ended and reaped children included.

    The kernel keeps nanoseconds and shows ticks (of 10 ms as a rule), each of the two figures rounded down.
    """
    ticks = 0
    for member in processes(pid):
        try:
            with open(f"/proc/{member}/stat") as stat:
                # Fields 14 to 17 of proc(5), counted after the name, which may hold anything.
                ticks += sum(int(field) for field in stat.read().rpartition(")")[2].split()[11:15])
        except OSError:
            pass
    return ticks / TICKS_PER_SECOND


def memory(pid):
    """Resident bytes of the tree; what several of its processes share is counted once (Pss)."""
    kibibytes = 0
    for member in processes(pid):
        try:
            with open(f"/proc/{member}/smaps_rollup") as rollup:
                kibibytes += int(re.search(r"^Pss:\s+(\d+) kB", rollup.read(), re.M).group(1))
        except (OSError, AttributeError):
            pass
    return kibibytes * 1024


class SystemCalls:
    """Counts the system calls of a tree while a client runs: with perf, which costs the proxy little, or else with
    strace, which slows it so much that it does more for each call."""

    def __init__(self, children):
        self.children = children
        self.tool = None
        if self.works(["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "true"]):
            self.tool = "perf"
        elif self.works(["strace", "-f", "-c", "-o", "/dev/null", "true"]):
            self.tool = "strace"

    @staticmethod
    def works(command):
        if shutil.which(command[0]) is None:
            return False
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0

    def count(self, pid, client):
        """Runs the client; all calls, `io_uring_enter` calls, and what the client returned."""
        report = self.children.path("calls")
        members = [str(member) for member in processes(pid)]
        if self.tool == "perf":
            events = "raw_syscalls:sys_enter,syscalls:sys_enter_io_uring_enter"
            command = ["perf", "stat", "-x,", "-o", report, "-e", events, "-p", ",".join(members)]
        else:
            command = ["strace", "-f", "-c", "-o", report] + [word for member in members for word in ("-p", member)]
        tracer = self.children.start("tracer", command)
        try:
            result = client()
        finally:
            self.children.stop(tracer, signal.SIGINT)
        with open(report) as file:
            text = file.read()
        os.remove(report)
        parse = self.parse_perf if self.tool == "perf" else self.parse_strace
        return *parse(text), result

    @staticmethod
    def parse_perf(text):
        counts = {}
        for line in text.splitlines():
            words = line.split(",")
            if len(words) > 2 and words[0].isdigit():
                counts[words[2]] = int(words[0])
        if "raw_syscalls:sys_enter" not in counts:
            raise RuntimeError(f"perf counted nothing: {text.strip()}")
        return counts["raw_syscalls:sys_enter"], counts.get("syscalls:sys_enter_io_uring_enter", 0)

    @staticmethod
    def parse_strace(text):
        # % time, seconds, usecs/call, calls, errors (may be empty), name.
        rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)$", text, re.M)
        calls = {name: int(count) for count, name in rows if name != "total"}
        if not calls:
            raise RuntimeError(f"strace counted nothing: {text.strip()}")
        return sum(calls.values()), calls.get("io_uring_enter", 0)
