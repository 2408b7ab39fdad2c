"""The contenders and the upstreams behind them: their settings for a workload, and their start.

Equal work: the same upstreams in turn, keep-alive on both sides, the same forwarded header fields and a request id, one
listening socket for each worker, no access log, the same certificate, TLS 1.2 and 1.3 with the cipher of 1.3 that
Portico prefers (AES-128-GCM; the peers by themselves take AES-256, which costs more), tickets without a session store.
For large bodies the peers have what was found to cost them least: HAProxy splices (`splice-auto` decides against it and
costs 2.5 times as much for 1 MiB), nginx has buffers of 256 KiB (0.85 of 64 KiB).
"""

import getpass
import json
import os
import resource
import shutil
import subprocess
import time

CIPHER = "TLS_AES_128_GCM_SHA256"


def open_files():
    """What the suite may have open, and so may its children."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class Upstreams:
    """Two nginx, one worker each, that answer 22 bytes, 64 KiB or 1 MiB, and at /seen what the proxy told them."""

    def __init__(self, children, tools):
        self.ports = [children.free_port(), children.free_port()]
        files = children.path("files")
        os.mkdir(files)
        for name, size in (("64k", 65_536), ("1m", 1_048_576)):
            with open(os.path.join(files, name), "wb") as file:
                file.write(os.urandom(size))
        for number, port in enumerate(self.ports, 1):
            name = f"upstream{number}"
            fields = ("x_forwarded_for", "x_forwarded_proto", "x_forwarded_host", "x_real_ip", "x_request_id")
            seen = "\\n".join(f"{field.replace('_', '-')}: $http_{field}" for field in fields)
            settings = nginx_main(children, name, workers=1) + f"""
http {{
    access_log off;
    keepalive_requests 1000000000;
    sendfile on;
    open_file_cache max=16;
    {nginx_temporary(children)}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        root {files};
        location / {{ default_type text/plain; }}
        location = / {{ default_type text/plain; return 200 'Hello from upstream {number}\\n'; }}
        location = /seen {{ default_type text/plain; return 200 '{seen}\\nprotocol: $server_protocol\\n'; }}
    }}
}}
"""
            file = children.write(f"{name}.conf", settings)
            children.start(name, [tools.nginx, "-p", children.directory, "-c", file])


class Proxy:
    """One contender. `start` makes a fresh process for a workload; `process` and `port` are of the running one."""

    def __init__(self, name, children, tools, workers):
        self.name, self.children, self.tools, self.workers = name, children, tools, workers
        self.process, self.port = None, None

    def refused(self, _workload, _upstreams):
        """Why it can't do this workload at all, or None."""

    def start(self, workload, upstreams):
        self.port = self.children.free_port()
        self.process = self.children.start(self.name, self.command(workload, upstreams))

    def stop(self):
        if self.process is not None:
            self.children.stop(self.process)
            self.process = None


class Portico(Proxy):
    def __init__(self, engine, *arguments):
        super().__init__(f"portico-{engine}", *arguments)
        self.engine = engine
        self.state = self.children.path(f"state-{engine}")

    def refused(self, workload, upstreams):
        self.port = self.children.free_port()
        checked = subprocess.run(
            [self.tools.portico, "check", self.settings(workload, upstreams)], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, errors="replace")
        if checked.returncode == 0:
            return None
        text = checked.stdout + checked.stderr
        return next((line.partition("error: ")[2] for line in text.splitlines() if "error: " in line), text.strip())

    def settings(self, workload, upstreams):
        tcp = workload.mode == "tcp"
        listener = "protocol: tcp, service: upstreams" if tcp else "protocol: http"
        if workload.mode in ("https", "h2"):
            chain, key = self.tools.certificate
            listener += f", tls: {{ certificates: [{{ chain: {chain}, key: {key} }}] }}"
        if workload.mode == "h2":
            listener += ", http2: true"
        backends = ", ".join(f'"127.0.0.1:{port}"' for port in upstreams.ports)
        return self.children.write(f"{self.name}.yaml", f"""version: 1
workers: {self.workers}
drain: 1s
access_log: off
listeners:
  - {{ name: front, bind: "127.0.0.1:{self.port}", {listener} }}
{"" if tcp else "routes: [{ service: upstreams }]"}
services:
  upstreams:
    protocol: {"tcp" if tcp else "http"}
    balance: round_robin
    health: {{ {"tcp: true" if tcp else "http: /"}, interval: 2s }}
    backends: [{backends}]
""")

    def command(self, workload, upstreams):
        # A state directory remembers; a fresh one for each start.
        shutil.rmtree(self.state, ignore_errors=True)
        return [
            self.tools.portico, "serve", self.settings(workload, upstreams), "--state", self.state,
            "--engine", self.engine]

    def doubt(self):
        """Whether it runs on the engine that it was asked for; None if so."""
        status = subprocess.run(
            [self.tools.portico, "status", "--json", "--state", self.state], stdin=subprocess.DEVNULL,
            capture_output=True, text=True)
        try:
            answer = json.loads(status.stdout)
            return None if answer["engine"] == self.engine else f"runs on {answer['engine']}: {answer['engineReason']}"
        except (ValueError, KeyError):
            return f"`portico status` says {(status.stdout + status.stderr).strip()[:200]!r}"


