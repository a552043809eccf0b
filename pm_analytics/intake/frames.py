"""pandas frames as raw tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from pm_analytics import engine
from pm_analytics.errors import DataError
from pm_analytics.intake.raw import Raw

if TYPE_CHECKING:
    import pandas as pd

ROW = "pm_row"
"""The number of each row, from 0; a frame may have a column called rowid, which would hide the engine's own."""


def raw_frame(frame: pd.DataFrame, *, name: str = "a pandas frame") -> Raw:
    """Store a copy of a frame in the embedded engine. A named index is a column like any other.

    Raises
    ------
    DataError
        It has no rows, columns whose names are the same, or a column of mixed kinds that no table can hold.
    """
    if len(frame) == 0:
        raise DataError(f"{name} has no rows; there is nothing to analyse.")
    plain = _flat(frame, name)
    _check_names(plain, name)
    try:
        relation = engine.stored_frame(_storable(plain).assign(**{ROW: range(len(plain))}), "frame")
    except Exception as error:
        raise DataError(_refusal(plain, name, error)) from error
    clear = (f"DROP TABLE {relation}",)
    columns = {column: kind for column, kind in engine.columns_of(relation).items() if column != ROW}
    return Raw(relation, ROW, columns, name, "pandas", first_row=0, clear=clear)


def _flat(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Give plain columns: the named levels of the index first, then the rest under their names as text."""
    if frame.columns.nlevels > 1:
        raise DataError(f"{name} has columns of several levels; give each column one name first.")
    named = [level for level in frame.index.names if level is not None and level not in frame.columns]
    spare = [at for at, level in enumerate(frame.index.names) if level not in named]
    if len(spare) < frame.index.nlevels:
        frame = (frame.reset_index(level=spare, drop=True) if spare else frame).reset_index()
    return frame.reset_index(drop=True).rename(columns=str)


def _check_names(frame: pd.DataFrame, name: str) -> None:
    folded = frame.columns.str.casefold()
    if not folded.is_unique:
        twice = sorted(frame.columns[folded.duplicated(keep=False)])
        raise DataError(f"{name} has two columns of the same name (case does not count): {twice}. Rename one of them.")
    if (folded.str.strip() == "").any():
        raise DataError(f"{name} has a column without a name. Give it one, or leave it out.")


def _storable(frame: pd.DataFrame) -> pd.DataFrame:
    """Give every column a kind that a table can hold."""
    return frame.assign(**{column: _storable_column(frame[column]) for column in frame.columns})


def _storable_column(values: pd.Series[Any]) -> pd.Series[Any]:
    """Put right what pandas does to columns with gaps, and what a table counts in microseconds.

    Float columns that hold only whole numbers (ids with a gap) become integers: 39.0 is user 39. Columns without any
    value have no kind, and become text. Nanoseconds are cut off.
    """
    import pandas as pd

    kind = values.dtype
    if pd.api.types.is_object_dtype(kind):
        return _storable_objects(values)
    if pd.api.types.is_float_dtype(kind):
        values = values.astype("float64") if kind == "float16" else values
        there = values.dropna()
        whole = len(there) > 0 and bool((there % 1 == 0).all()) and bool((there.abs() < 2**53).all())
        return values.astype("Int64") if whole else values
    return values.dt.as_unit("us") if str(kind).startswith("datetime64[ns") else values


def _storable_objects(values: pd.Series[Any]) -> pd.Series[Any]:
    there = values.dropna()
    if there.empty:
        return values.astype("string")
    if there.map(lambda value: isinstance(value, UUID)).all():
        return values.map(str, na_action="ignore").astype("string")
    return values


def _refusal(frame: pd.DataFrame, name: str, error: Exception) -> str:
    """Say which column cannot be stored, and how to make it storable without turning gaps into words."""
    import pandas as pd

    suspects = [column for column in frame.columns if _refused(_storable(frame[[column]]))]
    if not suspects:
        return f"{name} cannot be stored as a table: {str(error).splitlines()[0]}."
    column = suspects[0]
    kind = pd.api.types.infer_dtype(frame[column], skipna=True)
    return (
        f"{name} cannot be stored as a table: column {column!r} holds values of kind {kind!r}. Make it of one kind, "
        f"for example frame[{column!r}] = frame[{column!r}].astype('string'), or leave it out."
    )


def _refused(frame: pd.DataFrame) -> bool:
    """Tell whether the engine refuses a frame of one column."""
    try:
        engine.clear(f"DROP TABLE {engine.stored_frame(frame, 'trial')}")
    except Exception:  # noqa: BLE001 - whatever the reason, this column is the one to look at
        return True
    return False
