"""Cycles of piecewise-linear networks, as published with the SCYFI algorithm.

Numbers of cycles are those of its tests (Eisenmann, Monfared, Göring and Durstewitz 2023).
"""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp

# diagonal, weights between the two units, second bias, and the period of two cycles
PAIRS = [
    ((0.8377689000000008, 0.96461297), (-0.6437499999999996, 0.52505308), -0.97931491, 16),
    ((0.9777689, 0.96461297), (-0.14375, 0.52505308), -0.97931491, 27),
    ((0.9777689, 0.96461297), (-0.14375, 1.1750530800000014), -0.97931491, 31),
    ((0.9777689, 0.96461297), (-0.6437499999999996, 0.52505308), -0.97931491, 40),
    ((0.9377689000000009, 0.96461297), (-0.6437499999999996, 0.52505308), -0.97931491, 53),
    ((0.9777689, 0.96461297), (-0.14375, 1.3250530800000015), -0.97931491, 65),
    ((0.9777689, 0.96461297), (-0.14375, 0.52505308), -0.779314909999999, 80),
    ((0.9777689, 0.96461297), (-0.14375, 0.675053080000001), -0.97931491, 83),
]


def pair(diagonal, weights, bias) -> sp.System:
    W = np.array([[0.0, weights[0]], [weights[1], 0.0]])
    b = np.array([0.37298253, bias])
    return sp.as_system(sp.cells.ShallowCell.plrnn(diagonal, W, np.zeros((2, 0)), b))


@pytest.mark.parametrize(
    ("diagonal", "weights", "bias", "period"),
    [PAIRS[0], *[pytest.param(*pair, marks=pytest.mark.slow) for pair in PAIRS[1:]]],
)
def test_two_long_cycles_of_two_units(diagonal, weights, bias, period):
    system = pair(diagonal, weights, bias)
    cycles = sp.find_cycles(system, periods=period, max_starts=192)
    assert cycles.period.tolist() == [1, period, period]
    assert cycles.is_stable.tolist() == [False, True, False]
    assert cycles.proved.all()
    for row in range(3):
        above = ["".join("01"[int(v > 0)] for v in state) for state in cycles.orbit(row)]
        assert cycles.itinerary(row) == tuple(above)


def test_smooth_networks_have_no_itinerary():
    smooth = sp.as_system(lambda x: np.tanh(-2 * x), state_size=1)
    with pytest.raises(sp.ArgumentError, match=r"^row: the system is not known"):
        sp.find_cycles(smooth, periods=2, max_starts=32).itinerary(0)


@pytest.mark.slow
def test_two_cycles_of_ten_units():
    cell = sp.cells.ShallowCell.plrnn(np.full(10, 0.09658233076334), TEN, np.zeros((10, 0)), BIAS)
    cycles = sp.find_cycles(sp.as_system(cell), periods=(9, 10), max_starts=256)
    assert (cycles.period == 10).sum() == 2
    assert (cycles.period == 9).sum() == 0
    assert cycles.proved.all()


def test_cycles_of_a_shallow_network():
    cell = sp.cells.ShallowCell(*SHALLOW[:3], np.zeros((2, 0)), *SHALLOW[3:], "relu")
    cycles = sp.find_cycles(sp.as_system(cell), periods=range(1, 5), max_starts=256)
    assert cycles.period.tolist() == [2, 2, 4]
    assert cycles.proved.all()


def numbers(text: str, *shape: int) -> np.ndarray:
    return np.array(text.split(), dtype=float).reshape(shape)


TEN = numbers(
    """
    1.7141654 0.90136945 0.7356431 -0.45661467 -1.0216872 -2.1104505 -0.1265201 0.8208984
    -0.16492529 0.10196607 1.2489663 0.36885896 0.47238302 -0.4648625 -0.8395844 -1.6625919
    -0.27828497 0.4668116 0.2430289 0.43664113 0.4888246 0.31421587 0.061512344 0.03574979
    -0.43089348 -0.9017075 0.06113107 0.45323887 -0.12256672 -0.22407334 -0.8275283 -0.6372472
    -0.6524501 0.5350839 0.143212 0.3879285 0.17147072 0.18457298 0.33618844 -0.31503707 0.4699096
    0.36021802 0.40548527 -0.773131 -0.41375652 -0.45799288 -0.33785427 0.0071197264 -0.12557332
    0.4461898 1.7938753 0.933799 0.9427183 -0.4197829 -1.0978042 -2.340497 -0.60876435 0.8649732
    -0.11037506 0.4225005 -0.46095127 -0.282801 -0.14612287 0.23626074 0.43258965 0.68257767
    0.36670405 -0.25161934 0.1560926 -0.09981756 -0.1794313 -0.046297066 -0.23596726 0.60501343
    0.077439524 -0.037234787 0.18110584 0.3498277 -0.007887238 -0.4353217 -0.3996467 -0.28196895
    -0.1993325 -0.027839307 0.20849963 0.4165471 0.17119904 -0.2667973 0.25180992 0.13836445
    0.4042766 0.52036214 0.21992852 -0.1569775 0.024118641 -0.08136176 -0.20892598 -0.1640525
    -0.3731168 0.09140323
    """,
    10,
    10,
)
BIAS = numbers(
    """
    -0.25387551903975236 -0.12912468150368078 -0.3746121660912428 0.5381540053468717
    0.13797574730440254 -0.9145060467607822 -0.47008295657633226 0.23037773308426446
    0.5373384681742799 0.32054443856805936
    """,
    10,
)
SHALLOW = (
    np.array([0.6172450705591427, 0.5261273846061184]),
    numbers(
        """
        -1.022331291385995 -0.6068651009735164 0.005478115970447768 -0.6765758765817282
        0.17667276783032312 -0.37241595029711383 -0.2799681077442852 1.6336122869854053
        0.7388068389577566 0.43655916960874785 -0.23031703096807454 -0.155167269588236
        1.1743020054655264 1.4693401983283279 -1.141192841208352 0.11938698490497139
        0.6192500266755361 0.03950302999313116 -0.9179498107708933 -0.1216362805456489
        """,
        2,
        10,
    ),
    numbers(
        """
        1.753949852408234 -0.692574927107241 -0.45303568496148183 -0.5365936668032565
        0.07984706960954363 -0.48651643130319855 -1.0455124065967838 -0.22986736948781128
        0.048362883726876985 0.8959123953895494 -1.0545422354241465 0.5685368747406444
        -0.43826625604171476 -2.1955495493951815 -0.8981129185384389 -0.6454540072455006
        0.6162103523913983 -0.8644618121879155 -1.2236281701654421 -2.059927291272103
        """,
        10,
        2,
    ),
    numbers(
        """
        -0.5480895548836227 -0.2922735885352696
        """,
        2,
    ),
    numbers(
        """
        0.5352937111114038 -1.110030373073419 -1.3146036515301616 0.2748467715335772
        -1.4155203620983157 0.7891282169615852 -0.13084812694281087 -0.40652418385647066
        -0.9383323642698853 -0.9983356016811977
        """,
        10,
    ),
)
