"""Encrypted files wherever fsspec reaches: S3, other object stores, SFTP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Any, cast

from unseen.errors import OutputFailed, UnreadableInput, UnseenError, UsageError

__all__ = ["FsspecBlobs"]


class FsspecBlobs:
    """Files below a URL as s3://BUCKET/FOLDER; see `core.ports.BlobStore`.

    Passwords come from where the store's own programs take them. What is written appears when it is whole: object
    stores do so themselves, and other file systems are asked to. Nothing but ciphertext and random names is sent.
    """

    def __init__(self, url: str) -> None:
        try:
            import fsspec
        except ImportError as error:
            raise UsageError('files elsewhere need fsspec: pip install "unseen[remote]"') from error
        try:
            files, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise UsageError(f"{url.partition('://')[0]}: cannot be used as a store of files ({error})") from error
        self._files: Any = files

    def write(self, name: str, parts: Iterable[bytes]) -> None:
        """Write a file that appears when it is whole."""
        try:
            self._files.makedirs(self._root, exist_ok=True)
            file = self._files.open(self._path(name), "wb", autocommit=False)
            try:
                for part in parts:
                    file.write(part)
                file.close()
            except BaseException:
                file.discard()
                # Some stores show a file from its first byte on, whatever they are asked.
                self.delete(name)
                raise
            file.commit()
        except UnseenError:
            raise
        except Exception as error:  # each store has errors of its own
            raise OutputFailed(f"the store of files cannot be written to ({type(error).__name__})") from error

    def open(self, name: str) -> IO[bytes]:
        """Open a file, which is fetched in parts as it is read."""
        try:
            return cast(IO[bytes], self._files.open(self._path(name), "rb"))
        except Exception as error:  # each store has errors of its own
            raise UnreadableInput(f"{name}: cannot be read from the store of files ({type(error).__name__})") from error

    def delete(self, name: str) -> None:
        """Delete a file."""
        try:
            self._files.rm_file(self._path(name))
        except FileNotFoundError:
            return
        except Exception as error:  # each store has errors of its own
            raise OutputFailed(f"{name}: cannot be deleted from the store of files ({type(error).__name__})") from error

    def names(self) -> Iterator[str]:
        """Yield the names of the files."""
        try:
            # What others wrote and deleted since is not in what is remembered of an earlier listing.
            self._files.invalidate_cache()
            listed = self._files.ls(self._root, detail=False)
        except FileNotFoundError:
            return
        except Exception as error:  # each store has errors of its own
            raise UnreadableInput(f"the store of files cannot be listed ({type(error).__name__})") from error
        for path in listed:
            yield str(path).rstrip("/").rpartition("/")[2]

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"
