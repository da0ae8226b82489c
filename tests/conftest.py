"""What several test files share: two pictures, the bundled weights, and no internet."""

import os
import tempfile
import urllib.request
from pathlib import Path

import nst
from nst import download, pretrained
from nst.images import SAMPLES

import hypothesis
import numpy as np
import pytest

# The same examples on every machine; nothing is written beside the tests.
hypothesis.settings.register_profile(
    "repeatable", derandomize=True, deadline=None, max_examples=50, database=None
)
hypothesis.settings.load_profile("repeatable")

CONTENT_PATH = SAMPLES / "content" / "astronaut.jpg"
STYLE_PATH = SAMPLES / "style" / "great_wave.jpg"


@pytest.fixture(autouse=True)
def no_internet(monkeypatch, tmp_path_factory):
    """Let VGG19's download fail at once, and forget what an earlier test found."""
    pretrained._failure_to_get_vgg19.cache_clear()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras_home")))
    monkeypatch.setattr(download, "VGG19_URL", "http://127.0.0.1:9/vgg19.h5")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    # It would go on using the proxies of its first use.
    urllib.request.install_opener(None)
    yield
    pretrained._failure_to_get_vgg19.cache_clear()


@pytest.fixture(scope="session")
def content():
    """A photograph, uint8 [64, 64, 3]."""
    return nst.load_image(CONTENT_PATH, max_size=64)


@pytest.fixture(scope="session")
def style():
    """A painting of another shape, uint8 [44, 64, 3]."""
    return nst.load_image(STYLE_PATH, max_size=64)


@pytest.fixture
def generator():
    """Random numbers, the same ones in every run."""
    return np.random.default_rng(0)


@pytest.fixture
def ordinary_user():
    """Be somebody to whom a file can be forbidden, as none is to root; in a folder."""
    if not hasattr(os, "geteuid"):
        pytest.skip("this system has no such permissions")
    me = os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        if me == 0:
            os.chown(folder, 65534, -1)
            os.seteuid(65534)
        yield Path(folder)
        os.seteuid(me)
