"""A network namespace of its own, so that the machine's settings (congestion control above all) don't decide.

BBR, which some machines have as their default, spaces segments out by a timer each. On loopback, with bodies of 1 MiB,
that was more than half of a proxy's CPU time, most for the one that hands the kernel the most at once. Debian's default,
cubic, and reno don't."""

import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
CONTROL = "/proc/sys/net/ipv4/tcp_congestion_control"


def congestion_control():
    with open(CONTROL) as file:
        return file.read().strip()


def enter(controls):
    """Moves this process, and with it all that it starts, into a new namespace with the first of the congestion controls
    that the system allows there. Returns why not, or None."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        return f"no network namespace: {os.strerror(ctypes.get_errno())}"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    for control in controls:
        try:
            with open(CONTROL, "w") as file:
                file.write(control)
            return None
        except OSError as error:
            refusal = f"{control}: {error.strerror}"
    return refusal
