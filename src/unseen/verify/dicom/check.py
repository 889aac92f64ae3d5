"""The check of a de-identified file beside its original, before it is released."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice

from unseen.verify.containers.findings import Finding
from unseen.verify.dicom.pairs import Pairs, pair_up
from unseen.verify.dicom.parse import parse
from unseen.verify.dicom.search import search, sought, telling, touches
from unseen.verify.dicom.structure import structure
from unseen.verify.dicom.study import Link, links

__all__ = ["KEPT", "MAX_FINDINGS", "Checked", "check"]

#: The options of PS3.15 annex E.3 by the words of the command line; some let values stay.
KEPT = (
    "clean-descriptors",
    "clean-graphics",
    "clean-pixel-data",
    "clean-recognizable-visual-features",
    "clean-structured-content",
    "retain-device-identity",
    "retain-full-dates",
    "retain-institution-identity",
    "retain-modified-dates",
    "retain-patient-characteristics",
    "retain-safe-private",
    "retain-uids",
)
MAX_FINDINGS = 200


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found, and what ties the file to others of its run; no finding means that it may be released."""

    findings: tuple[Finding, ...]
    links: tuple[Link, ...] = ()


def check(
    original: bytes, written: bytes, kept: Collection[str] = (), *, edited: bool = False, salt: bytes = b""
) -> Checked:
    """Compare a whole file as it was read with the whole file as it was written; never raises for what these hold.

    `kept` are the options under which something was kept (of KEPT; others raise ValueError), `edited` says that pixels
    were changed, and `salt`, up to 64 bytes, is that of the run. Runs the kinds of check of MIDI-B (Rutherford et al.,
    Medical Image De-Identification Benchmark Challenge, 2024), a search of every byte for what identified somebody in
    the original, and an account of each byte. Shares no code with what writes files.
    """
    unknown = set(kept).difference(KEPT)
    if unknown:
        raise ValueError(f"kept has to be of {', '.join(KEPT)}, not {', '.join(sorted(unknown))}")
    before, after = parse(original), parse(written)
    if before.broken and not before.rest_is_none:
        # What identified somebody cannot be known in full.
        return Checked((Finding("malformed", "original", before.broken),))
    pairs, wanted = Pairs(before, after), sought(before, kept)
    found = chain(
        search(wanted, before, after),
        pair_up(pairs, kept, edited=edited, tainted=partial(touches, wanted)),
        telling(after, kept),
        structure(after, kept),
    )
    return Checked(tuple(islice(found, MAX_FINDINGS)), tuple(links(pairs, kept, salt)))
