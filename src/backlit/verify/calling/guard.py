"""One call of code that is not ours: bounded in time, its output kept, its exception turned into data.

What it may change (stdout, stdin, warnings; with ``as_before`` random numbers and NumPy's error handling) is afterwards
as it was. Nothing here can stop a C function that never returns; for that there is a process of its own (runner.py).
"""

from __future__ import annotations

import contextlib
import io
import linecache
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any

import numpy as np

_KEPT = 4000  # characters of what it prints
_AGAIN = 0.02  # seconds after which a time's end that was swallowed is said again


class OutOfTime(BaseException):
    """The time is over. No Exception, so that ``except Exception`` of theirs lets it pass."""


@dataclass(frozen=True)
class Raised:
    """An exception: its type's name, its message, and where in their file it came about (``line`` 0: not in it).

    ``reached`` is the line of the outermost frame in their file: how far the function itself had come.
    """

    type: str
    message: str
    path: str = ""
    line: int = 0
    text: str = ""
    reached: int = 0
    timed_out: bool = False
    bases: tuple[str, ...] = ()

    def place(self) -> str:
        """Where in their file, as in "in my.py, line 12" after a space; nothing where that isn't known."""
        return f" in {_short(self.path)}, line {self.line}" if self.line else ""


@dataclass(frozen=True)
class Happened:
    """What a call did: ``value`` or ``raised``, what it printed, NumPy's warnings, and how long it took."""

    value: Any
    raised: Raised | None
    printed: str
    warned: tuple[str, ...]
    seconds: float


def guarded(call: Callable[[], Any], seconds: float, path: str | None = None) -> Happened:
    """Calls ``call`` for at most so long; KeyboardInterrupt passes. ``path`` is their file, for the lines named.

    Outside the main thread, and where there are no timers, it is left behind in a thread of its own when time is over.
    """
    kept = _Kept()
    started = time.perf_counter()
    with _into(kept), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
            value, raised = _by_timer(call, seconds, path)
        else:
            value, raised = _in_thread(call, seconds, path)
    took = time.perf_counter() - started
    return Happened(value, raised, kept.text(), _said(caught, path), took)


def _by_timer(call: Callable[[], Any], seconds: float, path: str | None) -> tuple[Any, Raised | None]:
    inside, swallowed, line = True, False, 0

    def over(number: int, frame: FrameType | None) -> None:
        nonlocal swallowed, line
        if not inside:
            return
        if swallowed:  # theirs has caught it: from now on every line raises, those of its except clauses too
            _raise_on_every_line(frame)
        line = line or _line_in(frame, path)
        swallowed = True
        raise OutOfTime

    tracer = sys.gettrace()
    handler = signal.signal(signal.SIGALRM, over)
    began = time.monotonic()
    before = signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3), _AGAIN)
    value, raised = None, None
    try:
        try:
            value = call()
            inside = False
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 (whatever theirs raises is data here; SystemExit too)
            inside = False
            sys.settrace(tracer)
            raised = None if swallowed else describe(error, path)
    except OutOfTime:  # said again while the first was on its way here
        value = None
    finally:
        inside = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.settrace(tracer)
        signal.signal(signal.SIGALRM, handler)
        if before[0]:
            left = max(before[0] - (time.monotonic() - began), 1e-3)
            signal.setitimer(signal.ITIMER_REAL, left, before[1])
    return (None, _late(path, line)) if swallowed else (value, raised)


def _raise_on_every_line(frame: FrameType | None) -> None:
    def trace(where: FrameType, event: str, argument: Any) -> Any:
        if where.f_code.co_filename == __file__:
            return None
        if event != "line":  # an exception on its way: raising here would end the tracing
            return trace
        raise OutOfTime

    while frame is not None and frame.f_code.co_filename != __file__:
        frame.f_trace = trace
        frame = frame.f_back
    sys.settrace(trace)


