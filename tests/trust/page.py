"""Write docs/trust.md from the rows that the studies left behind: `make trust` calls it after a full run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "trust.md"
HEAD = """# Trust: what the numbers were held against

Written by `make trust`. Each line is a simulation in which the truth is known: how often was something found where
nothing is, how often did an interval hold the truth, how often was the right thing decided. The target was set before;
a line that misses it fails the run. Repetitions are seeded, so that the same code gives the same page. Lines marked
*(the fault)* show what a common shortcut does; their target is to go wrong as expected.

On every change a seeded tenth of the repetitions is run. Formulas are beside that held against worked cases and
published values in `tests/stats`.

"""


def main(folder: Path) -> None:
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    PAGE.write_text(HEAD + "\n".join(_sections(rows)), encoding="utf-8")
    print(f"{sum(row['holds'] for row in rows)} of {len(rows)} studies reach their target: {PAGE.relative_to(ROOT)}")


def _sections(rows):
    for study in dict.fromkeys(row["study"] for row in rows):
        yield f"## {study}\n"
        yield "| setting | found | target | repetitions | |"
        yield "| --- | ---: | ---: | ---: | --- |"
        for row in rows:
            if row["study"] == study:
                yield _line(row)
        yield ""


def _line(row):
    mark = "" if row["holds"] else "**missed**"
    target = _target(row["least"], row["most"], share=row["share"])
    return (
        f"| {row['setting']} | {_say(row['found'], share=row['share'])} | {target} | {row['repetitions']:,} | {mark} |"
    )


def _target(least, most, *, share):
    if least <= 0:
        return f"at most {_say(most, share=share)}"
    return (
        f"at least {_say(least, share=share)}"
        if most >= 1
        else f"{_say(least, share=share)} to {_say(most, share=share)}"
    )


def _say(value, *, share):
    return f"{100 * value:.2f} %" if share else f"{value:.3g}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
