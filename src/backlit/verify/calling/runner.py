"""Running a function of a user's file in a process of its own, bounded in time and memory; calls.py does the calling.

Whatever the process does (crash, hang, end itself, start others), what comes out of here is calls and findings. It is
no sandbox: the file may do all that its user may do.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...network import Network
from ..finding import Finding
from .attempt import About
from .calls import Call
from .exchange import read_calls, read_result, write_task
from .outcome import trouble

Array = Any
SECONDS, MEMORY = 20.0, 2 * 2**30  # seconds; bytes beyond what Python and the file's imports take
_START = 5.0  # seconds in which Python starts, and in which what is over its time may say so itself
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
_QUIET = {
    **dict.fromkeys(_THREADS, "1"),
    "PYTHONDONTWRITEBYTECODE": "1",  # no __pycache__ beside the user's files
    "PYTHONIOENCODING": "utf-8",
    "MPLBACKEND": "Agg",  # no windows
}
_SIGNALS = {
    "SIGSEGV": "a segmentation fault: a compiled library went wrong, or a recursion was too deep",
    "SIGKILL": "it was killed, most likely because the machine had no memory left",
    "SIGABRT": "a compiled library gave up, often for want of memory",
    "SIGXCPU": "it used up its time",
    "SIGFPE": "a division by zero in compiled code",
    "SIGTERM": "it was ended from outside, or ended itself",
}
_FRAME = re.compile(r'^\s*File "(?P<path>[^"]+)", line (?P<line>\d+) in ', re.MULTILINE)


def limits(seconds: float = SECONDS, memory: int | None = MEMORY) -> str:
    """The bounds in words, for who waits."""
    bounded = memory is not None and sys.platform.startswith("linux")
    room = f" and {memory / 2**30:.3g} GiB of memory" if bounded and memory is not None else ""
    return f"in a process of its own, for at most {seconds:.3g} seconds{room}"


def run_file(
    path: str | Path,
    name: str,
    net: Network,
    X: Array,
    Y: Array,
    *,
    seconds: float = SECONDS,
    memory: int | None = MEMORY,
    adapter: str | None = None,
    names: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
    about: About = "gradient",
) -> tuple[list[Call], tuple[Finding, ...]]:
    """As calls(), of the function (or Class.method) ``name`` in the file ``path``; ``adapter`` is another one's name.

    Takes at most ``seconds``, and a few to start Python. KeyboardInterrupt ends the process with all that it started.
    """
    path = Path(path).absolute()
    with tempfile.TemporaryDirectory(prefix="backlit-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        write_task(
            folder, net, X, Y, extra or {}, path=str(path), name=name, adapter=adapter, seconds=seconds,
            memory=memory, about=about, names=None if names is None else dict(names),
        )  # fmt: skip
        code, error = _run(folder, path.parent, seconds + _START)
        found, findings = read_calls(folder), read_result(folder)
        if found:
            return found, ()
        if findings is not None:
            return [], findings
        stage = "started" if (folder / "started").exists() else "import"
        return [], (_died(path, adapter or name, code, error, stage, seconds),)


def _run(folder: Path, home: Path, seconds: float) -> tuple[int | None, str]:
    """The exit code, None where time was over, and what stands on stderr."""
    complaints = folder / "stderr"
    with complaints.open("wb") as stderr:
        process = subprocess.Popen(  # noqa: S603 (this very Python)
            [sys.executable, "-P", "-m", f"{__package__}.child", str(folder)],
            cwd=home, env={**os.environ, **_QUIET}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=stderr, start_new_session=True,
        )  # fmt: skip
        try:
            code: int | None = process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
    with complaints.open("rb") as file:
        return code, file.read(20_000).decode("utf-8", "replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """The process, and on POSIX all that it started and left."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _died(path: Path, name: str, code: int | None, error: str, stage: str, seconds: float) -> Finding:
    """Why nothing came, in words."""
    what = name if stage == "started" else f"{path.name} itself"
    if code is None:
        return trouble(
            "trouble-hung",
            f"{what} did not end within {seconds:.3g} seconds, and could not be interrupted: it was in compiled code",
            why="give it a smaller network, or allow more seconds",
        )
    line = next((int(one["line"]) for one in _FRAME.finditer(error) if Path(one["path"]) == path), None)
    at = f"it was at {path.name}, line {line}" if line else ""
    if code < 0:
        try:
            short = signal.Signals(-code).name
        except ValueError:
            short = f"signal {-code}"
        reason = _SIGNALS.get(short, short)
        return trouble("trouble-died", f"{what} ended its process: {reason}", evidence=at or short)
    if "MemoryError" in error:
        return trouble("trouble-died", f"{what} took more memory than it may", evidence=at)
    last = error.strip().splitlines()[-1] if error.strip() else ""
    return trouble(
        "trouble-died",
        f"{what} ended its process with exit code {code}",
        evidence=at or last,
        why="os._exit() and quit() belong into the script around it: return the gradients",
    )
