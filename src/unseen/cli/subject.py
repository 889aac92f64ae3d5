"""`unseen subject`: find what there is of a person, hand it to them, erase it, or let it only be stored."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.cli.access import add_actor, add_where
from unseen.cli.vaults import add_vault, opened_vault
from unseen.core.access import Access
from unseen.core.names import display

if TYPE_CHECKING:
    from unseen.core.regions import Box
    from unseen.engine.subjects import Entry

__all__ = ["add_parser", "run"]

#: The first digits of an item's commitment, as they are listed.
_ITEM = re.compile(r"[0-9a-f]{12,64}")


def add_parser(verbs: Any, text: str) -> None:
    """Add this verb, with its line of help, and its words to the command line."""
    parser = verbs.add_parser("subject", help=text, description=__doc__)
    words = parser.add_subparsers(dest="subject_word", metavar="WORD", required=True)
    find = words.add_parser("find", help="show what there is of a person, and where")
    access = words.add_parser("access", help="write a package for a person, in which nobody else shows")
    access.add_argument("-o", "--output", metavar="FOLDER|FILE.zip", type=Path, required=True, help="a new place")
    access.add_argument(
        "--show", metavar="FILE=X,Y,W,H", action="append", default=[], type=_shown,
        help="where in a photo the person is, in pixels from its top left; an item in the vault is named by its digits",
    )  # fmt: skip
    erase = words.add_parser("erase", help="erase what there is of a person, and write a signed certificate")
    erase.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="a new file: the certificate")
    erase.add_argument("--delete-shared", action="store_true", help="delete what others are in too, in place of hiding")
    restrict = words.add_parser("restrict", help="let a person's data be stored and nothing else, or lift that")
    restrict.add_argument("--lift", action="store_true", help="let it be processed again")
    restrict.add_argument(
        "--reason", metavar="TEXT", required=True,
        help="why; it is kept in the records until an erasure, with --lift in the ledger for good: name nobody",
    )  # fmt: skip
    for word in (find, access, erase, restrict):
        word.add_argument("subject", metavar="SUBJECT", help="a name or keyed identifier; - reads it from input")
    for word in (find, access):
        word.add_argument(
            "--match-faces-of", metavar="IMAGE", type=Path,
            help="look for the face of this example image, too; needs the permission match-faces",
        )  # fmt: skip
    for word in (find, access, erase):
        word.add_argument(
            "--in", dest="folders", metavar="FOLDER", type=Path, action="append", default=[],
            help="where files may lie beside the policy's folder; can be repeated",
        )  # fmt: skip
        add_vault(word)
    for word in (find, access, erase, restrict):
        add_actor(word)
        add_where(word)
    verify = words.add_parser("verify", help="check the certificate of an erasure, and print what it says")
    verify.add_argument("certificate", metavar="FILE", type=Path, help="a certificate")
    verify.add_argument("--public-key", type=Path, metavar="FILE", required=True, help="the ledger's: who signed it")
    parser.set_defaults(run=run)


def _shown(word: str) -> tuple[Path, Box]:
    """Read FILE=X,Y,W,H."""
    from unseen.core.regions import Box

    name, _, numbers = word.rpartition("=")
    try:
        x, y, width, height = (float(part) for part in numbers.split(","))
        return Path(name), Box(x, y, x + width, y + height)
    except ValueError:
        raise argparse.ArgumentTypeError(f"cannot read {word!r}; write it as photo.jpg=120,80,200,260") from None


def run(args: argparse.Namespace) -> int:
    """Do what the words say; return 0, or 1 if something was not done. Raises UnseenError."""
    if args.subject_word == "verify":
        return _verify(args)
    if args.subject == "-":
        args.subject = sys.stdin.readline().strip()
    with args.governance(args) as governance:
        return _WORDS[args.subject_word](args, governance, Access(actor=args.actor).who)


def _find(args: argparse.Namespace, governance: Any, actor: str) -> int:
    from unseen.core.consents import utc
    from unseen.engine.subjects import find

    with opened_vault(args, governance) as vault:
        found = find(governance, args.subject, actor, args.folders, vault)
    flagged = {flag.item for flag in governance.records.rights.flags()}
    for entry in found.entries:
        print(_row(entry, governance.root.resolve(), entry.item in flagged))
    for record in found.consents:
        print(f"consent    {record.purpose}: {record.standing(governance.clock())}")
    if found.restriction is not None:
        print(f"restricted since {utc(found.restriction.at)}: {display(found.restriction.reason)}")
    _problems(found.found.problems)
    print(f"{len(found.entries)} items and {len(found.consents)} consents are about person {found.subject[:12]}")
    looked = _by_face(args, governance, actor) if args.match_faces_of else None
    return 1 if found.found.problems or (looked is not None and looked.problems) else 0


def _row(entry: Entry, root: Path, flagged: bool) -> str:
    places = [display(path.relative_to(root) if path.is_relative_to(root) else path) for path in entry.files]
    places += ["vault"] if entry.sealed else []
    more = [display(entry.held)] if entry.held else []
    more += ["somebody else in it restricted its processing"] if entry.restricted else []
    more += ["to be trained again"] if flagged else []
    told = f"{entry.known.kind:<9}  {entry.item[:12]}  {entry.label.state}  {', '.join(places) or 'not found'}"
    return "  ".join([told, *more])


def _by_face(args: argparse.Namespace, governance: Any, actor: str) -> Any:
    """Look for the face of the example image in all photos of the policy's folders, and print what is like it."""
    from unseen.engine.faces import look_for, open_printer, photos_below, require_permission
    from unseen.engine.models import model_store

    require_permission(governance, actor)
    files = photos_below(governance, args.folders, args.match_faces_of)
    matches = look_for(governance, actor, args.match_faces_of, files, open_printer(model_store()))
    for match in matches.found:
        x, y, width, height = match.box.x1, match.box.y1, match.box.width, match.box.height
        where = f"{x:.0f},{y:.0f},{width:.0f},{height:.0f}"
        print(f"like the example: {match.likeness:.2f}  {display(match.path)}={where}")
    _problems(list(matches.problems))
    print(
        f"{matches.looked} photos looked at, {len(matches.found)} faces are like the example's; look yourself, then: "
        "unseen label tighten FILE --subject NAME"
    )
    return matches


