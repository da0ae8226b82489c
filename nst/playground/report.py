"""What a run tells about itself: in words, as curves, and as the Python of its repeat.

Reads `StyleTransfer` and `Session` and changes neither.
"""

import io
import itertools
import statistics
from collections.abc import Iterable, Mapping, Sequence

from nst.plots import draw_losses

from matplotlib.figure import Figure

SYMBOLS = {
    "alpha": "α",
    "beta": "β",
    "tv_weight": "total variation",
    "learning_rate": "learning rate",
}
# While a slider is dragged it changes at every step: within so many steps, one mark.
ONE_DRAG = 5


def marks(changes: Iterable[tuple[int, str, float]]) -> list[tuple[int, str]]:
    """Put changes into words, one for each drag of a slider.

    Examples:
        >>> marks([(3, "beta", 2e3), (4, "beta", 1e5), (9, "block1_conv1", 0.0)])
        [(4, 'β = 1e+05'), (9, 'block1_conv1 = 0')]

    Args:
        changes: `Session.changes`.

    Returns:
        Pairs of a step and the value it was taken with, for `nst.plots`.
    """
    ends: list[tuple[int, str, float]] = []
    for step, name, value in changes:
        drag = next((end for end in reversed(ends) if end[1] == name), None)
        if drag is not None and step - drag[0] <= ONE_DRAG:
            ends.remove(drag)
        ends.append((step, name, value))
    words: dict[int, list[str]] = {}
    for step, name, value in ends:
        words.setdefault(step, []).append(f"{SYMBOLS.get(name, name)} = {value:.3g}")
    return [(step, ", ".join(parts)) for step, parts in words.items()]


def draw_curves(history: Mapping[str, Sequence[float]], changes: Iterable) -> bytes:
    """Draw the losses with their legend above them, and a mark at every change.

    Without pyplot, so that it may be called on any thread while a notebook's cell uses
    pyplot on another.

    Args:
        history: `StyleTransfer.history`.
        changes: `Session.changes`.

    Returns:
        The contents of a PNG file.
    """
    # Its lists grow while they are drawn; what is drawn must be of one length.
    count = min(map(len, history.values()))
    history = {name: losses[:count] for name, losses in history.items()}
    figure = Figure(figsize=(4.6, 4.6))
    figure.subplots_adjust(left=0.19, right=0.985, top=0.84, bottom=0.11)
    axis = figure.subplots()
    draw_losses(axis, history, marks(changes))
    # The usual labels, powers of ten, are typeset by a parser that threads share.
    axis.yaxis.set_major_formatter("{x:.0e}")
    curves, names = axis.get_legend_handles_labels()
    axis.get_legend().remove()
    figure.legend(curves, names, loc="upper center", ncols=3, fontsize=8)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110)
    return file.getvalue()


def shares(losses: Mapping[str, float]) -> str:
    """Tell in words which term of the loss is winning.

    Examples:
        >>> losses = {"total": 10.0, "content": 2.0, "style": 8.0, "tv": 0.0}
        >>> shares(losses | {"block1_conv1": 2.0, "block2_conv1": 6.0})
        'style 80 %, content 20 % of the loss; of the style, block2_conv1 75 %'

    Args:
        losses: `Step.losses`.

    Returns:
        A phrase, the largest term first.
    """
    names = {"content": "content", "style": "style", "tv": "total variation"}
    terms = {word: losses.get(name, 0.0) for name, word in names.items()}
    total = sum(terms.values())
    if total <= 0:
        return "every term of the loss is 0"
    largest = sorted(terms.items(), key=lambda term: -term[1])
    told = ", ".join(
        f"{word} {100 * loss / total:.0f} %" for word, loss in largest if loss > 0
    )
    layers = {
        name: loss
        for name, loss in losses.items()
        if name not in ("total", *names) and loss > 0
    }
    told += " of the loss"
    if layers:
        layer = max(layers, key=layers.get)
        share = 100 * layers[layer] / sum(layers.values())
        told += f"; of the style, {layer} {share:.0f} %"
    return told


def balance(step, changes: Iterable[tuple[int, str, float]]) -> str:
    """Tell in words what the curves show: who is winning, and what was changed last.

    Args:
        step: A `Step`.
        changes: `Session.changes`.

    Returns:
        One or two sentences.
    """
    told = f"Step {step.number}: {shares(step.losses)}."
    latest = [f"{what} from step {number} on" for number, what in marks(changes)[-2:]]
    return f"{told} Moved: {'; '.join(latest)}." if latest else told


def status(session) -> str:
    """Tell in words how a session stands.

    Args:
        session: A `Session`.

    Returns:
        A line: what it does, the step, the network really used, the size, the pace.
    """
    words = {
        "waiting": "Waiting",
        "building": "Building the network and looking at both pictures",
        "running": "Running",
        "paused": "Paused",
        "finished": "Finished",
        "stopped": "Stopped",
        "failed": "Failed",
    }
    parts = [words[session.state]]
    transfer = session.transfer
    if transfer is not None:
        parts[0] += f": step {session.taken} of {session.steps}"
        parts.append(f"{transfer.network.upper()}, {transfer.size} px")
    if session.pace:
        seconds = statistics.median(session.pace)
        parts.append(f"{seconds:.2f} s a step")
        if session.state in ("running", "paused"):
            left = max(0, session.steps - session.taken) * seconds
            parts.append(f"about {duration(left)} left")
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """Tell a time as a person would.

    Examples:
        >>> duration(8.4), duration(100)
        ('8 s', '1 min 40 s')
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def repeat_in_python(
    content: str,
    style: str,
    settings: Mapping,
    changes: Iterable[tuple[int, str, float]],
    steps: int,
) -> str:
    """Write the Python that makes the same picture without widgets.

    Args:
        content: How Python calls the content picture.
        style: Likewise the style picture.
        settings: `Session.settings`.
        changes: `Session.changes`.
        steps: How many were taken.

    Returns:
        Lines of Python. The picture is `transfer.image` in the end.
    """
    settings = {name: value for name, value in settings.items() if name != "steps"}
    settings["scales"] = {int(size): n for size, n in settings["scales"].items()}
    if settings["init"] == "picture":
        # It was the result of another run, and only that picture can be given.
        settings["init"] = "the_result_before.png"
    lines = ["import nst", "", "transfer = nst.StyleTransfer("]
    lines += [f"    {content},", f"    {style},"]
    lines += [f"    {name}={value!r}," for name, value in settings.items()]
    lines += [")", f"for step in transfer.run({steps}):"]
    # A value set after step n is the one that step n + 1 is taken with.
    layers, changes = settings["layer_weights"], list(changes)
    for step, together in itertools.groupby(changes, lambda change: change[0]):
        lines += [f"    if step.number == {step - 1}:"]
        for _, name, value in together:
            what = f"layer_weights[{name!r}]" if name in layers else name
            lines += [f"        transfer.{what} = {value!r}"]
    return "\n".join(lines if changes else [*lines, "    pass"])
