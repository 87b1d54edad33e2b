"""A yardstick: ``scp`` with its default cipher, to and from an sshd of our own on 127.0.0.1.

Its keys, its configuration and its port live as long as the benchmark, in a temporary folder; no
setting of this machine or user is read. Each end is pinned as our two ends are, and all of its
processes count.
"""

import os
import pwd
import resource
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import rig
from rig import SERVER_CPU, NotHereError

PATIENCE = 10.0  # s until an sshd listens, or has nobody left to serve
SEPARATION = Path("/run/sshd")  # where an sshd of root locks its unprivileged half into
PRIVATE_RUN = 'mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$@"'


@dataclass(frozen=True)
class Cost:
    """Of one file."""

    seconds: float
    sender: float  # CPU s
    receiver: float

    def __sub__(self, other: "Cost") -> "Cost":
        return Cost(
            self.seconds - other.seconds,
            self.sender - other.sender,
            self.receiver - other.receiver,
        )


class Sshd:
    """A server that runs, and its one user: who started this."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, port: int) -> None:
        self._process = process
        self._folder = folder
        self._place = f"{_user()}@127.0.0.1:"
        self._port = port

    def put(self, source: Path, target: Path) -> Cost:
        """To the server, less what it takes to connect: our people are there already."""
        whole = self._copy(str(source), f"{self._place}{target}", is_upload=True)
        return whole - self._copy(*self._nothing("", self._place), is_upload=True)

    def get(self, source: Path, target: Path) -> Cost:
        """From the server, counted as ``put`` is."""
        whole = self._copy(f"{self._place}{source}", str(target), is_upload=False)
        return whole - self._copy(*self._nothing(self._place, ""), is_upload=False)

    def _nothing(self, here: str, there: str) -> tuple[str, str]:
        """Where an empty file is, and where it goes."""
        empty = self._folder / "empty"
        empty.touch()
        return f"{here}{empty}", f"{there}{self._folder / 'nothing'}"

    def _copy(self, source: str, target: str, *, is_upload: bool) -> Cost:
        options = [
            *("-q", "-F", "none", "-P", str(self._port), "-i", str(self._folder / "user")),
            *("-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "BatchMode=yes"),
            *("-o", f"UserKnownHostsFile={self._folder / 'known'}"),
            *("-o", "StrictHostKeyChecking=yes", "-o", "GlobalKnownHostsFile=none"),
        ]
        here, there = _cpu_of_children(), self._cpu_seconds()
        begin = time.monotonic()
        done = subprocess.run(
            ["scp", *options, source, target],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=rig.use_generator_cpu,
        )
        seconds = time.monotonic() - begin
        if done.returncode:
            raise NotHereError(f"scp did not copy: {_last_line(done.stderr)}")
        here, there = _cpu_of_children() - here, self._cpu_seconds() - there
        return Cost(seconds, here, there) if is_upload else Cost(seconds, there, here)

    def _cpu_seconds(self) -> float:
        """Of the server and of everybody who worked for it, once they have ended."""
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children")
        give_up = time.monotonic() + PATIENCE
        while children.read_text().strip() and time.monotonic() < give_up:
            time.sleep(0.01)
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(folder: Path) -> Iterator[Sshd]:
    """Raises NotHereError."""
    # sshd starts itself again for each connection, and wants to know where it is
    sshd = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    for name, found in (("sshd", sshd), *((x, shutil.which(x)) for x in ("scp", "ssh-keygen"))):
        if found is None:
            raise NotHereError(f"there is no {name}")
    port = _free_tcp_port()
    _write_files(folder, port)
    command = [str(sshd), "-D", "-e", "-f", str(folder / "sshd_config")]
    if os.geteuid() == 0 and not SEPARATION.exists():  # as where no sshd was ever started
        command = ["unshare", "--mount", "sh", "-c", PRIVATE_RUN, "sh", *command]
    with open(folder / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stderr=log,
            text=True,
            preexec_fn=lambda: rig.use_cpu(SERVER_CPU),
        )
    try:
        give_up = time.monotonic() + PATIENCE
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > give_up:
                text = (folder / "log").read_text(encoding="utf-8")
                raise NotHereError(f"sshd did not start: {_last_line(text)}")
            time.sleep(0.02)
        yield Sshd(process, folder, port)
    finally:
        rig.stop(process)


def _write_files(folder: Path, port: int) -> None:
    for name in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True
        )
    host_key = (folder / "host.pub").read_text(encoding="ascii")
    (folder / "known").write_text(f"[127.0.0.1]:{port} {host_key}", encoding="ascii")
    settings = [
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {folder / 'host'}",
        f"AuthorizedKeysFile {folder / 'user.pub'}",
        f"AllowUsers {_user()}",
        "PermitRootLogin prohibit-password",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "StrictModes no",  # the folder above is everybody's
        "PidFile none",
        "Subsystem sftp internal-sftp",
    ]
    (folder / "sshd_config").write_text("\n".join(settings) + "\n", encoding="ascii")


def _user() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def _cpu_of_children() -> float:
    """Of all that have ended: scp waits for its ssh, so that is among them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _free_tcp_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it did not say why"])[-1]
