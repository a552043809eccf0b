"""The types a report parameter may have, read from an annotation's syntax; nothing is executed."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

SIMPLE = ("bool", "int", "float", "date", "Path", "str", "None", "Any")


class Misfit(ValueError):  # noqa: N818 - it never leaves this floor; check() turns it into a sentence
    """A value is not of the declared kind; the text says what was expected."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A declared type: its name, the kinds inside it, and the choices of a Literal."""

    name: str
    inside: tuple[Kind, ...] = ()
    choices: tuple[Any, ...] = ()

    def __str__(self) -> str:
        """Write it as it is written in the template."""
        if self.name == "union":
            return " | ".join(map(str, self.inside))
        if self.name == "Literal":
            return f"Literal[{', '.join(map(repr, self.choices))}]"
        return f"{self.name}[{', '.join(map(str, self.inside))}]" if self.inside else self.name


def read_kind(node: ast.expr) -> Kind:
    """Read an annotation's syntax tree.

    Raises
    ------
    Misfit
        A type that a report parameter cannot have.
    """
    if isinstance(node, ast.Constant):
        return _from_constant(node)
    if isinstance(node, ast.Name | ast.Attribute):
        return _simple(node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union(read_kind(node.left), read_kind(node.right))
    if isinstance(node, ast.Subscript):
        return _subscript(_simple_name(node.value), node.slice)
    raise Misfit(_unsupported(ast.unparse(node)))


def kind_of_value(value: object) -> Kind:
    """Give the kind of a default that came without annotation."""
    name = type(value).__name__
    return Kind(name if name in {"bool", "int", "float", "str"} else "Any")


def _from_constant(node: ast.Constant) -> Kind:
    if node.value is None:
        return Kind("None")
    return read_kind(ast.parse(str(node.value), mode="eval").body)


def _simple_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else ast.unparse(node)


def _simple(node: ast.expr) -> Kind:
    name = _simple_name(node)
    if name == "list":
        return Kind(name, (Kind("Any"),))
    if name == "dict":
        return Kind(name, (Kind("str"), Kind("Any")))
    if name not in SIMPLE:
        raise Misfit(_unsupported(name))
    return Kind(name)


def _subscript(name: str, inner: ast.expr) -> Kind:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if name == "Literal":
        return Kind("Literal", choices=tuple(ast.literal_eval(part) for part in parts))
    if name == "Optional":
        return _union(read_kind(parts[0]), Kind("None"))
    if name in {"list", "dict"}:
        return Kind(name, tuple(map(read_kind, parts)))
    raise Misfit(_unsupported(name))


def _union(left: Kind, right: Kind) -> Kind:
    members = [part for kind in (left, right) for part in (kind.inside if kind.name == "union" else (kind,))]
    return Kind("union", tuple(members))


def _unsupported(text: str) -> str:
    usable = ", ".join((*SIMPLE, "list", "dict", "Literal"))
    return f"the type {text} is not one that a report parameter can have (use {usable})"
