"""A generated, MovieLens-shaped world whose structure is known."""

from recsys_assets.sources.synthetic.config import SyntheticConfig
from recsys_assets.sources.synthetic.source import layout, synthetic
from recsys_assets.sources.synthetic.world import Stage, World, make_stage, make_world
from recsys_assets.sources.synthetic.write import DIRTY_KINDS, write_world

__all__ = [
    "DIRTY_KINDS",
    "Stage",
    "SyntheticConfig",
    "World",
    "layout",
    "make_stage",
    "make_world",
    "synthetic",
    "write_world",
]
