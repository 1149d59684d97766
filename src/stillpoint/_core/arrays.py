"""Arrays of any library, seen through the array-API standard.

This is the only file that knows how libraries are told apart. Above it, the same text runs on
NumPy, torch and any other namespace that follows the standard.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeVar

import array_api_compat
import numpy as np
from jaxtyping import Float, Int

from ..errors import came

Record = TypeVar("Record")

_NUMPY = array_api_compat.array_namespace(np.zeros(0))


@dataclass(frozen=True)
class ArrayKind:
    """Where a network's arrays live: namespace, floating-point type and device.

    Examples
    --------
    >>> ArrayKind.of(np.zeros(2)).asarray([1, 2])
    array([1., 2.])
    """

    namespace: ModuleType
    dtype: Any
    device: Any

    @classmethod
    def of(cls, array: Any) -> ArrayKind:
        """Return the kind of `array`."""
        return cls(namespace(array), array.dtype, array_api_compat.device(array))

    def asarray(self, values: Any) -> Any:
        """Return `values` as an array of this kind; never an alias of the caller's NumPy array."""
        if array_api_compat.is_array_api_obj(values) and not isinstance(values, np.ndarray):
            if namespace(values) is not self.namespace:
                values = to_numpy(values)
            else:
                return array_api_compat.to_device(
                    self.namespace.astype(values, self.dtype), self.device
                )
        return self.namespace.asarray(values, dtype=self.dtype, device=self.device, copy=True)

    @property
    def resolution(self) -> float:
        """The spacing of the floating-point numbers next to one."""
        return float(self.namespace.finfo(self.dtype).eps)


def namespace(*arrays: Any) -> ModuleType:
    """Return the array-API namespace that `arrays` share.

    Examples
    --------
    >>> namespace(np.zeros(2)).__name__
    'array_api_compat.numpy'
    """
    if all(type(array) is np.ndarray for array in arrays):  # the usual case, without a search
        return _NUMPY
    return array_api_compat.array_namespace(*arrays)


def is_real_floating(array: Any) -> bool:
    """Whether `array` is an array of real floating-point numbers.

    Examples
    --------
    >>> is_real_floating(np.zeros(2)), is_real_floating(np.zeros(2, dtype=int))
    (True, False)
    """
    if not array_api_compat.is_array_api_obj(array):
        return False
    return bool(namespace(array).isdtype(array.dtype, "real floating"))


def to_numpy(array: Any) -> np.ndarray:
    """Return `array` on the host as NumPy itself, whatever library and device it is on.

    Raises
    ------
    TypeError
        If values are masked: an array without its mask would show what the mask hides.

    Examples
    --------
    >>> to_numpy([[1.0, 2.0]]).shape
    (1, 2)
    """
    if type(array) is np.ndarray:  # the usual case; subclasses multiply and slice by own rules
        return array
    if masked := n_masked(array):
        raise TypeError(f"{masked} values are masked; leave them out, or fill them in")
    if array_api_compat.is_torch_array(array):
        array = array.detach().resolve_conj().resolve_neg().cpu()
    return np.asarray(array)


def is_on_host(array: Any) -> bool:
    """Whether `array` lies in the memory of the CPU, whatever its library.

    Examples
    --------
    >>> is_on_host(np.zeros(2))
    True
    """
    device = array_api_compat.device(array)
    return getattr(device, "type", getattr(device, "platform", device)) == "cpu"


def like(given: Any, array: Any) -> Any:
    """Return `array` in the library of `given` and on its device; NumPy's where that has none.

    Examples
    --------
    >>> like([1.0], np.zeros(2))
    array([0., 0.])
    """
    if not array_api_compat.is_array_api_obj(given) or isinstance(given, np.ndarray):
        return to_numpy(array)
    xp = namespace(given)
    if array_api_compat.is_array_api_obj(array) and namespace(array) is xp:
        return array
    return xp.asarray(to_numpy(array), device=array_api_compat.device(given))


