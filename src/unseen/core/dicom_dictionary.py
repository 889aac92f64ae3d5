"""The standard's dictionary (PS3.6) out of the installed pydicom's tables, without loading pydicom.

The package loads NumPy and every decoder that is installed, 0.2 s of each process, and most objects need none of them.
Its tables are modules that import nothing: they load in 10 ms.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any

__all__ = ["attributes", "registered_uids", "repeating_attributes"]

#: VR, multiplicity, name, "Retired" or "", keyword.
Entry = tuple[str, str, str, str, str]


def attributes() -> Mapping[int, Entry]:
    """Return the entries of the standard's attributes by tag; raises ModuleNotFoundError without pydicom."""
    found: Mapping[int, Entry] = _table("_dicom_dict")["DicomDictionary"]
    return found


def repeating_attributes() -> Mapping[str, Entry]:
    """Return the entries of repeating groups by tag in hexadecimal, "x" for digits that are free."""
    found: Mapping[str, Entry] = _table("_dicom_dict")["RepeatersDictionary"]
    return found


def registered_uids() -> Mapping[str, Entry]:
    """Return what the standard registers (PS3.6 annex A), by UID."""
    found: Mapping[str, Entry] = _table("_uid_dict")["UID_dictionary"]
    return found


@cache
def _table(module: str) -> Mapping[str, Any]:
    """Return what a module of pydicom's defines, run by itself unless the package is loaded anyway."""
    name = f"pydicom.{module}"
    if name in sys.modules:
        return vars(sys.modules[name])
    package = find_spec("pydicom")
    if package is None or package.submodule_search_locations is None:
        raise ModuleNotFoundError(name="pydicom")
    spec = PathFinder.find_spec(name, package.submodule_search_locations)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(name="pydicom")
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    return vars(made)
