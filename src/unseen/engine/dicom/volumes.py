"""Head volumes in NIfTI files: without a face or as they are, always without words in the header; verified."""

from __future__ import annotations

import numpy as np

from unseen.core.dicom import DicomRecipe, PixelOutcome
from unseen.crypto.keys import Key
from unseen.dicom.heads.nifti import Nifti, read_nifti, without_face
from unseen.dicom.instance import Cleaned
from unseen.errors import Refused, VerificationFailed

__all__ = ["cleaned_volume"]

_KIND, _APPLIED = "NIFTI", "clean-recognizable-visual-features"


def cleaned_volume(data: bytes, recipe: DicomRecipe, key: Key) -> tuple[Cleaned, PixelOutcome, str]:
    """Return a volume for release, what was done to it, and a line for the receipt.

    A NIfTI file does not say what was scanned, so each is taken for a head: raises Refused where nobody said what
    becomes of the face, FileError where none is found or what is written does not read back as it should.
    """
    if not (recipe.deface or recipe.keep_face or recipe.unsafe_keep_pixels):
        raise Refused("may show a head, and a face can be made of it; say --deface to remove it, or --keep-face")
    volume = read_nifti(data, recipe.max_bytes)
    if recipe.deface:
        made, check = without_face(volume)
        notes = (f"face removed: {check.surface_gone:.0%} of its surface gone",)
        outcome = PixelOutcome(True, 1, frozenset((_APPLIED,)), recognizable="NO", notes=notes)
        told = "cleaned: a volume that may show a face"
    else:
        made, outcome, told = volume.as_bytes(volume.values), PixelOutcome(), "kept with its face"
    _verify(volume, made, recipe)
    name = key.tag("nifti", data)
    place = {"patient": "volumes", "study": name[:16], "series": name[16:32], "sop": name[32:64]}
    ending = "nii.gz" if volume.packed else "nii"
    return (
        Cleaned(made, **place, sop_class="", modality=_KIND, counts={}, notes=(), pairs=(), ending=ending),
        outcome,
        told,
    )


def _verify(before: Nifti, written: bytes, recipe: DicomRecipe) -> None:
    """Read what is written back, and compare; raises VerificationFailed."""
    after = read_nifti(written, recipe.max_bytes)
    same_place = after.values.shape == before.values.shape and np.array_equal(after.affine, before.affine)
    changed = after.values[after.values != before.values] if same_place else np.array([0, 1])
    if not same_place or len(np.unique(changed)) > 1 or (not recipe.deface and changed.size):
        raise VerificationFailed("what was written is not what was meant; it is not released")
