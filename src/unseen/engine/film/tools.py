"""What a video is worked with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from unseen.core.ports import VideoCodec
from unseen.engine.stopwatch import Stopwatch
from unseen.media.find import Eyes
from unseen.verify.residues import SecondOpinion

__all__ = ["FilmTools"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmTools:
    """What a video is worked with: codec, detectors, second opinion, stop watch, and whom to tell how far it is.

    `note` is called with frames done and frames in all, None where that is not known.
    """

    codec: VideoCodec
    eyes: Eyes
    opinion: SecondOpinion
    watch: Stopwatch
    note: Callable[[int, int | None], None]

    @property
    def verifiers(self) -> frozenset[str]:
        """The models that verify and do not hide."""
        return frozenset(m.name for m in self.opinion.models) - {m.name for m in self.eyes.models}
