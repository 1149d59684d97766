"""Calls that need PyTorch: models of regions, and the names of other tools."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np
import torch
from calls import Call, closed
from core_calls import FOLDER
from old_calls import old_calls

from stillpoint import models
from stillpoint.compat import brainpy, canns, fixed_point_finder, mrnntorch

CONFIG: dict[str, Any] = {
    "recurrent_regions": [
        {"name": "exc", "num_units": 3},
        {"name": "inh", "num_units": 2, "sign": "neg"},
    ],
    "input_regions": [{"name": "in", "num_units": 1}],
    "recurrent_connections": [
        {"src_region": "exc", "dst_region": "inh"},
        {"src_region": "inh", "dst_region": "exc", "sparsity": 0.5},
    ],
    "input_connections": [{"src_region": "in", "dst_region": "exc"}],
}

CONNECTOME = models.Connectome.from_dict(CONFIG)
NETWORK = models.MultiRegionRNN(CONNECTOME, "tanh", dtype=torch.float64)
ELMAN = models.LeakyElmanRNN(1, 2, seed=0)
INPUTS, STATE = torch.zeros(2, 3, 1, dtype=torch.float64), torch.zeros(2, 5, dtype=torch.float64)
SEARCH = {
    "lr_init": 1.0,
    "lr_patience": 5,
    "lr_factor": 0.95,
    "lr_cooldown": 0,
    "tol_q": 1e-12,
    "tol_dq": 1e-20,
    "max_iters": 50,
    "do_rerun_q_outliers": False,
    "outlier_q_scale": 10.0,
    "do_exclude_distance_outliers": True,
    "outlier_distance_scale": 10.0,
    "tol_unique": 1e-3,
    "max_n_unique": np.inf,
    "dtype": "float32",
    "random_seed": 0,
    "verbose": False,
    "super_verbose": False,
    "n_iters_per_print_update": 100,
}
HPS = {**SEARCH, "method": "joint", "do_compute_jacobians": True, "do_decompose_jacobians": True}


def multi_region() -> dict[str, Call]:
    """Networks of regions and their tables."""
    config = FOLDER / "config.json"
    config.write_text(__import__("json").dumps(CONFIG))
    region = {"name": "a", "num_units": 2, "sign": "pos"}
    more = {"base_firing": 0.0, "init": 0.0, "parent_region": None, "learnable_bias": False}
    connection = {"src_region": "a", "dst_region": "a", "sparsity": None}
    lists = {name: getattr(CONNECTOME, name) for name in CONFIG}
    making: dict[str, Any] = {
        "connectome": CONNECTOME,
        "phi": "tanh",
        "form": "leaky",
        "dt": 10.0,
        "tau": 100.0,
        "dale": True,
        "dale_inputs": True,
        "spectral_radius": None,
        "noise": 0.01,
        "input_noise": 0.01,
        "batch_first": True,
        "seed": 0,
        "dtype": None,
        "device": None,
    }
    return {
        "models.RecurrentRegion": Call(
            lambda **told: models.Connectome([models.RecurrentRegion(**told)]), {**region, **more}
        ),
        "models.InputRegion": Call(
            lambda **told: models.Connectome([], [models.InputRegion(**told)]), region
        ),
        "models.Connection": Call(
            lambda **told: models.Connectome(
                [models.RecurrentRegion("a", 2)], [], [models.Connection(**told)]
            ),
            connection,
        ),
        "models.Connectome": Call(
            models.Connectome,
            lists,
            also={"recurrent_regions": "connectome", "input_regions": "connectome"},
        ),
        "models.Connectome.from_dict": Call(
            models.Connectome.from_dict, {"table": CONFIG}, also={"table": "connectome"}
        ),
        "models.Connectome.from_json": Call(
            models.Connectome.from_json, {"path": config}, ("path",), also={"path": "config"}
        ),
        "models.Connectome.per_unit": Call(CONNECTOME.per_unit, {"attribute": "init"}),
        "models.Connectome.recurrent_mask": Call(CONNECTOME.recurrent_mask, {"rng": None}),
        "models.Connectome.input_mask": Call(CONNECTOME.input_mask, {"rng": None}),
        "models.Connectome.recurrent_signs": Call(CONNECTOME.recurrent_signs, {}),
        "models.Connectome.input_signs": Call(CONNECTOME.input_signs, {}),
        "models.Connectome.without": Call(
            CONNECTOME.without, {"lesion": "exc"}, also={"lesion": "region"}
        ),
        "models.MultiRegionRNN": Call(
            models.MultiRegionRNN, making, ("connectome",), also={"connectome": "config"}
        ),
        "models.MultiRegionRNN.forward": Call(
            NETWORK.forward,
            {
                "inputs": INPUTS,
                "x0": None,
                "h0": None,
                "stimulus": None,
                "weights": None,
                "generator": None,
                "noisy": True,
            },
        ),
        "models.MultiRegionRNN.rates": Call(NETWORK.rates, {"inputs": INPUTS}),
        "models.MultiRegionRNN.activity": Call(
            lambda h, region: NETWORK.activity(h, region), {"h": STATE, "region": "exc"}
        ),
        "models.MultiRegionRNN.indices": Call(
            NETWORK.indices, {"*regions": ("exc",)}, also={"*regions": "region"}
        ),
        "models.MultiRegionRNN.initial_state": Call(NETWORK.initial_state, {"n": 2}),
        "models.MultiRegionRNN.system": Call(NETWORK.system, {"stimulus": False}),
        "models.MultiRegionRNN.weights_between": Call(
            NETWORK.weights_between,
            {"to": "exc", "source": "in"},
            also={"to": "region", "source": "region"},
        ),
        "models.MultiRegionRNN.without": Call(
            NETWORK.without, {"*lesions": ("exc",)}, also={"*lesions": "lesion region"}
        ),
        "models.LeakyElmanRNN": Call(
            models.LeakyElmanRNN,
            {
                "input_size": 1,
                "hidden_size": 2,
                "alpha": 1.0,
                "nonlinearity": "relu",
                "batch_first": True,
                "seed": 0,
                "dtype": None,
                "device": None,
            },
        ),
        "models.LeakyElmanRNN.forward": Call(
            ELMAN.forward, {"inputs": torch.zeros(2, 3, 1), "h0": None}
        ),
    }


def containers() -> dict[str, Call]:
    """Containers of fixed points by other tools' names."""
    x = np.array([[0.5, -0.5], [0.0, 1.0]])
    fields = {
        "xstar": x,
        "x_init": x,
        "inputs": np.zeros((2, 1)),
        "F_xstar": x,
        "qstar": np.zeros(2),
        "dq": np.zeros(2),
        "n_iters": np.zeros(2, dtype=int),
        "J_xstar": np.zeros((2, 2, 2)),
        "dFdu": np.zeros((2, 2, 1)),
        "eigval_J_xstar": np.zeros((2, 2), dtype=complex),
        "eigvec_J_xstar": np.zeros((2, 2, 2), dtype=complex),
        "is_stable": np.ones(2, dtype=bool),
        "cond_id": np.zeros(2, dtype=int),
        "tol_unique": 1e-3,
        "dtype": np.float32,
        "dtype_complex": np.complex64,
    }
    arrays = {**fields}
    empty = {"do_alloc_nan": True, "n": 2, "n_states": 2, "n_inputs": 1, "verbose": False}
    found: dict[str, Call] = {}
    for tool, kind in {
        "canns": canns.FixedPoints,
        "fixed_point_finder": fixed_point_finder.FixedPoints,
    }.items():
        name, fps = f"compat.{tool}.FixedPoints", kind(**arrays)
        one = fps[0]
        found |= {
            name: Call(
                lambda kind=kind, **told: kind(**told),
                arrays,
                free=("eigval_J_xstar", "eigvec_J_xstar", *_MAY_BE_NAN),
            ),
            f"{name}.assert_valid_shapes": Call(fps.assert_valid_shapes, {}),
            f"{name}.print_shapes": Call(fps.print_shapes, {}),
            f"{name}.concatenate": Call(kind.concatenate, {"fps_seq": [fps, fps]}),
            f"{name}.find": Call(fps.find, {"fp": one, "use_F_xstar": False}, free=("fp",)),
            f"{name}.get_unique": Call(fps.get_unique, {"use_F_xstar": False}),
            f"{name}.transform": Call(fps.transform, {"U": np.eye(2), "offset": 0.0}),
            f"{name}.update": Call(
                lambda new_fps, kind=kind: kind(**arrays).update(new_fps), {"new_fps": fps}
            ),
            f"{name}.with_fields": Call(fps.with_fields, {"new": {"xstar": x}}),
            f"{name}.filled": Call(fps.filled, {}),
            f"{name}.row_fields": Call(fps.row_fields, {}),
            f"{name}.print_summary": Call(fps.print_summary, {}),
            f"{name}.decompose_jacobians": Call(fps.decompose_jacobians, {}),
        }
    fps.save(FOLDER / "fps.nc")
    own, FixedPoints = "compat.fixed_point_finder.FixedPoints", fixed_point_finder.FixedPoints
    found |= {
        f"{own} of NaN": Call(lambda **told: FixedPoints(**told), empty),
        f"{own}.save": Call(
            fps.save, {"save_path": FOLDER / "b.nc"}, ("save_path",), also={"save_path": "path"}
        ),
        f"{own}.restore": Call(
            lambda restore_path: FixedPoints().restore(restore_path),
            {"restore_path": FOLDER / "fps.nc"},
            ("restore_path",),
        ),
        f"{own}.plot": Call(closed(lambda: fps.plot()), {}),
        "compat.fixed_point_finder.plot_fps": Call(
            closed(fixed_point_finder.plot_fps),
            {
                "fps": fps,
                "state_traj": np.zeros((2, 3, 2)),
                "plot_batch_idx": None,
                "plot_start_time": 0,
                "plot_stop_time": None,
                "mode_scale": 0.25,
                "fig": None,
            },
            also={"plot_batch_idx": "state_traj"},
        ),
    }
    for size in ("2d", "3d"):
        found[f"compat.canns.plot_fixed_points_{size}"] = Call(
            closed(getattr(canns, f"plot_fixed_points_{size}")),
            {
                "fixed_points": canns.FixedPoints(**arrays),
                "state_traj": np.zeros((2, 3, 2)),
                "config": canns.PlotConfig(show=False),
                "plot_batch_idx": None,
                "plot_start_time": 0,
            },
            also={"plot_batch_idx": "state_traj"},
        )
    found["compat.canns.PlotConfig"] = Call(
        lambda **told: closed(canns.plot_fixed_points_2d)(
            fixed_points=canns.FixedPoints(**arrays),
            state_traj=np.zeros((2, 3, 2)),
            config=canns.PlotConfig(**told),
        ),
        {
            "title": "",
            "xlabel": "",
            "ylabel": "",
            "figsize": (4, 3),
            "grid": False,
            "save_path": None,
            "show": False,
            "show_legend": True,
            "save_dpi": 100,
            "savefig_kwargs": {},
            "rasterized": None,
            **dict.fromkeys(_ELSEWHERE),
        },
        ("save_path",),
        free=("title", "xlabel", "ylabel", *_ELSEWHERE),
        also={"save_path": "path"},
    )
    return found | _collection()


