"""The readable page of what a person is given: their data, what was decided about it, and their rights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

__all__ = ["access_page"]

_STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}
h1{font-size:1.7rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #ccc}
table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{text-align:left;vertical-align:top;padding:.35rem .5rem;
border-bottom:1px solid #ddd}figure{margin:1.2rem 0}img,video{max-width:100%;max-height:24rem}
figcaption{font-size:.9rem;color:#444}.note{color:#444}@media print{a{color:inherit}}"""
_NONE = '<p class="note">Nothing is on record.</p>'


def access_page(data: Mapping[str, Any]) -> str:
    """Return the page for what `data` holds, which is what is in the package's data.json; nothing is fetched by it."""
    who = data["controller"] or {"name": "the controller", "contact": ""}
    parts = [
        f"<h1>Your data at {escape(who['name'])}</h1>",
        f"<p>Issued {escape(data['issued'])}. Questions, corrections, objections: {escape(who['contact'])}"
        + (f", data protection officer: {escape(who['dpo'])}" if who.get("dpo") else "")
        + ".</p><p>Everybody else in these pictures is hidden. Where it was not certain which person is you, "
        "you are hidden, too.</p>",
        "<h2>Pictures and files</h2>",
        "".join(_figure(each) for each in data["items"]) or _NONE,
        "<h2>Purposes</h2>",
        _table(("purpose", "what for", "legal basis", "kept for"), data["purposes"],
               ("name", "description", "basis", "retention")),
        "<h2>Your consents</h2>",
        _table(("purpose", "is", "since", "until", "notice"), map(_consent, data["consents"]),
               ("purpose", "status", "since", "until", "notice")),
        "<h2>Restriction of processing</h2>",
        f"<p>{escape(_restriction(data['restriction']))}</p>",
        "<h2>Handed out</h2>",
        _table(("when", "for", "files"), data["recipients"], ("time", "purpose", "items")),
        "<h2>What was decided and done</h2>",
        _table(("when", "what", "for", "action", "reasons", "files"), data["decisions"],
               ("time", "kind", "purpose", "action", "reasons", "items")),
        '<p class="note">The same is in data.json, for programs.</p>',
    ]  # fmt: skip
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Your data</title>'
    body = "".join(parts)
    return f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head><body>{body}</body></html>\n'


def _figure(item: Mapping[str, Any]) -> str:
    """Return one item: its picture, if there is one, and what its label says."""
    name, kind = item["file"], item["kind"]
    shown = ""
    if name and kind == "photo":
        shown = f'<img src="{escape(name)}" alt="a picture of you">'
    elif name:
        shown = f'<a href="{escape(name)}">{escape(kind)}</a>'
    facts = [
        f"{kind} {item['item'][:12]}, {item['state']}",
        f"for {', '.join(item['purposes']) or 'no purpose'}",
        f"until {item['retain_until']}" if item["retain_until"] else "no end of storage is set",
        *([f"not in this package: {item['absent']}"] if item["absent"] else []),
        *([f"you are hidden: {item['hidden']}"] if item["hidden"] and not item["absent"] else []),
        *(["kept on legal hold"] if item["held"] else []),
    ]
    return f"<figure>{shown}<figcaption>{escape('; '.join(facts))}</figcaption></figure>"


def _consent(record: Mapping[str, Any]) -> dict[str, Any]:
    last = record["events"][-1]
    notice = " ".join(filter(None, (last["notice_version"], last["notice_language"])))
    return {**record, "since": last["event_time"], "until": last["valid_until"] or "", "notice": notice}


def _restriction(restriction: Mapping[str, Any] | None) -> str:
    if restriction is None:
        return "Your data may be processed for the purposes above; you can ask that it is only stored."
    return f"Since {restriction['since']} your data is stored and nothing else is done with it: {restriction['reason']}"


def _table(heads: Sequence[str], rows: Iterable[Mapping[str, Any]], keys: Sequence[str]) -> str:
    lines = ["".join(f"<td>{escape(_cell(row[key]))}</td>" for key in keys) for row in rows]
    if not lines:
        return _NONE
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _cell(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)
