"""Every page: without an exception, with the facts it is for, and with what to run where there is nothing."""

from __future__ import annotations

import re

import pytest

from recsys_assets.serving.app.contents import PAGES
from recsys_assets_tests.serving.app.conftest import HOSTILE, Open, text_of

COMMANDS = {"session": "recsys serve", "hybrid": "recsys serve", "pipeline": "make dev"}
"""Pages that miss a service first; all others miss data."""
FACTS = {
    "home": ("item_knn", "24", "40 people", "answers"),
    "pipeline": ("make dev", "champion item_knn", "ratings"),
    "data_quality": ("recsys materialize",),
    "dataset": ("Comedy", "Drama", "Amélie"),
    "recommend": ("10 movies for user 1", "Answered by item_knn", "What this person watched"),
    "session": (),
    "genres": ("The best of", "Answered by", "All genres"),
    "hybrid": ("The blended list", "z(svd)"),
    "leaderboard": ("recsys materialize",),
    "training": ("recsys materialize",),
    "architecture": ("item_knn", "weights_data", "Settings it was trained with"),
    "tuner": ("recsys",),
}


@pytest.mark.parametrize("name", PAGES)
def test_where_nothing_was_built_a_page_says_what_to_run(opened_empty: Open, name: str) -> None:
    page = opened_empty(name)
    assert not page.exception
    assert len(page.title) == 1
    said = text_of(page)
    assert "Run <code>" in said
    assert COMMANDS.get(name, "recsys ") in said


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_its_facts(opened: Open, name: str) -> None:
    page = opened(name)
    assert not page.exception
    said = text_of(page)
    for fact in FACTS[name]:
        assert fact in said


def test_a_title_that_means_harm_is_shown_as_text(opened: Open) -> None:
    page = opened("dataset")
    said = text_of(page)
    assert "&lt;img src=x onerror=alert(1)&gt;" in said
    assert HOSTILE not in said


def test_a_newcomer_gets_another_list_with_every_rating(opened: Open) -> None:
    page = opened("recommend")
    page.button_group[0].set_value("Somebody new").run()
    assert "what most people rate well" in text_of(page)
    offered = [group for group in page.get("button_group") if str(group.key).startswith("stars-")]
    assert len(offered) == 10
    before = _list_of(text_of(page))
    comedies = [group for group in offered if int(str(group.key).removeprefix("stars-")) % 2 == 0]
    comedies[0].set_value(5).run()
    assert not page.exception
    after = _list_of(text_of(page))
    assert "Answered by item_knn" in text_of(page)
    assert after != before
    assert "of them new. The first is" in _said_aloud(page)
    page.run()
    assert _said_aloud(page) == "", "a list that stayed is not told of again"


def test_a_session_changes_the_list_and_is_kept(opened: Open, api: object, published: object) -> None:
    page = opened("session")
    next(b for b in page.button if b.label == "Start").click().run()
    assert not page.exception
    first = _shown(page)
    assert len(first) == 5
    page.button_group(key=f"act-0-{first[0]}").set_value("like").run()
    assert not page.exception
    second = _shown(page)
    assert first[0] not in second
    assert second != first
    assert "It is kept" in "".join(s.value for s in page.success).replace("\\", "")
    assert "It is kept; here is the next list. 5 movies," in _said_aloud(page)
    assert 'data-to="[data-testid=stMain] h2"' in text_of(page)
    page.text_area[0].set_value("terrible, boring and far too long")
    next(b for b in page.button if b.label == "Send").click().run()
    assert not page.exception
    assert "negative" in "".join(s.value for s in page.success)
    door = api.get("/v1/feedback/batches").json()  # type: ignore[attr-defined]
    assert door["open_segments"] == 1


def test_alpha_moves_the_blend_from_one_end_to_the_other(opened: Open) -> None:
    page = opened("hybrid")
    lists = []
    for alpha in (0.0, 1.0):
        page.slider[1].set_value(alpha).run()
        assert not page.exception
        lists.append(_list_of(text_of(page)))
    assert lists[0] != lists[1]


def _said_aloud(page: object) -> str:
    """What this run gave to the live region."""
    given = [found for html in page.get("html") for found in re.findall(r'data-said="([^"]*)"', html.proto.body)]  # type: ignore[attr-defined]
    assert len(given) <= 1
    return "".join(given)


def _list_of(said: str) -> str:
    start = said.index('<ol class="rx-list"')
    return said[start : said.index("</ol>", start)]


def _shown(page: object) -> list[int]:
    return [m.movie_id for m in page.session_state["session"].shown.movies]  # type: ignore[attr-defined]
