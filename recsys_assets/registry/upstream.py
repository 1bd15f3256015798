"""Published models that another model is made with: they have to be there, of the data at hand, and are named in its
lineage.

    data snapshot -> feature version -> version of the model it is made with -> version of the model
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from recsys_assets.recommenders.models import build
from recsys_assets.registry.records import ModelVersion, NotRegisteredError, RegistryError
from recsys_assets.registry.registry import Registry

LINEAGE = ("data_version", "split_version")
"""Tags in which a model and what it is made with have to agree."""


@runtime_checkable
class MadeWithOthers(Protocol):
    """A config of a model that takes other models as they were published, from the folders in `published`."""

    published: tuple[Path, ...]

    def made_with(self) -> tuple[str, ...]:
        """Their names."""


@dataclass(frozen=True)
class Upstream:
    """A version that a model is made with, and its exports."""

    version: ModelVersion
    exports: tuple[Path, ...]

    def tags(self) -> dict[str, str]:
        """What the lineage of the model says of it."""
        name = self.version.model
        return {
            f"{name}_version": str(self.version.version),
            f"{name}_content": self.version.content,
            f"{name}_run_id": self.version.run_id,
        }


def upstream_of(
    registry: Registry, model: str, config: Mapping[str, Any], *, lineage: Mapping[str, str]
) -> tuple[Upstream, ...]:
    """The newest versions of the models that `model` is made with; none for most.

    Raises NotRegisteredError where one was never built, RegistryError where it is of other data than `lineage` names.
    """
    chosen = build(model, config).config
    names = chosen.made_with() if isinstance(chosen, MadeWithOthers) else ()
    return tuple(_upstream(registry, model, name, lineage) for name in names)


def _upstream(registry: Registry, model: str, name: str, lineage: Mapping[str, str]) -> Upstream:
    version = registry.find(name, "challenger")
    if version is None:
        raise NotRegisteredError(
            f"{model} is made with {name}, and no model {name!r} is registered for {registry.settings.dataset}; "
            f"run `recsys train {name} --dataset {registry.settings.dataset}` first"
        )
    for tag in LINEAGE:
        if version.tags.get(tag) != lineage[tag]:
            raise RegistryError(
                f"{model} is made with {name}, whose newest version {version.version} is of {tag} "
                f"{version.tags.get(tag)}, and {lineage[tag]} is published. Re-materialize `{name}`."
            )
    exports = tuple(registry.artifact(name, version.version, part=part) for part in ("holdout", "serving"))
    return Upstream(version, exports)
