"""Names of the modes an episode is driven in (docs/architecture.md §4)."""

SHADOW = "shadow"
EXPERT = "expert"
LOG = "log"
TAKEOVER_PREFIX = "takeover:"