# Settings of other figures of CANNs.
_ELSEWHERE = (
    *("time_steps_per_second", "fps", "repeat", "show_progress_bar", "color", "clabel", "kwargs"),
)

_MAY_BE_NAN = ("F_xstar", "qstar", "dq", "n_iters", "J_xstar", "dFdu", "x_init", "inputs", "xstar")


def _collection() -> dict[str, Call]:
    x = torch.tensor([[0.5, -0.5], [0.0, 1.0]])
    kind = mrnntorch.FixedPointCollection
    tensors = {
        "xstar": x,
        "x_init": x,
        "inputs": x[:, :1],
        "F_xstar": x,
        "qstar": x[:, 0],
        "dq": x[:, 0],
        "n_iters": torch.zeros(2),
        "tol_unique": 1e-3,
        "dtype": torch.float32,
        "dtype_complex": torch.complex64,
        "verbose": False,
    }
    fps = kind(**tensors)
    fps.save(FOLDER / "fps.npz")
    return {
        f"compat.{tool}.FixedPointCollection{call}": made
        for tool in ("mrnntorch", "rnntoolkit")
        for call, made in _of_collection(kind, fps, tensors).items()
    }


def _of_collection(kind: Any, fps: Any, tensors: dict[str, Any]) -> dict[str, Call]:
    x, name = tensors["xstar"], ""
    return {
        f"{name}.assert_valid_shapes": Call(fps.assert_valid_shapes, {}),
        f"{name}.print_shapes": Call(fps.print_shapes, {}),
        name: Call(kind, tensors),
        f"{name}.concatenate": Call(kind.concatenate, {"fps_seq": [fps, fps]}),
        f"{name}.find": Call(fps.find, {"fp": fps[0], "use_F_xstar": False}, free=("fp",)),
        f"{name}.get_unique": Call(fps.get_unique, {"use_F_xstar": False}),
        f"{name}.transform": Call(fps.transform, {"U": torch.eye(2), "offset": 0.0}),
        f"{name}.update": Call(lambda new_fps: kind(**tensors).update(new_fps), {"new_fps": fps}),
        f"{name}.with_fields": Call(fps.with_fields, {"new": {"xstar": x}}, also={"new": "xstar"}),
        f"{name}.filled": Call(fps.filled, {}),
        f"{name}.row_fields": Call(fps.row_fields, {}),
        f"{name}.save": Call(
            fps.save, {"save_path": FOLDER / "b.npz"}, ("save_path",), also={"save_path": "path"}
        ),
        f"{name}.restore": Call(
            lambda restore_path: kind(**tensors).restore(restore_path),
            {"restore_path": FOLDER / "fps.npz"},
            ("restore_path",),
        ),
    }


