"""`recsys evaluate-agent`: random users of IMDb's table are played to the end; what is not there is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from recsys_assets.cli import app

PLOTS = "a tale of two towns", "robots who sing", "a long war at sea", "the quiet farm", "love in a station"


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("RECSYS_DATA_MIRROR", raising=False)
    monkeypatch.setenv("RECSYS_DATASET", "synthetic")
    return tmp_path


def test_a_table_without_users_is_played_by_random_ones(deployment: Path) -> None:
    folder = deployment / "raw" / "imdb"
    folder.mkdir(parents=True)
    genres = ("Drama, War", "Comedy", "Drama, Comedy", "War")
    lines = [f'Movie {i},"{genres[i % 4]}",{5 + i % 5}.0,{PLOTS[i % 5]} number {i % 7}' for i in range(60)]
    table = "movie_name,genre,rating,description\n" + "\n".join(lines) + "\n"
    (folder / "imdb_movies_2025_cleaned.csv").write_text(table, encoding="utf-8")
    arguments = ["evaluate-agent", "--env", "RandomUsers-v0", "--steps", "256", "--sessions", "50"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "over 50 sessions of 60 movies" in result.output
    assert "LinUCB earns" in result.output
    assert (deployment / "reports" / "imdb" / "random-users.html").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--env", "RandomUsers-v0"], "put it at"), (["--seeds", "1"], "has no published ratings")],
)
def test_what_is_not_there_is_said(deployment: Path, arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["evaluate-agent", *arguments])
    assert result.exit_code == 3
    assert said in result.output.replace("\n", " ")
