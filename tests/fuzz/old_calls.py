"""Calls by names of other tools that several of them share: outliers, containers, flow fields."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from calls import Call, closed

from stillpoint.compat import canns, fixed_point_finder, mrnntorch, rnntoolkit

X, U = torch.eye(3, 4), torch.zeros(3, 1)


def old_calls(network: Any, elman: Any, search: dict[str, Any]) -> dict[str, Call]:
    """Return them, by what they call; the networks have regions "a" and "b", of two units each."""
    rnn = torch.nn.RNN(1, 4)
    return (
        _outliers(rnn, network, elman)
        | _searches(rnn, search)
        | _linear(rnn)
        | _flows(rnn, network, elman)
        | _helpers()
        | _regions(network, elman)
        | _drawings()
    )


def _outliers(rnn: Any, network: Any, elman: Any) -> dict[str, Call]:
    step = lambda inputs, h: (None, np.tanh(h))  # noqa: E731
    tensors = mrnntorch.FixedPointCollection(X, qstar=X[:, 0])
    arrays = fixed_point_finder.FixedPoints(X.numpy(), qstar=X.numpy()[:, 0])
    finders: dict[str, tuple[Any, Any]] = {
        "canns.FixedPointFinder": (canns.FixedPointFinder(step), arrays),
        "fixed_point_finder.FixedPointFinderTorch": (
            fixed_point_finder.FixedPointFinderTorch(step),
            arrays,
        ),
        "fixed_point_finder.FixedPointFinderTF": (
            fixed_point_finder.FixedPointFinderTF(step),
            arrays,
        ),
        "mrnntorch.mFixedPointFinder": (mrnntorch.mFixedPointFinder(network), tensors),
        "mrnntorch.emFixedPointFinder": (mrnntorch.emFixedPointFinder(elman), tensors),
        "rnntoolkit.FixedPointFinder": (rnntoolkit.FixedPointFinder(rnn), tensors),
        "rnntoolkit.FixedPointFinderBase": (rnntoolkit.FixedPointFinderBase(rnn), tensors),
    }
    found: dict[str, Call] = {}
    for name, (finder, fps) in finders.items():
        own, near = f"compat.{name}", {"initial_states": X, "dist_thresh": 1.0}
        found |= {
            f"{own}.identify_q_outliers": Call(
                finder.identify_q_outliers, {"fps": fps, "q_thresh": 0.5}
            ),
            f"{own}.identify_q_non_outliers": Call(
                finder.identify_q_non_outliers, {"fps": fps, "q_thresh": 0.5}
            ),
            f"{own}.get_init_non_distance_outliers": Call(
                finder.get_init_non_distance_outliers, near
            ),
            f"{own}.get_fp_non_distance_outliers": Call(
                finder.get_fp_non_distance_outliers, {"fps": fps, **near}
            ),
            f"{own}.identify_distance_non_outliers": Call(
                finder.identify_distance_non_outliers, {"fps": fps, **near}
            ),
        }
    return found


def _searches(rnn: Any, search: dict[str, Any]) -> dict[str, Call]:
    found: dict[str, Call] = {}
    for kind in (rnntoolkit.FixedPointFinder, rnntoolkit.FixedPointFinderBase):
        own, finder = f"compat.rnntoolkit.{kind.__name__}", kind(rnn, verbose=False)
        drawing = {"n_inits": 2, "noise_scale": 0.1, "exclude_zero_tensors": False}
        found |= {
            own: Call(
                lambda rnn, solver, **told: rnntoolkit.FixedPointFinder(
                    rnn, solver=solver, **told
                ).find_fixed_points(X, U),
                {"rnn": rnn, "solver": "newton", **search},
                free=("n_iters_per_print_update",),
                also={"rnn": "model"},
            ),
            f"{own}.sample_states": Call(
                finder.sample_states,
                {"state_traj": torch.ones(2, 3, 4), **drawing},
                also={"state_traj": "trajectories", "n_inits": "n", "noise_scale": "noise"},
            ),
            f"{own}.default_hps": Call(kind.default_hps, {}),
        }
    finder = rnntoolkit.FixedPointFinder(rnn, verbose=False)
    found["compat.rnntoolkit.FixedPointFinder.find_fixed_points"] = Call(
        finder.find_fixed_points, {"initial_states": X, "ext_inputs": U, "n_rounds_q_opt": 1}
    )
    return found


def _linear(rnn: Any) -> dict[str, Call]:
    own, linear = "compat.rnntoolkit.Linearization", rnntoolkit.Linearization(rnn)
    where = {"input": U[0], "h": X[0]}
    return {
        own: Call(rnntoolkit.Linearization, {"rnn": rnn}, also={"rnn": "model"}),
        f"{own}.jacobian": Call(linear.jacobian, where),
        f"{own}.forward": Call(linear.forward, {**where, "delta_input": U[0], "delta_h": X}),
        f"{own}.eigendecomposition": Call(linear.eigendecomposition, where, also={"input": "h"}),
    }


def _flows(rnn: Any, network: Any, elman: Any) -> dict[str, Call]:
    settings = {
        "fit_states": X,
        "num_points": 3,
        "x_offset": 1.0,
        "y_offset": 1.0,
        "x_center": 0.0,
        "y_center": 0.0,
        "follow_traj": False,
        "axes": None,
    }
    regions = {"region_list": ["a", "b"], "cancel_other_regions": False}
    nonlinear = {"stim_input": None, "W": None}
    base = {"states": X, "inp": U}
    leaky = {"xs": X, "input": U}
    kinds: dict[str, tuple[Any, Any, Any, Any]] = {
        "rnntoolkit.FlowFieldFinder": (rnn, {}, base, {**base, "delta_inp": U}),
        "rnntoolkit.FlowFieldFinderBase": (rnn, {}, None, None),
        "mrnntorch.mFlowFieldFinder": (
            network,
            regions,
            {**leaky, **nonlinear},
            {**leaky, "delta_input": U, "delta_state_static": None},
        ),
        "mrnntorch.emFlowFieldFinder": (
            elman,
            regions,
            {**base, **nonlinear},
            {**base, "delta_inp": U, "delta_h_static": None},
        ),
    }
    # What a subclass passes on is told by the names of the class that it specialises.
    also = {"xs": "states", "inp": "input", "W": "W_rec", "delta_inp": "delta_input"}
    also |= {"stim_input": "input", "delta_h_static": "delta_state_static"}
    found: dict[str, Call] = {}
    for name, (model, more, step, linear) in kinds.items():
        module, kind_name = name.split(".")
        kind = getattr({"rnntoolkit": rnntoolkit, "mrnntorch": mrnntorch}[module], kind_name)
        own, finder = f"compat.{name}", kind(model, X, 3)
        found |= {
            own: Call(
                lambda rnn, kind=kind, **told: kind(rnn, **told),
                {"rnn": model, **settings, **more},
                free=("rnn",) if kind_name == "FlowFieldFinderBase" else (),
                also={"rnn": "model", "region_list": "region", "axes": "fit_states"},
            ),
            f"{own}.default_hps": Call(kind.default_hps, {}),
            f"{own}.transform": Call(finder.transform, {"x": X}),
            f"{own}.inverse_transform": Call(finder.inverse_transform, {"x": X[:, :2]}),
        }
        if step is not None:
            found[f"{own}.find_nonlinear_flow"] = Call(finder.find_nonlinear_flow, step, also=also)
            found[f"{own}.find_linear_flow"] = Call(finder.find_linear_flow, linear, also=also)
    flow = {"x_vels": X, "y_vels": X, "grid": torch.zeros(3, 4, 2), "speeds": X}
    for module in ("rnntoolkit", "mrnntorch"):
        found[f"compat.{module}.FlowField"] = Call(
            rnntoolkit.FlowField, flow, also={"x_vels": "y_vels"}
        )
    return found


def _helpers() -> dict[str, Call]:
    own, pair = "compat.rnntoolkit", {"v1": X[0], "v2": X[1]}
    also = {"v1": "v2"}
    return {
        f"{own}.unit_vector": Call(rnntoolkit.unit_vector, {"vector": X[0]}),
        f"{own}.angle_between": Call(rnntoolkit.angle_between, pair, also=also),
        f"{own}.projection": Call(rnntoolkit.projection, pair, also=also),
        f"{own}.orthogonalize": Call(
            lambda v1, vectors: rnntoolkit.orthogonalize(v1, vectors),
            {"v1": X[0], "vectors": X[1]},
            also={"v1": "vectors"},
        ),
        f"{own}.line_attractor_score": Call(
            rnntoolkit.line_attractor_score, {"lambda_1": 0.9, "lambda_2": 0.5, "tau": 1.0}
        ),
    }


def _regions(network: Any, elman: Any) -> dict[str, Call]:
    region = {"num_units": 2, "sign": "pos", "device": "cpu"}
    more = {"base_firing": 0.0, "init": 0.0, "parent_region": None, "learnable_bias": False}
    adding = {"dst_region_name": "b", "dst_region_units": 3, "sparsity": 0.5}
    found: dict[str, Call] = {}
    for name, kind, told in (
        ("RecurrentRegion", mrnntorch.RecurrentRegion, {**region, **more}),
        ("InputRegion", mrnntorch.InputRegion, region),
    ):
        own = f"compat.mrnntorch.{name}"
        found |= {
            own: Call(kind, told, also={"device": "dtype"}),
            f"{own}.add_connection": Call(
                lambda kind=kind, **told: kind(2).add_connection(**told),
                {**adding, "zero_connection": False},
            ),
            f"{own}.has_connection_to": Call(kind(2).has_connection_to, {"region": "b"}),
        }
    for name, rnn in (("mRNN", network), ("ElmanmRNN", elman)):
        own = f"compat.mrnntorch.{name}"
        found |= {
            f"{own}.batched_initial_condition": Call(
                rnn.batched_initial_condition, {"batch_size": 2}
            ),
            f"{own}.gen_w": Call(rnn.gen_w, {"dict_": rnn.region_dict}),
        }
    return found


def _drawings() -> dict[str, Call]:
    from matplotlib.figure import Figure

    point, axes = fixed_point_finder.FixedPoints(np.ones((1, 2))), Figure().add_subplot()
    drawing = {
        "ax": axes,
        "fp": point,
        "pca": None,
        "scale": 1.0,
        "max_n_modes": 3,
        "do_plot_unstable_fps": True,
        "do_plot_stable_modes": False,
        "stable_color": "k",
        "stable_marker": ".",
        "unstable_color": "r",
        "unstable_marker": None,
    }
    colours = tuple(name for name in drawing if "stable_" in name and "do" not in name)
    settings = {"title": "", "figsize": (4, 3)}
    static = canns.PlotConfig.for_static_plot
    return {
        "compat.fixed_point_finder.plot_fixed_point": Call(
            closed(fixed_point_finder.plot_fixed_point),
            drawing,
            free=(*colours, "pca"),
            also={"pca": "projection"},
        ),
        "compat.fixed_point_finder.plot_123d": Call(
            closed(fixed_point_finder.plot_123d),
            {"ax": axes, "z": np.zeros((3, 2))},
            also={"z": "ax"},
        ),
        "compat.canns.PlotConfig.for_static_plot": Call(lambda **told: static(**told), settings),
        "compat.canns.PlotConfig.for_animation": Call(
            lambda **told: canns.PlotConfig.for_animation(**told),
            {"time_steps_per_second": 10, **settings},
            free=("time_steps_per_second",),
        ),
        "compat.canns.PlotConfig.to_matplotlib_kwargs": Call(
            canns.PlotConfig().to_matplotlib_kwargs, {}
        ),
    }
