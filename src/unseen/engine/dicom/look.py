"""Questions that write nothing: the plan for a file, gaps of the installed dictionary, what a code stands for."""

from __future__ import annotations

from pathlib import Path

from unseen.adapters.vault_file import reveal
from unseen.core.dicom import DicomRecipe
from unseen.core.names import display
from unseen.crypto.keys import Key
from unseen.dicom.explain import Line, explain
from unseen.dicom.instance import Deidentifier
from unseen.dicom.shown import may_show, shows_head
from unseen.dicom.table import EDITION, load_table
from unseen.engine.dicom.inputs import DicomSource, read_source
from unseen.engine.inputs import read_key
from unseen.errors import FileError
from unseen.verify.dicom.kinds import carries_text

__all__ = ["planned", "revealed", "table_gaps"]

_DOCUMENT, _PICTURES = 0x00420011, (0x7FE00008, 0x7FE00009, 0x7FE00010)


def planned(path: Path, recipe: DicomRecipe) -> tuple[list[Line], list[str]]:
    """Return what would be done with each element of a file, and notes on its pixels; raises FileError."""
    try:
        header = Deidentifier(recipe, Key(bytes(32))).read(read_source(DicomSource(1, path, ""), recipe.max_bytes))
    except FileError as error:
        raise type(error)(f"{display(path)}: {error}") from error
    reason = may_show(header.instance, header.sop_class)
    notes = [f"its pixels must be cleaned: {reason}" if reason else "its pixels need not be looked at"]
    tags = {each.tag for each in header.instance.elements}
    pictured = not tags.isdisjoint(_PICTURES) and not recipe.unsafe_keep_pixels and recipe.verify != "skip"
    if pictured and (reason or carries_text(header.modality, header.sop_class)):
        notes.append("its kind may hold text: what is written is read again")
    if _DOCUMENT in tags:
        notes.append("a document in it is replaced by a blank one")
    if shows_head(header.instance, header.sop_class):
        notes.append("shows a head: released only with --deface or --keep-face")
    if header.instance.trailing:
        notes.append(f"{header.instance.trailing} bytes after the data set are dropped")
    return list(explain(header, recipe.options)), notes


def revealed(vault: Path, key_file: Path, code: str) -> list[tuple[str, str]]:
    """Return kind and original of what a code stands for; raises UsageError or KeyUnusable."""
    return [(kind, original) for kind, original, _ in reveal(vault, read_key(key_file), code)]


def table_gaps() -> tuple[str, str, list[tuple[int, str, str]]]:
    """Return the profile's edition, pydicom's version, and the attributes that pydicom does not know: tag, VR, name."""
    import pydicom

    table = load_table()
    gaps = [(tag, table.rows[tag].vr, table.rows[tag].name) for tag in table.unknown_to_library]
    return EDITION, str(pydicom.__version__), gaps
