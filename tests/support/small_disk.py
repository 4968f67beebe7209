"""Servers and agents whose data directory is a small tmpfs in a mount namespace of their own (needs root)."""

import pathlib
import subprocess

from support.kansoku import BINARY, Agent, Server


def namespaces_allowed():
    done = subprocess.run(["unshare", "-m", "sh", "-c", "mount -t tmpfs -o size=1m tmpfs /mnt"], capture_output=True)
    return done.returncode == 0


def fill(path):
    """Appends to `path` until nothing more goes in, to the last byte."""
    with open(path, "ab", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                pass


class SmallServer(Server):
    """The server with a tmpfs of `size` bytes over its data directory; files in it are reached through `inside`."""

    size = 160 << 20

    def start(self):
        script = (f"mount -t tmpfs -o size={self.size} tmpfs {self.data} && "
                  f"exec {BINARY} up --data {self.data} --listen 127.0.0.1:0 {' '.join(self.arguments)}")
        self.process = subprocess.Popen(["unshare", "-m", "sh", "-c", script], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.url = self.process.stdout.readline().strip().split(" ", 1)[1]
        self.host, port = self.url.split("/")[2].split(":")
        self.port = int(port)
        self.inside = pathlib.Path(f"/proc/{self.process.pid}/root") / str(self.data).lstrip("/")
        values = dict(line.split(" = ") for line in (self.inside / "credentials").read_text().splitlines() if " = " in line)
        self.access_key, self.secret_key = values["aws_access_key_id"], values["aws_secret_access_key"]
        self.token = values["kansoku_token"]
        return self


class SmallAgent(Agent):
    """The agent with a tmpfs of `size` bytes over its data directory."""

    def __init__(self, configuration, data, size, env=None):
        super().__init__(configuration, data, env=env)
        self.size = size
        outside = self.data.parent / f"{self.data.name}.yaml"
        self.configuration = self.configuration.rename(outside)

    def start(self):
        script = (f"mount -t tmpfs -o size={self.size} tmpfs {self.data} && "
                  f"exec {BINARY} agent --config {self.configuration} --data {self.data}")
        self.process = subprocess.Popen(["unshare", "-m", "sh", "-c", script], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=self.env)
        ready = self.process.stdout.readline().strip()
        if not ready.startswith("ready "):
            raise RuntimeError(f"no ready line: {ready!r} {self.process.stderr.read()}")
        self.url = ready.split(" ", 1)[1]
        self.inside = pathlib.Path(f"/proc/{self.process.pid}/root") / str(self.data).lstrip("/")
        return self
