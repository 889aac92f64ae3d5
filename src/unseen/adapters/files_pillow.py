"""Photo files by Pillow, with pillow-heif for HEIC and OpenCV for deep colour."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from unseen.adapters import pillow_decode, pillow_encode
from unseen.adapters.files_sniff import sniff
from unseen.core.photos import FORMATS, Limits, Photo
from unseen.errors import DamagedInput, FileError, TooLarge, UnreadableInput, UnsupportedInput

__all__ = ["PillowCodec", "sniff"]

#: What Pillow, OpenCV and libheif raise for damaged data, in their own ways.
_DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError, OverflowError,
    ZeroDivisionError, RuntimeError, AssertionError, struct.error, zlib.error, Warning,
)  # fmt: skip


class PillowCodec:
    """Decodes photos to upright frames and encodes them afresh, so that nothing but pixels is carried over."""

    def decode(self, data: bytes, name: str, limits: Limits) -> Photo:
        """Decode all frames, upright.

        Raises UnreadableInput (empty), UnsupportedInput (no photo, or its name says another format), TooLarge (more
        bytes or pixels than allowed; decided from headers), DamagedInput (truncated or corrupt).
        """
        if not data:
            raise UnreadableInput(f"{name}: is empty; fetch it again or leave it out")
        if len(data) > limits.max_bytes:
            raise TooLarge(
                f"{name}: is larger than {limits.max_bytes // 1_000_000} MB; make it smaller or leave it out"
            )
        kind = _kind(data, name)
        with _damage_as_errors(name):
            return pillow_decode.decode(data, kind, name, limits)

    def encode(self, photo: Photo, *, format: str | None = None, keep: frozenset[str] = frozenset({"icc"})) -> bytes:
        """Encode as `format` (default: the photo's own) with no metadata but what `keep` names.

        What the format cannot hold is converted where nothing is lost that shows (CMYK to RGB, 16 bits to 8, alpha on
        white); several frames in a format of one raise UnsupportedInput.
        """
        kind = format or photo.format
        try:
            return pillow_encode.encode(photo, kind, keep)
        except FileError:
            raise
        except (*_DAMAGE, MemoryError) as error:
            reason = _first_line(error)
            raise UnsupportedInput(
                f"the result cannot be written as {kind.upper()} ({reason}); try --format"
            ) from error


def _kind(data: bytes, name: str) -> str:
    kind = sniff(data[:64])
    if kind is None:
        raise UnsupportedInput(f"{name}: holds no photo that Unseen knows ({', '.join(FORMATS)}); convert it first")
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending not in FORMATS[kind]:
        called = f"is named .{ending}" if ending else "has no ending"
        raise UnsupportedInput(
            f"{name}: holds {kind.upper()} data but {called}; rename it to end in .{FORMATS[kind][0]}"
        )
    return kind


@contextmanager
def _damage_as_errors(name: str) -> Iterator[None]:
    """Map whatever the libraries raise, and what they only warn of, to the tree of errors."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except FileError:
        raise
    except MemoryError as error:
        raise TooLarge(f"{name}: needs more memory than there is; make it smaller or leave it out") from error
    except _DAMAGE as error:
        raise DamagedInput(f"{name}: is damaged ({_first_line(error)}); fetch it again or leave it out") from error
    except Exception as error:
        # Libraries have errors of their own (cv2.error, PIL.UnidentifiedImageError, DecompressionBombError).
        raise DamagedInput(
            f"{name}: cannot be decoded ({_first_line(error)}); fetch it again or leave it out"
        ) from error


def _first_line(error: BaseException) -> str:
    """Return the first line of an error, short, without what may be an address or a path."""
    text = (str(error).splitlines() or [""])[0].split(" <")[0][:80].strip()
    return text or type(error).__name__
