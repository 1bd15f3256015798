"""What pages read, kept between visits: each answer under the version or the time of the file it was read from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from recsys_assets.settings import Settings, load_settings

Answer = TypeVar("Answer")

SECONDS = 15
"""For which an answer of a service, or of a folder that changes, is believed."""
KEPT = 64
"""Answers of one function."""


@st.cache_resource
def settings() -> Settings:
    """Of the process: the app shows one data set."""
    return load_settings()


def stamp(*paths: Path) -> tuple[int, ...]:
    """Changes when one of these files or folders does; 0 for one that is not there."""
    return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in paths)


def read(function: Callable[..., Answer], *arguments: Any, at: tuple[object, ...]) -> Answer:
    """`function(*arguments)`, read once for each `at`."""
    return _read(f"{function.__module__}.{function.__qualname__}", repr(arguments), at, function, arguments)


def lately(function: Callable[..., Answer], *arguments: Any) -> Answer:
    """`function(*arguments)`, asked again after `SECONDS`."""
    return _lately(f"{function.__module__}.{function.__qualname__}", repr(arguments), function, arguments)


@st.cache_resource(max_entries=12 * KEPT, show_spinner=False)
def _read(
    name: str, asked: str, at: tuple[object, ...], _function: Callable[..., Any], _arguments: tuple[Any, ...]
) -> Any:
    return _function(*_arguments)


@st.cache_resource(max_entries=12 * KEPT, ttl=SECONDS, show_spinner=False)
def _lately(name: str, asked: str, _function: Callable[..., Any], _arguments: tuple[Any, ...]) -> Any:
    return _function(*_arguments)
