"""What a live camera's frames become on their way out: hidden, encoded once for all who want them, and handed on."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import numpy as np

from unseen.adapters.live.encode import H264Encoder, JpegEncoder
from unseen.adapters.video.smaller import Smaller
from unseen.core.live import Unit, UnitKind
from unseen.core.photos import Pixels
from unseen.core.ports import LiveEncoder, LiveTarget
from unseen.core.recipe import Recipe
from unseen.core.video import VideoInfo
from unseen.media.live import HIDDEN_WHOLE, Due, in_one_colour
from unseen.media.live_pace import Haste
from unseen.media.thin import lower_rate
from unseen.pixels.notice import notice
from unseen.pixels.planes import Grain, HeldCells, PlaneForm, hide_planes

__all__ = ["NoPictureYet", "Output"]

_HELD_FRAMES = 12
_FAULT, _NO_SIGNAL = "HIDDEN  FAULT", "NO SIGNAL"
#: Pixels of what is shown of a camera of whose pictures nobody knows the size yet.
_UNKNOWN_SIZE = (640, 360)
#: Which kinds of pictures each encoder makes.
_MADE: dict[str, frozenset[UnitKind]] = {"h264": frozenset({"h264", "mp4"}), "jpeg": frozenset({"jpeg"})}


class Output:
    """Hides frames, encodes each once for all who want it, and hands it to the targets.

    `h264` and `jpeg` make encoders, also anew after one has failed; the times of H.264 count from the seconds given.
    """

    def __init__(
        self,
        camera: str,
        info: VideoInfo,
        recipe: Recipe,
        targets: Sequence[LiveTarget],
        clock: Callable[[], float],
        *,
        h264: Callable[[VideoInfo, float], LiveEncoder] = H264Encoder,
        jpeg: Callable[[VideoInfo], LiveEncoder] = JpegEncoder,
    ) -> None:
        rate = recipe.video.max_rate
        info = info if rate is None else lower_rate(info, rate)
        self._smaller = Smaller(info, recipe.max_side)
        self._camera, self._info, self._targets, self._clock = camera, self._smaller.info, targets, clock
        self.haste = Haste(1 / float(info.rate))
        self._form = PlaneForm(full_range=info.colour.full_range)
        self._held = HeldCells(_HELD_FRAMES)
        self._seed = secrets.randbits(128)
        self._grain = Grain(np.random.default_rng(self._seed))
        self._encoders = _Encoders(
            {"h264": lambda: h264(self._info, self._origin or 0.0), "jpeg": lambda: jpeg(self._info)}
        )
        self._origin: float | None = None
        self._blank = _blank(self._info.width, self._info.height)
        # Made now: nothing can go wrong with them when something else does.
        self._notices = {text: notice(self._blank, self._form, text) for text in (_FAULT, _NO_SIGNAL)}
        self._faults = 0

    @property
    def faults(self) -> int:
        """How often hiding or encoding failed."""
        return self._faults + self._encoders.faults

    def hand_on(self, due: Due) -> str:
        """Hide a frame and hand it on; return why it was hidden whole, "" if it was not."""
        whole: str = due.whole
        try:
            planes = self._notice(HIDDEN_WHOLE[due.whole]) if due.whole else self._hidden(due)
        except Exception:  # noqa: BLE001  # whatever goes wrong, the frame is not shown
            self._faults += 1
            whole, planes = "fault", self._notices[_FAULT]
        self._send(planes, due.at)
        return whole

    def no_signal(self, at: float) -> None:
        """Hand on a picture that says that the camera sends none."""
        self._send(self._notice(_NO_SIGNAL), at)

    def _hidden(self, due: Due) -> tuple[Pixels, ...]:
        began = self._clock()
        try:
            # The same grain in each frame: it would else be the costliest part to encode.
            noise = np.random.default_rng(self._seed)
            regions = [in_one_colour(region) for region in due.regions] if self.haste.now else due.regions
            hidden = hide_planes(due.frame.planes, regions, self._form, noise, self._held, self._grain)
            return self._smaller.planes(hidden)
        finally:
            self.haste.note(self._clock() - began)

    def _notice(self, text: str) -> tuple[Pixels, ...]:
        if text not in self._notices:
            self._notices[text] = notice(self._blank, self._form, text)
        return self._notices[text]

    def _send(self, planes: tuple[Pixels, ...], at: float) -> None:
        wanted = [target.wants(self._camera) for target in self._targets]
        # What an encoder begins anew counts on from here: files and viewers go on with what the one before began.
        self._origin = at if self._origin is None else self._origin
        for encoder, kinds in _MADE.items():
            if not any(of & kinds for of, _ in wanted):
                continue
            for unit in self._encoders.encode(encoder, planes, at, key=any(new for of, new in wanted if of & kinds)):
                for target in self._targets:
                    target.send(self._camera, unit)


class _Encoders:
    """Encoders by their names, each made when it is needed, and anew after it has failed."""

    def __init__(self, makers: Mapping[str, Callable[[], LiveEncoder]]) -> None:
        self._makers, self._made = makers, dict[str, LiveEncoder]()
        self.faults = 0

    def encode(self, name: str, planes: tuple[Pixels, ...], at: float, *, key: bool) -> Sequence[Unit]:
        """Encode a picture; none comes out where that fails, and the next one begins anew, with a key picture."""
        try:
            if name not in self._made:
                self._made[name] = self._makers[name]()
            return self._made[name].encode(planes, at, key=key)
        except Exception:  # noqa: BLE001  # whatever goes wrong, the next picture is tried
            self.faults += 1
            self._made.pop(name, None)
            return ()


class NoPictureYet:
    """What is shown of a camera that has sent nothing yet: NO SIGNAL, as JPEG alone.

    JPEG pictures may change their size at any time. What is sent as H.264 and MP4 begins in the size of the camera.
    """

    def __init__(
        self,
        camera: str,
        targets: Sequence[LiveTarget],
        *,
        jpeg: Callable[[VideoInfo], LiveEncoder] = JpegEncoder,
    ) -> None:
        self._camera, self._targets = camera, targets
        width, height = _UNKNOWN_SIZE
        info = VideoInfo("live", "mjpeg", width, height, Fraction(25), Fraction(1, 90_000), "yuv420p")
        self._planes = notice(_blank(width, height), PlaneForm(full_range=False), _NO_SIGNAL)
        self._encoders = _Encoders({"jpeg": lambda: jpeg(info)})
        self._data = b""

    @property
    def faults(self) -> int:
        """How often encoding failed."""
        return self._encoders.faults

    def no_signal(self, at: float) -> None:
        """Hand on a picture that says that the camera sends none, if somebody wants it as JPEG."""
        wanting = [target for target in self._targets if "jpeg" in target.wants(self._camera)[0]]
        if wanting and not self._data:
            self._data = b"".join(unit.data for unit in self._encoders.encode("jpeg", self._planes, at, key=True))
        for target in wanting if self._data else ():
            target.send(self._camera, Unit("jpeg", self._data, at))


def _blank(width: int, height: int) -> tuple[Pixels, ...]:
    small = (-(-height // 2), -(-width // 2))
    return tuple(np.zeros(shape, np.uint8) for shape in ((height, width), small, small))
