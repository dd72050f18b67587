"""What a reader of a notebook sees when something is theirs to put right."""

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def shown(folder, *cells: str) -> list[str]:
    """Run cells in a kernel of their own, in a folder; return what each shows as its error."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(
        notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    return [
        "\n".join(line for one in cell.outputs for line in one.get("traceback", []))
        for cell in notebook.cells
    ]


def test_a_notebook_shows_one_message_and_the_line_that_led_to_it(tmp_path):
    setting, own, verbose = shown(
        tmp_path,
        "import workbench as wb\n\ndata = wb.read_dataset('nowhere')",
        "def mine():\n    raise ValueError('not the workbench')\n\nmine()",
        "%xmode Verbose\nwb.read_dataset('nowhere')",
    )
    line, message = setting.splitlines()
    assert line == "line 3 of the cell: data = wb.read_dataset('nowhere')"
    assert message.startswith("DataError: ")
    assert "nowhere" in message
    assert "Traceback" in own  # errors of others are shown as ever
    assert "def read_dataset" in verbose or "read_dataset(" in verbose
    assert len(verbose.splitlines()) > 10


def test_the_line_shown_is_the_readers_own_even_inside_a_function(tmp_path):
    (found,) = shown(
        tmp_path,
        "import workbench as wb\n\n\ndef mine(where):\n    return wb.open_image(where)\n\n\n"
        "mine('no.png')",
    )
    assert found.splitlines()[0] == "line 5 of the cell: return wb.open_image(where)"
    assert len(found.splitlines()) == 2


def test_messages_of_several_lines_stay_whole(tmp_path):
    (found,) = shown(
        tmp_path, "from workbench.errors import ModelError\nraise ModelError('one\\n    two')"
    )
    assert found.splitlines()[1:] == ["ModelError: one", "    two"]


def test_a_notebook_of_the_course_without_the_embedded_data_says_what_to_do(tmp_path):
    (found,) = shown(
        tmp_path,
        "from workbench import paths\nfrom workbench.course.begin import begin\n\n"
        f"paths.__file__ = {str(tmp_path / 'workbench' / 'paths.py')!r}\nbegin()",
    )
    line, message = found.splitlines()
    assert line == "line 5 of the cell: begin()"
    assert "embedded data is missing" in message
    assert "Install the package again" in message
