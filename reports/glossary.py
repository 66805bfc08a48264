"""The report's words, as the evaluation protocol defines them."""

from __future__ import annotations

GLOSSARY: tuple[tuple[str, str], ...] = (
    ("Agent", "What steers from the camera picture. It never sees ground truth."),
    ("Alarm", "A monitor's score, averaged over the last 0.5 s, above its threshold for at least 0.1 s."),
    ("Alarm duty", "Share of time without a departure ahead that is spent under alarm."),
    (
        "AUROC within run",
        "Chance that a moment before a departure outranks a calm moment of the same run; 0.5 is guessing.",
    ),
    ("Availability cost (AC)", "Share of driving time in which the takeover driver held the wheel."),
    ("Condition", "Weather and sensor settings of an episode."),
    (
        "Departure",
        "G0: a tyre over the lane line for at least 0.2 s (the one counted). G1: more than 1 m off the centre. "
        "G2: the car's centre outside the lane. G3: off the road.",
    ),
    (
        "Detectable departure",
        "One with at least 0.5 s of driving in the zone in which an alarm could have come in time.",
    ),
    ("Episode", "One road, condition, seed and mode, driven once."),
    (
        "False alarm",
        "An alarm episode in time without a departure ahead; nominal = ideal sensor, degraded = artifact on.",
    ),
    ("Harmed", "The run with takeovers departed where the agent alone did not."),
    (
        "Interval",
        "95 %. Clopper-Pearson for counts of independent runs, exact Poisson for rates per minute or km, bootstrap "
        "over pairs (stratified by condition) where moments of one run are not independent.",
    ),
    (
        "Label expert",
        "Gives the reference steering angle at the very state the agent is in. It drives the log and expert runs.",
    ),
    ("Lane margin", "Distance from the car's outline to the lane line, m; negative = over the line."),
    ("Late", "An alarm that started in the last second before the departure: a miss."),
    ("Lead time", "From the start of the alarm to the departure, s."),
    ("Missing", "Lost to the infrastructure or implausible; in no rate, but in the worst and best case."),
    ("Monitor", "A failure predictor: scores the risk of each frame."),
    (
        "Pair, twins",
        "Two runs from the same seeds, world and sensor schedule; identical until a takeover makes them differ.",
    ),
    ("Privileged", "Uses ground truth that no car has: an upper bound or a control, never a product."),
    ("Residual hazard (RH)", "Departures per km that remain in takeover mode."),
    ("Safety gain (SG)", "(saved − harmed) / departed, over pairs."),
    ("Saved", "The agent alone departed; its twin with takeovers passed that place by 100 m, or reached the end."),
    ("Shadow", "Mode in which the agent drives, every monitor scores, and nobody intervenes."),
    ("SWA", "Steering wheel angle, degrees, left positive (road-wheel angle × 16)."),
    ("Takeover", "Mode in which an alarm hands the wheel, after a reaction time, to a delayed and imperfect driver."),
    ("TPR, FPR", "Share of failed, and of sound, frames that were flagged; failed = |SWA error| above 5°."),
    ("Unavoidable", "The expert with an ideal camera departs in this world too: out of every rate, counted."),
)