def _in_thread(call: Callable[[], Any], seconds: float, path: str | None) -> tuple[Any, Raised | None]:
    found: list[tuple[Any, Raised | None]] = []

    def work() -> None:
        try:
            found.append((call(), None))
        except BaseException as error:  # noqa: BLE001 (whatever theirs raises is data here)
            found.append((None, describe(error, path)))

    worker = threading.Thread(target=work, daemon=True, name="backlit: a function that is judged")
    worker.start()
    worker.join(seconds)
    if found:
        return found[0]
    return None, _late(path, _line_in(sys._current_frames().get(worker.ident or 0), path))


def _line_in(frame: FrameType | None, path: str | None) -> int:
    """The line of their file that is being executed, 0 where it is none."""
    while frame is not None and frame.f_code.co_filename != path:
        frame = frame.f_back
    return 0 if frame is None else frame.f_lineno


def _late(path: str | None, line: int) -> Raised:
    text = linecache.getline(path, line).strip() if path and line else ""
    return Raised("OutOfTime", "", path or "", line, text, line, timed_out=True)


def describe(error: BaseException, path: str | None) -> Raised:
    """An exception as data; nothing of it, or of the arrays in its frames, is kept."""
    places = [*_places(error.__traceback__, path)]
    line = places[-1] if places else 0
    text = linecache.getline(path, line).strip() if path and line else ""
    try:
        message = " ".join(str(error).split())[:300]
    except Exception:  # noqa: BLE001 (a __str__ of theirs)
        message = ""
    reached = places[0] if places else 0
    bases = tuple(one.__name__ for one in type(error).__mro__)
    return Raised(type(error).__name__, message, path or "", line, text, reached, False, bases)


def _places(trace: TracebackType | None, path: str | None) -> Iterator[int]:
    while trace is not None:
        if path is not None and trace.tb_frame.f_code.co_filename == path:
            yield trace.tb_lineno
        trace = trace.tb_next


class _Kept(io.RawIOBase):
    """A stream that keeps the first characters, and counts what comes after."""

    def __init__(self) -> None:
        self._bytes, self._more = bytearray(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        data = bytes(data)
        room = _KEPT - len(self._bytes)
        self._bytes += data[:room]
        self._more += len(data) - len(data[:room])
        return len(data)

    def text(self) -> str:
        said = self._bytes.decode("utf-8", "replace")
        return said + (f"… ({self._more:,} characters more)" if self._more else "")


@contextlib.contextmanager
def _into(kept: _Kept) -> Iterator[None]:
    """stdout and stderr go to ``kept``, and stdin is empty."""
    stream = io.TextIOWrapper(kept, encoding="utf-8", errors="replace", write_through=True)  # type: ignore[type-var]
    stdin = sys.stdin
    sys.stdin = io.StringIO("")
    try:
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            yield
    finally:
        sys.stdin = stdin
        with contextlib.suppress(ValueError):  # theirs has closed it
            stream.detach()


@contextlib.contextmanager
def as_before() -> Iterator[None]:
    """Random numbers start from the same seed, and are afterwards as they were; NumPy's error handling as well."""
    torch = sys.modules.get("torch")
    numpys, pythons, limit = np.random.get_state(), random.getstate(), sys.getrecursionlimit()  # noqa: NPY002
    theirs = torch.get_rng_state() if torch is not None and hasattr(torch, "get_rng_state") else None
    errors = np.geterr()
    np.random.seed(0)  # noqa: NPY002 (what theirs draws from, if it draws)
    random.seed(0)
    if torch is not None and theirs is not None:
        torch.manual_seed(0)
    try:
        yield
    finally:
        np.seterr(**errors)
        np.random.set_state(numpys)  # noqa: NPY002
        random.setstate(pythons)
        sys.setrecursionlimit(limit)
        if torch is not None and theirs is not None:
            torch.set_rng_state(theirs)


def _said(caught: list[warnings.WarningMessage], path: str | None) -> tuple[str, ...]:
    """NumPy's and Python's warnings about numbers, each once, with the line where it is theirs."""
    found = []
    for one in caught:
        if issubclass(one.category, (RuntimeWarning, np.exceptions.ComplexWarning)):
            where = f" (line {one.lineno})" if one.filename == path else ""
            found.append(f"{' '.join(str(one.message).split())[:120]}{where}")
    return tuple(dict.fromkeys(found))[:5]


def _short(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1]
