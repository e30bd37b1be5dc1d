"""Fetching a file once: from the first mirror that has it whole, checked by SHA-256, in place by a rename.

Nothing is resumed and nothing is locked: each process fetches into a file of its own, and the rename that puts it
in its place is atomic, so two at once do the work twice and none of them sees half a file.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from ..errors import DataError
from ..spelling import spelt
from ..streams import lasting_stderr

TIMEOUT = 30.0  # seconds without a byte, after which the next mirror is tried


def fetch(mirrors: Sequence[str], name: str, sha256: str, folder: Path) -> Path:
    """Fetches a file into ``folder``; raises DataError with every mirror's reason where none has it.

    What has not the given SHA-256 is deleted and never used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise DataError(
            f"{folder} can't be made ({reason.strerror}); set BACKLIT_DATA to a folder that has the files, or name one "
            f"with {spelt('data_dir', ...)}"
        ) from reason
    reasons = []
    for mirror in mirrors:
        url = f"{mirror.rstrip('/')}/{name}"
        print(f"backlit: fetching {url}, once", file=lasting_stderr())
        try:
            return _fetch_one(url, sha256, folder / name)
        except (OSError, http.client.HTTPException, _Refused) as reason:
            reasons.append(f"{mirror}: {reason}")
    raise DataError(
        f"{name} could not be fetched from any mirror ({'; '.join(reasons)}); put the set's files into a folder and "
        f"name it with {spelt('data_dir', ...)} or BACKLIT_DATA"
    )


class _Refused(Exception):
    """Why what a mirror sent is not used."""


def _fetch_one(url: str, sha256: str, target: Path) -> Path:
    if not url.startswith(("https://", "http://")):
        raise _Refused("only http and https are fetched")
    digest = hashlib.sha256()
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            request = urllib.request.Request(url, headers={"User-Agent": "backlit"})  # noqa: S310 (checked above)
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 (checked above)
                length = answer.headers.get("Content-Length")
                while block := answer.read(1 << 16):
                    digest.update(block)
                    file.write(block)
            size = file.tell()
            if length is not None and length.isdecimal() and size != int(length):
                raise _Refused(f"it ended after {size:,} of {int(length):,} bytes")
            if digest.hexdigest() != sha256:
                raise _Refused(
                    f"its SHA-256 is {digest.hexdigest()[:12]}… and should be {sha256[:12]}…, so it was deleted"
                )
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)  # mkstemp's 0600 would lock others out of a shared cache
        Path(temporary).replace(target)
    finally:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
    return target
