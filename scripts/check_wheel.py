"""Check what `make dist` has built.

    python scripts/check_wheel.py dist/*.whl

All files of the package are in it and no others, weights and the mark that it is typed among them;
and no link of the page that a package index shows leads to a file beside it.
"""

import re
import sys
from pathlib import Path
from zipfile import ZipFile

SOURCE = Path(__file__).parents[1] / "src"
paths = [path for path in SOURCE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
wanted = {path.relative_to(SOURCE).as_posix() for path in paths} | {"stillpoint/py.typed"}

with ZipFile(sys.argv[1]) as wheel:
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    page = wheel.read(metadata).decode()

relative = re.findall(r"\]\((?!https?:|#)[^)]*", page)
problems = {"missing": wanted - held, "not wanted": held - wanted, "relative links": relative}
if any(problems.values()):
    sys.exit("\n".join(f"{what}: {sorted(found)}" for what, found in problems.items() if found))
print(f"{sys.argv[1]}: {len(held)} files, as wanted")
