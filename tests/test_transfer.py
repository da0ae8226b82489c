"""One picture being optimised: what each setting does, and that nothing is lost."""

import hashlib
import re
import subprocess
import sys
import threading
import types

import nst
from nst import objective, optimizers, transfer
from nst.images import HIGHEST, LOWEST
from nst.memory import check_memory
from nst.start import recolor

import numpy as np
import psutil
import pytest
from conftest import CONTENT_PATH, STYLE_PATH


def make(content, style, **settings):
    """A transfer small enough for a test; the network is kept between them."""
    return transfer.StyleTransfer(
        content, style, **{"size": 64, "network": "vgg16"} | settings
    )


def run(a_transfer, steps):
    return list(a_transfer.run(steps))


@pytest.fixture(scope="module")
def extractor():
    layers = [*nst.STYLE_LAYERS, nst.CONTENT_LAYER]
    return nst.build_feature_extractor(layers, "vgg16")


@pytest.fixture
def losses_by_numpy(extractor, content, style):
    """The paper's equations 1 to 7 at a picture, in NumPy, from its feature maps."""

    def features(x):
        return {
            name: np.float64(y[0].numpy().reshape(-1, y.shape[-1]))
            for name, y in extractor(x).items()
        }

    def gram(f):
        return f.T @ f / len(f)

    def losses(x, alpha=1.0, beta=1e3, tv_weight=0.0, layer_weights=None):
        f, p, a = (
            features(y)
            for y in (x, nst.preprocess_image(content), nst.preprocess_image(style))
        )
        weights = dict.fromkeys(nst.STYLE_LAYERS, 0.2) | (layer_weights or {})
        terms = {
            layer: beta
            * weights[layer]
            * np.sum((gram(f[layer]) - gram(a[layer])) ** 2)
            / (4 * f[layer].shape[1] ** 2)
            for layer in nst.STYLE_LAYERS
        }
        terms["style"] = sum(terms.values())
        difference = f[nst.CONTENT_LAYER] - p[nst.CONTENT_LAYER]
        terms["content"] = alpha * np.sum(difference**2) / 2
        terms["tv"] = tv_weight * sum(
            np.abs(np.diff(np.float64(x), axis=axis)).sum() for axis in (1, 2)
        )
        terms["total"] = terms["content"] + terms["style"] + terms["tv"]
        return terms

    return losses


def assert_losses(actual, expected):
    assert actual.keys() == expected.keys()
    for name in expected:
        assert actual[name] == pytest.approx(expected[name], rel=2e-3), name


# --- What a step computes ------------------------------------------------------------


def test_the_losses_are_those_of_the_paper(content, style, losses_by_numpy):
    start = nst.preprocess_image(style[:44, :64][::-1].repeat(2, 0)[:64])
    image = nst.deprocess_image(start)
    (step,) = run(make(content, style, init=image, tv_weight=0.1), 1)
    assert_losses(step.losses, losses_by_numpy(start, tv_weight=0.1))


def test_the_terms_sum_to_their_totals(content, style):
    for step in make(content, style, tv_weight=0.3).run(3):
        layers = sum(step.losses[layer] for layer in nst.STYLE_LAYERS)
        assert step.losses["style"] == pytest.approx(layers, rel=1e-5)
        total = sum(step.losses[name] for name in ("content", "style", "tv"))
        assert step.losses["total"] == pytest.approx(total, rel=1e-5)


def test_at_the_content_picture_the_content_loss_is_zero(content, style):
    (step,) = run(make(content, style), 1)
    assert step.losses["content"] == pytest.approx(0, abs=1e-3)
    assert step.losses["style"] > 0


@pytest.mark.parametrize(
    "changed",
    [
        {"alpha": 30.0},
        {"beta": 7e4},
        {"tv_weight": 0.5},
        {"layer_weights": {"block1_conv1": 0.0}},
        {"layer_weights": {"block5_conv1": 3.0, "block2_conv1": 0.7}},
    ],
    ids=str,
)
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_a_weight_changed_in_a_run_acts_on_the_next_step(
    content, style, losses_by_numpy, changed, optimizer
):
    changing = make(content, style, optimizer=optimizer)
    steps = changing.run(3)
    next(steps)
    x = next(steps).x
    for name, value in changed.items():
        setattr(changing, name, value)
    assert_losses(next(steps).losses, losses_by_numpy(x, **changed))
    assert changing.trace_count == 1


