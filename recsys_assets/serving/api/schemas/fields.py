"""Types of fields that many requests share: every number has its bounds, so that nothing is out of a model's range."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

MOST_ID = 2**53
"""The largest whole number that every client's JSON keeps."""
MOST_K, MOST_RATINGS, MOST_EXCLUDED, MOST_RANKED = 100, 500, 1_000, 1_000

UserId = Annotated[int, Field(ge=1, le=MOST_ID, examples=[1])]
MovieId = Annotated[int, Field(ge=1, le=MOST_ID, examples=[318])]
K = Annotated[int, Field(ge=1, le=MOST_K, description="How many movies.", examples=[10])]
Stars = Annotated[float, Field(ge=0.5, le=5.0, allow_inf_nan=False, examples=[4.5])]
Year = Annotated[int, Field(ge=1800, le=2100, examples=[1990])]
Genre = Annotated[str, Field(min_length=1, max_length=40, examples=["Comedy"])]
Genres = Annotated[list[Genre], Field(max_length=20)]
ModelName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$", examples=["ease"])]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Diversity = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False, examples=[0.3])]