def finders() -> dict[str, Call]:
    """Finders by other tools' names, and their settings."""
    step = lambda inputs, h: (None, np.tanh(2 * h + inputs))  # noqa: E731
    trials = lambda inputs, h: (None, np.tanh(2 * h + inputs[:, 0]))  # noqa: E731
    torch_step = lambda inputs, h: (None, torch.tanh(2 * h + inputs))  # noqa: E731
    x, path = np.array([[0.5], [-0.5]]), np.zeros((2, 3, 1))
    where = {"state_traj": path, "inputs": np.zeros((1, 1)), "n_inits": 4}
    own, theirs = "compat.fixed_point_finder", "compat.canns"
    found: dict[str, Call] = {}
    kinds: dict[str, Any] = {
        "FixedPointFinderTorch": fixed_point_finder.FixedPointFinderTorch,
        "FixedPointFinderTF": fixed_point_finder.FixedPointFinderTF,
    }
    for name, kind in kinds.items():
        finder = kind(step, verbose=False)
        at = {"states": x, "inputs": np.zeros(1)}
        points = finder.find_fixed_points(x, np.zeros(1))[0]
        drawing = {"state_traj": path, "n_inits": 3, "valid_bxt": None, "noise_scale": 0.1}
        found |= {
            f"{own}.{name}.find_fixed_points": Call(
                finder.find_fixed_points,
                {"initial_states": x, "inputs": np.zeros(1), "cond_ids": None},
                also={"initial_states": "states state_size", "inputs": "step"},
            ),
            f"{own}.{name}.sample_states": Call(finder.sample_states, drawing, also=_SAMPLED),
            f"{own}.{name}.sample_inputs_and_states": Call(
                finder.sample_inputs_and_states, {"inputs": path, **drawing}, also=_SAMPLED
            ),
            f"{own}.{name}.approximate_updates": Call(
                finder.approximate_updates, {**at, "fps": points, "do_compute_exact_update": True}
            ),
            f"{own}.{name}.default_hps": Call(kind.default_hps, {}),
        }
    found |= {
        f"{own}.FixedPointFinderTorch": Call(
            lambda rnn, solver, **told: fixed_point_finder.FixedPointFinderTorch(
                rnn, solver=solver, **told
            ).find_fixed_points(x, np.zeros(1)),
            {"rnn": torch_step, "solver": "adam", **HPS},
            paths=("rnn",),
            also={"rnn": "model step weights cell"},
            free=("n_iters_per_print_update",),
        ),
        f"{own}.FixedPointFinderTF": Call(
            lambda rnn_cell, sess, solver, **told: fixed_point_finder.FixedPointFinderTF(
                rnn_cell, sess, solver=solver, **told
            ).find_fixed_points(x, np.zeros(1)),
            {"rnn_cell": step, "sess": None, "solver": "newton", **HPS},
            paths=("rnn_cell",),
            also={"rnn_cell": "model step weights cell"},
            free=("n_iters_per_print_update",),
        ),
        f"{theirs}.FixedPointFinder": Call(
            lambda rnn_model, solver, **told: canns.FixedPointFinder(
                rnn_model, solver=solver, **told
            ).find_fixed_points(**where),
            {"rnn_model": trials, "solver": "newton", **HPS, "final_q_threshold": 1e-8},
            also={"rnn_model": "model step"},
            free=("n_iters_per_print_update",),
        ),
        f"{theirs}.FixedPointFinder.find_fixed_points": Call(
            canns.FixedPointFinder(trials, verbose=False).find_fixed_points,
            {**where, "noise_scale": 0.1, "valid_bxt": None, "cond_ids": None},
            also={**_SAMPLED, "inputs": "step"},
        ),
        f"{theirs}.FixedPointFinder.default_hps": Call(canns.FixedPointFinder.default_hps, {}),
        f"{theirs}.load_checkpoint": Call(
            canns.load_checkpoint,
            {"model": Weights(), "filepath": FOLDER / "missing.npz"},
            ("filepath",),
            free=("model",),
        ),
        f"{theirs}.save_checkpoint": Call(
            canns.save_checkpoint,
            {"model": Weights(), "filepath": FOLDER / "a" / "model.npz"},
            ("filepath",),
            also={"filepath": "path"},
        ),
    }
    return found


