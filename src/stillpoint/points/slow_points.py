"""The record of the states where a network is slowest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int, Shaped

from .._core.display import Column, Display, plural, position
from .._core.record import column, part, plain
from .._core.values import Domain
from ..local import Linearization
from ..proofs import Certificate
from .point_set import PointSet
from .proof_words import slow_proof_sentence
from .starts import Starts


@final
@dataclass(frozen=True, eq=False, repr=False)
class SlowPoints(PointSet):
    """Local minima of ``q = 1/2 |F(x, u) - x|^2``, one per row; NumPy arrays throughout.

    At a minimum with q > 0 the gradient J^T (F - x) vanishes and F - x does not, so I - J (of a
    flow, J) is singular: the network passes slowly where, under other parameters, it would stand
    still (Sussillo and Barak 2013). On a kink of ReLU, J is the mixture of the Jacobians on its
    sides for which that holds (Clarke's generalised Jacobian).

    Indexing and iterating are as for `FixedPoints`.

    Attributes
    ----------
    linearization
        The dynamics around each state. `xstar`, `inputs`, `jacobian`, `input_jacobian` and
        `eigenvalues` are its own.
    label
        "fixed point" where q is zero to rounding, "ghost" where a minimum with q > 0 stands
        alone, "slow region" where its neighbours along some direction are such minima too.
    q
        ``1/2 |F(x, u) - x|^2`` (``1/2 |f|^2`` for a flow).
    speed
        ``|F(x, u) - x|`` per step, or ``|f|`` per unit time.
    gradient_norm
        ``|J^T (F - x)|``: what is left of the gradient of q; on kinks that of its smallest
        subgradient.
    hits
        How many starts ended here.
    smallest_singular_value
        Of I - J (of J for a flow).
    curvature
        The smallest eigenvalue of the Hessian of q; on kinks, of its restriction to them, and
        infinity where these leave no direction.
    dwell_time
        Steps, or units of dt, that an orbit passing along the softest direction spends where its
        speed is below twice the minimum; infinite at fixed points, and where the speed does not
        double.
    n_kinks
        How many kinks of ReLU meet here.
    starts, scale, tol, tol_unique, provenance, is_selection, certificate
        As in `FixedPoints`.
    """

    methods = ("points",)

    linearization: Linearization = part(Linearization, names={"states": "xstar"})
    label: Shaped[np.ndarray, " n"] = column(
        "point",
        long_name="fixed point, ghost, slow region",
        domain=Domain(options=("fixed point", "ghost", "slow region")),
    )
    q: Float[np.ndarray, " n"] = column(
        "point", long_name="1/2 |F(x, u) - x|^2 (flow: 1/2 |f|^2)", domain=Domain(least=0)
    )
    speed: Float[np.ndarray, " n"] = column(
        "point", long_name="|F(x, u) - x|, or |f|", domain=Domain(least=0)
    )
    gradient_norm: Float[np.ndarray, " n"] = column(
        "point", long_name="|gradient of q|", domain=Domain(least=0)
    )
    hits: Int[np.ndarray, " n"] = column(
        "point", long_name="starts that ended here", domain=Domain(least=0)
    )
    smallest_singular_value: Float[np.ndarray, " n"] = column(
        "point",
        long_name="smallest singular value of I - J (flow: J)",
        domain=Domain(least=0),
    )
    curvature: Float[np.ndarray, " n"] = column(
        "point", long_name="smallest eigenvalue of the Hessian of q"
    )
    dwell_time: Float[np.ndarray, " n"] = column(
        "point",
        long_name="time at less than twice the smallest speed",
        units="step, or unit of dt",
        domain=Domain(least=0, missing=True),
    )
    n_kinks: Int[np.ndarray, " n"] = column(
        "point", long_name="kinks of ReLU that meet here", domain=Domain(least=0)
    )
    starts: Starts = part(Starts, "start_")
    scale: Float[np.ndarray, " d"] = column(
        "state", long_name="unit of each state variable", domain=Domain(above=0, finite=True)
    )
    tol: float = plain(domain=Domain(above=0))
    tol_unique: float = plain(domain=Domain(above=0))
    provenance: Mapping[str, Any] = plain(default_factory=dict)
    is_selection: bool = plain(default=False)
    certificate: Certificate | None = part(Certificate, "certificate_", default=None)

    @property
    def fixed(self) -> SlowPoints:
        """The minima with q = 0: the exact fixed points."""
        return self[self.label == "fixed point"]

    @property
    def ghosts(self) -> SlowPoints:
        """The isolated minima with q > 0."""
        return self[self.label == "ghost"]

    @property
    def region_samples(self) -> SlowPoints:
        """The samples of slow regions, along which q stays at its minimum."""
        return self[self.label == "slow region"]

    # -- how they read ------------------------------------------------------------------------

    def _kinds(self) -> list[str]:
        return self.label.tolist()

    def _display(self) -> Display:
        if not len(self):
            return Display("no minimum of the speed", remarks=repr(self.starts).split("\n"))
        several = {"slow region": "samples of a slow region"}
        parts = [plural(n, label, several.get(label)) for label, n in Counter(self.label).items()]
        remarks = []
        if self.certificate is not None:
            remarks.append(slow_proof_sentence(self.certificate, self.label))
        return Display(
            f"{plural(len(self), 'minimum', 'minima')} of the speed: {', '.join(parts)}",
            self._columns(),
            [*remarks, *self._starts_told()],
            self.provenance,
        )

    def _columns(self) -> list[Column]:
        return [
            Column("", [str(k) for k in range(len(self))], 5),
            Column("", self.label.tolist(), -11),
            Column("hits", [str(k) for k in self.hits], 6),
            Column("speed", [f"{v:.1e}" for v in self.speed], 8),
            Column("gradient", [f"{v:.0e}" for v in self.gradient_norm], 8),
            Column("curvature", [f"{v:.1e}" for v in self.curvature], 9),
            Column("dwell", [f"{v:.3g}" for v in self.dwell_time], 8),
            self._stability_column(),
            Column("kinks", [str(k) for k in self.n_kinks], 5),
            Column(" x", [f" {position(x)}" for x in self.xstar]),
        ]
