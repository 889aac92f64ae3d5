"""Every seam to the outside, one Protocol each; adapters implement them, engine hands them in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    # Names of types and nothing else: who imports a seam needs few of these modules.
    import numpy as np
    from numpy.typing import NDArray

    from unseen.core.access import Ask, Reason
    from unseen.core.consents import ConsentRecord
    from unseen.core.credentials import Statement
    from unseen.core.dicom import DicomChecked, DicomRecipe, PixelOutcome, PixelResidue
    from unseen.core.dicom_node import Fate
    from unseen.core.formats import Limits
    from unseen.core.labels import Label, SignedLabel
    from unseen.core.ledger import Entry, Event
    from unseen.core.lineage import Made, Override
    from unseen.core.live import Unit, UnitKind
    from unseen.core.models import ModelFile
    from unseen.core.photos import Photo, Pixels, Rgb8
    from unseen.core.privacy import Account, Charge, Cost, Distances, Limit, Noise, Reserved
    from unseen.core.regions import Box, Detection
    from unseen.core.tabulation import Grid, Request, Tallied, Whole
    from unseen.core.video import Sound, VideoFrame, VideoInfo, VideoStyle

__all__ = [
    "BlobStore",
    "BudgetLedger",
    "CredentialWriter",
    "Detector",
    "DicomPixels",
    "DicomVerifier",
    "EventLedger",
    "Executor",
    "Journal",
    "KeyRing",
    "LiveFeed",
    "LiveTarget",
    "ModelStore",
    "Network",
    "NodeTarget",
    "NoiseSource",
    "Opener",
    "Openings",
    "PhotoCodec",
    "PictureVerifier",
    "PixelCleaner",
    "Reader",
    "Records",
    "Rules",
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


class DicomPixels(Protocol):
    """Reads and writes frames of DICOM images, which are data sets of pydicom."""

    def decode(self, dataset: Any, index: int) -> tuple[Pixels, str]:
        """Return a compressed frame, shape (rows, columns[, samples]), and what its values mean, as "YBR_FULL".

        Colours are not converted. Raises DamagedInput for a frame that is damaged or not there, UnsupportedInput for a
        compression that nothing on this machine reads.
        """
        ...

    def encode(self, dataset: Any, values: Pixels) -> bytes | None:
        """Return a frame, compressed without loss as the data set's own are; None where that is not done."""
        ...

    def split(self, dataset: Any) -> list[bytes]:
        """Return the compressed frames; raises DamagedInput where their number is not the header's."""
        ...

    def join(self, frames: Sequence[bytes]) -> bytes:
        """Return compressed frames as the value of Pixel Data."""
        ...

    def colours(self, dataset: Any, values: Pixels) -> Rgb8:
        """Return what indices (rows, columns) into the data set's palette look like; raises DamagedInput."""
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


class VideoReader(AbstractContextManager["VideoReader", None], Protocol):
    """An open video: iterating yields its frames once, in display order; a context manager."""

    @property
    def info(self) -> VideoInfo:
        """Facts of the picture stream."""
        ...

    @property
    def problems(self) -> tuple[str, ...]:
        """What was lost, mended or left out, a line each; complete after the last frame."""
        ...

    @property
    def harmed(self) -> bool:
        """Whether anything was lost or mended so far: what decoders make of other frames is then to be doubted, too."""
        ...

    @property
    def shifted(self) -> bool:
        """Whether times of frames were moved against those of the sound; sure after the last frame."""
        ...

    @property
    def end(self) -> int:
        """Up to when the last frame is shown, in ticks of the time base; sure after the last frame."""
        ...

    def __iter__(self) -> Iterator[VideoFrame]: ...

    def to_rgb(self, frame: VideoFrame, width: int | None = None, height: int | None = None) -> Rgb8:
        """Return a frame, or a part cut out of one, as RGB, shape (height, width, 3), scaled, in stored orientation."""
        ...


class VideoWriter(AbstractContextManager["VideoWriter", None], Protocol):
    """A video file that is being written; a context manager that deletes the file when left by an exception."""

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

    def losses(self, ending: str, info: VideoInfo, style: VideoStyle, name: str) -> tuple[str, ...]:
        """Return what samples of frames of `info` lose in a file with `ending`, a line each; raises as writing."""
        ...

    def concat(
        self, segments: Sequence[Path], out: Path, info: VideoInfo, name: str, *, sound: Sound | None = None,
        end: int | None = None,
    ) -> int:  # fmt: skip
        """Join segments without encoding again, the last frame shown up to `end`, and return the number of frames."""
        ...

    def segment_ending(self, ending: str, *, alpha: bool) -> str:
        """Return the ending for segments of a file with `ending`."""
        ...


