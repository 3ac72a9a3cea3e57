"""One dialect a file: what is said differently in each. What they have in common is in ``export.script``."""
