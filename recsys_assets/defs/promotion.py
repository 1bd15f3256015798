"""From challenger to champion: re-scored now, judged by a blocking check, exported for serving.

Per model three shells: `<model>_trial` scores challenger and champion on the same frozen hold-out, its check
`beats_champion` stops what must not be served, `<model>_champion` sets the alias and exports. The check is on the
trial, not on the model: a challenger that loses must not keep the leaderboard from showing it.
"""

import dagster as dg

from recsys_assets.defs.metadata import bullet_list, numbers, table_record
from recsys_assets.defs.recommenders import ALL
from recsys_assets.defs.resources import NIGHTLY, TEAM, Deployment
from recsys_assets.registry.audit import audit_entries, audit_table
from recsys_assets.registry.trial import last_trial, promote_challenger, run_trial

GROUP = "promotion"
ACTS_SHOWN = 10
"""Of the audit trail, the newest."""


def promotion_of(
    model: dg.AssetsDefinition,
) -> tuple[dg.AssetsDefinition, dg.AssetChecksDefinition, dg.AssetsDefinition]:
    """Trial, check and champion of one model."""
    name = model.key.to_user_string()
    tags = {"cost": model.tags_by_key[model.key]["cost"]}

    @dg.asset(
        name=f"{name}_trial",
        deps=[model],
        group_name=GROUP,
        kinds={"numpy"},
        owners=[TEAM],
        freshness_policy=NIGHTLY,
        tags=tags,
    )
    def trial(context: dg.AssetExecutionContext, deployment: Deployment) -> dg.MaterializeResult:
        """The challenger and the champion, both scored now on the frozen hold-out neither was fitted on."""
        result = run_trial(deployment.settings(), name, by=f"run {context.run_id}", progress=context.log.info)
        return dg.MaterializeResult(
            metadata={
                **numbers(result.figures()),
                "verdict": result.decision.reason,
                "challenger": result.challenger,
                **({"floors": bullet_list(floor.said for floor in result.floors)} if result.floors else {}),
            }
        )

    @dg.asset_check(
        name="beats_champion",
        asset=trial,
        blocking=True,
        description="First of its kind, better beyond chance, or as good and fitted on newer data; an agent must also "
        "keep its simulated return and its off-policy value.",
    )
    def beats_champion(context: dg.AssetCheckExecutionContext, deployment: Deployment) -> dg.AssetCheckResult:
        result = last_trial(deployment.settings(), name)
        return dg.AssetCheckResult(
            passed=result.decision.passed,
            severity=dg.AssetCheckSeverity.ERROR,
            description=result.decision.reason,
            metadata=numbers(result.figures()),
        )

    @dg.asset(
        name=f"{name}_champion",
        deps=[trial],
        group_name=GROUP,
        kinds={"mlflow"},
        owners=[TEAM],
        freshness_policy=NIGHTLY,
        tags=tags,
    )
    def champion(context: dg.AssetExecutionContext, deployment: Deployment) -> dg.MaterializeResult:
        """What serving loads: the `champion` alias and its export under `models/champion/`."""
        settings = deployment.settings()
        promoted = promote_challenger(settings, name, by=f"run {context.run_id}")
        return dg.MaterializeResult(
            data_version=dg.DataVersion(f"{name}-v{promoted.version}"),
            metadata={
                "version": promoted.version,
                "export": dg.MetadataValue.path(str(promoted.path)),
                "served_by_default": promoted.default_model,
                "why": promoted.reason,
                "audit": table_record(audit_table(audit_entries(settings, name)[-ACTS_SHOWN:])),
            },
        )

    return trial, beats_champion, champion


PROMOTED = [promotion_of(model) for model in ALL]
TRIALS, CHECKS, CHAMPIONS = (list(made) for made in zip(*PROMOTED, strict=True))
"""`<model>_trial`, its check `beats_champion`, and `<model>_champion`, for every model."""
