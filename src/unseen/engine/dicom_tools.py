"""Puts together what DICOM workers use: the de-identifier, the check that shares no code with it, the pixel cleaner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from unseen.core.dicom import DicomChecked, DicomRecipe, PixelOutcome
from unseen.dicom.instance import Deidentifier
from unseen.engine.dicom_work import DicomSetup, DicomTools

if TYPE_CHECKING:
    from unseen.core.ports import DicomVerifier, PixelCleaner

__all__ = ["minimised", "open_dicom_tools", "pixel_cleaner", "verifier"]


def minimised(recipe: DicomRecipe, fields: frozenset[str] | None) -> DicomRecipe:
    """Return a recipe whose options let no attributes stay but those that a purpose keeps, None for all."""
    return recipe if fields is None else replace(recipe, fields=fields)


def open_dicom_tools(setup: DicomSetup) -> DicomTools:
    """Make the tools of one worker."""
    deidentifier = Deidentifier(setup.recipe, setup.hasher.key)
    return DicomTools(setup, deidentifier, verifier(), pixel_cleaner(setup.recipe))


class _Check:
    """The check of `verify`, as the port has it."""

    def check(
        self, original: bytes, written: bytes, options: frozenset[str], *, edited: bool, salt: bytes
    ) -> DicomChecked:
        """Return findings and links, as the port has it."""
        from unseen.verify.dicom.check import check

        done = check(original, written, options, edited=edited, salt=salt)
        return DicomChecked(tuple(f"{each.kind} at {each.where}: {each.detail}" for each in done.findings), done.links)


def verifier() -> DicomVerifier:
    """Return the check of written bytes against the original."""
    return _Check()


class _LateCleaner:
    """A pixel cleaner that loads what it needs when the first picture needs it; most scans need none."""

    def __init__(self, recipe: DicomRecipe) -> None:
        self._recipe = recipe
        self._cleaner: list[PixelCleaner] = []

    def clean(self, dataset: Any, known: Sequence[str]) -> PixelOutcome:
        """Change a data set in place, as the port has it."""
        if not self._cleaner:
            from unseen.engine.dicom_pixels import Cleaner

            self._cleaner.append(Cleaner(self._recipe))
        return self._cleaner[0].clean(dataset, known)


def pixel_cleaner(recipe: DicomRecipe) -> PixelCleaner:
    """Return what cleans pixels."""
    return _LateCleaner(recipe)