#: What messages of `sample_states` call the arguments.
_SAMPLED = {
    "state_traj": "trajectories states inputs where",
    "n_inits": "n",
    "noise_scale": "noise",
    "valid_bxt": "where",
}


class Weights:
    """What looks like a module of BrainPy that holds an array."""

    def __init__(self) -> None:
        self.W = np.eye(2)

    def nodes(self) -> list[Any]:
        return []


def slow_points_of_brainpy() -> dict[str, Call]:
    """BrainPy's finder on a NumPy function."""
    step = lambda x: np.tanh(2 * x)  # noqa: E731
    x = np.array([[0.5], [-0.5]])
    own = "compat.brainpy.SlowPointFinder"

    def searched() -> Any:
        finder = brainpy.SlowPointFinder(step, f_type="discrete", verbose=False)
        finder.find_fps_with_gd_method(x)
        return finder

    def original(**told: Any) -> None:
        finder = brainpy.SlowPointFinder(
            step, f_type="discrete", verbose=False, solver="original"
        )  # made anew: the first candidates decide how large its states are
        getattr(finder, told.pop("method"))(**told)

    making: dict[str, Any] = {
        "f_cell": step,
        "f_type": "discrete",
        "f_loss": None,
        "verbose": False,
        "args": (),
        "inputs": None,
        "t": None,
        "dt": None,
        "target_vars": None,
        "excluded_vars": None,
        "f_loss_batch": None,
        "fun_inputs": None,
        "solver": "newton",
    }
    return {
        own: Call(
            lambda **told: brainpy.SlowPointFinder(**told).find_fps_with_gd_method(x), making
        ),
        f"{own}.find_fps_with_gd_method": Call(
            partial(original, method="find_fps_with_gd_method"),
            {
                "candidates": x,
                "tolerance": 1e-5,
                "num_batch": 100,
                "num_opt": 5,
                "optimizer": None,
            },
            also={"candidates": "state f_cell"},
        ),
        f"{own}.find_fps_with_opt_solver": Call(
            partial(original, method="find_fps_with_opt_solver"),
            {"candidates": x, "opt_solver": "BFGS"},
            also={"candidates": "state f_cell"},
        ),
        f"{own}.filter_loss": Call(lambda tolerance: searched().filter_loss(tolerance), _TOL),
        f"{own}.keep_unique": Call(lambda tolerance: searched().keep_unique(tolerance), _TOL),
        f"{own}.exclude_outliers": Call(
            lambda tolerance: searched().exclude_outliers(tolerance), _TOL
        ),
        f"{own}.compute_jacobians": Call(
            searched().compute_jacobians,
            {
                "points": x,
                "stack_dict_var": True,
                "plot": False,
                "num_col": 4,
                "len_col": 3,
                "len_row": 2,
            },
            also={"points": "candidates state"},
        ),
        f"{own}.decompose_eigenvalues": Call(
            brainpy.SlowPointFinder.decompose_eigenvalues,
            {"matrices": np.eye(2)[None], "sort_by": "magnitude", "do_compute_lefts": False},
        ),
    }


