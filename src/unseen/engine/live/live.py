"""Runs live cameras: decide, open targets, start the detector, then let frames flow until it is told to stop."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.adapters.cpu_threads import single_threaded
from unseen.adapters.files_output import check_writable, write_whole
from unseen.adapters.files_tree import refuse_records
from unseen.adapters.live.http import HttpTarget
from unseen.adapters.live.rtsp_push import rtsp_target
from unseen.adapters.live.segments import segment_target
from unseen.adapters.live.source_av import open_feed
from unseen.core.live import CameraSource, LiveJob
from unseen.core.live_address import mask_name
from unseen.core.ports import LiveFeed, LiveTarget, ModelStore
from unseen.core.recipe import Recipe
from unseen.core.scene import COUNTED
from unseen.engine.admission import admit
from unseen.engine.counts import minimised
from unseen.engine.live.camera import Camera, FeedOpener
from unseen.engine.live.count import LiveCounts
from unseen.engine.live.crew import Crew
from unseen.engine.live.detector import LiveDetector
from unseen.engine.live.figures import prometheus
from unseen.engine.live.looker import LookerSetup
from unseen.engine.live.permit import Permit
from unseen.engine.live.recipe import for_live
from unseen.engine.models import model_store
from unseen.engine.needed_models import Models, require_models
from unseen.errors import UnreadableInput, UsageError
from unseen.tracks.live import warm_up

if TYPE_CHECKING:
    from unseen.engine.standing import Standing

__all__ = ["SCHEMA", "Live", "LiveTools", "run"]

SCHEMA = "unseen-live/1"
_TICK = 0.05
_JOIN = 5.0
_AGAIN = "tried again until it works"
#: Unlike pathlib's, they say no to a word that is too long for a name.
_is_file: Callable[[str], bool] = os.path.isfile
_is_there: Callable[[str], bool] = os.path.exists


def _connect(source: Any, like: Any, wait: Callable[[float], object]) -> LiveFeed:
    return open_feed(source, like, wait=wait)


@dataclass(frozen=True, slots=True)
class LiveTools:
    """What a run works with, so that tests can put other things in place: models, feeds, detector, clocks."""

    store: ModelStore | None = None
    open_feed: FeedOpener = _connect
    make_detector: Callable[[Recipe, Models | None, LiveJob], LiveDetector] | None = None
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], float] = time.time


@dataclass(slots=True)
class Live:
    """A run that goes on: what is told of it, and how it is stopped."""

    cameras: Sequence[Camera]
    targets: list[LiveTarget]
    detector: LiveDetector
    began: float
    clock: Callable[[], float]
    counts: LiveCounts | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    permits: Sequence[Permit] = ()

    @property
    def problems(self) -> list[str]:
        """What goes wrong at targets just now."""
        return [problem for target in self.targets for problem in target.problems.values()]

    @property
    def troubles(self) -> list[str]:
        """What goes wrong just now at targets and cameras, and what becomes of it, in words for people."""
        told = [f"{problem}; {_AGAIN}" for problem in self.problems]
        for camera in self.cameras:
            for degrees in camera.turned:
                told.append(
                    f"{camera.source.name}: people in it are upright only when turned by {degrees} degrees; they are "
                    "looked for that way, too, which takes as long again: turn the picture in the camera's settings"
                )
            if camera.error is not None:
                name = f"{camera.source.name}: "
                text = name + str(camera.error).removeprefix(name)
                told.append(text if camera.source.kind == "file" else f"{text}; {_AGAIN}")
        return told

    @property
    def addresses(self) -> list[str]:
        """Where viewers find pages."""
        return [target.address for target in self.targets if isinstance(target, HttpTarget)]

    def status(self) -> dict[str, Any]:
        """Return all figures as plain values; no password is in them."""
        cameras = {}
        for camera in self.cameras:
            name = camera.source.name
            viewers = sum(target.watching(name) for target in self.targets if isinstance(target, HttpTarget))
            cameras[name] = {**camera.status(), "viewers": viewers}
        return {
            "schema": SCHEMA,
            "seconds": round(self.clock() - self.began, 3),
            "detector": {
                "state": self.detector.state,
                "process": self.detector.pid,
                "starts": self.detector.starts,
                "stalls": self.detector.stalls,
                "devices": list(self.detector.devices),
            },
            "cameras": cameras,
            "problems": self.problems,
        }


def run(
    job: LiveJob,
    *,
    stop: threading.Event | None = None,
    ready: Callable[[Live], None] = lambda _: None,
    tools: LiveTools | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Run until `stop` is set, the time is up or all files have ended, and return the last status.

    `ready` is called once everything is open, and `tell` with what goes wrong at a target or a camera, when it begins
    and when it changes. Raises UsageError, UnreadableInput, Refused or ModelUnavailable before anything is published,
    what ended a camera for good (a file that cannot be read), and UnseenError if a thread of its own died.
    """
    tools = tools or LiveTools()
    _check_report(job)
    for source in job.sources:
        if source.kind == "file" and not _is_file(source.url):
            why = "is no regular file; name a video" if _is_there(source.url) else "no such file; check the name"
            raise UnreadableInput(f"{source.name}: {mask_name(source.url) or 'the source'}: {why}")
    single_threaded()
    warm_up()
    job, standing = _settled(job)
    with ExitStack() as kept:
        if standing is not None:
            kept.enter_context(standing)
        return _run(job, stop, ready, tools, standing, tell)


