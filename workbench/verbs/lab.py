"""`workbench lab`: JupyterLab on the notebooks."""

import argparse
import errno
import importlib.util
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import DataError, RunError, SettingError
from workbench.files import write_bytes
from workbench.verbs.outcome import Outcome

PLACE = Path("workbench-notebooks")
"""Where the copy goes unless another folder is named."""
LAUNCHER = "00_start_here.ipynb"
"""The notebook that opens first, where there is one."""
SECONDS = 30.0
"""What JupyterLab is given to shut its kernels down before it is killed."""
_KINDS = ("*.ipynb", "exercises/*.ipynb")
_ENDED_BY_HAND = (0, 130, -signal.SIGINT, -signal.SIGTERM)


@dataclass(frozen=True)
class Notebooks:
    """The folder of the notebooks, and what was done to it.

    `added` were copied now. `kept` were there already and differ from the installed ones: edited,
    or of another version. Both are paths below `folder`. `root` is what JupyterLab serves: in a
    clone all of it, so that the notebooks' links to the documents lead there.
    """

    folder: Path
    root: Path
    added: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--dir",
        type=Path,
        help="where to put a copy of the notebooks; what is there already is kept (default: in a "
        f"clone none is made, the notebooks are its own; installed as a package ./{PLACE})",
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--port", type=int, help="port to listen on (default: 8888 or the next)")
    parser.add_argument(
        "--allow-root", action="store_true", help="let JupyterLab run as root, as in a container"
    )


def run(options: argparse.Namespace) -> Outcome:
    """Start JupyterLab and wait for it to end; an interrupt ends it and its kernels first.

    Raises `SettingError` for a port or folder that cannot be used, `DataError` without notebooks
    and `RunError` without JupyterLab, or if it fails.
    """
    check_jupyterlab()
    if options.port is not None:
        check_port(options.port)
    found = notebooks(options.dir)
    status = _serve(command(found, options))
    if status not in _ENDED_BY_HAND:
        raise RunError(_failed(status, allow_root=options.allow_root))
    kept = f" Kept as they were: {', '.join(found.kept)}." if found.kept else ""
    return Outcome(
        f"JupyterLab has ended. The notebooks are in {found.folder}.{kept}",
        {"notebooks": str(found.folder), "added": list(found.added), "kept": list(found.kept)},
    )


def command(found: Notebooks, options: argparse.Namespace) -> list[str]:
    """Return what starts JupyterLab on notebooks, with their launcher open if they have one."""
    words = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={found.root}"]
    launcher = found.folder / LAUNCHER
    if launcher.is_file():
        place = launcher.relative_to(found.root).as_posix()
        words.append(f"--LabApp.default_url=/lab/tree/{place}")
    if options.no_browser:
        words.append("--no-browser")
    if options.port is not None:
        words += [f"--port={options.port}", "--ServerApp.port_retries=0"]
    if options.allow_root:
        words.append("--allow-root")
    return words


def check_jupyterlab() -> None:
    """Raise `RunError` unless this Python has JupyterLab."""
    if importlib.util.find_spec("jupyterlab") is None:
        raise RunError(
            f"JupyterLab is not installed for {sys.executable}: pip install jupyterlab, or open "
            "the notebooks with another program."
        )


def check_port(port: int) -> None:
    """Raise `SettingError` unless JupyterLab can listen on `port` of this machine."""
    if not 1 <= port <= 65535:
        raise SettingError(f"--port {port} is no port; give one from 1024 to 65535.")
    for family, kind, protocol, _, address in socket.getaddrinfo(
        "localhost", port, type=socket.SOCK_STREAM
    ):
        try:
            with socket.socket(family, kind, protocol) as listener:
                if os.name == "posix":  # as the server does; elsewhere it means something else
                    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(address)
        except PermissionError as error:
            raise SettingError(
                f"--port {port} is for administrators; give one from 1024 to 65535."
            ) from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE:  # the rest says that this machine has no IPv6
                raise SettingError(
                    f"--port {port} is taken, perhaps by a JupyterLab that still runs (`jupyter "
                    "server list` names them). Give another, or leave --port out."
                ) from error


def notebooks(place: Path | None = None) -> Notebooks:
    """Return the notebooks' folder: the repository's own, or a copy of the installed ones.

    The installed files are read and never opened for writing. Notebooks that are already in
    `place` are kept as they are, and those that are not are added. Raises `DataError` if there are
    none to copy, `SettingError` or `RunError` if `place` cannot take them.
    """
    package = Path(__file__).resolve().parents[1]
    own = package.parent / "notebooks"
    if place is None and any(own.glob("*.ipynb")) and (package.parent / "pyproject.toml").is_file():
        return Notebooks(own, package.parent)
    source = package / "notebooks" if (package / "notebooks").is_dir() else own
    return copied(source, (place or PLACE).absolute())


def copied(source: Path, place: Path) -> Notebooks:
    """Copy what `place` does not have of the notebooks in `source`; see `notebooks`."""
    names = sorted(
        path.relative_to(source).as_posix() for kind in _KINDS for path in source.glob(kind)
    )
    if not names:
        raise DataError(f"no notebooks in {source}. Install the package again, or use a clone.")
    _check_place(place, source)
    added, kept = [], []
    for name in names:
        content, copy = (source / name).read_bytes(), place / name
        if not copy.exists():
            write_bytes(copy, content)
            added.append(name)
        elif not copy.is_file() or copy.read_bytes() != content:
            kept.append(name)
    return Notebooks(place, place, tuple(added), tuple(kept))


def _check_place(place: Path, source: Path) -> None:
    if place.resolve().is_relative_to(source.resolve()):
        raise SettingError(f"--dir {place} holds the notebooks to be copied. Choose another.")
    if place.exists() and not place.is_dir():
        raise SettingError(f"--dir {place} is a file, and notebooks need a folder. Choose another.")
    if place.exists() and not os.access(place, os.W_OK | os.X_OK):
        raise SettingError(f"--dir {place} may not be written to. Choose another.")


def _failed(status: int, *, allow_root: bool) -> str:
    said = f"JupyterLab ended with status {status}; its own messages stand above."
    if not allow_root and hasattr(os, "geteuid") and os.geteuid() == 0:
        said += " It does not run as root unless --allow-root is given."
    return said


def _serve(command: Sequence[str]) -> int:
    """Run the server until it ends and return its status; on an interrupt it is ended first.

    It runs in a process group of its own, so that Ctrl-C reaches this process alone: Jupyter ends
    its kernels when it is asked to terminate, and not when it is interrupted.
    """
    with _hanging_up_interrupts():
        server = subprocess.Popen(  # noqa: S603 (our own interpreter)
            command, stdin=subprocess.DEVNULL, process_group=0 if os.name == "posix" else None
        )
        try:
            return server.wait()
        finally:
            _end(server)


def _end(server: "subprocess.Popen[bytes]") -> None:
    """Ask the server to terminate, and kill it if it does not or if there is a second interrupt."""
    if server.poll() is not None:
        return
    server.terminate()
    with suppress(KeyboardInterrupt, subprocess.TimeoutExpired):
        server.wait(SECONDS)
    if server.poll() is None:
        server.kill()
        server.wait()


@contextmanager
def _hanging_up_interrupts() -> Iterator[None]:
    """Let a terminal that is closed end the server too."""
    if not hasattr(signal, "SIGHUP"):
        yield
        return
    before = signal.getsignal(signal.SIGHUP)
    if before is not signal.SIG_IGN:  # `nohup` means it
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)
