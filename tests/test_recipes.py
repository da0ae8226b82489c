"""Each recipe against its source's formula, written in NumPy as it stands there.

No number below is taken from `nst.recipes`. Feature maps come from
`build_feature_extractor`, which `test_vgg` compares with plain Keras.
"""

import functools

import nst
from nst import paper_units, recipes
from nst.__main__ import main
from nst.images import IMAGENET_MEAN_BGR, SAMPLES
from nst.optimizers import make_optimizer

import numpy as np
import pytest
import tensorflow as tf

FIRST_OF_EACH_BLOCK = [f"block{block}_conv1" for block in (1, 2, 3, 4, 5)]
FIRST_FIVE = [f"block{b}_conv{n}" for b, n in [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1)]]
LAYERS = sorted({*FIRST_OF_EACH_BLOCK, *FIRST_FIVE, "block4_conv2", "block5_conv2"})


def sample(kind, name, height, width):
    """A bundled picture, cut to this size: odd where pooling has to round."""
    path = SAMPLES / kind / f"{name}.jpg"
    return nst.load_image(path, max_size=96)[:height, :width]


PICTURES = {
    "photograph": sample("content", "astronaut", 43, 64),
    "painting": sample("style", "great_wave", 43, 64),
    "upright painting": sample("style", "great_wave", 64, 37),
    "generated": sample("style", "poppies", 43, 64),
}
PHOTOGRAPH, PAINTING = PICTURES["photograph"], PICTURES["painting"]
GENERATED = PICTURES["generated"]


@functools.cache
def extractor(pooling="max", rescaled=False):
    return nst.build_feature_extractor(
        LAYERS, "vgg16", pooling=pooling, rescaled=rescaled
    )


@functools.cache
def features(name, pooling="max", rescaled=False):
    """{layer: [h·w, C]} of a picture, a row each position, in double precision."""
    maps = extractor(pooling, rescaled)(nst.preprocess_image(PICTURES[name]))
    return {name: np.float64(f).reshape(-1, f.shape[-1]) for name, f in maps.items()}


# --- The formulas of the sources -----------------------------------------------------
# f, c and s are the features of the generated picture, the photograph and the painting;
# x holds the generated picture's pixels of 0 … 255. Each returns the loss's terms, as
# its source weighs them.


def paper(f, c, s, x):
    """Equations 1, 4, 5 and 7, with w_l = 1/5 and α/β = 10⁻³."""
    terms = {"content": np.sum((f["block4_conv2"] - c["block4_conv2"]) ** 2) / 2}
    for layer in FIRST_OF_EACH_BLOCK:
        positions, channels = f[layer].shape
        gram, target = f[layer].T @ f[layer], s[layer].T @ s[layer]
        error = np.sum((gram - target) ** 2) / (4 * channels**2 * positions**2)
        terms[layer] = 1e3 * (1 / 5) * error
    return terms


def gatys_notebook(f, c, s, x):
    """GramMSELoss and MSELoss; "these are good weights settings"."""
    terms = {"content": 1e0 * np.mean((f["block4_conv2"] - c["block4_conv2"]) ** 2)}
    for layer, n in zip(FIRST_OF_EACH_BLOCK, (64, 128, 256, 512, 512), strict=True):
        gram = f[layer].T @ f[layer] / len(f[layer])
        target = s[layer].T @ s[layer] / len(s[layer])
        terms[layer] = 1e3 / n**2 * np.mean((gram - target) ** 2)
    return terms


def neural_style(f, c, s, x):
    """ContentLoss, StyleLoss, and what TVLoss is the gradient of."""
    terms = {"content": 5e0 * np.mean((f["block4_conv2"] - c["block4_conv2"]) ** 2)}
    for layer in FIRST_OF_EACH_BLOCK:
        gram = f[layer].T @ f[layer] / f[layer].size
        target = s[layer].T @ s[layer] / s[layer].size
        terms[layer] = 1e2 * np.mean((gram - target) ** 2)
    x_diff = x[:-1, :-1] - x[:-1, 1:]
    y_diff = x[:-1, :-1] - x[1:, :-1]
    terms["tv"] = 1e-3 / 2 * (np.sum(x_diff**2) + np.sum(y_diff**2))
    return terms


