"""When something else answers than what was asked for: the explicit rule, in one place, and said in every such answer.

    asked                                      answers                                kind
    a user of whom nothing is known            the weighted rating, as the model does cold_user
    a model without a champion, or refused     the default champion                   model_missing
    a model that failed                        the weighted rating                    model_failed
    a model that passed its deadline           the weighted rating                    model_slow
    a model with too many requests waiting     the weighted rating                    model_busy

The weighted rating (`recommenders.newcomers`) is in memory with every champion: looking it up takes no model.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

Kind = Literal["cold_user", "model_missing", "model_failed", "model_slow", "model_busy"]


class Fallback(BaseModel, frozen=True):
    """Why the answer is not what the asked model would say of a known user."""

    kind: Kind
    why: str = Field(examples=["nothing is known of this user: what most people rate well is shown"])


def cold_user(genres: tuple[str, ...]) -> Fallback:
    what = f"the best of {', '.join(genres)}" if genres else "what most people rate well"
    return Fallback(kind="cold_user", why=f"nothing is known of this user: {what} is shown")


def model_missing(asked: str, answers: str, why: str) -> Fallback:
    return Fallback(kind="model_missing", why=f"{asked} cannot answer ({why}); {answers}, the default champion, does")


def model_slow(model: str, seconds: float) -> Fallback:
    return Fallback(
        kind="model_slow", why=f"{model} had no answer within {seconds:g} s: what most people rate well is shown"
    )


def model_failed(model: str) -> Fallback:
    return Fallback(kind="model_failed", why=f"{model} failed: what most people rate well is shown")


def model_busy(model: str) -> Fallback:
    return Fallback(kind="model_busy", why=f"too many requests wait for {model}: what most people rate well is shown")
