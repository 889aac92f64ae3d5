"""Examples in Markdown pages: those that are wrong fail, in test runs of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from sybil.document import Document
from sybil.example import SybilFailure

from tools.doc_examples import sybil
from unseen.errors import UsageError


def _evaluate(folder: Path, text: str) -> None:
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    document: Document = sybil().parse(page)
    examples = list(document.examples())
    assert examples
    for example in examples:
        example.evaluate()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ echo one two\none ...\n$ true\n```\n",
        "```console\n$ printf 'a\\nb\\n' && \\\n    echo c\na\n...\nc\n```\n",
        "```python\nx = 1\n```\n\n```python\nassert x == 1\n```\n",
        '```toml\nrequire_verify = "full"\n```\n\n```console\n$ cat policy.toml\nrequire_verify = "full"\n```\n',
        "```sh\nunseen redact a -o b  # comment\npip install something\n```\n",
    ],
    ids=["ellipsis", "continued", "python", "policy", "sh"],
)
def test_right_examples_pass(here: Path, text: str) -> None:
    _evaluate(here, text)


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ false\n```\n",
        "```console\n$ echo one\ntwo\n```\n",
        "```console\nunseen --version\n```\n",
        "```console\n$ unseen --version && exit 3\n```\n",
        "```python\nassert False\n```\n",
        '```toml\nrequire_verfy = "full"\n```\n',
        "```sh\nunseen redact a -o b --colour blue\n```\n",
    ],
    ids=["status", "output", "no-prompt", "own-status", "python", "policy", "unknown-option"],
)
def test_wrong_examples_fail(here: Path, text: str) -> None:
    with pytest.raises((AssertionError, SybilFailure, UsageError)):
        _evaluate(here, text)
