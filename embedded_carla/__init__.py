"""A small, deterministic server that speaks the network protocol of CARLA 0.9.16 to the real ``carla``
client.

Start it with ``python -m embedded_carla -carla-rpc-port=2000``. It must run in another process than the
client: several calls of the client library hold Python's interpreter lock while they wait for the answer.
"""
