"""Delimited text: one header line, then one line per event.

How the file is cut into values is decided here, from its header, and not guessed by the engine: a guess that skips a
line or ignores a quote to make a file fit loses data without a word.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pm_analytics import engine
from pm_analytics.errors import DataError, PmAnalyticsError, SourceError
from pm_analytics.intake import Raw
from pm_analytics.sources.common import (
    ROW,
    could_be_key,
    hidden,
    numbered,
    only,
    opened,
    pattern_free,
    places,
    require_rows,
)
from pm_analytics.sources.kinds import typed_columns

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
BACKSLASH = "\\"
_LINES_ABOVE_HEADER = 50
_QUOTED = re.compile(r'"[^"]*"')
_FOREIGN = {
    b"PK\x03\x04": "an Excel workbook or a zip archive; save the sheet as CSV",
    b"\x1f\x8b": "compressed with gzip; let its name end in .gz",
    b"PAR1": "a Parquet file; let its name end in .parquet",
}


@dataclass(frozen=True, slots=True)
class Cut:
    """How one file is cut into values.

    Attributes
    ----------
    above, skip : int
        Lines above the header; lines above the first row.
    """

    delimiter: str
    encoding: str
    above: int
    skip: int
    names: tuple[str, ...]
    escape: str = '"'

    def scan(self, file: Path) -> str:
        """Write the engine's reader of the file: every value arrives as text, and no line may be ragged."""
        columns = ", ".join(f"{engine.literal(name)}: 'VARCHAR'" for name in self.names)
        return (
            f"read_csv({engine.literal(pattern_free(file))}, auto_detect=false, header=false, skip={self.skip}, "
            f"delim={engine.literal(self.delimiter)}, quote='\"', escape={engine.literal(self.escape)}, "
            f"encoding={engine.literal(self.encoding)}, columns={{{columns}}})"
        )


def text_table(path: Path, files: Sequence[Path], options: Mapping[str, Any], keys: Collection[str]) -> Raw:
    """Read delimited text. Every column arrives as text first, so that no id loses its leading zeros."""
    only(options, {"delimiter"}, "a text table")
    asked = options.get("delimiter") or ("\t" if ".tsv" in path.name.lower() else None)
    cuts = [_cut(file, asked) for file in files]
    stored = _load(files, cuts)
    require_rows(stored, path)
    names = list(engine.columns_of(stored))
    properties = [name for name in names if not could_be_key(name, keys)]
    kinds = typed_columns(stored, properties, decimal_comma=cuts[0].delimiter == ";")
    own = {name: name.removeprefix("pm_") if name.casefold() == hidden("rowid") else name for name in names}
    return Raw(
        numbered(stored, {own[name]: kinds[name].sql if name in kinds else engine.identifier(name) for name in names}),
        ROW,
        {own[name]: kinds[name].type if name in kinds else "VARCHAR" for name in names},
        path.name,
        "TSV" if cuts[0].delimiter == "\t" else "CSV",
        first_row=2,
        notes=tuple(_notes(cuts)),
        places=partial(places, files, partial(_begins, dict(zip(files, cuts, strict=True)))),
        clear=(f"DROP TABLE {stored}",),
    )


def _notes(cuts: Sequence[Cut]) -> list[str]:
    above = max(cut.above for cut in cuts)
    return [f"{above} line{'s' if above > 1 else ''} above the header left out"] if above else []


def _cut(file: Path, asked: str | None) -> Cut:
    """Find the header, and how it is cut: by the delimiter that was asked for, else by the one it has most of."""
    lines, encoding = _first_lines(file)
    signs = [asked] if asked else list(DELIMITERS)
    above = next((at for at, line in enumerate(lines) if any(sign in _bare(line) for sign in signs)), None)
    if above is None:
        raise _no_columns(file, lines, asked)
    delimiter = asked or max(DELIMITERS, key=_bare(lines[above]).count)
    reader = csv.reader(lines[above:], delimiter=delimiter)
    names = _column_names(next(reader))
    return Cut(delimiter, encoding, above, above + reader.line_num, names)


def _first_lines(file: Path) -> tuple[list[str], str]:
    with _unpacking(file), opened(file) as raw:
        start = raw.read(4)
        foreign = next((what for sign, what in _FOREIGN.items() if start.startswith(sign)), None)
        if foreign:
            raise SourceError(f"{file.name} is no text table but {foreign}.")
        raw.seek(0)
        encoding = "utf-16" if start.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
        text = io.TextIOWrapper(raw, _python_name(encoding), errors="replace")
        return [line for _, line in zip(range(_LINES_ABOVE_HEADER), text, strict=False)], encoding


def _python_name(encoding: str) -> str:
    return "utf-8-sig" if encoding == "utf-8" else encoding


@contextmanager
def _unpacking(file: Path) -> Iterator[None]:
    """Say that a packed file is damaged, instead of how its unpacking failed."""
    try:
        yield
    except PmAnalyticsError:
        raise
    except (EOFError, zlib.error, OSError) as error:
        raise SourceError(
            f"Cannot read {file.name}: it is damaged or was cut short ({error}). Export or download it again."
        ) from error


def _bare(line: str) -> str:
    return _QUOTED.sub("", line)


