"""A tensor seen in another layout, without moving its data yet.

TFLite works in NHWC and ONNX in NCHW, and the attention blocks regroup pixels into patches with
chains of Reshape and Transpose. Each such step only changes how the same numbers are indexed. So
it is kept as a `View`, and data moves at most once: when an operator needs the view as a tensor.

Every axis of the stored tensor is a product of factors. A view lists, for each axis that is seen,
the factors it consists of, outermost first. Axes of size 1 have no factor.
"""

from dataclasses import dataclass
from math import prod


class Factor:
    """One indivisible axis. Two of the same size are still different."""

    def __init__(self, size: int):
        self.size = size


def sizes(axes: list[list[Factor]]) -> tuple[int, ...]:
    return tuple(prod(factor.size for factor in axis) for axis in axes)


@dataclass
class View:
    """`stored` are the axes of the tensor called `name`; `seen` are those of the view."""

    name: str
    stored: list[list[Factor]]
    seen: list[list[Factor]]

    @staticmethod
    def of(name: str, shape: tuple[int, ...]) -> "View":
        axes = [[Factor(size)] if size > 1 else [] for size in shape]
        return View(name, axes, axes)

    @property
    def shape(self) -> tuple[int, ...]:
        return sizes(self.seen)

    def renamed(self, name: str) -> "View":
        """The same view of another tensor that is stored alike."""
        return View(name, self.stored, self.seen)

    def transpose(self, order: list[int]) -> "View":
        return View(self.name, self.stored, [self.seen[axis] for axis in order])

    def reshape(self, shape: tuple[int, ...]) -> "View":
        if prod(shape) != prod(self.shape):
            raise ValueError(f"cannot reshape {self.shape} to {shape}")
        view = View(self.name, self.stored, [])
        left = [factor for axis in self.seen for factor in axis]
        for size in shape:
            axis = []
            while size > 1:
                factor = left.pop(0)
                if size % factor.size:
                    # The axis ends inside this factor: split it here and where it is stored.
                    if factor.size % size:
                        raise ValueError(f"{self.shape} to {shape} mixes axes that share no factor")
                    outer, inner = Factor(size), Factor(factor.size // size)
                    view = view._split(factor, outer, inner)
                    left.insert(0, inner)
                    factor = outer
                axis.append(factor)
                size //= factor.size
            view.seen.append(axis)
        return view

    def _split(self, factor: Factor, outer: Factor, inner: Factor) -> "View":
        def split(axes):
            return [[part for f in axis for part in ((outer, inner) if f is factor else (f,))] for axis in axes]

        return View(self.name, split(self.stored), split(self.seen))

    def stored_axis(self, axis: int) -> int:
        """The stored axis that is the seen `axis` and nothing else."""
        if self.seen[axis] and self.seen[axis] in self.stored:
            return self.stored.index(self.seen[axis])
        raise ValueError(f"axis {axis} of {self.shape} is no axis of the stored {sizes(self.stored)}")

    def steps(self) -> tuple[tuple[int, ...], list[int], tuple[int, ...]]:
        """Reshape, Transpose, Reshape that turn the stored tensor into the seen one."""
        order = self._order(self.stored)
        if order is not None:
            return sizes(self.stored), order, self.shape
        runs = self._runs()
        return sizes(runs), self._order_of_runs(runs), self.shape

    def _order(self, stored) -> list[int] | None:
        """The transposition that is all there is to do, if it is."""
        axes = list(range(len(stored)))
        order = []
        for seen in self.seen:
            # Axes of size 1 hold no factor and so match each other, in order.
            match = next((axis for axis in axes if stored[axis] == seen), None)
            if match is None:
                return None
            axes.remove(match)
            order.append(match)
        return order if not axes else None

    def _runs(self) -> list[list[Factor]]:
        """The stored factors, those joined that stay neighbours in the view."""
        seen = [factor for axis in self.seen for factor in axis]
        runs = []
        for factor in (factor for axis in self.stored for factor in axis):
            follows = runs and seen.index(factor) == seen.index(runs[-1][-1]) + 1
            if follows:
                runs[-1].append(factor)
            else:
                runs.append([factor])
        return runs

    def _order_of_runs(self, runs) -> list[int]:
        seen = [factor for axis in self.seen for factor in axis]
        return sorted(range(len(runs)), key=lambda run: seen.index(runs[run][0]))
