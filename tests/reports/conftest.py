"""Tiny templates, written as plain JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _cell(source: str, *tags: str) -> dict:
    """Make a code cell, or a markdown cell if the source starts as one."""
    cell = {"id": f"c{abs(hash(source)) % 10**8}", "metadata": {"tags": list(tags)}, "source": source}
    if source.startswith(("# %%", "#!")) or not source.startswith("#"):
        return {**cell, "cell_type": "code", "execution_count": None, "outputs": []}
    return {**cell, "cell_type": "markdown"}


@pytest.fixture(scope="session")
def write_template() -> Callable[..., Path]:
    """Write ``<folder>/<name>/<name>.ipynb``; the folder is given back."""

    def write(folder: Path, name: str, *cells: str, parameters: str = "") -> Path:
        path = folder / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        first = [_cell(cells[0])] if cells else []
        declared = [_cell(f"# %%\n{parameters}", "parameters")] if parameters else []
        notebook = {
            "cells": [*first, *declared, *map(_cell, cells[1:])],
            "metadata": {"kernelspec": {"name": "no_such_kernel", "display_name": "x", "language": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        path.write_text(json.dumps(notebook), encoding="utf-8")
        return folder

    return write
