"""Every recommender: one asset, one MLflow run, one registered version each.

`config` is the model's own typed config, mirrored as a form for the launchpad; its fields stand beside the model.
"""

from dagster import AssetExecutionContext, MaterializeResult

from recsys_assets.defs.agents import dqn_agent, ppo_agent
from recsys_assets.defs.config import launchpad_config
from recsys_assets.defs.resources import Deployment
from recsys_assets.defs.training import model_asset, trained
from recsys_assets.defs.tuner import tuned_pipeline_config, with_tuned_pipeline

PopularityParams = launchpad_config("popularity")
ContentParams = launchpad_config("content")
BaselineParams = launchpad_config("baseline")
SvdParams = launchpad_config("svd")
SvdppParams = launchpad_config("svdpp")
BiasedMfParams = launchpad_config("biased_mf")
RatingKnnParams = launchpad_config("rating_knn")
BayesianFmParams = launchpad_config("bayesian_fm")
RatingBlendParams = launchpad_config("rating_blend")
ItemKnnParams = launchpad_config("item_knn")
MarkovParams = launchpad_config("markov")
EaseParams = launchpad_config("ease")
NormEaseParams = launchpad_config("norm_ease")
IalsParams = launchpad_config("ials")
ImplicitAlsParams = launchpad_config("implicit_als")
UserKernelParams = launchpad_config("user_kernel")
TopnBlendParams = launchpad_config("topn_blend")
SasrecParams = launchpad_config("sasrec")
Gru4recParams = launchpad_config("gru4rec")
TimeRatingLstmParams = launchpad_config("time_rating_lstm")
TimeRatingContentParams = launchpad_config("time_rating_content")
TimeRatingHybridParams = launchpad_config("time_rating_hybrid")
NextItemParams = launchpad_config("next_item")
HybridParams = launchpad_config("hybrid")
SwitchParams = launchpad_config("switch")


@model_asset(kinds={"numpy"})
def popularity(context: AssetExecutionContext, config: PopularityParams, deployment: Deployment) -> MaterializeResult:
    """IMDb's weighted rating, overall and per genre: what a user nobody knows is shown."""
    return trained(context, deployment, config)


@model_asset(kinds={"scikitlearn"})
def content(context: AssetExecutionContext, config: ContentParams, deployment: Deployment) -> MaterializeResult:
    """Titles near those a user liked, by genres, cast, director, keywords and plot."""
    return trained(context, deployment, config)


@model_asset(kinds={"numpy"})
def baseline(context: AssetExecutionContext, config: BaselineParams, deployment: Deployment) -> MaterializeResult:
    """Biases of users and movies over the mean: what a rating model must beat."""
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


@model_asset(kinds={"numba"})
def rating_knn(context: AssetExecutionContext, config: RatingKnnParams, deployment: Deployment) -> MaterializeResult:
    """Ratings by movies that the same people rated alike, and by what was rated at the same time."""
    return trained(context, deployment, config)


@model_asset(kinds={"python"}, cost="slow")
def bayesian_fm(context: AssetExecutionContext, config: BayesianFmParams, deployment: Deployment) -> MaterializeResult:
    """Bayesian factorization machine (myfm): users, movies, who rated what, and when."""
    return trained(context, deployment, config)


@model_asset(kinds={"numpy"}, cost="slow")
def rating_blend(
    context: AssetExecutionContext, config: RatingBlendParams, deployment: Deployment
) -> MaterializeResult:
    """Several predictors of ratings, stacked by ridge regression on what none of them was fitted on."""
    return trained(context, deployment, config)


@model_asset(kinds={"scipy"})
def item_knn(context: AssetExecutionContext, config: ItemKnnParams, deployment: Deployment) -> MaterializeResult:
    """Movies watched by the same people as those in the history."""
    return trained(context, deployment, config)


@model_asset(kinds={"scipy"})
def markov(context: AssetExecutionContext, config: MarkovParams, deployment: Deployment) -> MaterializeResult:
    """What is watched around the last movies, over several steps and both ways in time."""
    return trained(context, deployment, config)


