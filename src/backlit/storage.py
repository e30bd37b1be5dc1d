"""Writing files so that a crash leaves the old one or the new one, never half of either; reading safetensors with care.

Model files and checkpoints share it. Nothing here knows of networks.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import DataError, ModelError

Array = Any


def write_safely(path: str | Path, content: bytes, what: str = "the file") -> Path:
    """Writes through a temporary file beside ``path``: fsync, rename, fsync of the directory. Returns the path.

    Raises DataError, with the system's reason and a remedy, where it can't; what stood at ``path`` is then untouched.
    """
    target = Path(path)
    temporary: str | None = None
    try:
        if target.is_dir():
            raise IsADirectoryError(21, "it is a directory")
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
        _sync_directory(target.parent)
    except OSError as reason:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise DataError(f"{what} could not be written to {target}: {_why(reason)}") from reason
    except BaseException:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise
    return target


def check_writable(path: str | Path, what: str = "the file") -> None:
    """Raises DataError now, before hours of work, where ``path`` could not be written in the end."""
    target = Path(path)
    try:
        if target.is_dir():
            raise IsADirectoryError(21, "it is a directory")
        with tempfile.NamedTemporaryFile(prefix=f".{target.name}.", dir=target.parent):
            pass
    except OSError as reason:
        raise DataError(f"{what} can't be written to {target}: {_why(reason)}") from reason


def pack(tensors: Mapping[str, Array], metadata: Mapping[str, Any]) -> bytes:
    """A safetensors file whose metadata is one JSON text under "backlit"."""
    from safetensors.numpy import save

    return bytes(save(dict(tensors), metadata={"backlit": json.dumps(metadata, ensure_ascii=False)}))


def unpack(path: str | Path, what: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """The tensors and the metadata of a file that ``pack`` made; raises ModelError naming the file and what is wrong."""
    from safetensors import SafetensorError, safe_open

    source = Path(path)
    if not source.exists():
        raise ModelError(f"{source}: there is no such file")
    if source.is_dir():
        raise ModelError(f"{source} is a directory; give the path of {what}")
    try:
        with safe_open(source, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except PermissionError as reason:
        raise ModelError(f"{source} can't be read: permission denied") from reason
    except (SafetensorError, OSError, ValueError) as reason:
        raise ModelError(
            f"{source} is not {what}, or it was cut off: {_first_line(reason)}; make it anew"
        ) from reason
    try:
        found = json.loads(metadata["backlit"])
    except KeyError:
        raise ModelError(
            f"{source} is a safetensors file, but not {what}: it has no Backlit metadata"
        ) from None
    except json.JSONDecodeError as reason:
        raise ModelError(
            f"{source}: its metadata is not valid JSON ({reason}); make the file anew"
        ) from reason
    if not isinstance(found, dict):
        raise ModelError(f"{source}: its metadata is not an object; make the file anew")
    return tensors, found


def _mode(target: Path) -> int:
    """The permissions that the file had, or that a plainly opened one would get."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_directory(directory: Path) -> None:
    """Makes the rename itself lasting; systems that can't open a directory do so by themselves."""
    with contextlib.suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _why(reason: OSError) -> str:
    remedy = {
        28: "; free some space, or choose another place",
        13: "; choose a place that you may write to",
        30: "; choose a place that you may write to",
        2: "; make its folder first",
        21: "; give the name of a file",
    }.get(reason.errno or 0, "")
    return f"{(reason.strerror or str(reason)).lower()}{remedy}"


def _first_line(reason: Exception) -> str:
    return str(reason).splitlines()[0] if str(reason) else type(reason).__name__
