"""A sign as one page of A4 with a drawn camera; the address to read more at is printed as it is."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from unseen.govern.documents.model import Document, Row
from unseen.govern.documents.style import POLICY, SIGN

__all__ = ["sign_page"]

#: A camera on an arm, looking down to the left.
_CAMERA = """<svg viewBox="0 0 120 100" role="img" aria-label="camera" fill="none" stroke="#fff" stroke-width="6"
stroke-linejoin="round" stroke-linecap="round"><path d="M30 16 L98 34 L88 66 L20 48 Z"/><path d="M20 48 L8 45 L17 13 L30 16"/>
<circle cx="40" cy="35.500" r="5" fill="#fff" stroke="none"/><path d="M68 61 L64 78 L106 78"/><path d="M108 62 L108 94"/></svg>"""
#: Rows of the first layer that go over the whole width, in large letters.
_LARGE = (0, 1)


def sign_page(document: Document) -> str:
    """Return the sign as HTML."""
    return "\n".join(_page(document)) + "\n"


def _page(document: Document) -> Iterator[str]:
    title = escape(document.title)
    yield f'<!doctype html>\n<html lang="{escape(document.language)}">\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n<title>{title}</title>'
    yield f'<style>{SIGN}</style>\n<div class="page"><header>{_CAMERA}'
    yield f"<div><h1>{title}</h1><p>{escape(document.lead)}</p></div></header>\n<dl>"
    rows = list(document.rows())
    for number, row in enumerate(rows):
        yield _entry(row, large=number in _LARGE, wide=number in _LARGE or number == len(rows) - 1)
    yield "</dl>"
    made = escape(document.made[:10])
    left = len(document.missing)
    told = f"{left} MISSING: not ready to be put up" if left else ""
    yield f"<footer><span>{escape(told)}</span><span>{made}</span></footer></div>\n</html>"


def _entry(row: Row, *, large: bool, wide: bool) -> str:
    said = "".join(f"<p>{escape(value)}</p>" for value in row.values)
    if row.missing is not None:
        said += f'<p class="missing"><b>MISSING</b> {escape(row.missing.text)}</p>'
    cls = ' class="large"' if large and row.missing is None else ""
    return f"<div{' class=wide' if wide else ''}><dt>{escape(row.label)}</dt><dd{cls}>{said}</dd></div>"
