"""Makes many CT and MR files of a few small real ones, as series of studies, for measuring speed."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID

from bench.dicom_people import Draw

__all__ = ["MODELS", "write_series"]

#: Small CT and MR images, with and without private elements, explicit and implicit.
MODELS = ("CT_small_GE_private", "MR_Siemens_CSA_1", "CT_head_CQ500_j2k", "MR_Siemens_CSA_3_otherseries")
_A_SERIES, _SERIES_A_STUDY = 25, 2


def write_series(samples: Path, folder: Path, count: int, seed: int, models: Sequence[str] = MODELS) -> None:
    """Write `count` files: 25 a series, two series a study, another patient for each study."""
    draw = Draw(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for series in range(-(-count // _A_SERIES)):
            data = dcmread(samples / f"{models[series // _SERIES_A_STUDY % len(models)]}.dcm")
            if series % _SERIES_A_STUDY == 0:
                person, study, accession = draw.person(), draw.uid(), draw.number()
                day = draw.day().strftime("%Y%m%d")
            data.PatientName, data.PatientID, data.PatientBirthDate = (
                person.dicom,
                person.number,
                person.born.strftime("%Y%m%d"),
            )
            data.StudyInstanceUID, data.SeriesInstanceUID, data.AccessionNumber = study, draw.uid(), accession
            data.StudyDate = data.SeriesDate = data.AcquisitionDate = data.ContentDate = day
            data.SeriesNumber = series + 1
            for i in range(min(_A_SERIES, count - series * _A_SERIES)):
                _slice(data, draw, i)
                path = folder / f"{person.family}" / f"series{series}" / f"IM{series:04d}-{i + 1:04d}.dcm"
                path.parent.mkdir(parents=True, exist_ok=True)
                data.save_as(path, enforce_file_format=True)


def _slice(data: Dataset, draw: Draw, number: int) -> None:
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = UID(draw.uid())
    data.InstanceNumber = number + 1
    data.AcquisitionTime = data.ContentTime = (
        f"{draw.rng.randrange(24):02d}{draw.rng.randrange(60):02d}{number % 60:02d}"
    )
    data.SliceLocation = str(round(number * 2.5, 2))
