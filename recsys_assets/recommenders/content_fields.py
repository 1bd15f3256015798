"""Catalogue rows as TF-IDF vectors: one block of terms per field, weighted and concatenated."""

from __future__ import annotations

import numpy as np
import polars as pl
from pydantic import BaseModel, NonNegativeFloat
from scipy import sparse

Documents = list[list[str]]


class FieldWeights(BaseModel, extra="forbid", frozen=True):
    """Relative weights; a field of weight 0 is not read."""

    genres: NonNegativeFloat = 1.0
    """MovieLens genres, each a term."""
    cast: NonNegativeFloat = 0.5
    """Leading actors, each name a term."""
    director: NonNegativeFloat = 0.5
    """The director's name, a term."""
    keywords: NonNegativeFloat = 1.0
    """Plot keywords, each a term, of several words or one."""
    overview: NonNegativeFloat = 0.5
    """Words of the plot, English function words left out."""


def movie_vectors(catalogue: pl.DataFrame, weights: FieldWeights) -> sparse.csr_matrix:
    """Unit rows (n_movies, n_terms) float32; a row without terms is zero. Fields the catalogue lacks are empty."""
    blocks = [
        np.float32(np.sqrt(weight)) * tf_idf(documents(catalogue, field))
        for field, weight in weights.model_dump().items()
        if weight > 0 and field in catalogue.columns
    ]
    empty = sparse.csr_matrix((len(catalogue), 0), dtype=np.float32)
    return unit_rows(sparse.hstack([empty, *blocks], format="csr", dtype=np.float32))


def documents(catalogue: pl.DataFrame, field: str) -> Documents:
    """The terms of `field` of every movie, lower case."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    column = pl.col(field)
    if isinstance(catalogue.schema[field], pl.List):
        terms = column.list.eval(pl.element().str.strip_chars().str.to_lowercase())
    elif field == "overview":
        terms = column.str.to_lowercase().str.extract_all(r"\p{L}{3,}")
    else:
        terms = pl.concat_list(column.str.strip_chars().str.to_lowercase())
    lists = catalogue.select(terms.list.drop_nulls().fill_null([]))[field].to_list()
    stop = ENGLISH_STOP_WORDS if field == "overview" else {""}
    return [[term for term in movie if term not in stop] for movie in lists]


def tf_idf(movies: Documents) -> sparse.csr_matrix:
    """Unit TF-IDF rows of movies given as terms; terms of one movie only can match no other and are left out."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not any(movies):
        return sparse.csr_matrix((len(movies), 0), dtype=np.float32)
    vectorizer = TfidfVectorizer(analyzer=_as_is, sublinear_tf=True, dtype=np.float32)
    block = sparse.csc_matrix(vectorizer.fit_transform(movies))
    return unit_rows(block[:, np.diff(block.indptr) >= 2].tocsr())


def unit_rows(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Rows of length 1; zero rows stay."""
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    scale = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)
    scaled = sparse.csr_matrix(sparse.diags(scale) @ matrix, dtype=np.float32)
    scaled.sort_indices()
    return scaled


def _as_is(terms: list[str]) -> list[str]:
    return terms
