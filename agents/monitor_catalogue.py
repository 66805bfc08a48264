"""`python -m agents.monitor_catalogue`: writes docs/monitors.md, the catalogue of every monitor by its short name.

What a row says is what the class declares, so the page cannot drift from the code; a test compares the two.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from agents.monitors.base import MonitorBase
from agents.monitors.crop_monitor import CropMonitor
from agents.plug_ins import load_class
from agents.registry import monitor_targets
from agents.weights_io import WEIGHTS_FOLDER, load_json

PAGE = Path(__file__).resolve().parents[1] / "docs" / "monitors.md"
_PACKAGE = "agents."

_HEAD = """# Monitors

Failure predictors by short name, as a scenario lists them (`monitors: [saliency_student, forecast]`). The direction is
the same for all: **higher = riskier**. Written by `python -m agents.monitor_catalogue` from what the classes declare.

* *unit*: of the raw score; alarms are raised on its trailing 0.5 s mean.
* *latency*: what is declared; an alarm takes effect that much later. Measured: `python -m benchmarks.monitors`.
* *reads*: what it looks at. What reads the road crop or the driver's maps can be scored afterwards on stored runs:
  `python -m agents.training.score_monitors RESULTS --monitors NAME,NAME`.
* Privileged monitors see ground truth that no car has; they are bounds and baselines, not products.

Fitted numbers are rebuilt by `python -m agents.training.build --stages students monitors`, operating points by
`python -m agents.training.calibrate RESULTS`. How they compare: [monitor-comparison.md](monitor-comparison.md).
A monitor of your own: [extending.md](extending.md).
"""


def page() -> str:
    """The page as Markdown."""
    shipped = {name: target for name, target in monitor_targets().items() if target.startswith(_PACKAGE)}
    classes = {name: load_class(target, "monitors") for name, target in shipped.items()}
    groups = {
        "Judge the road crop": [n for n, kind in classes.items() if _judges_crops(kind)],
        "Baselines": [n for n, kind in classes.items() if not _judges_crops(kind) and not _of(kind, "privileged")],
        "Privileged": [n for n, kind in classes.items() if _of(kind, "privileged")],
    }
    parts = [_HEAD]
    for title, names in groups.items():
        parts.append(f"\n## {title}\n\n| name | scores | unit | latency | reads |\n|---|---|---|---|---|\n")
        parts += [_row(name, classes[name]) for name in names]
    return "".join([*parts, _fusion_section()])


def _fusion_section() -> str:
    """What each part is worth alone and together, from the fusion's model card."""
    scores = load_json(WEIGHTS_FOLDER / "fusion.json")["scores"]
    alone = sorted(scores["alone"].items(), key=lambda item: -item[1])
    missed = min(scores["all_without"], key=lambda name: float(scores["all_without"][name]))
    steps = " → ".join(f"`{step['added']}` {step['average_precision']:.3f}" for step in scores["selection"])
    rows = "".join(f"| `{name}` | {value:.3f} | {scores['all_without'][name]:.3f} |\n" for name, value in alone)
    return (
        "\n## What they know of a departure within 3 s\n\n"
        "Average precision on monitor-fit frames, 5 folds of episodes. The forecast answers for episodes that the "
        "answering member had not seen; students and error heads were fitted on some of these frames, which favours "
        f"them. Chance is the prevalence, {scores['prevalence']:.3f}. This chose the parts of the fusion and tests "
        "nothing: figures on unseen roads come from `python -m benchmarks.monitors`.\n\n"
        f"Greedy selection of the fusion: {steps}; all of them together: {scores['all']:.3f}. The last "
        f"column is the union ablation, all but this one: `{missed}` is missed most.\n\n"
        f"| monitor | average precision alone | all but this one |\n|---|---|---|\n{rows}"
    )


def _row(name: str, kind: Any) -> str:
    summary = " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())
    summary = summary.replace("|", "\\|")
    latency_ms = round(1000.0 * float(_of(kind, "declared_latency_s")))
    cells = (f"`{name}`", summary, _of(kind, "unit"), f"{latency_ms} ms", _of(kind, "reads"))
    return f"| {' | '.join(cells)} |\n"


def _judges_crops(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, CropMonitor) and _of(kind, "reads") != MonitorBase.reads


def _of(kind: Any, attribute: str) -> Any:
    return getattr(kind, attribute)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.name)
