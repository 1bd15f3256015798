"""A user's profile as one page: no other file, no network, by day and by night."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from recsys_assets.evaluation.canvas import Theme, data_uri
from recsys_assets.evaluation.profile_figure import PairedShares, profile_figure
from recsys_assets.evaluation.report_html import _asset, _digest
from recsys_assets.serving.answers import evidence_in_words
from recsys_assets.serving.profile import UserProfile

OWN_STYLE = """
.tight { display: grid; gap: 0 2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); }
picture { max-width: 46rem; margin-top: 1rem; }
table.words th, table.words td { text-align: left; white-space: normal; vertical-align: top; }
table.words tbody th { min-width: 12rem; }
table.words p { margin: 0; }
@media (max-width: 40rem) {
  table.words thead { display: none; }
  table.words tbody tr { display: block; border-top: 1px solid var(--line); padding: .4rem 0; }
  table.words tbody th, table.words tbody td { display: block; border: 0; padding: .1rem .6rem; }
  table.words tbody td:nth-of-type(1) { color: var(--soft); }
}
"""


def to_html(profile: UserProfile) -> str:
    """The whole page."""
    style = _asset("report.css") + OWN_STYLE
    policy = f"default-src 'none'; img-src data:; style-src '{_digest(style)}'"
    name = f"User {profile.user_id}"
    body = "\n".join(
        [
            f"<header><h1>{name} <span>{escape(profile.dataset)}</span></h1>",
            f'<p class="verdict">{escape(verdict(profile))}</p>',
            f'<p class="built">{escape(known(profile))}</p></header>',
            f"<main>{_picture(profile)}",
            '<div class="tight">',
            *_table(
                "Genres",
                ("Genre", "Ratings", "Share", "In the list", "Liking"),
                (
                    (
                        g.genre,
                        f"{g.n_ratings:,}",
                        f"{g.share:.0%}",
                        f"{g.list_share:.0%}",
                        "–" if g.liking is None else f"{g.liking:.2f}",
                    )
                    for g in profile.genres
                ),
            ),
            *_table(
                "Decades",
                ("Decade", "Ratings", "Share", "Liking"),
                ((f"{d.decade}s", f"{d.n_ratings:,}", f"{d.share:.0%}", f"{d.liking:.2f}") for d in profile.decades),
            ),
            "</div>",
            *_table(
                f"What {profile.listed.model} recommends",
                ("Movie", "Genres", "Because"),
                (
                    (m.title, ", ".join(m.genres), "\n".join(evidence_in_words(m.evidence) or m.reasons))
                    for m in profile.listed.movies
                ),
                words=True,
            ),
            f'<p class="protocol">{escape(METHOD)}</p></main>',
        ]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{name}: {escape(profile.dataset)}</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


METHOD = (
    "Share: of what was rated, recent ratings counted more, a movie of several genres divided among them. "
    "Liking: mean rating, drawn to the user's own mean where there are few. Cosine and overlap compare the shares "
    "of history and list: 1 where they are the same, 0 where they have no genre in common."
)


def verdict(profile: UserProfile) -> str:
    """The profile in one sentence."""
    watched = [g for g in profile.genres if g.share > 0]
    most = ", ".join(f"{g.genre} ({g.share:.0%})" for g in watched[:3]) or "movies without genres"
    return (
        f"Watches mostly {most}. The {len(profile.listed.movies)} movies of {profile.listed.model} overlap with that "
        f"by {profile.overlap:.0%} (cosine {profile.cosine:.2f})."
    )


def known(profile: UserProfile) -> str:
    """What the profile is made of."""
    return (
        f"{profile.n_ratings:,} ratings from {profile.first:%Y-%m-%d} to {profile.last:%Y-%m-%d}, "
        f"{profile.mean_rating:.2f} on average."
    )


def _picture(profile: UserProfile) -> str:
    shares = [PairedShares(g.genre, g.share, g.list_share) for g in profile.genres]

    def drawn(theme: Theme) -> str:
        title = f"User {profile.user_id}: watched and recommended"
        return data_uri(profile_figure(shares, title=title, listed_by=profile.listed.model, theme=theme))

    alt = "Share of each genre in what was watched and in what is recommended; the table Genres holds the figures"
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{drawn("dark")}">'
        f'<img src="{drawn("light")}" alt="{alt}"></picture>'
    )


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, words: bool = False) -> Iterable[str]:
    """A section of one table; `words`: its cells are sentences, a paragraph a line."""
    anchor = title.split()[0].lower()
    yield f'<section aria-labelledby="{anchor}"><h2 id="{anchor}">{escape(title)}</h2>'
    yield f'<div class="scroll" role="region" aria-labelledby="{anchor}" tabindex="0">'
    yield f"<table{' class=words' if words else ''}><thead><tr>"
    yield "".join(f'<th scope="col">{escape(column)}</th>' for column in columns) + "</tr></thead><tbody>"
    for head, *cells in rows:
        told = "".join(f"<td>{_paragraphs(cell) if words else escape(cell)}</td>" for cell in cells)
        yield f'<tr><th scope="row">{escape(head)}</th>{told}</tr>'
    yield "</tbody></table></div></section>"


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(line)}</p>" for line in text.splitlines())
