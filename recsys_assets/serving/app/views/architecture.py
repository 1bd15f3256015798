"""Model Architecture: layers, parameters and weights of what serves, drawn from its export."""

import streamlit as st

from recsys_assets.serving.app import parts
from recsys_assets.serving.app.facts import architecture as facts
from recsys_assets.serving.app.facts.champions import champions, default_champion, settings_in_words
from recsys_assets.serving.app.figures.architecture import model_figure
from recsys_assets.serving.app.figures.basic import histogram
from recsys_assets.serving.app.markup import table, tiles
from recsys_assets.serving.app.store import lately, read, settings
from recsys_assets.serving.app.when import ago

deployed, theme = settings(), parts.theme()
parts.heading("Model Architecture", "What a champion is made of, read from the files that serve.")

exported, default = lately(champions, deployed), lately(default_champion, deployed)
if not exported:
    parts.empty("No model was promoted yet", f"recsys materialize -d {deployed.dataset}")
    st.stop()

names = [c.model for c in exported]
answering = names.index(default.model) if default and default.model in names else 0
champion = exported[names.index(st.selectbox("Champion", names, index=answering))]
at = (champion.path, champion.exported_at)
made_of = read(facts.parts_of, champion, at=at)
users, movies, ratings = facts.known_of(champion)
parts.show(
    tiles(
        [
            ("Parameters", f"{champion.parameters:,}", f"in {sum(len(p.layers) for p in made_of)} layers"),
            ("Size", f"{champion.bytes / 1e6:,.1f} MB", "with the histories it answers from"),
            ("Version", f"{champion.version}", f"exported {ago(champion.exported_at)}"),
            ("Knows", f"{movies:,} movies", f"{users:,} people, {ratings:,} ratings"),
        ]
    )
)

parts.section("From a history to a list")
flow = facts.flow(made_of)
parts.chart(
    model_figure(
        flow, inputs="a person's ratings, in order", output=f"a score for each of {movies:,} movies", theme=theme
    ),
    alt="From a person's ratings through " + ", then ".join(row.told for row in flow) + " to scores.",
    key=f"model-{champion.model}",
)

parts.section("Layers")
rows = [
    (f"{p.name}.{layer.name}" if p.name else layer.name, layer.kind, layer.shapes, f"{layer.parameters:,}")
    for p in made_of
    for layer in p.layers
]
parts.show(table(("layer", "kind", "arrays", "parameters"), rows, caption=f"Layers of {champion.model}", numbers=(3,)))

parts.section("Weights")
arrays = facts.largest(made_of)
chosen = st.selectbox("Array", arrays, format_func=lambda name: name.removeprefix("state."))
weights = read(facts.weights_of, champion.path, chosen, at=at) if chosen else None
if weights is None:
    parts.note("This array holds no finite number.")
else:
    parts.chart(
        histogram(weights.edges, weights.counts, theme=theme, x="value", y="weights"),
        alt=f"{chosen}: {weights.size:,} numbers from {weights.low:.4g} to {weights.high:.4g}, mean {weights.mean:.4g}",
        key=f"weights-{champion.model}-{chosen}",
    )
    told = f"mean {weights.mean:.4g}, deviation {weights.deviation:.4g}, from {weights.low:.4g} to {weights.high:.4g}"
    sample = (
        f"a sample of {weights.sampled:,} of {weights.size:,}"
        if weights.sampled < weights.size
        else f"all {weights.size:,}"
    )
    parts.note(f"{told}; {weights.zeros:.1%} are 0; {sample}.")

parts.section("Settings it was trained with")
if set_to := settings_in_words(champion.config):
    parts.show(table(("setting", "value"), set_to, caption=f"Settings of {champion.model}, version {champion.version}"))
else:
    parts.note("It has none.")
