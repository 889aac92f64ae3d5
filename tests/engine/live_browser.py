"""Headless Chromium for tests: opens a page and answers what a script asks of it, over its debugging protocol."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

__all__ = ["Page", "browser", "find_browser"]

_WORDS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update",
    "--disable-background-networking", "--disable-sync", "--remote-debugging-port=0", "--remote-allow-origins=*",
    "--autoplay-policy=no-user-gesture-required", "--window-size=900,700",
)  # fmt: skip


def find_browser() -> str | None:
    """Return the browser's path, None where there is none."""
    return shutil.which("chromium")


class Page:
    """One page of the browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._number = socket, 0
        self.complaints: list[str] = []

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the debugging protocol and return its result; note what the page complains of."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            told = json.loads(self._socket.recv(timeout=30))
            if told.get("id") == self._number:
                result: dict[str, Any] = told.get("result", {})
                return result
            if told.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.complaints.append(json.dumps(told["params"]))

    def open(self, address: str) -> None:
        """Go to a page."""
        for domain in ("Runtime", "Log", "Page"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=address)

    def ask(self, script: str) -> Any:
        """Return the value of a script."""
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def wait(self, script: str, seconds: float = 30.0) -> Any:
        """Wait until a script's value is true, and return it; fails with the page's complaints."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            value = self.ask(script)
            if value:
                return value
            time.sleep(0.1)
        raise AssertionError(f"never true: {script}; complaints: {self.complaints}")

    def picture(self) -> bytes:
        """Return what the page looks like, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot")["data"])


@contextmanager
def browser(program: str, profile: Path) -> Iterator[Page]:
    """Start a browser with a fresh profile, yield a page, and end it with all of its processes."""
    # To a file: nobody reads a pipe for as long as the browser lives, and a full one would stop it.
    told = profile.with_suffix(".log")
    with told.open("wb") as log:
        process = subprocess.Popen(
            [*_unhurried(), program, *_WORDS, f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        with connect(_page_of(process, told), max_size=None) as socket:
            yield Page(socket)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=20)


def _unhurried() -> list[str]:
    """Return what a command begins with so that it gets no real-time priority.

    As root the browser may take the highest there is, and one of its processes was seen to spin with it for minutes on
    the only core of a test worker.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None or os.geteuid() != 0:
        return []
    return [setpriv, "--bounding-set=-sys_nice", "--inh-caps=-sys_nice"]


def _page_of(process: subprocess.Popen[bytes], told: Path) -> str:
    """Wait until the browser has a page, and return the address of its debugging socket."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        found = re.search(r"ws://127\.0\.0\.1:(\d+)/", told.read_text("utf-8", "replace"))
        if found:
            with urllib.request.urlopen(f"http://127.0.0.1:{found[1]}/json", timeout=60) as answer:
                pages = [page for page in json.load(answer) if page["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
        time.sleep(0.1)
    raise AssertionError(f"the browser has no page: {told.read_text('utf-8', 'replace')[-500:]}")
