"""`workbench lab` as a program that runs, for the tests that start it and ask it."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.error import URLError


class LabServer:
    """`workbench lab`, running in a process group of its own, as a terminal starts it."""

    def __init__(self, workbench: Sequence[str], folder: Path, environment: Mapping[str, str]):
        """Start it in `folder` with its notebooks in `folder/mine`; `workbench` is the program."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        # A server of its own, whatever the person who runs the tests has configured.
        homes = {name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
        self.log = (folder / "log").open("w+", encoding="utf-8")
        self.folder, self.place = folder, folder / "mine"
        command = [*workbench, "lab", "--dir", str(self.place), "--no-browser", "--allow-root"]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port)],
            cwd=folder,
            env={**environment, **homes, "JUPYTER_TOKEN": "secret"},
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            start_new_session=True,
        )

    def ask(self, path: str, body: object = None) -> object:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "token secret"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def wait_until_it_answers(self) -> object:
        end = time.monotonic() + 120
        while time.monotonic() < end:
            assert self.process.poll() is None, self.said()
            try:
                return self.ask("status")
            except (URLError, OSError):
                time.sleep(0.2)
        raise AssertionError(self.said())

    def start_a_kernel(self) -> None:
        """Start a kernel and wait until it answers: one that still starts dies with complaints."""
        from jupyter_client.blocking.client import BlockingKernelClient

        kernel = self.ask("kernels", {"name": "python3", "path": ""})["id"]
        file = self.folder / "JUPYTER_RUNTIME_DIR" / f"kernel-{kernel}.json"
        client = BlockingKernelClient(connection_file=str(file))
        client.load_connection_file()
        client.start_channels(hb=False)  # a kernel that has no heartbeat yet counts as dead
        client.kernel_info(reply=True, timeout=60)
        client.stop_channels()

    def said(self) -> str:
        return Path(self.log.name).read_text("utf-8")

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(60)
        self.process.stdout.close()
        self.log.close()


def processes_below(folder: Path) -> list[int]:
    """The processes that work in a folder: kernels start where their notebook lies."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == folder.resolve():
                found.append(int(process.name))
        except OSError:
            continue
    return found
