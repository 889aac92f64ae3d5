"""What documents say and ask: every statement leads to where it stands, and what nobody knows is MISSING."""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.engine.governed import CITY
from tests.govern.document_scenes import (
    CARD,
    decisions,
    facts,
    policy_facts,
    redaction_values,
    study_values,
)
from unseen.core.documents import KINDS
from unseen.core.looks import Look
from unseen.core.recipe import Recipe
from unseen.core.regions import CLASSES
from unseen.core.terms import BASES
from unseen.core.video import Audio, VideoRecipe
from unseen.engine.documents_facts import fates_of
from unseen.engine.policy_tools import first_policy
from unseen.errors import UnseenError, UsageError
from unseen.govern.documents.decisions import decisions_from
from unseen.govern.documents.evidence import redaction
from unseen.govern.documents.facts import Facts
from unseen.govern.documents.kinds import BUILDERS, Asked, build
from unseen.govern.documents.model import Document, Input, Layout, Question, Row, Section, Source
from unseen.govern.documents.nodes import Node
from unseen.govern.documents.questions import QUESTIONS
from unseen.govern.documents.render import as_html, as_json, as_markdown
from unseen.govern.documents.texts import languages, texts
from unseen.policy.roles import ROLES as POLICY_ROLES

KNOWN = facts()
ROLES = (Asked(), Asked(role="processor"))


def _all(known: Facts) -> Iterator[Document]:
    for kind in BUILDERS:
        for asked in ROLES if kind == "ropa" else ROLES[:1]:
            yield build(kind, known, asked)


def _row(document: Document, label: str) -> Row:
    (row,) = [row for row in document.rows() if row.label.startswith(label)]
    return row


