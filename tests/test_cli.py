"""The command line: what it prints, what it passes on, and its exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import pm_analytics.reports
from pm_analytics import cli
from pm_analytics.errors import DataError, NotYetError, ReportError

PARAMETERS = "launch_name: str  # what it is called\ncode: str = ''  # any code\nsteps: list[str] = []"


def write_template(folder, name, parameters, *code):
    def cell(kind, source, **more):
        return {"cell_type": kind, "id": f"c{len(source)}", "metadata": {}, "source": source, **more}

    run = {"execution_count": None, "outputs": []}
    cells = [cell("markdown", f"# {name}\n\nA small report."), cell("code", parameters, **run)]
    cells[1]["metadata"] = {"tags": ["parameters"]}
    cells += [cell("code", source, **run) for source in code]
    path = folder / name / f"{name}.ipynb"
    path.parent.mkdir(parents=True)
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture(autouse=True)
def library(tmp_path, monkeypatch):
    write_template(tmp_path / "templates", "small", PARAMETERS, "print('code', code, steps)")
    monkeypatch.setenv("PM_ANALYTICS_TEMPLATES", str(tmp_path / "templates"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def asked(monkeypatch):
    """Stand in for the runner and keep what it was asked."""
    calls = []

    def run_report(name, parameters, **options):
        calls.append((name, parameters, options))
        return SimpleNamespace(page=Path("reports/page.html"), record=SimpleNamespace(seconds=1.0))

    monkeypatch.setattr(pm_analytics.reports, "run_report", run_report)
    return calls


def test_templates_are_listed(capsys):
    assert cli.main(["templates"]) == 0
    out = capsys.readouterr().out
    assert "small\n    small\n    A small report." in out


def test_params_are_a_table(capsys):
    assert cli.main(["params", "small"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["parameter", "type", "default", "help"]
    assert lines[1] == ["launch_name", "str", "required", "what", "it", "is", "called"]
    assert lines[3] == ["steps", "list[str]", "[]"]


def test_parameters_come_from_the_file_and_the_line(asked, tmp_path):
    (tmp_path / "p.yml").write_text("launch_name: 007\ncode: no\nsteps: [visit, 1.10]\n", encoding="utf-8")
    assert cli.main(["run", "small", "-f", "p.yml", "-p", "code=a=b", "--into", "out", "--timeout", "60"]) == 0
    name, parameters, options = asked[0]
    assert (name, parameters) == ("small", {"launch_name": "007", "code": "a=b", "steps": ["visit", "1.10"]})
    assert (options["into"], options["timeout"]) == (Path("out"), 60.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "smal"], "did you mean 'small'"),
        (["params", "smal"], "did you mean 'small'"),
        (["run", "small"], "launch_name: missing, and required"),
        (["run", "small", "-p", "launch=x"], "did you mean 'launch_name'"),
        (["run", "small", "-p", "launch_name"], "is not NAME=VALUE"),
        (["run", "small", "-f", "none.yml"], "none.yml cannot be read"),
        (["run", "small", "-f", "list.yml"], "name: value"),
        (["run", "small", "-f", "bad.yml"], "bad.yml cannot be read"),
    ],
)
def test_asking_in_the_wrong_way_is_2_and_says_how(asked, tmp_path, capsys, arguments, message):
    (tmp_path / "list.yml").write_text("- a\n", encoding="utf-8")
    (tmp_path / "bad.yml").write_text("a: [", encoding="utf-8")
    assert cli.main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert asked == []


@pytest.mark.parametrize("arguments", [[], ["fly"], ["run"], ["run", "small", "--timeout", "soon"]])
def test_bad_flags_are_2(arguments):
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotYetError("Events reach only to Monday."), 75),
        (ReportError("It failed."), 1),
        (DataError("No rows."), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_codes(monkeypatch, capsys, error, code):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(pm_analytics.reports, "run_report", fail)
    assert cli.main(["run", "small", "-p", "launch_name=x"]) == code
    assert (str(error) or "Stopped") in capsys.readouterr().err


def test_version(capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"pm-analytics {pm_analytics.__version__}\n"


def test_the_demo_says_to_the_report_where_everything_is(asked, monkeypatch, capsys):
    product = SimpleNamespace(
        events=Path("e.parquet"),
        exposures=Path("x.parquet"),
        truth_path=Path("t.json"),
        launch_at="2026-03-16",
        launch_name="Bulk edit",
        feature_event="bulk_edit_used",
        interest_event="bulk_edit_opened",
        onboarding_steps=("signed_up", "report_exported"),
        experiment="bulk_edit",
        primary_event="report_exported",
        guardrail_events=("error_shown",),
    )
    made = []
    stand_in = SimpleNamespace(simulate=lambda into, **options: made.append((into, options)) or product)
    monkeypatch.setitem(sys.modules, "pm_analytics.simulate", stand_in)
    assert cli.main(["demo", "--into", "out", "--users", "300"]) == 0
    assert made == [(Path("out/demo_data"), {"users": 300, "seed": 1, "overwrite": True})]
    name, parameters, options = asked[0]
    assert (name, options) == ("launch_impact", {"into": Path("out")})
    assert parameters["funnel_steps"] == ["signed_up", "report_exported"]
    assert parameters["feature_events"] == ["bulk_edit_used"]
    assert json.loads(json.dumps(parameters)) == parameters
    assert capsys.readouterr().out.splitlines()[-1] == str(Path("reports/page.html"))


def test_the_command_line_from_start_to_finish(tmp_path):
    """One real run in a process of its own: the last line is the page, and 007 is still 007."""
    command = [
        sys.executable,
        "-m",
        "pm_analytics.cli",
        "run",
        "small",
        "-p",
        "launch_name=A b",
        "-p",
        "code=007",
    ]
    root = Path(pm_analytics.reports.__file__).parents[2]
    env = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    page = Path(done.stdout.splitlines()[-1])
    assert page == tmp_path.resolve() / "reports" / "small" / "a-b" / "report.html"
    assert "code 007 []" in page.read_text(encoding="utf-8")