@model_asset(kinds={"numpy"})
def ease(context: AssetExecutionContext, config: EaseParams, deployment: Deployment) -> MaterializeResult:
    """Closed-form item-item weights: a linear autoencoder without its diagonal."""
    return trained(context, deployment, config)


@model_asset(kinds={"numpy"})
def norm_ease(context: AssetExecutionContext, config: NormEaseParams, deployment: Deployment) -> MaterializeResult:
    """EASE on a matrix normalized by how active users and how popular movies are."""
    return trained(context, deployment, config)


@model_asset(kinds={"numpy"})
def ials(context: AssetExecutionContext, config: IalsParams, deployment: Deployment) -> MaterializeResult:
    """Implicit feedback factorized by alternating least squares, regularized by frequency."""
    return trained(context, deployment, config)


@model_asset(kinds={"python"})
def implicit_als(
    context: AssetExecutionContext, config: ImplicitAlsParams, deployment: Deployment
) -> MaterializeResult:
    """The same idea by the library `implicit`, for comparison."""
    return trained(context, deployment, config)


@model_asset(kinds={"numpy"})
def user_kernel(context: AssetExecutionContext, config: UserKernelParams, deployment: Deployment) -> MaterializeResult:
    """Ridge regression on a kernel between users' histories."""
    return trained(context, deployment, config)


@model_asset(kinds={"numpy"}, cost="slow")
def topn_blend(context: AssetExecutionContext, config: TopnBlendParams, deployment: Deployment) -> MaterializeResult:
    """`norm_ease`, `ials` and `user_kernel` weighted as they validate best."""
    return trained(context, deployment, config)


@model_asset(kinds={"torch"}, cost="slow", needs=[tuned_pipeline_config])
def sasrec(context: AssetExecutionContext, config: SasrecParams, deployment: Deployment) -> MaterializeResult:
    """What comes next, by self-attention over what came before, with ratings and time gaps."""
    return trained(context, deployment, config, with_tuned_pipeline)


@model_asset(kinds={"torch"}, cost="slow", needs=[tuned_pipeline_config])
def gru4rec(context: AssetExecutionContext, config: Gru4recParams, deployment: Deployment) -> MaterializeResult:
    """What comes next, by a gated recurrent network."""
    return trained(context, deployment, config, with_tuned_pipeline)


@model_asset(kinds={"torch"}, cost="slow", needs=[tuned_pipeline_config])
def time_rating_lstm(
    context: AssetExecutionContext, config: TimeRatingLstmParams, deployment: Deployment
) -> MaterializeResult:
    """The last movies with their ratings and time gaps through an LSTM."""
    return trained(context, deployment, config, with_tuned_pipeline)


@model_asset(kinds={"torch"}, cost="slow", needs=[tuned_pipeline_config])
def time_rating_content(
    context: AssetExecutionContext, config: TimeRatingContentParams, deployment: Deployment
) -> MaterializeResult:
    """The same on fixed genre and content vectors, so that related films win."""
    return trained(context, deployment, config, with_tuned_pipeline)


@model_asset(kinds={"torch"}, cost="slow")
def time_rating_hybrid(
    context: AssetExecutionContext, config: TimeRatingHybridParams, deployment: Deployment
) -> MaterializeResult:
    """`time_rating_lstm` and `time_rating_content` weighted as they validate best."""
    return trained(context, deployment, config)


@model_asset(kinds={"numpy"}, cost="slow")
def next_item(context: AssetExecutionContext, config: NextItemParams, deployment: Deployment) -> MaterializeResult:
    """Several models propose the next movie; a conditional logit learned from users' last events orders them."""
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


ALL = (
    popularity,
    content,
    baseline,
    svd,
    svdpp,
    biased_mf,
    rating_knn,
    bayesian_fm,
    rating_blend,
    item_knn,
    markov,
    ease,
    norm_ease,
    ials,
    implicit_als,
    user_kernel,
    topn_blend,
    sasrec,
    gru4rec,
    time_rating_lstm,
    time_rating_content,
    time_rating_hybrid,
    next_item,
    hybrid,
    switch,
    dqn_agent,
    ppo_agent,
)
"""What the leaderboard compares, and what is tried and promoted."""
