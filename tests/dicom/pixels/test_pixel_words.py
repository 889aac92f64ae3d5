"""Which burned-in text may stay."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from unseen.dicom.pixels.words import Judge, is_marker

MARKERS = [
    "L",
    "R",
    "10 cm",
    "10cm",
    "120 kV",
    "250 mAs",
    "5",
    "-40",
    "60%",
    "19fps",
    "A",
    "RT",
    "1.5 mm",
    "4.0cm",
    "cm",
]
NAMES = ["MUELLER", "Anna", "DOB 01/02/1960", "24-MAY-02", "123456", "1960", "L MUELLER", "St. Mary", "ID 77", "9:30"]
TECHNIQUE = ["Adv Breast", "Sag Liver", "Dyn R 58", "TIS 0.0", "MI: 1.4", "PORTABLE SUPINE", "General 2D 100%", "W 400"]


@pytest.mark.parametrize("text", MARKERS)
def test_markers_scales_and_units_stay(text: str) -> None:
    assert is_marker(text)
    assert Judge("all").keeps(text, 0.95)


@pytest.mark.parametrize("text", NAMES)
@pytest.mark.parametrize("mode", ["all", "identifying"])
def test_names_dates_and_numbers_go(text: str, mode: str) -> None:
    assert not Judge(mode).keeps(text, 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", TECHNIQUE[:6])
def test_technique_stays_only_when_asked(text: str) -> None:
    assert not Judge("all").keeps(text, 0.99)
    assert Judge("identifying").keeps(text, 0.99)


def test_what_is_not_read_surely_goes() -> None:
    assert not Judge("all").keeps("L", 0.6)
    assert not Judge("identifying").keeps("", 1.0)


@pytest.mark.parametrize("text", ["LUNG", "Lung", "LUNC", "PULMONARY LUNG", "1UNG"])
def test_what_the_header_knows_goes_even_if_it_looks_harmless(text: str) -> None:
    judge = Judge("identifying", known=("LUNG^MEI", "19600102"))
    assert not judge.keeps(text, 1.0)


def test_a_known_number_goes_even_as_a_measure() -> None:
    assert Judge("all").keeps("120 kV", 1.0)
    assert not Judge("all", known=("120",)).keeps("120 kV", 1.0)


def test_an_unknown_mode_is_no_mode() -> None:
    with pytest.raises(ValueError, match="identifying"):
        Judge("none")  # type: ignore[arg-type]


def test_words_are_lower_case_and_without_doubles() -> None:
    table = json.loads(resources.files("unseen.dicom.pixels").joinpath("words.json").read_text("utf-8"))
    for kind in ("units", "sides", "words"):
        assert len(table[kind]) == len(set(table[kind]))
        assert all(word == word.lower() and " " not in word for word in table[kind])
