# slowhttptest in its modes: slow heads (slowloris), slow bodies (R.U.D.Y.), many ranges, slow reading. While hundreds of
# such connections are there, other clients are served as ever; afterwards nothing of them is left.

import subprocess
import threading
import time

from door import Client, cpu, eventually, front_door, http_settings, origins, rss

SECONDS = 12
CONNECTIONS = 400
MODES = {
    "slow heads": ["-H", "-i", "2", "-x", "24"],
    "slow bodies": ["-B", "-i", "2", "-s", "8192", "-x", "10"],
    "many ranges": ["-R", "-a", "1", "-b", "3000", "-t", "HEAD"],
    "slow reading": ["-X", "-w", "10", "-y", "20", "-n", "2", "-z", "32", "-k", "3"],
}


def attack(arguments, url):
    return subprocess.Popen(
        ["slowhttptest", *arguments, "-c", str(CONNECTIONS), "-r", "200", "-l", str(SECONDS), "-p", "3", "-u", url],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def attacked(ports, listener):
    """What is attacked has a backend of its own: only the front door is shared with the others."""
    settings = http_settings(ports[:1], listener=listener)
    settings["routes"].append({"path": "/zeros", "service": "bulk"})
    settings["services"]["bulk"] = {**settings["services"]["app"], "backends": [f"127.0.0.1:{ports[1]}"]}
    return settings


def leaves_others_served(mode):
    listener = {"timeouts": {"header": "5s", "body": "5s"}, "limits": {"min_rate": "240B", "min_rate_grace": "3s"}}
    with origins(2) as (ports, _), front_door(attacked(ports, listener)) as door:
        port, pid = door.port("web"), door.pid
        used, most = cpu(pid), 0
        path = "zeros/4000000" if mode == "slow reading" else ""
        attacker = attack(MODES[mode], f"http://127.0.0.1:{port}/{path}")
        late, count, peak = 0, 0, 0
        try:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                begun = time.monotonic()
                with Client(port) as client:
                    status, fields = client.get("/")
                    assert status == 200 and client.body(fields) == b"ok", (status, fields)
                late = max(late, time.monotonic() - begun)
                count += 1
                if count % 20 == 0:
                    peak = max(peak, door.listener("web")["connectionsOpen"])
                    most = max(most, rss(pid))
                time.sleep(0.02)
        finally:
            attacker.terminate()
            attacker.wait()
        # Served for certain; how fast depends on what else the processors do, the attacker and its backend among it.
        assert late < 3, f"a request took {late:.1f} s"
        # The ranges are a burst of requests, whose connections end at once.
        assert mode == "many ranges" or peak >= CONNECTIONS / 4, f"the attack did not come about: {peak} connections"
        eventually(lambda: door.listener("web")["connectionsOpen"] == 0, 20, "nothing of the attack is left")
        reasons = {}
        for entry in door.access_log():
            reasons[entry["reason"]] = reasons.get(entry["reason"], 0) + 1
        return (
            f"{count} others served, the slowest in {late * 1000:.0f} ms; {peak} connections at the peak, "
            f"{most >> 20} MiB, {cpu(pid) - used:.1f} s of processor; {reasons}")


def test_slow_heads_leave_others_served():
    return leaves_others_served("slow heads")


def test_slow_bodies_leave_others_served():
    return leaves_others_served("slow bodies")


def test_many_ranges_leave_others_served():
    return leaves_others_served("many ranges")


def test_slow_reading_leaves_others_served():
    return leaves_others_served("slow reading")
