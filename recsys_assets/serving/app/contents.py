"""Which pages there are, in the order of the side bar."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    file: str
    """In `views/`, and the page's address."""
    title: str
    icon: str
    about: str
    default: bool = False


GROUPS: dict[str, tuple[Page, ...]] = {
    "Platform": (
        Page("home", "Home", ":material/home:", "What runs, who answers, and the data in figures.", default=True),
        Page("pipeline", "Pipeline", ":material/account_tree:", "The asset graph's stages and their state."),
        Page("data_quality", "Data Quality", ":material/verified:", "What was checked, found and quarantined."),
        Page("dataset", "Dataset Analytics", ":material/bar_chart:", "Ratings over time, genres, the long tail."),
    ),
    "Recommend": (
        Page("recommend", "Get Recommendations", ":material/recommend:", "For a known user, or for you, with reasons."),
        Page("session", "Interactive Session", ":material/forum:", "React to a list and see the next one change."),
        Page("genres", "Genre Explorer", ":material/category:", "The best of any genres together."),
        Page("hybrid", "Hybrid Recommender", ":material/tune:", "Blend an agent or SVD with content by a slider."),
    ),
    "Models": (
        Page("leaderboard", "Leaderboard", ":material/leaderboard:", "Every model on the same splits, side by side."),
        Page("training", "Training Dashboard", ":material/show_chart:", "Loss, reward, epsilon, NDCG by version."),
        Page("architecture", "Model Architecture", ":material/schema:", "Layers and weights of what serves."),
        Page("tuner", "Tuner", ":material/speed:", "What the pipeline tuner did, and what it gained."),
    ),
}
PAGES = {page.file: page for pages in GROUPS.values() for page in pages}
