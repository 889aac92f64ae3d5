"""Which pictures are distrusted after corrupt data, as packets go in and pictures come out of a decoder."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from unseen.adapters.video.damage import DamageTrace

# Two groups as an encoder with two B-pictures sends them: decoded in this order, shown by number.
DECODED = (0, 3, 1, 2, 6, 4, 5, 7, 10, 8, 9)
KEYS = (0, 7)


def _run(
    decoded: Sequence[int] = DECODED,
    *,
    keys: Sequence[int] = KEYS,
    corrupt: Sequence[int] = (),
    lost: Sequence[int] = (),
    fails: Sequence[int] = (),
    unseen: Sequence[int] = (),
    delay: int = 3,
    strict: bool = True,
) -> dict[int, bool]:
    """Send packets through a decoder that shows pictures in order, `delay` packets later; return who is damaged.

    Pictures of `unseen` are decoded and not to be shown.
    """
    trace: DamageTrace[int] = DamageTrace(strict=strict)
    out: list[tuple[int, bool]] = []
    inside: list[int] = []
    sent: dict[int, int] = {}

    def show() -> None:
        number = min(inside)
        inside.remove(number)
        if number in unseen:
            trace.passed(sent[number], key=number in keys, corrupt=number in corrupt)
        else:
            out.extend(trace.shown(number, number, key=number in keys, corrupt=number in corrupt))

    for number in decoded:
        sent[number] = trace.sent(number, shown=number not in unseen)
        if number in fails:
            trace.failed()
        elif number not in lost:
            inside.append(number)
        if len(inside) > delay:
            show()
    while inside:
        show()
    out.extend(trace.rest())
    assert [number for number, _ in out] == sorted(number for number, _ in out), "the order is kept"
    return dict(out)


def _damaged(**what: Sequence[int]) -> set[int]:
    return {number for number, damaged in _run(**what).items() if damaged}  # type: ignore[arg-type]


def test_sound_video_is_trusted() -> None:
    assert _run() == dict.fromkeys(range(11), False)


def test_damage_lasts_to_the_next_key_picture() -> None:
    assert _damaged(corrupt=[0]) == {0, 1, 2, 3, 4, 5, 6}


def test_pictures_shown_before_the_damaged_one_but_made_from_it_are_distrusted() -> None:
    assert _damaged(corrupt=[3]) == {1, 2, 3, 4, 5, 6}


def test_a_packet_that_gives_no_picture_taints_what_follows() -> None:
    assert _damaged(lost=[3]) == {1, 2, 4, 5, 6}


def test_losses_mean_nothing_for_codecs_that_leave_packets_out() -> None:
    assert not any(_run(lost=[2], strict=False).values())


def test_a_failure_is_only_over_with_a_key_picture_sent_later() -> None:
    assert _damaged(fails=[5]) >= {6}
    assert not _damaged(fails=[5]) & {7, 8, 9, 10}


def test_nothing_is_trusted_before_the_first_key_picture() -> None:
    assert _damaged(keys=[7]) == {0, 1, 2, 3, 4, 5, 6}


def test_pictures_may_be_made_from_those_that_are_not_to_be_seen() -> None:
    """Before the first that is, as where a clip was cut, or after the last, decoded before it."""
    assert _run(unseen=(0, 1, 2)) == dict.fromkeys(range(3, 11), False)
    assert _damaged(unseen=(0, 1, 2), corrupt=[3]) == {3, 4, 5, 6}
    assert _damaged(unseen=(0, 1, 2), corrupt=[0]) == {3, 4, 5, 6}
    assert _damaged(unseen=(0, 1, 2), lost=[2]) == {4, 5, 6}
    assert _damaged(unseen=(6, 7, 8, 9, 10), corrupt=[6]) == {4, 5}
    assert _damaged(unseen=(6, 7, 8, 9, 10), lost=[6]) == {4, 5}


def test_packets_that_give_no_picture_are_counted() -> None:
    def lost(*packets: int, strict: bool = True) -> int:
        trace: DamageTrace[int] = DamageTrace(strict=strict)
        for number in range(8):
            trace.sent(number)
            if number not in packets:
                list(trace.shown(number, number, key=number == 0, corrupt=False))
        list(trace.rest())
        return trace.lost

    assert (lost(), lost(3), lost(5, 6, 7), lost(3, strict=False)) == (0, 1, 3, 0)


def test_corrupt_packets_are_remembered_until_their_picture_comes() -> None:
    trace: DamageTrace[str] = DamageTrace(strict=True)
    for number in range(4):
        trace.sent(number, corrupt=number == 2)
    out = [pair for n in range(4) for pair in trace.shown(str(n), n, key=n == 0, corrupt=False)]
    assert out == [("0", False), ("1", False), ("2", True), ("3", True)]


def test_pictures_without_time_stamps_are_handed_out_at_once() -> None:
    trace: DamageTrace[int] = DamageTrace(strict=False)
    for number in range(100):
        trace.sent(None)
        if number == 50:
            trace.failed()
            continue
        ((picture, damaged),) = trace.shown(number, None, key=number % 10 == 0, corrupt=False)
        # After a failure the first key pictures may have been in the decoder already.
        assert (picture, damaged) == (number, 50 < number < 70)


_SOME = st.sets(st.sampled_from(DECODED))


@given(_SOME, _SOME, _SOME, st.integers(3, 6))
def test_what_is_made_from_damage_is_never_trusted(
    corrupt: set[int], fails: set[int], unseen: set[int], delay: int
) -> None:
    got = _run(corrupt=sorted(corrupt), fails=sorted(fails), unseen=sorted(unseen), delay=delay)
    assert set(got) == set(DECODED) - fails - unseen
    dirty = False
    for number in DECODED:
        dirty = number in corrupt | fails or (dirty and number not in KEYS)
        if dirty and number in got:
            assert got[number], f"{number} may have suffered"


def test_a_corrupt_packet_without_a_time_stamp_may_be_the_second_field_of_the_picture_before() -> None:
    trace: DamageTrace[str] = DamageTrace(strict=True)
    told: list[tuple[str, bool]] = []
    for number, name in enumerate("abc"):
        trace.sent(number)
        trace.sent(None, corrupt=name == "b")
        told.extend(trace.shown(name, number, key=name == "a", corrupt=False))
    assert [*told, *trace.rest()] == [("a", False), ("b", True), ("c", True)]
