"""Rows of a query as arrays, their keys as small whole numbers: for what is computed next to the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pm_analytics import engine

if TYPE_CHECKING:
    from collections.abc import Sequence

SPARSE = 4
"""Codes may be so many times as many as rows before it pays to number the keys anew."""


def arrays(expression: Any, keys: Sequence[str], number: str) -> tuple[Any, Any, Keys]:  # noqa: ANN401
    """Fetch a query's rows: the code of each row's keys, its number, and what the codes stand for.

    Returns
    -------
    codes, numbers : arrays
        One per row, in whatever order the engine gives them.
    keys : Keys
        Turns codes back into keys.
    """
    table = engine.arrow(expression)
    numbers = _plain(table.column(number))
    if len(keys) == 1 and table.schema.field(keys[0]).type.to_pandas_dtype() in _WHOLE:
        codes, names = _from_whole(_plain(table.column(keys[0])))
    else:
        codes, names = _from_any([table.column(key) for key in keys])
    return codes, numbers, Keys(tuple(keys), names)


def arrays_by_hash(expression: Any, number: str) -> tuple[Any, Any, int] | None:  # noqa: ANN401
    """Fetch rows whose key comes as two hashes, ``one`` and ``other``: codes, numbers, and how many codes there are.

    The first hash makes the codes, the second checks them: None when two keys share the first, which among ten
    million keys happens once in 400,000 times. That they share both is beyond counting.
    """
    import pandas as pd

    table = engine.arrow(expression)
    codes, firsts = pd.factorize(_plain(table.column("one")))
    other = _plain(table.column("other"))
    check = np.zeros(len(firsts), np.uint64)
    check[codes] = other
    if not np.array_equal(check[codes], other):
        return None
    return codes, _plain(table.column(number)), len(firsts)


_WHOLE = {np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32}


class Keys:
    """What codes stand for."""

    def __init__(self, columns: tuple[str, ...], names: Any) -> None:  # noqa: ANN401 - a range, or arrays by column
        self._columns, self._names = columns, names

    def __len__(self) -> int:
        """Give the number of codes."""
        return len(self._names) if isinstance(self._names, range) else len(self._names[0])

    def take(self, codes: Any) -> dict[str, Any]:  # noqa: ANN401 - arrays
        """Give the keys of codes, column by column."""
        if isinstance(self._names, range):
            return {self._columns[0]: codes + self._names.start}
        return {name: values.take(codes) for name, values in zip(self._columns, self._names, strict=True)}


def _plain(column: Any) -> Any:  # noqa: ANN401
    """Give an Arrow column as one numpy array; whole numbers without gaps are not copied where they lie together."""
    return column.combine_chunks().to_numpy(zero_copy_only=False)


def _from_whole(values: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Give whole keys codes by what they are, when they lie close together."""
    if not len(values):
        return values.astype(np.int64), range(0)
    low, high = int(values.min()), int(values.max())
    if high - low < SPARSE * len(values) + 1_000_000:
        return (values if low == 0 else values - low), range(low, high + 1)
    import pandas as pd
    import pyarrow as pa

    codes, names = pd.factorize(values)
    return codes, [pa.array(names)]


def _from_any(columns: list[Any]) -> tuple[Any, Any]:
    """Give codes to keys of any kind, and keys of several columns."""
    import pandas as pd

    encoded = [column.combine_chunks().dictionary_encode() for column in columns]
    parts = [(part.indices.to_numpy(zero_copy_only=False).astype(np.int64), part.dictionary) for part in encoded]
    if len(parts) == 1:
        return parts[0][0], [parts[0][1]]
    together = parts[0][0]
    for indices, dictionary in parts[1:]:
        together = together * max(1, len(dictionary)) + indices
    codes, firsts = pd.factorize(together)
    names: list[Any] = []
    rest = np.asarray(firsts)
    for _, dictionary in reversed(parts[1:]):
        size = max(1, len(dictionary))
        names.insert(0, dictionary.take(rest % size))
        rest = rest // size
    return codes, [parts[0][1].take(rest), *names]