def n_masked(array: Any) -> int:
    """Return how many values of a masked array are hidden, or of a list of such arrays.

    Examples
    --------
    >>> n_masked([np.ma.masked_less([1.0, 2.0], 1.5), [3.0, 4.0]])
    1
    """
    if isinstance(array, list | tuple) and any(isinstance(row, np.ma.MaskedArray) for row in array):
        return sum(map(n_masked, array))
    return int(np.ma.count_masked(array)) if isinstance(array, np.ma.MaskedArray) else 0


def host(array: Any) -> Float[np.ndarray, "..."]:
    """Return `array` on the host, in float64."""
    return to_numpy(array).astype(np.float64)


def take(array: Any, indices: Int[np.ndarray, " k"], axis: int = 0) -> Any:
    """Return the given rows of `array` (or columns, for another axis), a copy."""
    if type(array) is np.ndarray:
        return array.take(indices, axis=axis)
    xp = namespace(array)
    return xp.take(array, xp.asarray(indices, device=array_api_compat.device(array)), axis=axis)


def rows_of(which: Any, n: int) -> Int[np.ndarray, " k"]:
    """Return the rows of `n` that an index means: an int of any type, a slice, a mask or a list.

    Examples
    --------
    >>> rows_of(np.int8(-1), 3)
    array([2])
    """
    try:
        if isinstance(which, slice):
            return np.arange(n)[which]
        index = to_numpy(which)
    except Exception as error:  # the conversion is the caller's own code, which may raise anything
        raise IndexError(f"points are indexed by ints, slices, masks or lists ({error}).") from None
    if index.ndim == 0 and index.dtype.kind in "iu":
        if not -n <= int(index) < n:
            raise IndexError(f"point {int(index)} of {n}: indices run from {-n} to {n - 1}.")
        return np.arange(n)[int(index)][None]
    if index.dtype == np.bool_ and index.shape != (n,):
        raise IndexError(f"the mask has shape {index.shape}, but there are {n} points.")
    if index.ndim != 1 or (index.dtype.kind not in "iub" and index.size):
        raise IndexError(
            f"points are indexed by ints, slices, masks or lists, not by {came(which)}."
        )
    if index.dtype.kind == "b":
        return np.arange(n)[index]
    index = index.astype(np.int64)
    outside = index[(index < -n) | (index >= n)]
    if len(outside):
        raise IndexError(f"point {outside[0]} of {n}: indices run from {-n} to {n - 1}.")
    return np.arange(n)[index]


def put_rows(array: Any, rows: Int[np.ndarray, " k"], values: Any) -> Any:
    """Return `array` with the given rows replaced; `array` itself is left as it was."""
    if type(array) is np.ndarray:
        copy = array.copy()
        copy[rows] = values
        return copy
    sources = np.arange(array.shape[0])
    sources[rows] = array.shape[0] + np.arange(len(rows))  # the standard has no assignment to rows
    return take(namespace(array).concat([array, values], axis=0), sources)


def take_record(record: Record, rows: Int[np.ndarray, " k"]) -> Record:
    """Return a dataclass of row-wise arrays with only the given rows; other fields stay."""
    taken = {
        field.name: take(value, rows)
        for field in dataclasses.fields(record)  # type: ignore[arg-type]
        if (value := getattr(record, field.name)) is not None
        and array_api_compat.is_array_api_obj(value)
    }
    return dataclasses.replace(record, **taken)  # type: ignore[type-var]


