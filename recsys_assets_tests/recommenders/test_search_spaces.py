"""Search spaces fit the configs they are of."""

from __future__ import annotations

import pytest

from recsys_assets.recommenders import MODELS, ModelError, build
from recsys_assets.recommenders import search_spaces as spaces
from recsys_assets.recommenders.search_spaces import Between, Dimension, OneOf, nested, search_space

TUNED = [name for name in MODELS if name in spaces.SPACES]


def corners(dimension: Dimension) -> tuple[object, ...]:
    """The extremes of a dimension, typed as the search draws them."""
    if dimension.kind == "choice":
        return dimension.options
    kind = int if dimension.kind == "whole" else float
    return kind(dimension.low), kind(dimension.high)


def test_every_space_is_of_a_model() -> None:
    assert set(spaces.SPACES) <= set(MODELS)


@pytest.mark.parametrize("model", TUNED)
def test_the_default_and_every_corner_of_a_space_is_a_config(model: str) -> None:
    space = search_space(model)
    assert build(model, nested({d.name: d.default for d in space}))
    for dimension in space:
        for value in corners(dimension):
            build(model, nested({dimension.name: value}))
        assert dimension.kind == "choice" or dimension.low < dimension.high
        assert not dimension.log or dimension.low > 0


@pytest.mark.parametrize("model", [name for name in TUNED if not any("part_configs" in f for f in spaces.SPACES[name])])
def test_the_defaults_of_a_space_are_those_of_the_model(model: str) -> None:
    config = build(model, nested({d.name: d.default for d in search_space(model)})).config
    assert config == build(model).config


def test_types_come_from_the_config() -> None:
    kinds = {d.name: d.kind for d in search_space("svd")}
    assert kinds == {"factors": "whole", "epochs": "whole", "learning_rate": "real", "regularization": "real"}
    order = next(d for d in search_space("popularity") if d.name == "order")
    assert order.options == ("weighted_rating", "count")


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"factor": Between(1, 2)}, "there is no field 'factor'; fields are factors,"),
        ({"factors": Between(1, 2)}, "100 by default, outside"),
        ({"factors": OneOf((1, 2))}, "not among"),
        ({"factors": OneOf()}, "no list of values"),
        ({"factors.x": Between(1, 2)}, "factors has no field 'x'"),
    ],
)
def test_a_space_that_does_not_fit_says_why(
    space: dict[str, Between | OneOf], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(spaces.SPACES, "svd", space)
    with pytest.raises(ModelError, match=said):
        search_space("svd")


def test_models_without_a_space_are_told_those_that_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(spaces.SPACES, "svd")
    with pytest.raises(ModelError, match="can be tuned are popularity"):
        search_space("svd")
