"""Documents as HTML for screen and print, as Markdown and as JSON; what is missing is marked in each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any

from unseen.govern.documents.model import SCHEMA, Document, Row, Section
from unseen.govern.documents.render_sign import sign_page
from unseen.govern.documents.style import POLICY, style

__all__ = ["FORMATS", "as_html", "as_json", "as_markdown"]


_HINT = "Write the answers under their keys into a file for --decisions. A key without its purpose answers for all."


def _summary(document: Document) -> str:
    parts = [f"{document.stated} statements from data"]
    parts += [f"{document.decided} decided by people"] if document.decided else []
    return ", ".join([*parts, f"{len(document.missing)} MISSING"])


# HTML.


def as_html(document: Document) -> str:
    """Return one page that needs nothing else, and prints well; a sign has a page of its own."""
    if document.layout == "sign":
        return sign_page(document)
    return "\n".join(_page(document)) + "\n"


def _page(document: Document) -> Iterator[str]:
    title = escape(document.title)
    yield f'<!doctype html>\n<html lang="{escape(document.language)}">\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    yield f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>'
    yield f"<style>{style('pages.css')}</style>\n<header><h1>{title}</h1>"
    if document.lead:
        yield f"<p>{escape(document.lead)}</p>"
    told = f"{len(document.missing)} MISSING" if document.layout == "public" else _summary(document)
    told = f" · {escape(told)}" if document.missing or document.layout != "public" else ""
    yield f'<p class="meta">Made {escape(document.made)}{told}</p></header>\n<main>'
    public = document.layout == "public"
    for section in document.sections:
        yield from _section(section, public=public)
    yield from _open(document)
    yield '<div class="annex">' if public else ""
    yield from _origins(document) if public else ()
    yield from _inputs(document)
    yield "</div>" if public else ""
    yield "</main>\n</html>"


def _section(section: Section, *, public: bool) -> Iterator[str]:
    ref = f' <span class="ref">{escape(section.ref)}</span>' if section.ref else ""
    yield f"<section>\n<h2>{escape(section.title)}{ref}</h2>"
    if section.text:
        yield f"<p>{escape(section.text)}</p>"
    yield "<table>"
    for row in section.rows:
        yield _row(row, "" if public else _origin(row))
    yield "</table>\n</section>"


def _row(row: Row, origin: str) -> str:
    ref = f'<span class="ref">{escape(row.ref)}</span>' if row.ref else ""
    kind = ' class="open"' if row.missing is not None else ""
    return f'<tr{kind}><th scope="row">{escape(row.label)}{ref}</th><td>{_words(row)}{origin}{_question(row)}</td></tr>'


def _words(row: Row) -> str:
    values = [escape(value) for value in row.values]
    if len(values) > 1:
        said = f"<ul>{''.join(f'<li>{value}</li>' for value in values)}</ul>"
    else:
        said = f"<p>{values[0]}</p>" if values else ""
    return said


def _question(row: Row) -> str:
    if row.missing is None:
        return ""
    asked = f"{escape(row.missing.text)} <code>{escape(row.missing.key)}</code>"
    return f'<p class="missing"><b>MISSING</b> {asked}</p>'


def _origin(row: Row) -> str:
    sources = "; ".join(escape(str(source)) for source in row.sources)
    decided = f"Decided by {escape(row.decided)}" if row.decided else ""
    told = " · ".join(part for part in (decided, sources) if part)
    return f'<p class="source">{told}</p>' if told else ""


def _open(document: Document) -> Iterator[str]:
    if not document.missing:
        return
    yield f'<section class="list"><h2>What is MISSING ({len(document.missing)})</h2><p>{_HINT}</p><ol>'
    for each in document.missing:
        where = f"{escape(each.section)}: {escape(each.label)}"
        yield f"<li>{escape(each.question.text)} <code>{escape(each.question.key)}</code> <small>{where}</small></li>"
    yield "</ol></section>"


def _origins(document: Document) -> Iterator[str]:
    """Yield where each statement of a public document comes from, apart from what everybody reads."""
    yield '<section class="list"><h2>Where it comes from</h2><table>'
    for section in document.sections:
        for row in section.rows:
            if origin := _origin(row):
                yield f'<tr><th scope="row">{escape(section.title)}: {escape(row.label)}</th><td>{origin}</td></tr>'
    yield "</table></section>"


def _inputs(document: Document) -> Iterator[str]:
    if not document.inputs:
        return
    yield '<section class="list"><h2>What it was made of</h2><table>'
    for each in document.inputs:
        name, what = escape(each.name), escape(each.what)
        yield f'<tr><th scope="row">{name}</th><td><p>{what}</p><p class="source">{escape(each.digest)}</p></td></tr>'
    yield "</table></section>"


# Markdown.

#: What is markup anywhere in a line, and what only at its beginning.
_MARKED = str.maketrans({mark: f"\\{mark}" for mark in "\\`*[]<>|~"})
_EDGE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_LEADING = re.compile(r"([#+-]|\d+(?=[.)]))")


def _plain(text: str) -> str:
    """Return text of one line in which nothing is markup; HTML is not passed through either."""
    line = _EDGE.sub(r"\\_", " ".join(text.split()).translate(_MARKED).replace("&", "&amp;"))
    found = _LEADING.match(line)
    if found is None:
        return line
    end = found.end()
    return f"{line[:end]}\\{line[end:]}" if line[0].isdigit() else f"\\{line}"


def as_markdown(document: Document) -> str:
    """Return the document as Markdown (CommonMark)."""
    return "\n".join(_markdown(document)) + "\n"


def _markdown(document: Document) -> Iterator[str]:
    yield f"# {_plain(document.title)}\n"
    if document.lead:
        yield f"{_plain(document.lead)}\n"
    yield f"Made {_plain(document.made)}. {_plain(_summary(document))}."
    for section in document.sections:
        ref = f" ({_plain(section.ref)})" if section.ref else ""
        yield f"\n## {_plain(section.title)}{ref}\n"
        if section.text:
            yield f"{_plain(section.text)}\n"
        for row in section.rows:
            yield from _item(row)
    if document.missing:
        yield f"\n## What is MISSING ({len(document.missing)})\n\n{_HINT}\n"
        for number, each in enumerate(document.missing, start=1):
            where = f"{_plain(each.section)}: {_plain(each.label)}"
            yield f"{number}. {_plain(each.question.text)} ({_plain(each.question.key)}; {where})"
    if document.inputs:
        yield "\n## What it was made of\n"
        for given in document.inputs:
            yield f"- {_plain(given.name)}, {_plain(given.what)}: {_plain(given.digest)}"


def _item(row: Row) -> Iterator[str]:
    ref = f" ({_plain(row.ref)})" if row.ref else ""
    yield f"- **{_plain(row.label)}**{ref}"
    yield from (f"  - {_plain(value)}" for value in row.values)
    if row.decided:
        yield f"  - decided by {_plain(row.decided)}"
    if row.sources:
        yield f"  - source: {_plain('; '.join(map(str, row.sources)))}"
    if row.missing is not None:
        yield f"  - **MISSING** {_plain(row.missing.text)} ({_plain(row.missing.key)})"


# JSON.


def as_json(document: Document) -> str:
    """Return the document as JSON: in the format that its kind has, or as what it says and asks."""
    values = _values(document) if document.data is None else document.data
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def _values(document: Document) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "kind": document.kind,
        "title": document.title,
        "language": document.language,
        "made": document.made,
        "sections": [
            {"title": section.title, "ref": section.ref, "text": section.text,
             "rows": [_row_values(row) for row in section.rows]}
            for section in document.sections
        ],
        "missing": [
            {"key": each.question.key, "question": each.question.text, "section": each.section, "label": each.label}
            for each in document.missing
        ],
        "inputs": [{"name": i.name, "what": i.what, "digest": i.digest} for i in document.inputs],
    }  # fmt: skip


def _row_values(row: Row) -> dict[str, Any]:
    return {
        "label": row.label,
        "ref": row.ref,
        "values": list(row.values),
        "sources": [{"place": source.place, "at": source.at} for source in row.sources],
        "decided": row.decided or None,
        "missing": None if row.missing is None else {"key": row.missing.key, "question": row.missing.text},
    }


#: Ending of a file name -> what writes it.
FORMATS: Mapping[str, Callable[[Document], str]] = {".html": as_html, ".md": as_markdown, ".json": as_json}
