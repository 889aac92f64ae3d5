"""Settings of all tests, and the examples of the documentation as tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tools.doc_examples import doc_folder, sybil

pytest_plugins = ["tools.no_skips"]
pytest_collect_file = sybil().pytest()

# Machines of continuous integration stall now and then; that is no reason for a property to fail. Each run tries each
# property a little, with other examples than the run before; `make thorough` tries them all night.
hypothesis.settings.register_profile("unseen", deadline=None, max_examples=30)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "unseen"))

#: What lasts long, a file at a time.
_LONG = ("README.md", "docs/", "tests/golden/", "tests/engine/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with long jobs: nobody should wait for the last of them alone."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


def pytest_configure(config: pytest.Config) -> None:
    """Give each of several test workers its share of the cores.

    Networks use every core that a process may use: workers that share them spend half of their time waiting in turns.
    Of more workers than cores, several have the same one.
    """
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker is not None:
        _measure_no_children()
    if worker is not None and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        number, count = int(worker["workerid"].removeprefix("gw")), int(worker["workercount"])
        os.sched_setaffinity(0, cores[number::count] or [cores[number % len(cores)]])


def _measure_no_children() -> None:
    """Leave processes that tests start out of coverage: starting it in each takes a fifth of what such tests take."""
    for name in [name for name in os.environ if name.startswith("COVERAGE_PROCESS")]:
        del os.environ[name]


@pytest.fixture(scope="module")
def doc_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which a page's examples run, one after another."""
    with pytest.MonkeyPatch.context() as patch:
        data = os.environ.get("UNSEEN_TEST_DATA")
        if data:
            patch.setenv("UNSEEN_MODELS", str(Path(data) / "models"))
        yield from doc_folder(tmp_path_factory.mktemp("page"))
