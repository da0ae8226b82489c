"""Every setting is a number, a count or a choice, or is refused with a sentence."""

from nst.settings import LayerWeights, check_choice, check_count, check_number

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies

NO_NUMBERS = [
    float("nan"), float("inf"), -float("inf"), -1, -1e-9, "5", None, True, [1.0],
    1j, 10**400, np.array([1.0, 2.0]),
]  # fmt: skip
NO_COUNTS = [0, -3, 1.0, "5", None, True, float("nan"), 101, 10**400]


@pytest.mark.parametrize("value", [0, 1, 0.5, 1e30, np.float32(2), np.int64(3)])
def test_a_number_comes_back_as_a_float(value):
    number = check_number("beta", value)
    assert type(number) is float
    assert number == value


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_what_is_no_number_is_refused_by_its_name(value):
    with pytest.raises(ValueError, match=r"^Expected `beta` as a number of at least 0"):
        check_number("beta", value)


def test_the_sentence_says_what_was_received():
    with pytest.raises(ValueError, match="but received 'much'; give"):
        check_number("beta", "much")


@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_number_above_zero_excludes_zero(value):
    with pytest.raises(ValueError, match="`learning_rate` as a number above 0"):
        check_number("learning_rate", value, above=0.0)


@hypothesis.given(strategies.floats() | strategies.integers() | strategies.text())
def test_any_value_is_a_finite_float_or_a_sentence(value):
    try:
        number = check_number("alpha", value)
    except ValueError as error:
        assert str(error).startswith("Expected `alpha` as a number")
    else:
        assert np.isfinite(np.float32(number))
        assert number >= 0


@pytest.mark.parametrize("value", [1, 100, np.int32(7)])
def test_a_count_comes_back_as_an_int(value):
    count = check_count("size", value, 1, 100)
    assert type(count) is int
    assert count == value


@pytest.mark.parametrize("value", NO_COUNTS, ids=repr)
def test_what_is_no_count_is_refused_by_its_name(value):
    with pytest.raises(
        ValueError, match=r"^Expected `size` as a whole number from 1 to 100, but rec"
    ):
        check_count("size", value, 1, 100)


@pytest.mark.parametrize("value", ["c", None, 3, ["a"]])
def test_an_unknown_choice_is_answered_with_the_choices(value):
    with pytest.raises(ValueError, match=r"^Expected `mode` as one of 'a', 'b', but"):
        check_choice("mode", value, ("a", "b"))


def test_a_layer_weight_can_be_set():
    weights = LayerWeights({"block1_conv1": 0.5})
    weights["block1_conv1"] = 2
    assert weights == {"block1_conv1": 2.0}


def test_several_layer_weights_can_be_set_at_once():
    weights = LayerWeights({"block1_conv1": 0.5, "block2_conv1": 0.5})
    weights.update(block1_conv1=1, block2_conv1=2)
    assert dict(weights) == {"block1_conv1": 1.0, "block2_conv1": 2.0}


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_what_is_no_layer_weight_is_refused_by_its_layer(value):
    weights = LayerWeights({"block1_conv1": 0.5})
    with pytest.raises(ValueError, match=r"`layer_weights\[block1_conv1\]`"):
        weights["block1_conv1"] = value
    with pytest.raises(ValueError, match=r"`layer_weights\[block1_conv1\]`"):
        LayerWeights({"block1_conv1": value})
    assert weights == {"block1_conv1": 0.5}


@pytest.mark.parametrize("layer", ["block9_conv1", "conv1_1", "", 1, None])
def test_a_weight_of_an_unknown_layer_is_refused(layer):
    with pytest.raises(ValueError, match=r"^Expected `layer_weights` as one of"):
        LayerWeights({layer: 1.0})


def test_no_layer_is_added_later():
    weights = LayerWeights({"block1_conv1": 0.5})
    with pytest.raises(ValueError, match="one of 'block1_conv1', but received"):
        weights["block2_conv1"] = 1.0


def test_no_layer_is_removed_later():
    weights = LayerWeights({"block1_conv1": 0.5})
    for remove in (weights.clear, weights.popitem, lambda: weights.pop("block1_conv1")):
        with pytest.raises(TypeError, match="set its weight to 0"):
            remove()
    assert weights == {"block1_conv1": 0.5}


@pytest.mark.parametrize("weights", [5, "block1_conv1", ["block1_conv1"], None])
def test_layer_weights_that_are_no_mapping_are_refused(weights):
    with pytest.raises(ValueError, match=r"^Expected `layer_weights` as {layer: weigh"):
        LayerWeights(weights)
