"""Find report templates: one folder each, ``templates/<name>/<name>.ipynb``."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pm_analytics.errors import SourceError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PACKAGE = Path(__file__).resolve().parents[1]
FOLDERS_VARIABLE = "PM_ANALYTICS_TEMPLATES"


@dataclass(frozen=True, slots=True)
class Template:
    """A report notebook that can be run with parameters.

    Attributes
    ----------
    name : str
        The folder's name; what ``pm-analytics run`` is given.
    path : Path
        The notebook.
    title, description : str
        The first heading, and the first paragraph after it.
    sha256 : str
        Digest of the notebook's bytes, kept in every run record.
    """

    name: str
    path: Path
    title: str
    description: str
    sha256: str

    def notebook(self) -> dict[str, Any]:
        """Read the notebook as plain dictionaries."""
        return read_notebook(self.path)


def templates(folders: Iterable[str | Path] = ()) -> list[Template]:
    """List the templates, by name. In case of two of the same name, the first folder wins.

    Parameters
    ----------
    folders : iterable of path
        Looked at before those of the environment variable ``PM_ANALYTICS_TEMPLATES`` and the shipped ones.
    """
    return [_read(name, path) for name, path in sorted(_paths(folders).items())]


def find(name: str, folders: Iterable[str | Path] = ()) -> Template:
    """Find one template by name, or take the path of any notebook.

    Raises
    ------
    UnknownNameError
        No such template; the nearest ones are offered.
    """
    paths = _paths(folders)
    if name in paths:
        return _read(name, paths[name])
    if name.endswith(".ipynb") and Path(name).is_file():
        return _read(Path(name).stem, Path(name).resolve())
    raise UnknownNameError("template", [name], paths, where="the template library")


def read_notebook(path: Path) -> dict[str, Any]:
    """Read a notebook's JSON; NaN, which is not JSON and which no browser reads, becomes null.

    Raises
    ------
    SourceError
        Not there, or not a notebook.
    """
    try:
        notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda _: None)
        list(notebook["cells"])  # a KeyError here means that this JSON is not a notebook
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"{path} cannot be read as a notebook ({error}). Open it in JupyterLab and save it again."
        ) from error
    return notebook


def cell_text(cell: dict[str, Any]) -> str:
    """Give a cell's source; notebooks keep it as text or as a list of lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _paths(folders: Iterable[str | Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in [*map(Path, folders), *_folders_of_environment(), *_shipped()]:
        for path in folder.glob("*/*.ipynb"):
            if path.stem == path.parent.name:
                found.setdefault(path.stem, path.resolve())
    return found


def _folders_of_environment() -> Iterator[Path]:
    for folder in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep):
        if folder.strip():
            yield Path(folder.strip()).expanduser()


def _shipped() -> Iterator[Path]:
    """Look inside the wheel, then beside the package.

    The folder beside it counts in a checkout only: in site-packages, ``templates`` would be someone else's.
    """
    yield PACKAGE / "templates"
    if (PACKAGE.parent / "pyproject.toml").is_file():
        yield PACKAGE.parent / "templates"


def _read(name: str, path: Path) -> Template:
    notebook = read_notebook(path)
    heading = next((cell_text(cell) for cell in notebook["cells"] if cell.get("cell_type") == "markdown"), "")
    title, description = _title_and_description(heading, name)
    return Template(name, path, title, description, hashlib.sha256(path.read_bytes()).hexdigest())


def _title_and_description(text: str, name: str) -> tuple[str, str]:
    blocks = [" ".join(block.split()) for block in text.split("\n\n")]
    lines = [line.strip() for line in text.splitlines()]
    title = next((line.lstrip("#").strip() for line in lines if line.startswith("#")), name)
    body = [block for block in blocks if block and not block.startswith("#")]
    return title, body[0] if body else ""
