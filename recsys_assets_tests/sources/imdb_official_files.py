"""IMDb's official data sets as published, small."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

from recsys_assets.sources.imdb_official import OFFICIAL_FILES

BASICS = [
    "tt0078748\tmovie\tAlien\tAlien\t0\t1979\t\\N\t117\tHorror,Sci-Fi",
    'tt0000009\tmovie\t"Miss Jerry"\tMiss Jerry\t0\t1894\t\\N\t45\tRomance',
    "tt0112159\ttvSeries\tNeon Genesis Evangelion\tShin seiki evangerion\t0\t1995\t1996\t24\tAction,Animation",
    "tt0583459\ttvEpisode\tAlien\tAlien\t0\t1979\t\\N\t\\N\t\\N",
    "tt0211915\tmovie\tAmélie\tLe Fabuleux Destin d'Amélie Poulain\t0\t2001\t\\N\t122\tComedy,Romance",
    "tt9999999\tshort\tUntold\tUntold\t0\t\\N\t\\N\t\\N\t\\N",
]
RATINGS = ["tt0078748\t8.5\t970123", "tt0112159\t8.5\t80000", "tt0211915\t8.3\t800000"]
CREW = [
    "tt0078748\tnm0000631\tnm0639321,nm0795953",
    "tt0000009\tnm0085156\tnm0085156",
    "tt0112159\tnm0030417\t\\N",
    "tt0583459\tnm0000631\t\\N",
    "tt0211915\tnm0000466,nm0000631\tnm0491011",
    "tt9999999\t\\N\t\\N",
]
PRINCIPALS = [
    'tt0078748\t10\tnm0000244\tactress\t\\N\t["Ripley"]',
    'tt0078748\t2\tnm0000643\tactor\t\\N\t["Dallas"]',
    "tt0078748\t3\tnm0000631\tdirector\t\\N\t\\N",
    'tt0112159\t1\tnm0000244\tactor\t\\N\t["Shinji"]',
    'tt0211915\t1\tnm0851582\tactress\t\\N\t["Amélie ""Poulain"""]',
]
NAMES = [
    "nm0000244\tSigourney Weaver\t1949\t\\N\tactress,producer\ttt0078748",
    "nm0000643\tTom Skerritt\t1933\t\\N\tactor\ttt0078748",
    "nm0000631\tRidley Scott\t1937\t\\N\tproducer,director\ttt0078748",
    "nm0000466\tJean-Pierre Jeunet\t1953\t\\N\tdirector\ttt0211915",
    "nm0851582\tAudrey Tautou\t1976\t\\N\tactress\ttt0211915",
    "nm0085156\tAlexander Black\t1859\t1940\tdirector\ttt0000009",
]
ROWS = {
    "title.basics.tsv.gz": BASICS,
    "title.ratings.tsv.gz": RATINGS,
    "title.crew.tsv.gz": CREW,
    "title.principals.tsv.gz": PRINCIPALS,
    "name.basics.tsv.gz": NAMES,
}


def official_set(folder: Path, changed: Mapping[str, list[str]] | None = None) -> Path:
    """The five files; `changed` replaces the rows of some."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in OFFICIAL_FILES:
        rows = (changed or {}).get(file.name, ROWS[file.name])
        text = "\n".join(["\t".join(file.header), *rows]) + "\n"
        (folder / file.name).write_bytes(gzip.compress(text.encode(), mtime=0))
    return folder
