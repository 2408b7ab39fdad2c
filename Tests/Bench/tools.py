"""The programs that take part: installed if missing, Portico built in release mode unless PORTICO names one."""

import glob
import os
import platform
import re
import shutil
import subprocess
import sys

# The compiler is for the client of handshakes and for the counter of allocations.
PACKAGES = "nginx-light libnginx-mod-stream haproxy wrk nghttp2-client openssl libssl-dev gcc libc6-dev"


class Tools:
    def __init__(self, root, build):
        self.root = root
        # Only needed to count system calls, and what perf can't, strace can.
        if shutil.which("perf") is None and not self.installs("linux-perf"):
            self.installs("strace")
        if not self.installs(PACKAGES):
            sys.exit("bench: see above for what could not be installed")
        self.nginx, self.haproxy = self.find("nginx"), self.find("haproxy")
        modules = glob.glob("/usr/lib/nginx/modules/ngx_stream_module.so")
        self.nginx_stream = modules[0] if modules else "modules/ngx_stream_module.so"
        self.portico = None
        if build:
            self.portico = os.environ.get("PORTICO") or self.built()
            if not os.access(self.portico, os.X_OK):
                sys.exit(f"bench: {self.portico} is no program")
            self.portico = os.path.abspath(self.portico)

    def bash(self, script, **options):
        return subprocess.run(
            ["bash", "-euc", f". scenarios/packages.sh; {script}"], cwd=self.root, stdin=subprocess.DEVNULL, **options)

    def installs(self, packages):
        return self.bash(f"install_missing {packages}").returncode == 0

    def built(self):
        print("Building (release) …", file=sys.stderr)
        build = self.bash(
            "need_swift; install_missing $build_packages; swift build -c release --product portico >&2;"
            " swift build -c release --show-bin-path", stdout=subprocess.PIPE, text=True)
        if build.returncode != 0:
            sys.exit("bench: the build failed")
        return os.path.join(build.stdout.strip().splitlines()[-1], "portico")

    @staticmethod
    def find(name):
        found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        return found or sys.exit(f"bench: there is no {name}")

    def make_certificate(self, children):
        """An ECDSA P-256 certificate, the common kind; the chain and key apart for two, together for HAProxy."""
        self.certificate = children.path("site.pem"), children.path("site.key")
        chain, key = self.certificate
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key,
             "-out", chain], check=True, stdin=subprocess.DEVNULL, capture_output=True)
        with open(chain) as first, open(key) as second:
            self.certificate_bundle = children.write("site.bundle.pem", first.read() + second.read())

    def version(self, name):
        if name.startswith("portico"):
            own = self.output([self.portico, "--version"]).strip()
            if os.environ.get("PORTICO"):
                return own
            return f"{own} {self.output(['git', '-C', self.root, 'describe', '--always', '--dirty']).strip()}".strip()
        text = self.output([self.nginx, "-v"] if name == "nginx" else [self.haproxy, "-v"])
        found = re.search(r"(?:nginx/|version )([\d.]+)", text)
        return found.group(1) if found else "?"

    def machine(self):
        with open("/proc/cpuinfo") as cpus:
            model = re.search(r"^model name\s*: (.*)$", cpus.read(), re.M)
        return (f"{os.cpu_count()} cores ({model.group(1) if model else platform.machine()}), "
                f"Linux {platform.release()}")

    @staticmethod
    def output(command):
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
