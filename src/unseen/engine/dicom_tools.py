"""Puts together what DICOM workers use: the de-identifier, the check that shares no code with it, the pixel cleaner."""

from __future__ import annotations

from collections.abc import Sequence

from unseen.core.dicom import DicomRecipe
from unseen.core.ports import DicomVerifier, PixelCleaner
from unseen.dicom.instance import Deidentifier
from unseen.engine.dicom_work import DicomSetup, DicomTools
from unseen.verify.dicom.check import check

__all__ = ["open_dicom_tools", "pixel_cleaner", "verifier"]


def open_dicom_tools(setup: DicomSetup) -> DicomTools:
    """Make the tools of one worker."""
    deidentifier = Deidentifier(setup.recipe, setup.hasher.key)
    return DicomTools(setup, deidentifier, verifier(), pixel_cleaner(setup.recipe))


class _Check:
    """The check of `verify`, as the port has it."""

    def findings(self, original: bytes, written: bytes, options: frozenset[str], *, edited: bool) -> Sequence[str]:
        """Return a line for each finding, as the port has it."""
        found = check(original, written, options, edited=edited).findings
        return tuple(f"{each.kind} at {each.where}: {each.detail}" for each in found)


def verifier() -> DicomVerifier:
    """Return the check of written bytes against the original."""
    return _Check()


def pixel_cleaner(recipe: DicomRecipe) -> PixelCleaner | None:
    """Return what cleans pixels, None where nothing can: then pictures that may show text are not released."""
    del recipe
    return None
