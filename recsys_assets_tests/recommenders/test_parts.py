"""Models made of models: what configs of parts mean, what is refused, and how parts are kept."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys_assets.recommenders import MODELS, ModelError, build, config_class, load_model
from recsys_assets.recommenders.parts import (
    PartsConfig,
    build_parts,
    figures_of,
    figures_state,
    figures_text,
    parts_state,
    restore_parts,
)
from recsys_assets_tests.recommenders.worlds import World

MADE_OF_MODELS = [name for name in MODELS if issubclass(config_class(name), PartsConfig)]
USERS = np.arange(101, 111)
TWO = {"parts": ["popularity", "content"]}


def parts_of(model: str, fields: dict[str, Any] | None = None) -> dict[str, Any]:
    """The config of each part."""
    config: Any = build(model, fields).config
    return {name: part.config for name, part in build_parts(config).items()}


def test_six_models_are_made_of_models() -> None:
    made = {"hybrid", "switch", "topn_blend", "rating_blend", "time_rating_hybrid", "next_item"}
    assert set(MADE_OF_MODELS) == made


@pytest.mark.parametrize("model", MADE_OF_MODELS)
def test_a_model_is_no_part_of_itself(model: str) -> None:
    config: Any = build(model).config
    assert model not in config.models_of_parts().values()
    if "parts" in type(config).model_fields:
        more = {**config.parts, "own": model} if isinstance(config.parts, dict) else (*config.parts, model)
        with pytest.raises(ModelError, match=f"{model} can't be a part of itself"):
            build(model, {"parts": more})


@pytest.mark.parametrize("model", MADE_OF_MODELS)
def test_configs_of_no_part_and_fields_of_no_model_are_refused_at_the_door(model: str) -> None:
    first = next(iter(parts_of(model)))
    with pytest.raises(ModelError, match="part_configs names nobody, not among the parts, which are"):
        build(model, {"part_configs": {"nobody": {}}})
    with pytest.raises(ModelError, match="field 'colour'"):
        build(model, {"part_configs": {first: {"colour": "red"}}})


def test_a_part_that_is_no_model_is_refused_at_the_door() -> None:
    with pytest.raises(ModelError, match="there is no model 'contents'"):
        build("hybrid", {"parts": ["popularity", "contents"]})


def test_what_is_set_of_a_part_adds_to_how_the_model_has_it() -> None:
    default, changed = parts_of("hybrid", TWO), parts_of("hybrid", TWO | {"part_configs": {"content": {"prior": 0.5}}})
    assert default["content"].half_life == 10 != build("content").config.half_life  # type: ignore[attr-defined]
    assert changed["content"] == default["content"].model_copy(update={"prior": 0.5})
    assert changed["popularity"] == default["popularity"]
    over = parts_of("hybrid", TWO | {"part_configs": {"content": {"half_life": None}}})
    assert over["content"].half_life is None


def test_a_config_says_what_its_parts_have_and_means_the_same_when_read_again() -> None:
    config = build("hybrid", TWO | {"part_configs": {"content": {"prior": 0.5}}}).config
    told = config.model_dump(mode="json")
    assert told["part_configs"]["content"] == {"interest": 1.0, "half_life": 10, "prior": 0.5}
    assert told["part_configs"]["popularity"] == {"order": "count"}
    assert build("hybrid", told).config == config


def test_restored_parts_answer_as_the_fitted_ones(world: World) -> None:
    whole = build("hybrid", TWO).fit(world.interactions, world.catalogue)
    config: Any = whole.config
    fitted, again = whole.parts, build_parts(config)  # type: ignore[attr-defined]
    restore_parts(again, parts_state(fitted), whole=whole)
    for name, part in again.items():
        np.testing.assert_array_equal(part.scores(USERS), fitted[name].scores(USERS))
        assert part.users is whole.users
        assert part.movies is whole.movies


def test_fitting_says_who_fits_which_part_on_how_much(world: World) -> None:
    said: list[str] = []
    build("hybrid", TWO).fit(world.interactions, world.catalogue, progress=said.append)
    assert f"hybrid: fitting popularity on {len(world.interactions):,} ratings" in said


def test_figures_come_back_as_they_were() -> None:
    figures = {"markov": 0.12, "blend": 0.1387}
    for kept in (figures, {}):
        assert figures_of(figures_state(kept)) == kept
        assert figures_of(figures_state(kept, values="errors"), values="errors") == kept
    assert figures_text(figures) == "markov 0.1200, blend 0.1387"


def rewritten(directory: Path, **changes: Any) -> Path:
    """A manifest with other fields and its own checksum right again."""
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text()) | changes
    del manifest["manifest_sha256"]
    manifest["manifest_sha256"] = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps(manifest))
    return directory


def test_an_export_whose_parts_would_be_set_otherwise_today_is_refused(world: World, tmp_path: Path) -> None:
    """As those of the time when `part_configs` of a part replaced what the model says of it."""
    model = build("hybrid", TWO).fit(world.interactions, world.catalogue)
    config = model.config.model_dump(mode="json")
    for name, of_parts in (("unnamed", {}), ("whole", config["part_configs"]), ("other", {"content": {"prior": 0.5}})):
        model.save(tmp_path / name)
        rewritten(tmp_path / name, config=config | {"part_configs": of_parts})
    for name in ("unnamed", "whole"):
        np.testing.assert_array_equal(load_model(tmp_path / name).scores(USERS), model.scores(USERS))
    with pytest.raises(ModelError, match="when part_configs of content meant something else; fit it again"):
        load_model(tmp_path / "other")
