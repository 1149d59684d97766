"""Find, count, prove and explain the fixed points of trained recurrent neural networks.

>>> import numpy as np, stillpoint as sp
>>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=1, lefschetz=1)
>>> points = sp.find_fixed_points(system, np.linspace(-1, 1, 100)[:, None])
>>> len(points), points.census().suggests_missing
(3, False)

make a system        as_system(model), read_weights(path), system_from_step(step, state_size);
                     system.restrict, clamp
find                 find_fixed_points, find_all_fixed_points; sample_states for starts
is anything missing  points.census(), enumerate_fixed_points for a proof
prove                certify
linearise            linearize, at any states; points.linearization; of rates h = phi(x):
                     rate_jacobian, partial_rate_jacobian, rates_at_fixed_state
what recurs          find_cycles, find_closed_curves; where orbits end: find_attractors, echo_index
slow states          find_slow_points, sample_slow_states, follow_slow_manifold
draw                 plots.fixed_points and others; fit_pca and `planes` for the plane
what leads where     connect: the graph of saddles and attractors; read_automaton: the machine of
                     memories and pulses, proved; portrait: all of it under one input
what switches it     sample_basins, smallest_kicks of the state, smallest_pulses of the input
between the points   flow_field(system, plane); lyapunov; energy, for symmetric weights
how it changes       follow_points, follow_cycles, follow_closed_curves along path(rest, pulse) or
                     family(make, low, high)
many networks        sweep: a verb on all of them; compare, compare_all: how alike they are
mail                 record.report("net.html"), Report for several records
save, load           record.save(path), load; to_xarray, to_dataframe; points.compare(others)
what was used        show_versions, points.citation(), points.provenance

Namespaces: `cells` (standard cells), `planes` (for pictures), `solvers`, `models` (multi-region
networks, with PyTorch), `tasks` (tasks, training, shipped networks), `plots`, `compat` (other
tools' names).
Errors are `StillpointError`s: `ArgumentError`, `UnsupportedModelError`, `MissingExtraError`,
`FileFormatError`; warnings are `StillpointWarning`s.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

__version__ = "0.1.0.dev0"
