"""Processes that the suite starts, and their end: each is stopped by its own pid, however the suite ends."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time


def processes(pid):
    """A process and everything below it that lives now."""
    found = [pid]
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as children:
                for child in children.read().split():
                    found += processes(int(child))
    except OSError:
        pass  # It has just ended.
    return found


def start_time(pid):
    """What tells a process from a later one with the same pid; None if it is gone or only waits to be reaped."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


class Children:
    """A directory of its own and the processes that live in it. To be used in a `with`."""

    def __init__(self):
        self.running = []
        self.ports = iter(range(random.randrange(18_000, 24_000), 32_000))

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="portico-bench-")
        return self

    def __exit__(self, *_):
        # A second Ctrl-C must not leave half of them behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for child in list(reversed(self.running)):
            self.stop(child)
        shutil.rmtree(self.directory, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.directory, name)

    def compiled(self, name, source, *flags):
        """The path of a C source of the suite's, compiled when it is first asked for."""
        path = self.path(name)
        if not os.path.exists(path):
            source = os.path.join(os.path.dirname(os.path.abspath(__file__)), source)
            subprocess.run(["cc", "-O2", "-o", path, source, *flags], check=True)
        return path

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def log(self, name):
        """The last lines of what a process wrote."""
        try:
            with open(self.path(f"{name}.log"), errors="replace") as file:
                return "".join(file.readlines()[-20:]).rstrip()
        except OSError:
            return ""

    def free_port(self):
        """A port below those that the system gives to clients, that nothing listens on, not given twice."""
        for port in self.ports:
            with socket.socket() as probe:
                try:
                    probe.bind(("0.0.0.0", port))
                    return port
                except OSError:
                    continue
        raise RuntimeError("no free port between 18000 and 32000")

    def start(self, name, command):
        """In the background, in a session of its own so that a Ctrl-C reaches only the suite, output to its log."""
        open(self.path(f"{name}.log"), "w").close()
        with open(self.path(f"{name}.log"), "a") as log:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=self.directory)
        self.running.append(child)
        return child

    def stop(self, child, number=signal.SIGTERM):
        """Asks it to end, and after ten seconds ends it and all below it."""
        if child not in self.running:
            return
        family = {pid: start_time(pid) for pid in processes(child.pid)}
        if child.poll() is None:
            child.send_signal(number)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                family.update({pid: start_time(pid) for pid in processes(child.pid)})
        deadline = time.monotonic() + 2
        while self.alive(family) and child.returncode is not None and time.monotonic() < deadline:
            time.sleep(0.02)
        for pid in self.alive(family):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        child.wait()
        self.running.remove(child)

    @staticmethod
    def alive(family):
        return [pid for pid, began in family.items() if began is not None and start_time(pid) == began]

    def run(self, command, timeout):
        """A client, to its end; its output. It too is stopped if the suite is."""
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True, cwd=self.directory)
        self.running.append(child)
        try:
            output, _ = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"{command[0]} did not end in {timeout:.0f} s")
        finally:
            self.stop(child)
        if child.returncode != 0:
            raise RuntimeError(f"{command[0]} ended with {child.returncode}: {output.strip()[-500:]}")
        return output
