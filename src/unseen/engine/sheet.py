"""The contact sheet: every redacted result as a small picture on one page, those that deserve a look first."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path

from unseen.adapters.files_output import write_whole
from unseen.adapters.thumbnails import thumbnail
from unseen.core.formats import FORMATS, Limits
from unseen.core.ports import PhotoCodec
from unseen.core.receipts import FileReceipt
from unseen.engine.report import Report
from unseen.errors import UnseenError
from unseen.media.views import rgb_views

__all__ = ["write_sheet"]

_SIDE = 320
_STYLE = """
body{font:14px/1.4 system-ui,sans-serif;margin:1.5rem;background:#fafafa;color:#1a1a1a}
h1{font-size:1.3rem;margin:0 0 .3rem} h2{font-size:1.05rem;margin:1.6rem 0 .5rem}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:12px}
figure{margin:0;background:#fff;border:1px solid #ddd;border-radius:6px;padding:8px}
figure img{width:100%;height:200px;object-fit:contain;background:#eee;border-radius:3px}
figcaption{overflow-wrap:anywhere;margin-top:6px} small{color:#555}
figure.look{border-color:#b45309;border-width:2px} ul{padding-left:1.2rem}
@media (prefers-color-scheme:dark){body{background:#161616;color:#eee}figure{background:#222;border-color:#444}
small{color:#aaa}figure img{background:#111}}
"""


def write_sheet(report: Report, output: Path, path: Path, codec: PhotoCodec) -> None:
    """Write an HTML page, self-contained, with a preview of each released file; raises OutputFailed or UsageError.

    Files in which a second model found something, and those not looked at again, come first and are framed.
    """
    write_whole(path, _page(report, output, codec), "the contact sheet")


def _page(report: Report, output: Path, codec: PhotoCodec) -> Iterator[str]:
    totals = report.totals()
    done = [f for f in report.files if f.status in ("released", "resumed")]
    look, rest = [f for f in done if _deserves_a_look(f)], [f for f in done if not _deserves_a_look(f)]
    yield '<!doctype html><html lang="en"><meta charset="utf-8"><title>Unseen: contact sheet</title>'
    yield f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style>'
    regions = ", ".join(f"{n} {escape(cls)}" for cls, n in totals["regions"].items()) or "no regions"
    yield f"<h1>{len(done)} redacted photos</h1><p>{regions} hidden. {totals['verified']} verified by a second model "
    yield f"family; {totals['files_with_residues']} needed more hiding. These are the results, never the originals.</p>"
    yield from _problems(report)
    for title, files in (("Look at these first", look), ("All others", rest)):
        if files:
            yield f'<h2>{title} ({len(files)})</h2><div class="grid">'
            for file in files:
                yield _figure(file, _preview(output / report.places[file.output or ""], report.recipe.limits, codec))
            yield "</div>"
    yield "</html>\n"


def _problems(report: Report) -> Iterator[str]:
    for status, title in (("failed", "Not released"), ("skipped", "Skipped")):
        files = [f for f in report.files if f.status == status]
        if files:
            yield f"<h2>{title} ({len(files)})</h2><ul>"
            yield from (f"<li>{escape(f.error or f.input)}</li>" for f in files)
            yield "</ul>"


def _deserves_a_look(file: FileReceipt) -> bool:
    return file.verdict is not None and (file.verdict.rounds > 0 or file.verdict.outcome != "pass")


def _figure(file: FileReceipt, preview: str) -> str:
    name = escape(file.output or "")
    counts = Counter(r.cls for frame in file.regions for r in frame)
    facts = ", ".join(f"{n} {cls}" for cls, n in sorted(counts.items())) or "nothing to hide found"
    if file.verdict is not None and file.verdict.residues:
        facts += f"; {file.verdict.residues} hidden after the second look"
    if file.status == "resumed":
        facts = f"{facts}; as an earlier run left it" if file.verdict is not None else "as an earlier run left it"
    look = ' class="look"' if _deserves_a_look(file) else ""
    return (
        f'<figure{look}><img loading="lazy" alt="{name}, redacted" src="{preview}">'
        f"<figcaption>{name}<br><small>{escape(facts)}</small></figcaption></figure>"
    )


def _preview(path: Path, limits: Limits, codec: PhotoCodec) -> str:
    """Return the first frame of a released file as a data URI; an empty one if it is gone by now."""
    ending = path.suffix.lstrip(".").lower()
    known = next((e[0] for e in FORMATS.values() if ending in e), "jpg")
    try:
        data = path.read_bytes()
        photo = codec.decode(data, f"output.{known}", replace(limits, max_bytes=len(data)))
    except (OSError, UnseenError):
        return "data:,"
    return "data:image/jpeg;base64," + base64.b64encode(thumbnail(rgb_views(photo.frames[0])[0], _SIDE)).decode()
