"""A PostgreSQL server for the ledger's tests, in a folder, reached by a socket in it; it listens on no network."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

__all__ = ["ledger_server"]

_SECONDS = 60.0


@contextmanager
def ledger_server() -> Iterator[str]:
    """Start a server and yield the URL of its database; it is stopped and deleted in the end. Skips where it cannot."""
    programs = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    found = [folder for folder in programs if (folder / "initdb").exists()]
    if not found:
        pytest.skip("PostgreSQL's server is not installed")
    # Sockets have short names, which pytest's folders have not; and the server does not run as root.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    options: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        options |= {"user": "postgres", "group": "postgres", "extra_groups": []}
    try:
        data = str(folder / "data")
        make = [str(found[0] / "initdb"), "-D", data, "-U", "unseen", "-A", "trust", "--no-sync", "-E", "UTF8"]
        subprocess.run(make, check=True, **options)
        settings = [f"-c{name}" for name in ("listen_addresses=", "fsync=off", "max_connections=60")]
        server = subprocess.Popen([str(found[0] / "postgres"), "-D", data, "-k", str(folder), *settings], **options)
        try:
            url = f"postgresql://unseen@/postgres?host={folder}"
            _wait(url, server)
            yield url
        finally:
            # Without waiting for those who did not disconnect.
            server.send_signal(signal.SIGINT)
            server.wait(_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    import psycopg

    until = time.monotonic() + _SECONDS
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
