"""Which attributes hold what can identify somebody, and which a file still needs: lists of this check's own.

They were made by going through the attributes of PS3.6 and asking what each may hold, not from the table of a profile,
so that a mistake in one does not hide in the other.
"""

from __future__ import annotations

from functools import lru_cache

from unseen.verify.dicom.standard import vr_of

__all__ = ["CHARACTERISTICS", "CLASS_UIDS", "ESSENTIAL", "META", "MUST_STAY", "PIXEL_FORM", "kind_of"]


def _tags(words: str) -> frozenset[int]:
    return frozenset(int(word, 16) for word in words.split())


_IDS = _tags(
    """
    00080050 00100020 00100021 00101000 00101001 00101050 00101080 00101090 00102203 00120040 00120042 00200010
    00320012 00380010 00380011 00380060 00380061 00400009 00400031 00400032 00400253 0040050A 00400512 00400551
    00401001 00401006 00401007 00402006 00402007 00402016 00402017 40080040 40080042 40080200 00100033 00100034
    """
)
_PHONES = _tags("00080094 00102154 00401103 00402010 0040A354")
_ADDRESSES = _tags(
    """
    00080092 00101040 00102152 00102155 00380300 00380400 0038001E 00401102 00401104 00402011 0040A353 4008011A
    """
)
_INSTITUTIONS = _tags(
    """
    00080080 00080081 00081040 00120010 00120030 00120031 00120060 00120081 00321020 00321033 00400011 00400243
    00401005 00402009
    """
)
_DEVICES = _tags(
    """
    00080054 00080055 00081010 00160051 00181000 00181003 00181004 00181005 00181006 00181007 00181008 00181009
    00181010 00181011 0018700A 00321021 00400001 00400010 00400241 00400242 00741236 30080105
    """
)
_TEXTS = _tags(
    """
    00081030 0008103E 00081080 00082111 00084000 00102000 00102110 00102160 00102180 001021B0 001021F0 00104000
    00120051 00120072 00181030 00181400 00184000 0018A003 00204000 00209158 00284000 00321030 00321060 00324000
    00380040 00380050 00380500 00384000 00400007 00400254 00400255 00400280 00400400 00401002 00401400 00402001
    00402400 0040A160 00420010 00500020 00500021 00700006 00700081 00880904 20300020 22000002 40004000 4008010B
    40080115 40080300 40084000
    """
)
_BY_TAG = {
    **dict.fromkeys(_IDS, "id"),
    **dict.fromkeys(_PHONES, "phone"),
    **dict.fromkeys(_ADDRESSES, "address"),
    **dict.fromkeys(_INSTITUTIONS, "institution"),
    **dict.fromkeys(_DEVICES, "device"),
    **dict.fromkeys(_TEXTS, "text"),
}
_BY_VR = {b"PN": "name", b"UI": "uid", b"DA": "date", b"DT": "date", b"TM": "time", b"LT": "text", b"UT": "text"}
#: Representations whose values are words; those of binary ones may hold words too, when nobody knows what they are.
_WORDY = frozenset((b"AE", b"CS", b"LO", b"SH", b"ST", b"UC", b"UN", b"UR", b"OB", b"IS", b"DS"))
#: Sex, age, size, weight, ethnic group, smoking, pregnancy: too common to look for elsewhere.
CHARACTERISTICS = _tags("00100040 00101010 00101020 00101030 00102160 001021A0 001021C0")
#: UIDs that name a kind of thing, not a thing.
CLASS_UIDS = _tags(
    """
    00080016 0008001A 0008001B 00080062 0008010C 0008010D 00080117 00080118 00081150 0008115A 00083002 04000010
    04000510 0072007F
    """
)
#: SOP Class, SOP Instance, Study, Series: what is there must stay there.
ESSENTIAL = (0x00080016, 0x00080018, 0x0020000D, 0x0020000E)
#: What says how pixels are stored; it may change where pixels were changed.
PIXEL_FORM = _tags("00280002 00280004 00280006 00280100 00280101 00280102 00280103 00282110")
#: What research on images cannot do without: kind of image, geometry, grey values, acquisition.
MUST_STAY = PIXEL_FORM | _tags(
    """
    00080016 00080060 00180015 00180050 00180060 00180080 00180081 00180082 00180087 00180088 00181164 00181314
    00185100 00200013 00200032 00200037 00200060 00200062 00201041 00280008 00280010 00280011 00280030 00280034
    00281050 00281051 00281052 00281053
    """
)
#: What a file meta group needs (PS3.10 7.1): no application titles, no private information.
META = _tags("00020000 00020001 00020002 00020003 00020010 00020012 00020013")


@lru_cache(maxsize=16384)
def kind_of(tag: int, vr: bytes) -> str:
    """Return what a value can identify somebody by, "" where it is harmless; nobody vouches for what is "private"."""
    kind = _BY_TAG.get(tag) or _BY_VR.get(vr, "")
    if kind == "uid" and tag in CLASS_UIDS:
        return ""
    if not kind and (tag >> 16) & 1:
        return "private" if vr in _WORDY or vr == b"LT" else ""
    if not kind and vr in _WORDY and vr_of(tag) == b"UN":
        return "private"
    return kind