_TOL = {"tolerance": 1.0}


def networks_of_mrnntorch() -> dict[str, Call]:
    """Networks, finders and linearisations of mRNNTorch."""
    found: dict[str, Call] = {}
    region = {"name": "c", "num_units": 2, "sign": "pos"}
    more = {"base_firing": 0.0, "init": 0.0, "parent_region": None, "learnable_bias": False}
    projection = {"src_region": "a", "dst_region": "b", "sparsity": None}
    making: dict[str, Any] = {
        "config": None,
        "activation": "tanh",
        "noise_level_act": 0.01,
        "noise_level_inp": 0.01,
        "rec_constrained": True,
        "inp_constrained": True,
        "batch_first": True,
        "spectral_radius": None,
        "config_finalize": False,
        "device": "cpu",
        "dt": 10,
        "tau": 100,
    }
    for prefix, kind in {"m": mrnntorch.mRNN, "em": mrnntorch.ElmanmRNN}.items():
        rnn, own = _network(kind), f"compat.mrnntorch.{kind.__name__}"
        names, some = {"*regions": ("a",)}, {"*regions": "region"}
        start = {"inp": torch.zeros(2, 3, 1), ("x0" if prefix == "m" else "h0"): torch.zeros(2, 4)}
        running = {**start, "stim_input": None, "noise": False, "W_rec": None}
        found |= {
            own: Call(
                lambda kind=kind, **told: _network(kind, **told),
                making if prefix == "m" else {k: v for k, v in making.items() if k != "tau"},
                ("config",),
            ),
            f"{own}.forward": Call(
                rnn.forward,
                {**running, **({"h0": None} if prefix == "m" else {})},
                also={
                    "inp": "inputs",
                    "h0": "x0",
                    "stim_input": "stimulus",
                    "noise": "noisy",
                    "W_rec": "weights",
                },
            ),
            f"{own}.get_region_indices": Call(rnn.get_region_indices, {"region": "a"}),
            f"{own}.get_region_activity": Call(
                lambda act, region, rnn=rnn: rnn.get_region_activity(act, region),
                {"act": torch.zeros(2, 4), "region": "a"},
                also={"act": "h"},
            ),
            f"{own}.state_dict": Call(
                rnn.state_dict,
                {"destination": None, "prefix": "", "keep_vars": False},
                free=("destination",),
            ),
            f"{own}.get_region_size": Call(rnn.get_region_size, {"region": "a"}),
            f"{own}.get_excluded_inp_regions": Call(
                rnn.get_excluded_inp_regions, {"*regions": ("u",)}, also=some
            ),
            f"{own}.named_rec_regions": Call(rnn.named_rec_regions, {"prefix": ""}),
            f"{own}.named_inp_regions": Call(rnn.named_inp_regions, {"prefix": ""}),
            f"{own}.finalize_rec_connectivity": Call(rnn.finalize_rec_connectivity, {}),
            f"{own}.finalize_inp_connectivity": Call(rnn.finalize_inp_connectivity, {}),
            f"{own}.apply_dales_law": Call(
                rnn.apply_dales_law,
                dict.fromkeys(("W_rec", "W_rec_mask", "W_rec_sign_matrix"), torch.ones(2, 2)),
                also={"W_rec": "W_rec_mask"},
            ),
            f"{own}.compute_spectral_radius": Call(
                rnn.compute_spectral_radius, {"weight": torch.ones(2, 2)}
            ),
            f"{own}.set_spectral_radius": Call(
                _network(kind, spectral_radius=1.0).set_spectral_radius,
                {"W": torch.ones(2, 2), "W_tmp": None},
            ),
            f"{own}.get_weight_subset": Call(
                rnn.get_weight_subset, {**names, "W": None}, also=some
            ),
            f"{own}.get_projection": Call(
                rnn.get_projection,
                {"to": "a", "from_": "b"},
                also={"to": "region", "from_": "region"},
            ),
            f"{own}.get_excluded_hid_regions": Call(rnn.get_excluded_hid_regions, names, also=some),
            f"{own}.ensure_order": Call(rnn.ensure_order, names, also=some),
            f"{own}.combine_states": Call(
                rnn.combine_states,
                {
                    "states_a": torch.zeros(2, 2),
                    "states_b": torch.zeros(2, 2),
                    "region_list_a": ["a"],
                    "region_list_b": ["b"],
                    "keep_dims": True,
                },
                also={
                    "region_list_a": "region states_a",
                    "region_list_b": "region states_a",
                    "states_a": "states_b",
                },
            ),
            f"{own}.add_recurrent_region": Call(
                _added(kind, "add_recurrent_region"),
                {**region, **more, "device": None},
                free=("device",),
            ),
            f"{own}.add_input_region": Call(
                _added(kind, "add_input_region"), {**region, "device": None}, free=("device",)
            ),
            f"{own}.add_recurrent_connection": Call(
                _added(kind, "add_recurrent_connection"), projection
            ),
            f"{own}.add_input_connection": Call(
                _added(kind, "add_input_connection"), {**projection, "src_region": "u"}
            ),
            f"{own}.finalize_connectivity": Call(lambda kind=kind: _network(kind), {}),
        }
        finder_kind = getattr(mrnntorch, f"{prefix}FixedPointFinder")
        own, finder = f"compat.mrnntorch.{prefix}FixedPointFinder", finder_kind(rnn, verbose=False)
        states, inputs = torch.zeros(2, 4), torch.zeros(1)
        found |= {
            own: Call(
                lambda rnn, solver, kind=finder_kind, **told: kind(
                    rnn, solver=solver, **told
                ).find_fixed_points(torch.zeros(2, 4), torch.zeros(1)),
                {"rnn": rnn, "solver": "newton", **SEARCH, "batch_first": True},
                free=("n_iters_per_print_update",),
            ),
            f"{own}.find_fixed_points": Call(
                lambda initial_states, ext_inputs, finder=finder, **told: finder.find_fixed_points(
                    initial_states, ext_inputs, told.pop("region"), **told
                ),
                {
                    "initial_states": states,
                    "ext_inputs": inputs,
                    "region": "a",
                    "optimize_h": False,
                    "stim_inp": None,
                    "W_rec": None,
                    "n_rounds_q_opt": 1,
                },
            ),
            f"{own}.sample_states": Call(
                finder.sample_states,
                {
                    "state_traj": torch.ones(2, 3, 4),
                    "n_inits": 2,
                    "noise_scale": 0.1,
                    "exclude_zero_tensors": False,
                },
                also={"state_traj": "trajectories", "n_inits": "n", "noise_scale": "noise"},
            ),
            f"{own}.default_hps": Call(finder_kind.default_hps, {}),
        }
        linear_kind = getattr(mrnntorch, f"{prefix}Linearization")
        own, linear = f"compat.mrnntorch.{prefix}Linearization", linear_kind(rnn, "a")
        state, deviation = ("x", "delta_state") if prefix == "m" else ("h", "delta_h")
        where = {"input": torch.zeros(1), state: torch.zeros(4)}
        rates = {"h": None, "dh": False} if prefix == "m" else {}
        found |= {
            own: Call(
                lambda rnn, region, kind=linear_kind: kind(rnn, region), {"rnn": rnn, "region": "a"}
            ),
            f"{own}.jacobian": Call(
                linear.jacobian,
                {**where, "excluded_regions": False, **rates},
                also={"dh": "h", "h": "x"},
            ),
            f"{own}.forward": Call(
                linear.forward,
                {
                    **where,
                    "delta_input": torch.zeros(1),
                    deviation: torch.zeros(2),
                    f"{deviation}_static": torch.zeros(2),
                    **rates,
                },
                also={"dh": "h", "h": "x", "delta_h": "delta_state"}
                | {"delta_h_static": "delta_state_static"},
            ),
            f"{own}.eigendecomposition": Call(
                linear.eigendecomposition, {**where, **rates}, also={"dh": "h", "h": "x"}
            ),
        }
    return found


