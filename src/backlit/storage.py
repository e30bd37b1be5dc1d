"""Writing files so that a crash leaves the old one or the new one, never half of either; reading safetensors with care.

Model files and checkpoints share it. Nothing here knows of networks.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .errors import DataError, ModelError, UsageError

Array = Any
_DEEPEST = 60  # of nested metadata: far beyond any true one, far from Python's own limit
_REMEDIES = {
    errno.ENOSPC: "; free some space, or choose another place",
    errno.EDQUOT: "; free some space, or choose another place",
    errno.EACCES: "; choose a place that you may write to",
    errno.EPERM: "; choose a place that you may write to",
    errno.EROFS: "; choose a place that you may write to",
    errno.ENOENT: "; make its folder first",
    errno.ENOTDIR: "; make its folder first",
    errno.EISDIR: "; give the name of a file",
    errno.ENAMETOOLONG: "; choose a shorter name",
    errno.ELOOP: "; mend the link",
}


def write_safely(path: str | Path, content: bytes, what: str = "the file") -> Path:
    """Writes through a temporary file beside ``path``: fsync, rename, fsync of the directory. Returns the path.

    A link stays a link, and the file that it leads to is replaced; permissions stay as they were. A device or pipe is
    written to as it is. Raises DataError, with the system's reason and a remedy, where it can't; what stood at ``path``
    is then untouched.
    """
    target = Path(path)
    try:
        real = _place(target)
        if real.exists() and not real.is_file():
            with real.open("wb", buffering=0) as device:  # renaming would replace /dev/null itself
                device.write(content)
            return target
        temporary = _beside(real)
        try:
            _write_through(temporary, content)
            with contextlib.suppress(FileNotFoundError):  # there was none, and a new one is as the umask says
                temporary.chmod(stat.S_IMODE(real.stat().st_mode))
            temporary.replace(real)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        _sync_directory(real.parent)
    except (OSError, ValueError) as reason:
        raise DataError(f"{what} could not be written to {target}: {_why(reason)}") from reason
    return target


def check_writable(path: str | Path, what: str = "the file") -> None:
    """Raises DataError now, before hours of work, where ``path`` could not be written in the end."""
    target = Path(path)
    try:
        real = _place(target)
        if not real.exists() or real.is_file():
            temporary = _beside(real)
            temporary.touch(exist_ok=False)
            temporary.unlink()
    except (OSError, ValueError) as reason:
        raise DataError(f"{what} can't be written to {target}: {_why(reason)}") from reason


def pack(tensors: Mapping[str, Array], metadata: Mapping[str, Any]) -> bytes:
    """A safetensors file whose metadata is one strict JSON text under "backlit"; NaN and infinity become null.

    Raises UsageError, naming the entry, for metadata that is not plain data.
    """
    from safetensors.numpy import save

    text = json.dumps(plain_json(metadata), allow_nan=False)
    return bytes(save(dict(tensors), metadata={"backlit": text}))


def plain_json(value: Any, place: str = "metadata", depth: int = 0) -> Any:
    """``value`` as strict JSON has it: NumPy's numbers as Python's, tuples as lists, what is not finite as None."""
    if depth > _DEEPEST:
        raise UsageError(f"{place} is nested too deeply to be kept in a file; make it flatter")
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise UsageError(
                    f"{place} has the key {key!r}, and a file keeps words only; take str({key!r})"
                )
        return {key: plain_json(one, f"{place}[{key!r}]", depth + 1) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_json(one, f"{place}[{i}]", depth + 1) for i, one in enumerate(value)]
    raise UsageError(
        f"{place} is a {type(value).__name__}, which a file can't keep; take numbers, words, lists or dicts"
    )


def unpack(path: str | Path, what: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """The tensors and the metadata of a file that ``pack`` made.

    Raises ModelError naming the file and what is wrong with it.
    """
    from safetensors import SafetensorError, safe_open

    source = Path(path)
    check_readable(source, what)
    try:
        with safe_open(source, framework="numpy") as file:
            about = file.metadata() or {}
            # TypeError, AttributeError: number formats that NumPy has no dtype for.
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except FileNotFoundError as reason:  # another process took it away just now
        raise _no_file(source, what) from reason
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as reason:
        raise ModelError(
            f"{source} is not {what}, or it was cut off: {_first_line(reason)}; make it anew"
        ) from reason
    if "backlit" not in about:
        raise ModelError(f"{source} is a safetensors file, but not {what}: it has no Backlit metadata")
    try:
        found = json.loads(about["backlit"], parse_constant=_no_constant)
    except (ValueError, RecursionError) as reason:
        raise ModelError(
            f"{source}: its metadata is not valid JSON ({_first_line(reason)}); make the file anew"
        ) from reason
    if not isinstance(found, dict):
        raise ModelError(f"{source}: its metadata is not an object; make the file anew")
    return tensors, found


def read_small(source: Path, what: str, most: int) -> bytes:
    """All of a file of at most ``most`` bytes; raises ModelError where there is none, or more."""
    check_readable(source, what)
    try:
        with source.open("rb") as file:
            content = file.read(most + 1)
    except OSError as reason:
        raise ModelError(f"{source} can't be read: {_reason(reason)}; give the path of {what}") from reason
    if len(content) > most:
        raise ModelError(
            f"{source} is larger than {most:,} bytes, and no such file is {what}; save it as a model file"
        )
    return content


def _no_file(source: Path, what: str) -> ModelError:
    return ModelError(f"{source}: there is no such file; give the path of {what}")


def check_readable(source: Path, what: str) -> None:
    """Raises ModelError where there is nothing to read: no file, a directory, a pipe, or no permission."""
    try:
        kind = source.stat().st_mode
        if stat.S_ISREG(kind):
            source.open("rb").close()
    except FileNotFoundError as reason:
        raise _no_file(source, what) from reason
    except (OSError, ValueError) as reason:
        raise ModelError(f"{source} can't be read: {_reason(reason)}; give the path of {what}") from reason
    if not stat.S_ISREG(kind):
        is_what = "a directory" if stat.S_ISDIR(kind) else "a device or a pipe"
        raise ModelError(f"{source} is {is_what}; give the path of {what}")


def _place(target: Path) -> Path:
    """Where the content goes: the end of a chain of links; raises OSError for a directory or a protected file."""
    real = Path(os.path.realpath(target))
    if real.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a directory")
    if real.is_file():
        with contextlib.suppress(FileNotFoundError):  # another process may take it away at any time
            real.open("r+b").close()
    return real


def _beside(real: Path) -> Path:
    """A name that no other writer takes, hidden, in the same directory, short enough for every file system."""
    return real.with_name(f".{real.name[:40]}.{secrets.token_hex(8)}.tmp")


def _write_through(temporary: Path, content: bytes) -> None:
    """Writes a new file, with the permissions that any new one gets, down to the disk."""
    with temporary.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    """Makes the rename itself lasting; systems that can't open a directory do so by themselves."""
    with contextlib.suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _reason(reason: Exception) -> str:
    said = getattr(reason, "strerror", None) or _first_line(reason)
    return str(said)[:1].lower() + str(said)[1:]


def _why(reason: Exception) -> str:
    return _reason(reason) + _REMEDIES.get(getattr(reason, "errno", None) or 0, "")


def _first_line(reason: Exception) -> str:
    return str(reason).splitlines()[0] if str(reason) else type(reason).__name__


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")
