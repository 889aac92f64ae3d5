"""A PostgreSQL server of a test's own, in a folder, reached by a socket in it; it listens on no network."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["missing", "serve"]

_SECONDS = 30.0


def _programs() -> Path | None:
    """Return the folder of the server's programs: Debian keeps them apart, by version."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = [folder for folder in folders if (folder / "initdb").exists()]
    there = shutil.which("initdb")
    return found[-1] if found else Path(there).parent if there else None


def missing() -> str | None:
    """Return why there can be no server here, None if there can."""
    if _programs() is None:
        return "PostgreSQL is not installed; tools/install_peers.sh does it"
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        return "PostgreSQL does not run as root, and setpriv is not there"
    return None


def _as_other() -> list[str]:
    """Return the words that run a command as the user postgres, where this one is root, which the server refuses."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]


@contextmanager
def serve() -> Iterator[str]:
    """Start a server and yield the URL of its database; it is stopped and deleted in the end."""
    programs = _programs()
    assert programs is not None
    # Sockets have short names, which pytest's folders have not.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
        words = ["-D", str(data), "-U", "unseen", "-A", "trust", "--no-sync", "--no-instructions", "-E", "UTF8"]
        subprocess.run([*_as_other(), str(programs / "initdb"), *words], check=True, **quiet)  # type: ignore[call-overload]
        options = [
            "-D",
            str(data),
            "-k",
            str(folder),
            "-c",
            "listen_addresses=",
            "-c",
            "fsync=off",
            "-c",
            "max_connections=80",
        ]
        server = subprocess.Popen([*_as_other(), str(programs / "postgres"), *options], **quiet)  # type: ignore[call-overload]
        try:
            url = f"postgresql://unseen@/postgres?host={folder}"
            _wait(url, server)
            yield url
        finally:
            server.terminate()
            try:
                server.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    import psycopg

    until = time.monotonic() + _SECONDS
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.05)
