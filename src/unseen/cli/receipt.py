"""What is printed of a report on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from unseen.cli.counting import print_counted
from unseen.core.jobs import Job
from unseen.core.names import display
from unseen.core.receipts import EditsReceipt, VideoReceipt, time_code

if TYPE_CHECKING:
    from unseen.engine.report import Report

__all__ = ["print_receipt"]


def print_receipt(report: Report, job: Job, *, quiet: bool) -> None:
    """Print the receipt, or with `quiet` its last line only."""
    totals = report.totals()
    if not quiet:
        _print_facts(report, job, totals)
        if report.counted is not None:
            print_counted(report.counted)
    files = totals["files"]
    counts = ", ".join(f"{n} {status}" for status, n in files.items() if n or status == "released")
    print(f"{counts} in {totals['wall_seconds']:.1f} s -> {display(job.output)}")


def _print_facts(report: Report, job: Job, totals: dict[str, Any]) -> None:
    if report.resume_note:
        print(f"note: {report.resume_note}")
    for raised in report.raised:
        print(f"note: the policy decided: {raised}")
    ran = ", ".join(sorted(set(report.devices.values())))
    print(f"ran on {ran}" if ran else "nothing to run")
    regions = ", ".join(f"{n} {cls}" for cls, n in totals["regions"].items()) or "none"
    if totals["regions"] or not totals["frames"]:
        print(f"regions hidden: {regions}")
    if totals["frames"]:
        tracks = ", ".join(f"{n} {cls}" for cls, n in totals["tracks"].items()) or "none"
        print(f"tracks hidden in {totals['frames']} frames of videos: {tracks}")
        _print_video_notes(report, job)
    print(f"verified by a second model: {totals['verified']} files, {totals['files_with_residues']} needed more hiding")
    signed = {file.credentials["certificate_sha256"] for file in report.files if file.credentials}
    for certificate in sorted(signed):
        count = sum(file.credentials is not None for file in report.files)
        print(f"content credentials: {count} files, by certificate {certificate[:16]}")
    if report.recipe.verify == "sample":
        print(_sample_line(totals))
    seconds = totals["seconds"]
    spent = ", ".join(f"{stage} {s:.1f}" for stage, s in seconds.items() if stage != "verify")
    print(f"seconds over all processes: {spent or 'none'}; verification apart: {seconds.get('verify', 0.0):.1f}")


def _print_video_notes(report: Report, job: Job) -> None:
    for file in report.files:
        if file.video is None:
            continue
        for problem in file.video.problems:
            print(f"note: {file.input}: {problem}")
        if file.video.whole:
            print(f"note: {file.input}: {file.video.whole} damaged frames are hidden whole")
        if file.video.edits is not None:
            for line in _edits_lines(file.video.edits):
                print(f"note: {file.input}: {line}")
        if file.video.preview is not None:
            print(f"preview: {display(job.output / file.video.preview)}")
        weak = [track for track in file.video.tracks if track.review]
        if weak:
            first = weak[0]
            more = f" and {len(weak) - 1} more" if len(weak) > 1 else ""
            print(f"review: {file.input}: {first.cls} at {time_code(first.start)} ({first.review}){more}")
        if file.video.faint:
            print(f"review: {file.input}: {_faint_line(file.video)}")


def _faint_line(video: VideoReceipt) -> str:
    first, count = video.faint[0], len(video.faint) + video.faint_more
    return f"{count} left visible on weak evidence, the longest {first.cls} at {time_code(first.start)}; see the report"


def _edits_lines(edits: EditsReceipt) -> Iterator[str]:
    """Say what a person changed; each track that shows is named by class, with its first and last time code."""
    visible = ", ".join(f"{cls} {number}" for number, cls in edits.visible)
    yield (
        f"edited: {len(edits.removed)} tracks removed, {len(edits.visible)} kept visible by choice"
        f"{f' ({visible})' if visible else ''}, {len(edits.added)} regions added"
    )
    classes = dict((*edits.removed, *edits.visible))
    for number, first, last in edits.spans:
        yield f"shows {classes[number]} {number} from {time_code(first)} to {time_code(last)}"


def _sample_line(totals: dict[str, Any]) -> str:
    """Say what the sample tells about all outputs of this run."""
    look, outputs = totals["second_look"], totals["files"]["released"] + totals["files"]["resumed"]
    if look["share"] is None:
        return f"sample: none of {outputs} outputs was drawn, so nothing is known of residues; raise --sample-share"
    low, high = look["interval_95"]
    return (
        f"sample: {look['looked_at']} looked at, {outputs} released; residues in {look['share']:.1%} of those looked "
        f"at (95 % interval for all: {low:.1%} to {high:.1%}); in the others none was looked for"
    )
