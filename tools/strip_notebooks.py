"""Strip notebooks of what a run leaves behind: outputs, execution counts, and metadata of the run.

    python tools/strip_notebooks.py [--check] [NOTEBOOK ...]

Without names: every notebook under ``notebooks/`` and ``templates/``. ``--check`` changes nothing and exits
1 when a notebook is not stripped. Sources, cell ids, tags and attachments stay as they are.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
WHERE = ("notebooks/*.ipynb", "templates/*/*.ipynb")
CELL_KEPT = ("tags", "jupyter")
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def main(arguments: list[str] | None = None) -> int:
    """Strip, or check; say which notebooks were not clean."""
    parser = argparse.ArgumentParser(description="Strip notebooks of outputs, execution counts and run metadata.")
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if one is not stripped")
    asked = parser.parse_args(arguments)
    dirty = [path for path in asked.notebooks or found() if not is_stripped(path)]
    for path in dirty:
        if not asked.check:
            strip_file(path)
        sys.stdout.write(f"{'not stripped' if asked.check else 'stripped'}: {path}\n")
    if dirty and asked.check:
        sys.stdout.write("Strip them with: python tools/strip_notebooks.py\n")
    return int(bool(dirty) and asked.check)


def found() -> list[Path]:
    """List the notebooks of this project."""
    return sorted(path for pattern in WHERE for path in ROOT.glob(pattern))


def is_stripped(path: Path) -> bool:
    """Tell whether stripping would change nothing."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return bool(stripped(notebook) == notebook)


def strip_file(path: Path) -> None:
    """Strip a notebook in place, laid out as Jupyter lays it out."""
    notebook = stripped(json.loads(path.read_text(encoding="utf-8")))
    text = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def stripped(notebook: dict[str, Any]) -> dict[str, Any]:
    """Give a notebook without what a run leaves behind; the one given is not changed."""
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return {**notebook, "cells": [_stripped_cell(cell) for cell in notebook["cells"]], "metadata": metadata}


def _stripped_cell(cell: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in cell["metadata"].items() if name in CELL_KEPT}
    fresh = {"execution_count": None, "outputs": []} if cell["cell_type"] == "code" else {}
    return {**cell, "metadata": kept, **fresh}


if __name__ == "__main__":
    sys.exit(main())
