"""What is in the wheel and in the source distribution, and what is not."""

import hashlib
import subprocess
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tracked(*patterns: str) -> set[str]:
    """The repository's files, as git knows them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, capture_output=True, check=True
    ).stdout
    return {name for name in listed.decode().split("\0") if name}


def embedded() -> set[str]:
    """What lies beside the package here and inside it in the wheel."""
    return tracked("data/demo", "data/models/demo", "notebooks/*.ipynb")


@pytest.fixture(scope="session")
def wheel(built) -> set[str]:
    return set(contents(built.wheel))


@pytest.fixture(scope="session")
def sdist(built) -> set[str]:
    with tarfile.open(built.sdist) as archive:
        members = [member.name for member in archive if member.isfile()]
    return {str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in members}


def contents(wheel: Path) -> dict[str, str]:
    with zipfile.ZipFile(wheel) as archive:
        return {
            name: hashlib.sha256(archive.read(name)).hexdigest()
            for name in archive.namelist()
            if not name.endswith("/")
        }


@pytest.mark.parametrize("folder", ["data/demo", "data/models/demo", "notebooks"])
def test_the_wheel_has_all_that_the_package_finds_beside_itself(wheel, folder):
    expected = {f"workbench/{name}" for name in embedded() if name.startswith(f"{folder}/")}
    assert expected
    assert {name for name in wheel if name.startswith(f"workbench/{folder}/")} == expected


def test_the_wheel_has_the_whole_package_without_the_front_end_s_sources(wheel):
    expected = {n for n in tracked("workbench") if not n.startswith("workbench/widgets/front/")}
    assert "workbench/widgets/static/explorer.js" in expected
    assert expected <= wheel


def test_the_wheel_has_nothing_else(wheel):
    known = {f"workbench/{name}" for name in embedded()} | tracked("workbench")
    about = {name for name in wheel if ".dist-info/" in name}
    assert wheel - known - about == set()
    assert len(about) == 5
    assert not [name for name in wheel if "node_modules" in name or "/tests/" in name]


def test_the_source_distribution_has_what_git_has(sdist):
    assert sdist - {"PKG-INFO"} == tracked(".")


def test_a_wheel_from_the_source_distribution_is_the_one_from_the_repository(built):
    assert contents(built.wheel) == contents(built.direct)


def test_both_fit_into_what_the_package_index_takes(built):
    assert built.wheel.stat().st_size < 100e6
    assert built.sdist.stat().st_size < 100e6
