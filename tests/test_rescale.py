"""Rescaled activations: the original's divided by their means, and by nothing else."""

import nst
from nst import rescale, vgg
from nst.images import SAMPLES

import numpy as np
import pytest

PHOTOGRAPHS = sorted((SAMPLES / "content").glob("*.jpg"))


def features_of(model, path, size):
    """The feature maps of a picture as {layer: [h·w, C]}, in double precision."""
    x = nst.preprocess_image(nst.load_image(path, size))
    return {
        name: np.float64(f).reshape(-1, f.shape[-1]) for name, f in model(x).items()
    }


def means_of(model, size):
    """Mean activation over all positions of all photographs, {layer: [C]}."""
    each = [features_of(model, path, size) for path in PHOTOGRAPHS]
    return {name: np.concatenate([f[name] for f in each]).mean(0) for name in each[0]}


def divisors(means):
    """The means, but a hundredth of the layer's mean where a filter hardly answers."""
    return {name: np.maximum(mean, 0.01 * mean.mean()) for name, mean in means.items()}


def build(network, weights, pooling, rescaled):
    layers = vgg.layer_names(network)
    return nst.build_feature_extractor(layers, network, weights, pooling, rescaled)


@pytest.mark.filterwarnings("ignore:The weights of this")
@pytest.mark.parametrize("pooling", ["max", "avg"])
@pytest.mark.parametrize(
    ("network", "weights"), [("vgg16", "imagenet"), ("vgg19", "random")]
)
def test_every_layer_is_the_original_divided_by_its_means(
    monkeypatch, network, weights, pooling
):
    monkeypatch.setattr(rescale, "SIZE", 64)
    plain = build(network, weights, pooling, rescaled=False)
    rescaled = build(network, weights, pooling, rescaled=True)
    divide_by = divisors(means_of(plain, 64))
    painting = SAMPLES / "style" / "great_wave.jpg"
    before = features_of(plain, painting, 64)
    after = features_of(rescaled, painting, 64)
    assert list(after) == vgg.layer_names(network)
    for name, activations in after.items():
        expected = before[name] / divide_by[name]
        assert expected.max() > 1
        np.testing.assert_allclose(
            activations, expected, rtol=1e-3, atol=1e-4 * expected.max(), err_msg=name
        )


@pytest.fixture(scope="module")
def rescaled_vgg16():
    return build("vgg16", "imagenet", "max", rescaled=True)


@pytest.fixture(scope="module")
def rescaled_means(rescaled_vgg16):
    return means_of(rescaled_vgg16, 256)


def test_the_mean_activation_over_the_photographs_is_1(rescaled_means):
    for name, mean in rescaled_means.items():
        quiet = {"block2_conv1": 1, "block5_conv3": 7}.get(name, 0)
        answering = np.sort(mean)[quiet:]
        np.testing.assert_allclose(answering, 1, rtol=1e-3, err_msg=name)


def test_filters_that_hardly_answer_stay_below_1(rescaled_means):
    assert (rescaled_means["block2_conv1"] < 0.9).sum() == 1
    assert (rescaled_means["block5_conv3"] < 0.9).sum() == 7


def test_three_filters_of_vgg16_answer_to_none_of_the_photographs(rescaled_means):
    silent = {name: (mean == 0).sum() for name, mean in rescaled_means.items()}
    assert silent.pop("block5_conv3") == 3
    assert not any(silent.values())


def test_a_filter_that_only_a_painting_excites_does_not_outweigh_the_others(
    rescaled_vgg16,
):
    photograph = features_of(rescaled_vgg16, PHOTOGRAPHS[0], 128)["block2_conv1"]
    painting = SAMPLES / "style" / "auvers.jpg"
    excited = features_of(rescaled_vgg16, painting, 128)["block2_conv1"]
    loss = nst.style_loss(photograph[None], excited[None])
    assert 0.1 < float(loss) < 10
