"""The wire: version tables, msgpack-rpc, packed sensor messages, streams. Knows nothing of the world behind
it."""
