"""Redacts a public-domain photo with the real command line and lays before and after side by side."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

__all__ = ["before_and_after", "demo_clip", "demo_photo", "demo_study", "main"]

_FOLDER = Path("demo-out")
_GAP = 8
_ARTIST, _GPS = 0x013B, 0x8825
#: Latitude and longitude of a launch pad, as degrees, minutes, seconds.
_PLACE = {1: "N", 2: (28.0, 31.0, 26.0), 3: "W", 4: (80.0, 39.0, 3.0)}


def demo_photo(path: Path) -> Path:
    """Write scikit-image's portrait of an astronaut as a JPEG with a name and a place in its EXIF, and return the path.

    The portrait is by NASA and in the public domain; 512 x 512 pixels.
    """
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise SystemExit("the demo needs scikit-image, which carries its photo; run: make demo")
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[_ARTIST] = "A. Photographer"
    exif[_GPS] = _PLACE
    with Image.open(Path(spec.origin).parent / "data" / "astronaut.png") as picture:
        picture.convert("RGB").save(path, quality=92, exif=exif)
    return path


def demo_clip(photo: Path, path: Path, frames: int = 36) -> Path:
    """Write a short video that pans over a photo of 512 x 512 pixels, at 12 frames a second, and return the path."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(photo) as picture, av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = 384, 288, "yuv420p"
        for index in range(frames):
            left = 2 * index
            part = picture.convert("RGB").crop((left, 0, left + 384, 288))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(part), format="rgb24")))
        container.mux(stream.encode(None))
    return path


def demo_study(folder: Path, slices: int = 2) -> Path:
    """Write a study of nobody: CT slices of 16 x 16 pixels, as 1.dcm, 2.dcm ..., and return the folder."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, slices + 1):
        data = Dataset()
        data.SOPClassUID, data.SOPInstanceUID = UID("1.2.840.10008.5.1.4.1.1.2"), UID(f"1.2.3.4.{number}")
        data.StudyInstanceUID, data.SeriesInstanceUID = UID("1.2.3.5"), UID("1.2.3.6")
        data.Modality, data.StudyDate, data.StudyDescription = "CT", "20200229", "CHEST of Mr. Doe"
        data.ImageType, data.BodyPartExamined, data.InstanceNumber = ["ORIGINAL", "PRIMARY"], "CHEST", str(number)
        data.PatientName, data.PatientID, data.AccessionNumber = "Doe^Demo", "DEMO-1", "DEMO-2"
        data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
        data.Rows, data.Columns, data.BitsAllocated, data.BitsStored, data.HighBit = 16, 16, 16, 12, 11
        data.PixelData = np.arange(256, dtype="<u2").tobytes()
        data["PixelData"].VR = "OW"
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.save_as(folder / f"{number}.dcm", enforce_file_format=True)
    return folder


def before_and_after(before: Path, after: Path, path: Path) -> Path:
    """Write two photos of the same size side by side and return the path."""
    with Image.open(before) as left, Image.open(after) as right:
        canvas = Image.new("RGB", (left.width + _GAP + right.width, left.height), "white")
        canvas.paste(left, (0, 0))
        canvas.paste(right, (left.width + _GAP, 0))
    canvas.save(path)
    return path


def main() -> int:
    """Run the demo in demo-out/ and return the exit code."""
    before = demo_photo(_FOLDER / "in" / "astronaut.jpg")
    out, report, sheet = _FOLDER / "out", _FOLDER / "report.json", _FOLDER / "sheet.html"
    words = ["redact", str(before.parent), "-o", str(out), "--report", str(report), "--sheet", str(sheet)]
    print("$ unseen", *words, flush=True)
    code = subprocess.run([sys.executable, "-m", "unseen", *words], check=False).returncode
    if code != 0:
        return code
    after = out / before.name
    picture = before_and_after(before, after, _FOLDER / "before-after.png")
    print(f"\nEXIF entries: {_entries(before)} before, {_entries(after)} after")
    print(f"look at        {picture}")
    print(f"the result     {after}")
    print(f"what was done  {report}, and {sheet} in a browser")
    return 0


def _entries(path: Path) -> int:
    """Return how many EXIF entries a photo holds, those of the place among them."""
    with Image.open(path) as photo:
        exif = photo.getexif()
        return len(exif) + len(exif.get_ifd(_GPS))


if __name__ == "__main__":
    sys.exit(main())
