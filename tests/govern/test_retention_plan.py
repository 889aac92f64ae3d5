"""What has to be deleted: what is expired and all that was made from it, but nothing that is held, nor its sources."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from unseen.core.rights import Hold
from unseen.govern.retention import Graph, Known, kept_of, plan

NOW = 100.0
NAMES = [f"{n:02d}" * 32 for n in range(8)]


@st.composite
def _worlds(draw: st.DrawFn) -> tuple[dict[str, Known], list[tuple[str, str]], list[Hold], set[str]]:
    """Draw items, with ends on either side of now, people, edges in any direction, holds and restrictions."""
    until = st.sampled_from([None, NOW - 1, NOW, NOW + 1])
    people = st.frozensets(st.sampled_from(["mia", "noah"]))
    kinds = st.sampled_from(["photo", "live", "model"])
    items = {name: Known(name, draw(kinds), draw(until), draw(people), 0.0) for name in NAMES}
    pairs = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))
    held = st.one_of(st.tuples(st.sampled_from(NAMES), st.just("")), st.tuples(st.just(""), st.just("mia")))
    holds = [
        Hold(str(n), item, subject, "court", "", 0.0)
        for n, (item, subject) in enumerate(draw(st.lists(held, max_size=2)))
    ]
    return items, draw(st.lists(pairs, max_size=12)), holds, draw(st.sets(st.just("noah")))


@given(_worlds())
def test_all_that_is_due_goes_and_nothing_that_is_kept(
    world: tuple[dict[str, Known], list[tuple[str, str]], list[Hold], set[str]],
) -> None:
    items, edges, holds, restricted = world
    graph = Graph(edges)
    kept = kept_of(items, graph, holds, restricted)
    decided = plan(items, graph, kept, NOW)
    due = {each.known.item for each in decided.due}
    stays = {known.item for known, _ in decided.kept}
    expired = {
        k.item for k in items.values() if k.kind != "live" and k.retain_until is not None and k.retain_until <= NOW
    }
    reached = {item for item in graph.below(expired) if items[item].kind != "live"}
    assert due | stays == reached
    assert not due & kept.keys()
    held = {h.item for h in holds if h.item} | {
        k.item for k in items.values() if any(h.subject in k.subjects for h in holds if h.subject)
    }
    assert graph.above(held).keys() <= kept.keys()
    assert all(not items[item].subjects & restricted for item in due)
    # Whoever is killed half-way finds the rest again: what is due is not due by what was deleted before it alone.
    assert all(each.derived == (each.known.item not in expired) for each in decided.due)


def test_what_was_made_last_goes_first_and_a_hold_is_told_with_its_reason() -> None:
    items = {n: Known(n, "photo", NOW if n == NAMES[0] else None, frozenset(), 0.0) for n in NAMES[:4]}
    graph = Graph([(NAMES[1], NAMES[0]), (NAMES[2], NAMES[1]), (NAMES[3], NAMES[0])])
    decided = plan(items, graph, {}, NOW)
    assert [each.known.item for each in decided.due] == [NAMES[2], NAMES[1], NAMES[3], NAMES[0]]
    hold = Hold("h", NAMES[1], "", "case 7", "", 0.0)
    kept = kept_of(items, graph, [hold])
    assert kept == {NAMES[1]: "held: case 7", NAMES[0]: "what is held was made from it: case 7"}
    assert [each.known.item for each in plan(items, graph, kept, NOW).due] == [NAMES[2], NAMES[3]]
