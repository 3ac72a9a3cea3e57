"""What people get: ``Run`` and ``Fit``, the records of a descent and of a fit with what is done with them, and loading.

In flows a ``Descent`` (``run.as_run``) or a ``FitResult`` (``fit.as_fit``); out flows the same record with ``plot``,
``explain``, ``export`` and ``save``, each of which is a call of what lies below. ``saving`` makes plain data of them,
``run_loading``, ``fit_loading`` and ``loading`` read it back; a run need not wait for what only fits need. May import
``plots``, ``export`` and everything below; nothing above.
"""
