"""Processes on this machine that share tasks; one that dies takes no task with it but its own."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import platform
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from typing import Any, Generic, TypeVar

from unseen.engine.attempts import Work, attempt, unexpected, with_note
from unseen.errors import UnseenError

__all__ = ["Crew", "WorkerDied", "nursery"]

Task = TypeVar("Task")
Result = TypeVar("Result")

#: Seconds that an idle worker has to end by itself, and a killed one to be gone.
_PATIENCE = 10.0
_NO_TASK: Any = object()
_NOTED: Any = object()


class WorkerDied(UnseenError):
    """The process that worked on a task ended without an answer: out of memory, or a crash inside a library."""


class Crew(Generic[Task, Result]):
    """Runs tasks over at most so many `workers`; for the rest see `LocalExecutor`."""

    def __init__(
        self,
        make_tools: Callable[[], Any],
        function: Callable[..., Result],
        *,
        workers: int,
        context: BaseContext | None,
        listen: Callable[[Any], None] | None,
        ahead: int,
    ) -> None:
        self._make_tools, self._function, self._workers, self._listen = make_tools, function, workers, listen
        self._ahead = ahead
        # "spawn": forking a process that runs inference threads can deadlock the child.
        self._context = context or multiprocessing.get_context("spawn")

    def run(self, tasks: Iterable[Task]) -> Generator[tuple[Task, Result | Exception], None, None]:
        """Yield each task with its result, as `LocalExecutor.run` does."""
        waiting, crew = _Waiting(tasks), list[_Worker]()
        try:
            self._hand_out(waiting, crew)
            while busy := {worker.pipe: worker for worker in crew if worker.tasks}:
                for pipe in wait(list(busy)):
                    worker = busy[pipe]
                    answer = worker.answer(self._listen)
                    if answer is _NOTED:
                        continue
                    task = worker.tasks.popleft()
                    if isinstance(answer, WorkerDied):
                        crew.remove(worker)
                        waiting.put_back(worker.tasks)  # it had not begun with those
                    # Before the result is handed on, so that nobody is idle while the caller works with it.
                    self._hand_out(waiting, crew)
                    yield task, answer
        finally:
            for worker in crew:
                if worker.tasks:
                    worker.kill()
                else:
                    worker.pipe.close()  # all of them first: each takes a moment to go
            for worker in crew:
                worker.end()

    def _hand_out(self, waiting: _Waiting, crew: list[_Worker]) -> None:
        """Give tasks to every worker that has room for more, those with the fewest first, as long as there are any."""
        while True:
            task = waiting.next()
            if task is _NO_TASK:
                return
            worker = self._freest(crew)
            if worker is None:
                waiting.put_back([task])
                return
            if worker.take(task):
                continue
            if not worker.proven:
                worker.tasks.append(task)  # it will never live, and its answer says so
                continue
            waiting.put_back([task])
            if not worker.tasks:
                worker.kill()
                crew.remove(worker)

    def _freest(self, crew: list[_Worker]) -> _Worker | None:
        """Return the worker that has the least to do, a new one if all have something; None if none has room."""
        open_ones = [worker for worker in crew if worker.listens]
        freest = min(open_ones, key=lambda worker: len(worker.tasks), default=None)
        if (freest is None or freest.tasks) and len(crew) < self._workers:
            crew.append(_Worker(self._make_tools, self._function, self._context, noting=self._listen is not None))
            return crew[-1]
        return freest if freest is not None and len(freest.tasks) <= self._ahead else None


class _Waiting:
    """The tasks that nobody has yet; those that come back are next."""

    def __init__(self, tasks: Iterable[Any]) -> None:
        self._back, self._rest = deque[Any](), iter(tasks)

    def next(self) -> Any:
        """Return the next task, or _NO_TASK."""
        return self._back.popleft() if self._back else next(self._rest, _NO_TASK)

    def put_back(self, tasks: Sequence[Any] | deque[Any]) -> None:
        """Let these be the next ones, in their order."""
        self._back.extendleft(reversed(tasks))


def nursery(modules: Sequence[str]) -> BaseContext | None:
    """Start a process that imports modules, and return the context whose processes are forked from it.

    Each of them is there at once then, where a fresh one imports everything anew. That process has one thread and
    holds no file of this one; it ends with this one. Only one can be had: it is for programs, not for libraries. None
    where the system is not fit for it, or it cannot be started.
    """
    # On macOS system libraries that are loaded may not be used after a fork, and Windows knows no fork.
    if platform.system() != "Linux" or "forkserver" not in multiprocessing.get_all_start_methods():
        return None
    from multiprocessing.forkserver import ensure_running

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(modules))
    try:
        with _uninterrupted_start():
            ensure_running()
    except OSError:
        return None
    return context


class _Worker:
    """A process, the pipe to it, and its tasks: it works on the first. If either side goes, the other reads the end of
    the pipe."""

    def __init__(self, make_tools: Callable[[], Any], function: Work, context: Any, *, noting: bool) -> None:
        self.pipe, theirs = context.Pipe()
        self.tasks: deque[Any] = deque()
        self.listens, self.proven = True, False
        self._process = context.Process(target=_serve, args=(theirs, make_tools, function, noting), daemon=True)
        try:
            with _uninterrupted_start():
                self._process.start()
        except OSError as error:
            self.pipe.close()
            raise UnseenError(f"cannot start a process ({error.strerror}); say --jobs 1") from error
        except KeyboardInterrupt:
            self.kill()
            raise
        finally:
            theirs.close()

    def take(self, task: Any) -> bool:
        """Send a task; False if the process has died, and what it had is not done either."""
        try:
            self.pipe.send(task)
        except OSError:
            self.listens = False
            return False
        self.tasks.append(task)
        return True

    def answer(self, listen: Callable[[Any], None] | None) -> Any:
        """Return the result of the task, or the error it ended in; raises what the making of tools raised.

        A note on the way goes to `listen`, and _NOTED is returned.
        """
        try:
            told, answer = self.pipe.recv()
            self.proven = True
        except (EOFError, OSError):
            self.kill()
            return WorkerDied("the process that worked on it died: too little memory, or a damaged file; leave it out")
        if told == "note":
            if listen is not None:
                listen(answer)
            return _NOTED
        if told == "no tools":
            self.end()
            raise answer
        return answer

    def end(self) -> None:
        """Let the process end by itself, as it does when nobody can give it tasks; kill it if it does not."""
        self.pipe.close()
        self._process.join(_PATIENCE)
        self.kill()

    def kill(self) -> None:
        """End the process at once; what it was writing lies in the staging folder, which is deleted."""
        self.pipe.close()
        self._process.kill()
        self._process.join(_PATIENCE)


@contextlib.contextmanager
def _uninterrupted_start() -> Iterator[None]:
    """Start a process that never sees Ctrl-C, which a terminal sends to all; hold it back here until that is done.

    A start that is interrupted half-way leaves a process that complains of it.
    """
    came: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    ours = callable(before) and threading.current_thread() is threading.main_thread()
    if ours:
        signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        with _blocked_for_children():
            yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


@contextlib.contextmanager
def _blocked_for_children() -> Iterator[None]:
    """Block Ctrl-C in what is started meanwhile: the mask is inherited, and in place before any line of Python is."""
    if os.name == "nt":
        yield
        return
    from multiprocessing.resource_tracker import ensure_running

    # This helper of the standard library changes the mask when it starts, so it must be there before.
    ensure_running()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _serve(pipe: Connection, make_tools: Callable[[], Any], function: Work, noting: bool) -> None:
    """Make the tools, then answer each task, until the parent is done or gone."""
    function = with_note(function, (lambda value: pipe.send(("note", value))) if noting else None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _hush()
    with contextlib.suppress(EOFError, OSError):
        tools = attempt(lambda _, __: make_tools(), None, None)
        if isinstance(tools, UnseenError):
            pipe.send(("no tools", tools))
            return
        gc.freeze()  # what is loaded stays: looking through it for garbage again and again would take a while
        while True:
            answer = attempt(function, pipe.recv(), tools)
            try:
                pipe.send(("done", answer))
            except (TypeError, ValueError, AttributeError) as error:
                pipe.send(("done", unexpected(error)))


def _hush() -> None:
    """Let libraries print nowhere: what they say of damaged data is no error line, and may hold some of it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
