"""How the picture is changed: Adam, and the paper's L-BFGS, a step at a time.

Both evaluate the loss once in each step and keep the picture within the displayable
range, so a run can be watched, steered and stopped after any step.
"""

from collections import deque
from collections.abc import Callable

from nst.images import HIGHEST, LOWEST

import keras
import numpy as np
import tensorflow as tf

Evaluate = Callable[[np.ndarray], tuple[dict[str, float], np.ndarray]]


class Adam:
    """Kingma and Ba's Adam (2014, https://arxiv.org/abs/1412.6980), through Keras.

    Args:
        x: Where to start, `[1, h, w, 3]` in VGG's input space.
        learning_rate: About how many of 255 levels a pixel moves in a step.
    """

    def __init__(self, x: np.ndarray, learning_rate: float):
        self._x = tf.Variable(x)
        self._adam = keras.optimizers.Adam(learning_rate)
        self._adam.build([self._x])
        self.learning_rate = learning_rate

    @property
    def x(self) -> np.ndarray:
        """The picture so far."""
        return self._x.numpy()

    def step(self, evaluate: Evaluate) -> dict[str, float]:
        """Go one step downhill; return the losses at the picture it started from."""
        losses, gradient = evaluate(self._x)
        self._adam.learning_rate = self.learning_rate
        self._adam.apply([tf.constant(gradient)], [self._x])
        self._x.assign(tf.clip_by_value(self._x, LOWEST, HIGHEST))
        return losses

    def forget(self) -> None:
        """Nothing to do: Adam's running means follow a changed loss by themselves."""


class LBFGS:
    """The paper's optimiser, in the two-loop form of Nocedal (1980).

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
            self._memory.append((s, y, 1 / _dot(s, y)))
        self._move(loss, gradient)
        return losses

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
