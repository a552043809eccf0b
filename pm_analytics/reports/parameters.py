"""What a template asks for, and whether what it is given will do: decided before any kernel starts."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pm_analytics.errors import ParameterError, did_you_mean
from pm_analytics.reports.fitting import fit
from pm_analytics.reports.kinds import Kind, Misfit, kind_of_value, read_kind
from pm_analytics.reports.library import cell_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pm_analytics.reports.library import Template

_SECRET = re.compile(r"(^|_)(password|passwd|pwd|secret|token|api_?key|private_key|credentials?)(_|$)", re.IGNORECASE)


class _Required:
    """The default of a parameter that has none."""

    def __repr__(self) -> str:
        return "required"


REQUIRED = _Required()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter.

    Attributes
    ----------
    default : object
        ``REQUIRED`` when the template gives none.
    help : str
        The comment on its line, or on the lines above it.
    """

    name: str
    kind: Kind
    default: Any
    help: str

    @property
    def required(self) -> bool:
        """Whether a run must give it."""
        return self.default is REQUIRED


def parameters(template: Template) -> list[Parameter]:
    """Read what a template asks for from its cell tagged ``parameters``, without running it.

    Raises
    ------
    ParameterError
        The cell declares something other than ``name: type = plain value``.
    """
    source = _parameters_cell(template.notebook())
    try:
        tree, comments = ast.parse(source), _comments(source)
        found = [_parameter(node, comments) for node in tree.body if isinstance(node, ast.AnnAssign | ast.Assign)]
    except (SyntaxError, ValueError, tokenize.TokenError) as error:
        raise ParameterError(
            f"The parameters cell of {template.path} cannot be read: {error}. "
            "Declare each as 'name: type = default  # help', with a plain value as default."
        ) from error
    return found


def check(template: Template, given: Mapping[str, object] | None = None, *, text: bool = False) -> dict[str, Any]:
    """Check all parameters at once and give the values of the run, defaults included, as plain JSON data.

    Parameters
    ----------
    given : mapping
        Values by name.
    text : bool
        The values are text from a command line or YAML file; they are read by the declared type.

    Raises
    ------
    ParameterError
        Unknown names, missing ones, wrong types, secrets: all of them, in one message.
    """
    declared = {parameter.name: parameter for parameter in parameters(template)}
    values, problems = {}, [*_unknown(given or {}, declared), *_secrets(declared)]
    for name, parameter in declared.items():
        try:
            values[name] = _value(parameter, given or {}, text=text)
        except Misfit as misfit:
            problems.append(str(misfit))
    if problems:
        listed = "".join(f"\n  - {problem}" for problem in problems)
        raise ParameterError(
            f"The report {template.name!r} cannot run with these parameters; nothing was started.{listed}\n"
            f"To see what it takes: pm-analytics params {template.name}"
        )
    return values


def _parameters_cell(notebook: dict[str, Any]) -> str:
    for cell in notebook["cells"]:
        if cell.get("cell_type") == "code" and "parameters" in cell.get("metadata", {}).get("tags", []):
            return cell_text(cell)
    return ""


def _parameter(node: ast.AnnAssign | ast.Assign, comments: dict[int, str]) -> Parameter:
    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
    name = ast.unparse(target)
    default = REQUIRED if node.value is None else _plain(name, node.value)
    kind = read_kind(node.annotation) if isinstance(node, ast.AnnAssign) else kind_of_value(default)
    if default is not REQUIRED:
        default = _fitted(f"the default of {name}", kind, default, text=False)
    return Parameter(name, kind, default, _help(node, comments))


def _plain(name: str, node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise Misfit(f"the default of {name} is {ast.unparse(node)}, which is not a plain value") from None


def _comments(source: str) -> dict[int, str]:
    """Give the comments by line; a negative line number marks a comment that has its line to itself."""
    found = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            alone = not token.line[: token.start[1]].strip()
            found[-token.start[0] if alone else token.start[0]] = token.string.lstrip("#").strip()
    return found


def _help(node: ast.stmt, comments: dict[int, str]) -> str:
    beside = comments.get(node.end_lineno or node.lineno) or comments.get(node.lineno)
    return beside or " ".join(reversed(list(_above(node.lineno, comments))))


def _above(line: int, comments: dict[int, str]) -> Iterator[str]:
    while -(line - 1) in comments:
        line -= 1
        yield comments[-line]


def _unknown(given: Mapping[str, object], declared: Mapping[str, Parameter]) -> Iterator[str]:
    for name in given:
        if name not in declared and not _SECRET.search(name):
            yield f"{name}: the report has no such parameter{did_you_mean(name, declared)}"
    yield from _secrets({name: None for name in given if name not in declared})


def _secrets(names: Mapping[str, object]) -> Iterator[str]:
    """Refuse secrets: a parameter is written into the notebook, the page and the record."""
    for name in names:
        if _SECRET.search(name):
            yield (
                f"{name}: looks like a secret, and parameters are written into the report; "
                f"let the notebook read it from the environment variable {name.upper()}"
            )


def _value(parameter: Parameter, given: Mapping[str, object], *, text: bool) -> object:
    if parameter.name not in given:
        if parameter.required:
            about = f" ({parameter.help})" if parameter.help else ""
            raise Misfit(f"{parameter.name}: missing, and required{about}; give {_example(parameter.kind)}")
        return parameter.default
    return _fitted(parameter.name, parameter.kind, given[parameter.name], text=text)


def _fitted(name: str, kind: Kind, value: object, *, text: bool) -> object:
    try:
        return fit(kind, value, text=text)
    except Misfit as misfit:
        raise Misfit(f"{name}: must be {misfit}; got {_shortened(value)} (declared as {kind})") from None


def _example(kind: Kind) -> str:
    try:
        fit(kind, object())
    except Misfit as misfit:
        return str(misfit)
    return "a value"


def _shortened(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
