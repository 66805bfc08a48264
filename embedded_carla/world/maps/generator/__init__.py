"""Writes the shipped maps. Run by hand after a change; the server only reads the files."""
