"""Small programs and plug-ins to copy from; docs/extending.md and docs/tutorial.md walk through them."""
