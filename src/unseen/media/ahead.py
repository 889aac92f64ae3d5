"""Stages that overlap: an iterator is worked off in a thread of its own, a bounded number of items ahead."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, TypeVar

__all__ = ["ahead"]

Item = TypeVar("Item")
_END: Any = object()
#: Seconds after which a thread that cannot hand on an item looks whether anybody still wants it.
_PATIENCE = 0.1


def ahead(items: Iterable[Item], most: int, *, begin: Callable[[], None] = lambda: None) -> Generator[Item, None, None]:
    """Yield `items` in their order while a thread makes up to `most` of the next ones; it calls `begin` first.

    What making them raises is raised here, in its turn. Close the generator to end the thread: it stops at the next
    item, and closing waits for it.
    """
    if most < 1:
        raise ValueError(f"at least 1 item must be made ahead, got {most}")
    made: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(most)
    unwanted = threading.Event()
    thread = threading.Thread(target=_make, args=(items, made, unwanted, begin), daemon=True)
    thread.start()
    try:
        while True:
            item, error = made.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        unwanted.set()
        thread.join()


def _make(
    items: Iterable[Any],
    made: queue.Queue[tuple[Any, BaseException | None]],
    unwanted: threading.Event,
    begin: Callable[[], None],
) -> None:
    iterator: Iterator[Any] = iter(())
    try:
        begin()
        iterator = iter(items)
        for item in iterator:
            if not _handed_on((item, None), made, unwanted):
                break
        else:
            _handed_on((_END, None), made, unwanted)
    except BaseException as error:  # noqa: BLE001  # raised again where the items are asked for
        _handed_on((None, error), made, unwanted)
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()


def _handed_on(
    item: tuple[Any, BaseException | None],
    made: queue.Queue[tuple[Any, BaseException | None]],
    unwanted: threading.Event,
) -> bool:
    while not unwanted.is_set():
        try:
            made.put(item, timeout=_PATIENCE)
        except queue.Full:
            continue
        return True
    return False