def _column_names(header: Sequence[str]) -> tuple[str, ...]:
    """Strip the names; number a column without one, and add a number to the second column of one name."""
    names: list[str] = []
    for at, written in enumerate(header):
        base = hidden(written.strip() or f"column{at}")
        taken = {name.casefold() for name in names} | {ROW}
        free = (name for name in (base, *(f"{base}_{copy}" for copy in range(1, len(header) + 1))))
        names.append(next(name for name in free if name.casefold() not in taken))
    return tuple(names)


def _no_columns(file: Path, lines: Sequence[str], asked: str | None) -> PmAnalyticsError:
    """Say when a file was cut at the wrong sign: its header is then one long column name."""
    header = next((line.strip() for line in lines if line.strip()), None)
    if header is None:
        return SourceError(f"{file.name} is empty: it has neither a header nor rows. Export it again.")
    likely = max(DELIMITERS, key=_bare(header).count)
    if _bare(header).count(likely):
        return DataError(
            f"With delimiter={asked!r}, {file.name} has a single column {header[:60]!r}. It looks separated by "
            f"{DELIMITERS[likely]}s; write delimiter={likely!r}."
        )
    return DataError(
        f"{file.name} has a single column {header[:60]!r}; an event table needs a user, an event and a time. "
        "Is it a text table with a header line? If another sign separates its columns, write delimiter='...'."
    )


def _load(files: Sequence[Path], cuts: Sequence[Cut]) -> str:
    """Store the files as one table of text. Columns are matched by name, since exports differ in their order."""
    parts = [_load_one(file, cut) for file, cut in zip(files, cuts, strict=True)]
    if len(parts) == 1:
        return parts[0]
    whole = engine.stored(" UNION ALL BY NAME ".join(f"SELECT * FROM {part}" for part in parts), "csv")
    engine.clear(*(f"DROP TABLE {part}" for part in parts))
    return whole


def _load_one(file: Path, cut: Cut) -> str:
    """Read one file strictly; then what is unusual but not wrong: backslash before quotes, line ends of two kinds."""
    try:
        return engine.stored(f"SELECT * FROM {cut.scan(file)}", "csv")
    except SourceError as error:
        refused = str(error.__cause__ or error)
        with suppress(SourceError):  # if this fails too, it is wrong after all, and the strict reader says it best
            if "unterminated quote" in refused:
                return engine.stored(f"SELECT * FROM {replace(cut, escape=BACKSLASH).scan(file)}", "csv")
            if "invalid state" in refused:
                return _load_with_one_line_end(file, cut)
        raise _explained(file, cut, refused) from error


def _load_with_one_line_end(file: Path, cut: Cut) -> str:
    """Read a file whose lines end in two ways, as glued parts do, through a copy in which they all end alike."""
    with tempfile.TemporaryDirectory() as folder, opened(file) as lines:
        copy = Path(folder) / "copy.csv"
        with copy.open("wb") as out:
            out.writelines(line.replace(b"\r\n", b"\n") for line in lines)
        return engine.stored(f"SELECT * FROM {cut.scan(copy)}", "csv")


def _explained(file: Path, cut: Cut, refused: str) -> SourceError:
    """Turn the engine's refusal into the line to look at, and what to do about it."""
    line = re.search(r"CSV Error on Line: (\d+)", refused)
    where = f"{file.name}, line {line[1]}" if line else file.name
    if "not utf-8" in refused:
        return SourceError(
            f"{where}: the text is not UTF-8. Save the file as UTF-8 (in Excel 'CSV UTF-8'), or read it with "
            "pandas.read_csv(..., encoding='cp1252', dtype=str) and pass the frame."
        )
    if "unterminated quote" in refused:
        return SourceError(f"{where}: a quote is opened and not closed as it should be. Correct that line.")
    ragged = next(((at, values) for at, values in _rows(file, cut) if not _fits(values, cut)), None)
    if ragged:
        at, values = ragged
        return SourceError(
            f"{file.name}, line {at}: {len(values)} values under a header of {len(cut.names)} columns "
            f"({cut.delimiter.join(values)[:80]!r}). Correct that line, or put quotes around values that hold a "
            f"{DELIMITERS.get(cut.delimiter, repr(cut.delimiter))}; no line was left out."
        )
    return SourceError(f"Cannot read {file.name}. Is it a text table with a header line? ({refused.splitlines()[0]})")


def _fits(values: Sequence[str], cut: Cut) -> bool:
    return len(values) == len(cut.names) or (len(values) == len(cut.names) + 1 and not values[-1])


def _rows(file: Path, cut: Cut) -> Iterator[tuple[int, list[str]]]:
    """Read the rows once more, slowly, with the line on which each begins (the first line of the file is 1)."""
    with _unpacking(file), opened(file) as raw:
        text = io.TextIOWrapper(raw, _python_name(cut.encoding), errors="replace", newline="")
        reader = csv.reader(text, delimiter=cut.delimiter)
        begins = 1
        for values in reader:
            if values and reader.line_num > cut.skip:
                yield begins, values
            begins = reader.line_num + 1


def _begins(cuts: Mapping[Path, Cut], file: Path) -> Iterator[int]:
    return (at for at, _ in _rows(file, cuts[file]))
