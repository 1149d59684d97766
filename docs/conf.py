"""Settings of Sphinx for the documentation site, which `make docs` builds."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
from sphinx.domains.python import PyXRefRole

import stillpoint

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from api_pages import homes, pages  # noqa: E402

mpl.use("agg")

project, author = "stillpoint", "The stillpoint authors"
version = release = stillpoint.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["api_pages.py"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

default_role = "py:obj"  # a public name in single backquotes is a link, all else is code
nitpick_ignore_regex = [
    (r"py:class", r".*"),  # annotations also name shapes, other libraries and internal classes
    (r"py:obj", r"(?s)(?!stillpoint\.|sp\.).*"),
]
suppress_warnings = ["ref.python"]  # names that several modules of `compat` have
numpydoc_show_class_members = False
autodoc_typehints_format = "short"
add_module_names = False
python_maximum_signature_line_length = 88

html_theme = "pydata_sphinx_theme"
html_title = f"stillpoint {release}"
html_theme_options = {"show_prev_next": False}
html_sidebars = {"glossary": [], "generated/tutorial/*": []}
html_show_sourcelink = False
html_show_copyright = False

sphinx_gallery_conf = {
    "examples_dirs": ["../examples/tutorial", "../examples/gallery"],
    "gallery_dirs": ["generated/tutorial", "generated/gallery"],
    "filename_pattern": "/",
    "within_subsection_order": "FileNameSortKey",
    "doc_module": ("stillpoint",),
    "reference_url": {"stillpoint": None},
    "backreferences_dir": "generated/backreferences",
    "write_computation_times": False,
    "abort_on_example_error": True,
}


class DefaultRole(PyXRefRole):
    """Code that is a link where it names something public; `.npz` keeps its dot."""

    def process_link(self, env, refnode, has_explicit_title, title, target):
        """Return what is shown, and the name that is looked up."""
        shown, target = super().process_link(env, refnode, has_explicit_title, title, target)
        return title if title.startswith(".") else shown, target


def write_api_pages(_app):
    """Write the pages of the API reference that have changed, and remove those of old names."""
    folder, written = HERE / "generated" / "api", pages()
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.rst"):
        if path.stem not in written:
            path.unlink()
    for name, text in written.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def told_signature(_app, _what, _name, _thing, _options, signature, returned):
    """Return a signature that Sphinx can read, as it cannot those with defaults that are made."""
    return signature and signature.replace("<factory>", "..."), returned


def find_public_name(app, env, node, contnode):
    """Link a public name that is written without its namespace, or with `sp.`."""
    if node.get("refdomain") != "py":
        return None
    told = homes()
    names = {full.rsplit(".", 1)[1]: home for full, home in reversed(told.items())} | told
    home = names.get(node["reftarget"].replace("sp.", "stillpoint.", 1))
    python = env.domains["py"]
    return home and python.resolve_xref(
        env, node["refdoc"], app.builder, "obj", home, node, contnode
    )


def setup(app):
    """Connect what is above to the build."""
    app.add_role_to_domain("py", "obj", DefaultRole(), override=True)
    app.connect("builder-inited", write_api_pages, priority=100)
    app.connect("autodoc-process-signature", told_signature)
    app.connect("missing-reference", find_public_name)
