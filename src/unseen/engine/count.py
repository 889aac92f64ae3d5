"""Counts what passes in videos, without writing any of them: decode, detect, track, count, write the tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from unseen.adapters.cpu_threads import single_threaded
from unseen.adapters.files_sniff import sniff_all
from unseen.adapters.files_tree import Item, walk
from unseen.adapters.video.planes import layout
from unseen.adapters.video_av import AvCodec
from unseen.core.counts import Counted
from unseen.core.formats import is_video
from unseen.core.jobs import CountJob
from unseen.core.models import DETECTOR_SIDE
from unseen.core.names import display
from unseen.core.photos import Rgb8
from unseen.core.ports import Detector, ModelStore, VideoCodec, VideoReader
from unseen.core.receipts import FrameNote
from unseen.core.regions import Detection
from unseen.engine.admission import admit
from unseen.engine.assemble import open_objects
from unseen.engine.counts import minimised, plan_counting, write_counts
from unseen.engine.film.count import FilmCounts, VideoCounting
from unseen.engine.local import share_cores
from unseen.engine.models import model_store
from unseen.engine.needed_models import require_objects
from unseen.errors import UsageError
from unseen.media.ahead import ahead
from unseen.media.pace import Kind, Ticks, pace_for
from unseen.media.scan import scan
from unseen.media.shots import ShotCuts
from unseen.media.sights import Scanned, Sight
from unseen.media.upright import Upright
from unseen.media.windows import Sizes, Windows
from unseen.traffic.follow import LOST_S
from unseen.traffic.tally import Tally, merge

__all__ = ["CountTools", "VideoCount", "open_tools", "run"]

#: Seconds of a window, and of what is known around it.
_WINDOW_S, _AROUND_S = 2.0, LOST_S + 0.4
_AHEAD = 8


@dataclass(frozen=True, slots=True)
class CountTools:
    """What counting works with: the codec, what finds persons and vehicles, and what that runs on."""

    codec: VideoCodec
    objects: Detector
    device: str


def open_tools(job: CountJob, store: ModelStore) -> CountTools:
    """Open the model; raises ModelUnavailable, DeviceUnavailable or ModelCorrupt."""
    single_threaded()
    threads = share_cores(1, 1)[1]
    return CountTools(AvCodec(threads), *open_objects(require_objects(store), job.device, threads))


def run(
    job: CountJob,
    listen: Callable[[FrameNote], None] = lambda _: None,
    *,
    store: ModelStore | None = None,
    make_tools: Callable[[CountJob, ModelStore], CountTools] = open_tools,
) -> Counted:
    """Count the videos of a job and write the tables; raises UsageError, Refused, FileError or OutputFailed.

    Nothing is written unless all videos are counted to their end.
    """
    with admit("count", None, job.sources, job.access) as admission:
        items = _videos(job)
        for item in items:
            admission.check(item.path, output="table")
        job = replace(job, counting=minimised(job.counting, admission.kept.fields))
        done = _counted(job, items, listen, model_store() if store is None else store, make_tools)
        for table in done.files:
            admission.made(table, [item.path for item in items], "table")
    return done


def _counted(
    job: CountJob,
    items: Sequence[Item],
    listen: Callable[[FrameNote], None],
    store: ModelStore,
    make_tools: Callable[[CountJob, ModelStore], CountTools],
) -> Counted:
    began = time.perf_counter()
    codec = AvCodec()
    plans = plan_counting(job.counting, [(item.path, display(item.path)) for item in items], codec)
    tools = make_tools(job, store)
    tallies, frames, problems = list[Tally](), 0, list[str]()
    for item, plan in zip(items, plans, strict=True):
        counted = VideoCount(item.path, plan, tools, job.stride)
        tallies.append(counted.tally(listen))
        frames += counted.frames
        problems += counted.problems
    done = write_counts(merge(tallies), plans[0].scene, job.counting)
    return replace(
        done, frames=frames, seconds=time.perf_counter() - began, device=tools.device, problems=tuple(problems)
    )


def _videos(job: CountJob) -> list[Item]:
    """Return the videos of a job, in order; raises UsageError if one cannot be done, or there is none."""
    items = list(walk(job.sources, sniff_all))
    for item in items:
        if item.note and item.fate != "skip":
            raise UsageError(f"{display(item.path)}: {item.note}")
    videos = [item for item in items if item.fate == "redact" and is_video(item.path.name)]
    if not videos:
        raise UsageError("there is no video to count in; name one, or a folder of them")
    return videos


class VideoCount:
    """One video that is counted with tools, looking at every `stride`-th frame."""

    def __init__(self, path: Path, plan: VideoCounting, tools: CountTools, stride: int | None = None) -> None:
        self._path, self._name, self._plan = path, display(path), plan
        self._tools, self._stride = tools, stride
        self.frames = 0
        self.problems: tuple[str, ...] = ()

    def tally(self, listen: Callable[[FrameNote], None] = lambda _: None, tally: Tally | None = None) -> Tally:
        """Go through the video once and return its counts; raises FileError or UsageError."""
        with self._tools.codec.open_video(self._path, self._name) as reader:
            info = reader.info
            counts = FilmCounts(self._plan, info, tally)
            rate = float(info.rate)
            windows = Windows(Sizes(max(8, round(_WINDOW_S * rate)), max(4, round(_AROUND_S * rate))))
            with closing(ahead(self._scanned(reader, counts.classes), _AHEAD)) as scanned:
                for window in windows.gather(scanned):
                    counts.take(window)
                    self.frames = window.last + 1
                    listen(FrameNote(self._name, self.frames, info.frames))
            self.problems = tuple(f"{self._name}: {problem}" for problem in reader.problems)
        return counts.finish()

    def _scanned(self, reader: VideoReader, classes: frozenset[str]) -> Iterator[Scanned]:
        def find(image: Rgb8, kind: Kind, before: Sequence[Detection]) -> Sight:
            return Sight([d for d in self._tools.objects.detect([image])[0] if d.cls in classes])

        info = reader.info
        pace = pace_for(self._stride, float(info.rate), looks=self._plan.asked.looks)
        cuts = ShotCuts(layout(info.pixel_format).bits)
        ticks = Ticks(float(info.rate), float(info.time_base)) if self._stride is None else None
        for each in scan(reader, reader, find, Upright(info, DETECTOR_SIDE), pace, cuts, ticks=ticks):
            # Windows hold frames for a while; nobody needs their pixels any more.
            yield replace(each, frame=replace(each.frame, planes=()))
