"""Which nodes of the cluster fail again and again: they are drained, and named."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.cluster.worker import Place

DRAIN_AFTER = 3


@dataclass
class NodeHealth:
    """Counts, per node, the different episodes that failed there since the last one that went well.

    Different ones, because an episode that fails everywhere says nothing about the node that it was on.
    """

    drain_after: int = DRAIN_AFTER
    drained: dict[str, Place] = field(default_factory=dict)
    _failed: dict[str, set[str]] = field(default_factory=dict)
    _failed_on: dict[str, set[str]] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def placed(self, place: Place) -> None:
        """A worker has started there."""
        self._seen.add(place.node_id)

    def succeeded(self, place: Place | None) -> None:
        """An episode went well there."""
        if place is not None:
            self._failed.pop(place.node_id, None)

    def failed(self, place: Place | None, episode_id: str) -> bool:
        """An episode failed there. True if the node is to be drained now.

        The last node in use is never drained: with nowhere else to go, it is the campaign that fails.
        """
        if place is None:
            return False
        self._failed_on.setdefault(episode_id, set()).add(place.node_id)
        if place.node_id in self.drained:
            return False
        episodes = self._failed.setdefault(place.node_id, set())
        episodes.add(episode_id)
        others = self._seen - set(self.drained) - {place.node_id}
        if len(episodes) < self.drain_after or not others:
            return False
        self.drained[place.node_id] = place
        return True

    def failed_on(self, episode_id: str) -> set[str]:
        """Ids of the nodes on which an episode has failed."""
        return self._failed_on.get(episode_id, set())

    def lost(self, place: Place) -> None:
        """The node has left the cluster; what failed with it was not the episodes' doing."""
        self._seen.discard(place.node_id)
        self._failed.pop(place.node_id, None)