def keras_example(f, c, s, x):
    """One constant for every layer: 3 channels, and the size of the picture."""
    size = x.shape[0] * x.shape[1]
    terms = {"content": 2.5e-8 * np.sum((f["block5_conv2"] - c["block5_conv2"]) ** 2)}
    for layer in FIRST_OF_EACH_BLOCK:
        gram, target = f[layer].T @ f[layer], s[layer].T @ s[layer]
        error = np.sum((target - gram) ** 2) / (4.0 * 3**2 * size**2)
        terms[layer] = 1e-6 / 5 * error
    a = (x[:-1, :-1] - x[1:, :-1]) ** 2
    b = (x[:-1, :-1] - x[:-1, 1:]) ** 2
    terms["tv"] = 1e-6 * np.sum((a + b) ** 1.25)
    return terms


def tensorflow_tutorial(f, c, s, x):
    """Means of squares; total variation of pixels of 0 … 1."""
    terms = {"content": 1e4 * np.mean((f["block5_conv2"] - c["block5_conv2"]) ** 2)}
    for layer in FIRST_OF_EACH_BLOCK:
        gram = f[layer].T @ f[layer] / len(f[layer])
        target = s[layer].T @ s[layer] / len(s[layer])
        terms[layer] = 1e-2 / 5 * np.mean((gram - target) ** 2)
    image = x / 255
    x_deltas = image[:, 1:] - image[:, :-1]
    y_deltas = image[1:] - image[:-1]
    terms["tv"] = 30 * (np.sum(np.abs(x_deltas)) + np.sum(np.abs(y_deltas)))
    return terms


def pytorch_tutorial(f, c, s, x):
    """conv_1 … conv_5, counted from the picture upwards."""
    terms = {"content": np.mean((f[FIRST_FIVE[3]] - c[FIRST_FIVE[3]]) ** 2)}
    for layer in FIRST_FIVE:
        gram = f[layer].T @ f[layer] / f[layer].size
        target = s[layer].T @ s[layer] / s[layer].size
        terms[layer] = 1000000 * np.mean((gram - target) ** 2)
    return terms


def deeplearning_ai(f, c, s, x):
    """J = α J_content + β J_style, with λ = 0.2 for each layer."""
    difference = f["block4_conv2"] - c["block4_conv2"]
    terms = {"content": 10 * np.sum(difference**2) / (4 * difference.size)}
    for layer in FIRST_OF_EACH_BLOCK:
        n_h_n_w, n_c = f[layer].shape
        gram, target = f[layer].T @ f[layer], s[layer].T @ s[layer]
        cost = np.sum((target - gram) ** 2) / (4 * n_c**2 * n_h_n_w**2)
        terms[layer] = 40 * 0.2 * cost
    return terms


# The formula, how it pools, whether activations are rescaled, and whether the source
# takes a painting of another shape.
SOURCES = {
    "course": (paper, "max", False, False),
    "fast": (paper, "max", False, False),
    "gatys_notebook": (gatys_notebook, "max", False, True),
    "paper": (paper, "avg", False, False),
    "deeplearning_ai": (deeplearning_ai, "avg", False, False),
    "cvpr2016": (paper, "avg", True, False),
    "neural_style": (neural_style, "max", False, True),
    "pytorch": (pytorch_tutorial, "max", False, False),
    "keras": (keras_example, "max", False, False),
    "tensorflow": (tensorflow_tutorial, "max", False, True),
}


def painting_for(name):
    return "upright painting" if SOURCES[name][3] else "painting"


def terms_of_the_source(name, painting):
    formula, pooling, rescaled, _ = SOURCES[name]
    f, c, s = (
        features(picture, pooling, rescaled)
        for picture in ("generated", "photograph", painting)
    )
    terms = {"tv": 0.0} | formula(f, c, s, np.float64(GENERATED))
    terms["style"] = sum(terms.values()) - terms["content"] - terms["tv"]
    terms["total"] = terms["content"] + terms["style"] + terms["tv"]
    return terms


@functools.cache
def transfer_of(name):
    """A recipe's transfer, to ask for losses alone, and for exact ones."""
    painting = PICTURES[painting_for(name)]
    return nst.StyleTransfer(
        PHOTOGRAPH,
        painting,
        size=64,
        network="vgg16",
        recipe=name,
        precision="float32",
    )


def make(name, **settings):
    return nst.StyleTransfer(
        PHOTOGRAPH, PAINTING, recipe=name, **{"size": 64, "network": "vgg16"} | settings
    )


# --- Losses --------------------------------------------------------------------------


def test_every_recipe_is_compared_with_its_source():
    assert set(SOURCES) == set(recipes.RECIPES)


@pytest.mark.parametrize("name", SOURCES)
def test_every_term_of_the_loss_is_the_source_s(name):
    expected = terms_of_the_source(name, painting_for(name))
    losses = transfer_of(name).losses(GENERATED)
    assert losses.keys() == expected.keys()
    for term in expected:
        assert losses[term] == pytest.approx(expected[term], rel=1e-3), term


