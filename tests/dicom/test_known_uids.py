"""UIDs of a study in text: they tell which study it was, and go as names do."""

from __future__ import annotations

from unseen.dicom.known import known_of, without

_STUDY = b"1.2.826.0.1.3680043.10.77.4711"


def test_uid_is_known_whole_and_not_by_its_parts() -> None:
    known = known_of(frozenset({(_STUDY, False)}))
    assert known.strong == (_STUDY,)
    assert known.within(b"see " + _STUDY + b" for more")
    assert not known.within(b"3680043 or 4711")
    assert without(b"see " + _STUDY + b" first", known) == b"see  first"
