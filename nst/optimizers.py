"""How the picture is changed: Adam, and the authors' L-BFGS, a step at a time.

Both evaluate the loss once in each step and keep the picture within the displayable
range, so a run can be watched, steered and stopped after any step.
"""

from collections import deque
from collections.abc import Callable, Mapping

from nst.images import HIGHEST, LOWEST

import keras
import numpy as np
import tensorflow as tf

Evaluate = Callable[[np.ndarray], tuple[dict[str, float], np.ndarray]]


KERAS = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}
OPTIMIZERS = (*KERAS, "lbfgs")
# A run has exploded when its loss is so many times the first one's, and such a share
# of its pixels lies at the ends of the range.
EXPLODED, SATURATED = 30, 0.9


def make_optimizer(
    name: str, x: np.ndarray, learning_rate: float, decay: float = 1.0, **options
) -> "KerasOptimizer | LBFGS":
    """Make an optimizer by its name.

    Args:
        name: `"adam"`, `"sgd"` or `"lbfgs"`.
        x: Where to start, `[1, h, w, 3]` in VGG's input space.
        learning_rate: Of Adam or SGD; L-BFGS finds its own.
        decay: What that is multiplied with after each step.
        **options: Further ones of Keras' optimizer.
    """
    if name == "lbfgs":
        return LBFGS(x)
    return KerasOptimizer(x, KERAS[name](learning_rate, **options), decay)


