"""The package's surface: lazy, complete, quick to import."""

import subprocess
import sys

import pytest

import workbench


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout


@pytest.mark.parametrize("what", ["import workbench", "import workbench.cli"])
def test_importing_never_imports_the_heavy_libraries(what):
    heavy = "{'torch', 'open_clip', 'transformer_lens', 'plotly', 'ipywidgets', 'pandas', 'scipy'}"
    assert run(f"{what}; import sys; print(sorted({heavy} & set(sys.modules)))") == "[]\n"


def test_every_public_name_resolves_and_no_other():
    for name in workbench.__all__:
        assert getattr(workbench, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        workbench.nonsense  # noqa: B018


def test_help_does_not_import_torch_for_any_verb():
    code = (
        "import sys, contextlib, io\n"
        "from workbench.cli import main\n"
        "from workbench.verbs import VERBS\n"
        "for verb in VERBS:\n"
        "    with contextlib.redirect_stdout(io.StringIO()) as out:\n"
        "        try: main([verb.name, '--help'])\n"
        "        except SystemExit as end: assert end.code == 0\n"
        "    assert 'example: workbench' in out.getvalue(), verb.name\n"
        "print('torch' in sys.modules)"
    )
    assert run(code) == "False\n"
