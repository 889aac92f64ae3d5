"""One photo through all stages, up to a verified file that waits for its name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unseen.adapters.imaging import shrink
from unseen.core.photos import Photo
from unseen.core.receipts import FileReceipt, Verdict
from unseen.core.recipe import Recipe
from unseen.engine.hashing import Hasher
from unseen.engine.inputs import read_photo
from unseen.engine.release import MAX_ROUNDS, Staged, Workbench, stage_verified
from unseen.engine.remembered import recalled
from unseen.engine.resume import unchanged
from unseen.engine.stopwatch import Stopwatch
from unseen.engine.verdicts import ResiduesRemain
from unseen.engine.work import Done, Task, Tools
from unseen.errors import VerificationFailed
from unseen.media.photos import plan

__all__ = ["redact_photo"]


def redact_photo(task: Task, tools: Tools) -> Done:
    """Take one photo through the stages, up to a verified file that waits for its name; raises FileError."""
    recipe, hasher, name = tools.setup.recipe, tools.setup.hasher, task.placed.label
    watch = Stopwatch(tools.clock)
    with watch.time("read"):
        data = read_photo(task.placed.item.path, name, recipe.limits.max_bytes)
        receipt = FileReceipt(name, "released", input_hash=hasher.of("input", data), seconds=watch.seconds)
    if task.past is not None and unchanged(task.past, task.final, receipt.input_hash or "", hasher):
        return Done(recalled(receipt, task.past), None, {})
    with watch.time("decode"):
        photo = shrink(tools.codec.decode(data, name, recipe.limits), recipe.max_side)
    with watch.time("detect"):
        regions = plan(photo, tools.models.eyes, recipe)
    receipt = replace(receipt, width=photo.frames[0].width, height=photo.frames[0].height)
    bench = Workbench(tools.codec, tools.models.opinion, np.random.default_rng(), tools.setup.staging, watch)
    look_again = _looks_again(recipe, receipt.input_hash or "", hasher)
    try:
        staged = stage_verified(photo, regions, recipe, bench, name, look_again=look_again)
    except VerificationFailed as error:
        verdict = Verdict("fail", rounds=MAX_ROUNDS if isinstance(error, ResiduesRemain) else 0, detail=str(error))
        return Done(replace(receipt, status="failed", error=str(error), verdict=verdict), None, tools.models.devices)
    receipt = replace(receipt, regions=staged.regions, verdict=staged.verdict)
    if tools.setup.signing is not None:
        return _sealed(receipt, staged, photo, watch, task, tools)
    return Done(replace(receipt, output_hash=hasher.of("output", staged.data)), staged.path, tools.models.devices)


def _sealed(
    receipt: FileReceipt, staged: Staged, photo: Photo, watch: Stopwatch, task: Task, tools: Tools
) -> Done:  # fmt: skip
    """Give a verified photo its content credentials; the hash is that of what is released."""
    from unseen.engine.credentials import photo_areas, seal  # here: most runs have no use for it

    sizes = [(frame.width, frame.height) for frame in photo.frames]
    areas = photo_areas(staged.regions, sizes)
    with watch.time("sign"):
        path, said = seal(staged.path, task, staged.verdict, areas, tools)
    output_hash = tools.setup.hasher.of_file("output", path)
    return Done(replace(receipt, output_hash=output_hash, credentials=said), path, tools.models.devices)


def _looks_again(recipe: Recipe, input_hash: str, hasher: Hasher) -> bool:
    """Whether this file is verified by a second look: always, never, or by a secret draw that its hash decides."""
    if recipe.verify != "sample":
        return recipe.verify == "full"
    draw = int(hasher.key.tag("sample", input_hash.encode())[:12], 16) / float(1 << 48)
    return draw < recipe.sample_share
