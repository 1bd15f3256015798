"""Text that came from outside, shown as text: HTML with everything escaped, and Markdown with nothing left to mean.

Titles, comments and names are data. They reach a page through these functions alone: a title `<img onerror=...>`,
`[x](javascript:...)` or `:red[x]` is read as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

_MARKDOWN = re.compile(
    r"[\\`*_\[\]<$~|@]"  # emphasis, links, HTML, formulas, tables, addresses
    r"|:(?=[\w/])"  # :red[directives], :emoji:, addresses
    r"|&(?=[#\w]+;)"  # entities
    r"|(?<=\bwww)\."
    r"|(?<=^\d)[.)]|(?<=^\d\d)[.)]|(?<=^\d{3})[.)]|(?<=^\d{4})[.)]"  # numbered lists
    r"|^[#>+=-]"
)
"""What means something in a line of Streamlit's Markdown, and no more: labels are also read aloud as they stand."""
_TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])
"""Characters that turn the direction of writing, and with it what a line seems to say."""
Tone = Literal["good", "warn", "bad", "idle"]


def plain(text: object) -> str:
    """For HTML and for Plotly, which reads some HTML too."""
    return escape(str(text).translate(_TURNING), quote=True)


def prose(text: object) -> str:
    """HTML of a sentence, in which what stands between backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", plain(text))


def markdown(text: object) -> str:
    """For labels of widgets, which Streamlit reads as Markdown: one line, whatever would mean something escaped."""
    return _MARKDOWN.sub(r"\\\g<0>", " ".join(str(text).translate(_TURNING).split()))


@dataclass(frozen=True)
class Cell:
    """A cell that is more than its text."""

    text: str
    tone: Tone | None = None
    href: str | None = None
    """Made by us, never from outside."""
    bar: float | None = None
    """0 to 1: drawn behind the figure."""
    ours: bool = False
    """A sentence of ours, in which what stands between backticks is code."""

    def html(self) -> str:
        inner = prose(self.text) if self.ours else plain(self.text)
        if self.href is not None:
            inner = f'<a href="{escape(self.href, quote=True)}" target="_blank" rel="noopener">{inner}</a>'
        if self.tone is not None:
            inner = f'<span class="rx-state rx-{self.tone}">{inner}</span>'
        if self.bar is not None:
            inner = f'<span class="rx-bar" style="--share:{min(max(self.bar, 0.0), 1.0):.3f}">{inner}</span>'
        return inner


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    caption: str,
    numbers: Iterable[int] = (),
    wide: bool = False,
) -> str:
    """A table with a caption for who hears it; `numbers`: columns set to the right; the first cell names its row.

    `wide`: scrolls sideways on a phone; otherwise rows become cards there.
    """
    right = set(numbers)
    head = "".join(f"<th scope=col{_right(i in right)}>{plain(c)}</th>" for i, c in enumerate(columns))
    body = "".join(
        f"<tr>{''.join(_cell(i, v, columns[i], i in right) for i, v in enumerate(row))}</tr>" for row in rows
    )
    kind = "rx-table rx-wide" if wide else "rx-table rx-cards"
    return (
        f'<div class="rx-scroll" role="region" tabindex="0" aria-label="{plain(caption)}"><table class="{kind}">'
        f"<caption><span>{plain(caption)}</span></caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def tiles(facts: Iterable[tuple[str, str, str]]) -> str:
    """Name, figure, and what is to be known of it, in words of ours."""
    shown = "".join(
        f"<div><dt>{plain(name)}</dt><dd>{plain(value).replace('_', '_<wbr>')}<small>{prose(note)}</small></dd></div>"
        for name, value, note in facts
    )
    return f'<dl class="rx-tiles">{shown}</dl>'


@dataclass(frozen=True)
class Line:
    """A movie of a list."""

    title: str
    facts: str
    reasons: tuple[str, ...] = ()
    bar: float | None = None
    mark: str = ""
    """A word beside the title: new, also in another list."""


def terms(of: Iterable[tuple[str, str]]) -> str:
    """Words and what they mean."""
    items = "".join(f"<div><dt>{plain(term)}</dt><dd>{prose(told)}</dd></div>" for term, told in of)
    return f'<dl class="rx-terms">{items}</dl>'


def steps(of: Iterable[tuple[str, str]]) -> str:
    """What happens one after another: a name and a sentence of ours each."""
    items = "".join(f"<li><strong>{plain(name)}</strong><span>{prose(told)}</span></li>" for name, told in of)
    return f'<ol class="rx-steps">{items}</ol>'


def ordered(lines: Iterable[Line], *, label: str, start: int = 1) -> str:
    """A numbered list of movies, read aloud as one; where there is room, reasons stand beside their movie."""
    items = "".join(_item(line, start if i == 0 else None) for i, line in enumerate(lines))
    return f'<ol class="rx-list" start="{start}" aria-label="{plain(label)}">{items}</ol>'


def _item(line: Line, number: int | None) -> str:
    """`number`: where counting begins; a list that asks for its own width counts within itself."""
    begins = "" if number is None else f' style="counter-set: place {number}"'
    mark = f' <span class="rx-mark">{plain(line.mark)}</span>' if line.mark else ""
    reasons = "".join(f"<li>{plain(reason)}</li>" for reason in line.reasons)
    bar = "" if line.bar is None else f'<span class="rx-meter" style="--share:{min(max(line.bar, 0), 1):.3f}"></span>'
    movie = f"<strong>{plain(line.title)}</strong>{mark}<span class=rx-facts>{plain(line.facts)}</span>{bar}"
    return f"<li{begins}><div>{movie}</div>" + (f"<ul>{reasons}</ul>" if reasons else "") + "</li>"


def _cell(place: int, value: object, column: str, right: bool) -> str:
    inner = value.html() if isinstance(value, Cell) else plain(value)
    if place == 0:
        return f"<th scope=row{_right(right)}>{inner}</th>"
    return f'<td data-column="{plain(column)}"{_right(right)}>{inner}</td>'


def _right(right: bool) -> str:
    return " class=rx-right" if right else ""
