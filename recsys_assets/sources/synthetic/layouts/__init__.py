"""A generated world in the formats in which the field's data sets are published."""

from recsys_assets.sources.synthetic.layouts.drop import LAYOUTS, Layout, sized, write_drop

__all__ = ["LAYOUTS", "Layout", "sized", "write_drop"]
