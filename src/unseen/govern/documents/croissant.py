"""A strict check of Croissant 1.1 cards (http://mlcommons.org/croissant/1.1) with the vocabulary RAI 1.0.

Stricter than the format where it leaves things open: a property that neither it nor this program's cards know is a
fault, so that a misspelt one is not lost in silence; sets of files name what they are in; archives have hashes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["CONFORMS_TO", "CONTEXT", "check_card"]

CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
_TERMS = """
annotation arrayShape citeAs column containedIn equivalentProperty excludes extract field fileProperty fileObject
fileSet format includes isArray isLiveDataset jsonPath key md5 parentField recordSet references regex readLines
sdVersion separator source subField transform unArchive value
"""
#: The context of the format's appendix, and PROV for what made the data set. The appendix writes http for schema.org,
#: the format's own library takes https alone; both name the same vocabulary, and both pass the check.
CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS.split()},
}
_URL = re.compile(r"(https?|ftp|s3|gs)://[^\s<>\"{}|\\^`]+")
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MIME = re.compile(r"[a-z]+/[\w.+-]+")
_PROPERTIES_OF_FILES = ("fullpath", "filename", "content", "lines", "lineNumbers")


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _one_of(*types: str) -> Callable[[Any], bool]:
    wanted = {*types, *(f"sc:{each}" for each in types)}
    return lambda value: isinstance(value, Mapping) and value.get("@type") in wanted and _text(value.get("name"))


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _version(value: Any) -> bool:
    return _text(value) or (isinstance(value, int | float) and not isinstance(value, bool))


def _activity(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("@type") == "prov:Activity" and _text(value.get("prov:label"))


_url, _date = _matches(_URL), _matches(_DATE)
_agent = _one_of("Organization", "Person")
#: Property of a data set -> whether it is required, whether it may have several values, what a value is, in words.
_DATASET: Mapping[str, tuple[bool, bool, Callable[[Any], bool], str]] = {
    "name": (True, False, _text, "a text"),
    "description": (True, False, _text, "a text"),
    "url": (True, False, _url, "a URL"),
    "license": (True, True, lambda v: _url(v) or _one_of("CreativeWork")(v), "the URL of a licence"),
    "creator": (True, True, _agent, "an Organization or a Person with a name"),
    "datePublished": (True, False, _date, "a date"),
    "keywords": (False, True, lambda v: _text(v) or _one_of("DefinedTerm")(v), "a text or a DefinedTerm"),
    "publisher": (False, True, _agent, "an Organization or a Person with a name"),
    "version": (False, False, _version, "a version"),
    "dateCreated": (False, False, _date, "a date"),
    "dateModified": (False, False, _date, "a date"),
    "sameAs": (False, True, _url, "a URL"),
    "sdLicense": (False, True, _url, "a URL"),
    "sdVersion": (False, False, _version, "a version"),
    "inLanguage": (False, True, _text, "a language"),
    "isLiveDataset": (False, False, _flag, "true or false"),
    "citeAs": (False, False, _text, "a text"),
    "usageInfo": (False, True, _one_of("DefinedTerm", "CreativeWork"), "a DefinedTerm or a CreativeWork with a name"),
    "prov:wasGeneratedBy": (False, True, _activity, "a prov:Activity with a label"),
    **{f"rai:{name}": (False, False, _text, "one text") for name in (
        "dataCollection", "dataCollectionMissingData", "dataCollectionRawData", "dataImputationProtocol",
        "dataManipulationProtocol", "dataAnnotationProtocol", "dataSocialImpact", "annotationsPerItem",
    )},
    **{f"rai:{name}": (False, True, _text, "a text") for name in (
        "dataCollectionType", "dataPreprocessingProtocol", "dataAnnotationPlatform", "dataAnnotationAnalysis",
        "dataReleaseMaintenancePlan", "personalSensitiveInformation", "dataBiases", "dataLimitations", "dataUseCases",
        "annotatorDemographics", "machineAnnotationTools",
    )},
    "rai:dataCollectionTimeframe": (False, True, _date, "a date"),
}  # fmt: skip
_FILE = {"@type", "@id", "name", "description", "contentUrl", "contentSize", "encodingFormat", "sameAs", "sha256",
         "md5", "containedIn"}  # fmt: skip
_SET = {"@type", "@id", "name", "description", "containedIn", "encodingFormat", "includes", "excludes"}
_RECORDS = {"@type", "@id", "name", "description", "dataType", "key", "field", "data", "examples", "annotation"}
_FIELD = {"@type", "@id", "name", "description", "source", "dataType", "value", "isArray", "arrayShape",
          "equivalentProperty", "references", "subField", "parentField", "annotation"}  # fmt: skip


def check_card(card: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a line for everything in a card that the format does not allow, with its place; none for a good one."""
    ids: dict[str, str] = {}
    return (*_top(card), *_resources(card, ids), *_record_sets(card, ids))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _top(card: Mapping[str, Any]) -> Iterator[str]:
    context = card.get("@context")
    for key, value in CONTEXT.items():
        given = context.get(key) if isinstance(context, Mapping) else None
        if isinstance(given, str) and given.startswith("http://schema.org/"):
            given = given.replace("http:", "https:", 1)
        if key != "@language" and given != value:
            yield f"@context: {key} must be {value}"
            break
    if card.get("@type") not in ("sc:Dataset", "Dataset"):
        yield "@type: must be sc:Dataset"
    if CONFORMS_TO[0] not in _listed(card.get("conformsTo")):
        yield f"conformsTo: must have {CONFORMS_TO[0]}"
    if any(key.startswith("rai:") for key in card) and CONFORMS_TO[1] not in _listed(card.get("conformsTo")):
        yield f"conformsTo: must have {CONFORMS_TO[1]}, as there are rai: properties"
    for name, (required, many, good, what) in _DATASET.items():
        if name not in card:
            if required:
                yield f"{name}: is missing"
            continue
        values = _listed(card[name])
        if not values or (isinstance(card[name], list) and not many):
            yield f"{name}: must be {what}, and one"
        elif not all(good(each) for each in values):
            yield f"{name}: must be {what}"
    for key in card.keys() - _DATASET.keys() - {"@context", "@type", "conformsTo", "distribution", "recordSet"}:
        yield f"{key}: is no property of Croissant 1.1, schema.org's data sets as used here, or RAI 1.0"


