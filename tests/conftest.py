"""Shape and type annotations are checked at run time while the tests run."""

from __future__ import annotations

from jaxtyping import install_import_hook

with install_import_hook("stillpoint", "typechecker.typechecker"):
    import stillpoint  # noqa: F401
