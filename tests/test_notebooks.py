"""The notebooks for exploring run from top to bottom, and show what they promise."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
CHART = "application/vnd.vegalite.v5+json"


@pytest.fixture(scope="module")
def run(tmp_path_factory, kernel_of_this_interpreter):
    """Run each notebook once, in a folder of its own."""
    done = {}

    def once(path):
        if path not in done:
            folder = tmp_path_factory.mktemp(path.stem)
            notebook = nbformat.read(path, as_version=4)
            options = {"timeout": 240, "kernel_name": kernel_of_this_interpreter}
            NotebookClient(notebook, resources={"metadata": {"path": folder}}, **options).execute()
            done[path] = (notebook, folder)
        return done[path]

    return once


@pytest.fixture(scope="module")
def kernel_of_this_interpreter(tmp_path_factory):
    """Name a kernel that is this very interpreter, whatever kernels the machine has."""
    from ipykernel.kernelspec import install

    prefix = tmp_path_factory.mktemp("kernels")
    with pytest.MonkeyPatch.context() as patch:
        install(kernel_name="this_interpreter", prefix=str(prefix))
        patch.setenv("JUPYTER_PATH", str(prefix / "share" / "jupyter"))
        patch.setenv("PYTHONPATH", str(NOTEBOOKS[0].parents[1]))
        yield "this_interpreter"


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom_without_a_word_of_complaint(run, path):
    notebook, _ = run(path)
    assert [output.text for output in outputs(notebook) if output.get("name") == "stderr"] == []


def test_the_first_notebook_draws_its_charts_and_leaves_a_report(run):
    notebook, folder = run(NOTEBOOKS[0])
    assert sum(CHART in output.get("data", {}) for output in outputs(notebook)) == 6
    pages = list(folder.glob("reports/launch_impact/*/report.html"))
    assert len(pages) == 1
    assert "reports/launch_impact/bulk-edit/report.html" in outputs(notebook)[-1].data["text/html"]


def test_a_kernel_without_ipywidgets_reads_and_counts(kernel_of_this_interpreter):
    """DuckDB refused even to switch its progress bar off where Jupyter could not draw one, so nothing could be read."""
    code = [
        "import sys; sys.modules['ipywidgets'] = None",
        "import pandas as pd, pm_analytics as pm",
        "rows = pd.DataFrame({'user': ['a'], 'event': ['visit'], 'time': ['2026-01-01T10:00Z']})",
        "pm.EventLog.from_frame(rows).event_names()",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("\n".join(code))])
    NotebookClient(notebook, timeout=60, kernel_name=kernel_of_this_interpreter).execute()
    assert outputs(notebook)[-1].data["text/plain"] == "['visit']"
