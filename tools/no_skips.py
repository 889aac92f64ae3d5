"""A pytest plugin: with UNSEEN_REQUIRE_ALL=1 in the environment, a test that skips has failed."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the report of a test that skipped into a failure; one that was expected to fail stays as it is."""
    report = yield
    if not hasattr(report, "wasxfail"):
        _refuse(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the report of a module that skipped as a whole into a failure."""
    report = yield
    _refuse(report)
    return report


def _refuse(report: Any) -> None:
    if not report.skipped or os.environ.get("UNSEEN_REQUIRE_ALL") != "1":
        return
    # A skip is reported as (file, line, reason).
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"UNSEEN_REQUIRE_ALL=1 is set, and this was not run: {reason}"
