"""Every error Unseen raises on purpose, as one tree.

    UnseenError                     exit 1
    ├── UsageError                  exit 2: the words of the call are wrong; nothing was done
    │   ├── ModelUnavailable        a model is not on this machine; says how to get it
    │   ├── DeviceUnavailable       a runtime or device was asked for that is not there
    │   ├── KeyUnusable             the key file is missing, too short or readable by others
    │   └── PolicyInvalid           unseen.yaml, or a rule it names, is wrong; says in which line
    ├── Refused                     exit 3: the job is understood and will not be done (policy, unsafe strength)
    │   ├── BudgetSpent             a privacy budget has too little left, or there is none
    │   ├── Denied                  the gate says no: purpose, consent, role, retention, a rule; carries the reasons
    │   └── LabelInvalid            a label is missing, malformed, changed, or belongs to another file
    ├── ModelCorrupt                a downloaded model does not have the hash the catalogue pins
    ├── LedgerBroken                rows of a ledger are not those that were signed, or its database fails
    └── FileError                   exit 1: one file cannot be released; the rest of the run goes on
        ├── UnreadableInput         no permission, vanished, not a regular file, empty
        ├── UnsupportedInput        not a photo, or its name and its content disagree
        ├── DamagedInput            truncated or corrupt
        ├── TooLarge                more pixels or bytes than the limit: a decompression bomb, a huge panorama
        ├── OutputTaken             two inputs share one output name, or a foreign file is there
        ├── OutputFailed            disk full, no permission to write
        └── VerificationFailed      residues remained after the last try; the output was deleted

Messages are one line: what happened, then what to do. They name files, never contents.
Outside libraries' errors are mapped to this tree in the adapter that imports the library, nowhere else.
"""

from __future__ import annotations

__all__ = [
    "BudgetSpent",
    "DamagedInput",
    "Denied",
    "DeviceUnavailable",
    "FileError",
    "KeyUnusable",
    "LabelInvalid",
    "LedgerBroken",
    "ModelCorrupt",
    "ModelUnavailable",
    "OutputFailed",
    "OutputTaken",
    "PolicyInvalid",
    "Refused",
    "TooLarge",
    "UnreadableInput",
    "UnseenError",
    "UnsupportedInput",
    "UsageError",
    "VerificationFailed",
]


class UnseenError(Exception):
    """Base of every error raised on purpose; `exit_code` is what the command line returns for it."""

    exit_code = 1


class UsageError(UnseenError):
    """The call itself is wrong; nothing was read or written."""

    exit_code = 2


class ModelUnavailable(UsageError):
    """A model is needed that no source on this machine holds."""


class DeviceUnavailable(UsageError):
    """A runtime or device was requested by name and is not present; there is no silent fall-back."""


class KeyUnusable(UsageError):
    """The key file is missing, too short or open to other users."""


class PolicyInvalid(UsageError):
    """A policy file, or a rule that it names, cannot be taken; a policy that is not understood allows nothing."""


class Refused(UnseenError):
    """The job is understood and will not be done, because a policy or a safety floor says no."""

    exit_code = 3


class BudgetSpent(Refused):
    """A privacy budget has too little left for what is asked, or there is none."""


class Denied(Refused):
    """The gate says no; `reasons` has every reason, each in words that say what would be needed."""

    def __init__(self, message: str, reasons: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.reasons = reasons or (message,)


class LabelInvalid(Refused):
    """A label is missing, malformed, changed since it was signed, or belongs to another file."""


class ModelCorrupt(UnseenError):
    """Bytes that were downloaded for a model differ from the hash that the catalogue pins."""


class LedgerBroken(UnseenError):
    """Rows of a ledger are not those that were signed, or its database cannot be used."""


class FileError(UnseenError):
    """One file cannot be released; other files go on."""


class UnreadableInput(FileError):
    """The file cannot be opened or holds nothing."""


class UnsupportedInput(FileError):
    """The file is no photo Unseen knows, or its name and its content disagree."""


class DamagedInput(FileError):
    """The file is truncated or corrupt."""


class TooLarge(FileError):
    """The file has more pixels or bytes than the limit allows."""


class OutputTaken(FileError):
    """The output name is taken, by another input of this run or by a file Unseen did not write."""


class OutputFailed(FileError):
    """The output could not be written in full; nothing is left under its name."""


class VerificationFailed(FileError):
    """Residues remained after the last try, so the output was deleted."""
