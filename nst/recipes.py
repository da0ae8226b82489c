"""Named settings: the paper's, those of well-known programs, and the course's own.

Each program normalises its losses in its own way, so its α and β mean something only
beside its own formulas. A recipe keeps both: the formulas, as they stand in its
source, and the numbers that belong to them; `paper_units` translates them.

All sources take VGG19. Of the programs, only TensorFlow's and PyTorch's tutorials keep
the picture displayable while it is optimised, as every run here does.

In the formulas, F, P, G and A are the paper's (see `losses`), N is the number of a
layer's channels, M that of its positions, and S that of the picture's pixels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nst.settings import check_choice
from nst.vgg import CONTENT_LAYER, STYLE_LAYERS


@dataclass(frozen=True)
class Recipe:
    """What a source sets; the defaults are the paper's own equations and layers.

    Attributes:
        source: Where it is written down.
        alpha: α, beside `content_loss`.
        beta: β, beside `style_loss`.
        layer_weights: w_l by layer name.
        content_layer: The layer that content is compared in.
        content_loss: Formula, one of `paper_units.CONTENT_LOSSES`.
        style_loss: Formula of one layer, one of `paper_units.STYLE_LOSSES`.
        tv_weight: Weight of the total variation of pixels of 0 … 255.
        tv_exponent: See `nst.losses.total_variation_loss`.
        pooling: `"max"` or `"avg"`.
        rescaled: Whether the network's mean activations are brought to 1.
        init: What the run starts from.
        optimizer: `"adam"`, `"sgd"` or `"lbfgs"`.
        optimizer_options: Further arguments of Keras' optimizer.
        learning_rate: In levels of 0 … 255.
        decay: What the learning rate is multiplied with after each step.
        scales: See `StyleTransfer`.
        precision: See `nst.precision`.
        steps: How many the source takes; `None` where it does not say.
        differs: What the source does that is not repeated here.
    """

    source: str
    alpha: float = 1.0
    beta: float = 1e3
    layer_weights: Mapping[str, float] = field(
        default_factory=lambda: dict.fromkeys(STYLE_LAYERS, 1 / len(STYLE_LAYERS))
    )
    content_layer: str = CONTENT_LAYER
    content_loss: str = "½ Σ (F − P)²"
    style_loss: str = "1/(4 N² M²) Σ (G − A)²"
    tv_weight: float = 0.0
    tv_exponent: float | None = None
    pooling: str = "max"
    rescaled: bool = False
    init: str = "content"
    optimizer: str = "adam"
    optimizer_options: Mapping = field(default_factory=dict)
    learning_rate: float = 20.0
    decay: float = 1.0
    scales: Mapping[int, int] | str | None = None
    precision: str = "float32"
    steps: int | None = None
    differs: str = ""

    def settings(self) -> dict:
        """Tell the arguments of `StyleTransfer` that it decides where none is given."""
        names = ("alpha", "beta", "layer_weights", "content_layer", "tv_weight")
        names += ("init", "scales", "optimizer", "learning_rate")
        names += ("pooling", "rescaled", "precision")
        return {name: getattr(self, name) for name in names}


RECIPES: dict[str, Recipe] = {
    "course": Recipe(
        "This course: the paper's loss from the photograph on, with Adam.", steps=80
    ),
    "fast": Recipe(
        "This course: the fastest way to a good picture.",
        init="recolored",
        optimizer="lbfgs",
        scales="auto",
        precision="auto",
        steps=50,
    ),
    "paper": Recipe(
        "Gatys, Ecker and Bethge, 2015, https://arxiv.org/abs/1508.06576.",
        pooling="avg",
        init="noise",
        optimizer="lbfgs",
        differs="It says “gradient descent”; L-BFGS is what its authors took in 2016. "
        "Some of its figures have α/β = 10⁻⁴.",
    ),
    "cvpr2016": Recipe(
        "Gatys, Ecker and Bethge, 2016, Image Style Transfer Using Convolutional "
        "Neural Networks, CVPR.",
        pooling="avg",
        rescaled=True,
        init="noise",
        optimizer="lbfgs",
        differs="The painting is brought to the photograph's size there, and α/β "
        "varies from 5 · 10⁻⁴ to 5 · 10⁻³.",
    ),
    "gatys_notebook": Recipe(
        "https://github.com/leongatys/PytorchNeuralStyleTransfer.",
        layer_weights={
            layer: 1e3 / channels**2
            for layer, channels in zip(
                STYLE_LAYERS, (64, 128, 256, 512, 512), strict=True
            )
        },
        beta=1.0,
        content_loss="1/(N M) Σ (F − P)²",
        style_loss="1/N² Σ (G/M − A/M)²",
        optimizer="lbfgs",
        steps=500,
        differs="A second run follows there, of 200 steps at 800 px after 512 px.",
    ),
    "neural_style": Recipe(
        "https://github.com/jcjohnson/neural-style.",
        alpha=5.0,
        beta=100.0,
        layer_weights=dict.fromkeys(STYLE_LAYERS, 1.0),
        content_loss="1/(N M) Σ (F − P)²",
        style_loss="1/N² Σ (G/(N M) − A/(N M))²",
        # Its code states the gradient alone, that of 10⁻³ · ½ Σ (right² + below²).
        tv_weight=0.5e-3,
        tv_exponent=2.0,
        init="noise",
        optimizer="lbfgs",
        steps=1000,
        differs="Its noise is all but an even grey, and its pixels are 0 … 256.",
    ),
    "keras": Recipe(
        "https://keras.io/examples/generative/neural_style_transfer, and Chollet, "
        "Deep Learning with Python, second edition, 2021, section 12.3.",
        alpha=2.5e-8,
        beta=1e-6,
        content_layer="block5_conv2",
        content_loss="Σ (F − P)²",
        style_loss="1/(4 · 3² S²) Σ (G − A)²",
        tv_weight=1e-6,
        tv_exponent=2.5,
        optimizer="sgd",
        learning_rate=100.0,
        decay=0.96 ** (1 / 100),
        steps=4000,
        differs="The painting is squeezed into the photograph's shape there. The "
        "learning rate is meant for 400 rows; below 128 px the run explodes.",
    ),
    "tensorflow": Recipe(
        "https://www.tensorflow.org/tutorials/generative/style_transfer.",
        alpha=1e4,
        beta=1e-2,
        content_layer="block5_conv2",
        content_loss="1/(N M) Σ (F − P)²",
        style_loss="1/N² Σ (G/M − A/M)²",
        # There pixels are 0 … 1, and so are learning rate and gradient.
        tv_weight=30 / 255,
        learning_rate=0.02 * 255,
        optimizer_options={"beta_1": 0.99, "epsilon": 0.1 / 255},
        steps=1000,
        differs="This is its second run; the first has no total variation.",
    ),
    "pytorch": Recipe(
        "https://docs.pytorch.org/tutorials/advanced/neural_style_tutorial.html; its "
        "conv_1 … conv_5 are counted, conv_4 is conv2_2.",
        beta=1e6,
        layer_weights=dict.fromkeys(
            (
                "block1_conv1",
                "block1_conv2",
                "block2_conv1",
                "block2_conv2",
                "block3_conv1",
            ),
            1.0,
        ),
        content_layer="block2_conv2",
        content_loss="1/(N M) Σ (F − P)²",
        style_loss="1/N² Σ (G/(N M) − A/(N M))²",
        optimizer="lbfgs",
        steps=300,
        differs="Torchvision's VGG19 has other weights, sees pixels of about −2 … 2 "
        "and is read before the ReLU there. Activations are smaller, so β weighs less.",
    ),
    "deeplearning_ai": Recipe(
        "deeplearning.ai, Convolutional Neural Networks, week 4, the assignment of "
        "2017.",
        alpha=10.0,
        beta=40.0,
        content_loss="1/(4 N M) Σ (F − P)²",
        pooling="avg",
        learning_rate=2.0,
        steps=200,
        differs="It starts from 0.4 of the photograph and 0.6 of noise within ±20 "
        "levels, around the mean colour; both pictures are 400 × 300.",
    ),
}


def get_recipe(name: str) -> Recipe:
    """Look a recipe up by its name; say which there are if there is no such.

    Examples:
        >>> get_recipe("keras").beta
        1e-06
    """
    return RECIPES[check_choice("recipe", name, RECIPES)]