def _run(
    job: LiveJob,
    stop: threading.Event | None,
    ready: Callable[[Live], None],
    tools: LiveTools,
    standing: Standing | None,
    tell: Callable[[str], None],
) -> dict[str, Any]:
    detector = (tools.make_detector or _detector)(job.recipe, _models(job, tools), job)
    wake = threading.Event()
    targets: list[LiveTarget] = []
    counts = None
    if job.counting is not None:
        counts = LiveCounts(job.counting, clock=tools.clock, wall_clock=tools.wall_clock)
    cameras = [
        Camera(s, job, targets, open_feed=tools.open_feed, clock=tools.clock, wake=wake.set, counts=counts)
        for s in job.sources
    ]
    permits = [] if standing is None else [Permit(each.source.name, standing, tools.clock) for each in cameras]
    for camera, permit in zip(cameras, permits, strict=False):
        camera.permit = permit
    live = Live(cameras, targets, detector, tools.clock(), tools.clock, counts, stop or threading.Event(), permits)
    with ExitStack() as stack:
        stack.callback(detector.close)
        _open_targets(job, live, stack, tools)
        crew, done = Crew(), threading.Event()
        stack.callback(_finish, live, crew, wake, done)
        crew.start("watchdog", partial(_watch, live, done))
        detector.start()
        publishing = _start(live, crew, wake)
        ready(live)
        _wait(live, job, crew, publishing, tell)
    status = live.status()
    if counts is not None:
        counts.finish()
    _write_report(job, status)
    for camera in cameras:
        if camera.error is not None and camera.source.kind == "file":
            raise camera.error
    return status


def _settled(job: LiveJob) -> tuple[LiveJob, Standing | None]:
    """Return the job as the policy allows it, and what decides again while it goes on; raises Refused."""
    files = {source: Path(source.url) for source in job.sources if source.kind == "file"}
    also = ("count",) if job.counting is not None else ()
    with admit("live", job.recipe, list(files.values()), job.access, also=also) as admission:
        for source in job.sources:
            if source in files:
                admission.check(files[source], output="live")
            else:
                admission.check_camera(source.name)
        recipe = for_live(admission.recipe)
        counting = None if job.counting is None else minimised(job.counting, admission.kept.fields)
        standing = admission.standing("live")
    settled = replace(job, recipe=recipe, counting=counting)
    return settled, None if standing is None else _watching(standing, job, files)


def _watching(standing: Standing, job: LiveJob, files: Mapping[CameraSource, Path]) -> Standing:
    try:
        for source in job.sources:
            if source in files:
                standing.watch_file(source.name, files[source])
            else:
                standing.watch_camera(source.name)
    except BaseException:
        standing.__exit__()
        raise
    return standing