def _found(value: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def test_the_kinds_on_the_command_line_are_those_that_can_be_made() -> None:
    assert tuple(KINDS) == tuple(BUILDERS)


def test_every_source_can_be_followed() -> None:
    decided = decisions(dict.fromkeys(QUESTIONS, "1: so it is"))
    files = {node.place: node.value for node in (*KNOWN.redactions, *KNOWN.studies)}
    files["unseen.yaml"] = KNOWN.policy.written.value if KNOWN.policy else None
    files["decisions.yaml"] = {"answers": dict.fromkeys(QUESTIONS, "so it is")}
    followed = 0
    for known in (KNOWN, replace(KNOWN, decisions=decided)):
        for document in _all(known):
            for row in document.rows():
                for source in row.sources:
                    if source.place in files and source.at:
                        _found(files[source.place], source.at)
                        followed += 1
                    elif source.place not in files:
                        assert re.match(r"PS3.15|records, (labels|consents)|ledger, (head|events?) ", str(source))
    assert followed > 300


def test_nothing_of_a_single_file_or_person_gets_into_a_document() -> None:
    for document in _all(KNOWN):
        text = as_json(replace(document, data=None)) + as_html(document)
        assert not re.search(r"a\.jpg|b\.mp4|c\.jpg|is damaged|p/s/e|olga|viktor|dora\b", text)


def test_every_question_is_asked_by_some_document() -> None:
    bare = Facts(now=0.0, policy=replace(policy_facts(), written=Node({}, "unseen.yaml")))
    interests = policy_facts(CITY.replace("basis: public-task", "basis: legitimate-interest"))
    unsure = Node(study_values(frozenset({"retain-full-dates"}), kept_key=True, verified=False), "dicom.json")
    alone = replace(KNOWN, policy=None, studies=(unsure,), fates=(fates_of(unsure),))
    documents = [*_all(KNOWN), *_all(replace(KNOWN, policy=interests))]
    documents += [build(kind, bare, Asked()) for kind, (_, needs) in BUILDERS.items() if needs == "policy"]
    documents += [build(kind, alone, Asked()) for kind, (_, needs) in BUILDERS.items() if needs == "reports"]
    asked = {each.question.key.rpartition("/")[2] for document in documents for each in document.missing}
    assert set(QUESTIONS) - asked == set()


def test_what_is_missing_is_marked_and_counted_in_every_format() -> None:
    for document in _all(KNOWN):
        count = len(document.missing)
        page, text = as_html(document), as_markdown(document)
        assert count > 0
        assert page.count('<p class="missing">') == count
        assert text.count("**MISSING**") == count
        if document.layout == "pages":
            assert f"What is MISSING ({count})" in page
        assert as_json(replace(document, data=None)).count('"missing": {') == count


def test_a_decision_takes_the_place_of_what_is_missing_and_says_whose_it_is() -> None:
    answers = {"recipients": "nobody", "care/recipients": ["the hospital", "its insurer"]}
    document = build("ropa", replace(KNOWN, decisions=decisions(answers, {"care": None})), Asked())
    rows = {
        section.title: row for section in document.sections for row in section.rows if row.label.startswith("Recip")
    }
    assert rows["Activity: research"].values == ("nobody",)
    assert rows["Activity: care"].values == ("the hospital", "its insurer")
    assert {str(row.sources[0]) for row in rows.values()} == {
        "decisions.yaml#/answers/recipients", "decisions.yaml#/answers/care~1recipients"
    }  # fmt: skip
    assert "Decided by Dora Example, 2026-11-26" in as_html(document)
    assert document.decided == len(rows)
    assert len(document.missing) == len(build("ropa", KNOWN, Asked()).missing) - len(rows)


@pytest.mark.parametrize(
    ("answers", "told"),
    [({"recipient": "x"}, "did you mean recipients"), ({"trade/recipients": "x"}, "no purpose 'trade'"),
     ({"recipients": " "}, "says nothing"), ({"recipients": 1.1}, "in quotes"), ({"recipients": []}, "write a text")],
)  # fmt: skip
def test_a_decision_that_no_document_asks_for_is_told(answers: dict[str, Any], told: str) -> None:
    with pytest.raises(UnseenError, match=told):
        decisions(answers)


def test_a_narrower_purpose_cites_what_it_inherits_where_it_stands() -> None:
    document = build("ropa", replace(KNOWN, scope="research.road-safety"), Asked())
    (section,) = [each for each in document.sections if each.title.startswith("Activity")]
    basis, kept = (next(row for row in section.rows if row.label == label) for label in ("Legal basis", "Kept for"))
    assert str(basis.sources[0]) == "unseen.yaml#/purposes/research/basis"
    assert str(kept.sources[0]) == "unseen.yaml#/purposes/research/purposes/road-safety/retention"


def test_rights_follow_the_legal_bases() -> None:
    def rights(scope: str) -> str:
        return _row(build("sign", replace(KNOWN, scope=scope), Asked()), "Your rights").values[0]

    assert "objection" in rights("research")
    assert "withdrawal" not in rights("research")
    assert "withdrawal of consent" in rights("care")
    assert "objection" not in rights("care")


def test_a_sign_with_something_missing_says_that_it_is_not_ready() -> None:
    document = build("sign", KNOWN, Asked())
    assert "not ready to be put up" in as_html(document)
    ready = build("sign", replace(KNOWN, decisions=decisions({"notice-url": "https://city.example/p"})), Asked())
    assert ready.missing == ()
    page = as_html(ready)
    assert "not ready" not in page
    assert "https://city.example/p" in page
    assert "<svg" in page


def test_placeholders_of_a_policy_to_begin_with_are_missing() -> None:
    first = replace(KNOWN, policy=policy_facts(first_policy("dora")))
    asked = {each.question.key for each in build("sign", first, Asked()).missing}
    assert {"controller-name", "controller-contact"} <= asked


def test_every_language_has_the_same_sentences_with_the_same_gaps() -> None:
    def gaps(values: Any, place: str = "") -> dict[str, list[str]]:
        if isinstance(values, str):
            return {place: sorted(re.findall(r"\{\w+\}", values))}
        return {key: gap for name, each in values.items() for key, gap in gaps(each, f"{place}/{name}").items()}

    assert "en" in languages()
    assert all(gaps(texts(language)) == gaps(texts("en")) for language in languages())
    assert texts("en")["classes"].keys() == set(CLASSES)
    assert texts("en")["roles"].keys() == set(POLICY_ROLES)
    assert texts("en")["bases"].keys() == set(BASES)


def test_words_that_a_kind_has_no_use_for_are_refused() -> None:
    for kind, asked, told in (
        ("notice", Asked(language="xx"), "choose from en"),
        ("ropa", Asked(language="de"), "is written in English"),
        ("dpia", Asked(role="processor"), "--as is for ropa"),
    ):
        with pytest.raises(UsageError, match=told):
            build(kind, KNOWN, asked)


@pytest.mark.parametrize("wrong", [{"decided_on": "soon"}, {"decided_by": ""}, {"answers": []}, {"more": "x"}])
def test_decisions_say_who_when_and_what(wrong: dict[str, Any]) -> None:
    values = {"decided_by": "Dora Example", "decided_on": "2026-11-26", "answers": {}, **wrong}
    with pytest.raises(UsageError, match=r"decisions\.yaml"):
        decisions_from(Node(values, "decisions.yaml"), {})


# Safe Harbor.


@pytest.mark.parametrize(
    ("audio", "told"),
    [("drop", "dropped"), ("keep", "kept"), ("mute-when-person", "muted while a face, a head or a person is hidden")],
)
def test_sound_that_was_muted_is_not_said_to_be_kept(audio: Audio, told: str) -> None:
    report = Node(redaction_values(Recipe(video=VideoRecipe(audio=audio))), "report.json")
    (row,) = (row for row in redaction(report) if row.label == "Sound of videos")
    assert row.values[0].startswith(told)


def _safe_harbor(*studies: dict[str, Any], redactions: tuple[dict[str, Any], ...] = ()) -> Document:
    nodes = tuple(Node(values, f"dicom{i}.json") for i, values in enumerate(studies))
    reports = tuple(Node(values, f"report{i}.json") for i, values in enumerate(redactions))
    known = replace(KNOWN, studies=nodes, redactions=reports, fates=tuple(map(fates_of, nodes)))
    return build("safe-harbor", known, Asked())


def _open(document: Document) -> str:
    rows = [row for row in document.rows() if re.match(r"\([A-R]\)", row.label)]
    assert [row.label[1] for row in rows] == list("ABCDEFGHIJKLMNOPQR")
    return "".join(row.label[1] for row in rows if row.missing is not None)


def test_eighteen_rows_have_evidence_or_are_missing() -> None:
    # Under the Basic Profile with a key that is thrown away only fingers and voices are left to a person.
    assert _open(_safe_harbor(study_values())) == "P"
    names = _row(_safe_harbor(study_values()), "(A)")
    assert any(value.startswith("removed: ") and "Other Patient Names" in value for value in names.values)
    assert "2 of 2 released objects verified" in names.values[-1]


@pytest.mark.parametrize(
    ("report", "left"),
    [
        (study_values(frozenset({"retain-full-dates"})), "CP"),
        (study_values(frozenset({"retain-modified-dates"})), "CP"),
        (study_values(frozenset({"retain-institution-identity"})), "BP"),
        (study_values(frozenset({"retain-uids"})), "MPR"),
        (study_values(keep_face=True), "PQ"),
        (study_values(kept_key=True), "PR"),
        (study_values(frozenset({"retain-safe-private"})), "PR"),
        (study_values(verified=False), "ABCDEFGHIJKLMNOPQR"),
        (study_values(unsafe_keep_pixels=True), "ABCDEFGHIJKLMNOPQR"),
    ],
)
def test_what_was_told_to_stay_or_was_not_verified_is_left_to_a_person(report: dict[str, Any], left: str) -> None:
    document = _safe_harbor(report)
    got = set(_open(document))
    assert got >= set(left)
    assert _row(document, f"({left[0]})").values != ()


def test_photos_show_what_the_report_hid_and_looked_at_again() -> None:
    both = Recipe(looks={"face": Look("fill"), "plate": Look("solid"), "text": Look("fill")})
    values = redaction_values(both)
    document = _safe_harbor(redactions=(values,))
    # Plates have no second model in this report, writing never has, and prints are looked for by nobody.
    assert set(_open(document)) == set("ABCDEFGHIJKLMNOPR") - {"M"}
    assert "no second model looks for it" in " ".join(_row(document, "(L)").values)
    face = _row(document, "(Q)")
    assert face.missing is None
    assert any("95 % interval" in value for value in face.values)
    blurred = redaction_values(Recipe(looks={"face": Look("blur")}))
    assert "Q" in _open(_safe_harbor(redactions=(blurred,)))


# The tools of others.


def test_the_impact_assessment_is_what_the_pia_tool_imports() -> None:
    answers = {"risk-loss-severity": "2: a copy is kept", "risk-loss-threats": ["fire"], "dpia-name": "Crossings"}
    data = build("dpia", replace(KNOWN, decisions=decisions(answers)), Asked()).data
    assert data is not None
    assert list(data) == ["pia", "answers", "measures", "evaluations", "comments"]
    # The tool's numbers: sections 1, 2 and 3 of src/assets/files/pia_architecture.json.
    numbers = {111, 112, 113, 121, 122, 123, *range(211, 216), *range(221, 228)}
    numbers |= {base + step for base in (321, 331, 341) for step in range(6)}
    answered = {each["reference_to"]: each["data"] for each in data["answers"]}
    assert answered.keys() <= numbers
    assert {each["reference_to"] for each in data["comments"]} | answered.keys() == numbers
    assert answered[345] == {"text": "a copy is kept", "gauge": 2, "list": []}
    assert answered[342]["list"] == ["fire"]
    assert answered[344]["list"] == [each["title"] for each in data["measures"]]
    assert (data["pia"]["name"], data["pia"]["status"], data["pia"]["is_example"]) == ("Crossings", 0, 0)
    assert "structure_data" in data["pia"]


def test_answers_for_the_pia_tool_are_escaped_html() -> None:
    hostile = policy_facts(CITY.replace("How many people cross, never who", "'<img src=x onerror=alert(1)>'"))
    data = build("dpia", replace(KNOWN, policy=hostile), Asked()).data
    assert data is not None
    text = next(each["data"]["text"] for each in data["answers"] if each["reference_to"] == 111)
    assert "<img" not in text
    assert "&lt;img src=x" in text


# Whatever is in the data.


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: Counter[str] = Counter()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def _tags(page: str) -> _Tags:
    parser = _Tags()
    parser.feed(page)
    return parser


def _said(text: str, layout: Layout) -> Document:
    """Return a document that has a text in every place that holds one."""
    row = Row(text, (text, text), (Source(text, f"/{text}"), Source(text, text)), text, Question(text, text), text)
    sections = (Section(text, (row, row, row), text, text),)
    return Document(text, text, text, sections, (Input(text, text, text),), text, text, layout)


@given(text=st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable() and text.strip() == text))
@example(text="</style><script>alert(1)</script>").via("markup")
@example(text="'\"><img src=x onerror=alert(1)>").via("attributes")
@example(text="# [x](javascript:alert(1)) `x` *x* _x_ <b>").via("Markdown")
@pytest.mark.parametrize("layout", get_args(Layout))
def test_no_text_becomes_markup(layout: Layout, text: str) -> None:
    document, plain = _said(text, layout), _said("x", layout)
    page, baseline = _tags(as_html(document)), _tags(as_html(plain))
    assert (page.tags, page.attributes) == (baseline.tags, baseline.attributes)
    assert page.text.count(text) >= (7 if layout == "sign" else 20)
    lines, base = as_markdown(document).splitlines(), as_markdown(plain).splitlines()
    assert [re.match(r" *(#+|-|\d+\.)?", line)[0] for line in lines] == [  # type: ignore[index]
        re.match(r" *(#+|-|\d+\.)?", line)[0]  # type: ignore[index]
        for line in base
    ]
    assert not re.search(r"(?<!\\)[<\[`*]", "".join(lines).replace("**", "").replace("\\\\", ""))
    assert json.loads(as_json(document))["sections"][0]["rows"][0]["values"] == [text, text]