def _access(args: argparse.Namespace, governance: Any, actor: str) -> int:
    from unseen.engine.subject_access import Pointer, access

    items = {path.name: box for path, box in args.show if _ITEM.fullmatch(str(path)) and not path.exists()}
    boxes = {path.resolve(): box for path, box in args.show if path.name not in items}
    if args.match_faces_of:
        return _suggest(args, governance, actor)
    with opened_vault(args, governance) as vault:
        given = access(governance, args.subject, actor, args.output, Pointer(boxes, items), args.folders, vault)
    _problems(given.problems)
    print(
        f"{given.items} items, {given.pictures} pictures, the person shows in {given.shown} and nobody else in any "
        f"-> {display(args.output)}"
    )
    return 1 if given.problems else 0


def _suggest(args: argparse.Namespace, governance: Any, actor: str) -> int:
    """Print where the person may be in files of theirs, for somebody to look at: a lookalike is nobody to show."""
    from unseen.engine.subjects import find

    mine = {path.resolve() for e in find(governance, args.subject, actor, args.folders).entries for path in e.files}
    looked = _by_face(args, governance, actor)
    for path, box in looked.boxes().items():
        if path in mine:
            print(f"--show '{display(path)}={box.x1:.0f},{box.y1:.0f},{box.width:.0f},{box.height:.0f}'")
    print("nothing was written: look at each yourself, then say --show for what is right in place of --match-faces-of")
    return 1 if looked.problems else 0


def _erase(args: argparse.Namespace, governance: Any, actor: str) -> int:
    from unseen.engine.subject_erase import erase

    with opened_vault(args, governance) as vault:
        done = erase(
            governance, args.subject, actor, args.output, args.folders, vault, delete_shared=args.delete_shared
        )
    for each in done.recipients:
        items = ", ".join(each["items"])
        print(f"to be told: {each['by']} handed out {items} for {each['purpose']} at {each['time']}")
    for model in done.models:
        print(f"to be trained again: model {model[:12]}")
    for each in done.kept:
        print(f"{each['count']} {each['kind']}: {each['why']}")
    _problems(done.problems)
    totals = done.totals
    print(
        f"{totals['deleted']} items deleted, in {totals['redacted']} everybody hidden; {totals['files']} files, "
        f"{totals['sealed']} in the vault; {totals['consents']} consents withdrawn"
    )
    if not done.certificate:
        print("unseen: error: not finished, so there is no certificate; mend it and say it again", file=sys.stderr)
    else:
        print(f"certificate {done.reference} -> {display(args.output)}")
    return 1 if done.problems or not done.certificate else 0


def _restrict(args: argparse.Namespace, governance: Any, actor: str) -> int:
    from unseen.engine.subjects import lift_restriction, reach, restrict

    if args.lift:
        lift_restriction(governance, args.subject, actor, args.reason)
        print("lifted: it may be processed again, as the policy says")
        return 0
    made = restrict(governance, args.subject, actor, args.reason)
    items = reach(governance, made.subject)
    print(
        f"restricted: from the next decision on, what person {made.subject[:12]} is in is stored and nothing else; "
        f"{items} items now"
    )
    if not items:
        print("unseen: warning: no item is labelled with this person; check the name", file=sys.stderr)
    return 0


def _verify(args: argparse.Namespace) -> int:
    from unseen.engine.needs import need_cryptography

    need_cryptography()
    from unseen.engine.certificates import check_certificate

    for line in check_certificate(args.certificate, args.public_key):
        print(display(line))
    return 0


def _problems(problems: list[str]) -> None:
    for problem in problems:
        print(f"unseen: error: {problem}", file=sys.stderr)


_WORDS: dict[str, Callable[[argparse.Namespace, Any, str], int]] = {
    "find": _find,
    "access": _access,
    "erase": _erase,
    "restrict": _restrict,
}
