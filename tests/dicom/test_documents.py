"""Documents inside DICOM objects: a blank one of the same kind takes their place, and nothing of them is left."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from tests.dicom.objects import as_file, clean, opened, scan
from unseen.dicom.documents import blank_document
from unseen.verify.dicom.check import check

_ROOT = "1.2.840.10008.5.1.4.1.1.104."
_TYPES = {"PDF": "application/pdf", "CDA": "text/xml", "STL": "model/stl", "OBJ": "model/obj", "MTL": "model/mtl"}


def _document(kind: str, **more: Any) -> Dataset:
    one = scan()
    for name in ("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData"):
        del one[name]
    for name in ("SamplesPerPixel", "PhotometricInterpretation", "ImageType", "SliceThickness"):
        del one[name]
    one.SOPClassUID, one.Modality, one.ConversionType = UID(_ROOT + str(1 + list(_TYPES).index(kind))), "DOC", "WSD"
    one.BurnedInAnnotation, one.DocumentTitle = "YES", "Letter about Quimby"
    one.SeriesNumber, one.AcquisitionDateTime = "1", "20190304101112"
    one.ConceptNameCodeSequence = Sequence([])
    one.MIMETypeOfEncapsulatedDocument = _TYPES[kind]
    one.EncapsulatedDocument = b"%PDF-1.4 Erasmus Quimby, PX-556677, was here "
    one.EncapsulatedDocumentLength = 45
    for name, value in more.items():
        setattr(one, name, value)
    return one


@pytest.mark.parametrize("kind", _TYPES)
def test_a_blank_document_of_its_kind_is_in_its_place(kind: str) -> None:
    file = as_file(_document(kind))
    made = clean(file)
    assert b"quimby" not in made.data.lower()
    assert check(file, made.data).findings == ()
    told = opened(made)
    assert told.EncapsulatedDocument.rstrip(b"\0") == blank_document(kind).rstrip(b"\0")
    assert (told.EncapsulatedDocumentLength, told.BurnedInAnnotation) == (len(blank_document(kind)), "NO")
    assert told.MIMETypeOfEncapsulatedDocument == _TYPES[kind]
    assert (told.get("HL7InstanceIdentifier") == "REMOVED") == (kind == "CDA")
    assert any(f"document ({kind}) removed" in note for note in made.notes)


def test_documents_of_unknown_kinds_and_in_other_places_go() -> None:
    inner = Dataset()
    inner.EncapsulatedDocument = b"Erasmus Quimby "
    made = clean(as_file(scan(EncapsulatedDocument=b"Quimby", MIMETypeOfEncapsulatedDocument="application/x-letter")))
    assert opened(made).EncapsulatedDocument in (b"", None)
    made = clean(as_file(scan(SourceImageSequence=Sequence([inner]))))
    assert b"Quimby" not in made.data


def test_the_blank_page_is_a_page(tmp_path: Path) -> None:
    page = blank_document("PDF")
    starts = [int(at) for at in re.findall(rb"(\d{10}) 00000 n ", page)]
    assert [page[at:].split(b" ")[0] for at in starts] == [b"1", b"2", b"3", b"4"]
    table = re.search(rb"startxref\n(\d+)\n%%EOF\n$", page)
    assert table is not None
    assert page[int(table[1]) :].startswith(b"xref\n0 5\n")


def test_the_result_is_as_valid_as_the_input(tmp_path: Path) -> None:
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed; see tools/install_peers.sh")
    file = as_file(_document("PDF"))
    errors = []
    for data in (file, clean(file).data):
        (tmp_path / "one.dcm").write_bytes(data)
        done = subprocess.run(["dciodvfy", str(tmp_path / "one.dcm")], capture_output=True, check=False)
        lines = (done.stdout + done.stderr).decode("latin-1").splitlines()
        errors.append({line for line in lines if line.startswith("Error")})
    assert errors[1] - errors[0] == set()
