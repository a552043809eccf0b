"""Real kernels, so a few seconds each: every way a run can end, and what is left on disk after it."""

import json
import os
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest

from pm_analytics.errors import NotYetError, ParameterError, ReportError, UnknownNameError
from pm_analytics.reports import execute, runner
from pm_analytics.reports.judge import judge
from pm_analytics.reports.publish import locked
from pm_analytics.reports.runner import run_report

ENDINGS = """# %%
import os, sys, time
from pm_analytics.errors import DataError, NotYetError
if ending == "raise":
    1 / 0
if ending == "own error":
    raise DataError("The log is empty. Choose a longer period.")
if ending == "not yet":
    raise NotYetError("Events reach only to Monday.")
if ending == "leave":
    sys.exit(0)
if ending == "die":
    os._exit(3)
if ending == "hang":
    print(os.getpid(), end="", file=open(data, "w"), flush=True)
    while True:
        time.sleep(0.01)
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory, write_template):
    """Write a template whose end can be chosen."""
    folder = tmp_path_factory.mktemp("templates")
    return [
        write_template(
            folder,
            "endings",
            "# Endings\n\nA report.",
            "print(f'code {code}')",
            "## The middle",
            ENDINGS,
            "'last'",
            parameters="ending: str = 'good'\ncode: str = ''\ntitle: str = ''\ndata: str = ''",
        )
    ]


@pytest.fixture(scope="module")
def good(folders, tmp_path_factory):
    """One good run; the tests of failures run after it in the same place and must leave it alone."""
    into = tmp_path_factory.mktemp("reports")
    data = into / "events.csv"
    data.write_text("user,event\n", encoding="utf-8")
    given = {"code": "007", "title": "Bulk edit", "data": str(data)}
    return run_report("endings", given, into=into, templates=folders)


def fails(good, folders, ending, error=ReportError, *, data="", **options):
    """Run into a failure; give its message and record, and hold that the last good page is untouched."""
    folder, into = good.page.parent, good.page.parents[2]
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    given = {"ending": ending, "title": "Bulk edit", "data": data}
    with pytest.raises(error) as caught:
        run_report("endings", given, into=into, templates=folders, **options)
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    record = json.loads((into / "runs.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    return str(caught.value), record


def gone(pid):
    """Whether a process has ended, or waits only for its parent to take note."""
    command = ["ps", "-o", "stat=", "-p", pid.read_text(encoding="utf-8")]
    state = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return not state or state.startswith("Z")


def wait_until(true, seconds=30):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)


def test_a_good_run_publishes_page_notebook_and_record_together(good):
    folder = good.page.parent
    assert folder.parts[-2:] == ("endings", "bulk-edit")
    assert {path.name for path in folder.iterdir()} == {".lock", "report.html", "notebook.ipynb", "run.json"}
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["status"] == "ok"
    assert record["run_id"] in good.page.read_text(encoding="utf-8")
    for name, digest in record["files"].items():
        assert sha256((folder / name).read_bytes()).hexdigest() == digest
    assert set(record["files"]) == {"report.html", "notebook.ipynb"}


def test_the_record_says_what_was_run_with_what_on_what(good):
    record = good.record
    assert (record.template, len(record.template_sha256)) == ("endings", 64)
    assert record.parameters["ending"] == "good"
    assert record.inputs[0]["file"] == "events.csv"
    assert record.inputs[0]["bytes"] == len("user,event\n")
    assert {"pm_analytics", "python", "pandas", "papermill"} <= set(record.versions)
    assert record.started < record.ended
    assert "events.csv" in good.page.read_text(encoding="utf-8")


def test_007_survives_and_no_private_path_is_left_in_the_notebook(good):
    text = good.notebook.read_text(encoding="utf-8")
    assert "code 007" in text
    assert "pm_analytics_" not in text.replace("pm_analytics_report", "")
    assert json.loads(text)["metadata"]["kernelspec"]["name"] == "python3"


def test_a_cell_that_raises_publishes_nothing(good, folders):
    message, record = fails(good, folders, "raise")
    assert record["status"] == "failed"
    assert record["error"] == {"message": "ZeroDivisionError: division by zero", "cell": 6}
    assert 'failed in cell 6, under "The middle": ZeroDivisionError: division by zero' in message
    assert "The last good page is untouched" in message
    kept = good.page.parent / "failed"
    assert json.loads((kept / "run.json").read_text(encoding="utf-8"))["status"] == "failed"
    assert "ZeroDivisionError" in (kept / "notebook.ipynb").read_text(encoding="utf-8")


def test_an_error_of_ours_comes_out_with_its_own_words(good, folders):
    message, _ = fails(good, folders, "own error")
    assert 'under "The middle": The log is empty. Choose a longer period.\n' in message
    assert "Traceback" not in message
    assert "DataError" not in message


def test_not_yet_is_not_a_failure(good, folders):
    message, record = fails(good, folders, "not yet", NotYetError)
    assert (message, record["status"]) == ("Events reach only to Monday.", "not_yet")


def test_leaving_early_with_sys_exit_0_is_a_failure(good, folders):
    """Papermill calls this a success, and the rest of the report is missing."""
    message, record = fails(good, folders, "leave")
    assert record["status"] == "failed"
    assert "stopped itself with sys.exit" in message


def test_a_kernel_that_dies_is_killed_and_not_completed(good, folders):
    """Papermill marks every cell of such a notebook as completed, also those that never ran."""
    message, record = fails(good, folders, "die")
    assert (record["status"], record["error"]["cell"]) == ("killed", 6)
    assert "memory" in message


def test_the_deadline_is_for_the_whole_notebook_and_leaves_no_kernel(good, folders, tmp_path):
    pid = tmp_path / "pid"
    message, record = fails(good, folders, "hang", timeout=9, data=str(pid))
    assert record["status"] == "timeout"
    assert "did not finish within 9 seconds" in message
    assert gone(pid)


@pytest.mark.skipif(sys.platform == "win32", reason="looks for the process with ps")
def test_a_runner_that_is_killed_takes_its_kernel_along(folders, tmp_path):
    """A scheduler that gives up kills the runner; a kernel that lived on would hold the memory."""
    pid = tmp_path / "pid"
    given = {"ending": "hang", "data": str(pid)}
    where = list(map(str, folders))
    code = f"import pm_analytics as pm; pm.run_report('endings', {given!r}, templates={where!r}, into='r')"
    root = Path(runner.__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(root)})
    with process:
        wait_until(lambda: pid.exists() and pid.read_text(encoding="utf-8"))
        process.kill()
    wait_until(lambda: gone(pid))


@pytest.mark.parametrize(
    ("name", "given", "error"),
    [
        ("endings", {"code": 7}, ParameterError),
        ("endings", {"ende": "x"}, ParameterError),
        ("endings", {"api_key": "x"}, ParameterError),
        ("ending", {}, UnknownNameError),
    ],
)
def test_what_cannot_run_is_refused_before_a_kernel_starts(tmp_path, folders, monkeypatch, name, given, error):
    monkeypatch.setattr(runner, "execute", lambda *_, **__: pytest.fail("a kernel was started"))
    with pytest.raises(error):
        run_report(name, given, into=tmp_path / "reports", templates=folders)
    assert not (tmp_path / "reports").exists()


def test_a_timeout_of_nothing_is_refused(folders):
    with pytest.raises(ParameterError, match="timeout=0"):
        run_report("endings", timeout=0, templates=folders)


def test_two_runs_of_one_report_do_not_interleave(tmp_path, folders, monkeypatch):
    monkeypatch.setattr(runner, "execute", lambda *_, **__: pytest.fail("a kernel was started"))
    with locked(tmp_path / "endings" / "endings"), pytest.raises(ReportError, match="another run right now"):
        run_report("endings", into=tmp_path, templates=folders)


def test_a_lock_left_behind_by_a_dead_process_is_no_lock(tmp_path):
    """The system takes the lock back when its holder ends, so the file may stay."""
    hold = "from pathlib import Path; import os, sys; from pm_analytics.reports.publish import locked\n"
    hold += "with locked(Path(sys.argv[1])): os._exit(9)"
    subprocess.run([sys.executable, "-c", hold, str(tmp_path)], check=False)
    assert (tmp_path / ".lock").exists()
    with locked(tmp_path):
        pass


def test_a_page_that_cannot_be_made_is_a_failed_run(good, folders, monkeypatch):
    def broken(*_):
        raise ValueError("no page today")

    monkeypatch.setattr(runner.html, "to_page", broken)
    message, record = fails(good, folders, "good")
    assert record["status"] == "failed"
    assert "the page could not be made (ValueError: no page today)" in message


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path, folders):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ReportError, match="could not be written to"):
        run_report("endings", into=tmp_path / "file", templates=folders)


def test_a_notebook_cut_off_while_it_was_written_is_not_believed(tmp_path, folders):
    """The deadline can fall into papermill's writing, which is not atomic."""
    (tmp_path / "input.ipynb").write_bytes((folders[0] / "endings" / "endings.ipynb").read_bytes())
    (tmp_path / "output.ipynb").write_text('{"cells": [', encoding="utf-8")
    left = execute._execution(tmp_path, on_time=False)
    assert left.ending == "timeout"
    assert judge(left, 5).status == "timeout"


def test_a_report_kernel_imports_altair_without_the_slow_optional_checker():
    code = "import sys, pm_analytics.charting; print('rfc3987_syntax' in sys.modules)"
    env = {**os.environ, "PM_ANALYTICS_REPORT_KERNEL": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_importing_reports_loads_no_notebook_machinery():
    heavy = {"papermill", "nbconvert", "nbformat", "nbclient", "altair", "vl_convert", "pandas", "jinja2"}
    code = f"import sys, pm_analytics.reports; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