def _models(job: LiveJob, tools: LiveTools) -> Models | None:
    if tools.make_detector is not None:
        return None
    store = model_store() if tools.store is None else tools.store
    return require_models(job.recipe, store, counting=job.counting is not None)


def _detector(recipe: Recipe, models: Models | None, job: LiveJob) -> LiveDetector:
    if models is None:
        raise UsageError("the detector needs models")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    also = frozenset[str]() if job.counting is None else frozenset(COUNTED)
    setup = LookerSetup(recipe, models, job.device, max(1, cores - 1), also)
    return LiveDetector(setup, stall=max(1.0, 2 * job.look_ahead))


def _open_targets(job: LiveJob, live: Live, stack: ExitStack, tools: LiveTools) -> None:
    names = tuple(source.name for source in job.sources)
    for target in job.targets:
        opened: LiveTarget
        if target.kind == "http":
            opened = HttpTarget(
                target, job.listening, names, status=live.status, metrics=lambda: prometheus(live.status())
            )
        elif target.kind == "rtsp":
            opened = rtsp_target(target)
        else:
            opened = segment_target(Path(target.url), names, job.segments, clock=tools.wall_clock)
        live.targets.append(opened)
        stack.callback(opened.close)


def _watch(live: Live, done: threading.Event) -> None:
    """Watch over the detector, and do nothing else that could hold this up."""
    while not done.wait(_TICK):
        live.detector.check()


def _start(live: Live, crew: Crew, wake: threading.Event) -> list[threading.Thread]:
    """Let all work begin, and return the threads that publish."""
    crew.start("look", partial(_look, live, wake))
    for camera in live.cameras:
        crew.start(f"feed {camera.source.name}", partial(camera.feed, live.stop))
    return [crew.start(f"publish {each.source.name}", partial(each.publish, live.stop)) for each in live.cameras]


def _look(live: Live, wake: threading.Event) -> None:
    """Let the detector look at the cameras in turn, one frame at a time."""
    while not live.stop.is_set():
        wake.clear()
        asked = False
        for camera in live.cameras:
            question = camera.question()
            if question is not None:
                asked = True
                camera.answer(question, [live.detector.look(view) for view in question.views])
        if not asked:
            wake.wait(_TICK)


def _wait(
    live: Live, job: LiveJob, crew: Crew, publishing: Sequence[threading.Thread], tell: Callable[[str], None]
) -> None:
    """Watch over the threads, permits and counts until the run is over; raises UnseenError if a thread has died."""
    told = list[str]()
    while not live.stop.wait(_TICK):
        crew.check()
        before, told = told, live.troubles
        for problem in told:
            if problem not in before:
                tell(problem)
        for permit in live.permits:
            permit.renew()
        if live.counts is not None:
            live.counts.tick()
            if live.counts.error is not None:
                raise live.counts.error
        if job.stop_after is not None and live.clock() - live.began >= job.stop_after:
            return
        if not any(thread.is_alive() for thread in publishing):
            crew.check()
            return


def _finish(live: Live, crew: Crew, wake: threading.Event, done: threading.Event) -> None:
    live.stop.set()
    wake.set()
    live.detector.close()
    done.set()
    crew.join(_JOIN)


def _check_report(job: LiveJob) -> None:
    """Raise UsageError, Refused or OutputFailed if a report could not be written: at the end it is too late to say."""
    if job.report is None:
        return
    files = [Path(source.url) for source in job.sources if source.kind == "file"]
    named = (job.policy_file, job.listening.certificate, job.listening.key)
    counted = () if job.counting is None else (job.counting.scene, job.counting.out)
    refuse_records([job.report], [*files, *job.read, *(path for path in named if path is not None), *counted])
    check_writable(job.report, "the report")


def _write_report(job: LiveJob, status: dict[str, Any]) -> None:
    if job.report is None:
        return
    record = {"recipe": job.recipe.as_dict(), "targets": [target.shown for target in job.targets], **status}
    write_whole(job.report, [json.dumps(record, indent=2), "\n"], "the report")
