"""Every recommender: one asset, one MLflow run, one registered version each.

`config` is the model's own typed config, mirrored as a form for the launchpad; its fields stand beside the model.
"""

from dagster import AssetExecutionContext, MaterializeResult

from recsys_assets.defs.config import launchpad_config
from recsys_assets.defs.resources import Deployment
from recsys_assets.defs.training import model_asset, trained

PopularityParams = launchpad_config("popularity")
ContentParams = launchpad_config("content")
SvdParams = launchpad_config("svd")
SvdppParams = launchpad_config("svdpp")
BiasedMfParams = launchpad_config("biased_mf")
BayesianFmParams = launchpad_config("bayesian_fm")
HybridParams = launchpad_config("hybrid")
SwitchParams = launchpad_config("switch")
SasrecParams = launchpad_config("sasrec")
Gru4recParams = launchpad_config("gru4rec")
TimeRatingLstmParams = launchpad_config("time_rating_lstm")
TimeRatingContentParams = launchpad_config("time_rating_content")
TimeRatingHybridParams = launchpad_config("time_rating_hybrid")


@model_asset(kinds={"numpy"})
def popularity(context: AssetExecutionContext, config: PopularityParams, deployment: Deployment) -> MaterializeResult:
    """IMDb's weighted rating, overall and per genre: what a user nobody knows is shown."""
    return trained(context, deployment, config)


@model_asset(kinds={"scikitlearn"})
def content(context: AssetExecutionContext, config: ContentParams, deployment: Deployment) -> MaterializeResult:
    """Titles near those a user liked, by genres, cast, director, keywords and plot."""
    return trained(context, deployment, config)


@model_asset(kinds={"python"})
def svd(context: AssetExecutionContext, config: SvdParams, deployment: Deployment) -> MaterializeResult:
    """Matrix factorization (scikit-surprise): predicted ratings."""
    return trained(context, deployment, config)


@model_asset(kinds={"python"}, cost="slow")
def svdpp(context: AssetExecutionContext, config: SvdppParams, deployment: Deployment) -> MaterializeResult:
    """SVD++ (scikit-surprise): the movies a user rated tell of their taste, whatever the ratings."""
    return trained(context, deployment, config)


@model_asset(kinds={"numba"})
def biased_mf(context: AssetExecutionContext, config: BiasedMfParams, deployment: Deployment) -> MaterializeResult:
    """The same objective as `svd`, several times faster; for tens of millions of ratings."""
    return trained(context, deployment, config)


@model_asset(kinds={"python"}, cost="slow")
def bayesian_fm(context: AssetExecutionContext, config: BayesianFmParams, deployment: Deployment) -> MaterializeResult:
    """Bayesian factorization machine (myfm): users, movies, who rated what, and when."""
    return trained(context, deployment, config)


@model_asset(kinds={"numpy"})
def hybrid(context: AssetExecutionContext, config: HybridParams, deployment: Deployment) -> MaterializeResult:
    """Candidates re-ranked by predicted rating, or the learned blend of scores: whichever validates better.

    It fits its own parts, as it was tuned with them; hence no edge from their assets.
    """
    return trained(context, deployment, config)


@model_asset(kinds={"numpy"})
def switch(context: AssetExecutionContext, config: SwitchParams, deployment: Deployment) -> MaterializeResult:
    """For each user the model that serves histories of that length best; content for movies nobody rated."""
    return trained(context, deployment, config)


@model_asset(kinds={"torch"}, cost="slow")
def sasrec(context: AssetExecutionContext, config: SasrecParams, deployment: Deployment) -> MaterializeResult:
    """What comes next, by self-attention over what came before, with ratings and time gaps."""
    return trained(context, deployment, config)


@model_asset(kinds={"torch"}, cost="slow")
def gru4rec(context: AssetExecutionContext, config: Gru4recParams, deployment: Deployment) -> MaterializeResult:
    """What comes next, by a gated recurrent network."""
    return trained(context, deployment, config)


@model_asset(kinds={"torch"}, cost="slow")
def time_rating_lstm(
    context: AssetExecutionContext, config: TimeRatingLstmParams, deployment: Deployment
) -> MaterializeResult:
    """The last movies with their ratings and time gaps through an LSTM."""
    return trained(context, deployment, config)


@model_asset(kinds={"torch"}, cost="slow")
def time_rating_content(
    context: AssetExecutionContext, config: TimeRatingContentParams, deployment: Deployment
) -> MaterializeResult:
    """The same on fixed genre and content vectors, so that related films win."""
    return trained(context, deployment, config)


@model_asset(kinds={"torch"}, cost="slow")
def time_rating_hybrid(
    context: AssetExecutionContext, config: TimeRatingHybridParams, deployment: Deployment
) -> MaterializeResult:
    """`time_rating_lstm` and `time_rating_content` weighted as they validate best."""
    return trained(context, deployment, config)


ALL = (
    popularity,
    content,
    svd,
    svdpp,
    biased_mf,
    bayesian_fm,
    hybrid,
    switch,
    sasrec,
    gru4rec,
    time_rating_lstm,
    time_rating_content,
    time_rating_hybrid,
)
"""What the leaderboard compares, and what is tried and promoted."""
