"""Coarser numbers where the processor computes them faster, and the same picture."""

import os
import subprocess
import sys
from pathlib import Path

import nst
from nst import precision

import numpy as np
import pytest
import tensorflow as tf

LAYERS = ["block1_conv1", "block3_conv1", "block4_conv2", "block5_conv1"]
PROCESSOR = Path("/proc/cpuinfo")


needs_bfloat16 = pytest.mark.skipif(
    not precision.can_compute_bfloat16(),
    reason="this processor cannot compute bfloat16 at all",
)


def features(x, *settings):
    return nst.build_feature_extractor(LAYERS, "vgg16", *settings)(x)


def make(content, style, **settings):
    fixed = {"size": 64, "network": "vgg16", "recipe": "fast"}
    return nst.StyleTransfer(content, style, **(fixed | settings))


@pytest.fixture(scope="module")
def x(content):
    return nst.preprocess_image(content)


@pytest.mark.skipif(not PROCESSOR.exists(), reason="tells its processor elsewhere")
def test_the_faster_one_is_bfloat16_where_the_processor_has_instructions_for_it():
    flags = PROCESSOR.read_text(encoding="utf-8").split()
    instructions = {"avx512_bf16", "amx_bf16"} & set(flags)
    assert precision.resolve_precision("auto") == (
        "bfloat16" if instructions else "float32"
    )


@needs_bfloat16
def test_what_numpy_has_just_computed_does_not_change_the_choice():
    expected = precision.faster_precision()
    picture = np.ones((512 * 512, 3))
    for _ in range(5):
        precision.faster_precision.cache_clear()
        picture @ np.ones((3, 3))
        assert precision.faster_precision() == expected


@pytest.mark.parametrize("instructions", ["AVX512_CORE", "AVX2"])
def test_it_is_float32_where_the_processor_has_none(instructions):
    code = "import nst.precision; print(nst.precision.faster_precision())"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"ONEDNN_MAX_CPU_ISA": instructions},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    assert answer.stdout.strip() == "float32"


@needs_bfloat16
@pytest.mark.parametrize("rescaled", [False, True])
def test_bfloat16_sees_the_same_to_a_few_per_cent(x, rescaled):
    exact = features(x, "imagenet", "max", rescaled)
    coarse = features(x, "imagenet", "max", rescaled, "bfloat16")
    for layer in LAYERS:
        assert coarse[layer].dtype == tf.float32
        off = np.linalg.norm(coarse[layer] - exact[layer]) / np.linalg.norm(
            exact[layer]
        )
        # A rounding to 8 bits is off by 0.1 %, and there are up to 11 layers.
        assert off < 0.03, layer
        assert (off > 1e-4) == (layer != "block1_conv1")


@needs_bfloat16
def test_bfloat16_gives_the_same_direction(content, style):
    moves = []
    for name in ("float32", "bfloat16"):
        transfer = make(content, style, precision=name)
        *_, last = transfer.run(2)
        moves.append((last.image - np.float32(transfer.start)).ravel())
    a, b = moves
    assert a @ b > 0.98 * np.linalg.norm(a) * np.linalg.norm(b)


@needs_bfloat16
def test_bfloat16_comes_as_far(content, style):
    judge = make(content, style, precision="float32")
    totals = []
    for name in ("float32", "bfloat16"):
        transfer = make(content, style, precision=name)
        *_, last = transfer.run(20)
        totals.append(judge.losses(last.image)["total"])
    assert totals[1] == pytest.approx(totals[0], rel=0.05)
    assert totals[0] < judge.losses(judge.start)["total"] / 3


def test_the_course_computes_in_float32(content, style):
    assert make(content, style, recipe="course").precision == "float32"


def test_the_settings_tell_what_auto_has_meant(content, style):
    transfer = make(content, style, precision="auto")
    assert transfer.settings()["precision"] == precision.faster_precision()


def test_a_run_goes_on_as_exactly_as_it_began(content, style, tmp_path):
    path = make(content, style, precision="float32").save(tmp_path / "run.npz")
    assert nst.StyleTransfer.load(path).precision == "float32"


def test_a_processor_that_cannot_compute_it_computes_in_float32(
    content, style, monkeypatch
):
    monkeypatch.setattr(precision, "can_compute_bfloat16", lambda: False)
    with pytest.warns(UserWarning, match="cannot compute in bfloat16, so float32 is"):
        transfer = make(content, style, precision="bfloat16")
    assert transfer.settings()["precision"] == "float32"


@pytest.mark.parametrize("name", ["float16", "", 32])
def test_another_precision_is_refused_with_a_sentence(name, content, style):
    with pytest.raises(ValueError, match="recision` as one of 'auto', 'float32'"):
        make(content, style, precision=name)
    with pytest.raises(ValueError, match=r"precision as one of .*, but received"):
        precision.resolve_precision(name)
