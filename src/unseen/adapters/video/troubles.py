"""What goes wrong while a video is read, apart from what is left out of one that is whole; and what is said of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from unseen.adapters.video.planes import Layout, losses

__all__ = ["Troubles"]


@dataclass(slots=True, kw_only=True)
class Troubles:
    """Counts what goes wrong with a video, and notes what is left out of it: `others` are streams of pictures.

    What others count is handed in when it is asked for: `lost` are packets without a picture, `mended` are stamps.
    """

    others: int = 0
    #: The shape of pixels that the file tells and nobody believes.
    unbelieved: Fraction | None = None
    unread: int = 0
    undecoded: int = 0
    doubted: int = 0
    resized: int = 0
    turned: int = 0
    #: Where the file ends before its time, "" as long as nobody knows that it does.
    ends: str = ""
    _aspects: set[Fraction] = field(default_factory=set)
    _forms: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def formed(self, format: Any, form: Layout) -> None:
        """Note that a picture of FFmpeg's VideoFormat `format` is handed out as `form`."""
        if format.name not in self._forms:
            self._forms[format.name] = losses(format, form)

    def shaped(self, aspect: Fraction | None) -> None:
        """Note the shape of pixels as a decoder tells it with a picture, None or 0 where it tells none."""
        if aspect:
            self._aspects.add(aspect)

    def harmed(self, *, lost: int, mended: int) -> bool:
        """Whether anything went wrong, so that what decoders say of the other frames is not to be relied on."""
        return bool(
            (self.unread or self.undecoded or self.doubted or lost)
            or (self.resized or self.turned or mended or self.ends or len(self._aspects) > 1)
        )

    def said(self, *, lost: int, mended: int) -> tuple[str, ...]:
        """Return all of it, a line each."""
        counted = (
            (self.others, "{} more picture streams are left out; redact each in a file of its own"),
            (self.unread, "{} places of the file cannot be read"),
            (self.undecoded, "{} packets cannot be decoded"),
            (self.doubted, "{} packets are damaged, or made from damaged ones"),
            (lost, "{} packets give no picture"),
            (self.resized, "{} frames have another size than the first"),
            (self.turned, "{} frames are turned otherwise than the first; cut the video there to see them"),
            (mended, "{} time stamps are missing or not rising"),
        )
        shapes = []
        if self.unbelieved is not None:
            told_shape = f"{self.unbelieved.numerator}:{self.unbelieved.denominator}"
            shapes.append(f"a shape of pixels of {told_shape} is not believed; they are taken for square")
        if len(self._aspects) > 1:
            shapes.append("the shape of pixels changes on the way and is taken for the first one; cut the video there")
        less = dict.fromkeys(each for every in self._forms.values() for each in every)
        told = [text.format(count) for count, text in counted if count]
        return (*less, *shapes, *told, *([self.ends] if self.ends else []))
