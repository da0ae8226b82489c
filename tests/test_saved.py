"""A run in a file: nothing is lost, and nothing that is no run is taken for one."""

import json
import pickle
import subprocess
import sys
import time
import zipfile

import nst
from nst import saved, tasks
from nst.transfer import StyleTransfer

import numpy as np
import pytest
from conftest import CONTENT_PATH, STYLE_PATH

COARSE_TO_FINE = {"optimizer": "lbfgs", "scales": {24: 30, 28: 40}}


def make(content, style, **settings):
    return StyleTransfer(content, style, **{"size": 64, "network": "vgg16"} | settings)


def run(transfer, steps):
    for _ in transfer.run(steps):
        pass
    return transfer


RESUME = """
import sys, numpy as np, nst
transfer = nst.StyleTransfer.load(sys.argv[1])
for _ in transfer.run(50):
    pass
np.save(sys.argv[2], transfer.image)
"""


@pytest.mark.parametrize("settings", [{}, COARSE_TO_FINE], ids=["adam", "lbfgs"])
def test_50_and_50_steps_in_two_processes_are_100_bit_for_bit(
    content, style, tmp_path, settings
):
    whole = run(make(content, style, size=32, **settings), 100)
    half = run(make(content, style, size=32, **settings), 50)
    path, image = half.save(tmp_path / "half.npz"), tmp_path / "image.npy"
    subprocess.run([sys.executable, "-c", RESUME, path, image], check=True, timeout=300)
    np.testing.assert_array_equal(np.load(image), whole.image)


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "lbfgs"])
def test_what_was_loaded_is_what_was_saved(content, style, tmp_path, optimizer):
    rate = {"learning_rate": 1e-8} if optimizer == "sgd" else {}
    before = run(make(content, style, optimizer=optimizer, **rate), 3)
    after = StyleTransfer.load(before.save(tmp_path / "run.npz"))
    assert after.settings() == before.settings()
    assert after.history == before.history
    assert (after.steps, after.planned) == (3, 3)
    np.testing.assert_array_equal(after.image, before.image)
    np.testing.assert_array_equal(after.start, before.start)


@pytest.mark.parametrize("missing", ["content", "style"])
def test_a_run_of_one_picture_is_saved_as_well(content, style, tmp_path, missing):
    pictures = {"content": content, "style": style} | {missing: None}
    whole, half = (make(**pictures, init="noise") for _ in range(2))
    run(whole, 6)
    half = StyleTransfer.load(run(half, 3).save(tmp_path / "run.npz"))
    np.testing.assert_array_equal(run(half, 3).image, whole.image)


def test_a_run_saved_between_two_sizes_goes_on_at_the_next(content, style, tmp_path):
    scales = {"optimizer": "lbfgs", "scales": {32: 4}}
    whole = run(make(content, style, **scales), 8)
    half = run(make(content, style, **scales), 4)
    half = StyleTransfer.load(half.save(tmp_path / "run.npz"))
    assert next(half.run(1)).size == 64
    np.testing.assert_array_equal(run(half, 3).image, whole.image)


def test_a_weight_changed_before_the_save_is_kept(content, style, tmp_path):
    whole, half = (make(content, style, optimizer="lbfgs") for _ in range(2))
    for transfer in (whole, half):
        run(transfer, 3)
        transfer.beta, transfer.layer_weights["block1_conv1"] = 7e3, 0.5
    half = StyleTransfer.load(half.save(tmp_path / "run.npz"))
    assert (half.beta, half.layer_weights["block1_conv1"]) == (7e3, 0.5)
    np.testing.assert_array_equal(run(half, 3).image, run(whole, 3).image)


def test_a_run_that_has_not_begun_can_be_saved(content, style, tmp_path):
    path = make(content, style).save(tmp_path / "run.npz")
    np.testing.assert_array_equal(
        run(StyleTransfer.load(path), 2).image, run(make(content, style), 2).image
    )


def test_the_file_holds_numbers_and_one_text(content, style, tmp_path):
    path = run(make(content, style), 1).save(tmp_path / "run.npz")
    with np.load(path, allow_pickle=False) as file:
        kinds = {file[name].dtype.kind for name in file.files}
        assert json.loads(file["settings"].item())["settings"]["network"] == "vgg16"
    assert kinds <= {"u", "f", "i", "U"}


# --- What is no saved run ------------------------------------------------------------


class Trap:
    """Something that acts when it is unpickled."""

    def __reduce__(self):
        return print, ("The trap has sprung.",)


