"""`unseen models`: list, find, fetch, add and export the model files."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unseen.engine.models import FileModelStore, Stock

__all__ = ["add_parser", "run"]

_HEADINGS = ("NAME", "TASK", "CLASSES", "LICENCE", "SIZE", "STATE")
_NOT_OURS = "weights are not part of Unseen; read their licence before you use or share them"


def add_parser(verbs: Any, text: str) -> None:
    """Add this verb, with its line of help, and its words to the command line."""
    parser = verbs.add_parser("models", help=text, description=__doc__)
    words = parser.add_subparsers(dest="models_word", metavar="WORD", required=True)
    listing = words.add_parser("list", help="show the catalogue: task, classes, licence of the weights, size, state")
    listing.add_argument("--json", action="store_true", help="print everything known as JSON")
    where = words.add_parser("where", help="show the folders that are looked through, in order, and what was found")
    where.add_argument("names", nargs="*", metavar="NAME", help="a model of the catalogue (default: all)")
    pull = words.add_parser("pull", help="fetch models into the cache, checked against the catalogue's SHA-256")
    pull.add_argument(
        "names", nargs="*", metavar="NAME", help="a model of the catalogue (default: all that are pinned)"
    )
    add = words.add_parser("add", help="take in a model file of your own, after trying it out")
    add.add_argument("file", type=Path, metavar="FILE", help="an .onnx or .tflite file")
    add.add_argument("--as", dest="name", metavar="NAME", help="the catalogue name it is for (default: from FILE)")
    export = words.add_parser(
        "export",
        help='make an ONNX file from YOLO weights and take it in; needs `pip install "unseen[yolo]"` (AGPL-3.0)',
        description="Loading a .pt file runs code that it holds: export only weights you trust.",
    )
    export.add_argument("weights", metavar="WEIGHTS.pt", help="a file, or a name as yolo26n.pt to download")
    export.add_argument(
        "--as", dest="name", metavar="NAME", help="the catalogue name it is for (default: from WEIGHTS)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what the words say and return 0; raises UnseenError."""
    # The engine is imported where it is used, so that `unseen --help` answers at once.
    from unseen.engine.models import model_store

    return _WORDS[args.models_word](args, model_store())


def _list(args: argparse.Namespace, store: FileModelStore) -> int:
    from unseen.engine.models import stock_of

    stocks = stock_of(store)
    if args.json:
        print(json.dumps([_as_json(stock) for stock in stocks], indent=2))
        return 0
    _print_table([_HEADINGS, *(_row(stock) for stock in stocks)])
    print()
    for stock in stocks:
        if stock.entry.licence.startswith("AGPL"):
            print(f"note: {stock.entry.name} is under {stock.entry.licence}: its {_NOT_OURS}")
        if stock.state != "here":
            print(f"{stock.entry.name}: {stock.reason or stock.entry.how_to_get}")
    return 0


def _where(args: argparse.Namespace, store: FileModelStore) -> int:
    from unseen.engine.models import stock_of, wanted

    chosen = [entry.name for entry in wanted(store, args.names)] if args.names else list(store.catalogue)
    for number, (what, folder) in enumerate(store.places, start=1):
        print(f"{number}. {folder} ({what})")
    print(f"{len(store.places) + 1}. packages installed in this environment")
    for stock in stock_of(store):
        if stock.entry.name not in chosen:
            continue
        if stock.file is None:
            print(f"{stock.entry.name}: {stock.reason or 'not here: ' + stock.entry.how_to_get}")
        else:
            print(f"{stock.entry.name}: {stock.file.path} sha256:{stock.file.sha256} ({stock.file.origin})")
    return 0


def _pull(args: argparse.Namespace, store: FileModelStore) -> int:
    from unseen.engine.models import pull_model, wanted

    for entry in wanted(store, args.names):
        size = f"{_megabytes(entry.size_bytes)}, " if entry.size_bytes else ""
        print(f"{entry.name}: {size}licence {entry.licence}, training data {entry.training_data} ...", flush=True)
        file = pull_model(store, entry.name)
        print(f"{entry.name}: {file.path} sha256:{file.sha256} ({file.origin})")
    return 0


def _add(args: argparse.Namespace, store: FileModelStore) -> int:
    from unseen.engine.models import add_model

    file = add_model(store, args.file, args.name)
    print(f"{file.name}: {file.path} sha256:{file.sha256} ({file.origin})")
    return 0


def _export(args: argparse.Namespace, store: FileModelStore) -> int:
    from unseen.engine.models import export_model

    print(f"exporting {args.weights} with Ultralytics (AGPL-3.0) ...", flush=True)
    file = export_model(store, args.weights, args.name)
    print(f"{file.name}: {file.path} sha256:{file.sha256} ({file.origin})")
    return 0


_WORDS: dict[str, Callable[[argparse.Namespace, FileModelStore], int]] = {
    "list": _list,
    "where": _where,
    "pull": _pull,
    "add": _add,
    "export": _export,
}


def _row(stock: Stock) -> tuple[str, ...]:
    entry = stock.entry
    size = stock.file.path.stat().st_size if stock.file is not None else entry.size_bytes
    return (entry.name, entry.task, " ".join(entry.classes), entry.licence, _megabytes(size), stock.state)


def _as_json(stock: Stock) -> dict[str, object]:
    entry, file = stock.entry, stock.file
    return {
        "name": entry.name,
        "family": entry.family,
        "task": entry.task,
        "classes": list(entry.classes),
        "licence": entry.licence,
        "training_data": entry.training_data,
        "size_bytes": entry.size_bytes,
        "pinned_sha256": entry.sha256,
        "state": stock.state,
        "path": str(file.path) if file is not None else None,
        "sha256": file.sha256 if file is not None else None,
        "origin": file.origin if file is not None else None,
        "how_to_get": entry.how_to_get,
    }


def _megabytes(size: int | None) -> str:
    return "-" if size is None else f"{size / 1e6:.1f} MB"


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
