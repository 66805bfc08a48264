"""An evidence table as a tree: contract -> guarantees -> criteria -> figures with their files.

A node is ``{kind, id, text, verdict, gaps, children}``: ``kind`` is ``contract``, ``context``, ``assumption``,
``guarantee``, ``criterion`` or ``evidence``; ``gaps`` says in words what is missing right there. A node is supported
only if everything below it is: verdicts are those of the table, which combines them so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.evaluation.contract_criterion import INSUFFICIENT

STATED = "STATED"
Node = dict[str, Any]


def assurance_tree(table: Mapping[str, Any]) -> Node:
    """The tree of an evidence table (`evidence_table`)."""
    context = [_node("context", axis, f"{axis}: {', '.join(names)}", STATED) for axis, names in table["domain"].items()]
    assumptions = [
        _node(
            "assumption",
            one["id"],
            one["text"],
            one["verdict"],
            [] if one["verdict"] in ("PASS", STATED) else ["does not hold or is not shown"],
        )
        for one in table["assumptions"]
    ]
    guarantees = [_guarantee(one) for one in table["guarantees"]]
    text = table["description"] or "every guarantee holds in the domain, under the assumptions"
    return _node(
        "contract",
        table["contract"],
        text,
        table["verdict"],
        table["domain_gaps"],
        [*context, *assumptions, *guarantees],
    )


def open_gaps(node: Node) -> int:
    """How many gaps a tree holds."""
    return len(node["gaps"]) + sum(open_gaps(child) for child in node["children"])


def _guarantee(guarantee: Mapping[str, Any]) -> Node:
    criteria = [_criterion(row) for row in guarantee["criteria"]]
    gaps = [] if criteria else ["no criterion: nothing can show it"]
    return _node("guarantee", guarantee["id"], guarantee["text"], guarantee["verdict"], gaps, criteria)


def _criterion(row: Mapping[str, Any]) -> Node:
    bound = f"at most {row['at_most']:g}" if "at_most" in row else f"at least {row['at_least']:g}"
    text = f"{row['metric']} {bound}, at {100 * row['confidence']:g} % confidence"
    evidence = [_evidence(figure, row) for figure in row["figures"]]
    return _node("criterion", row["id"], text, row["verdict"], [] if evidence else ["no slice was driven"], evidence)


def _evidence(figure: Mapping[str, Any], row: Mapping[str, Any]) -> Node:
    gaps = [figure["why"]] if figure["verdict"] == INSUFFICIENT else []
    node = _node("evidence", figure["slice"], figure["why"], figure["verdict"], gaps)
    return {
        **node,
        "figure": {key: figure[key] for key in ("value", "k", "n", "low", "high")},
        "file": row["file"],
        "sha256": row["sha256"],
    }


def _node(
    kind: str,
    name: str,
    text: str,
    verdict: str,
    gaps: list[str] | None = None,
    children: list[Node] | None = None,
) -> Node:
    return {
        "kind": kind,
        "id": name,
        "text": text,
        "verdict": verdict,
        "gaps": gaps or [],
        "children": children or [],
    }
