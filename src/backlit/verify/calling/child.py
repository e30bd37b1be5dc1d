"""The process that runs a user's file: ``python -P -m backlit.verify.calling.child FOLDER`` does FOLDER's task.

The file is imported as a module, so what stands under ``if __name__ == "__main__"`` is not run. Nothing is printed;
what happened lies in the folder (exchange.py), call by call. Started by runner.py, which ends it when time is over.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib.machinery
import importlib.util
import inspect
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from ...errors import nearest
from ...spelling import on_the_command_line
from ..finding import Finding
from .calls import Call, calls
from .exchange import read_task, write_call, write_result
from .guard import Happened, Raised, guarded
from .outcome import trouble
from .signature import Method

_FRAMEWORKS = ("torch", "jax", "tensorflow", "cupy", "mxnet")
_ROOM_FOR_FRAMEWORKS = 2**35  # bytes of addresses, which their libraries take without using the memory
_LARGEST_FILE = 2**29
_LISTED = 8


class _Stop(Exception):
    """The file or function can't be used; ``finding`` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.title)
        self.finding = finding


def main(folder: Path) -> None:
    """Does the task, and leaves without waiting for threads or for what the file has registered for its exit."""
    faulthandler.enable()
    began = time.monotonic()
    net, X, Y, extra, told = read_task(folder)
    path, seconds = Path(told["path"]), float(told["seconds"])
    _limit(told["memory"], path, seconds)
    count = 0

    def done(call: Call) -> None:
        nonlocal count
        write_call(folder, count, call)
        count += 1

    words = on_the_command_line() if told["as_options"] else contextlib.nullcontext()
    try:
        with words:
            module = _imported(path, seconds)
            _limit_memory(told["memory"])
            function = _resolved(module, told["adapter"] or told["name"], path)
            (folder / "started").touch()
            left = max(seconds - (time.monotonic() - began), 0.1)
            findings = calls(
                function, net, X, Y, names=told["names"], seconds=left, extra=extra, about=told["about"],
                path=str(path), done=done,
            )[1]  # fmt: skip
    except _Stop as reason:
        findings = (reason.finding,)
    write_result(folder, findings)
    os._exit(0)


def _limit(memory: int | None, path: Path, seconds: float) -> None:
    """Files, time of the processor, memory; where the system knows such limits."""
    try:
        import resource
    except ImportError:  # Windows
        return
    whole = int(seconds) + 5
    for kind, most in (
        (resource.RLIMIT_FSIZE, _LARGEST_FILE),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, 4 * whole),  # of all threads together
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))
    text = path.read_bytes()
    heavy = any(name.encode() in text for name in _FRAMEWORKS)
    _limit_memory(None if memory is None else memory + heavy * _ROOM_FOR_FRAMEWORKS)


def _limit_memory(memory: int | None) -> None:
    """So many bytes more than now; on Linux, where it is known how many these are."""
    try:
        import resource

        now = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError):
        return
    if memory is not None:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (now + memory, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _imported(path: Path, seconds: float) -> ModuleType:
    """The user's file as a module; raises _Stop."""
    try:
        source = importlib.util.decode_source(path.read_bytes())
        compile(source, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        raise _Stop(_unparsed(path, error)) from None
    except (ValueError, UnicodeDecodeError, OSError) as error:
        raise _Stop(trouble("trouble-file", f"{path.name} can't be read as a Python file: {error}")) from None
    name = path.stem if path.stem not in sys.modules else f"their_{path.stem}"
    loader = importlib.machinery.SourceFileLoader(name, str(path))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look themselves up there
    sys.path.insert(0, str(path.parent))
    sys.argv = [str(path)]
    happened: Happened = guarded(lambda: loader.exec_module(module), seconds, str(path))
    if happened.raised is not None:
        raise _Stop(_not_imported(path, happened.raised, seconds))
    return module


def _unparsed(path: Path, error: SyntaxError) -> Finding:
    return trouble(
        "trouble-file",
        f"{path.name} doesn't parse: {error.msg}, line {error.lineno}",
        yours=(error.text or "").strip(),
    )


def _not_imported(path: Path, raised: Raised, seconds: float) -> Finding:
    script = 'put what should not run when the file is imported under if __name__ == "__main__":'
    if raised.timed_out:
        return trouble(
            "trouble-hung",
            f"{path.name} itself did not end within {seconds:.3g} seconds: it works while it is imported",
            yours=raised.text,
            evidence=f"it was at line {raised.line}" if raised.line else "",
            why=f"{script}; or allow more seconds",
        )
    if raised.type == "SystemExit":
        return trouble(
            "trouble-file",
            f"{path.name} ends the program while it is imported{_line(raised)}",
            yours=raised.text,
            why=script,
        )
    why = script
    if "ImportError" in raised.bases:
        why = (
            f"install it for the Python that Backlit runs in, {sys.executable}, or put it beside {path.name}"
        )
    return trouble(
        "trouble-file",
        f"{path.name} can't be imported: {raised.type}{_line(raised)}: {raised.message}",
        yours=raised.text,
        why=why,
    )


def _line(raised: Raised) -> str:
    return f", line {raised.line}" if raised.line else ""


def _resolved(module: ModuleType, name: str, path: Path) -> Callable[..., Any] | Method:
    """The function, or the method of a class; raises _Stop naming those that there are."""
    found: Any = module
    owner: Any = None
    for part in name.split("."):
        owner = found
        try:
            found = inspect.getattr_static(found, part) if inspect.isclass(found) else getattr(found, part)
        except AttributeError:
            raise _Stop(_no_such(module, name, path)) from None
    if inspect.isclass(owner) and inspect.isfunction(found):
        return Method(owner, found)
    if isinstance(found, (staticmethod, classmethod)):
        found = found.__get__(None, owner)
    if inspect.isclass(found):
        methods = [one for one, kind in vars(found).items() if inspect.isfunction(kind) and one[0] != "_"]
        raise _Stop(
            trouble(
                "trouble-function",
                f"{name} in {path.name} is a class; name the method that returns the gradients",
                evidence=f"its methods: {', '.join(methods[:_LISTED])}" if methods else "it has no methods",
                why=f"{path.name}:{name}.{methods[0]}" if methods else "",
            )
        )
    if not callable(found):
        raise _Stop(
            trouble(
                "trouble-function",
                f"{name} in {path.name} is no function but of type {type(found).__name__}",
            )
        )
    return found  # type: ignore[no-any-return]


def _no_such(module: ModuleType, name: str, path: Path) -> Finding:
    known = []
    for one, value in vars(module).items():
        if getattr(value, "__module__", None) != module.__name__ or one.startswith("__"):
            continue
        if inspect.isfunction(value) and value.__name__ == one:  # no lambda
            known.append(one)
        elif inspect.isclass(value):
            known += [f"{one}.{method}" for method, kind in vars(value).items() if inspect.isfunction(kind)]
    known = [one for one in known if "__" not in one]
    guess = nearest(name, known)
    listed = ", ".join(known[:_LISTED]) + (", …" if len(known) > _LISTED else "")
    return trouble(
        "trouble-function",
        f"{path.name} has no function {name!r}" + (f"; did you mean {guess}?" if guess else ""),
        evidence=f"its functions: {listed}" if known else "it defines no functions",
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
