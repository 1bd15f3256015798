"""MLflow: versions of models, the promotion gate, and what serving loads. Importing this does not load MLflow."""

from recsys_assets.registry.records import ModelVersion, NotRegisteredError, RegistryError, RunRecord
from recsys_assets.registry.registry import Registry

__all__ = ["ModelVersion", "NotRegisteredError", "Registry", "RegistryError", "RunRecord"]
