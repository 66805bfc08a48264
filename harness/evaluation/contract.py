"""The safety contract of a driver and its monitors: where it holds, what it assumes and promises, how that is shown.

    contract: lane_keeping
    domain: {simulator: [embedded], conditions: [ideal, fog]}
    assumptions:
      - {id: A1, text: the lane markings are drawn}
      - {id: A2, text: the two label experts agree, metric: label_agreement.agreement, at_least: 0.9}
    guarantees:
      - {id: G1, text: no tyre leaves the lane}
    criteria:
      - {id: C1, guarantee: G1, metric: departures.departed, at_most: 0.01}
      - {id: C2, guarantee: G1, metric: "departures.by_condition[*].departed", at_most: 0.05, confidence: 0.9}

Paths and verdicts of criteria are those of a scenario's ``criteria`` (`verdict`, `contract_criterion`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harness.evaluation.statistics.intervals import CONFIDENCE

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=40)]
Axis = Literal["simulator", "agent", "conditions", "roads"]


class ContractError(ValueError):
    """A contract file that cannot be used; says where and how to fix it."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Bounded(_Model):
    """A bound on a figure of the summary."""

    at_least: float | None = None
    at_most: float | None = None
    confidence: float = Field(default=CONFIDENCE, gt=0.5, lt=1.0)

    @property
    def limit(self) -> float:
        """The bound."""
        return float(self.at_most if self.at_most is not None else self.at_least or 0.0)

    @property
    def is_upper(self) -> bool:
        """Whether the figure must not exceed it."""
        return self.at_most is not None


class Assumption(_Bounded):
    """What must hold for the guarantees to mean anything; with a metric it is checked, else only stated."""

    id: Id
    text: str
    metric: str | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Assumption:
        given = (self.at_least is not None) + (self.at_most is not None)
        if given != (self.metric is not None):
            raise ValueError(
                f"assumption {self.id}: a metric needs at_least or at_most, one of the two, and the reverse"
            )
        return self


class Guarantee(_Model):
    """What is promised, in words."""

    id: Id
    text: str


class Criterion(_Bounded):
    """What shows a guarantee: a figure, or with ``[*]`` every slice of it, within a bound."""

    id: Id
    guarantee: Id
    metric: str

    @model_validator(mode="after")
    def _one_bound(self) -> Criterion:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"criterion {self.id}: give at_least or at_most, one of the two")
        return self


class Contract(_Model):
    """A contract file.

    Attributes:
        domain: what the contract is about; an axis left out is open. Runs outside are no evidence for it, and what it
            names but no run drove is a gap.
    """

    contract: Id
    description: str = ""
    domain: dict[Axis, Annotated[tuple[str, ...], Field(min_length=1)]] = {}
    assumptions: tuple[Assumption, ...] = ()
    guarantees: tuple[Guarantee, ...] = Field(min_length=1)
    criteria: tuple[Criterion, ...] = ()

    @model_validator(mode="after")
    def _ids(self) -> Contract:
        parts: tuple[Assumption | Guarantee | Criterion, ...] = (*self.assumptions, *self.guarantees, *self.criteria)
        ids = [part.id for part in parts]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"id {twice[0]!r} is used twice")
        known = {guarantee.id for guarantee in self.guarantees}
        for criterion in self.criteria:
            if criterion.guarantee not in known:
                raise ValueError(
                    f"criterion {criterion.id} names no guarantee of this contract: {criterion.guarantee!r}"
                )
        return self


def load_contract(path: Path) -> Contract:
    """Read and check a contract file.

    Raises:
        ContractError: unreadable, not YAML, or not a contract; every problem on a line of its own.
    """
    try:
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ContractError(f"{path} cannot be read: {error}") from None
    if not isinstance(data, dict):
        raise ContractError(f"{path}: a contract file is a mapping that starts with 'contract: <name>'")
    try:
        return Contract.model_validate(data)
    except ValidationError as error:
        problems = [
            f"{path}: {'.'.join(map(str, found['loc'])) or 'contract'}: {found['msg'].removeprefix('Value error, ')}"
            for found in error.errors()
        ]
        raise ContractError("\n".join(problems)) from None
