"""The house stands as docs/decisions describes it: floors, rooms, doors, charts, tests, vocabulary, light import."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import pm_analytics as pm
from pm_analytics import errors, names
from pm_analytics.results import Result

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "pm_analytics"
ROOMS = sorted(folder.name for folder in (PACKAGE / "analyses").iterdir() if (folder / "__init__.py").exists())
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
# Rooms of several questions that outgrew one analysis: each question is a module with its function and its result.
SPLIT_BY_QUESTION = {"engagement": {"actives.py", "frequency.py", "growth.py", "power.py"}}
# Rooms whose input is a small table, so that there is nothing to query.
NO_QUERIES = {"okr", "prioritisation", "satisfaction"}


def source(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_a_door_an_analysis_a_chart_and_its_counts(room):
    folder = PACKAGE / "analyses" / room
    parts = {path.name for path in folder.glob("*.py")}
    assert {"__init__.py", "chart.py"} | SPLIT_BY_QUESTION.get(room, {"analysis.py"}) <= parts
    assert "counts.py" in parts or (folder / "counts" / "__init__.py").exists() or room in NO_QUERIES


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_a_test_a_guide_and_a_glossary_entry(room):
    assert (ROOT / "tests" / "analyses" / f"test_{room}.py").exists()
    assert (ROOT / "docs" / "guides" / f"{room}.md").exists()
    assert room in (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").lower()


@pytest.mark.parametrize("room", ROOMS)
def test_a_rooms_chart_is_drawn_by_a_function_called_draw(room):
    chart = importlib.import_module(f"pm_analytics.analyses.{room}.chart")
    assert callable(chart.draw)
    assert all(p.kind is not p.VAR_KEYWORD for p in inspect.signature(chart.draw).parameters.values())


def test_results_are_frozen_and_say_claim_and_define_themselves():
    kinds = [getattr(pm, name) for name in pm.__all__ if isinstance(getattr(pm, name), type)]
    results = [kind for kind in kinds if issubclass(kind, Result)]
    assert len(results) >= 4
    for kind in results:
        assert kind.__dataclass_params__.frozen
        assert not inspect.isabstract(kind)


def test_every_public_name_exists_and_has_a_docstring():
    for name in pm.__all__:
        assert inspect.getdoc(getattr(pm, name)), name
    assert len(pm.__all__) <= 48  # docs/decisions/0021: it grows with the questions, not with the views
    assert set(pm.__all__) <= set(dir(pm))


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'funel'"):
        _ = pm.funel


def test_importing_the_package_loads_nothing_heavy():
    """A script or a scheduler that only imports the package must not pay for charts, notebooks or engines."""
    heavy = ("altair", "papermill", "numba", "ibis", "duckdb", "pandas", "scipy", "statsmodels", "nbconvert", "IPython")
    code = f"import sys, pm_analytics; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_an_analysis_loads_no_chart_and_no_notebook_machinery():
    code = (
        "import sys, pm_analytics as pm; pm.funnel; pm.adoption; pm.experiment; pm.check; pm.launch_readout; "
        "print([m for m in ('altair', 'papermill', 'nbconvert', 'numba') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_the_floors_and_walls_hold():
    """The import contracts of pyproject.toml: floors, rooms apart, queries and charts where they belong."""
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool, "--no-cache"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_fits_in_a_head_and_its_functions_on_a_page(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LONGEST_MODULE
    for function in functions(source(path)):
        doc = ast.get_docstring(function, clean=False)
        spoken = len(doc.splitlines()) if doc else 0
        length = function.end_lineno - function.lineno + 1 - spoken
        assert length <= LONGEST_FUNCTION, f"{function.name} has {length} lines"


def test_every_deliberate_error_is_ours_and_a_builtins_too():
    """A caller may catch ours, or what Python calls it."""
    kinds = [
        kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.PmAnalyticsError)
    ]
    for kind in kinds:
        if kind is not errors.PmAnalyticsError:
            builtin = [
                base
                for base in kind.__mro__
                if base.__module__ == "builtins" and base not in {Exception, BaseException, object}
            ]
            assert builtin, kind
        assert kind.__name__ in errors.__doc__


def test_the_vocabulary_has_no_two_names_for_one_column():
    words = [value for name, value in vars(names).items() if name.isupper()]
    assert len(set(words)) == len(words)
    assert all(word == word.lower() and " " not in word for word in words)


def test_only_the_errors_of_the_house_are_raised_on_purpose():
    """A bare ValueError reaches a product manager as a riddle."""
    allowed = {
        "AttributeError",  # the front door's answer to an unknown name, as Python asks
        "ValueError",  # the wording linter: a fault of ours, never of a user
        "Misfit",  # collected inside the parameter check and turned into one ParameterError
    }
    ours = {name for name, kind in inspect.getmembers(errors, inspect.isclass)}
    for path in MODULES:
        for node in ast.walk(source(path)):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
                name = node.exc.func.id
                makes_one = name.lstrip("_")[0].islower()  # a function that words the error
                assert makes_one or name in ours | allowed, (path.name, node.lineno, name)
