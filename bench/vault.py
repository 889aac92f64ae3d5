"""Measures the vault on one large item: rate and peak memory of sealing and opening 2 GB, beside openssl's AES-GCM.

    python -m bench.vault [--folder DIR] [--bytes N] [--runs N]

Each step is a process of its own: a file is sealed into a vault and taken out of it to a file, both on the disk that
holds DIR and both forced to it; and so many bytes are encrypted and decrypted from memory, with no disk in between.
`openssl speed` encrypts blocks of a MiB with AES-256-GCM on one core; its rate is by processor time.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.process import Used, used_by
from unseen.crypto.seal import CHUNK_BYTES, SealedReader, seal

__all__ = ["main", "stream"]

_MIB = 1 << 20
_STREAM = "import sys; from bench.vault import stream; stream(int(sys.argv[1]))"
_ENVIRON = {"UNSEEN_VAULT_KEY": "07" * 32}


class _Pattern(io.RawIOBase):
    """So many bytes, made as they are read."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._left, self._block = size, os.urandom(CHUNK_BYTES)

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        count = min(size, self._left)
        self._left -= count
        return self._block if count == CHUNK_BYTES else self._block[:count]


def stream(size: int) -> None:
    """Encrypt so many bytes, then decrypt as many, 64 MiB of them over and over.

    Prints the bytes a second of both, then those a second of the processor.
    """
    clocks = (time.perf_counter, time.process_time)
    started = [clock() for clock in clocks]
    for _ in seal(bytes(32), b"", _Pattern(size), os.urandom):  # type: ignore[arg-type]
        pass
    encrypted = [size / (clock() - start) for clock, start in zip(clocks, started, strict=True)]
    part = b"".join(seal(bytes(32), b"", _Pattern(64 * _MIB), os.urandom))  # type: ignore[arg-type]
    done = 0
    started = [clock() for clock in clocks]
    while done < size:
        for chunk in SealedReader(bytes(32), b"", io.BytesIO(part), "part").chunks():
            done += len(chunk)
    decrypted = [done / (clock() - start) for clock, start in zip(clocks, started, strict=True)]
    print(*(f"{rate:.0f}" for pair in zip(encrypted, decrypted, strict=True) for rate in pair))


def main(words: Sequence[str] | None = None) -> int:
    """Print the figures and return 0."""
    parser = argparse.ArgumentParser(prog="python -m bench.vault", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="a folder on the disk to measure (default: temporary files)")
    parser.add_argument("--bytes", type=int, default=2_000_000_000, help="how large the item is (default: 2 GB)")
    parser.add_argument("--runs", type=int, default=3, help="how often each is done (default: 3)")
    args = parser.parse_args(words)
    print(_openssl(), flush=True)
    done = [subprocess.run([sys.executable, "-c", _STREAM, str(args.bytes)], capture_output=True, text=True, check=True)
            for _ in range(args.runs)]  # fmt: skip
    rates = [[int(word) / 1e6 for word in each.stdout.split()] for each in done]
    heads = [f"{what}, {clock}" for clock in ("wall clock", "processor time") for what in ("encrypts", "decrypts")]
    for i, what in enumerate(heads):
        print(f"memory to memory, {what}: {_spread([rate[i] for rate in rates])} MB/s, {args.runs} runs", flush=True)
    with tempfile.TemporaryDirectory(prefix="unseen-bench-", dir=args.folder) as folder:
        _files(Path(folder), args.bytes, args.runs)
    return 0


def _files(folder: Path, size: int, runs: int) -> None:
    """Put a file into a vault and take it out, and print rates and peak memory; check that it is the same."""
    os.environ |= _ENVIRON
    source, out = folder / "item.bin", folder / "out.bin"
    with source.open("wb") as file:
        shutil.copyfileobj(_Pattern(size), file, CHUNK_BYTES)
    places = ["--vault", str(folder / "vault"), "--ledger", str(folder / "ledger.db")]
    unseen = [sys.executable, "-m", "unseen", "vault"]
    base = used_by([*unseen, "init", "--unlock", "environment", *places])
    print(f"an empty vault: peak memory {base.peak / 1e6:.0f} MB", flush=True)
    copied = _timed(lambda: _copy(source, out))
    print(f"copying the file with fsync: {size / copied / 1e6:,.0f} MB/s", flush=True)
    put: list[Used] = []
    get: list[Used] = []
    for number in range(runs):
        out.unlink(missing_ok=True)
        item = f"item{number}"
        put.append(used_by([*unseen, "put", str(source), "--as", item, "--purpose", "research", *places]))
        take = ["get", item, "-o", str(out), "--purpose", "research", "--unsafe-view-raw", *places]
        get.append(used_by([*unseen, *take]))
        subprocess.run(["cmp", str(source), str(out)], check=True)
        used_by([*unseen, "erase", item, *places])
    for what, each in (("put", put), ("get", get)):
        wall = _spread([size / used.seconds / 1e6 for used in each])
        busy = _spread([size / used.cpu / 1e6 for used in each])
        peak = max(used.peak for used in each) / 1e6
        print(
            f"vault {what}, whole command, forced to disk: {wall} MB/s by the wall clock, "
            f"{busy} MB/s of processor time, peak memory {peak:.0f} MB",
            flush=True,
        )


def _copy(source: Path, out: Path) -> None:
    with source.open("rb") as read, out.open("wb") as write:
        shutil.copyfileobj(read, write, CHUNK_BYTES)
        write.flush()
        os.fsync(write.fileno())


def _timed(what: object) -> float:
    started = time.perf_counter()
    what()  # type: ignore[operator]
    return time.perf_counter() - started


def _spread(rates: Sequence[float]) -> str:
    return f"{statistics.median(rates):,.0f} ({min(rates):,.0f}-{max(rates):,.0f})"


def _openssl() -> str:
    """Return what `openssl speed` says of AES-256-GCM on blocks of a MiB."""
    words = ["openssl", "speed", "-evp", "aes-256-gcm", "-bytes", str(_MIB), "-seconds", "3"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    found = re.search(r"^AES-256-GCM\s+([\d.]+)k", done.stdout, re.M | re.I)
    version = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout.strip()
    rate = f"{float(found[1]) / 1e3:,.0f} MB/s" if found else "no figure"
    return f"openssl speed, AES-256-GCM, one core, {version}: {rate}"


if __name__ == "__main__":
    sys.exit(main())