@pytest.mark.parametrize("name", SOURCES)
def test_its_weights_in_the_paper_s_units_give_the_same_loss(name):
    _, pooling, rescaled, _ = SOURCES[name]
    f, c, s = (
        features(picture, pooling, rescaled)
        for picture in ("generated", "photograph", "painting")
    )
    weights = paper_units.in_paper_units(name, GENERATED.shape[:2])
    layer = recipes.get_recipe(name).content_layer
    loss = weights.pop("content") * np.sum((f[layer] - c[layer]) ** 2) / 2
    for layer, weight in weights.items():
        positions, channels = f[layer].shape
        gram, target = f[layer].T @ f[layer], s[layer].T @ s[layer]
        error = np.sum((gram - target) ** 2) / (4 * channels**2 * positions**2)
        loss += weight * error
    expected = terms_of_the_source(name, "painting")
    assert loss == pytest.approx(expected["content"] + expected["style"], rel=1e-9)


def test_the_constant_of_keras_weighs_the_layers_as_455_to_0_44():
    weights = paper_units.in_paper_units("keras")
    ratios = [weights[layer] / (1e-6 / 5) for layer in FIRST_OF_EACH_BLOCK]
    assert ratios == pytest.approx([455, 114, 28, 7.1, 0.44], rel=2e-2)


# --- Settings ------------------------------------------------------------------------

# What the sources start from, how they step, and how often.
STEPPING = {
    "paper": {"init": "noise", "optimizer": "lbfgs", "steps": None},
    "cvpr2016": {"init": "noise", "optimizer": "lbfgs", "steps": None},
    "gatys_notebook": {"init": "content", "optimizer": "lbfgs", "steps": 500},
    "neural_style": {"init": "noise", "optimizer": "lbfgs", "steps": 1000},
    "keras": {"init": "content", "optimizer": "sgd", "steps": 4000},
    "tensorflow": {"init": "content", "optimizer": "adam", "steps": 10 * 100},
    "pytorch": {"init": "content", "optimizer": "lbfgs", "steps": 300},
    "deeplearning_ai": {"init": "content", "optimizer": "adam", "steps": 200},
}


@pytest.mark.parametrize("name", STEPPING)
def test_it_starts_and_steps_as_its_source_does(name):
    recipe = recipes.get_recipe(name)
    assert {setting: getattr(recipe, setting) for setting in STEPPING[name]} == (
        STEPPING[name]
    )


@pytest.mark.parametrize("name", SOURCES)
def test_a_recipe_decides_every_setting(name):
    settings, recipe = transfer_of(name).settings(), recipes.get_recipe(name)
    decided = recipe.settings()
    assert decided.pop("scales") in (None, "auto")
    assert decided.pop("precision") in ("float32", "auto")
    assert settings["recipe"] == name
    assert {setting: settings[setting] for setting in decided} == decided


def test_a_setting_that_is_given_overrides_the_recipe_s():
    given = {
        "alpha": 3.0,
        "beta": 7.0,
        "layer_weights": {"block2_conv2": 0.5},
        "tv_weight": 0.25,
        "init": "style",
        "optimizer": "adam",
        "learning_rate": 11.0,
        "pooling": "avg",
        "rescaled": True,
        "precision": "bfloat16",
        "content_layer": "block1_conv2",
        "scales": {32: 4},
    }
    settings = make("keras", **given).settings()
    assert settings.pop("scales") == {"32": 4}
    del given["scales"]
    assert {name: settings[name] for name in given} == given


def test_zero_is_a_setting_that_is_given():
    settings = make("tensorflow", alpha=0, tv_weight=0, scales={}).settings()
    assert (settings["alpha"], settings["tv_weight"], settings["scales"]) == (0, 0, {})


def test_a_given_weight_is_weighed_by_the_recipe_s_formula():
    given = make("keras", alpha=1.0, beta=0.0, tv_weight=0.0).losses(GENERATED)
    f, c = features("generated"), features("photograph")
    difference = f["block5_conv2"] - c["block5_conv2"]
    assert given["total"] == pytest.approx(np.sum(difference**2), rel=1e-3)


@pytest.mark.parametrize("name", ["Keras", "", None, 3])
def test_an_unknown_recipe_is_answered_with_the_recipes(name):
    with pytest.raises(
        ValueError, match=r"`recipe` as one of 'course', .*'deeplearning_ai', but rec"
    ):
        make(name)


