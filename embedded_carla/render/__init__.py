"""Software renderer: scene and camera in, RGB, depth, class and instance pictures out."""
