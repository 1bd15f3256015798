"""What models refuse, and how they say it."""

from __future__ import annotations

import subprocess
import sys
from itertools import zip_longest

import polars as pl
import pytest

from recsys_assets.recommenders import MODELS, ModelError, build, config_class, load_model
from recsys_assets.recommenders.checks import check_catalogue, check_history, check_interactions
from recsys_assets_tests.recommenders.worlds import World


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (pl.col("rating") + 11, "outside 0.5-5.0"),
        (pl.lit(float("nan")).alias("rating"), "nan is outside"),
        (pl.lit(None, dtype=pl.Float32).alias("rating"), "nulls in rating"),
        (pl.lit(10).alias("movie_id"), "twice"),
        (pl.col("timestamp").dt.epoch("s"), "cast them to Datetime"),
    ],
)
def test_interactions_nothing_can_be_learned_from_are_refused(world: World, broken: pl.Expr, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        check_interactions(world.interactions.with_columns(broken))


@pytest.mark.parametrize("column", ["user_id", "movie_id", "rating", "timestamp"])
def test_a_missing_column_is_named(world: World, column: str) -> None:
    with pytest.raises(ModelError, match=f"lack column {column}"):
        build("popularity").fit(world.interactions.drop(column), world.catalogue)


def test_one_nan_among_good_ratings_is_found(world: World) -> None:
    row = world.interactions.with_row_index().select(
        "user_id", "movie_id", "timestamp", rating=pl.when(pl.col("index") == 5).then(float("nan")).otherwise("rating")
    )
    with pytest.raises(ModelError, match="nan"):
        check_interactions(row)


def test_no_interactions_are_refused(world: World) -> None:
    with pytest.raises(ModelError, match="empty"):
        check_interactions(world.interactions.clear())


def test_nulls_in_other_columns_do_not_matter(world: World) -> None:
    check_interactions(world.interactions.with_columns(text=pl.lit(None, dtype=pl.String)))


def test_a_catalogue_that_lists_a_movie_twice_is_refused(world: World) -> None:
    with pytest.raises(ModelError, match="movie id 10 twice"):
        check_catalogue(pl.concat([world.catalogue, world.catalogue.head(1)]))
    with pytest.raises(ModelError, match="the catalogue lacks column genres"):
        check_catalogue(world.catalogue.drop("genres"))


@pytest.mark.parametrize(
    ("ratings", "message"),
    [
        ({"movie_id": [10], "rating": [9.0]}, "rating 9.0 is outside"),
        ({"movie_id": [10, 10], "rating": [3.0, 4.0]}, "movie id 10 twice"),
        ({"movie_id": [10]}, "lack column rating"),
        ({"movie_id": [10], "rating": [None]}, "nulls in rating"),
    ],
)
def test_a_newcomers_bad_ratings_are_refused(ratings: dict[str, list[float]], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        check_history(pl.DataFrame(ratings, schema_overrides={"movie_id": pl.Int64}))


def test_unknown_models_and_fields_are_named_with_those_there_are() -> None:
    with pytest.raises(ModelError, match="no model 'als'; models are popularity"):
        build("als")
    with pytest.raises(ModelError, match=r"field 'rank'.*fields are factors, epochs"):
        build("svd", {"rank": 3})
    with pytest.raises(ModelError, match="svd takes a SvdConfig, not a PopularityConfig"):
        build("svd", config_class("popularity")())


@pytest.mark.parametrize("parts", [("svd", "svd"), ("svd", "hybrid"), ("svd",)])
def test_a_hybrid_of_hybrids_or_of_one_part_is_refused(parts: tuple[str, ...]) -> None:
    with pytest.raises(ModelError, match="config of hybrid"):
        build("hybrid", {"parts": parts})


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_config_field_says_what_it_is(name: str) -> None:
    import ast
    import inspect

    own = [kind for kind in config_class(name).__mro__ if kind.__module__.startswith("recsys_assets.")]
    bodies = [ast.parse(inspect.getsource(kind)).body[0].body for kind in own]  # type: ignore[attr-defined]
    told = [(node, after) for body in bodies for node, after in zip_longest(body, body[1:])]
    fields = [(node, after) for node, after in told if isinstance(node, ast.AnnAssign)]
    assert fields
    for field, following in fields:
        assert isinstance(following, ast.Expr), ast.unparse(field)
        assert isinstance(following.value, ast.Constant), ast.unparse(field)


def test_a_directory_that_is_no_export_is_refused(tmp_path, world: World) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ModelError, match="no exported model"):
        load_model(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ModelError, match="not JSON"):
        load_model(tmp_path)
    build("popularity").fit(world.interactions, world.catalogue).save(tmp_path / "export")
    (tmp_path / "export" / "arrays.npz").unlink()
    with pytest.raises(ModelError, match="is missing"):
        load_model(tmp_path / "export")


def test_importing_recommenders_loads_no_models_library() -> None:
    code = (
        "import sys, recsys_assets.recommenders\n"
        "print(sorted({'sklearn', 'surprise', 'torch', 'mlflow', 'dagster'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
