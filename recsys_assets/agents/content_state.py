"""Movies as vectors, by one recipe for any catalogue: genres, text, mean rating.

genres as 0/1, text as TF-IDF over the `TERMS` commonest words brought down to `TEXT` numbers by a truncated singular
value decomposition (latent semantic analysis; Deerwester et al., JASIS 1990), and the mean rating over 10. For the IMDb
table that is 209 + 100 + 1 = 310 numbers.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from recsys_assets.recommenders.data import FloatArray

TERMS, TEXT = 5_000, 100
RATING_SCALE = 10.0


def movie_features(
    genres: FloatArray, texts: list[str], ratings: FloatArray, *, seed: int, text_width: int = TEXT
) -> FloatArray:
    """(n, g + text_width + 1). `genres` (n, g), where not 0 the movie is of the genre; `ratings` (n,) of 0-10.

    A rating that is NaN is taken as the mean of the others. Where texts hold fewer different words than `text_width`,
    the rest of the width is zero.
    """
    level = float(np.nanmean(ratings)) if np.isfinite(ratings).any() else 0.0
    rating = np.where(np.isfinite(ratings), ratings, level) / RATING_SCALE
    text = _latent_semantics(texts, seed=seed, width=text_width)
    return np.concatenate([(genres > 0).astype(np.float32), text, rating[:, None]], axis=1).astype(np.float32)


def catalogue_texts(catalogue: pl.DataFrame) -> list[str]:
    """Title, plot, keywords and people of each movie, as far as the catalogue has them."""
    parts = []
    for name, kind in catalogue.schema.items():
        if name in ("title", "overview", "director"):
            parts.append(pl.col(name).cast(pl.String).fill_null(""))
        elif name in ("keywords", "cast") and isinstance(kind, pl.List):
            parts.append(pl.col(name).list.join(" ").fill_null(""))
    if not parts:
        return [""] * len(catalogue)
    return catalogue.select(pl.concat_str(parts, separator=" ").alias("text"))["text"].to_list()


def next_profile(profile: FloatArray, vectors: FloatArray, liked: np.ndarray) -> FloatArray:
    """Profiles (b, d) after movies (b, d): drawn to what was liked (b,), pushed from what was not, of length 1."""
    near, far = 0.7 * profile + 0.3 * vectors, 1.15 * profile - 0.15 * vectors
    moved = np.where(liked[:, None], near, far)
    return (moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def _latent_semantics(texts: list[str], *, seed: int, width: int) -> FloatArray:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    found = np.zeros((len(texts), width), dtype=np.float32)
    if not any(text.strip() for text in texts):
        return found
    vectorizer = TfidfVectorizer(max_features=TERMS, stop_words="english", dtype=np.float32)
    try:
        terms = vectorizer.fit_transform(texts)
    except ValueError:  # nothing but stop words
        return found
    rank = min(width, min(terms.shape) - 1)
    if rank >= 1:
        found[:, :rank] = TruncatedSVD(rank, random_state=seed % 2**32).fit_transform(terms)
    return found
