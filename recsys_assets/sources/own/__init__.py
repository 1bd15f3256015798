"""Any folder of one's own tables as a data set: `mapping.toml` says which file and column is what."""

from recsys_assets.sources.own.describe import files_of
from recsys_assets.sources.own.guess import no_data_set, skeleton
from recsys_assets.sources.own.ids import number_of
from recsys_assets.sources.own.known import recognised
from recsys_assets.sources.own.mapping import MappingError, OwnMapping, read_mapping
from recsys_assets.sources.own.reading import sample_of
from recsys_assets.sources.own.registry import (
    YOURS,
    OwnDataset,
    bytes_of,
    check_name,
    is_registered,
    load,
    mapping_path,
    origin,
    registered,
    registered_names,
    save,
    suggested_name,
    without_folder,
)

__all__ = [
    "YOURS",
    "MappingError",
    "OwnDataset",
    "OwnMapping",
    "bytes_of",
    "check_name",
    "files_of",
    "is_registered",
    "load",
    "mapping_path",
    "no_data_set",
    "number_of",
    "origin",
    "read_mapping",
    "recognised",
    "registered",
    "registered_names",
    "sample_of",
    "save",
    "skeleton",
    "suggested_name",
    "without_folder",
]
