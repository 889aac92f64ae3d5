"""Where a vault's master key comes from: a passphrase, the environment, or the system's own keyring."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from unseen.crypto.passphrase import SALT_BYTES, Cost, key_from_passphrase
from unseen.errors import KeyUnusable, UsageError

__all__ = ["VARIABLE", "EnvironmentKey", "KeyringKey", "MasterKey", "PassphraseKey"]

#: The environment variable that holds a master key.
VARIABLE = "UNSEEN_VAULT_KEY"
_BYTES = 32
_SERVICE = "unseen vault"


class MasterKey(Protocol):
    """Gives 32 bytes; what it must know to do so again, and may be known to all, is in the vault's key file."""

    def new(self, vault: str) -> tuple[bytes, dict[str, Any]]:
        """Return the key for a new vault, and what to note in its key file."""
        ...

    def again(self, vault: str, noted: Mapping[str, Any]) -> bytes:
        """Return the key of a vault; raises KeyUnusable."""
        ...


class PassphraseKey:
    """A key from a passphrase by Argon2id; `ask` returns the passphrase, and is told whether it is a new one."""

    def __init__(self, ask: Callable[[bool], str], cost: Cost | None = None) -> None:
        self._ask, self._cost = ask, cost or Cost()

    def new(self, vault: str) -> tuple[bytes, dict[str, Any]]:
        """Ask for a passphrase."""
        salt, cost = secrets.token_bytes(SALT_BYTES), self._cost
        noted = {"salt": salt.hex(), "passes": cost.passes, "lanes": cost.lanes, "kib": cost.kib}
        return key_from_passphrase(self._words(True), salt, cost), noted

    def again(self, vault: str, noted: Mapping[str, Any]) -> bytes:
        """Ask for the passphrase; whether it is right shows when the key file is opened."""
        try:
            cost = Cost(int(noted["passes"]), int(noted["lanes"]), int(noted["kib"]))
            salt = bytes.fromhex(noted["salt"])
        except (KeyError, TypeError, ValueError) as error:
            raise KeyUnusable("the vault's key file is damaged; restore it from a backup") from error
        return key_from_passphrase(self._words(False), salt, cost)

    def _words(self, new: bool) -> str:
        words = self._ask(new)
        if not words:
            raise KeyUnusable("the passphrase is empty; choose a longer one")
        return words


class EnvironmentKey:
    """A key in the environment variable UNSEEN_VAULT_KEY: 32 bytes in hexadecimal or base64."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def new(self, vault: str) -> tuple[bytes, dict[str, Any]]:
        """Read the variable."""
        return self.again(vault, {}), {}

    def again(self, vault: str, noted: Mapping[str, Any]) -> bytes:
        """Read the variable."""
        text = self._environ.get(VARIABLE, "").strip()
        for decode in (bytes.fromhex, lambda words: base64.b64decode(words, validate=True)):
            try:
                key = decode(text)
            except (ValueError, binascii.Error):
                continue
            if len(key) == _BYTES:
                return key
        raise KeyUnusable(f"{VARIABLE} is not set to 32 bytes; make a key with: openssl rand -hex 32")


class KeyringKey:
    """A random key in the keyring of the system: macOS Keychain, Windows Credential Locker, Secret Service."""

    def new(self, vault: str) -> tuple[bytes, dict[str, Any]]:
        """Make a key and store it."""
        key = secrets.token_bytes(_BYTES)
        self._done(lambda keyring: keyring.set_password(_SERVICE, vault, key.hex()))
        return key, {}

    def again(self, vault: str, noted: Mapping[str, Any]) -> bytes:
        """Look the key up."""
        text = self._done(lambda keyring: keyring.get_password(_SERVICE, vault))
        try:
            return bytes.fromhex(text)
        except (TypeError, ValueError) as error:
            raise KeyUnusable(
                "the system's keyring holds no key of this vault; unlock it, or restore the key"
            ) from error

    def _done(self, what: Callable[[Any], Any]) -> Any:
        try:
            import keyring
            from keyring.errors import KeyringError
        except ImportError as error:
            raise UsageError('the system\'s keyring needs: pip install "unseen[keyring]"') from error
        try:
            return what(keyring)
        except KeyringError as error:
            raise KeyUnusable(f"the system's keyring cannot be used ({type(error).__name__}); unlock it") from error
