"""A DICOM file of an invented patient, and what is right to make of it."""

from __future__ import annotations

import io
from collections.abc import Callable

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian

__all__ = ["CLASS", "NEW", "OLD", "cleaned", "edited", "original", "saved"]

CLASS = "1.2.840.10008.5.1.4.1.1.7"
#: UIDs before and after: instance, study, series, referenced instance.
OLD = tuple(f"1.2.826.0.1.3680043.10.77.4711.{n}" for n in (11, 12, 13, 14))
NEW = tuple(f"2.25.30000000000000000000000000000000000{n}" for n in (1, 2, 3, 4))
PIXELS = bytes(range(64))


def _base(uids: tuple[str, ...]) -> Dataset:
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = CLASS, uids[0]
    data.StudyInstanceUID, data.SeriesInstanceUID = uids[1], uids[2]
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = CLASS, uids[3]
    data.ReferencedImageSequence = Sequence([reference])
    data.Modality, data.Manufacturer, data.ImageType = "OT", "SIEMENS", ["ORIGINAL", "PRIMARY"]
    data.InstanceNumber = 7
    data.Rows = data.Columns = 8
    data.SamplesPerPixel, data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 1, 8, 8, 7, 0
    data.PhotometricInterpretation = "MONOCHROME2"
    data.add_new(0x7FE00010, "OB", PIXELS)
    return data


def original() -> Dataset:
    """A file that says who it is in many places."""
    data = _base(OLD)
    data.PatientName, data.PatientID, data.PatientBirthDate = "Torvelund^Kara^M", "MRN-4711-0815", "19520317"
    data.PatientSex, data.PatientAge = "F", "060Y"
    data.PatientTelephoneNumbers, data.PatientAddress = "+49 30 1234567", "7 Zobelweg, 10115 Nirgendheim"
    data.AccessionNumber, data.StudyID = "ACC0099881", "S1"
    data.ReferringPhysicianName = "Grauholt^Ivo^^Dr"
    data.InstitutionName, data.StationName = "Klinikum Zwickelbach Mitte", "ZWCT01"
    data.StudyDate, data.ContentDate, data.StudyTime = "20190614", "20190615", "101112"
    data.StudyDescription = "CHEST WITH CONTRAST"
    data.ImageComments = "Came with her sister, who was afraid of the machine."
    data.private_block(0x0029, "ACME PRIVATE", create=True).add_new(1, "LO", "remark of the night shift")
    return data


def cleaned() -> Dataset:
    """The same file without all that, as the Basic Profile has it."""
    data = _base(NEW)
    data.PatientName, data.PatientID, data.PatientBirthDate, data.PatientSex = "", "P0000001", "", ""
    data.AccessionNumber, data.StudyID, data.ReferringPhysicianName = "", "", ""
    data.StudyDate, data.ContentDate, data.StudyTime = "", "", ""
    data.PatientIdentityRemoved, data.DeidentificationMethod = "YES", "PS3.15 Basic Profile"
    return data


def saved(data: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """Return the bytes of a file."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = UID(syntax)
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID(CLASS), data.SOPInstanceUID
    meta.ImplementationClassUID = UID("1.2.826.0.1.3680043.10.1")
    data.file_meta, data.preamble = meta, b"\0" * 128
    buffer = io.BytesIO()
    data.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def edited(change: Callable[[Dataset], object]) -> bytes:
    """Return the cleaned file after a change."""
    data = cleaned()
    change(data)
    return saved(data)
