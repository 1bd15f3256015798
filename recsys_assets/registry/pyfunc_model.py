"""The model that MLflow serves, as code: it loads the `serving` export beside it. No pickle.

MLflow runs this file where it loads a version (`mlflow.pyfunc.load_model("models:/<name>@champion")`).
"""

from __future__ import annotations

from pathlib import Path

import mlflow
import numpy as np
from mlflow.pyfunc import PythonModel, PythonModelContext

LIST_LENGTH = 10


class RecommenderModel(PythonModel):
    """Lists of ten movie ids for user ids."""

    def load_context(self, context: PythonModelContext) -> None:
        from recsys_assets.recommenders import load_model

        self.recommender = load_model(Path(context.artifacts["serving"]))

    def predict(self, model_input: list[int]) -> list[list[int]]:
        """Ten movie ids a user id, best first; -1 where fewer remain."""
        listed = self.recommender.recommend(np.asarray(model_input, dtype=np.int64), LIST_LENGTH)
        return listed.movies.tolist()


mlflow.models.set_model(RecommenderModel())
