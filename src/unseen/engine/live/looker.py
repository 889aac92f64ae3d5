"""The process that looks: pictures come in on standard input, what was found goes out on standard output."""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from unseen.core.photos import Rgb8
from unseen.core.recipe import Recipe
from unseen.core.regions import Detection
from unseen.engine.assemble import assemble
from unseen.engine.needed_models import Models
from unseen.errors import UnseenError
from unseen.media.find import find

__all__ = ["Answer", "LookerSetup", "main", "receive", "receive_picture", "send", "send_picture", "serve"]

_SIZE = struct.Struct(">Q")
_SHAPE = struct.Struct(">QII")
#: Bytes of the largest value; what a library printed is a larger number.
_MOST = 1 << 30


@dataclass(frozen=True, slots=True)
class LookerSetup:
    """What the process needs to open its models; `also` is what it looks for beside what the recipe hides."""

    recipe: Recipe
    models: Models
    device: str
    threads: int
    also: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found in the picture of this number, or why nothing could be; number 0 says that it is ready."""

    number: int
    found: tuple[Detection, ...] = ()
    error: UnseenError | None = None
    devices: tuple[str, ...] = ()


def send(pipe: BinaryIO, value: object) -> None:
    """Write a value with its length before it."""
    data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.write(_SIZE.pack(len(data)) + data)
    pipe.flush()


def receive(pipe: BinaryIO) -> object:
    """Read a value that `send` wrote; raises EOFError when the other side is gone, ValueError for what is none.

    Only for our own processes.
    """
    (size,) = _SIZE.unpack(_read(pipe, _SIZE.size))
    if size > _MOST:
        raise ValueError(f"a value of {size} bytes, which is more than any has")
    data = _read(pipe, size)
    try:
        return pickle.loads(data)  # noqa: S301  # our own process
    except Exception as error:  # what pickle raises depends on what it was given
        raise ValueError("what came is no value") from error


def _read(pipe: BinaryIO, count: int) -> bytes:
    data = pipe.read(count)
    if len(data) < count:
        raise EOFError
    return data


def send_picture(pipe: BinaryIO, number: int, image: Rgb8) -> None:
    """Write a picture, shape (height, width, 3), as it lies in memory: nothing of it touches a disk."""
    pipe.write(_SHAPE.pack(number, image.shape[0], image.shape[1]))
    pipe.write(np.ascontiguousarray(image).data.cast("B"))
    pipe.flush()


def receive_picture(pipe: BinaryIO) -> tuple[int, Rgb8]:
    """Read a picture that `send_picture` wrote; raises EOFError at the end."""
    number, height, width = _SHAPE.unpack(_read(pipe, _SHAPE.size))
    return number, np.frombuffer(_read(pipe, height * width * 3), np.uint8).reshape(height, width, 3)


def serve(pictures: BinaryIO, answers: BinaryIO, look: Callable[[Rgb8], list[Detection]]) -> None:
    """Answer pictures until there are no more; an error is an answer, too."""
    while True:
        try:
            number, image = receive_picture(pictures)
        except EOFError:
            return
        try:
            answer = Answer(number, tuple(look(image)))
        except UnseenError as error:
            answer = Answer(number, error=error)
        send(answers, answer)


def main() -> int:
    """Open the models that standard input tells of, say so, and look; returns when the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pictures, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # Libraries that print would garble the answers.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        setup = receive(pictures)
        if not isinstance(setup, LookerSetup):
            return 2
        eyes = assemble(setup.recipe, setup.models, setup.device, setup.threads, films=False)
        send(answers, Answer(0, devices=tuple(sorted(set(eyes.devices.values())))))
        serve(pictures, answers, lambda image: find(image, eyes.eyes, setup.recipe, setup.also))
    except UnseenError as error:
        send(answers, Answer(0, error=error))
        return 1
    except (EOFError, BrokenPipeError):
        pass
    return 0
