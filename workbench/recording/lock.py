"""One recorder at a time: a lock that the kernel lets go of, however its holder ends."""

import json
import os
import shlex
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from workbench.errors import RunError
from workbench.recording.own_files import HOLDER, LOCK


@contextmanager
def recording_lock(folder: Path) -> Iterator[None]:
    """Hold a store for recording; others may read it meanwhile.

    Raises `RunError`, naming the process that records it, if there is one, or if the folder
    cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK)
        lock.acquire(blocking=False)
    except Timeout:
        raise RunError(
            f"{folder} is being recorded by {_holder(folder)}. Wait until it is done, end it, or "
            "record into another folder."
        ) from None
    except (OSError, NotImplementedError) as error:
        raise RunError(
            f"{folder} cannot be locked for recording ({error}). Choose a folder that you may "
            "write to, on a disk that knows file locks."
        ) from error
    try:
        _sign(folder)
        yield
    finally:
        with suppress(OSError):
            (folder / HOLDER).unlink(missing_ok=True)
        lock.release()


def _sign(folder: Path) -> None:
    """Write down who holds the lock, for the message of the one who does not get it."""
    content = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now().astimezone().isoformat(timespec="minutes"),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    }
    with suppress(OSError):  # a full disk is for the recording to tell
        (folder / HOLDER).write_text(json.dumps(content), "utf-8", "backslashreplace")


def _holder(folder: Path) -> str:
    try:
        content = json.loads((folder / HOLDER).read_bytes())
        since = datetime.fromisoformat(content["since"]).strftime("%H:%M on %d %B")
        return (
            f"process {int(content['pid'])} on {content['host']} since {since} "
            f"({content['command']})"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
