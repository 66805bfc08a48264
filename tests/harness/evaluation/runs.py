"""Judged runs with known outcomes."""

from harness.evaluation.episode_facts import EpisodeFacts


def run(pair="p0", departed=False, mode="shadow", condition="ideal", outcome="completed", margin_m=0.5, world=None):
    """One run without its ticks; a departed one left its lane after 40 m."""
    return EpisodeFacts(
        episode_id=f"{pair}/{mode}",
        pair=(pair, "agent"),
        world_id=world or f"w-{pair}",
        mode=mode,
        road=f"road-{sum(map(ord, pair)) % 7}",
        condition=condition,
        outcome=outcome,
        end_reason="departure" if departed else "route_end",
        failure_route_s_m=40.0 if departed else None,
        departed=departed,
        agent_error=False,
        is_missing=outcome == "infrastructure_error",
        start_route_s_m=0.0,
        end_route_s_m=100.0,
        collisions=0,
        stuck=0,
        km=0.1,
        run_s=10.0,
        takeover_s=0.0,
        takeovers=0,
        minimum_lane_margin_m=-0.1 if departed else margin_m,
    )
