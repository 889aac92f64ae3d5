"""Small DICOM objects for tests, made up; nobody is called as the people in them."""

from __future__ import annotations

import io
from typing import Any

import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from unseen.core.dicom import DicomRecipe
from unseen.crypto.keys import Key
from unseen.dicom.instance import Cleaned, Deidentifier

__all__ = ["CT", "KEY", "as_file", "clean", "opened", "scan"]

CT = "1.2.840.10008.5.1.4.1.1.2"
KEY = Key(b"a key that only tests may use, 32 bytes")


def scan(**more: Any) -> Dataset:
    """Return a CT slice of 4 x 4 pixels of somebody called Quimby, with what is told in `more`."""
    data = Dataset()
    data.SpecificCharacterSet = "ISO_IR 100"
    data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.SOPClassUID, data.SOPInstanceUID = UID(CT), UID("1.2.3.4.5.6.7.8.901")
    data.StudyInstanceUID, data.SeriesInstanceUID = UID("1.2.3.4.5.6.7.8.902"), UID("1.2.3.4.5.6.7.8.903")
    data.StudyDate, data.SeriesDate, data.AcquisitionDate, data.ContentDate = ("20190304",) * 4
    data.StudyTime, data.AccessionNumber, data.Modality = "101112", "ACC77123", "CT"
    data.Manufacturer, data.InstitutionName = "ACME", "Larchmont Infirmary"
    data.ReferringPhysicianName, data.StudyDescription = "Okafor^Wanda", "CHEST Quimby 12/03/61 with contrast"
    data.PatientName, data.PatientID = "Quimby^Erasmus", "PX-556677"
    data.PatientBirthDate, data.PatientSex, data.PatientAge = "19610312", "M", "058Y"
    data.BodyPartExamined, data.SliceThickness = "CHEST", "2.5"
    data.FrameOfReferenceUID, data.StudyID, data.InstanceNumber = UID("1.2.3.4.5.6.7.8.904"), "S4711", "1"
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows = data.Columns = 4
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.PixelData = bytes(range(32))
    data["PixelData"].VR = "OW"
    for name, value in more.items():
        setattr(data, name, value)
    return data


def as_file(data: Dataset, syntax: UID = ExplicitVRLittleEndian, *, after: bytes = b"") -> bytes:
    """Return a whole file of a data set, with `after` behind it."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data.get("SOPClassUID", CT)
    meta.MediaStorageSOPInstanceUID = data.get("SOPInstanceUID", "1.2.3")
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = UID("1.2.3.4")
    meta.SourceApplicationEntityTitle = "QUIMBYHOME"
    buffer = io.BytesIO()
    whole = FileDataset(buffer, data, file_meta=meta, preamble=b"Quimby was here".ljust(128, b"\0"))
    pydicom.dcmwrite(buffer, whole, enforce_file_format=True)
    return buffer.getvalue() + after


def clean(file: bytes, options: str = "", **recipe: Any) -> Cleaned:
    """De-identify a file in memory under options, with the tests' key."""
    words = frozenset(filter(None, options.split(",")))
    made = Deidentifier(DicomRecipe(words, **recipe), KEY)
    return made.clean(made.read(file))


def opened(cleaned: Cleaned) -> Any:
    """Return the data set of a cleaned file, as pydicom reads it."""
    return pydicom.dcmread(io.BytesIO(cleaned.data))
