"""The first notebook as a product manager meets it: a real JupyterLab opens it, runs it all, and shows the charts."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "00_start_here.ipynb"
CHARTS = 6
TALL = {"width": 1300, "height": 9000}
SETTINGS = {
    # a toast with news would cover the page, and a long notebook would be shown only in part
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
PROMPTS = ".jp-NotebookPanel .jp-CodeCell .jp-InputPrompt"
ERRORS = '[data-mime-type="application/vnd.jupyter.error"], [data-mime-type="application/vnd.jupyter.stderr"]'
DRAWN = ".jp-OutputArea svg.marks, .jp-OutputArea canvas.marks"


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that serves one folder."""

    port: int
    token: str
    folder: Path

    def url(self, path):
        """Give the address of a path, with the key to it."""
        return f"http://127.0.0.1:{self.port}{path}?token={self.token}"

    def ask(self, path):
        """Ask the server's REST interface."""
        with urllib.request.urlopen(self.url(path), timeout=10) as answer:  # noqa: S310 - our own server
            return json.load(answer)

    def has_kernel(self):
        """Tell whether a kernel is there; a server still busy starting it may answer with an error."""
        try:
            return any(kernel["execution_state"] in {"idle", "starting"} for kernel in self.ask("/api/kernels"))
        except urllib.error.HTTPError:
            return False


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def private_environment(home):
    """Keep this Lab away from the settings and files of whoever runs the tests."""
    places = {"CONFIG": "config", "DATA": "data", "RUNTIME": "run"}
    jupyter = {f"JUPYTER_{name}_DIR": str(home / folder) for name, folder in places.items()}
    lab = {"JUPYTERLAB_SETTINGS_DIR": str(home / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(home / "spaces")}
    for name, settings in SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings), encoding="utf-8")
    return {**os.environ, **jupyter, **lab, "HOME": str(home), "PYTHONPATH": str(ROOT)}


@pytest.fixture
def lab(tmp_path):
    folder, home = tmp_path / "work", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    shutil.copy(NOTEBOOK, folder)
    started = Lab(free_port(), secrets.token_hex(8), folder)
    options = [
        f"--port={started.port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={started.token}",
        f"--ServerApp.root_dir={folder}",
    ]
    with (
        (tmp_path / "server.log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", *options],
            env=private_environment(home),
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as server,
    ):
        try:
            wait_for_server(started, server, tmp_path / "server.log")
            yield started
        finally:
            shut_down(started, server)


def wait_for_server(lab, server, log):
    end = time.monotonic() + 60
    while True:
        try:
            return lab.ask("/api/status")
        except OSError:
            assert server.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < end, log.read_text(encoding="utf-8")
            time.sleep(0.5)


def shut_down(lab, server):
    """End the kernels (each is a session of its own), then the server."""
    try:
        for kernel in lab.ask("/api/kernels"):
            stop = urllib.request.Request(lab.url(f"/api/kernels/{kernel['id']}"), method="DELETE")  # noqa: S310
            urllib.request.urlopen(stop, timeout=20).close()  # noqa: S310 - our own server
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


@pytest.fixture
def page(browser, lab, tmp_path):
    """Open the notebook; what is asked of any other machine is noted and refused."""
    context = browser.new_context(viewport=TALL)
    opened = context.new_page()
    opened.blocked = []

    def gate(route):
        url = route.request.url
        if url.startswith(("data:", "blob:", f"http://127.0.0.1:{lab.port}/")):
            return route.continue_()
        opened.blocked.append(url)
        return route.abort()

    context.route("**/*", gate)
    opened.goto(f"{lab.url(f'/lab/tree/{NOTEBOOK.name}')}&reset")
    yield opened
    opened.screenshot(path=tmp_path / "lab.png")
    context.close()


def until(page, holds, seconds, what):
    """Ask again and again, from here and not inside the page: each wait has a deadline and says where it stuck."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, (what, prompts(page), errors(page))
        page.wait_for_timeout(500)


def errors(page):
    return page.locator(ERRORS).all_inner_texts()


def prompts(page):
    return page.eval_on_selector_all(PROMPTS, "cells => cells.map(cell => cell.textContent)")


def finished(page):
    return all(re.search(r"\[\d+\]", prompt) for prompt in prompts(page))


def run_all(page):
    """Press Run All Cells; a first click can be lost while Lab is still laying itself out."""
    for _ in range(3):
        page.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Run$")).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.wait_for_timeout(4_000)
        if any(re.search(r"\[(\d+|\*)\]", prompt) for prompt in prompts(page)):
            return
    pytest.fail("no cell ever started")


def test_the_first_notebook_runs_in_jupyterlab_and_shows_its_charts(lab, page):
    page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell", timeout=90_000)
    until(page, lab.has_kernel, 60, "the kernel")
    page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]', timeout=60_000)
    page.evaluate("document.querySelector('.jp-NotebookPanel .jp-Notebook').focus()")
    run_all(page)
    until(page, lambda: finished(page) or errors(page), 240, "the run")
    assert errors(page) == []
    until(page, lambda: page.locator(DRAWN).count() >= CHARTS, 30, "the charts")
    assert (page.locator(DRAWN).count(), errors(page), page.blocked) == (CHARTS, [], [])
    assert (lab.folder / "reports" / "launch_impact" / "bulk-edit" / "report.html").exists()
