"""One Chromium for all browser tests, cut off from everything but files."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


@dataclass
class Opened:
    """A page that was opened, and everything that went wrong with it."""

    page: Any
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def drawn(self) -> list[str]:
        """Wait until every figure was drawn or failed, and say which."""
        figures = "[...document.querySelectorAll('figure.chart')]"
        self.page.wait_for_function(f"{figures}.every(figure => figure.dataset.drawn)", timeout=20_000)
        return self.page.evaluate(f"{figures}.map(figure => figure.dataset.drawn)")


def _missing(reason):
    """Skip, unless this machine promised to have a browser."""
    if os.environ.get("PM_ANALYTICS_REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright is not installed")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        _missing(f"no browser: none of {', '.join(BROWSERS)} is installed")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """Open a file; every request for anything else is noted and refused."""
    contexts = []

    def opened(path: Path, **options) -> Opened:
        context = browser.new_context(**options)
        contexts.append(context)
        result = Opened(context.new_page())

        def gate(route):
            if route.request.url.startswith(("file:", "data:", "blob:")):
                return route.continue_()
            result.requests.append(route.request.url)
            return route.abort()

        context.route("**/*", gate)
        result.page.on("pageerror", lambda error: result.problems.append(str(error)))
        result.page.on("console", lambda line: line.type == "error" and result.problems.append(line.text))
        result.page.goto(path.resolve().as_uri())
        return result

    yield opened
    for context in contexts:
        context.close()
