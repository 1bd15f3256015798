"""The data-quality site: static pages under `data/quality/`, readable offline and on a phone."""

from recsys_assets.quality.pages.lineage import TrainedModel, write_lineage
from recsys_assets.quality.pages.site import site_index, table_page, write_site

__all__ = ["TrainedModel", "site_index", "table_page", "write_lineage", "write_site"]
