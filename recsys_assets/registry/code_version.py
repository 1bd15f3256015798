"""Which code made a model: the commit of the checkout, or the version of the package."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess

from recsys_assets.settings import PROJECT_ROOT


def code_version() -> str:
    """`<commit>` of the checkout, with `+changed` where files differ from it; the package's version elsewhere."""
    commit = _git("rev-parse", "--short=12", "HEAD")
    if commit is None:
        return importlib.metadata.version("recsys_assets")
    return commit + ("+changed" if _git("status", "--porcelain") else "")


def _git(*command: str) -> str | None:
    """What git says of the checkout; None without git or checkout. Takes no lock, so as not to be in anyone's way."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        said = subprocess.run(  # noqa: S603 (fixed words, no shell)
            ["git", "-C", str(PROJECT_ROOT), *command],  # noqa: S607 (git is where the user has it)
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
    except OSError:
        return None
    return said.stdout.strip() if said.returncode == 0 else None
