"""A real JupyterLab with nothing of the user's in it, and a notebook opened there."""

import ast
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import nbformat
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]

# The application is there as soon as its plugins are; `restored` waits for the layout.
_READY = "() => globalThis.jupyterapp?.restored.then(() => true)"

_STATE = """() => {
  const panel = jupyterapp.shell.currentWidget;
  const cells = [...panel.content.model.cells].filter((cell) => cell.type === "code");
  return cells.map((cell) => ({
    count: cell.executionCount,
    busy: cell.executionState === "running",
    source: cell.sharedModel.getSource(),
    outputs: cell.outputs.toJSON(),
  }));
}"""

_ASK = """async (expression) => {
  const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
  const future = kernel.requestExecute({
    code: "", silent: true, store_history: false, user_expressions: { asked: expression },
  });
  return (await future.done).content.user_expressions.asked;
}"""


class Lab:
    """JupyterLab on its own port, over a folder of copied notebooks; used with `with`.

    No token, since it listens on the loopback alone; settings, workspaces, kernels and data are
    those of a temporary folder.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.notebooks = home / "notebooks"
        self.notebooks.mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        self._settings(
            "apputils-extension/notification", {"fetchNews": "false", "checkForUpdates": False}
        )
        self._settings("notebook-extension/tracker", {"windowingMode": "none"})

    def __enter__(self) -> Self:
        self._log = (self.home / "log.txt").open("w")
        own = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "IPYTHONDIR": "ipython",
        }
        environment = os.environ | {name: str(self.home / folder) for name, folder in own.items()}
        environment["PYTHONPATH"] = str(ROOT)
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                f"--ServerApp.port={self.url.rpartition(':')[2]}",
                "--ServerApp.port_retries=0",
                "--ServerApp.ip=127.0.0.1",
                "--IdentityProvider.token=",
                f"--ServerApp.root_dir={self.notebooks}",
                f"--LabApp.user_settings_dir={self.home / 'settings'}",
                f"--LabApp.workspaces_dir={self.home / 'workspaces'}",
                "--LabApp.expose_app_in_browser=True",
                "--LabApp.extension_manager=readonly",
                "--ServerApp.disable_check_xsrf=True",  # `end_kernels` asks from outside the page
            ],
            cwd=self.home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        try:
            self._wait()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def write(self, name: str, *cells: str) -> str:
        """Write a notebook of code cells; return its name."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells],
            metadata={
                "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
            },
        )
        nbformat.write(notebook, self.notebooks / name)
        return name

    def open(self, page: Page, name: str, theme: str = "light") -> "Notebook":
        """Open a notebook in a page, with its kernel connected."""
        page.goto(f"{self.url}/lab/workspaces/{name.removesuffix('.ipynb')}/tree/{name}?reset")
        page.wait_for_function(_READY, timeout=90_000)
        page.wait_for_function(
            "() => jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel"
            "?.connectionStatus === 'connected'",
            timeout=60_000,
        )
        notebook = Notebook(page, self.notebooks / name)
        notebook.theme(theme)
        return notebook

    def end_kernels(self) -> None:
        """Shut all kernels down."""
        with urllib.request.urlopen(f"{self.url}/api/sessions", timeout=10) as answer:
            sessions = json.load(answer)
        for session in sessions:
            where = f"{self.url}/api/sessions/{session['id']}"
            urllib.request.urlopen(
                urllib.request.Request(where, method="DELETE"), timeout=30
            ).close()

    def _settings(self, plugin: str, content: dict[str, Any]) -> None:
        path = self.home / "settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))

    def save_widget_state(self, saved: bool) -> None:
        """Choose "Save Widget State Automatically" for the pages that are opened from now on."""
        folder = self.home / "settings" / "@jupyter-widgets" / "jupyterlab-manager"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "plugin.jupyterlab-settings").write_text(json.dumps({"saveState": saved}))

    def _wait(self) -> None:
        until = time.monotonic() + 90
        while time.monotonic() < until and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/api/status", timeout=5):
                    return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError(f"JupyterLab did not start:\n{(self.home / 'log.txt').read_text()}")


class Notebook:
    """The notebook that a page of JupyterLab shows."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.path = path

    def run_all(self, timeout: float = 240) -> None:
        """Run all cells by the menu, as a person does. Fails with a cell's own error."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        self.wait(timeout)

    def run(self, number: int, timeout: float = 240) -> list[dict[str, Any]]:
        """Run a code cell, counted from 0, and return its outputs."""
        self.page.evaluate(
            """(number) => {
              const { content } = jupyterapp.shell.currentWidget;
              const codes = content.widgets.filter((cell) => cell.model.type === "code");
              content.deselectAll();
              content.activeCellIndex = content.widgets.indexOf(codes[number]);
              codes[number].model.executionCount = null;
              return jupyterapp.commands.execute("notebook:run-cell");
            }""",
            number,
        )
        self.wait(timeout, only=number)
        return list(self.cells()[number]["outputs"])

    def cells(self) -> list[dict[str, Any]]:
        """Return number, state, source and outputs of the code cells."""
        return list(self.page.evaluate(_STATE))

    def wait(self, timeout: float = 240, only: int | None = None) -> None:
        """Wait until the cells have run. Fails with a cell's own error."""
        until = time.monotonic() + timeout
        while True:
            cells = self.cells() if only is None else [self.cells()[only]]
            failed = [
                one for cell in cells for one in cell["outputs"] if one["output_type"] == "error"
            ]
            assert not failed, f"{failed[0]['ename']}: {failed[0]['evalue']}"
            if all(cell["count"] and not cell["busy"] for cell in cells):
                return
            assert time.monotonic() < until, "the cells have not run"
            self.page.wait_for_timeout(100)

    def ask(self, expression: str) -> Any:
        """Return the value of an expression in the notebook's kernel."""
        reply = self.page.evaluate(_ASK, expression)
        assert reply["status"] == "ok", f"{reply.get('ename')}: {reply.get('evalue')}"
        return ast.literal_eval(reply["data"]["text/plain"])

    def save(self) -> nbformat.NotebookNode:
        """Save, and return what lies on the disk."""
        self.page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
        self.page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
        return nbformat.read(self.path, as_version=4)

    def kill(self) -> None:
        """Shut the kernel down, as "Shut Down Kernel" does."""
        self.page.evaluate(
            "() => jupyterapp.shell.currentWidget.sessionContext.shutdown().then(() => null)"
        )

    def theme(self, name: str) -> None:
        """Choose JupyterLab's own theme, `light` or `dark`."""
        self.page.evaluate(
            "(name) => jupyterapp.commands.execute('apputils:change-theme', { theme: name })",
            f"JupyterLab {name.title()}",
        )
        self.page.wait_for_function(
            "(light) => document.body.dataset.jpThemeLight === light",
            arg=str(name == "light").lower(),
        )

    def close(self) -> None:
        """End the kernel and forget what was not saved."""
        self.kill()
        self.page.close(run_before_unload=False)
