"""Training Dashboard: loss, reward, epsilon and NDCG by step or epoch of each version, and figures by version."""

import streamlit as st

from recsys_assets.serving.app import parts
from recsys_assets.serving.app.facts import training as facts
from recsys_assets.serving.app.figures.basic import lines
from recsys_assets.serving.app.markup import table
from recsys_assets.serving.app.store import read, settings, stamp
from recsys_assets.serving.app.when import ago

deployed, theme = settings(), parts.theme()
parts.heading("Training Dashboard", "How each version of a model learned, and what came of it; read from MLflow.")

at = stamp(deployed.models_dir / "mlflow.db")
models = read(facts.registered, deployed, at=at)
if not models:
    parts.empty(f"No model of {deployed.dataset} was trained yet", f"recsys materialize -d {deployed.dataset}")
    st.stop()

model = st.selectbox("Model", models)
found = read(facts.trained, deployed, model, at=at)
curves = facts.curve_names(found)
parts.section("While it learned", "Agents by movies shown, networks by epoch; one line a version.")
if not curves:
    parts.note(facts.why_no_curve(model))
for left, right in zip(curves[::2], [*curves[1::2], None][: len(curves[::2])], strict=True):
    for column, name in zip(st.columns(2), (left, right), strict=True):
        if name is None:
            continue
        with column:
            st.markdown(f"**{parts.as_text(facts.title_of(name))}**")
            drawn = facts.lines_of(found, name)
            ends = "; ".join(f"{label}: from {ys[0]:.4g} to {ys[-1]:.4g}" for label, (_, ys) in drawn.items())
            parts.chart(
                lines(
                    drawn,
                    theme=theme,
                    x="epoch" if "eval/ndcg_at_10" in curves else "movies shown",
                    y=facts.title_of(name),
                ),
                alt=f"{facts.title_of(name)}: {ends}",
                key=f"curve-{model}-{name}",
            )

parts.section("From version to version", "Each was scored by the same code on the splits it was trained with.")
figures = facts.figures_of(found)
chosen = st.selectbox("Figure", figures, format_func=lambda f: facts.FIGURES[f])
versions, values = facts.by_version(found, chosen)
if len(versions) > 1:
    parts.chart(
        lines({facts.FIGURES[chosen]: (versions, values)}, theme=theme, x="", y=facts.FIGURES[chosen], from_zero=True),
        alt=f"{facts.FIGURES[chosen]} of {len(versions)} versions; the figures are in the table below.",
        key="by_version",
    )
else:
    parts.note(f"One version so far; `recsys train {model}` makes the next, and from then on this is a line.")
parts.show(
    table(
        ("version", "aliases", "trained", *(facts.FIGURES[f] for f in figures)),
        [
            (
                t.version,
                ", ".join(t.aliases),
                ago(t.created_at),
                *(facts.told(f, t.metrics.get(f)) for f in figures),
            )
            for t in found
        ],
        caption=f"Versions of {model}, newest first",
        numbers=range(3, 3 + len(figures)),
        wide=True,
    )
)
