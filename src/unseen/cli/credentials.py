"""`unseen credentials`: a certificate to sign photos and videos with; their content credentials shown and checked."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.core.names import display
from unseen.errors import FileError

if TYPE_CHECKING:
    from unseen.engine.credential_tools import Checked

__all__ = ["add_parser", "run"]


def add_parser(verbs: Any, text: str) -> None:
    """Add this verb, with its line of help, and its words to the command line."""
    parser = verbs.add_parser("credentials", help=text, description=__doc__)
    words = parser.add_subparsers(dest="credentials_word", metavar="WORD", required=True)
    make = words.add_parser("make-certificate", help="make a certificate of your own, and its key")
    make.add_argument("--name", required=True, help="who answers for the files; everybody who has one can read it")
    make.add_argument("--years", type=int, default=10, metavar="N", help="how long it is valid (default: 10)")
    make.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER", help="where signer.pem, signer.key, root.pem go"
    )
    show = words.add_parser("show", help="print what the credentials of a file say, as JSON")
    show.add_argument("file", type=Path, metavar="FILE", help="a photo or video")
    check = words.add_parser("check", help="say whether files are as they were signed, and by whom")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE", help="photos and videos")
    check.add_argument(
        "--root", type=Path, metavar="FILE.pem", help="whose signers you trust; all others are an error then"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what the words say and return 0, or 1 if a file is not as it was signed; raises UnseenError."""
    return _WORDS[args.credentials_word](args)


def _make(args: argparse.Namespace) -> int:
    from unseen.engine import credential_tools as engine

    engine.make_identity(args.output, args.name, args.years)
    folder = display(args.output)
    print(f"{folder}/{engine.SIGNER}, {folder}/{engine.KEY}: sign with them: --credentials, --credentials-key")
    print(f"{folder}/{engine.ROOT}: give it to whoever is to check your files")
    return 0


def _show(args: argparse.Namespace) -> int:
    from unseen.engine.credential_tools import show

    print(json.dumps(show(args.file), indent=2, ensure_ascii=True))
    return 0


def _check(args: argparse.Namespace) -> int:
    from unseen.engine.credential_tools import check

    wrong = 0
    for path in args.files:
        try:
            checked = check(path, args.root)
        except FileError as error:
            print(f"unseen: error: {error}", file=sys.stderr)
            wrong += 1
            continue
        good = checked.intact and (args.root is None or checked.vouched)
        wrong += not good
        for line in _lines(display(path.name), checked, rooted=args.root is not None):
            print(line)
    return 1 if wrong else 0


def _lines(name: str, checked: Checked, *, rooted: bool) -> list[str]:
    who = display(checked.issuer)
    if not checked.intact:
        return [f"{name}: NOT as it was signed by {who}: {', '.join(checked.failures)}"]
    vouched = ", whom the root vouches for" if checked.vouched else ", whom the root does NOT know"
    if not rooted:
        vouched = ", whose certificate nobody vouched for; name --root"
    lines = [f"{name}: as it was signed by {who}{vouched}"]
    if checked.told is None:
        return [*lines, f"  not in the form that Unseen writes: {checked.foreign}"]
    said = checked.told.redaction
    places = len(checked.told.actions[-1].get("changes", ()))
    hidden = ", ".join(f"{cls} ({look})" for cls, look in said["looks"].items() if look != "none")
    lines.append(f"  hidden where found: {hidden}; areas told, in tenths of the picture: {places}")
    visible = ", ".join(cls for cls, look in said["looks"].items() if look == "none")
    lines += [f"  told to stay visible: {visible}"] if visible else []
    lines += [f"  tracks {what} by hand: {n}" for what, n in said.get("by_hand", {}).items() if n]
    lines.append(
        f"  verified: {said['verdict']['outcome']}; policy {said['policy'][:16]}, recipe {said['recipe'][:16]}"
    )
    if "ledger" in said:
        lines.append(f"  decided before event {said['ledger']['size']} of {said['ledger']['origin']}")
    return lines


_WORDS: dict[str, Callable[[argparse.Namespace], int]] = {"make-certificate": _make, "show": _show, "check": _check}
