"""A generated, MovieLens-shaped world whose structure is known."""

from recsys_assets.sources.synthetic.config import SyntheticConfig
from recsys_assets.sources.synthetic.source import layout, synthetic
from recsys_assets.sources.synthetic.write import DIRTY_KINDS, World, make_world, write_world

__all__ = ["DIRTY_KINDS", "SyntheticConfig", "World", "layout", "make_world", "synthetic", "write_world"]
