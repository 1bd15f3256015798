"""Which reader is used: the fitted model takes over from the lexicon when it is surely better on users it never met.

Rated texts are dealt by user into five folds; each is read by a model fitted on the other four, and by the lexicon,
which was fitted on nobody. Right is the class of the stars; classes count alike (balanced accuracy), since most rated
texts praise. The gain is paired by text and its interval is over users, who are what was drawn:

    gain = sum_u d_u,  d_u = sum of user u's texts (model right - lexicon right) / (3 n_class)
    low  = gain - z sqrt(n_users var(d_u))

The model is used if `low` exceeds `margin`; below `min_texts` it is not even fitted. It is judged again only after
rated texts have grown by a quarter, so that chance is not asked every night.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from recsys_assets.atomic import write_text
from recsys_assets.feedback.texts.learned import CLASSES, TextModel, TextModelConfig, classes_of, fit_texts
from recsys_assets.feedback.texts.readers import LearnedReader, LexiconReader, Reader
from recsys_assets.progress import Progress, silent

FOLDS = 5
FILE = "judgement.json"


class JudgementConfig(BaseModel, extra="forbid", frozen=True):
    """When the model is asked, and how much better it has to be."""

    min_texts: int = Field(default=1_000, ge=10)
    """Different rated texts; with fewer the lexicon reads."""
    min_users: int = Field(default=50, ge=FOLDS)
    margin: float = Field(default=0.01, ge=0)
    """Balanced accuracy that the model has to be better by, even at the low end of the interval."""
    z: float = Field(default=2.576, gt=0)
    """Normal quantile of the interval's end; 2.576 is 99 %, for there are several looks."""
    growth: float = Field(default=1.25, gt=1)
    """Rated texts now over those at the last judgement, from which it is judged again."""
    most_texts: int = Field(default=50_000, ge=10)
    """The latest that are used."""
    model: TextModelConfig = TextModelConfig()


@dataclass(frozen=True)
class Judgement:
    """Balanced accuracies on users that were held out, and what follows."""

    texts: int
    users: int
    learned: float | None
    lexicon: float | None
    gain: float | None
    low: float | None
    high: float | None
    chosen: bool
    reason: str
    model: str = ""
    """SHA-256 of the model's file; empty where the lexicon reads."""


def reader_of(
    folder: Path, rated: pl.DataFrame, config: JudgementConfig | None = None, *, progress: Progress = silent
) -> tuple[Reader, Judgement]:
    """The reader to use now: as judged before, or judged anew where `rated` has grown enough.

    `folder`: where judgement and model are kept. `rated`: `user_id, text, rating`, in the order of time.
    """
    config = config or JudgementConfig()
    rated = _different(rated, config)
    last = _last(folder)
    if last is None or len(rated) >= config.growth * max(1, last.texts) or len(rated) < last.texts / config.growth:
        last = _judged_anew(folder, rated, config, progress)
    if not last.chosen:
        return LexiconReader(), last
    return LearnedReader(TextModel.load(folder / f"{last.model[:16]}.npz"), last.model), last


def judge(rated: pl.DataFrame, config: JudgementConfig | None = None) -> Judgement:
    """Compare model and lexicon on held-out users of `rated` (`user_id, text, rating`)."""
    config = config or JudgementConfig()
    users = rated["user_id"].to_numpy()
    truth = classes_of(rated["rating"].to_numpy())
    counts = np.bincount(truth, minlength=len(CLASSES))
    people = len(np.unique(users))
    if len(rated) < config.min_texts or people < config.min_users or counts.min() < 2 * FOLDS:
        wanted = f"{config.min_texts:,} different rated texts of {config.min_users:,} users, {2 * FOLDS} of each class"
        told = f"{len(rated):,} texts of {people:,} users; wanted are {wanted}"
        return Judgement(len(rated), people, None, None, None, None, None, False, told)
    texts = rated["text"].to_list()
    by_model = _held_out(texts, truth, users, config.model) == truth
    by_lexicon = _lexicon_classes(texts) == truth
    weight = 1 / (len(CLASSES) * counts[truth])
    gain, error = _paired(weight * (by_model.astype(float) - by_lexicon), users)
    low, high = gain - config.z * error, gain + config.z * error
    learned, lexicon = float(weight @ by_model), float(weight @ by_lexicon)
    chosen = bool(low > config.margin)
    reason = (
        f"held-out users: balanced accuracy {learned:.3f} of the model, {lexicon:.3f} of the lexicon; gain {gain:+.3f} "
        f"({low:+.3f} to {high:+.3f}), wanted is more than {config.margin:+.3f} at the low end"
    )
    return Judgement(len(rated), people, learned, lexicon, gain, low, high, chosen, reason)


def _judged_anew(folder: Path, rated: pl.DataFrame, config: JudgementConfig, progress: Progress) -> Judgement:
    judgement = judge(rated, config)
    progress(f"text model: {judgement.reason}")
    if judgement.chosen:
        model = fit_texts(rated["text"].to_list(), classes_of(rated["rating"].to_numpy()), config.model)
        judgement = Judgement(**{**asdict(judgement), "model": _saved(model, folder)})
    write_text(folder / FILE, json.dumps(asdict(judgement), indent=1) + "\n")
    for path in folder.glob("*.npz"):
        if path.stem != judgement.model[:16]:
            path.unlink(missing_ok=True)
    return judgement


def _saved(model: TextModel, folder: Path) -> str:
    """Its SHA-256; the file is named by its first digits."""
    aside = folder / "model.tmp"
    model.save(aside)
    digest = hashlib.sha256(aside.read_bytes()).hexdigest()
    aside.replace(folder / f"{digest[:16]}.npz")
    return digest


def _last(folder: Path) -> Judgement | None:
    """The last judgement; None where there is none that can be followed, so that it is judged anew."""
    try:
        found = Judgement(**json.loads((folder / FILE).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return found if not found.chosen or (folder / f"{found.model[:16]}.npz").exists() else None


def _different(rated: pl.DataFrame, config: JudgementConfig) -> pl.DataFrame:
    """Equal texts once: copies would stand on both sides of a fold."""
    return rated.unique("text", keep="first", maintain_order=True).tail(config.most_texts)


def _held_out(
    texts: list[str], truth: NDArray[np.int64], users: NDArray[np.int64], config: TextModelConfig
) -> NDArray[np.int64]:
    """(n,) classes, each by a model that met none of its user's texts."""
    from sklearn.model_selection import GroupKFold

    told = np.full(len(texts), -1, dtype=np.int64)
    for fit, held in GroupKFold(FOLDS).split(texts, truth, users):
        model = fit_texts([texts[n] for n in fit], truth[fit], config)
        told[held] = model.probabilities([texts[n] for n in held])[0].argmax(axis=1)
    return told


def _lexicon_classes(texts: list[str]) -> NDArray[np.int64]:
    labels = LexiconReader().read(texts)["label"].replace("unknown", "neutral")
    return labels.replace_strict({c: n for n, c in enumerate(CLASSES)}, return_dtype=pl.Int64).to_numpy()


def _paired(gains: NDArray[np.float64], users: NDArray[np.int64]) -> tuple[float, float]:
    """Their sum, and its standard error over users."""
    _, groups = np.unique(users, return_inverse=True)
    by_user = np.bincount(groups, weights=gains)
    return float(by_user.sum()), float(np.sqrt(len(by_user) * by_user.var(ddof=1)))
