"""A sign as one page of A4 with a drawn camera; the address to read more at is printed as it is."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from unseen.govern.documents.model import Document, Row
from unseen.govern.documents.style import POLICY, style

__all__ = ["sign_page"]

#: How many rows, from the first, go over the whole width in large letters.
_LARGE = 2
#: From how many characters on letters are smaller: what is said must never be cut off.
_DENSE, _DENSER = 420, 800


def sign_page(document: Document) -> str:
    """Return the sign as HTML."""
    return "\n".join(_page(document)) + "\n"


def _page(document: Document) -> Iterator[str]:
    title = escape(document.title)
    yield f'<!doctype html>\n<html lang="{escape(document.language)}">\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n<title>{title}</title>'
    yield f'<style>{style("sign.css")}</style>\n<div class="page{_density(document)}"><header>{style("camera.svg")}'
    yield f"<div><h1>{title}</h1><p>{escape(document.lead)}</p></div></header>\n<dl>"
    *rows, more = document.rows()
    for number, row in enumerate(rows):
        yield _entry(row, "wide large" if number < _LARGE else "")
    yield f'</dl>\n<dl class="more">{_entry(more, "wide")}</dl>'
    made = escape(document.made[:10])
    left = len(document.missing)
    told = f"{left} MISSING: not ready to be put up" if left else ""
    yield f"<footer><span>{escape(told)}</span><span>{made}</span></footer></div>\n</html>"


def _density(document: Document) -> str:
    asked = sum(len(row.missing.text) for row in document.rows() if row.missing is not None)
    said = sum(len(value) for row in document.rows() for value in row.values) + asked
    return " denser" if said > _DENSER else " dense" if said > _DENSE else ""


def _entry(row: Row, cls: str) -> str:
    said = "".join(f"<p>{escape(value)}</p>" for value in row.values)
    if row.missing is not None:
        said += f'<p class="missing"><b>MISSING</b> {escape(row.missing.text)}</p>'
    return f'<div class="{cls}"><dt>{escape(row.label)}</dt><dd>{said}</dd></div>'
