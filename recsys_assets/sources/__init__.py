"""What the world publishes, on disk and described: the files of each data set."""

from recsys_assets.sources.datasets import DATASETS, Dataset, dataset, prepare
from recsys_assets.sources.errors import ChecksumError, TransientSourceError, UnavailableError
from recsys_assets.sources.files import DatasetFiles, DelimitedFile, SourceError
from recsys_assets.sources.synthetic import SyntheticConfig

__all__ = [
    "DATASETS",
    "ChecksumError",
    "Dataset",
    "DatasetFiles",
    "DelimitedFile",
    "SourceError",
    "SyntheticConfig",
    "TransientSourceError",
    "UnavailableError",
    "dataset",
    "prepare",
]
