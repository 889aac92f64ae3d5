"""How what a model finds in videos is linked and covered, and from which score on it is believed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from unseen.core.models import DETECTOR_SIDE
from unseen.core.video import Track
from unseen.tracks.settings import BEYOND, CoverSettings, LinkSettings

__all__ = ["ELSE", "FOLLOWED", "Belief", "Followed", "followed"]


@dataclass(frozen=True, slots=True)
class Belief:
    """The score that a track must reach once: `small` where its size (the square root of the area, in pixels of the
    picture that was looked at) is at most the first of `sizes`, `large` from the second on, and in between in between.

    What is large is seen clearly, or it is none; what is small is seen faintly, and hidden at little cost. More asked
    of middle sizes would leave out faces with masks (ADR 29).
    """

    small: float
    large: float
    sizes: tuple[float, float]

    def least(self, size: float) -> float:
        """Return the score for a size."""
        low, high = map(math.log, self.sizes)
        share = (math.log(max(size, 1e-3)) - low) / (high - low)
        return self.small + (self.large - self.small) * min(1.0, max(0.0, share))


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """How what a model finds is linked and covered; tracks that it never saw as well as `belief` says are left out.

    `again_from` is for one that looks at the whole picture in close looks, too, so that it sees there who is new: from
    which longer side on, as a share of the picture's, as close looks are at smaller pictures. None for others, of which
    each look tells where they would have.
    """

    link: LinkSettings = field(default_factory=LinkSettings)
    cover: CoverSettings = field(default_factory=CoverSettings)
    belief: Belief | None = None
    again_from: float | None = None

    def believed(self, track: Track, longer: int) -> bool:
        """Whether a track of a video whose longer side is `longer` pixels is taken for what it says it is."""
        if self.belief is None:
            return True
        seen = [point for point in track.points if point.detected]
        size = statistics.median(math.sqrt(point.box.area) for point in seen) * min(1.0, DETECTOR_SIDE / longer)
        return max(point.score for point in seen) >= self.belief.least(size)


ELSE = Followed()
#: By the model that found; where several did, the first here counts, or a person would change how faces are linked.
#: YuNet looks at most of a frame several times a second and loses a face for a look or two in a crowd; it sees most of
#: what it sees at once and well, so that less is to be covered before and after. YOLO's boxes of a person differ from
#: frame to frame by some pixels, so that the hull of few of them hides less.
FOLLOWED: Mapping[str, Followed] = MappingProxyType(
    {
        "yunet": Followed(
            LinkSettings(patience_s=0.5),
            CoverSettings(
                grain=1.5, beyond={**BEYOND, "face": replace(BEYOND["face"], extend_s=0.25, sure=40, strong=0.7)}
            ),
            Belief(0.25, 0.6, (16.0, 160.0)),
        ),
        "yolo26n": Followed(cover=CoverSettings(sparse=0.1), again_from=0.08),
    }
)


def followed(models: Sequence[str]) -> Followed:
    """Return how what some models found together is followed: as the first asks for that FOLLOWED names."""
    return next((FOLLOWED[model] for model in FOLLOWED if model in models), ELSE)
