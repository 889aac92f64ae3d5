"""Fixtures of the engine's tests."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.engine.engine_fakes import ROOT, Command, Outcome, fake_engine
from unseen.cli.main import main


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    """The published schema of reports."""
    loaded: dict[str, Any] = json.loads((ROOT / "docs" / "report.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(loaded)
    return loaded


@pytest.fixture
def unseen(tmp_path: Path, schema: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> Command:
    """Run `unseen redact WORDS --report ...` with a fake engine; the report must fit its schema."""

    def command(*words: str | Path, engine: Any = None, report: Path | None = None) -> Outcome:
        if report is None:
            report = tmp_path / "report.json"
            report.unlink(missing_ok=True)
        argv = ["redact", *map(str, words), "--report", str(report)]
        capsys.readouterr()
        code = main(argv, engine=fake_engine() if engine is None else engine)
        printed = capsys.readouterr()
        done = code in (0, 1) and report.is_file()
        loaded: dict[str, Any] = json.loads(report.read_text("utf-8")) if done else {}
        if loaded:
            jsonschema.Draft202012Validator(schema).validate(loaded)
        # On a machine that is busy with other things a run may be long enough to tell its progress.
        err = re.sub(r"(?m)^\d+/\d+ files, .* left\n", "", printed.err)
        return Outcome(code, printed.out, err, loaded)

    return command


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A key file."""
    path = tmp_path / "unseen.key"
    path.write_bytes(bytes(range(32)))
    path.chmod(0o600)
    return path
