"""Tables of the tuner in words and markdown."""

from __future__ import annotations

from collections.abc import Sequence

from recsys_assets.tuner.allocation import STAGES
from recsys_assets.tuner.real.probe import Probe
from recsys_assets.tuner.real.profile import PipelineProfile
from recsys_assets.tuner.real.standing import Place
from recsys_assets.tuner.tuned import Tuning

MIB = 2**20


def profile_markdown(found: Sequence[PipelineProfile]) -> str:
    """A section a scenario: stages, then what was tried."""
    return "\n\n".join(_profile(p) for p in found)


def tuned_markdown(found: Sequence[Tuning]) -> str:
    """Default and tuned beside each other: a table a storage, of three columns, as Dagster cuts off wider ones."""
    tables = []
    for tuning in found:
        rows = zip(*(_figures(probe) for probe in tuning.probes), strict=True)
        lines = [f"| {name} | {default} | {tuned} |" for (name, default), (_, tuned) in rows]
        tables.append("\n".join([f"| {tuning.tuned.scenario} | default | tuned |", "|---|---|---|", *lines]))
    return "\n\n".join(tables)


def log_markdown(found: Sequence[Tuning]) -> str:
    """Every decision: what limited the pipeline, what was done, what was expected of it, and what came."""
    parts = []
    for tuning in found:
        rows = [
            f"| {i} | {d.bottleneck} | {d.action} | {d.by} | {rate(d.expected)} | {rate(d.got)} | {d.stall:.0%} |"
            for i, d in enumerate(tuning.log, start=1)
        ]
        head = "| # | limited by | action | decided by | expected batches/s | got | stall before |"
        parts.append("\n".join([f"### {tuning.tuned.scenario}", "", head, "|---|---|---|---|---|---|---|", *rows]))
    return "\n\n".join(parts)


def live_markdown(places: Sequence[Place]) -> str:
    """A row a tuner, the best first."""
    lines = [
        "| tuner | runs | q | of grid | against DS2, 95 % | to re-size | 5 after | end | batches/s | x untuned | "
        "stall | switches | ms a decision |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for p in places:
        shares = " | ".join(f"{q:.3f}" for q in (p.before_resize, p.after_resize, p.at_end))
        lines.append(
            f"| {p.tuner} | {p.runs} | {p.q:.3f} | {p.q_of_grid:.3f} | {against(p)} | {shares} | "
            f"{rate(p.throughput)} | {rate(p.times_untuned, 1)} | {p.stall:.0%} | {p.switches:.0f} | "
            f"{p.decision_ms:.1f} |"
        )
    return "\n".join(lines)


def _profile(p: PipelineProfile) -> str:
    u = p.untuned
    stages = [
        f"| {name} | {u.busy[i]:.0%} | {1 - u.busy[i]:.0%} | {1e3 * u.work[i]:.1f} | {1e3 * u.cpu_seconds[i]:.2f} |"
        for i, name in enumerate(STAGES)
    ]
    tried = [_probe(f"{t.change} ({t.gain:+.0%})", t.probe) for t in p.tried]
    return "\n".join(
        [
            f"### {p.storage}",
            "",
            f"{p.work}. Limited by {p.limit}. Helps most: {p.advice}.",
            "",
            "| stage, untuned | busy | waits | ms a batch | CPU ms a batch |",
            "|---|---|---|---|---|",
            *stages,
            "",
            "| tried | workers, ready | batches/s | data stall | wait p50 / p95 / p99 ms | CPU | MiB in flight |",
            "|---|---|---|---|---|---|---|",
            _probe("untuned", u),
            *tried,
        ]
    )


def _figures(p: Probe) -> tuple[tuple[str, str], ...]:
    return (
        ("batches/s", f"{p.batches_per_second:.1f}"),
        ("data stall", f"{p.stall:.0%}"),
        ("workers: fetch/decode/sample/batch", "/".join(map(str, p.knobs.workers))),
        ("batches ready", f"{p.knobs.prefetch}"),
        ("wait ms, p50/p95/p99", _waits(p)),
        ("CPU", f"{p.utilization:.0%}"),
        ("MiB in flight", f"{p.in_flight / MIB:.1f}"),
    )


def _probe(name: str, p: Probe) -> str:
    workers = f"{'/'.join(map(str, p.knobs.workers))}, {p.knobs.prefetch}"
    return (
        f"| {name} | {workers} | {p.batches_per_second:.1f} | {p.stall:.0%} | {_waits(p)} | {p.utilization:.0%} | "
        f"{p.in_flight / MIB:.1f} |"
    )


def _waits(p: Probe) -> str:
    return " / ".join(f"{1e3 * wait:.1f}" for wait in (p.wait_p50, p.wait_p95, p.wait_p99))


def rate(value: float, digits: int = 0) -> str:
    """Of batches a second, or times another; a dash where there is no figure."""
    return "–" if value != value else f"{value:.{digits}f}"


def against(p: Place) -> str:
    """Its difference to DS2, paired; a dash for DS2 itself, and where no runs make pairs."""
    known = p.pairs and (p.low, p.high) != (0, 0)
    return f"{p.difference:+.3f} ({p.low:+.3f} to {p.high:+.3f})" if known else "–"
