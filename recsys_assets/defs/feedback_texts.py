"""What people wrote: read for sentiment and aspects beside what they stated, a while after it came in."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from recsys_assets.defs.feedback import feedback
from recsys_assets.defs.metadata import bullet_list, column_lineage, column_schema, event_times, numbers, table_record
from recsys_assets.defs.quality import expectation_specs, validated
from recsys_assets.defs.resources import DUCKDB_WRITER, NIGHTLY, TEAM, Deployment
from recsys_assets.evaluation.canvas import markdown_image
from recsys_assets.evaluation.text_figures import texts_figure
from recsys_assets.feedback.texts.update import TextsUpdate, update_texts
from recsys_assets.warehouse.database import Warehouse
from recsys_assets.warehouse.tables import FEEDBACK_TEXTS

EVERY = "*/10 * * * *"
NEW_FEEDBACK = (
    dg.AutomationCondition.any_deps_updated()
    .since(dg.AutomationCondition.newly_requested() | dg.AutomationCondition.newly_updated())
    .with_label("feedback came in")
    & dg.AutomationCondition.cron_tick_passed(EVERY).since(dg.AutomationCondition.newly_requested())
    & ~dg.AutomationCondition.in_progress()
)
"""Every ten minutes at most, and only after feedback came in: to start a run takes longer than to read a batch."""
_TEXT, _STATED = ("feedback", "text"), [("feedback", "action"), ("feedback", "rating")]


@dg.asset(
    deps=[feedback],
    group_name="feedback",
    kinds={"duckdb", "parquet", "scikitlearn"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags={"layer": "feature"},
    metadata={
        "dagster/column_schema": column_schema(FEEDBACK_TEXTS),
        **column_lineage(
            {
                **{name: [("feedback", name)] for name in ("event_id", "user_id", "movie_id", "timestamp")},
                **{name: [_TEXT] for name in ("text_md5", "sentiment", "label", "confidence", "praised", "criticized")},
                "stated": _STATED,
                "conflict": [_TEXT, *_STATED],
            }
        ),
    },
    pool=DUCKDB_WRITER,
    automation_condition=NEW_FEEDBACK,
)
def feedback_texts(context: dg.AssetExecutionContext, deployment: Deployment) -> dg.MaterializeResult:
    """Sentiment and aspects of each text; never in the place of a rating, and where they disagree it is marked."""
    settings = deployment.settings()
    with Warehouse.of(settings).connect() as con:
        update = update_texts(con, settings, progress=context.log.info)
    return dg.MaterializeResult(data_version=dg.DataVersion(update.snapshot.version), metadata=_described(update))


def _described(update: TextsUpdate) -> dict[str, Any]:
    report, judgement, snapshot = update.report, update.judgement, update.snapshot
    compared = {
        "model_accuracy": judgement.learned,
        "lexicon_accuracy": judgement.lexicon,
        "model_gain": judgement.gain,
    }
    return {
        "dagster/row_count": report.texts,
        "read_now": report.read_now,
        "conflicts": report.conflicts,
        "model": report.model,
        "why_this_model": judgement.reason,
        "rated_texts": judgement.texts,
        "labels": bullet_list(f"{label}: {n:,}" for label, n in report.labels.items()),
        "aspects": table_record(report.aspects),
        "picture": dg.MetadataValue.md(markdown_image(texts_figure(report.aspects, report.weekly), alt="texts")),
        "bytes": snapshot.bytes,
        **numbers({name: value for name, value in compared.items() if value is not None}),
        **event_times(snapshot.first_event, snapshot.last_event),
    }


@dg.multi_asset_check(
    name="feedback_texts_expectations", specs=expectation_specs([FEEDBACK_TEXTS]), can_subset=True, pool=DUCKDB_WRITER
)
def feedback_texts_expectations(
    context: dg.AssetCheckExecutionContext, deployment: Deployment
) -> Iterator[dg.AssetCheckResult]:
    """Does every reading keep its declaration?"""
    yield from validated(context, deployment)


on_new_feedback = dg.AutomationConditionSensorDefinition(
    "on_new_feedback",
    target=dg.AssetSelection.assets(feedback_texts),
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Reads the texts of new feedback, every ten minutes at most.",
)
