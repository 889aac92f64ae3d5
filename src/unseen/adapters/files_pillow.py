"""Photo files by Pillow, with pillow-heif for HEIC and OpenCV for samples of more than 8 bits."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from unseen.adapters.files_sniff import PEEK, Held, held, sniff, sniff_all
from unseen.adapters.photo.bounds import Bounds
from unseen.adapters.photo.faults import Truncated, Undecodable
from unseen.core.formats import FORMATS, Limits
from unseen.core.photos import Photo
from unseen.errors import DamagedInput, FileError, TooLarge, UnreadableInput, UnsupportedInput

__all__ = ["PillowCodec"]

#: Pillow's limits and the filters for warnings are globals, so that one thread at a time decodes or encodes.
_ONE_AT_A_TIME = threading.Lock()
#: How libraries say that a file may be whole but is beyond them.
_BEYOND = ("nsupported", "not supported", "unknown pixel mode", "unknown data organization", "cannot handle")


class PillowCodec:
    """Decodes photos to upright frames and encodes them afresh, so that nothing but pixels is carried over."""

    def decode(self, data: bytes, name: str, limits: Limits) -> Photo:
        """Decode all frames, upright; of multi-picture JPEG, motion photos and the like the primary picture.

        Kept as they are: grey, two levels, inks, straight alpha, 16 bits (PNG, TIFF), signed and real samples (TIFF),
        10 and 12 bits (HEIC, in the upper bits of 16). Cut to 8 bits: inks of 16 (TIFF), 10 and 12 bits in AVIF,
        animated PNG of 16. Premultiplied alpha becomes straight. Damaged EXIF blocks and profiles are ignored.

        Raises UnreadableInput (empty), UnsupportedInput (no photo, a kind of pixels that is not decoded, or its name
        says another format), TooLarge (more bytes or pixels than allowed; decided from headers), DamagedInput
        (truncated or corrupt).
        """
        if not data:
            raise UnreadableInput(f"{name}: is empty; fetch it again or leave it out")
        _refuse_videos(data[:PEEK], name)
        if len(data) > limits.max_bytes:
            raise TooLarge(
                f"{name}: is larger than {limits.max_bytes // 1_000_000} MB; make it smaller or leave it out"
            )
        kind = _kind(data, name)
        with _alone(limits.max_pixels), _faults_as_errors(name, kind):
            from unseen.adapters.photo.decode import decode

            return decode(data, kind, Bounds(name, limits))

    def encode(self, photo: Photo, *, format: str | None = None, keep: frozenset[str] = frozenset({"icc"})) -> bytes:
        """Encode as `format` (default: the photo's own) with no metadata but what `keep` names.

        JPEG tables, chroma and scan order, WebP and TIFF compression, palettes and levels follow the photo; what else
        is lossy is written at quality 90. Raises UnsupportedInput for what a format cannot hold; what is converted
        instead is told by `unseen.adapters.photo.fit.fit`.
        """
        kind = format or photo.format
        if kind not in FORMATS:
            raise UnsupportedInput(f"{kind!r} is no format that Unseen writes; choose one of {', '.join(FORMATS)}")
        try:
            with _alone():
                from unseen.adapters.photo.encode import encode

                return encode(photo, kind, keep)
        except FileError:
            raise
        except MemoryError as error:
            raise TooLarge("the result needs more memory than there is; make the photo smaller") from error
        except Exception as error:
            # Libraries raise whatever they like; nothing has been written, and the photo stays unreleased.
            raise UnsupportedInput(f"the result cannot be written as {kind.upper()}; try --format png") from error


def _refuse_videos(head: bytes, name: str) -> None:
    """Raise UnsupportedInput for a video; one that Unseen reads, too, as its name does not say what it is."""
    found = sniff_all(head)
    if found is not None and not found.photo:
        raise _misnamed(name, found)


def _misnamed(name: str, found: Held) -> UnsupportedInput:
    ending = _ending(name)
    called = f" but is named .{ending}" if ending else " but has no ending"
    return UnsupportedInput(f"{name}: {found.advice(called)}")


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def _kind(data: bytes, name: str) -> str:
    kind = sniff(data[:64])
    if kind is None:
        raise UnsupportedInput(f"{name}: holds no photo that Unseen knows ({', '.join(FORMATS)}); convert it first")
    if _ending(name) not in FORMATS[kind]:
        raise _misnamed(name, held(kind))
    return kind


@contextmanager
def _alone(max_pixels: int | None = None) -> Iterator[None]:
    """Silence warnings and set Pillow's guard against bombs to our limit, while nobody else is at work."""
    from PIL import Image

    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = Image.MAX_IMAGE_PIXELS
        # Pillow warns from this number on, which is ignored, and raises at twice as many.
        Image.MAX_IMAGE_PIXELS = None if max_pixels is None else max_pixels // 2 + 1
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


@contextmanager
def _faults_as_errors(name: str, kind: str) -> Iterator[None]:
    """Map whatever is raised to the tree of errors; what libraries say is left out, as it may quote the file."""
    from PIL import Image

    try:
        yield
    except FileError:
        raise
    except Undecodable as error:
        raise UnsupportedInput(f"{name}: holds {error}, which Unseen does not read; convert it first") from error
    except Truncated as error:
        raise DamagedInput(f"{name}: is truncated, its end is missing; fetch it again or leave it out") from error
    except Image.DecompressionBombError as error:
        raise TooLarge(f"{name}: has more pixels than allowed; raise --max-megapixels if it is no bomb") from error
    except MemoryError as error:
        raise TooLarge(f"{name}: needs more memory than there is; make it smaller or leave it out") from error
    except Exception as error:
        if any(words in str(error) for words in _BEYOND):
            raise UnsupportedInput(
                f"{name}: holds a kind of {kind.upper()} that Unseen does not read; convert it first"
            ) from error
        raise DamagedInput(f"{name}: is damaged and cannot be decoded; fetch it again or leave it out") from error
