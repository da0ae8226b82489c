"""Importing nst is quiet, and says so where Keras runs on another backend."""

import os
import subprocess
import sys

import pytest


def run(code, backend=None):
    environment = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}
    if backend is not None:
        environment["KERAS_BACKEND"] = backend
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=environment, capture_output=True, encoding="utf-8"
    )


@pytest.mark.parametrize("backend", ["jax", "torch", "numpy"])
def test_another_backend_is_answered_with_what_to_set(backend):
    """Whether that backend is installed or not."""
    done = run("import nst", backend)
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1] == (
        f"ImportError: Expected Keras on TensorFlow, but received the backend "
        f"'{backend}'; set the environment variable KERAS_BACKEND=tensorflow and start "
        "Python again."
    )


def test_another_backend_in_the_file_of_keras_is_overruled(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "keras.json").write_text('{"backend": "jax"}', encoding="utf-8")
    done = run("import nst, keras; print(keras.config.backend())")
    assert (done.stdout.strip(), done.stderr) == ("tensorflow", "")


def test_a_program_without_a_console_imports_it_too():
    done = run("import os; os.close(2); import nst; print(nst.__name__)")
    assert (done.stdout.strip(), done.returncode) == ("nst", 0)
