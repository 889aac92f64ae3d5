"""ICC profiles (ICC.1:2022): only what describes colour may stay in them."""

from __future__ import annotations

from unseen.verify.containers.findings import Finding, Findings, Malformed, Reader, Spans, guarded, label

__all__ = ["MAX_PROFILE", "scan_icc"]

MAX_PROFILE = 4 * 1024 * 1024
_HEADER = 128
#: When a profile was made (ICC.1:2022, 7.2.8), and the one time that tells nothing: the first second of 2000.
_MADE, _SILENT = slice(24, 36), bytes((0x07, 0xD0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0))
#: Tags of ICC.1 that turn numbers into colours, the two texts that the standard requires, and two vendors' tags that
#: ordinary photos carry ("dscm", the name of the profile in more languages; "ucmI"). Left out on purpose: free-form
#: dictionaries ("meta"), measurement files ("targ"), times and curves of calibration, and "mmod", which holds the
#: serial number of a display.
_TAGS = frozenset(
    b"A2B0 A2B1 A2B2 A2B3 B2A0 B2A1 B2A2 B2A3 B2D0 B2D1 B2D2 B2D3 D2B0 D2B1 D2B2 D2B3 bTRC bXYZ bfd  bkpt cprt chad "
    b"chrm cicp ciis clot clro crdi desc dmdd dmnd dscm gTRC gXYZ gamt kTRC lumi meas ncl2 pre0 pre1 pre2 ps2s ps2i "
    b"pseq rTRC rXYZ resp rig0 rig2 scrd scrn tech ucmI view vued wtpt".split()
)


def scan_icc(profile: bytes, where: str) -> Findings:
    """Yield an "icc" or "malformed" finding for everything in a kept profile that does not describe colour."""
    if len(profile) > MAX_PROFILE:
        yield Finding("icc", where, f"the colour profile has more than {MAX_PROFILE} bytes")
        return
    yield from guarded(_profile(profile, where), where)


def _profile(profile: bytes, where: str) -> Findings:
    reader = Reader(profile)
    if reader.uint(4) != len(profile) or profile[36:40] != b"acsp":
        raise Malformed("is no ICC profile of its announced size")
    reader.skip(_HEADER - 4)
    if any(profile[100:_HEADER]):
        yield Finding("icc", where, "reserved bytes of the colour profile are in use")
    if profile[_MADE] != _SILENT:
        yield Finding("icc", where, "the colour profile tells when it was made")
    spans = Spans()
    count = reader.uint(4)
    spans.add(0, _HEADER + 4 + 12 * count)
    for _ in range(count):
        name, start, size = reader.take(4), reader.uint(4), reader.uint(4)
        Reader(profile, start, start + size)
        spans.add(start, start + size)
        if name.rstrip() not in _TAGS:
            yield Finding("icc", where, f"the colour profile has a private tag {label(name)}")
    # Tables may share bytes in a profile (one curve for three channels, in part even), so only gaps count.
    for gap in spans.findings(profile, 0, len(profile), padding=3):
        if gap.kind != "overlap":
            yield Finding("icc", where, "the colour profile has bytes outside its tags")