class KerasOptimizer:
    """One of Keras' optimizers, such as Kingma and Ba's Adam (2014, arXiv 1412.6980).

    Args:
        x: Where to start, `[1, h, w, 3]` in VGG's input space.
        optimizer: Keras optimizer; it is not built yet.
        decay: What the learning rate is multiplied with after each step.

    Attributes:
        learning_rate: Adam's is about how many of 255 levels a pixel moves in a step.
    """

    def __init__(self, x: np.ndarray, optimizer: keras.Optimizer, decay: float = 1.0):
        self._x = tf.Variable(x)
        self._optimizer, self._decay = optimizer, decay
        self.learning_rate = float(optimizer.learning_rate)
        optimizer.build([self._x])
        self._best = None

    @property
    def x(self) -> np.ndarray:
        """The picture so far."""
        return self._x.numpy()

    def step(self, evaluate: Evaluate) -> dict[str, float]:
        """Go one step downhill; return the losses at the picture it started from.

        Raises:
            FloatingPointError: If the loss has exploded; `x` is then the best picture.
        """
        losses, gradient = evaluate(self._x)
        self._watch(losses["total"])
        taken = int(self._optimizer.iterations)
        self._optimizer.learning_rate = self.learning_rate * self._decay**taken
        self._optimizer.apply([tf.constant(gradient)], [self._x])
        self._x.assign(tf.clip_by_value(self._x, LOWEST, HIGHEST))
        return losses

    def _watch(self, loss):
        x = self.x
        if self._best is None:
            self._first = loss
        if self._best is None or loss < self._best[0]:
            self._best = loss, x
        # Even a rate of 1000 levels comes back after some tens of steps, because the
        # range is bounded; the picture it started from does not.
        saturated = np.mean((x <= LOWEST) | (x >= HIGHEST))
        if loss > EXPLODED * self._first and saturated > SATURATED:
            self._x.assign(self._best[1])
            raise FloatingPointError(
                f"Expected a falling loss, but it grew {loss / self._first:.0f}-fold "
                f"and {saturated:.0%} of the pixels are as dark or bright as can be, "
                f"with a learning rate of {self.learning_rate:g}; choose a smaller "
                "one. The best picture so far is kept."
            )

    def forget(self) -> None:
        """Measure the best picture anew; running means follow a change themselves."""
        self._best = None

    def state(self) -> dict[str, np.ndarray]:
        """Tell all it would need to go on elsewhere, besides the picture."""
        variables = self._optimizer.variables
        return {str(i): v.numpy() for i, v in enumerate(variables)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from another one's state and this one's picture."""
        for i, variable in enumerate(self._optimizer.variables):
            variable.assign(state[str(i)])


class LBFGS:
    """What Gatys et al. took in 2016, in the two-loop form of Nocedal (1980).

    From the last few moves s and changes of the gradient y it estimates how the loss
    curves, and so how far to go. Liu and Nocedal, 1989, "On the limited memory BFGS
    method for large scale optimization"; Nocedal and Wright, "Numerical Optimization",
    algorithm 7.4. After each move the picture is brought back into the displayable
    range, and a move that made the loss larger is shortened.

    Args:
        x: Where to start, `[1, h, w, 3]` in VGG's input space.
    """

    MEMORY = 10
    # The first move has no curvature to go by: root mean square of its levels.
    FIRST_MOVE = 5.0

    def __init__(self, x: np.ndarray):
        self.x = x
        self.forget()

    def forget(self) -> None:
        """Drop what was learnt about a loss that has changed; keep the picture."""
        self._point = self.x
        self._memory = deque(maxlen=self.MEMORY)
        self._before = None
        self._least = np.inf

    def step(self, evaluate: Evaluate) -> dict[str, float]:
        """Evaluate the next point, keep it if it is the best, return its losses."""
        losses, gradient = evaluate(self._point)
        loss = losses["total"]
        if loss < self._least:
            self._least, self.x = loss, self._point
        if self._before is None:
            self._move(loss, gradient)
            return losses
        point, loss_before, gradient_before = self._before
        s = self._point - point
        if loss > loss_before and np.abs(s).max() > 0.1:
            # Where the parabola through both losses and the first slope is lowest.
            slope = _dot(s, gradient_before)
            share = -slope / (2 * (loss - loss_before - slope))
            self._point = point + np.clip(share, 0.1, 0.5).astype("float32") * s
            return losses
        y = gradient - gradient_before
        if _dot(s, y) > 1e-10 * _dot(y, y):
            self._remember(s, y)
        self._move(loss, gradient)
        return losses

    def state(self) -> dict[str, np.ndarray]:
        """Tell all it would need to go on elsewhere, besides the picture."""
        state = {"point": self._point, "least": np.array(self._least)}
        if self._before is not None:
            names = ("before_point", "before_loss", "before_gradient")
            state |= zip(names, map(np.asarray, self._before), strict=True)
        for i, (s, y, _) in enumerate(self._memory):
            state |= {f"s{i}": s, f"y{i}": y}
        return state

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from another one's state and this one's picture."""
        self._point, self._least = state["point"], float(state["least"])
        if "before_point" in state:
            loss = float(state["before_loss"])
            self._before = state["before_point"], loss, state["before_gradient"]
        for i in range(self.MEMORY):
            if f"s{i}" in state:
                self._remember(state[f"s{i}"], state[f"y{i}"])

    def _remember(self, s, y):
        self._memory.append((s, y, 1 / _dot(s, y)))

    def _move(self, loss, gradient):
        self._before = self._point, loss, gradient
        move = -self._inverse_hessian_times(gradient)
        self._point = np.clip(self._point + move, LOWEST, HIGHEST)

    def _inverse_hessian_times(self, gradient):
        if not self._memory:
            size = np.sqrt(np.mean(gradient**2))
            return gradient * (self.FIRST_MOVE / size if size > 0 else 0)
        q, shares = gradient, []
        for s, y, rho in reversed(self._memory):
            shares.append(np.float32(rho * _dot(s, q)))
            q = q - shares[-1] * y
        s, y, rho = self._memory[-1]
        q = q * np.float32(1 / (rho * _dot(y, y)))
        for (s, y, rho), share in zip(self._memory, reversed(shares), strict=True):
            q = q + (share - np.float32(rho * _dot(y, q))) * s
        return q


def _dot(a, b) -> float:
    # np.dot would use threads that go on spinning, and TensorFlow has to share the
    # cores with them: at 128 px a step took half as long again.
    return float(np.einsum("i,i", a.ravel(), b.ravel()))
