"""What is shipped: dependencies told three times alike, a wheel that works alone, notebooks without outputs."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from pm_analytics.sources.warehouses import DOORS

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOTEBOOKS = [*sorted(ROOT.glob("notebooks/*.ipynb")), *sorted(ROOT.glob("templates/*/*.ipynb"))]
TEMPLATES = sorted(ROOT.glob("templates/*/*.ipynb"))

# What conda-forge calls the packages whose names differ there.
CONDA_NAMES = {
    "build": "python-build",
    "ibis-framework": "ibis-duckdb",
    "playwright": "playwright-python",
    "tzdata": "python-tzdata",
}


EXTRAS = PROJECT["optional-dependencies"]
TESTED_ENGINES = ("postgres", "clickhouse", "spark")


def required():
    return [Requirement(line) for line in PROJECT["dependencies"] + EXTRAS["test"]]


def required_by_engines():
    lines = [line for extra in (*TESTED_ENGINES, "engines") for line in EXTRAS[extra]]
    return [each for each in map(Requirement, lines) if each.name != PROJECT["name"]]


def pinned():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def cells_of(path, kind="code"):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def test_conda_and_pip_are_told_the_same_names_and_bounds():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    lines = [line for line in environment["dependencies"] if isinstance(line, str) and line != "pip"]
    told = {re.split(r"[<>=!~]", line)[0]: SpecifierSet(line.lstrip("abcdefghijklmnopqrstuvwxyz-")) for line in lines}
    assert told.pop("python") == SpecifierSet(PROJECT["requires-python"])
    assert told == {CONDA_NAMES.get(each.name, each.name): each.specifier for each in required()}


def test_conda_takes_only_this_package_from_pip():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert [line["pip"] for line in environment["dependencies"] if isinstance(line, dict)] == [["-e ."]]


def test_constraints_are_plain_pins():
    assert [line for line in pinned() if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []


@pytest.mark.parametrize("requirement", [*required(), *required_by_engines()], ids=str)
def test_every_dependency_is_pinned_inside_its_bounds(requirement):
    pins = {canonicalize_name(name): version for name, version in (line.split("==") for line in pinned())}
    assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)])


def test_every_engine_is_an_extra_of_its_own_and_the_tested_ones_are_one_together():
    assert set(DOORS) == set(EXTRAS) - {"test", "engines", "bench", "did"}
    together = next(Requirement(line) for line in EXTRAS["engines"] if line.startswith(PROJECT["name"]))
    assert together.extras == set(TESTED_ENGINES)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_committed_without_outputs(path):
    assert [cell["id"] for cell in cells_of(path) if cell["outputs"] or cell["execution_count"] is not None] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_hold_calls_and_prose_and_define_nothing(path):
    defining = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    trees = {cell["id"]: ast.parse("".join(cell["source"])) for cell in cells_of(path)}
    guilty = {name for name, tree in trees.items() if any(isinstance(node, defining) for node in ast.walk(tree))}
    assert guilty == set()


@pytest.fixture(scope="module")
def stripper():
    spec = spec_from_file_location("strip_notebooks", ROOT / "tools" / "strip_notebooks.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run_notebook(tmp_path):
    """Write a notebook as a run leaves it."""
    cell = {
        "cell_type": "code",
        "id": "kept",
        "metadata": {"tags": ["parameters"], "execution": {"iopub.status.busy": "2026-01-01"}},
        "source": ["x = 'façade'\n", "x"],
        "execution_count": 3,
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "secret"}],
    }
    prose = {"cell_type": "markdown", "id": "prose", "metadata": {"collapsed": False}, "source": "# Title"}
    metadata = {"kernelspec": {"name": "mine"}, "language_info": {"name": "python", "version": "3.11.7"}}
    notebook = {"cells": [prose, cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path = tmp_path / "run.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def test_stripping_takes_what_the_run_left_and_nothing_else(stripper, run_notebook):
    assert stripper.main([str(run_notebook)]) == 0
    prose, cell = json.loads(run_notebook.read_text(encoding="utf-8"))["cells"]
    assert (cell["outputs"], cell["execution_count"]) == ([], None)
    assert (cell["id"], cell["metadata"]) == ("kept", {"tags": ["parameters"]})
    assert cell["source"] == ["x = 'façade'\n", "x"]
    assert (prose["source"], prose["metadata"]) == ("# Title", {})


def test_checking_changes_nothing_and_says_no(stripper, run_notebook, capsys):
    before = run_notebook.read_bytes()
    assert stripper.main(["--check", str(run_notebook)]) == 1
    assert run_notebook.read_bytes() == before
    assert "run.ipynb" in capsys.readouterr().out
    stripper.main([str(run_notebook)])
    assert stripper.main(["--check", str(run_notebook)]) == 0


def test_the_notebooks_of_this_project_are_stripped(stripper):
    assert stripper.found() == sorted(NOTEBOOKS)
    assert stripper.main(["--check"]) == 0


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel and unpack it away from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    unpacked = folder / "unpacked"
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        archive.extractall(unpacked)
    return unpacked


def test_the_wheel_holds_templates_and_types_and_nothing_of_the_workshop(wheel):
    names = {path.relative_to(wheel).as_posix() for path in wheel.rglob("*") if path.is_file()}
    shipped = {path.relative_to(ROOT).as_posix() for path in TEMPLATES}
    assert {f"pm_analytics/{name}" for name in shipped} <= names
    assert {"pm_analytics/py.typed", "pm_analytics/reports/page/page.css"} <= names
    folders = {name.split("/")[0] for name in names}
    assert {name for name in folders if not name.endswith(".dist-info")} == {"pm_analytics"}


def test_the_unpacked_wheel_lists_its_templates_away_from_the_checkout(wheel, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "pm_analytics.cli", "templates"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(wheel), "PM_ANALYTICS_TEMPLATES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {"experiment_readout", "launch_impact"} <= set(done.stdout.splitlines())


def test_every_make_command_that_is_written_down_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    pages = [ROOT / "README.md", *NOTEBOOKS, *(ROOT / "docs").rglob("*.md")]
    named = {name for page in pages for name in re.findall(r"`?\bmake ([a-z]+)\b[`\s]", code_in(page))}
    assert {"demo", "test"} <= named <= targets


def code_in(page):
    """Give what a page shows as code."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    return "\n".join([*blocks, *(f"{inline}\n" for inline in re.findall(r"`([^`\n]+)`", text))])
