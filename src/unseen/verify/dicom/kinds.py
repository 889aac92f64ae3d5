"""Which objects may hold text in their pixels, whatever their header says of it."""

from __future__ import annotations

__all__ = ["carries_text"]

#: Kinds of objects whose pixels are numbers from a scanner, in which nobody writes, or that have none; all others may
#: be pictures.
_MEASURED = frozenset(
    (
        "CT",
        "MR",
        "PT",
        "NM",
        "RTDOSE",
        "RTPLAN",
        "RTSTRUCT",
        "RTRECORD",
        "SEG",
        "REG",
        "SR",
        "KO",
        "PR",
        "ECG",
        "HD",
        "EPS",
    )
) | frozenset(("AU", "FID", "RWV", "SMR"))
_CAPTURES = "1.2.840.10008.5.1.4.1.1.7"


def carries_text(modality: str, sop_class: str) -> bool:
    """Whether pictures of a modality and a class may hold text: all but what a scanner measures, and all captures."""
    return modality.strip().upper() not in _MEASURED or sop_class.startswith(_CAPTURES)
