"""The record of how far apart many networks are, each from each, and which are of one topology."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np
from jaxtyping import Float, Int, Shaped

from ..._core.display import Column, Display, plural
from ..._core.record import Record, column, plain
from ..._core.validation import check_option, check_whole, read_rows
from ..._core.values import Domain
from ...errors import ArgumentError
from .record import MAPS

if TYPE_CHECKING:
    import pandas

#: In what networks can differ.
ASPECTS = {
    "counts": "points to be added or taken away until both have as many of each kind",
    "spectra": "mean distance of the spectra of paired points",
    "shape": "root of Procrustes' disparity of paired points",
    "graph": "nodes and edges to be changed; 0 for isomorphic graphs",
    "machine": "2 to the power of minus the length of the shortest word that tells them apart",
    "events": "events of the diagrams to be changed",
}

# Names of networks that a class shows.
_NAMES = 6


@final
@dataclass(frozen=True, eq=False, repr=False)
class NetworkDistances(Record):
    """How far apart networks are; made by `stillpoint.compare_all`.

    Attributes
    ----------
    name
        What each network is called, shape (n,).
    aspect
        In what they were compared, shape (a,): those of "counts", "spectra", "shape", "graph",
        "machine" and "events" of which there are records.
    distance
        Each from each, shape (a, n, n), symmetric, 0 of each from itself; NaN where not known.
    topology
        A class for each network, shape (n,), the largest class first: those of one class have as
        many points with each number of unstable directions, and isomorphic graphs (see `compare`)
        where there are graphs.
    polynomial
        The index polynomial of each, such as 8 + 12t + 6t^2 + t^3.
    up_to
        The maps of the states that were allowed.
    has_graphs
        Whether classes were told apart by graphs as well.
    """

    rows = "network"

    name: Shaped[np.ndarray, " n"] = column("network", long_name="name")
    aspect: Shaped[np.ndarray, " a"] = column(
        "what", long_name="what was compared", domain=Domain(options=tuple(ASPECTS))
    )
    distance: Float[np.ndarray, "a n n"] = column(
        "what",
        "network",
        "other",
        long_name="distance of two networks",
        domain=Domain(least=0, missing=True),
    )
    topology: Int[np.ndarray, " n"] = column(
        "network", long_name="class of equal topology", domain=Domain(least=0)
    )
    polynomial: Shaped[np.ndarray, " n"] = column("network", long_name="index polynomial")
    up_to: str = plain(domain=Domain(options=MAPS))
    has_graphs: bool = plain()

    def __len__(self) -> int:
        return len(self.name)

    def take(self, rows: Any) -> NetworkDistances:
        """Return the distances of some networks, in their classes as they are.

        Raises
        ------
        ArgumentError
            If there is no such row.
        """
        rows = read_rows("rows", rows, len(self))
        return replace(
            self,
            name=self.name[rows],
            distance=self.distance[:, rows][:, :, rows],
            topology=self.topology[rows],
            polynomial=self.polynomial[rows],
        )

    def matrix(self, aspect: str) -> Float[np.ndarray, "n n"]:
        """Return the distances in one aspect.

        Raises
        ------
        ArgumentError
            If networks were not compared in it.
        """
        check_option("aspect", aspect, self.aspect.tolist())
        matrix: np.ndarray = self.distance[self.aspect.tolist().index(aspect)]
        return matrix

    def known_in(self, aspect: str) -> NetworkDistances:
        """Return the networks whose distances from each other in one aspect are all known.

        Those of which most are not known are left out first.

        Raises
        ------
        ArgumentError
            If networks were not compared in it.
        """
        missing = np.isnan(self.matrix(aspect))
        rows = np.arange(len(self))
        while missing[np.ix_(rows, rows)].any():
            rows = np.delete(rows, missing[np.ix_(rows, rows)].sum(axis=0).argmax())
        return self.take(rows)

    def embed(
        self, aspect: str, dimensions: int = 2
    ) -> tuple[Float[np.ndarray, "n k"], Float[np.ndarray, " k"]]:
        """Return places whose distances are as near to those of the networks as can be.

        By classical scaling (Torgerson 1952): the leading eigenvectors of the centred squares.

        Parameters
        ----------
        aspect
            In what.
        dimensions
            How many coordinates.

        Returns
        -------
        places, shape (n, k), and the share of the eigenvalues that each coordinate has

        Raises
        ------
        ArgumentError
            If a distance is not known, or there are no such aspect or dimensions.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> cell = lambda g: sp.cells.VanillaCell(g * np.eye(2), np.zeros((2, 0)), np.zeros(2))
        >>> systems = {str(g): cell(g) for g in (0.5, 1.5, 2.0)}
        >>> both = sp.compare_all(sp.sweep(systems, "find_all_fixed_points"))
        >>> places, share = both.embed("counts", dimensions=1)
        >>> abs(places[0] - places[1]).round(9), share.round(9)
        (array([8.]), array([1.]))
        """
        matrix = self.matrix(aspect)
        most = max(len(self) - 1, 1)
        dimensions = check_whole("dimensions", dimensions, least=1, most=most)
        if not np.isfinite(matrix).all():
            raise ArgumentError(
                f"aspect: the distances in {aspect!r} are not all known; see known_in({aspect!r}), "
                f"or take another aspect."
            )
        centring = np.eye(len(self)) - 1 / max(len(self), 1)
        values, vectors = np.linalg.eigh(-0.5 * centring @ matrix**2 @ centring)
        total = np.abs(values).sum()  # negative where no places have such distances
        values, vectors = values[::-1][:dimensions].clip(0), vectors[:, ::-1][:, :dimensions]
        largest = np.abs(vectors).argmax(axis=0)
        vectors = vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])])  # one of two
        return vectors * np.sqrt(values), values / total if total else np.zeros_like(values)

    @property
    def classes(self) -> list[list[str]]:
        """The names of the networks in each class of equal topology, the largest first."""
        n = int(self.topology.max(initial=-1)) + 1
        return [self.name[self.topology == k].tolist() for k in range(n)]

    @property
    def verdict(self) -> str:
        """How many topologies there are, in a sentence."""
        sizes = [len(names) for names in self.classes]
        by = "points by unstable directions" + (" and graphs" if self.has_graphs else "")
        told = ", ".join(map(str, sizes[:_NAMES])) + (", ..." if len(sizes) > _NAMES else "")
        topologies = plural(len(sizes), "topology", "topologies")
        return f"{plural(len(self), 'network')}, {topologies} by {by}, of {told} networks"

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a `pandas.DataFrame`, one row for each pair of networks."""
        import pandas as pd

        first, second = np.triu_indices(len(self), k=1)
        columns: Mapping[str, Any] = {"first": self.name[first], "second": self.name[second]}
        distances = {a: self.matrix(a)[first, second] for a in self.aspect.tolist()}
        same = {"same_topology": self.topology[first] == self.topology[second]}
        return pd.DataFrame({**columns, **distances, **same})

    def _display(self) -> Display:
        names = [", ".join(c[:_NAMES]) + (", ..." if len(c) > _NAMES else "") for c in self.classes]
        told = [self.polynomial[self.topology == k][0] for k in range(len(names))]
        columns = [
            Column("class", [str(k) for k in range(len(names))], 5),
            Column("networks", [str(len(c)) for c in self.classes], 8),
            Column("points", told, max(map(len, [*told, "points"]))),
            Column(" names", [f" {name}" for name in names]),
        ]
        return Display(self.verdict, columns if names else ())

    def _coordinates(self) -> dict[str, tuple[tuple[str, ...], Any, dict[str, str]]]:
        return {}

    def _contradictions(self) -> Iterator[str]:
        if self.distance.shape[1] != self.distance.shape[2]:
            yield "distance: it is not of each network from each"
