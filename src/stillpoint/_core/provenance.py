"""What results depend on and rest on: versions of libraries, and sources to cite."""

from __future__ import annotations

import platform
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version

# Whose versions a report of a problem should contain.
_FRAMEWORKS = "torch jax flax equinox brainpy brainstate keras tensorflow tensorflow-cpu".split()  # noqa: SIM905

#: What the parts of a result rest on.
_SOURCES = {
    "points": "fixed and slow points as minima of q: Sussillo and Barak (2013) Neural Comput. "
    "25:626",
    "census": "index sum: Brouwer (1911), Lefschetz (1926); hits: Good (1953) Biometrika 40:237, "
    "Chao (1984) Scand. J. Stat. 11:265",
    "curves": "closed curves: Haro, Canadell, Figueras, Luque and Mondelo (2016) The "
    "Parameterization Method for Invariant Manifolds; rotation numbers: Das, Saiki, Sander and "
    "Yorke (2017) Nonlinearity 30:4111",
    "proofs": "interval proofs: Krawczyk (1969) Computing 4:187, Rump (2010) Acta Numer. 19:287",
}


@cache  # reading a version takes a millisecond or two
def version_of(package: str) -> str:
    """Return the version of a package that is installed, or "not installed"."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


#: The versions that every result depends on.
ENVIRONMENT = {
    **{name: version_of(name) for name in ("stillpoint", "numpy", "scipy")},
    "python": platform.python_version(),
    "platform": platform.platform(),
}


def show_versions() -> None:
    """Print the versions that a report of a problem should contain.

    Examples
    --------
    >>> show_versions()  # doctest: +ELLIPSIS
    stillpoint ...
    """
    told = ENVIRONMENT | {name: version_of(name) for name in _FRAMEWORKS}
    width = max(map(len, told))
    sys.stdout.write("".join(f"{name:<{width}} {value}\n" for name, value in told.items()))


def citation(*parts: str) -> str:
    """Return what to cite for a result with these parts: points, census, curves, proofs.

    Examples
    --------
    >>> citation("points").splitlines()[-1][:31]
    'fixed and slow points as minima'
    """
    tool = f"The stillpoint authors. stillpoint {version_of('stillpoint')} (software)."
    return "\n".join([tool, *(_SOURCES[part] for part in parts)])