def _places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        yield (*path, key)
        yield from _places(each, (*path, key))


@pytest.mark.parametrize("values", [redaction_values(), study_values()], ids=["redact", "dicom"])
def test_a_damaged_report_is_told_or_makes_a_document_and_never_breaks(values: dict[str, Any]) -> None:
    told = 0
    wrongs: Iterator[Any] = itertools.cycle(("missing", None, [], {"x": 1}, "word", -1, "\x00"))
    for path in list(_places(values)):
        wrong, damaged = next(wrongs), copy.deepcopy(values)
        holder: Any = damaged
        for step in path[:-1]:
            holder = holder[step]
        if wrong == "missing":
            del holder[path[-1]]
        else:
            holder[path[-1]] = wrong
        told += _told(Node(damaged, "report.json"), "studies" in values)
    assert told > 20


def _told(node: Node, study: bool) -> bool:
    """Whether the documents that look closest at a report say that it is damaged; anything else is an error."""
    try:
        known = replace(KNOWN, redactions=() if study else (node,), studies=(), fates=())
        if study:
            options = node["recipe"]["options"].words()
            known = replace(known, studies=(node,), fates=KNOWN.fates if not options else (fates_of(node),))
        for kind in ("safe-harbor", "dataset-card"):
            as_markdown(build(kind, known, Asked()))
    except UnseenError:
        return True
    return False


def test_a_card_is_complete_with_decisions_and_says_what_it_lacks_without() -> None:
    card = build("dataset-card", KNOWN, Asked())
    assert set(card.faults) >= {"license: is missing", "url: is missing"}
    whole = build("dataset-card", replace(KNOWN, decisions=decisions(CARD)), Asked())
    assert whole.faults == ()
    assert whole.data is not None
    assert [each["@id"] for each in whole.data["distribution"]] == ["archive", "dcm-files", "jpg-files", "mp4-files"]
