"""Charts as small inline SVG: no library, no script, coloured by the page's style sheet (light, dark and print)."""
