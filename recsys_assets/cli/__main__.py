"""`python -m recsys_assets.cli`."""

from recsys_assets.cli import app

app()
