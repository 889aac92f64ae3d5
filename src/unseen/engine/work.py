"""What workers share: what they are set up with, their tools, their tasks, and what they hand back."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from unseen.adapters.cpu_threads import single_threaded
from unseen.adapters.files_pillow import PillowCodec
from unseen.adapters.video_av import AvCodec
from unseen.core.edits import Edits
from unseen.core.ports import CredentialWriter, PhotoCodec, VideoCodec
from unseen.core.receipts import FileReceipt
from unseen.core.recipe import Recipe
from unseen.engine.assemble import Assembled, assemble
from unseen.engine.hashing import Hasher
from unseen.engine.names import Placed
from unseen.engine.needed_models import Models

if TYPE_CHECKING:
    from unseen.engine.credentials import Signing
    from unseen.engine.film.count import VideoCounting
    from unseen.traffic.tally import Tally

__all__ = ["Done", "Setup", "Task", "ToolMaker", "Tools", "credential_writer", "open_tools"]


@dataclass(frozen=True, slots=True)
class Setup:
    """What every worker needs to make its tools; can be sent to another process. `photos` and `films` say if there
    are any."""

    recipe: Recipe
    models: Models
    hasher: Hasher
    staging: Path
    device: str
    threads: int
    context: str = ""
    counting: bool = False
    photos: bool = True
    films: bool = True
    signing: Signing | None = None

    @property
    def work(self) -> Path:
        """The folder for parts of videos that are done; where no later run could know them again, one that goes with
        what is staged."""
        return self.staging.with_name("work") if self.hasher.comparable else self.staging / "work"

    @property
    def tracks(self) -> Path:
        """The folder for what was hidden in each frame of videos that are released."""
        return self.staging.with_name("tracks")


@dataclass(frozen=True, slots=True)
class Tools:
    """What one worker works with."""

    setup: Setup
    codec: PhotoCodec
    models: Assembled
    clock: Callable[[], float]
    video: VideoCodec
    credentials: CredentialWriter | None = None


#: Makes the tools of one worker; must be importable, because workers are processes of their own.
ToolMaker = Callable[[Setup], Tools]


@dataclass(frozen=True, slots=True)
class Task:
    """One file, where it goes, what the journal knows of it, and the commitment to its path; of a video also a person's
    edits, the place of its preview below the output folder, and how it is counted, if these are asked for."""

    placed: Placed
    final: Path
    past: Mapping[str, object] | None
    tag: str = ""
    edits: Edits | None = None
    preview: Path | None = None
    counting: VideoCounting | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What a worker hands back: the receipt, the staged file that waits for its name, what the models ran on, the
    folder with the parts of a video, which is deleted when the file has its name, the staged preview, and counts."""

    receipt: FileReceipt
    staged: Path | None
    devices: Mapping[str, str]
    work: Path | None = None
    preview: Path | None = None
    tally: Tally | None = None


def open_tools(setup: Setup) -> Tools:
    """Open the models for one worker; raises DeviceUnavailable or ModelCorrupt."""
    single_threaded()
    if setup.films:
        # Models are opened by code that is not Python's, beside which there is time for this.
        Thread(target=_load_for_films).start()
    models = assemble(
        setup.recipe,
        setup.models,
        setup.device,
        setup.threads,
        counting=setup.counting,
        photos=setup.photos,
        films=setup.films,
    )
    credentials = credential_writer(setup)
    return Tools(setup, PillowCodec(), models, time.perf_counter, AvCodec(setup.threads), credentials)


def _load_for_films() -> None:
    """Load what only videos need and takes a while; what cannot be loaded is told by who needs it."""
    with contextlib.suppress(Exception):
        import_module("av")
        import_module("unseen.engine.film.task")


def credential_writer(setup: Setup) -> CredentialWriter | None:
    """Return what writes content credentials, None where none are asked for."""
    if setup.signing is None:
        return None
    from unseen.adapters.credentials_c2pa import C2paCredentials  # here: most runs have no use for it

    return C2paCredentials(setup.signing.signatory, setup.signing.version)
