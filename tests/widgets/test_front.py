"""The front end's bundle: what it promises by itself, and that it is what its sources give."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import workbench

WIDGETS = Path(workbench.__file__).parent / "widgets"
FRONT = WIDGETS / "front"
BUNDLES = [WIDGETS / "static" / name for name in ("explorer.js", "views.js")]
every_bundle = pytest.mark.parametrize("bundle", BUNDLES, ids=lambda path: path.name)
LIMIT = 60_000


def in_node(*command: str) -> str:
    """Run a command in the front end's folder, or skip, saying what is missing."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    if not (FRONT / "node_modules" / "esbuild").exists():
        pytest.skip(
            "the front end's tools are not installed (npm install in workbench/widgets/front)"
        )
    done = subprocess.run(command, cwd=FRONT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@every_bundle
def test_a_bundle_is_one_small_module_that_needs_nothing(bundle: Path) -> None:
    text = bundle.read_text(encoding="utf-8")
    assert len(text.encode()) < LIMIT
    assert not re.search(r"\bimport\b|\brequire\(", text)
    exported = re.search(r"export\{([^}]*)\}", text)
    assert exported is not None
    assert {"default", "mountFile"} <= set(re.findall(r"(?:as )?(\w+)(?:,|$)", exported[1]))


@every_bundle
def test_a_bundle_asks_no_server(bundle: Path) -> None:
    text = bundle.read_text(encoding="utf-8")
    addresses = set(re.findall(r"https?://[^\"'`\s]+", text))
    assert addresses <= {"http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg"}


def test_the_bundles_are_what_the_sources_give() -> None:
    in_node("node", "build.mjs", "--check")


def test_the_sources_pass_the_type_checker() -> None:
    in_node("node", "node_modules/typescript/bin/tsc", "--noEmit")


def test_the_front_end_passes_its_own_tests() -> None:
    in_node("npm", "test")