def test_one_layer_weight_is_set_by_its_name(content, style):
    changing = make(content, style)
    steps = changing.run(2)
    assert next(steps).losses["block3_conv1"] > 0
    changing.layer_weights["block3_conv1"] = 0
    assert next(steps).losses["block3_conv1"] == 0


def test_a_weight_can_be_changed_from_another_thread(content, style):
    changing = make(content, style)
    steps = changing.run(2)
    next(steps)
    thread = threading.Thread(target=setattr, args=(changing, "beta", 0.0))
    thread.start()
    thread.join()
    assert next(steps).losses["style"] == 0


def test_a_changed_learning_rate_acts_on_the_next_step(content, style):
    changing = make(content, style, learning_rate=20)
    steps = changing.run(3)
    x0, x1 = next(steps).x, next(steps).x
    changing.learning_rate = 1e-3
    x2 = next(steps).x
    assert np.abs(x1 - x0).max() > 1
    # Adam's moves are at most 0.1 / √0.001 times the learning rate.
    assert 0 < np.abs(x2 - x1).max() < 3.3e-3


def test_a_bad_weight_in_a_run_is_refused_and_the_old_one_kept(content, style):
    changing = make(content, style, beta=5.0)
    with pytest.raises(ValueError, match="`beta`"):
        changing.beta = float("nan")
    assert changing.beta == 5.0


def test_nothing_is_traced_again_for_another_size_or_picture(content, style):
    run(make(content, style, scales={32: 1, 48: 1}), 3)
    another = make(style[:, :40], content[:50], size=56, beta=1.0)
    run(another, 2)
    assert another.trace_count == 1


def test_targets_are_computed_once_for_each_size(content, style, monkeypatch):
    computed = []
    targets = objective.Objective.targets
    monkeypatch.setattr(
        objective.Objective,
        "targets",
        lambda self, *pictures: computed.append(1) or targets(self, *pictures),
    )
    run(make(content, style, scales={32: 3, 48: 2}), 8)
    assert len(computed) == 3


def test_a_step_tells_its_number_size_and_seconds(content, style):
    first, second = run(make(content, style), 2)
    assert (first.number, second.number) == (1, 2)
    assert (first.size, first.image.shape) == (64, (64, 64, 3))
    assert first.seconds > 0


def test_the_history_holds_every_step(content, style):
    recorded = make(content, style)
    steps = run(recorded, 3)
    for name in steps[0].losses:
        assert recorded.history[name] == [step.losses[name] for step in steps]


def test_looking_at_a_picture_does_not_change_it(content, style):
    watched, alone = make(content, style), make(content, style)
    for step in watched.run(3):
        step.image[:] = 0
        watched.image[:] = 0
        watched.losses()
    run(alone, 3)
    np.testing.assert_array_equal(watched.image, alone.image)


# --- Where it starts and which size it has -------------------------------------------


def test_it_starts_from_the_content(content, style):
    np.testing.assert_array_equal(make(content, style).image, content)


def test_it_starts_from_the_style_at_the_shape_of_the_content(content, style):
    image = make(content[:, :48], style, init="style").image
    assert image.shape == (64, 48, 3)
    np.testing.assert_allclose(image.mean(axis=(0, 1)), style.mean(axis=(0, 1)), atol=3)


def test_it_starts_from_noise(content, style):
    image = make(content, style, init="noise").image
    assert image.shape == content.shape
    assert image.mean() == pytest.approx(128, abs=2)
    assert image.std() == pytest.approx(32, abs=2)