def _network(kind: Any, **told: Any) -> Any:
    """Return a network of two regions with an input."""
    rnn = kind(**{"activation": "tanh", **told})
    if rnn.network is None:
        for name in ("a", "b"):
            rnn.add_recurrent_region(name, 2)
        rnn.add_input_region("u", 1)
        rnn.add_recurrent_connection("a", "a")
        rnn.add_recurrent_connection("b", "a")
        rnn.add_input_connection("u", "a")
        rnn.finalize_connectivity()
    return rnn


def _added(kind: Any, method: str) -> Any:
    """Return what adds something to a network and then makes its connectivity final."""

    def call(**told: Any) -> None:
        rnn = kind(activation="tanh")
        for name in ("a", "b"):
            rnn.add_recurrent_region(name, 2)
        rnn.add_input_region("u", 1)
        getattr(rnn, method)(**told)
        rnn.finalize_connectivity()

    return call


@cache
def torch_calls() -> dict[str, Call]:
    """Return all of them, by what they call."""
    return (
        multi_region()
        | containers()
        | finders()
        | slow_points_of_brainpy()
        | networks_of_mrnntorch()
        | old_calls(
            _network(mrnntorch.mRNN),
            _network(mrnntorch.ElmanmRNN),
            {**SEARCH, "batch_first": True},
        )
    )
