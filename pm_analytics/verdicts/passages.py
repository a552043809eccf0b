"""What a report shows, piece by piece: headings, paragraphs, results. Shown in Jupyter and in a rendered page alike."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.results import Result, html_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Html:
    """A piece of HTML with its plain-text twin."""

    markup: str
    text: str

    def _repr_html_(self) -> str:
        return self.markup

    def __repr__(self) -> str:
        """Show the plain text where HTML cannot be."""
        return self.text


Part = Html | Result | tuple[Result, str]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it. A bare result is drawn; a pair names the kind of drawing."""

    title: str
    parts: tuple[Part, ...]

    def _ipython_display_(self) -> None:
        """Show each part as an output of its own, so that charts stay live."""
        from IPython.display import display

        for part in self.shown():
            display(part)  # type: ignore[no-untyped-call]

    def shown(self) -> list[object]:
        """List what is displayed: the heading, texts, charts, and under the first chart of a result its definition."""
        pieces: list[object] = [heading(self.title)]
        said: set[str] = set()
        for part in self.parts:
            if isinstance(part, Html):
                pieces.append(part)
                continue
            pieces.append(_drawn(part))
            definition = _result(part).definition
            if definition not in said:
                pieces.append(paragraph(definition, kind="note"))
            said.add(definition)
        return pieces

    def __repr__(self) -> str:
        """Say the section in plain text."""
        said = [part.text if isinstance(part, Html) else _result(part).summary() for part in self.parts]
        return "\n\n".join([self.title, *said])


def heading(title: str) -> Html:
    """Make a section heading."""
    slug = "".join(letter if letter.isalnum() else "-" for letter in title.lower()).strip("-")
    return Html(f'<h2 id="{slug}">{html.escape(title)}</h2>', f"{title}\n{'=' * len(title)}")


def paragraph(text: str, *, kind: str = "") -> Html:
    """Make a paragraph; ``kind`` names its style: ``lead``, ``note``."""
    style = f' class="pm-{kind}"' if kind else ""
    return Html(f"<p{style}>{html.escape(text)}</p>", text)


def listed(items: list[str]) -> Html:
    """Make a bullet list."""
    points = "".join(f"<li>{html.escape(item)}</li>" for item in items)
    return Html(f"<ul>{points}</ul>", "\n".join(f"- {item}" for item in items))


def table(frame: pd.DataFrame, *, caption: str) -> Html:
    """Make a small table with a caption."""
    return Html(html_table(frame, caption=caption), f"{caption}\n{frame.to_string(index=False)}")


def _result(part: Result | tuple[Result, str]) -> Result:
    return part[0] if isinstance(part, tuple) else part


def _drawn(part: Result | tuple[Result, str]) -> object:
    return part[0].plot(kind=part[1]) if isinstance(part, tuple) else part.plot()
