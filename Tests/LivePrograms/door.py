# A front door for a test: its settings in a directory of its own, its process, its status. And what the tests share.

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager

PORTICO = os.environ["PORTICO"]


def eventually(condition, seconds=20, what="condition"):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def rss(pid):
    """Resident bytes of a process."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def cpu(pid):
    """Seconds of processor time that a process has used."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Door:
    """A running front door."""

    def __init__(self, settings, directory, open_files=None):
        self.directory = directory
        self.state = os.path.join(directory, "state")
        path = os.path.join(directory, "portico.yaml")
        with open(path, "w") as file:
            json.dump(settings, file)  # JSON is YAML.
        self.log = open(os.path.join(directory, "portico.log"), "w+")
        command = [PORTICO, "serve", path, "--state", self.state]
        if open_files:
            command = ["prlimit", f"--nofile={open_files}", "--"] + command
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        try:
            eventually(self.is_ready, 20, "the front door is ready")
        except AssertionError:
            self.stop()
            self.log.seek(0)
            sys.stderr.write(self.log.read())
            raise

    def is_ready(self):
        assert self.process.poll() is None, "the front door ended at once: " + open(self.log.name).read()
        status = self.status()
        return status and status["ready"]

    def status(self):
        result = subprocess.run(
            [PORTICO, "status", "--json", "--state", self.state], capture_output=True, text=True)
        return json.loads(result.stdout) if result.returncode == 0 else None

    def listener(self, name):
        return next(x for x in self.status()["listeners"] if x["name"] == name)

    def port(self, name):
        return int(self.listener(name)["bind"].rsplit(":", 1)[1])

    @property
    def pid(self):
        return self.status()["serverPID"]

    def access_log(self):
        with open(os.path.join(self.state, "access.log")) as file:
            return [json.loads(line) for line in file]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("the front door did not end within 30 s")


@contextmanager
def front_door(settings, **options):
    with tempfile.TemporaryDirectory(prefix="portico-live-") as directory:
        door = Door(settings, directory, **options)
        try:
            yield door
        finally:
            door.stop()


@contextmanager
def running(command, directory=None, ready=None, **options):
    """A child process, ended in the end; `ready` is asked until it is true."""
    log = tempfile.TemporaryFile("w+")
    process = subprocess.Popen(
        command, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)
    try:
        if ready:
            try:
                eventually(ready, 30, f"{command[0]} is ready")
            except AssertionError:
                log.seek(0)
                sys.stderr.write(log.read())
                raise
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def listens(port):
    def ask():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    return ask


def tool(name):
    """A program that Debian keeps out of the path, or one in it."""
    found = shutil.which(name)
    if found:
        return found
    for version in range(30, 10, -1):
        path = f"/usr/lib/postgresql/{version}/bin/{name}"
        if os.access(path, os.X_OK):
            return path
    raise AssertionError(f"{name} is not installed")


def call(command, seconds=120, **options):
    """Runs a program to its end and returns what it wrote; that it fails is a failure of the test."""
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=seconds, **options)
    assert result.returncode == 0, f"{' '.join(command)}: exit code {result.returncode}\n{result.stdout}"
    return result.stdout


def http_settings(ports, listener=None, service=None, **top):
    """One HTTP listener `web` before one service of fixed backends."""
    return {
        "workers": 2,
        "listeners": [{"name": "web", "bind": "127.0.0.1:0", **(listener or {})}],
        "routes": [{"service": "app"}],
        "services": {
            "app": {
                "health": {"tcp": True, "interval": "500ms", "timeout": "400ms"},
                "backends": [f"127.0.0.1:{port}" for port in ports],
                **(service or {}),
            }
        },
        **top,
    }


def tcp_settings(ports, listener=None, service=None, **top):
    """One TCP listener `sql` before one service of fixed backends."""
    return {
        "workers": 2,
        "listeners": [
            {"name": "sql", "bind": "127.0.0.1:0", "protocol": "tcp", "service": "app", **(listener or {})}
        ],
        "services": {
            "app": {
                "protocol": "tcp",
                "balance": "least_connections",
                "health": {"tcp": True, "interval": "500ms", "timeout": "400ms"},
                "backends": [f"127.0.0.1:{port}" for port in ports],
                **(service or {}),
            }
        },
        **top,
    }


@contextmanager
def origins(count=1):
    """Origins of `origin.py`; yields their ports and a way to tell events."""
    command = [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "origin.py")]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(count)
    ]

    def tell(text):
        for child in children:
            child.stdin.write(text.encode() + b"\n")
            child.stdin.flush()

    try:
        yield [int(child.stdout.readline()) for child in children], tell
    finally:
        for child in children:
            child.kill()
            child.wait()


class Client:
    """One HTTP/1.1 connection, byte by byte; not the front door's own parser."""

    def __init__(self, port, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(30)
        self.socket.connect(("127.0.0.1", port))
        self.unread = b""

    def send(self, data):
        self.socket.sendall(data)

    def get(self, path, extra=""):
        self.send(f"GET {path} HTTP/1.1\r\nHost: door\r\n{extra}\r\n".encode())
        return self.head()

    def until(self, mark):
        while mark not in self.unread:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError(f"ended before {mark!r}: {self.unread[:200]!r}")
            self.unread += piece
        text, self.unread = self.unread.split(mark, 1)
        return text

    def head(self):
        """Status and fields of the next response."""
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines[1:])
        return int(lines[0].split(" ")[1]), {name.lower(): value for name, value in fields.items()}

    def body(self, fields):
        """The body of a response with a length; returned whole."""
        size = int(fields["content-length"])
        while len(self.unread) < size:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError("ended within a body")
            self.unread += piece
        text, self.unread = self.unread[:size], self.unread[size:]
        return text

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