class LiveFeed(Protocol):
    """A connected camera: iterating yields frames with their time stamps in seconds, or None where it has none."""

    @property
    def info(self) -> VideoInfo:
        """Facts of the pictures; may wait for the first one, and raise what iterating does."""
        ...

    def __iter__(self) -> Iterator[tuple[VideoFrame, float | None]]: ...

    def to_rgb(self, frame: VideoFrame, width: int | None = None, height: int | None = None) -> Rgb8:
        """Return a frame as RGB, shape (height, width, 3), scaled; also after the feed is closed."""
        ...

    def close(self) -> None:
        """Disconnect."""
        ...


class LiveEncoder(Protocol):
    """Encodes one camera's hidden pictures, each at once."""

    def encode(self, planes: Sequence[Pixels], at: float, *, key: bool = False) -> Sequence[Unit]:
        """Encode a picture at a time in seconds, which must rise, as a key picture if one is wanted."""
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


class NodeTarget(Protocol):
    """Where a DICOM node forwards cleaned objects to."""

    def send(self, files: Sequence[Path]) -> Iterator[tuple[Path, Fate]]:
        """Yield what became of each file that was sent; raises TargetUnavailable where the others have to wait."""
        ...


class Journal(Protocol):
    """A durable, append-only record of what was done with each file; survives kill -9."""

    def entries(self) -> Iterator[dict[str, object]]:
        """Yield the entries written so far, oldest first; a torn last line is dropped."""
        ...

    def append(self, entry: dict[str, object]) -> None:
        """Write one entry and force it to disk before returning."""
        ...

    def append_all(self, entries: Iterable[dict[str, object]]) -> None:
        """Write entries, all or none, and force them to disk before returning."""
        ...


class PixelCleaner(Protocol):
    """Hides what identifies in the pixels, overlays and embedded documents of DICOM objects."""

    def clean(self, dataset: Any, known: Sequence[str]) -> PixelOutcome:
        """Change a pydicom data set in place; `known` are identifying words of its header.

        Raises FileError where something cannot be looked at: the object is not released then.
        """
        ...

    def hide(self, dataset: Any, residues: Sequence[PixelResidue]) -> PixelOutcome:
        """Hide what verification still saw in a data set that was cleaned, which is changed; raises FileError."""
        ...


class PictureVerifier(Protocol):
    """Reads the pictures of a de-identified DICOM file again; shares no code with what cleaned them."""

    def carries_text(self, modality: str, sop_class: str) -> bool:
        """Whether pictures of this kind may hold text, whatever their header says."""
        ...

    def look(self, original: bytes, written: bytes, recipe: DicomRecipe) -> Sequence[PixelResidue] | None:
        """Return the text that may not stay and still shows, None where there is no picture to look at.

        Raises FileError where a picture cannot be looked at.
        """
        ...


class DicomVerifier(Protocol):
    """Searches a de-identified DICOM file for what its original tells; shares no code with what wrote it."""

    def check(
        self, original: bytes, written: bytes, options: frozenset[str], *, edited: bool, salt: bytes
    ) -> DicomChecked:
        """Return what is wrong, and what ties the file to others of its run.

        `options` are those of PS3.15 that were used, `edited` tells whether pixels were changed; `salt` is the run's.
        """
        ...


class CredentialWriter(Protocol):
    """Writes content credentials into files, signed."""

    def embed(self, source: Path, target: Path, media_type: str, statement: Statement) -> None:
        """Write a copy of a file with its credentials; raises OutputFailed and leaves nothing then."""
        ...


class Signer(Protocol):
    """Holds a private key and signs with it."""

    @property
    def public(self) -> bytes:
        """The public key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message."""
        ...


class EventLedger(Protocol):
    """An append-only record of events, each a leaf of one Merkle tree; threads and processes share it."""

    def append(self, event: Event) -> Entry:
        """Add an event and return where it stands; it is on disk, and survives kill -9, when this returns.

        Raises UnseenError when it cannot be written; whether it was is then not known.
        """
        ...