def cut_off(path, run_file):
    path.write_bytes(run_file.read_bytes()[: run_file.stat().st_size // 2])


def empty(path, _):
    path.write_bytes(b"")


def text(path, _):
    path.write_text("no arrays here", encoding="utf-8")


def other_arrays(path, _):
    np.savez(path, weights=np.zeros(3))


def pickled(path, _):
    with zipfile.ZipFile(path, "w") as file:
        header = b"\x93NUMPY\x01\x00v\x00" + (
            b"{'descr': '|O', 'fortran_order': False, 'shape': (), }".ljust(117) + b"\n"
        )
        file.writestr("settings.npy", header + pickle.dumps(Trap()))


@pytest.mark.parametrize("damage", [cut_off, empty, text, other_arrays, pickled])
def test_a_file_that_is_no_run_is_refused(content, style, tmp_path, capsys, damage):
    run_file = make(content, style).save(tmp_path / "run.npz")
    damage(tmp_path / "bad.npz", run_file)
    with pytest.raises(ValueError, match=r"saved run in '.*bad\.npz', but .* damaged"):
        StyleTransfer.load(tmp_path / "bad.npz")
    assert capsys.readouterr().out == ""


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"saved run at '.*gone\.npz', but"):
        StyleTransfer.load(tmp_path / "gone.npz")


@pytest.mark.parametrize("name", ["run.png", "run"])
def test_another_ending_is_refused(content, style, tmp_path, name):
    with pytest.raises(ValueError, match=r"ends in \.npz, but received"):
        make(content, style).save(tmp_path / name)


ENDLESS_SAVES = """
import sys, numpy as np
from pathlib import Path
sys.modules["nst"] = type(sys)("nst")
sys.modules["nst"].__path__ = [sys.argv[1]]
from nst import saved
x = np.random.default_rng(0).normal(size=(20, 64, 64, 3))
for number in range(10**9):
    saved.write_run(sys.argv[2], {"number": number}, {"x": x})
    if number == 0:
        print("saved once", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no kill -9 here")
def test_being_killed_while_saving_never_loses_the_run(tmp_path, generator):
    """The package's own `__init__` is left out: it would import TensorFlow."""
    path, package = tmp_path / "run.npz", saved.__file__.rpartition("saved")[0]
    command = [sys.executable, "-c", ENDLESS_SAVES, package, str(path)]
    numbers = []
    for _ in range(20):
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, encoding="utf-8"
        ) as process:
            assert process.stdout.readline() == "saved once\n"
            time.sleep(generator.uniform(0, 0.06))
            process.kill()
        settings, arrays = saved.read_run(path)
        assert arrays["x"].shape == (20, 64, 64, 3)
        numbers.append(settings["number"])
    assert max(numbers) > 0


# --- What a task keeps ---------------------------------------------------------------


def test_an_interrupted_task_leaves_picture_and_run(tmp_path, monkeypatch):
    transfer = make(CONTENT_PATH, STYLE_PATH)
    path, steps = tmp_path / "picture.png", []

    def interrupted(losses):
        steps.append(losses)
        if len(steps) == 3:
            raise KeyboardInterrupt
        return losses

    step = transfer._step
    monkeypatch.setattr(transfer, "_step", lambda: interrupted(step()))
    with pytest.raises(KeyboardInterrupt):
        tasks.paint(transfer, 10, path)
    np.testing.assert_array_equal(nst.load_image(path), transfer.image)
    again = StyleTransfer.load(tmp_path / "picture.npz")
    assert (again.steps, again.planned) == (3, 10)


def test_a_finished_task_leaves_the_picture_alone(tmp_path):
    transfer = make(CONTENT_PATH, STYLE_PATH)
    (tmp_path / "picture.npz").write_bytes(b"of an interrupted run before")
    tasks.paint(transfer, 2, tmp_path / "picture.png")
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]


def test_a_long_task_saves_its_run_on_the_way(tmp_path, monkeypatch):
    monkeypatch.setattr(tasks, "SAVE_EVERY", 0.0)
    transfer = make(CONTENT_PATH, STYLE_PATH)
    seen = []
    monkeypatch.setattr(
        StyleTransfer, "save", lambda self, path: seen.append((self.steps, path.name))
    )
    tasks.paint(transfer, 2, tmp_path / "picture.png")
    assert seen == [(1, "picture.npz"), (2, "picture.npz")]