def nginx_main(children, name, workers):
    user = f"user {getpass.getuser()};\n" if os.geteuid() == 0 else ""
    return f"""{user}daemon off;
pid {children.path(name)}.pid;
error_log {children.path(name)}.log warn;
worker_processes {workers};
worker_rlimit_nofile {open_files()};
events {{ worker_connections {min(32768, open_files())}; }}
"""


def nginx_temporary(children):
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return " ".join(f"{kind}_temp_path {children.path('temporary')}-{kind};" for kind in kinds)


class Nginx(Proxy):
    def command(self, workload, upstreams):
        servers = " ".join(f"server 127.0.0.1:{port};" for port in upstreams.ports)
        main = nginx_main(self.children, self.name, self.workers)
        if workload.mode == "tcp":
            settings = f"""load_module {self.tools.nginx_stream};
{main}
stream {{
    upstream upstreams {{ {servers} }}
    server {{
        listen 127.0.0.1:{self.port} reuseport backlog=4096;
        proxy_pass upstreams;
        proxy_timeout 1h;
        {"proxy_buffer_size 256k;" if workload.bulk else ""}
    }}
}}
"""
        else:
            settings = main + self.http(workload, servers)
        return [
            self.tools.nginx, "-p", self.children.directory, "-c", self.children.write("nginx.conf", settings)]

    def http(self, workload, servers):
        listen, tls = "", ""
        if workload.mode in ("https", "h2"):
            chain, key = self.tools.certificate
            listen = " ssl http2" if workload.mode == "h2" else " ssl"
            tls = f"ssl_certificate {chain}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3; " \
                f"ssl_conf_command Ciphersuites {CIPHER};"
        large = "proxy_buffer_size 64k; proxy_buffers 4 256k; proxy_busy_buffers_size 512k;" if workload.bulk else ""
        return f"""
http {{
    access_log off;
    keepalive_requests 1000000000;
    {nginx_temporary(self.children)}
    upstream upstreams {{ {servers} keepalive 1024; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{self.port}{listen} reuseport backlog=4096;
        {tls}
        location / {{
            proxy_pass http://upstreams;
            proxy_http_version 1.1;
            proxy_max_temp_file_size 0;
            {large}
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Request-Id $request_id;
            add_header X-Request-Id $request_id;
        }}
    }}
}}
"""


class HAProxy(Proxy):
    def command(self, workload, upstreams):
        mode = "tcp" if workload.mode == "tcp" else "http"
        bind = f"127.0.0.1:{self.port} shards by-thread backlog 4096"
        if workload.mode in ("https", "h2"):
            protocols = "h2,http/1.1" if workload.mode == "h2" else "http/1.1"
            bind += f" ssl crt {self.tools.certificate_bundle} ssl-min-ver TLSv1.2 ciphersuites {CIPHER}"
            bind += f" alpn {protocols}"
        fields = f"""
    unique-id-format %{{+X}}o%ci%cp%fi%fp%Ts%rt%pid
    unique-id-header X-Request-Id
    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Proto {"http" if workload.mode == "http" else "https"}
    http-request set-header X-Forwarded-Host %[req.hdr(Host)]
    http-request set-header X-Real-IP %[src]
    http-response set-header X-Request-Id %[unique-id]"""
        servers = "\n".join(
            f"    server upstream{number} 127.0.0.1:{port} check inter 2s"
            for number, port in enumerate(upstreams.ports, 1))
        return [self.tools.haproxy, "-db", "-f", self.children.write("haproxy.cfg", f"""global
    nbthread {self.workers}
    # It wants two descriptors for each connection, more than a system may allow; idle ones need one.
    no strict-limits
    maxconn 16000
defaults
    mode {mode}
    timeout connect 2s
    timeout client {"1h" if mode == "tcp" else "75s"}
    timeout server {"1h" if mode == "tcp" else "30s"}
    {"option http-keep-alive" if mode == "http" else ""}
    {"http-reuse always" if mode == "http" else ""}
    {"option splice-request" if workload.bulk else ""}
    {"option splice-response" if workload.bulk else ""}
frontend front
    bind {bind}{fields if mode == "http" else ""}
    default_backend upstreams
backend upstreams
    balance roundrobin
{servers}
""")]


def make_proxies(children, tools, engines, peers, workers):
    arguments = (children, tools, workers)
    made = [Portico(engine, *arguments) for engine in engines]
    kinds = {"nginx": Nginx, "haproxy": HAProxy}
    return made + [kinds[peer](peer, *arguments) for peer in peers]


def wait_until(ready, seconds, alive):
    """Asks until the answer is yes; False when time is over or the process has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and alive():
        if ready():
            return True
        time.sleep(0.05)
    return False