class Openings(Protocol):
    """Keeps, apart from the ledger, what opens the commitments in it; what is forgotten here is gone."""

    def commit(self, words: Sequence[tuple[str, str]]) -> list[str]:
        """Return a fresh commitment for each (field, value), kept on disk before it returns."""
        ...

    def opened(self, commitment: str) -> tuple[str, str] | None:
        """Return field and value of a commitment, None if they were forgotten."""
        ...

    def commitments(self, field: str, value: str) -> list[str]:
        """Return all commitments made for a value, in no order."""
        ...

    def forget(self, field: str, value: str) -> int:
        """Delete the salts of all commitments for a value and return how many there were."""
        ...

    def forget_all(self, words: Sequence[tuple[str, str]]) -> int:
        """Do so for each (field, value), all or none."""
        ...


class BlobStore(Protocol):
    """Keeps encrypted files by name, in a folder or a bucket."""

    def write(self, name: str, parts: Iterable[bytes]) -> None:
        """Store a new blob, whole or not at all, durably; raises OutputFailed."""
        ...

    def open(self, name: str) -> IO[bytes]:
        """Return a blob for reading from anywhere in it; raises UnreadableInput."""
        ...

    def delete(self, name: str) -> None:
        """Delete a blob; one that is gone already is fine. Raises OutputFailed if it stays."""
        ...

    def names(self) -> Iterator[str]:
        """Yield the names of all blobs, and of what killed writers left."""
        ...


class KeyRing(Protocol):
    """A vault of encrypted items: without a wrap of an item's key for a purpose, there is no opening it for that.

    Nothing here asks who may do what: that is the gate's to decide before it calls.
    """

    def seal(self, item: str, purposes: Collection[str], stream: IO[bytes]) -> None:
        """Encrypt what a stream holds as a new item that opens for these purposes; raises OutputTaken, OutputFailed."""
        ...

    def open(self, item: str, purpose: str) -> IO[bytes]:
        """Return an item's plaintext, to be read from anywhere in it.

        Raises Refused without a live wrap for this purpose, and, when opened or read, DamagedInput if a byte differs.
        """
        ...

    def purposes(self, item: str) -> frozenset[str]:
        """Return the purposes an item opens for."""
        ...

    def holds(self, item: str) -> bool:
        """Whether an item is there, even if nothing opens it."""
        ...

    def withdraw(self, item: str, purpose: str) -> bool:
        """Delete the wrap for one purpose; False if there was none."""
        ...

    def erase(self, items: Collection[str]) -> int:
        """Delete items for good, change the key-encryption keys and destroy the old ones; return how many there were.

        A backup of the wraps from before opens nothing any more.
        """
        ...

    def rotate(self) -> int:
        """Change the key-encryption keys without encrypting data again; return how many wraps were made anew."""
        ...


class Executor(Protocol):
    """Runs one function over many tasks, in this process or others."""

    def run(
        self, function: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Iterator[tuple[Task, Result | Exception]]:
        """Yield each task with its result or the exception it ended in, in any order."""
        ...


class Opener(Protocol):
    """Opens items, as a vault does; asks nothing, because the gate has decided before it calls."""

    def open(self, item: str, purpose: str) -> IO[bytes]:
        """Return an item's content; raises Refused where there is no key for this purpose."""
        ...


class Rules(Protocol):
    """Evaluates the rules of a policy."""

    def evaluate(self, request: Ask, label: Label, now: float) -> tuple[Reason, ...]:
        """Return the reasons against a request; never raises: what cannot be evaluated is a reason."""
        ...


class Records(Protocol):
    """Remembers labels, lineage and consents; every write is durable when the call returns."""

    def label(self, item: str) -> SignedLabel | None:
        """Return the label of an item as it was stored, None if there is none; raises LabelInvalid."""
        ...

    def add(self, signed: SignedLabel, kind: str, at: float, *, made_by: str = "", tools: Iterable[str] = ()) -> None:
        """Store an item's label, and what it was made from, how, by which programs."""
        ...

    def made_from(self, item: str) -> list[Made]:
        """Return what was made from an item, nearest first."""
        ...

    def items_of(self, subject: str) -> list[Made]:
        """Return the items that a person is in."""
        ...

    def consents(self, subjects: Iterable[str]) -> tuple[ConsentRecord, ...]:
        """Return all records of these people; raises LabelInvalid if one was changed."""
        ...

    def consents_by_record(self, records: Iterable[str]) -> tuple[ConsentRecord, ...]:
        """Return records by their identifiers; those that are not there are left out."""
        ...

    def restricted(self, subjects: Iterable[str]) -> frozenset[str]:
        """Return those of these people whose data may be stored and nothing else; raises LabelInvalid."""
        ...

    def override(self, item: str, state: str) -> Override | None:
        """Return what one person proposed for an item, None if nobody did."""
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
