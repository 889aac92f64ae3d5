"""Every seam to the outside, one Protocol each; adapters implement them, engine hands them in.

Those of ledger and vault are written down in `core.keepers`, and handed on here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from unseen.core.formats import Limits
from unseen.core.keepers import BlobStore, EventLedger, KeyRing, Openings, Signer
from unseen.core.live import Unit, UnitKind
from unseen.core.models import ModelFile
from unseen.core.photos import Photo, Rgb8
from unseen.core.privacy import Account, Charge, Cost, Distances, Limit, Noise, Reserved
from unseen.core.regions import Box, Detection
from unseen.core.tabulation import Grid, Request, Tallied, Whole
from unseen.core.video import Sound, VideoFrame, VideoInfo, VideoStyle

__all__ = [
    "BlobStore",
    "BudgetLedger",
    "Detector",
    "EventLedger",
    "Executor",
    "Journal",
    "KeyRing",
    "LiveFeed",
    "LiveTarget",
    "ModelStore",
    "Network",
    "NoiseSource",
    "Openings",
    "PhotoCodec",
    "Reader",
    "Signer",
    "Tables",
    "VideoCodec",
    "VideoReader",
    "VideoWriter",
]

Task = TypeVar("Task")
Result = TypeVar("Result")


class Network(Protocol):
    """A compiled neural network on one device."""

    @property
    def device(self) -> str:
        """Runtime and device, as "openvino:CPU" or "onnxruntime:CUDA"."""
        ...

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Shape of the only input; None where a dimension is free."""
        ...

    def run(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Run one batch and return the outputs in the model's order."""
        ...


class Detector(Protocol):
    """Finds objects of some classes in pictures."""

    @property
    def models(self) -> tuple[ModelFile, ...]:
        """The model files behind it, for receipts."""
        ...

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        """Return the detections in each picture (RGB, shape (height, width, 3), any sizes), in its pixels."""
        ...


class Reader(Protocol):
    """Reads the text in boxes of a picture."""

    @property
    def models(self) -> tuple[ModelFile, ...]:
        """The model files behind it, for receipts."""
        ...

    def read(self, image: Rgb8, boxes: Sequence[Box]) -> list[tuple[str, float]]:
        """Return text and mean character confidence (0..1) for each box."""
        ...


class PhotoCodec(Protocol):
    """Decodes and encodes photo files."""

    def decode(self, data: bytes, name: str, limits: Limits) -> Photo:
        """Decode all frames, upright. `name` is for error messages and the check of its ending.

        Raises UnreadableInput, UnsupportedInput, DamagedInput or TooLarge.
        """
        ...

    def encode(self, photo: Photo, *, format: str | None = None, keep: frozenset[str] = frozenset({"icc"})) -> bytes:
        """Encode as `format` (default: the photo's own) with no metadata but what `keep` names."""
        ...


class VideoReader(Protocol):
    """An open video: iterating yields its frames once, in display order; a context manager."""

    @property
    def info(self) -> VideoInfo:
        """Facts of the picture stream."""
        ...

    @property
    def problems(self) -> tuple[str, ...]:
        """What was lost or mended, a line each; complete after the last frame."""
        ...

    def __enter__(self) -> VideoReader: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __iter__(self) -> Iterator[VideoFrame]: ...

    def to_rgb(self, frame: VideoFrame, width: int | None = None, height: int | None = None) -> Rgb8:
        """Return a frame as RGB, shape (height, width, 3), scaled, in stored orientation."""
        ...


class VideoWriter(Protocol):
    """A video file that is being written; a context manager that deletes the file when left by an exception."""

    def __enter__(self) -> VideoWriter: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def write(self, frame: VideoFrame) -> None:
        """Encode a frame; its time stamp must be later than that of the one before."""
        ...


class VideoCodec(Protocol):
    """Opens videos for reading and writing, and joins segments."""

    def open_video(self, path: Path, name: str) -> VideoReader:
        """Open a file; raises UnreadableInput, UnsupportedInput, DamagedInput or TooLarge."""
        ...

    def open_writer(
        self, path: Path, info: VideoInfo, style: VideoStyle, name: str, *, sound: Sound | None = None
    ) -> VideoWriter:
        """Start a file for frames of `info`; raises UsageError, UnsupportedInput, DeviceUnavailable, OutputFailed."""
        ...

    def concat(
        self, segments: Sequence[Path], out: Path, info: VideoInfo, name: str, *, sound: Sound | None = None
    ) -> int:
        """Join segments to a file without encoding again and return the number of frames."""
        ...

    def segment_ending(self, ending: str, *, alpha: bool) -> str:
        """Return the ending for segments of a file with `ending`."""
        ...


class LiveFeed(Protocol):
    """A connected camera: iterating yields frames with their time stamps in seconds, or None where it has none."""

    @property
    def info(self) -> VideoInfo:
        """Facts of the pictures."""
        ...

    def __iter__(self) -> Iterator[tuple[VideoFrame, float | None]]: ...

    def to_rgb(self, frame: VideoFrame, width: int | None = None, height: int | None = None) -> Rgb8:
        """Return a frame as RGB, shape (height, width, 3), scaled; also after the feed is closed."""
        ...

    def close(self) -> None:
        """Disconnect."""
        ...


class LiveTarget(Protocol):
    """Where encoded pictures of all cameras go; nothing here may block for long, or raise."""

    @property
    def problems(self) -> dict[str, str]:
        """What goes wrong just now, by camera, without passwords."""
        ...

    def wants(self, camera: str) -> tuple[frozenset[UnitKind], bool]:
        """Return which kinds of pictures are wanted now, and whether a key picture is, for somebody who is new."""
        ...

    def send(self, camera: str, unit: Unit) -> None:
        """Hand on a picture."""
        ...

    def close(self) -> None:
        """Finish what is written, and let everybody go."""
        ...


class ModelStore(Protocol):
    """Finds model files on this machine and fetches those that the catalogue pins."""

    def find(self, name: str) -> ModelFile | None:
        """Return the file of a catalogue entry, or None if it is not on this machine."""
        ...

    def require(self, name: str) -> ModelFile:
        """Return the file, fetching it from its pinned source if need be; raises ModelUnavailable or ModelCorrupt."""
        ...


class Journal(Protocol):
    """A durable, append-only record of what was done with each file; survives kill -9."""

    def entries(self) -> Iterator[dict[str, object]]:
        """Yield the entries written so far, oldest first; a torn last line is dropped."""
        ...

    def append(self, entry: dict[str, object]) -> None:
        """Write one entry and force it to disk before returning."""
        ...


class Executor(Protocol):
    """Runs one function over many tasks, in this process or others."""

    def run(
        self, function: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Iterator[tuple[Task, Result | Exception]]:
        """Yield each task with its result or the exception it ended in, in any order."""
        ...


class NoiseSource(Protocol):
    """Adds noise to whole numbers."""

    def add(self, values: Whole, noise: Noise, most: Distances, cost: Cost) -> Whole:
        """Return values with fresh noise, which costs no more than `cost` where neighbours differ by `most`."""
        ...


class Tables(Protocol):
    """Reads tables of rows and adds them up, and writes small ones."""

    def metadata(self, path: Path, key: str) -> Mapping[str, Any] | None:
        """Return what a table says of itself under a key, without reading its rows; None if it says nothing."""
        ...

    def counts(self, path: Path, grid: Grid, column: str) -> Whole:
        """Return the counts of a table with one row for each cell, in the grid's order."""
        ...

    def tally(self, path: Path, request: Request) -> Tallied:
        """Add up the rows of a table on a grid, units bounded."""
        ...

    def write(self, path: Path, columns: Mapping[str, Sequence[Any] | Whole], metadata: Mapping[str, str]) -> None:
        """Write a small table."""
        ...

    def read_back(self, path: Path) -> Mapping[str, list[Any]]:
        """Return all columns of a small table, numbers as numbers or as text."""
        ...


class BudgetLedger(Protocol):
    """Budgets and what is charged to them; durable, and shared by processes that cannot overspend together."""

    @property
    def name(self) -> str:
        """Where it is, without a password."""
        ...

    def limit(self, account: Account) -> Limit | None:
        """Return the limit of an account, None where it has none."""
        ...

    def charges(self, account: Account) -> list[Charge]:
        """Return all charges of an account, oldest first."""
        ...

    def reserve(
        self,
        account: Account,
        periods: Sequence[str],
        cost: Cost,
        *,
        opening: Limit | None = None,
        name: str | None = None,
    ) -> Reserved:
        """Charge a cost to all of the periods, or to none; raises BudgetSpent."""
        ...

    def commit(self, reservation: str) -> None:
        """Note that what was reserved for is out."""
        ...
