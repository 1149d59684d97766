"""One look for all figures: colours that the colour-blind tell apart, never the only difference.

The palette is Okabe and Ito's (2008), with the grey that R adds to it. Whatever differs in colour
differs in its marker, its fill, its line or its hatch as well, so figures can be printed in grey.
"""

from __future__ import annotations

from typing import Any

BLACK, GREY = "#000000", "#999999"
_ORANGE, _SKY, _GREEN, _YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
_BLUE, _VERMILLION, _PURPLE = "#0072B2", "#D55E00", "#CC79A7"

#: Colours of points by their number of unstable directions: black is stable.
COUNTS = (BLACK, _VERMILLION, _SKY, _GREEN, _PURPLE, _ORANGE, _BLUE, _YELLOW)
#: Colours of conditions, which begin with those that `COUNTS` uses last.
CONDITIONS = (_BLUE, _ORANGE, _PURPLE, _GREEN, _SKY, _VERMILLION, _YELLOW)
#: Numbers of colours, markers, lines and hatches have no common factor, so that pairs of them last.
MARKERS = ("o", "D", "s", "^", "v", "P", "X", "<", "p", "h", ">")
LINES: tuple[Any, ...] = ("-", (0, (4, 2)), (0, (1, 1.5)), (0, (4, 1.5, 1, 1.5)), (0, (8, 2)))
HATCHES = (
    "",
    "////",
    "....",
    "\\\\\\\\",
    "xxxx",
    "----",
    "||||",
    "++++",
    "oo",
    "**",
    "/.",
    "\\.",
    "x.",
)

#: How lines of trajectories look that belong to no condition.
PLAIN = {"color": GREY, "lw": 0.5, "alpha": 0.5}

#: How the nullclines of the two axes of a plane look.
NULLCLINES = ({"color": _ORANGE, "ls": "-"}, {"color": _PURPLE, "ls": "--"})
