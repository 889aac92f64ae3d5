"""Measures the ledger: events appended a second, durably, and the time and memory of checking a million of them.

    python -m bench.ledger [--folder DIR] [--seconds S] [--events N] [--skip-check]

Appends are to SQLite (WAL, synchronous=FULL: every commit is forced to disk before `append` returns), on the disk that
holds DIR; one fsync of that disk is measured beside them. The exit code is 1 if fewer are appended than is wanted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bench.process import used_by
from unseen.adapters.ledger_key import load_ledger_key, make_ledger_key
from unseen.adapters.ledger_sql import SqlEventLedger, open_event_ledger
from unseen.core.ledger import Event
from unseen.engine.ledger import export_ledger

__all__ = ["WANTED", "main"]

#: Appends a second that are wanted, of threads and of processes together.
WANTED = 2_000
_THREADS = (1, 8, 64)
_PROCESSES = (1, 20)
_BATCH = 5_000
_CHILD = "import sys; from pathlib import Path; from bench.ledger import child; child(Path(sys.argv[1]), sys.argv[2:])"


def main(words: Sequence[str] | None = None) -> int:
    """Print the figures and return 0, or 1 if fewer events are appended a second than is wanted."""
    parser = argparse.ArgumentParser(prog="python -m bench.ledger", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="a folder on the disk to measure (default: temporary files)")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each appends (default: 5)")
    parser.add_argument("--events", type=int, default=1_000_000, help="how many are checked (default: a million)")
    parser.add_argument("--skip-check", action="store_true", help="measure appends only")
    args = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="unseen-bench-", dir=args.folder) as name:
        folder = Path(name)
        print(f"one fsync of 4 KiB: {_fsync(folder) * 1e3:.2f} ms, median of 100", flush=True)
        best = 0.0
        for count in _THREADS:
            best = max(best, _told(f"{count} threads", _threads(folder / f"t{count}", count, args.seconds)))
        for count in _PROCESSES:
            best = max(best, _told(f"{count} processes", _processes(folder / f"p{count}", count, args.seconds)))
        print(f"most: {best:,.0f} appends/s {'ok' if best >= WANTED else 'SHORT'} >= {WANTED:,}", flush=True)
        if not args.skip_check:
            _check(folder / "check", args.events)
    return 0 if best >= WANTED else 1


def _told(what: str, rate: float) -> float:
    print(f"SQLite, WAL, synchronous=FULL, {what}: {rate:,.0f} appends/s", flush=True)
    return rate


def _fsync(folder: Path) -> float:
    times = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(100):
            file.write(bytes(4096))
            started = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - started)
    return statistics.median(times)


def _made(folder: Path) -> SqlEventLedger:
    return open_event_ledger(str(folder / "ledger.db"), make_ledger_key(folder / "ledger.key"), new=True)


def _event(number: int) -> Event:
    return Event(
        "redact.released",
        datetime.now(UTC),
        actor=f"{number:064x}",
        purpose="research.road-safety",
        items=(f"{number + 1:064x}",),
        details={"number": number, "recipe": "default", "verdict": "pass"},
    )


def _append(ledger: SqlEventLedger, until: float) -> int:
    count = 0
    while time.monotonic() < until:
        ledger.append(_event(count))
        count += 1
    return count


def _threads(folder: Path, count: int, seconds: float) -> float:
    with closing(_made(folder)) as ledger:
        until = time.monotonic() + seconds
        done: list[int] = []
        threads = [threading.Thread(target=lambda: done.append(_append(ledger, until))) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(done) / seconds


def child(folder: Path, words: Sequence[str]) -> None:
    """Say that this process is ready, append for some seconds once told to, and print how many."""
    with closing(open_event_ledger(str(folder / "ledger.db"), load_ledger_key(folder / "ledger.key"))) as ledger:
        print("ready", flush=True)
        sys.stdin.readline()
        print(_append(ledger, time.monotonic() + float(words[0])), flush=True)


def _processes(folder: Path, count: int, seconds: float) -> float:
    _made(folder).close()
    command = [sys.executable, "-c", _CHILD, str(folder), str(seconds)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    children = [subprocess.Popen(command, text=True, **pipes) for _ in range(count)]  # type: ignore[call-overload]
    for each in children:
        each.stdout.readline()
    for each in children:
        each.stdin.write("go\n")
        each.stdin.flush()
    return sum(int(each.communicate()[0]) for each in children) / seconds


def _check(folder: Path, events: int) -> None:
    """Print what checking a ledger and its export takes, each in a process of its own."""
    with closing(_made(folder)) as ledger:
        started = time.perf_counter()
        for first in range(0, events, _BATCH):
            ledger.append_all([_event(i) for i in range(first, min(first + _BATCH, events))])
        seconds = time.perf_counter() - started
        print(f"{events:,} events in batches of {_BATCH:,}: {events / seconds:,.0f} appends/s", flush=True)
        export_ledger(ledger, folder / "export.jsonl")
    size = (folder / "export.jsonl").stat().st_size
    print(f"their export: {size / 1e6:,.0f} MB, {size / events:.0f} bytes an event", flush=True)
    unseen = [sys.executable, "-m", "unseen", "ledger"]
    export = ["verify", str(folder / "export.jsonl"), "--public-key", str(folder / "ledger.pub")]
    where = ["--ledger", str(folder / "ledger.db")]
    for what, words in (
        ("verify the export, by the public key alone", export),
        ("verify the ledger", ["verify", *where]),
        ("prove an event", ["prove", str(events // 3), "-o", str(folder / "proof.json"), *where]),
        ("verify the export, every signature", [*export, "--every-signature"]),
    ):
        used = used_by([*unseen, *words])
        took = f"{used.seconds:.1f} s by the wall clock, {used.cpu:.1f} s of processor time"
        print(f"{what}: {took}, peak memory {used.peak / 1e6:.0f} MB", flush=True)


if __name__ == "__main__":
    sys.exit(main())
