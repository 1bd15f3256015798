"""Kinds of SourceError that a caller treats differently."""

from __future__ import annotations

from recsys_assets.sources.files import SourceError


class TransientSourceError(SourceError):
    """The network failed in a way that may pass: the same call may work in a minute."""


class UnavailableError(SourceError):
    """No place that was asked has the file."""


class ChecksumError(SourceError):
    """A file's bytes are not the ones that were published or recorded."""
