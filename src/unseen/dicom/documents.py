"""Encapsulated documents (PS3.3 C.24): what stands in their place is made here, and says that they were removed."""

from __future__ import annotations

import struct
from functools import cache

from unseen.dicom.encode import element
from unseen.dicom.part10 import Instance
from unseen.dicom.walk import Parts

__all__ = ["blank_document", "with_blank_document"]

_DOCUMENT, _MIME, _LENGTH, _BURNED_IN, _HL7 = 0x00420011, 0x00420012, 0x00420015, 0x00280301, 0x0040E001
_SAID = "Removed by de-identification"
_CLASSES = {f"1.2.840.10008.5.1.4.1.1.104.{i}": kind for i, kind in enumerate(("PDF", "CDA", "STL", "OBJ", "MTL"), 1)}
_TYPES = {
    "application/pdf": "PDF",
    "text/xml": "CDA",
    "application/xml": "CDA",
    "model/stl": "STL",
    "application/sla": "STL",
    "model/obj": "OBJ",
    "model/mtl": "MTL",
}


def with_blank_document(parts: Parts, instance: Instance, sop_class: str) -> tuple[Parts, list[str]]:
    """Return encoded elements in which a document, where there is one, is a blank one of its kind; and notes on it.

    Table E.1-1 asks for a stand-in (D), as objects of these classes are not valid without a document. It holds no
    burned-in text, which the object says. A document of no known kind becomes an empty value.
    """
    if not any(tag == _DOCUMENT for tag, _ in parts):
        return parts, []
    values = {e.tag: instance.data[e.value : e.stop] for e in instance.elements if e.items is None}
    told = values.get(_MIME, b"").strip(b" \0").decode("latin-1").lower()
    kind = _TYPES.get(told) or ("" if told else _CLASSES.get(sop_class, ""))
    blank, syntax = blank_document(kind), instance.syntax
    made = [
        (_DOCUMENT, element(_DOCUMENT, "OB", blank, syntax)),
        (_BURNED_IN, element(_BURNED_IN, "CS", b"NO", syntax)),
    ]
    if _LENGTH in values:
        length = struct.pack(">L" if syntax.big else "<L", len(blank))
        made.append((_LENGTH, element(_LENGTH, "UL", length, syntax)))
    if kind == "CDA":
        # Its object has to tell by what identifier HL7 knows it.
        made.append((_HL7, element(_HL7, "ST", b"REMOVED", syntax)))
    replaced = {tag for tag, _ in made}
    others = [part for part in parts if part[0] not in replaced]
    return [*others, *made], [f"document ({kind or 'of an unknown kind'}) removed: a blank one is in its place"]


@cache
def blank_document(kind: str) -> bytes:
    """Return a document of a kind ("PDF", "CDA", "STL", "OBJ", "MTL") that says it was removed; empty for others.

    An STL model has no triangle, an OBJ no vertex and an MTL no material (PS3.3 A.85).
    """
    if kind == "PDF":
        return _page()
    if kind == "CDA":
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3">'
            f"<title>{_SAID}</title></ClinicalDocument>\n"
        ).encode()
    if kind == "STL":
        return _SAID.encode().ljust(80, b"\0") + bytes(4)
    return f"# {_SAID}\n".encode() if kind in ("OBJ", "MTL") else b""


def _page() -> bytes:
    """Return a PDF of one page with one line (ISO 32000-1, 7.5)."""
    text = f"BT /F1 14 Tf 72 720 Td ({_SAID}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
    ]
    made, starts = b"%PDF-1.4\n", list[int]()
    for number, body in enumerate(objects, 1):
        starts.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    size = len(objects) + 1
    return (
        made
        + b"xref\n0 %d\n0000000000 65535 f \n" % size
        + table
        + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(made))
    )
