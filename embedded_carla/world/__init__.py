"""The simulated world: episode, map, actors, blueprints, collisions, and the calls that clients make on
them."""
