"""The one error of this package."""

from __future__ import annotations


class EvaluationError(Exception):
    """Something that can't be scored or compared fairly; says what was found and what to do."""
