"""Content credentials of a run: who signs, what is said, and how a verified file gets them before it has its name."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from unseen.adapters.files_output import discard
from unseen.core.credentials import Area, Facts, Signatory, Statement, area_of, distinct, media_type_of
from unseen.core.formats import is_video
from unseen.core.models import DETECTOR_SIDE
from unseen.core.receipts import Verdict
from unseen.core.recipe import Recipe
from unseen.core.regions import Box
from unseen.engine.needs import need_c2pa
from unseen.errors import OutputFailed, UsageError, VerificationFailed
from unseen.verify.credentials import difference, told
from unseen.verify.metadata import findings_text, scan
from unseen.verify.streams import scan_video

if TYPE_CHECKING:
    from unseen.core.jobs import Job
    from unseen.core.looks import Look
    from unseen.core.regions import Region
    from unseen.core.video import VideoInfo
    from unseen.engine.admission import Admission
    from unseen.engine.names import Placed
    from unseen.engine.work import Task, Tools

__all__ = [
    "Signing", "facts_of", "film_areas", "photo_areas", "refuse_unsignable", "seal", "signatory_of",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs the files of a run, what is said alike of all of them, and this program's version."""

    signatory: Signatory
    facts: Facts
    version: str


def signatory_of(job: Job, now: float) -> Signatory | None:
    """Return who signs, None where nobody is to; raises UsageError or KeyUnusable before anything is done."""
    if job.credentials is None and job.credentials_key is None:
        return None
    if job.credentials is None or job.credentials_key is None:
        raise UsageError("--credentials CERTIFICATE.pem and --credentials-key KEY belong together; name both")
    need_c2pa()
    from unseen.adapters.certificates import read_signatory

    return read_signatory(job.credentials, job.credentials_key, datetime.fromtimestamp(now, UTC))


def facts_of(admission: Admission, models: dict[str, str]) -> Facts:
    """Return what is said alike of all files: the head of the ledger is the one after their admission."""
    recipe = admission.recipe
    looks = {cls: _look(look, cls) for cls, look in sorted(recipe.looks.items())}
    return Facts(admission.digest, recipe.digest(), models, looks, admission.ledger_head())


def _look(look: Look, cls: str) -> str:
    strength = look.strength_for(cls)
    return look.method if strength is None else f"{look.method}:{f'{strength:.6f}'.rstrip('0').rstrip('.')}"


def refuse_unsignable(placed: Iterable[Placed]) -> list[Placed]:
    """Return the entries; those whose output cannot have credentials have that as their problem."""
    return [_refused(each) if each.item.fate == "redact" and not each.problem else each for each in placed]


def _refused(placed: Placed) -> Placed:
    if media_type_of(placed.below.name) is not None:
        return placed
    word = placed.below.suffix.lstrip(".").lower()
    way = "make it an mp4 first" if is_video(placed.below.name) else "say --format png"
    return replace(placed, problem=f"a file of kind {word} cannot have content credentials; {way}")


def photo_areas(regions: Iterable[Iterable[Region]], sizes: Iterable[tuple[int, int]]) -> tuple[Area, ...]:
    """Return where something is hidden in the frames of a photo, roughly; `sizes` are widths and heights."""
    frames = zip(regions, sizes, strict=True)
    return distinct(area_of(region.box, *size) for frame, size in frames for region in frame)


def film_areas(lines: Iterable[str], info: VideoInfo) -> tuple[Area, ...]:
    """Return where and when something is hidden in a video, roughly: an area a track, as the video is shown.

    `lines` are those that a `FilmStore` keeps, one a frame.
    """
    from unseen.engine.film.kept_frames import KeptFrame  # here: photos would wait for it in vain
    from unseen.media.upright import Upright

    turned, tracks = Upright(info, DETECTOR_SIDE), dict[object, list[tuple[Box, float]]]()
    whole, zero = Box(0, 0, info.width, info.height), None
    for frame in map(KeptFrame.read, lines):
        zero = frame.time if zero is None else zero
        places = [("whole", whole)] if frame.whole else [(each.track, each.box) for each in frame.regions]
        for track, box in places:
            tracks.setdefault(track, []).append((turned.shown(box), frame.time - zero))
    step = 1 / float(info.rate)
    return distinct(
        area_of(Box.hull(box for box, _ in seen), *turned.size, (seen[0][1], seen[-1][1] + step))
        for seen in tracks.values()
    )


def seal(
    staged: Path, task: Task, verdict: Verdict, areas: tuple[Area, ...], tools: Tools,
    by_hand: tuple[int, int, int] | None = None,
) -> tuple[Path, dict[str, str]]:  # fmt: skip
    """Give a verified file its content credentials; return its new temporary name and what the receipt says of them.

    What was written is looked at once more: it must be the verified file, byte for byte, and beside it the statement
    and nothing else. Raises VerificationFailed or OutputFailed; the file without credentials is deleted in any case.
    """
    signing, writer, name = tools.setup.signing, tools.credentials, task.placed.label
    kind, target = media_type_of(task.final.name), staged.with_name(f"{secrets.token_hex(16)}{task.final.suffix}")
    try:
        if signing is None or writer is None or kind is None:
            raise VerificationFailed(f"{name}: nobody is here to sign it; run again")
        statement = Statement(signing.facts, verdict, areas, by_hand)
        writer.embed(staged, target, kind, statement)
        manifest = _checked(staged, target, statement, tools.setup.recipe, name)
    except OSError as error:
        discard(target)
        raise OutputFailed(f"{name}: cannot be read back ({error.strerror}); run again") from error
    except BaseException:
        discard(target)
        raise
    finally:
        discard(staged)
    return target, {"manifest": manifest, "certificate_sha256": signing.signatory.fingerprint}


def _checked(staged: Path, target: Path, statement: Statement, recipe: Recipe, name: str) -> str:
    """Return the name of the manifest in a file that was given credentials; raises VerificationFailed."""
    problem = difference(staged, target) or _findings(target, recipe)
    if problem:
        raise VerificationFailed(f"{name}: with content credentials the output holds {problem}; report this")
    said = told(target)
    meant = statement.redaction(), statement.edited()
    if said is None or (said.redaction, said.actions[-1]) != meant:
        raise VerificationFailed(f"{name}: its content credentials do not say what was meant; report this")
    return said.manifest


def _findings(target: Path, recipe: Recipe) -> str:
    keep = recipe.keep | {"credentials"}
    if is_video(target.name):
        kept = (keep - {"icc", "orientation"}) | ({"audio"} if recipe.video.audio != "drop" else set())
        return next(iter(scan_video(target, keep=kept)), "")
    found = scan(target.read_bytes(), keep=keep)
    return findings_text(found) if found else ""
