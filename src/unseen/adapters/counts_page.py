"""The summary of counts as one HTML page that needs nothing else: totals, charts, and what they mean."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from unseen.adapters.charts import TITLES
from unseen.core.counts import CountTable, TableName, utc_text

__all__ = ["page"]

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#222;background:#fff;max-width:52rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}img{max-width:100%;height:auto}
table{border-collapse:collapse;margin:.6rem 0}th,td{padding:.25rem .9rem;border-bottom:1px solid #ddd;text-align:left}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.note{background:#f4f4f4;padding:.7rem 1rem}
"""
#: The page loads nothing: pictures are inside of it.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
#: What the totals of each table are by.
_BY: Mapping[TableName, tuple[str, ...]] = {
    "crossings": ("line", "direction", "class"),
    "dwell": ("zone", "class"),
    "od": ("origin", "destination", "class"),
}


def page(tables: Sequence[CountTable], charts: Mapping[TableName, bytes], files: Mapping[TableName, str]) -> str:
    """Return the page; `charts` are SVG, `files` the names of the tables' files, both by table."""
    first = tables[0]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        f'<meta http-equiv=Content-Security-Policy content="{_POLICY}">',
        f"<title>Traffic counts</title><style>{_STYLE}</style><h1>Traffic counts</h1>",
        f"<p>{utc_text(first.start)} to {utc_text(first.end)}, in intervals of {first.asked.interval_s} seconds.</p>",
        f"<p class=note>{_meaning(first)}</p>",
    ]
    for table in tables:
        parts.append(f"<h2>{escape(TITLES[table.name])}</h2>")
        parts += _totals(table)
        picture = base64.b64encode(charts[table.name]).decode()
        parts.append(f'<img alt="{escape(TITLES[table.name])}" src="data:image/svg+xml;base64,{picture}">')
        parts.append(f"<p>Table: {escape(files[table.name])}</p>")
    return "\n".join(parts) + "\n"


def _meaning(table: CountTable) -> str:
    """Say in plain words what the counts are, and what they do not protect."""
    asked = table.asked
    if asked.bound is None:
        bound = "They are exact counts of tracks, and no track's share in them is bounded: keep them internal."
    else:
        bound = (
            f"Each track adds at most 1 to at most {asked.bound} cells of a table, chosen at random. No noise is in "
            "them: keep them internal, and publish what unseen release makes of them."
        )
    known = "" if asked.starts else " The time of the recording is not known, so times count from 1970."
    return (
        f"{bound} One person or vehicle is assumed to make at most {asked.tracks_per_unit} tracks a day, and "
        f"{asked.id_switch_rate:.0%} of tracks to break off and go on as another.{known}"
    )


def _totals(table: CountTable) -> Iterator[str]:
    """Yield a table of totals over all intervals; rows of zero are left out."""
    keys = _BY.get(table.name)
    if keys is None:
        return
    what = "stays" if table.name == "dwell" else "count"
    rows = [(cell, count) for cell, count in table.by(*keys).items() if count]
    if not rows:
        yield "<p>None.</p>"
        return
    yield f"<table><tr>{''.join(f'<th>{key}' for key in keys)}<th class=n>{what}"
    for cell, count in rows:
        yield f"<tr>{''.join(f'<td>{escape(str(value))}' for value in cell)}<td class=n>{count}"
    yield "</table>"
