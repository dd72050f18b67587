"""The files that go out, built once, and an empty environment to install them into."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is here as `package`: it takes minutes, and `make package` runs it."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.package)


@dataclass(frozen=True)
class Files:
    """The wheel and the source distribution, and a wheel built without the latter."""

    wheel: Path
    sdist: Path
    direct: Path


@dataclass(frozen=True)
class Environment:
    """An environment that knows nothing of the repository, and a folder to work in."""

    folder: Path
    work: Path

    @property
    def variables(self) -> dict[str, str]:
        """The variables that a person's shell has: nothing points to the repository."""
        own = {
            name: v for name, v in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))
        }
        own.pop("VIRTUAL_ENV", None)
        return {**own, "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.defpath}"}

    def run(self, *command: object) -> str:
        """Run a program of the environment in the working folder and return what it said."""
        words = [str(self.folder / "bin" / str(command[0])), *map(str, command[1:])]
        return said(words, self.work, self.variables)

    def check(self) -> None:
        """Fail unless every package finds those that it needs."""
        uv("pip", "check", "--python", self.folder / "bin" / "python")

    def install(self, *what: object) -> None:
        """Install with the versions that the lock file pins."""
        python = self.folder / "bin" / "python"
        uv("pip", "install", "--python", python, "--constraint", ROOT / "requirements.lock", *what)


def said(words: Sequence[str], folder: Path, variables: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        words, cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def uv(*words: object) -> str:
    found = shutil.which(
        "uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    assert found, "`make setup` installs uv"
    return said([found, *map(str, words)], ROOT)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A wheel built from the source distribution, and one built from the repository."""
    folder, direct = (tmp_path_factory.mktemp(name) for name in ("dist", "direct"))
    uv("build", "--out-dir", folder, ROOT)
    uv("build", "--wheel", "--out-dir", direct, ROOT)
    (wheel,), (sdist,), (other,) = (
        [*folder.glob("*.whl")],
        [*folder.glob("*.tar.gz")],
        [*direct.glob("*.whl")],
    )
    return Files(wheel, sdist, other)


@pytest.fixture(scope="session")
def environment(built: Files, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """An empty environment with the wheel installed; it is big, and removed in the end."""
    place = tmp_path_factory.mktemp("installed")
    made = Environment(place / "environment", place / "work")
    made.work.mkdir()
    uv("venv", "--python", sys.executable, made.folder)
    made.install(built.wheel)
    yield made
    shutil.rmtree(made.folder)