def _declare(each: Any, place: str, known: set[str], ids: dict[str, str]) -> Iterator[str]:
    """Yield what is wrong with an object's name and properties, and take its name in."""
    name = each.get("@id")
    if not _text(name):
        yield f"{place}: has no @id"
    elif name in ids:
        yield f"{place}: the @id {name} is there twice"
    else:
        ids[name] = str(each.get("@type"))
    for key in sorted(key for key in each if key not in known and not key.startswith("prov:")):
        yield f"{place}: {key} is no property of {each.get('@type')}"


def _reference(value: Any, place: str, wanted: tuple[str, ...], ids: Mapping[str, str]) -> Iterator[str]:
    for each in _listed(value):
        if not isinstance(each, Mapping) or each.keys() != {"@id"}:
            yield f'{place}: must be a reference, as {{"@id": "name"}}'
        elif ids.get(each["@id"]) not in wanted:
            yield f"{place}: {each['@id']} is no {' or '.join(wanted)} of this card"


_FILES = ("cr:FileObject", "cr:FileSet")


def _resources(card: Mapping[str, Any], ids: dict[str, str]) -> Iterator[str]:
    found = card.get("distribution")
    if not isinstance(found, list) or not found:
        yield "distribution: must be a list of files and sets of files"
        return
    for number, each in enumerate(found):
        place = f"distribution/{number}"
        if not isinstance(each, Mapping) or each.get("@type") not in _FILES:
            yield f"{place}: must be a cr:FileObject or a cr:FileSet"
            continue
        whole = each["@type"] == "cr:FileObject"
        yield from _declare(each, place, _FILE if whole else _SET, ids)
        for mime in _listed(each.get("encodingFormat")):
            if not isinstance(mime, str) or not (_MIME.fullmatch(mime) or _URL.fullmatch(mime)):
                yield f"{place}: encodingFormat must be a media type"
        yield from (_of_file if whole else _of_set)(each, place)
    for number, each in enumerate(found):
        if isinstance(each, Mapping) and "containedIn" in each:
            yield from _reference(each["containedIn"], f"distribution/{number}/containedIn", _FILES, ids)


def _of_file(each: Mapping[str, Any], place: str) -> Iterator[str]:
    inside = "containedIn" in each
    if not (_text(each.get("contentUrl")) if inside else _url(each.get("contentUrl"))):
        yield f"{place}: contentUrl must be {'a path' if inside else 'a URL'}"
    if not inside and not _matches(_SHA256)(each.get("sha256")):
        yield f"{place}: sha256 must be 64 hexadecimal digits"


