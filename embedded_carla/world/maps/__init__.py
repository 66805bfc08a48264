"""OpenDRIVE files of the shipped maps, and their generator."""