def test_it_starts_from_the_content_in_the_colours_of_the_style(content, style):
    start = make(content, style, init="recolored").start
    assert start.shape == content.shape
    colours, expected = (np.float64(p.reshape(-1, 3)) for p in (start, style))
    # Clipping at 0 and 255 takes some of it back.
    np.testing.assert_allclose(colours.mean(axis=0), expected.mean(axis=0), atol=8)
    spread, wanted = (np.cov(p, rowvar=False) for p in (colours, expected))
    assert np.abs(spread - wanted).max() < 0.25 * np.abs(wanted).max()
    there_and_back = recolor(
        recolor(content // 2 + 64, style // 4 + 96), content // 2 + 64
    )
    assert np.abs(there_and_back - (content // 2 + 64.0)).mean() < 2


def test_a_picture_of_one_colour_can_be_recoloured(style):
    grey = np.full((64, 64, 3), 90, "uint8")
    assert np.ptp(recolor(grey, style), axis=(0, 1)).max() == 0


def test_it_starts_from_a_picture_in_a_file(content, style, tmp_path):
    path = nst.save_image(content[::-1].copy(), tmp_path / "start.png")
    np.testing.assert_array_equal(
        make(content, style, init=str(path)).image, content[::-1]
    )


def test_it_starts_from_an_array(content, style):
    start = content[:, ::-1].copy()
    np.testing.assert_array_equal(make(content, style, init=start).image, start)


def test_content_and_style_may_be_paths(content):
    from_paths = make(CONTENT_PATH, str(STYLE_PATH))
    assert from_paths.image.shape == content.shape


def test_a_texture_has_the_shape_of_the_style(style):
    texture = make(None, style, init="noise")
    (step,) = run(texture, 1)
    assert step.image.shape == style.shape
    assert step.losses["content"] == 0


def test_content_alone_has_no_style_term(content):
    (step,) = run(make(content, None, init="noise"), 1)
    assert step.losses["style"] == 0
    assert step.losses["content"] > 0


def test_the_size_is_the_longest_side(style):
    image = make(style[:48], style, size=96).image
    assert image.shape == (len(style[:48]) * 96 // 64, 96, 3)


def test_coarse_to_fine_visits_the_sizes_and_ends_at_the_last(content, style):
    coarse = make(content, style, scales={48: 1, 32: 2})
    steps = run(coarse, 5)
    assert [step.size for step in steps] == [32, 32, 48, 64, 64]
    assert [step.x.shape[1] for step in steps] == [32, 32, 48, 64, 64]
    for step in steps:
        assert step.image.shape == content.shape
    np.testing.assert_array_equal(coarse.image, steps[-1].image)


def test_coarse_to_fine_keeps_the_detail_of_the_start(content, style):
    """Where nothing is changed, nothing is blurred by having been small."""
    still = make(content, style, scales={32: 1}, learning_rate=1e-6)
    run(still, 2)
    np.testing.assert_allclose(still.image.astype(int), content, atol=1)


def test_auto_begins_at_a_quarter_and_half_of_the_size(content, style):
    assert list(make(content, style, scales="auto", size=512).scales) == [128, 256]


def test_auto_begins_no_smaller_than_128_pixels(content, style):
    assert list(make(content, style, scales="auto", size=256).scales) == [128]
    assert make(content, style, scales="auto", size=64).scales == {}


# --- The same twice ------------------------------------------------------------------

SAME_AGAIN = """
import hashlib, sys
import nst
again = nst.StyleTransfer(
    sys.argv[1], sys.argv[2], size=64, network="vgg16", init="noise", seed=3,
    optimizer=sys.argv[3], scales={32: 3},
)
for step in again.run(8):
    pass
print(hashlib.sha256(again.image.tobytes()).hexdigest())
"""


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_the_same_seed_gives_the_same_picture_bit_for_bit(
    content, style, optimizer, tmp_path
):
    """Also after other runs in this process, and in a process of its own."""
    paths = [
        str(nst.save_image(image, tmp_path / name))
        for image, name in ((content, "content.png"), (style, "style.png"))
    ]

    def paint():
        same = make(*paths, init="noise", seed=3, optimizer=optimizer, scales={32: 3})
        run(same, 8)
        return hashlib.sha256(same.image.tobytes()).hexdigest()

    first = paint()
    run(make(style, content, init="noise", seed=9, beta=1.0), 2)
    assert paint() == first
    done = subprocess.run(
        [sys.executable, "-c", SAME_AGAIN, *paths, optimizer],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout.strip() == first


def test_another_seed_gives_another_noise(content, style):
    first, same, other = (
        make(content, style, init="noise", seed=seed).image for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, same)
    assert np.abs(first.astype(int) - other).mean() > 20


# --- Interrupts, and runs that follow each other -------------------------------------


def interrupt_at(monkeypatch, number, error=KeyboardInterrupt):
    """Let an evaluation of the loss be interrupted, the first of them being 1."""
    evaluate = objective.Objective.evaluate
    calls = []

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == number:
            raise error
        return evaluate(self, *arguments)

    monkeypatch.setattr(objective.Objective, "evaluate", interrupted)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_an_interrupt_keeps_the_picture_and_the_run_can_go_on(
    content, style, monkeypatch, optimizer
):
    whole = make(content, style, optimizer=optimizer)
    run(whole, 5)
    broken = make(content, style, optimizer=optimizer)
    interrupt_at(monkeypatch, 4)
    images = []
    with pytest.raises(KeyboardInterrupt):
        for step in broken.run(5):
            images.append(step.image)
    assert len(images) == 3
    np.testing.assert_array_equal(broken.image, images[-1])
    run(broken, 2)
    assert broken.steps == 5
    np.testing.assert_array_equal(broken.image, whole.image)


def test_leaving_the_loop_keeps_the_picture_and_the_run_can_go_on(content, style):
    left, whole = make(content, style), make(content, style)
    for step in left.run(10):
        if step.number == 2:
            break
    np.testing.assert_array_equal(left.image, step.image)
    run(left, 2)
    run(whole, 4)
    np.testing.assert_array_equal(left.image, whole.image)


def test_two_runs_of_one_transfer_at_once_are_refused(content, style):
    busy = make(content, style)
    steps = busy.run(3)
    next(steps)
    with pytest.raises(RuntimeError, match=r"one run at a time.*stop that run first"):
        next(busy.run(1))
    steps.close()
    run(busy, 1)


def test_two_transfers_do_not_disturb_each_other(content, style):
    a, b, alone = (make(content, style) for _ in range(3))
    for _ in zip(a.run(3), b.run(3), strict=True):
        b.beta = 1.0
    run(alone, 3)
    np.testing.assert_array_equal(a.image, alone.image)
    assert (b.image != alone.image).any()


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_picture(
    content, style, optimizer
):
    exploding = make(content, style, optimizer=optimizer)
    run(exploding, 2)
    before = exploding.image
    exploding.beta = 3e38
    with pytest.raises(FloatingPointError, match=r"Step 3: .*finite loss.* kept\."):
        run(exploding, 1)
    np.testing.assert_array_equal(exploding.image, before)


@pytest.mark.parametrize("init", ["content", "style", "noise"])
def test_a_far_too_high_learning_rate_stops_the_run_at_the_best_picture(
    content, style, init
):
    exploding = make(content, style, init=init, learning_rate=1000.0)
    with pytest.raises(
        FloatingPointError,
        match=r"Step [1-5]: Expected a falling.*rate of 1000; choose",
    ):
        run(exploding, 5)
    judge = make(content, style)
    best = judge.losses(exploding.image)["total"]
    assert best <= judge.losses(exploding.start)["total"]


def test_an_exploded_run_goes_on_with_a_smaller_learning_rate(content, style):
    exploding = make(content, style, learning_rate=1000.0)
    with pytest.raises(FloatingPointError):
        run(exploding, 5)
    exploding.learning_rate = 20.0
    before = exploding.losses()["total"]
    run(exploding, 20)
    assert exploding.losses()["total"] < before / 5


# What moves far and comes back is no explosion, nor is a change of the weights.
@pytest.mark.parametrize(
    "settings",
    [
        {"learning_rate": 100.0},
        {"learning_rate": 100.0, "init": "noise"},
        {"alpha": 1e3, "beta": 1.0},
        {"optimizer": "lbfgs", "init": "noise"},
    ],
    ids=str,
)
def test_a_lively_run_is_not_stopped(content, style, settings):
    lively = make(content, style, **settings)
    run(lively, 10)
    lively.beta *= 1000
    run(lively, 5)
    assert lively.steps == 15


# --- The optimisers, alone -----------------------------------------------------------


def quadratic(target, curvature):
    """½ Σ c (x − t)², whose lowest point within bounds is known: t, cut to them."""

    def evaluate(x):
        difference = np.asarray(x, "float64") - target
        loss = 0.5 * np.sum(curvature * difference**2)
        return {"total": loss}, np.float32(curvature * difference)

    return evaluate


def test_adam_moves_as_kingma_and_ba_wrote_it(generator):
    """Algorithm 1 of their paper in NumPy; the learning rate is changed on the way."""
    x = generator.normal(0, 20, (1, 3, 4, 3)).astype("float32")
    evaluate = quadratic(generator.normal(0, 20, x.shape), 3.0)
    adam = optimizers.make_optimizer("adam", x, 2.0)
    m = v = 0
    for t in range(1, 6):
        rate = adam.learning_rate = 2.0 / t
        g = evaluate(x)[1].astype("float64")
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        x = x - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)
        adam.step(evaluate)
        np.testing.assert_allclose(adam.x, x, atol=1e-3)


def test_the_first_move_of_adam_is_the_learning_rate_against_the_sign(generator):
    x = np.zeros((1, 3, 4, 3), "float32")
    target = generator.normal(0, 20, x.shape)
    adam = optimizers.make_optimizer("adam", x, 2.0)
    adam.step(quadratic(target, 1.0))
    np.testing.assert_allclose(adam.x, 2 * np.sign(target), rtol=1e-4)


@pytest.mark.parametrize("make_optimizer", [lambda x: optimizers.make_optimizer("adam", x, 500.0),
                                            optimizers.LBFGS])  # fmt: skip
def test_no_move_leaves_the_displayable_range(generator, make_optimizer):
    x = np.zeros((1, 3, 4, 3), "float32")
    evaluate = quadratic(generator.normal(0, 1e4, x.shape), 1.0)
    optimizer = make_optimizer(x)
    for _ in range(20):
        optimizer.step(evaluate)
        assert (optimizer.x >= LOWEST).all()
        assert (optimizer.x <= HIGHEST).all()


def test_lbfgs_finds_the_lowest_point_of_a_quadratic(generator):
    """Curvatures from 1 to 1000 in 60 unknowns, where gradient descent would crawl."""
    x = generator.normal(0, 20, (1, 4, 5, 3)).astype("float32")
    target = generator.normal(0, 20, x.shape)
    curvature = np.geomspace(1, 1000, x.size).reshape(x.shape)
    evaluate = quadratic(target, curvature)
    lbfgs = optimizers.LBFGS(x)
    for _ in range(150):
        lbfgs.step(evaluate)
    np.testing.assert_allclose(lbfgs.x, target, atol=0.1)


def test_lbfgs_finds_the_lowest_point_at_the_edge_of_the_range(generator):
    x = np.zeros((1, 4, 5, 3), "float32")
    target = generator.normal(0, 150, x.shape)
    lbfgs = optimizers.LBFGS(x)
    for _ in range(100):
        lbfgs.step(quadratic(target, 2.0))
    np.testing.assert_allclose(lbfgs.x, np.clip(target, LOWEST, HIGHEST), atol=0.5)


def test_lbfgs_stays_where_the_gradient_is_zero():
    x = np.full((1, 2, 2, 3), 7.0, "float32")
    lbfgs = optimizers.LBFGS(x)
    for _ in range(3):
        lbfgs.step(quadratic(7.0, 1.0))
    np.testing.assert_array_equal(lbfgs.x, x)


def test_the_picture_of_lbfgs_is_the_best_it_has_seen(generator):
    x = generator.normal(0, 20, (1, 4, 5, 3)).astype("float32")
    evaluate = quadratic(0.0, np.geomspace(1, 1000, x.size).reshape(x.shape))
    lbfgs, seen = optimizers.LBFGS(x), []
    for _ in range(30):
        seen.append(lbfgs.step(evaluate)["total"])
        assert evaluate(lbfgs.x)[0]["total"] == min(seen)


def test_lbfgs_begins_anew_after_it_forgot(generator):
    """The first move follows the gradient, its root mean square is 5 levels."""
    x = generator.normal(0, 20, (1, 4, 5, 3)).astype("float32")
    lbfgs = optimizers.LBFGS(x)
    for _ in range(5):
        lbfgs.step(quadratic(0.0, np.geomspace(1, 50, x.size).reshape(x.shape)))
    lbfgs.forget()
    visited = []

    def elsewhere(x):
        visited.append(np.array(x))
        return quadratic(50.0, 1.0)(x)

    lbfgs.step(elsewhere)
    lbfgs.step(elsewhere)
    move, gradient = visited[1] - visited[0], visited[0] - 50
    expected = -5 * gradient / np.sqrt(np.mean(gradient**2))
    np.testing.assert_allclose(move, expected, atol=1e-3)


def test_lbfgs_forgets_when_the_loss_is_changed_and_only_then(
    content, style, monkeypatch
):
    forgotten = []
    steps = make(content, style, optimizer="lbfgs")
    monkeypatch.setattr(
        optimizers.LBFGS, "forget", lambda self: forgotten.append(steps.steps)
    )
    run(steps, 2)
    steps.beta = steps.beta
    run(steps, 1)
    assert forgotten == []
    steps.beta = 5e3
    run(steps, 2)
    assert forgotten == [3]


# About half of what was measured.
@pytest.mark.parametrize(("optimizer", "factor"), [("adam", 18), ("lbfgs", 35)])
def test_the_loss_falls_by_a_stated_factor(content, style, optimizer, factor):
    falling = make(content, style, optimizer=optimizer)
    before = falling.losses()["total"]
    run(falling, 30)
    assert falling.losses()["total"] < before / factor


# --- What is refused, before anything is built ---------------------------------------


@pytest.fixture
def nothing_is_built(monkeypatch):
    """Let the search for a network, which comes before building it, fail the test."""
    monkeypatch.setattr(
        transfer, "resolve_network", lambda *_: pytest.fail("a network was looked for")
    )


NUMBERS = [float("nan"), float("inf"), -1, "5", [1.0]]
SIZES = [0, -1, 1.5, "256", None, float("nan"), 100_000]
BAD_SETTINGS = [
    *(("alpha", value) for value in NUMBERS),
    *(("beta", value) for value in NUMBERS),
    *(("tv_weight", value) for value in NUMBERS),
    *(("learning_rate", value) for value in [*NUMBERS, 0]),
    *(("size", value) for value in SIZES),
    *(("seed", value) for value in [-1, 0.5, "7", None]),
    *(("optimizer", value) for value in ["momentum", "", 3]),
    *(("recipe", value) for value in ["gatys", "", None, 3]),
    *(("network", value) for value in ["resnet", "", None, ["vgg16"]]),
    *(("pooling", value) for value in ["mean", ""]),
    *(("scales", value) for value in ["coarse", 64, [64], {64: 0}, {0: 5}, {999: 5}]),
    *(("scales", value) for value in [{"64": 20}, {64: 2.5}, {"a": 1, 32: 1}]),
    *(("layer_weights", value) for value in [5, "block1_conv1", ["block1_conv1"]]),
    *(("layer_weights", value) for value in [{"conv1_1": 1}, {"block1_conv1": -1}]),
]


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize(("name", "value"), BAD_SETTINGS, ids=str)
def test_a_bad_setting_is_named_before_a_network_is_built(content, style, name, value):
    with pytest.raises(
        ValueError, match=rf"^Expected `{name}.* but received .*; .*\.$"
    ):
        make(content, style, **{name: value})


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize("layer", ["block9_conv1", "block4_pool", "block4_conv4"])
def test_an_unknown_content_layer_is_answered_with_the_layers(content, style, layer):
    with pytest.raises(ValueError, match=rf"of vgg16, but received '{layer}'; choose"):
        make(content, style, content_layer=layer)


@pytest.mark.usefixtures("nothing_is_built")
def test_a_style_layer_of_the_other_network_is_refused(content, style):
    with pytest.raises(ValueError, match="of vgg16, but received 'block3_conv4'"):
        make(content, style, layer_weights={"block3_conv4": 1.0})


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize(
    "zeros",
    [
        {"alpha": 0, "beta": 0},
        {"alpha": 0, "layer_weights": dict.fromkeys(nst.STYLE_LAYERS, 0)},
        {"alpha": 0, "layer_weights": {}},
    ],
    ids=str,
)
def test_weights_that_are_all_zero_are_refused(content, style, zeros):
    with pytest.raises(ValueError, match="but received only zeros; raise `alpha`"):
        make(content, style, **zeros)


@pytest.mark.usefixtures("nothing_is_built")
def test_no_picture_at_all_is_refused():
    with pytest.raises(ValueError, match="received neither; give at least one"):
        make(None, None)


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize("name", ["content", "style", "init"])
@pytest.mark.parametrize("shape", [(64, 64), (64, 64, 4), (0, 64, 3)])
def test_an_array_that_is_no_picture_is_named(content, style, name, shape):
    pictures = {"content": content, "style": style} | {name: np.zeros(shape, "uint8")}
    with pytest.raises(ValueError, match=rf"^Expected `{name}` as a uint8 array"):
        make(**pictures)


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize("name", ["content", "style", "init"])
def test_a_picture_that_is_not_there_is_named(content, style, name):
    pictures = {"content": content, "style": style} | {name: "nowhere.jpg"}
    with pytest.raises(FileNotFoundError, match=r"picture at 'nowhere\.jpg'"):
        make(**pictures)


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize("start", [5, ["noise"]])
def test_a_start_that_is_no_picture_is_refused(content, style, start):
    with pytest.raises(ValueError, match=r"^Expected the path of a picture"):
        make(content, style, init=start)


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize(
    ("missing", "init"), [("content", "content"), ("style", "style")]
)
def test_a_start_from_a_picture_that_is_not_given_is_refused(
    content, style, missing, init
):
    pictures = {"content": content, "style": style} | {missing: None}
    with pytest.raises(ValueError, match=f"^Expected a picture to start from.*{init}"):
        make(**pictures, init=init)


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize("narrow", ["content", "style"])
@pytest.mark.parametrize("shape", [(1, 400, 3), (400, 1, 3), (10, 64, 3)])
def test_a_picture_too_narrow_for_the_network_is_refused(content, style, narrow, shape):
    pictures = {"content": content, "style": style} | {narrow: np.zeros(shape, "uint8")}
    with pytest.raises(
        ValueError, match=r"shorter side is at least 16 pixels, but rec"
    ):
        make(**pictures)


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize("settings", [{"size": 15}, {"scales": {8: 3}}], ids=str)
def test_a_size_too_small_for_the_network_is_refused(content, style, settings):
    with pytest.raises(ValueError, match=r"at least 16 pixels.* choose a larger size"):
        make(content, style, **settings)


def test_a_picture_of_one_pixel_is_enlarged(style):
    one = np.full((1, 1, 3), 200, "uint8")
    (step,) = run(make(one, style), 1)
    assert step.image.shape == (64, 64, 3)


@pytest.mark.usefixtures("nothing_is_built")
def test_a_size_that_does_not_fit_the_memory_is_refused(content, style, monkeypatch):
    monkeypatch.setattr(
        psutil, "virtual_memory", lambda: types.SimpleNamespace(available=1e9)
    )
    with pytest.raises(MemoryError) as caught:
        make(content, style, size=2048)
    sentence = re.search(r"at most about (\d+) px for the 1\.0 GB", str(caught.value))
    fits = int(sentence[1])
    check_memory(fits, fits)
    with pytest.raises(MemoryError):
        check_memory(fits + 20, fits + 20)
    assert "received 2048" in str(caught.value)


@pytest.mark.parametrize("steps", [0, -1, 2.5, "5", None, True])
def test_bad_steps_are_refused_before_the_first(content, style, steps):
    with pytest.raises(ValueError, match="`steps` as a whole number of at least 1"):
        make(content, style).run(steps)


def test_an_unknown_keyword_is_named(content, style):
    with pytest.raises(TypeError, match="'betta'"):
        make(content, style, betta=1.0)


# --- What is kept with a result ------------------------------------------------------


def test_the_settings_make_the_same_picture_again(content, style, tmp_path):
    first = make(
        content, style, beta=500, init="noise", seed=5, scales={32: 2}, pooling="avg",
        layer_weights={"block1_conv1": 0.7, "block3_conv1": 0.3}, learning_rate=8,
        tv_weight=0.01, content_layer="block3_conv1",
    )  # fmt: skip
    run(first, 4)
    path = nst.save_image(first.image, tmp_path / "first.png", first.settings())
    kept = nst.images.read_settings(path)
    steps = kept.pop("steps")
    kept["scales"] = {int(size): count for size, count in kept["scales"].items()}
    again = transfer.StyleTransfer(content, style, **kept)
    run(again, steps)
    np.testing.assert_array_equal(again.image, nst.load_image(path))


def test_the_settings_name_the_network_really_used(content, style):
    with pytest.warns(UserWarning, match="bundled VGG16 is used instead"):
        fallen_back = make(content, style, network="auto")
    assert fallen_back.settings()["network"] == "vgg16"
