"""Puts together what DICOM workers use: the de-identifier, the check that shares no code with it, the pixel cleaner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from unseen.core.dicom import DicomChecked, DicomRecipe, PixelOutcome, PixelResidue
from unseen.dicom.instance import Deidentifier
from unseen.engine.dicom.work import DicomSetup, DicomTools

if TYPE_CHECKING:
    from unseen.core.ports import DicomVerifier, PictureVerifier, PixelCleaner

__all__ = ["minimised", "open_dicom_tools", "pixel_cleaner", "verifier"]


def minimised(recipe: DicomRecipe, fields: frozenset[str] | None) -> DicomRecipe:
    """Return a recipe whose options let no attributes stay but those that a purpose keeps, None for all."""
    return recipe if fields is None else replace(recipe, fields=fields)


def open_dicom_tools(setup: DicomSetup) -> DicomTools:
    """Make the tools of one worker."""
    deidentifier = Deidentifier(setup.recipe, setup.hasher.key)
    return DicomTools(setup, deidentifier, verifier(), pixel_cleaner(setup.recipe), _LateReader())


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
        return self._loaded().clean(dataset, known)

    def hide(self, dataset: Any, residues: Sequence[PixelResidue]) -> PixelOutcome:
        """Hide what verification saw, as the port has it."""
        return self._loaded().hide(dataset, residues)

    def _loaded(self) -> PixelCleaner:
        if not self._cleaner:
            from unseen.engine.dicom.pixels import Cleaner

            self._cleaner.append(Cleaner(self._recipe))
        return self._cleaner[0]


class _LateReader:
    """A second reader of pictures that loads what it needs when the first picture needs it."""

    def __init__(self) -> None:
        self._reader: list[PictureVerifier] = []

    def carries_text(self, modality: str, sop_class: str) -> bool:
        """Whether pictures of this kind may hold text, as the port has it."""
        from unseen.verify.dicom.kinds import carries_text

        return carries_text(modality, sop_class)

    def look(self, original: bytes, written: bytes, recipe: DicomRecipe) -> Sequence[PixelResidue] | None:
        """Return what still shows, as the port has it."""
        if not self._reader:
            from unseen.engine.dicom.reading import SecondReader

            self._reader.append(SecondReader())
        return self._reader[0].look(original, written, recipe)


def pixel_cleaner(recipe: DicomRecipe) -> PixelCleaner:
    """Return what cleans pixels."""
    return _LateCleaner(recipe)
