"""Everybody's α and w_l, translated into those of the paper's equations.

Every source divides its losses by something else. Each of its formulas is a number of
times the paper's (see `losses`), and that number can be moved into the weights.
"""

from collections.abc import Callable, Iterable

from nst.recipes import RECIPES, Recipe, get_recipe
from nst.vgg import feature_shape

# How many times the paper's ½ Σ (F − P)² each content loss is.
CONTENT_LOSSES: dict[str, Callable] = {
    "½ Σ (F − P)²": lambda n, m: 1.0,
    "Σ (F − P)²": lambda n, m: 2.0,
    "1/(N M) Σ (F − P)²": lambda n, m: 2 / (n * m),
    "1/(4 N M) Σ (F − P)²": lambda n, m: 1 / (2 * n * m),
}
# How many times the paper's 1/(4 N² M²) Σ (G − A)² each style loss is.
STYLE_LOSSES: dict[str, Callable] = {
    "1/(4 N² M²) Σ (G − A)²": lambda n, m, s: 1.0,
    "1/N² Σ (G/M − A/M)²": lambda n, m, s: 4.0,
    "1/N² Σ (G/(N M) − A/(N M))²": lambda n, m, s: 4 / n**2,
    "1/(4 · 3² S²) Σ (G − A)²": lambda n, m, s: (n * m / (3 * s)) ** 2,
}


def paper_factors(
    recipe: Recipe,
    content_layer: str | None,
    style_layers: Iterable[str],
    shape: tuple[int, int],
) -> dict[str, float]:
    """Tell how many times the paper's loss of each layer a recipe's loss is.

    Args:
        recipe: Whose formulas.
        content_layer: The layer of P, or `None` for no content term.
        style_layers: The layers of A.
        shape: Height and width of the picture, in pixels.

    Returns:
        The factor of the content loss as `"content"`, and one for each style layer.
    """
    content = CONTENT_LOSSES[recipe.content_loss]
    style = STYLE_LOSSES[recipe.style_loss]
    factors = {"content": 0.0}
    if content_layer is not None:
        height, width, channels = feature_shape(content_layer, shape)
        factors["content"] = content(channels, height * width)
    for layer in style_layers:
        height, width, channels = feature_shape(layer, shape)
        factors[layer] = style(channels, height * width, shape[0] * shape[1])
    return factors


def in_paper_units(name: str, shape: tuple[int, int] = (256, 256)) -> dict[str, float]:
    """Translate a recipe's weights into the paper's equations.

    Examples:
        >>> weights = in_paper_units("keras")
        >>> {layer: float(f"{weights[layer] / 2e-7:.2g}") for layer in list(weights)[1:]}
        ... # doctest: +NORMALIZE_WHITESPACE
        {'block1_conv1': 460.0, 'block2_conv1': 110.0, 'block3_conv1': 28.0,
         'block4_conv1': 7.1, 'block5_conv1': 0.44}

    Args:
        name: Of the recipe.
        shape: Height and width of the picture; some formulas depend on it.

    Returns:
        α as `"content"`, and β w_l for each style layer: what to give to
        L = α · ½ Σ (F − P)² + Σ β w_l E_l for the recipe's loss.
    """
    recipe = get_recipe(name)
    layers = recipe.layer_weights
    factors = paper_factors(recipe, recipe.content_layer, layers, shape)
    alpha = recipe.alpha * factors.pop("content")
    return {"content": alpha} | {
        layer: recipe.beta * layers[layer] * factor for layer, factor in factors.items()
    }


def table(shape: tuple[int, int] = (256, 256)) -> str:
    """Set all recipes side by side, in the paper's units, as lines of text.

    Args:
        shape: Height and width of the picture.

    Returns:
        For each recipe α/β, where β is the sum of all β w_l, and each layer's share
        of that sum.
    """
    lines = [f"In the paper's units, at {shape[1]} × {shape[0]} pixels:", ""]
    lines.append(f"{'recipe':16} {'α/β':>8}   content at     style layers' shares")
    for name, recipe in RECIPES.items():
        weights = in_paper_units(name, shape)
        alpha = weights.pop("content")
        beta = sum(weights.values())
        shares = ", ".join(
            f"{layer.removeprefix('block').replace('_conv', '_')} {weight / beta:.2g}"
            for layer, weight in weights.items()
        )
        lines.append(
            f"{name:16} {alpha / beta:8.1e}   {recipe.content_layer:14} {shares}"
        )
    return "\n".join(lines)
