"""What counting has in common, however it is done: the scene, when each video begins, and writing the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from unseen.adapters.charts import chart
from unseen.adapters.counts_page import page
from unseen.adapters.counts_polars import write_table
from unseen.adapters.files_output import OutputFolder, check_writable, write_bytes, write_whole
from unseen.adapters.files_tree import refuse_records
from unseen.adapters.scene_yaml import read_scene
from unseen.adapters.video_av import AvCodec
from unseen.core.counts import Counted, Counting, CountTable, starts_of
from unseen.core.formats import is_video
from unseen.core.jobs import Job
from unseen.core.ports import VideoCodec
from unseen.core.scene import Scene
from unseen.engine.film.count import VideoCounting, check_scene
from unseen.engine.names import Placed
from unseen.engine.report import Report
from unseen.errors import Refused, UnseenError, UsageError
from unseen.traffic.tables import tables_of
from unseen.traffic.tally import Tally, merge

__all__ = ["RunCounts", "minimised", "path_of", "plan_counting", "write_counts", "write_tables"]


def minimised(asked: Counting, fields: frozenset[str] | None) -> Counting:
    """Return what is asked for with no columns but those that its purpose needs; raises Refused if no count is left."""
    if fields is not None and "count" not in fields:
        raise Refused("the purpose keeps no column called count, and nothing else is counted here; name it under keep")
    return asked if fields is None else replace(asked, fields=fields)


def plan_counting(asked: Counting, videos: Sequence[tuple[Path, str]], codec: VideoCodec) -> list[VideoCounting]:
    """Read the scene and decide when each video (path, name) begins; nothing is counted yet.

    Raises UsageError for a scene that is wrong, or made for other pictures, and where a start is missing; FileError for
    a video that cannot be opened; OutputFailed where nothing can be written.
    """
    scene = read_scene(asked.scene)
    check_writable(asked.out, "the counts")
    seconds = []
    for path, name in videos:
        with codec.open_video(path, name) as reader:
            check_scene(scene, reader.info, name)
            seconds.append(reader.info.seconds)
    return [VideoCounting(scene, asked, start) for start in starts_of(asked, seconds)]


def write_counts(tally: Tally, scene: Scene, asked: Counting) -> Counted:
    """Write all tables, and their charts and the summary if they are wanted; raises OutputFailed or UsageError."""
    tables = tables_of(tally, scene, asked)
    files = write_tables(tables, asked)
    # Charts are of whole tables.
    whole = [table for table in tables if not table.dropped]
    if asked.charts and whole:
        files += _write_charts(whole, asked)
    return Counted(tuple(tables), tuple(files))


def write_tables(tables: Sequence[CountTable], asked: Counting) -> list[Path]:
    """Write tables and return where they are; raises OutputFailed or UsageError."""
    for table in tables:
        write_table(table, path_of(asked.out, table))
    return [path_of(asked.out, table) for table in tables]


def _write_charts(tables: Sequence[CountTable], asked: Counting) -> list[Path]:
    """Write a chart of each table, and the summary, and return where they are; raises OutputFailed or UsageError."""
    files, pictures = [], {}
    for table in tables:
        png, svg = chart(table)
        pictures[table.name] = svg
        for ending, data in ((".png", png), (".svg", svg)):
            files.append(asked.out.with_name(f"{asked.out.stem}.{table.name}{ending}"))
            write_bytes(files[-1], data, "the chart")
    names = {table.name: path_of(asked.out, table).name for table in tables}
    files.append(asked.out.with_suffix(".html"))
    write_whole(files[-1], [page(tables, pictures, names)], "the summary")
    return files


class RunCounts:
    """The counts of a run that redacts as well: what is asked of each video, and what came of it.

    Raises what `plan_counting` raises, UsageError where there is no video, or edits say what is hidden: nothing is
    detected then.
    """

    def __init__(self, asked: Counting, job: Job, placed: Sequence[Placed], codec: VideoCodec | None = None) -> None:
        if job.edits is not None:
            raise UsageError("with --edits nothing is detected, so nothing can be counted; leave one of them out")
        refuse_records([asked.out], [*job.sources, asked.scene], OutputFolder(job.output).own)
        videos = [p for p in placed if p.item.fate == "redact" and not p.problem and is_video(p.item.path.name)]
        if not videos:
            raise UsageError("there is no video to count in; name one, or a folder of them")
        plans = plan_counting(asked, [(each.item.path, each.name) for each in videos], codec or AvCodec())
        self._asked, self._tallies = asked, list[Tally]()
        self._plans = {each.below: plan for each, plan in zip(videos, plans, strict=True)}

    def of(self, placed: Placed) -> VideoCounting | None:
        """Return how an entry is counted, None if it is not."""
        return self._plans.get(placed.below)

    def add(self, tally: Tally | None) -> None:
        """Take in the counts of a released video."""
        if tally is not None:
            self._tallies.append(tally)

    def finish(self, report: Report) -> None:
        """Write the tables if all videos were counted; what goes wrong is a problem of the run."""
        missing = len(self._plans) - len(self._tallies)
        if missing:
            report.problems.append(f"no counts are written, because {missing} of {len(self._plans)} videos failed")
            return
        try:
            scene = next(iter(self._plans.values())).scene
            report.counted = write_counts(merge(self._tallies), scene, self._asked)
        except UnseenError as error:
            report.problems.append(str(error))


def path_of(out: Path, table: CountTable) -> Path:
    """Return where a table lies: crossings where it was asked for, the others beside as NAME.occupancy.parquet."""
    return out if table.name == "crossings" else out.with_name(f"{out.stem}.{table.name}{out.suffix}")