def batches(n: int, numbers: int, most: int) -> Iterator[slice]:
    """Yield slices of n rows, of so many numbers each, with at most so many, or one row, in each.

    Examples
    --------
    >>> list(batches(5, numbers=10, most=25))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    rows = max(1, most // max(1, numbers))
    yield from (slice(first, min(first + rows, n)) for first in range(0, n, rows))


#: Numbers in the matrices that are made and solved at a time: half a megabyte, which stays in the
#: cache and is allocated again without the system's help.
CACHED = 2**16

#: Numbers that are copied at a time where a table has a row for every start: 8 MiB.
BLOCK = 2**20


def batches_of(table: Float[np.ndarray, "n d"]) -> Iterator[slice]:
    """Yield slices of the rows of a table, of `BLOCK` numbers each."""
    yield from batches(len(table), table.shape[1], BLOCK)


def largest_entries(table: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
    """Return the largest modulus in each row, without a table of moduli; 0 in empty rows.

    Examples
    --------
    >>> largest_entries(np.array([[1.0, -3.0], [0.5, 0.0]]))
    array([3. , 0.5])
    """
    return np.maximum(table.max(axis=1, initial=0.0), -table.min(axis=1, initial=0.0))


def solve_rows(matrices: Float[Any, "n k k"], rhs: Float[Any, "n k"]) -> Float[Any, "n k"]:
    """Solve one linear system per row; a row whose matrix is singular comes back as NaN.

    Examples
    --------
    >>> solve_rows(np.array([[[2.0]], [[0.0]]]), np.array([[1.0], [1.0]]))
    array([[0.5],
           [nan]])
    """
    xp = namespace(matrices, rhs)
    try:
        return xp.linalg.solve(matrices, rhs[..., None])[..., 0]
    except (np.linalg.LinAlgError, RuntimeError):  # torch's LinAlgError is a RuntimeError
        sign, _ = xp.linalg.slogdet(matrices)
        singular = sign == 0
        identity = xp.eye(matrices.shape[-1], dtype=matrices.dtype, device=rhs.device)
        safe = xp.where(singular[:, None, None], identity, matrices)
        solution = xp.linalg.solve(safe, rhs[..., None])[..., 0]
        return xp.where(singular[:, None], xp.full_like(solution, xp.nan), solution)


def finite_or_zero(matrices: Float[np.ndarray, "n k d"]) -> Float[np.ndarray, "n k d"]:
    """Return matrices, with zeros for those that are not finite, for which LAPACK raises.

    Examples
    --------
    >>> finite_or_zero(np.array([[[2.0]], [[np.inf]]])).ravel()
    array([2., 0.])
    """
    known = np.isfinite(matrices).all(axis=(1, 2))
    return matrices if known.all() else np.where(known[:, None, None], matrices, 0.0)


def multiply_rows(matrices: Float[Any, "n k d"], vectors: Float[Any, "n d"]) -> Float[Any, "n k"]:
    """Multiply each row's matrix with its vector."""
    return namespace(matrices, vectors).matmul(matrices, vectors[..., None])[..., 0]


def multiply_rows_transposed(
    matrices: Float[Any, "n k d"], vectors: Float[Any, "n k"]
) -> Float[Any, "n d"]:
    """Multiply each row's vector with its matrix from the left."""
    return namespace(matrices, vectors).matmul(vectors[:, None, :], matrices)[:, 0, :]


def half_square(residual: Float[Any, "n r"]) -> Float[Any, " n"]:
    """Return 1/2 |residual|^2 for each row.

    Examples
    --------
    >>> half_square(np.array([[3.0, 4.0]]))
    array([12.5])
    """
    return 0.5 * namespace(residual).sum(residual * residual, axis=1)


def identity_like(array: Any, size: int) -> Any:
    """Return the identity matrix of `size`, of the same kind as `array`."""
    kind = ArrayKind.of(array)
    return kind.namespace.eye(size, dtype=kind.dtype, device=kind.device)


def minus_identity(matrices: Float[Any, "n d d"]) -> Float[Any, "n d d"]:
    """Return matrices less the identity; NumPy's and torch's are written to, so they must be ours.

    Examples
    --------
    >>> minus_identity(np.ones((1, 2, 2)))
    array([[[0., 1.],
            [1., 0.]]])
    """
    if type(matrices) is np.ndarray:
        np.einsum("nii->ni", matrices)[...] -= 1
    elif array_api_compat.is_torch_array(matrices):
        matrices.diagonal(dim1=1, dim2=2).sub_(1)
    else:
        matrices = matrices - identity_like(matrices, matrices.shape[-1])
    return matrices


def diagonal_matrices(values: Float[Any, "n d"]) -> Float[Any, "n d d"]:
    """Return one diagonal matrix per row."""
    return values[:, :, None] * identity_like(values, values.shape[-1])
