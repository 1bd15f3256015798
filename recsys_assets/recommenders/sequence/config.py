"""The settings that every sequence model has."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from recsys_assets.loading.pipeline import PipelineConfig
from recsys_assets.recommenders.device import Device


class SequenceConfig(BaseModel, extra="forbid"):
    """Defaults tuned on leave-one-out validation of ml-100k with SASRec, taken over by the other models."""

    window: PositiveInt = 50
    """Last movies that are read; longer histories are trained on in windows of this many targets."""
    dim: PositiveInt = 64
    """Length of the vectors of movies and of what is remembered."""
    initial_spread: NonNegativeFloat = 0.05
    """Standard deviation of the co-occurrence factors that the movies' vectors begin as; 0: only noise."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Share of values set to 0 in training."""
    use_ratings: bool = True
    """Whether the rating given is part of an event."""
    use_gaps: bool = True
    """Whether the time since the event before is part of an event, in logarithmic steps."""
    epochs: PositiveInt = 10
    """Most passes over the data."""
    patience: PositiveInt = 3
    """Epochs without a better NDCG@10 on the inner validation after which training stops."""
    refit: Literal["again", "continue", "none"] = "again"
    """How the held-out movies are trained on in the end: from the beginning, for as many epochs as were best without
    them; by going on with all data for `refit_epochs`, which is several times as fast; or not at all. On leave-one-out
    validation of ml-100k SASRec has NDCG@10 0.147, 0.140 and 0.140."""
    refit_epochs: PositiveInt = 2
    """Epochs that `continue` goes on for."""
    refit_rate: PositiveFloat = 0.2
    """Share of `learning_rate` that `continue` begins with."""
    learning_rate: PositiveFloat = 2e-3
    """The highest, after warm-up; it then falls to 0 along a cosine over `epochs`."""
    warmup_steps: NonNegativeInt = 100
    """Steps in which the learning rate rises from 0."""
    weight_decay: NonNegativeFloat = 0.0
    """Share of the weights taken away by a step of learning rate 1 (AdamW)."""
    clip: PositiveFloat = 1.0
    """Longest gradient; longer ones are cut to it."""
    averaging: float = Field(default=0.99, ge=0, lt=1)
    """Decay of the running average of weights, which is what scores; 0: the last weights."""
    full_softmax_movies: PositiveInt = 20_000
    """Up to so many movies each target is contrasted with all of them; beyond, with `negatives` by gBCE."""
    negatives: PositiveInt = 256
    """Movies drawn for each window where not all are contrasted."""
    calibration: float = Field(default=0.75, ge=0, le=1)
    """t of gBCE: 0 is plain BCE, 1 makes scores probabilities as a full softmax would."""
    max_ratings: PositiveInt = 1_000_000
    """Beyond so many ratings, a drawn sample of users is trained on; all others are read like newcomers."""
    validation_users: PositiveInt = 2000
    """Users, at most, whose last movie is held out to stop in time."""
    pipeline: PipelineConfig = PipelineConfig()
    """How training data are loaded."""
    device: Device = "auto"
    """Where to compute; auto: a GPU where there is one."""
    checkpoints: str | None = Field(default=None, exclude=True)
    """Folder in which a fit leaves its state after every epoch, so that a killed one goes on; none: nothing is left.
    Of the machine, not of the model: it is not kept with it."""
