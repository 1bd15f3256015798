"""Search spaces fit the configs they are of: every model has one, and whatever is drawn from it can be built."""

from __future__ import annotations

import random
from typing import Any

import pytest

from recsys_assets.recommenders import MODELS, ModelError, build, config_class
from recsys_assets.recommenders import search_spaces as spaces
from recsys_assets.recommenders.parts import PartsConfig, build_parts
from recsys_assets.recommenders.search_dimensions import Between, Bounds, Dimension, OneOf, Switches
from recsys_assets.recommenders.search_spaces import config_fields, config_of, search_space

DRAWS = 25


def corners(dimension: Dimension) -> tuple[object, ...]:
    """The extremes of a dimension, typed as the search draws them."""
    if dimension.kind == "choice":
        return dimension.options
    kind = int if dimension.kind == "whole" else float
    return kind(dimension.low), kind(dimension.high)


def drawn(space: tuple[Dimension, ...], seed: int) -> dict[str, Any]:
    """A random point of a space."""
    rng = random.Random(seed)

    def one(d: Dimension) -> Any:
        if d.kind == "choice":
            return rng.choice(d.options)
        return rng.randint(int(d.low), int(d.high)) if d.kind == "whole" else rng.uniform(d.low, d.high)

    return {d.name: one(d) for d in space}


def parts_of(config: Any) -> dict[str, Any]:
    return {name: part.config for name, part in build_parts(config).items()}


def test_every_model_has_a_space_and_no_other_has() -> None:
    assert set(spaces.SPACES) == set(MODELS)
    assert all(search_space(model) for model in MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_every_corner_of_a_space_is_a_config(model: str) -> None:
    space = search_space(model)
    all_parts = {d.name: True for d in space if d.name.startswith("parts.")}
    for dimension in space:
        for value in corners(dimension):
            build(model, config_of(model, all_parts | {dimension.name: value}))
        assert dimension.kind == "choice" or dimension.low < dimension.high
        assert not dimension.log or dimension.low > 0


@pytest.mark.parametrize("model", MODELS)
def test_whatever_is_drawn_from_a_space_is_a_config_that_has_it(model: str) -> None:
    space = search_space(model)
    for seed in range(DRAWS):
        point = drawn(space, seed)
        config: Any = build(model, config_of(model, point)).config.model_dump()
        for name, value in config_fields(model, point).items():
            found = config
            for key in name.split("."):
                found = found[key]
            assert (dict(found) if isinstance(found, dict) else list(found) if name == "parts" else found) == value


@pytest.mark.parametrize("model", MODELS)
def test_the_defaults_of_a_space_are_those_of_the_model(model: str) -> None:
    config = build(model, config_of(model, {d.name: d.default for d in search_space(model)})).config
    default = build(model).config
    if isinstance(config, PartsConfig):
        assert parts_of(config) == parts_of(default)
        own = set(type(config).model_fields) - {"part_configs"}
        assert config.model_dump(include=own) == default.model_dump(include=own)
    else:
        assert config == default


@pytest.mark.parametrize("model", [m for m in MODELS if issubclass(config_class(m), PartsConfig)])
def test_a_space_of_a_model_made_of_models_reaches_into_its_parts_or_chooses_them(model: str) -> None:
    names = [d.name for d in search_space(model)]
    assert any(name.startswith(("parts.", "part_configs.")) for name in names)


def test_a_part_that_is_switched_off_is_gone_with_all_that_was_drawn_for_it() -> None:
    point = {d.name: d.default for d in search_space("hybrid")}
    fields = config_fields("hybrid", point | {"parts.markov": False, "parts.item_knn": True})
    default: Any = build("hybrid").config
    assert fields["parts"] == [*(p for p in default.parts if p != "markov"), "item_knn"]
    assert not any(name.startswith("part_configs.markov.") for name in fields)
    assert any(name.startswith("part_configs.item_knn.") for name in fields)
    assert not any(name.startswith("parts.") for name in fields)


def test_parts_with_names_of_their_own_keep_the_models_they_are() -> None:
    fields = config_fields("rating_blend", {"parts.neighbours": False, "parts.taste": True, "parts.moments": True})
    assert fields == {
        "parts": {"biases": "baseline", "minutes": "bayesian_fm", "moments": "bayesian_fm", "taste": "biased_mf"}
    }


def test_a_space_is_that_of_the_parts_as_the_model_has_them() -> None:
    found = {d.name: d for d in search_space("hybrid")}
    assert found["part_configs.content.half_life"].default == 10
    assert found["part_configs.content.interest"].default == 1.0
    assert found["part_configs.ials.factors"].kind == "whole"
    assert found["parts.markov"].default is True
    assert found["parts.item_knn"].default is False


def test_types_come_from_the_config() -> None:
    kinds = {d.name: d.kind for d in search_space("svd")}
    assert kinds == {"factors": "whole", "epochs": "whole", "learning_rate": "real", "regularization": "real"}
    order = next(d for d in search_space("popularity") if d.name == "order")
    assert order.options == ("weighted_rating", "count")


@pytest.mark.parametrize(
    ("model", "space", "said"),
    [
        ("svd", {"factor": Between(1, 2)}, "there is no field 'factor'; fields are factors,"),
        ("svd", {"factors": Between(1, 2)}, "100 by default, outside"),
        ("svd", {"factors": OneOf((1, 2))}, "not among"),
        ("svd", {"factors": OneOf()}, "no list of values"),
        ("svd", {"factors.x": Between(1, 2)}, "factors has no field 'x'"),
        (
            "hybrid",
            {"part_configs.ease.regularization": Between(1, 2)},
            "there is no part 'ease'; parts are popularity",
        ),
        ("hybrid", {"parts": Switches.of("ease"), "part_configs.ease.colour": OneOf()}, "there is no field 'colour'"),
    ],
)
def test_a_space_that_does_not_fit_says_why(
    model: str, space: dict[str, Bounds], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(spaces.SPACES, model, space)
    with pytest.raises(ModelError, match=said):
        search_space(model)


def test_models_without_a_space_are_told_those_that_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(spaces.SPACES, "svd")
    with pytest.raises(ModelError, match="can be tuned are popularity"):
        search_space("svd")
