"""What a live camera's frames become on their way out: hidden, encoded once for all who want them, and handed on."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

import numpy as np

from unseen.adapters.live_encode import H264Encoder, JpegEncoder
from unseen.adapters.video.smaller import Smaller
from unseen.core.live import Unit, UnitKind
from unseen.core.photos import Pixels
from unseen.core.ports import LiveTarget
from unseen.core.recipe import Recipe
from unseen.core.video import VideoInfo
from unseen.errors import UnseenError
from unseen.media.live import HIDDEN_WHOLE, Due, quick
from unseen.media.live_pace import Haste
from unseen.media.thin import lower_rate
from unseen.pixels.notice import notice
from unseen.pixels.planes import Grain, HeldCells, PlaneForm, hide_planes

__all__ = ["Output"]

_HELD_FRAMES = 12


class Output:
    """Hides frames, encodes each once for all who want it, and hands it to the targets."""

    def __init__(
        self,
        camera: str,
        info: VideoInfo,
        recipe: Recipe,
        targets: Sequence[LiveTarget],
        clock: Callable[[], float],
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
        self._h264: H264Encoder | None = None
        self._jpeg: JpegEncoder | None = None
        height, width = self._info.height, self._info.width
        small = (-(-height // 2), -(-width // 2))
        self._blank = tuple(np.zeros(shape, np.uint8) for shape in ((height, width), small, small))
        self._notices: dict[str, tuple[Pixels, ...]] = {}
        self.faults = 0

    def hand_on(self, due: Due) -> str:
        """Hide a frame and hand it on; return why it was hidden whole, "" if it was not."""
        whole: str = due.whole
        if whole:
            planes = self._notice(HIDDEN_WHOLE[due.whole])
        else:
            began = self._clock()
            try:
                # The same grain in each frame: it would else be the costliest part to encode.
                noise = np.random.default_rng(self._seed)
                regions = [quick(region) for region in due.regions] if self.haste.now else due.regions
                hidden = hide_planes(due.frame.planes, regions, self._form, noise, self._held, self._grain)
                planes = self._smaller.planes(hidden)
            except Exception:  # noqa: BLE001  # whatever goes wrong, the frame is not shown
                self.faults += 1
                whole, planes = "fault", self._notice("HIDDEN  FAULT")
            self.haste.note(self._clock() - began)
        self._send(planes, due.at)
        return whole

    def no_signal(self, at: float) -> None:
        """Hand on a picture that says that the camera sends none."""
        self._send(self._notice("NO SIGNAL"), at)

    def _notice(self, text: str) -> tuple[Pixels, ...]:
        if text not in self._notices:
            self._notices[text] = notice(self._blank, self._form, text)
        return self._notices[text]

    def _send(self, planes: tuple[Pixels, ...], at: float) -> None:
        wanted = [target.wants(self._camera) for target in self._targets]
        kinds: frozenset[UnitKind] = frozenset().union(*(kinds for kinds, _ in wanted))
        units: list[Unit] = []
        try:
            if kinds & {"h264", "mp4"}:
                self._h264 = self._h264 or H264Encoder(self._info)
                key = any(new for of, new in wanted if of & {"h264", "mp4"})
                units += self._h264.encode(planes, at, key=key)
            if "jpeg" in kinds:
                self._jpeg = self._jpeg or JpegEncoder(self._info)
                units += self._jpeg.encode(planes, at)
        except UnseenError:
            self.faults += 1
            self._h264 = self._jpeg = None
        for unit in units:
            for target in self._targets:
                target.send(self._camera, unit)
