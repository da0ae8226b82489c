"""Every lesson and every solution runs from a clean kernel, and reads well when saved."""

import json
import re
import sys
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))
import remake  # noqa: E402

PATHS = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
SOLUTIONS = sorted((NOTEBOOKS / "solutions").glob("[0-9]*.ipynb"))
ALL = [*PATHS, *SOLUTIONS]
NAMES = [str(path.relative_to(NOTEBOOKS)) for path in ALL]


def code_cells(path):
    notebook = nbformat.read(path, as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def saved_outputs(path):
    return [output for cell in code_cells(path) for output in cell.outputs]


@pytest.mark.notebook
# Jupyter's own machinery warns about itself; what the notebook's code warns of
# arrives as stderr, and that is looked for.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", ALL, ids=NAMES)
def test_it_runs_from_top_to_bottom_in_a_clean_kernel(path, monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    notebook = remake.run(path, QUICK=True)
    stderr = [
        output.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.get("name") == "stderr"
    ]
    assert not stderr


@pytest.mark.notebook
@pytest.mark.filterwarnings("ignore")
def test_it_can_be_remade_with_another_network(tmp_path):
    path = tmp_path / "lesson.ipynb"
    cells = ['NETWORK = "vgg16"  # the bundled network', "print(NETWORK)"]
    lesson = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, cells)])
    nbformat.write(lesson, path)
    setup, answer = remake.run(path, NETWORK="vgg19").cells
    assert setup.source == 'NETWORK = "vgg19"  # the bundled network'
    assert answer.outputs[0].text == "vgg19\n"


@pytest.mark.parametrize("path", ALL, ids=NAMES)
def test_it_is_saved_without_errors_warnings_and_widget_state(path):
    notebook = nbformat.read(path, as_version=4)
    assert "widgets" not in notebook.metadata
    for output in saved_outputs(path):
        assert output.output_type != "error"
        assert output.get("name") != "stderr"
        assert "Warning" not in output.get("text", "")
        assert "Traceback" not in output.get("text", "")
        assert remake.WIDGET not in output.get("data", {})


@pytest.mark.parametrize("path", ALL, ids=NAMES)
def test_it_names_no_absolute_path(path):
    text = path.read_text(encoding="utf-8")
    images = re.compile(r'"image/(png|jpeg)": "[^"]*"')
    assert not re.search(
        r"/(home|root|tmp|Users|work)/|[A-Z]:\\\\", images.sub("", text)
    )


@pytest.mark.parametrize("path", ALL, ids=NAMES)
def test_it_is_saved_with_what_its_cells_showed(path):
    kinds = {kind for output in saved_outputs(path) for kind in output.get("data", {})}
    assert "image/png" in kinds


@pytest.mark.parametrize("path", ALL, ids=NAMES)
def test_its_code_cells_are_short(path):
    for cell in code_cells(path):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= 20, cell.source


def test_all_notebooks_together_take_at_most_15_megabytes():
    assert sum(path.stat().st_size for path in ALL) <= 15e6


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_each_lesson_has_its_worked_solutions(path):
    assert (NOTEBOOKS / "solutions" / path.name).is_file()


@pytest.mark.parametrize("path", ALL, ids=NAMES)
def test_it_is_valid_and_runs_with_any_python_3_kernel(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert json.loads(path.read_text(encoding="utf-8"))["metadata"]["kernelspec"][
        "name"
    ] == ("python3")