def _of_set(each: Mapping[str, Any], place: str) -> Iterator[str]:
    if "containedIn" not in each:
        yield f"{place}: containedIn is missing; a set of files is in something"
    patterns = [*_listed(each.get("includes")), *_listed(each.get("excludes", []))]
    if "includes" not in each or not all(_text(pattern) for pattern in patterns):
        yield f"{place}: includes and excludes must be patterns of names"


def _record_sets(card: Mapping[str, Any], ids: dict[str, str]) -> Iterator[str]:
    found = card.get("recordSet", [])
    if not isinstance(found, list):
        yield "recordSet: must be a list"
        return
    fields: list[tuple[str, Mapping[str, Any]]] = []
    for number, each in enumerate(found):
        place = f"recordSet/{number}"
        if not isinstance(each, Mapping) or each.get("@type") != "cr:RecordSet":
            yield f"{place}: must be a cr:RecordSet"
            continue
        yield from _declare(each, place, _RECORDS, ids)
        if not isinstance(each.get("field"), list) or not each["field"]:
            yield f"{place}: must have a list of fields"
            continue
        for index, field in enumerate(each["field"]):
            yield from _fields(field, f"{place}/field/{index}", ids, fields)
    for number, each in enumerate(found):
        if isinstance(each, Mapping) and "key" in each:
            yield from _reference(each["key"], f"recordSet/{number}/key", ("cr:Field",), ids)
    for place, field in fields:
        yield from _field(field, place, ids)


def _fields(field: Any, place: str, ids: dict[str, str], into: list[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    """Yield what is wrong with the names of a field and of those below it, and note them all."""
    if not isinstance(field, Mapping) or field.get("@type") != "cr:Field":
        yield f"{place}: must be a cr:Field"
        return
    yield from _declare(field, place, _FIELD, ids)
    into.append((place, field))
    for number, each in enumerate(_listed(field.get("subField", []))):
        yield from _fields(each, f"{place}/subField/{number}", ids, into)


def _field(field: Mapping[str, Any], place: str, ids: Mapping[str, str]) -> Iterator[str]:
    types = _listed(field.get("dataType", []))
    prefixes = tuple(f"{key}:" for key, value in CONTEXT.items() if isinstance(value, str) and value.startswith("http"))
    if not types and "subField" not in field:
        yield f"{place}: dataType is missing"
    if not all(isinstance(each, str) and (each.startswith(prefixes) or _URL.fullmatch(each)) for each in types):
        yield f"{place}: dataType must be a class, as sc:Text"
    if "arrayShape" in field and field.get("isArray") is not True:
        yield f"{place}: arrayShape needs isArray"
    if "references" in field:
        yield from _reference(field["references"], f"{place}/references", ("cr:Field",), ids)
    if "source" in field:
        yield from _source(field["source"], f"{place}/source", ids)
    elif "value" not in field and "subField" not in field:
        yield f"{place}: has neither source nor value"


_ORIGINS = {"fileObject": "cr:FileObject", "fileSet": "cr:FileSet", "recordSet": "cr:RecordSet"}


def _source(source: Any, place: str, ids: Mapping[str, str]) -> Iterator[str]:
    if isinstance(source, Mapping) and source.keys() == {"@id"}:
        yield from _reference(source, place, (*_FILES, "cr:Field"), ids)
        return
    if not isinstance(source, Mapping):
        yield f"{place}: must be a data source"
        return
    origins = [key for key in _ORIGINS if key in source]
    if len(origins) != 1:
        yield f"{place}: must name one of {', '.join(_ORIGINS)}"
    for key in sorted(source.keys() - {"@type", "@id", *_ORIGINS, "extract", "transform", "format"}):
        yield f"{place}: {key} is no property of a data source"
    for key in origins:
        yield from _reference(source[key], f"{place}/{key}", (_ORIGINS[key],), ids)
    extract = source.get("extract")
    if extract is None:
        return
    if not isinstance(extract, Mapping) or len(extract.keys() & {"fileProperty", "column", "jsonPath"}) != 1:
        yield f"{place}/extract: must have one of fileProperty, column, jsonPath"
    elif extract.get("fileProperty", "content") not in _PROPERTIES_OF_FILES:
        yield f"{place}/extract: fileProperty must be one of {', '.join(_PROPERTIES_OF_FILES)}"
