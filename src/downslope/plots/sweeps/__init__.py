"""Pictures of sweeps: phase maps, basins and sensitivity. Each cell is a run of its own; nothing is interpolated.

In flows a ``SweepRecord``; ``draw`` is where to begin. ``cells`` is what maps have in common.
"""

from downslope.plots.sweeps.draw import plot_rates, plot_sweep

__all__ = ["plot_rates", "plot_sweep"]
