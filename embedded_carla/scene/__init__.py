"""What the world looks like: road surfaces, markings, terrain and scenery as arrays of triangles."""