@pytest.mark.parametrize("name", ["keras", "tensorflow", "cvpr2016", "fast"])
def test_the_settings_of_a_recipe_s_run_make_its_picture_again(name):
    # At 64 px, Keras' own learning rate is too large.
    first = make(name, learning_rate=1.0 if name == "keras" else None)
    list(first.run(3))
    settings = first.settings()
    assert settings.pop("steps") == 3
    again = nst.StyleTransfer(PHOTOGRAPH, PAINTING, **settings)
    list(again.run(3))
    np.testing.assert_array_equal(again.image, first.image)
    assert np.any(first.image != first.start)


# --- Steps ---------------------------------------------------------------------------


def to_pixels(x):
    """From VGG's input space to RGB of 0 … 255, without rounding."""
    return (np.asarray(x)[0] + IMAGENET_MEAN_BGR)[..., ::-1]


def loss_of_the_tutorial(image):
    """What `tensorflow_tutorial` says, differentiable, of pixels of 0 … 1."""
    x = tf.reverse(image * 255, axis=[-1]) - IMAGENET_MEAN_BGR
    f = extractor()(x[None])
    c, s = (extractor()(nst.preprocess_image(y)) for y in (PHOTOGRAPH, PAINTING))

    def gram(maps):
        maps = tf.reshape(maps, (-1, maps.shape[-1]))
        return tf.matmul(maps, maps, transpose_a=True) / len(maps)

    squares = [
        tf.reduce_mean((gram(f[layer]) - gram(s[layer])) ** 2)
        for layer in FIRST_OF_EACH_BLOCK
    ]
    difference = f["block5_conv2"] - c["block5_conv2"]
    content = 1e4 * tf.reduce_mean(difference**2)
    return 1e-2 / 5 * sum(squares) + content + 30 * tf.image.total_variation(image)


def test_three_steps_of_tensorflow_s_are_its_adam_on_pixels_from_0_to_1():
    image = PHOTOGRAPH / np.float32(255)
    m = v = np.zeros(image.shape)
    for t, step in enumerate(make("tensorflow").run(3), start=1):
        at = tf.constant(image, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(at)
            loss = loss_of_the_tutorial(at)
        gradient = np.float64(tape.gradient(loss, at))
        m = 0.99 * m + (1 - 0.99) * gradient
        v = 0.999 * v + (1 - 0.999) * gradient**2
        rate = 0.02 * np.sqrt(1 - 0.999**t) / (1 - 0.99**t)
        image = np.clip(image - rate * m / (np.sqrt(v) + 1e-1), 0, 1)
        moved = np.abs(image * 255 - PHOTOGRAPH).mean()
        assert moved > 0.1
        assert np.abs(to_pixels(step.x) - image * 255).mean() < 1e-3 * moved


def test_keras_s_sgd_decays_by_0_96_in_100_steps():
    recipe = recipes.get_recipe("keras")
    x, slope = np.zeros((1, 2, 2, 3), "float32"), np.full((1, 2, 2, 3), 1e-3, "float32")
    sgd = make_optimizer("sgd", x, recipe.learning_rate, recipe.decay)
    moves, before = [], sgd.x
    for _ in range(101):
        sgd.step(lambda _: ({"total": 1.0}, slope))
        moves.append(float((before - sgd.x).mean() / 1e-3))
        before = sgd.x
    assert moves[0] == pytest.approx(100.0, rel=1e-4)
    assert moves[50] == pytest.approx(100 * 0.96**0.5, rel=1e-3)
    assert moves[100] == pytest.approx(96.0, rel=1e-3)


@pytest.mark.parametrize(("name", "levels"), [("course", 20), ("deeplearning_ai", 2)])
def test_adam_s_first_step_moves_a_pixel_by_the_learning_rate(name, levels):
    (step,) = make(name).run(1)
    moved = np.abs(step.x - nst.preprocess_image(PHOTOGRAPH))
    assert np.median(moved) == pytest.approx(levels, rel=1e-3)


# --- Shown ---------------------------------------------------------------------------


def test_the_command_line_shows_a_row_and_the_source_of_each_recipe(capsys):
    assert main(["recipes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, recipe in recipes.RECIPES.items():
        (row,) = (line for line in lines if line.startswith(f"{name} "))
        assert recipe.content_layer in row
        (source,) = (line for line in lines if line.startswith(f"{name}: "))
        assert recipe.source in source
        assert recipe.differs in source


def test_a_row_tells_alpha_over_beta_and_the_layers_shares():
    (row,) = (line for line in paper_units.table().splitlines() if line[:6] == "paper ")
    assert row.split()[1:3] == ["1.0e-03", "block4_conv2"]
    assert row.endswith("1_1 0.2, 2_1 0.2, 3_1 0.2, 4_1 0.2, 5_1 0.2")
