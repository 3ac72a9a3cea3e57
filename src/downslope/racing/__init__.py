"""Many descents at once, as functions of descents; may import ``explain`` and what is below it, and nothing above."""
