"""The playground without a browser: its widgets are driven as the page drives them."""

import ast
import datetime
import gc
import io
import signal
import subprocess
import sys
import threading
import time
import types
import typing
import weakref
from pathlib import Path

from nst.images import SAMPLES, load_image, read_settings
from nst.playground import Playground, frames, playground, report, run
from nst.playground.run import LOOKS_PER_SECOND
from nst.playground.session import Session
from nst.recipes import RECIPES
from nst.transfer import Step, StyleTransfer

import numpy as np
import psutil
import pytest
from ipywidgets import widgets
from PIL import Image

CONTENT = SAMPLES / "content" / "astronaut.jpg"
STYLE = SAMPLES / "style" / "great_wave.jpg"
SOON = 20.0


class FakeTransfer:
    """Takes a step whenever a test allows one, and keeps what each was taken with."""

    made: typing.ClassVar[list] = []
    side = 8

    def __init__(self, *pictures, **settings):
        self.pictures, self._settings = pictures, settings
        self.alpha, self.beta = settings.get("alpha", 1.0), settings.get("beta", 1e3)
        self.layer_weights = dict(settings.get("layer_weights", {"block1_conv1": 1.0}))
        self.network, self.size = "vgg16", settings.get("size", 64)
        self.steps, self.history, self.betas = 0, {}, []
        self.image = np.zeros((self.side, self.side, 3), "uint8")
        self.allowed = threading.Semaphore(0)
        self.error_at = None
        self.running = False
        FakeTransfer.made.append(self)

    def settings(self):
        return {
            **self._settings,
            "steps": self.steps,
            "beta": self.beta,
            "scales": {},
            "init": "content",
            "layer_weights": dict(self.layer_weights),
        }

    def run(self, steps):
        assert not self.running
        self.running = True
        try:
            for _ in range(steps):
                assert self.allowed.acquire(timeout=SOON)
                if self.steps + 1 == self.error_at:
                    raise FloatingPointError("Expected a finite loss; lower a weight.")
                self.steps += 1
                self.betas.append(self.beta)
                losses = {"total": self.beta, "content": 1.0, "style": self.beta}
                for name, loss in losses.items():
                    self.history.setdefault(name, []).append(loss)
                x = np.full((1, self.side, self.side, 3), self.steps % 99, "float32")
                yield Step(self.steps, losses, self.size, 0.01, x, x.shape[1:3])
        finally:
            self.running = False


def until(condition):
    """Wait for something that another thread does."""
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end, "It did not happen in time."
        time.sleep(0.002)


def threads():
    return [t for t in threading.enumerate() if t.name in ("nst-run", "nst-page")]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    if Playground._latest is not None:
        Playground._latest.close()
    assert threads() == []


@pytest.fixture
def fake(monkeypatch):
    """Give a function that makes a playground on fake transfers."""
    monkeypatch.setattr(run, "StyleTransfer", FakeTransfer)
    FakeTransfer.made = []

    def make(steps=50, **settings):
        settings = {"network": "vgg16", "size": 64} | settings
        return Playground(CONTENT, STYLE, steps=steps, **settings)

    yield make
    for transfer in FakeTransfer.made:
        transfer.allowed.release(1000)


def started(ui):
    ui.run_button.click()
    until(lambda: ui.transfer is not None)
    until(lambda: not ui.pause_button.disabled)
    return ui.transfer


def take(transfer, steps):
    target = transfer.steps + steps
    transfer.allowed.release(steps)
    until(lambda: transfer.steps == target)


# A session: the state machine.


def session_on_fake(steps=50):
    session = Session(FakeTransfer, steps)
    threading.Thread(target=session.work, name="nst-run").start()
    until(lambda: session.state == "running")
    return session, session.transfer


def test_a_session_takes_its_steps_and_finishes():
    session, transfer = session_on_fake(steps=3)
    transfer.allowed.release(3)
    assert session.wait(SOON)
    assert (session.state, session.taken, session.error) == ("finished", 3, "")
    assert [step.number for step in session.fresh] == [1, 2, 3]


def test_a_paused_session_takes_no_further_step_until_resumed():
    session, transfer = session_on_fake()
    take(transfer, 2)
    session.pause()
    # The step that was already being taken may end.
    transfer.allowed.release(10)
    until(lambda: transfer.steps == 3)
    time.sleep(0.05)
    assert (session.state, transfer.steps) == ("paused", 3)
    session.resume()
    until(lambda: transfer.steps > 3)
    session.stop()
    transfer.allowed.release()
    assert session.wait(SOON)


@pytest.mark.parametrize("order", [["stop"], ["pause", "stop"], ["stop", "pause"]])
def test_a_stopped_session_ends_within_a_step_and_releases_its_transfer(order):
    session, transfer = session_on_fake()
    take(transfer, 4)
    for what in order:
        getattr(session, what)()
    transfer.allowed.release(20)
    assert session.wait(SOON)
    assert session.state == "stopped"
    assert session.taken <= 5
    assert not transfer.running


def test_a_change_is_used_by_the_next_step_and_recorded_with_it():
    session, transfer = session_on_fake(steps=6)
    take(transfer, 2)
    # Step 3 waits with the weights it was begun with.
    time.sleep(0.05)
    session.change("beta", 7.0)
    transfer.allowed.release(4)
    assert session.wait(SOON)
    assert transfer.betas == [1e3, 1e3, 1e3, 7.0, 7.0, 7.0]
    assert session.changes == [(4, "beta", 7.0)]


def test_a_change_of_a_layer_reaches_its_weight():
    session, transfer = session_on_fake(steps=3)
    session.change("block1_conv1", 0.25)
    transfer.allowed.release(3)
    assert session.wait(SOON)
    assert transfer.layer_weights == {"block1_conv1": 0.25}


def test_more_steps_can_be_asked_for_while_it_runs():
    session, transfer = session_on_fake(steps=2)
    session.steps = 5
    transfer.allowed.release(9)
    assert session.wait(SOON)
    assert session.taken == 5


def test_an_error_in_a_step_ends_the_session_with_its_sentence():
    session, transfer = session_on_fake()
    transfer.error_at = 3
    transfer.allowed.release(9)
    assert session.wait(SOON)
    assert (session.state, session.taken) == ("failed", 2)
    assert session.error == "Expected a finite loss; lower a weight."


def test_an_error_while_building_ends_the_session_with_its_sentence():
    def build():
        raise MemoryError("Expected a size of at most about 99 px; choose a smaller.")

    session = Session(build, 5)
    session.work()
    assert session.state == "failed"
    assert "99 px" in session.error


def test_leaving_python_ends_a_running_session():
    program = (
        "from nst.playground import Playground\n"
        "ui = Playground(network='vgg16', size=64, steps=100_000)\n"
        "ui.run_button.click()\n"
        "assert ui.wait_for_step(2)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        encoding="utf-8",
        timeout=600,
    )
    assert (done.returncode, done.stderr) == (0, "")


# The page's buttons.


def test_run_pause_resume_and_stop_from_the_page(fake):
    ui = fake()
    transfer = started(ui)
    assert ui.run_button.disabled
    take(transfer, 2)
    ui.pause_button.click()
    assert ui.pause_button.description == "Resume"
    assert "Paused" in ui.status.value
    ui.pause_button.click()
    assert ui.pause_button.description == "Pause"
    take(transfer, 2)
    ui.stop_button.click()
    transfer.allowed.release(9)
    assert ui.wait(SOON)
    assert transfer.steps <= 5
    assert "Stopped" in ui.status.value
    assert not ui.run_button.disabled
    assert ui.pause_button.disabled
    assert ui.stop_button.disabled


def test_pressing_run_twice_starts_one_run(fake):
    ui = fake()
    transfer = started(ui)
    ui.run_button.click()
    ui._press_run()
    assert ui.transfer is transfer
    assert len(FakeTransfer.made) == 1
    assert len(threads()) == 2
    ui.stop_button.click()
    transfer.allowed.release(9)
    assert ui.wait(SOON)


def test_stop_pause_and_reset_do_nothing_when_idle(fake):
    ui = fake()
    ui.stop_button.click()
    ui.pause_button.click()
    ui.reset_button.click()
    assert ui.wait(SOON)
    assert ui.transfer is None
    assert "Ready" in ui.status.value


def test_another_playground_closes_the_one_before(fake):
    first = fake()
    transfer = started(first)
    transfer.allowed.release(3)
    transfer.allowed.release(1000)
    second = fake()
    assert threads() == []
    assert first.comm is None
    assert second.comm is not None


def test_closing_the_page_leaves_no_widget(fake):
    fake().close()
    before = len(widgets.widget._instances)
    for _ in range(3):
        ui = fake()
        ui.recipe.value = "keras"
        ui.close()
    assert len(widgets.widget._instances) == before


def test_closing_the_page_joins_every_thread(fake):
    ui = fake()
    transfer = started(ui)
    transfer.allowed.release(1000)
    ui.close()
    assert threads() == []
    assert not transfer.running


def test_reset_brings_sliders_and_picture_back(fake):
    ui = fake(beta=100.0)
    before = ui.picture.value
    transfer = started(ui)
    take(transfer, 3)
    ui.beta.value = 1e6
    ui.layer_weights["block2_conv1"].value = 0.9
    ui.reset_button.click()
    transfer.allowed.release(9)
    assert ui.wait(SOON)
    assert ui.beta.value == 100.0
    assert ui.layer_weights["block2_conv1"].value == 0.2
    assert ui.picture.value == before
    assert ui.curves.value == b""
    assert not ui.run_button.disabled


def test_an_error_is_told_on_the_page_and_run_works_again(fake):
    ui = fake()
    transfer = started(ui)
    transfer.error_at = 2
    transfer.allowed.release(9)
    assert ui.wait(SOON)
    assert "Expected a finite loss" in ui.note.value
    assert "Error" in ui.note.value
    assert "Failed" in ui.status.value
    again = started(ui)
    assert again is not transfer
    assert ui.note.value == ""
    ui.stop_button.click()
    again.allowed.release()
    assert ui.wait(SOON)


@pytest.mark.parametrize(
    ("control", "value"),
    [
        ("size", 96),
        ("content", "chelsea"),
        ("style", "poppies"),
        ("content_layer", "block2_conv2"),
        ("optimizer", "lbfgs"),
        ("init", "noise"),
    ],
)
def test_what_needs_a_rebuild_is_said_and_done(fake, control, value):
    ui = fake()
    first = started(ui)
    take(first, 1)
    getattr(ui, control).value = value
    assert "built anew" in ui.note.value
    first.allowed.release(9)
    until(lambda: len(FakeTransfer.made) == 2 and ui.transfer is FakeTransfer.made[1])
    second = ui.transfer
    until(lambda: not first.running)
    pictures = dict(zip(("content", "style"), second.pictures, strict=True))
    received = (second._settings | pictures)[control]
    assert (received.stem if isinstance(received, Path) else received) == value
    ui.stop_button.click()
    second.allowed.release()
    assert ui.wait(SOON)


def test_moving_a_slider_builds_nothing(fake):
    ui = fake()
    transfer = started(ui)
    for slider in (
        ui.alpha,
        ui.beta,
        ui.learning_rate,
        ui.layer_weights["block1_conv1"],
    ):
        slider.value = slider.value / 2
    take(transfer, 1)
    assert FakeTransfer.made == [transfer]
    ui.stop_button.click()
    transfer.allowed.release()
    assert ui.wait(SOON)


@pytest.mark.parametrize(
    ("name", "value", "rounded"),
    [
        ("learning_rate", 20.0, 10**1.3),
        ("beta", 2500.0, 10**3.4),
        ("tv_weight", 0.12, 0.0),
    ],
)
def test_what_the_page_rounds_is_no_hand(fake, name, value, rounded):
    slider = getattr(fake(), name)
    slider.value = value
    slider.set_state({"value": rounded})
    assert slider.value == value
    # A hand moves it by a step, from where the page shows it.
    moved = rounded * 10**0.1 if name != "tv_weight" else rounded + slider.step
    slider.set_state({"value": moved})
    assert slider.value == moved


@pytest.mark.parametrize("recipe", sorted(RECIPES))
def test_every_slider_can_stand_where_a_recipe_has_it(fake, recipe):
    ui = fake(recipe=recipe)
    expected = RECIPES[recipe]
    for name in ("alpha", "beta", "learning_rate"):
        slider = getattr(ui, name)
        assert slider.value == getattr(expected, name)
        steps = (np.log10(slider.value) - slider.min) / slider.step
        assert steps == pytest.approx(round(steps))
    for slider in (ui.tv_weight, *ui.layer_weights.values()):
        steps = slider.value / slider.step
        assert steps == pytest.approx(round(steps))
    weights = {name: slider.value for name, slider in ui.layer_weights.items()}
    assert weights == expected.layer_weights


def test_a_weight_that_no_slider_reaches_is_refused():
    with pytest.raises(ValueError, match="Expected `alpha` as a number above 0"):
        Playground(CONTENT, STYLE, alpha=0.0)


def test_only_this_and_all_equal_set_every_layer(fake):
    ui = fake()
    ui.steering.only_buttons["block3_conv1"].click()
    weights = {name: slider.value for name, slider in ui.layer_weights.items()}
    assert weights.pop("block3_conv1") == 1.0
    assert set(weights.values()) == {0.0}
    ui.steering.equal_button.click()
    assert {slider.value for slider in ui.layer_weights.values()} == {0.2}


def test_the_ratio_follows_both_sliders(fake):
    ui = fake()
    assert "0.001" in ui.steering.ratio.value
    ui.alpha.value = 10.0
    assert "0.01" in ui.steering.ratio.value
    ui.beta.value = 1e5
    assert "0.0001" in ui.steering.ratio.value


def test_the_time_line_shows_the_picture_of_its_step(fake):
    ui = fake(steps=6)
    transfer = started(ui)
    transfer.allowed.release(6)
    assert ui.wait(SOON)
    assert ui.timeline.value == ui.timeline.max
    shown = []
    for step in range(7):
        ui.timeline.value = round(ui.timeline.max * step / 6)
        shown.append(ui.picture.value)
    assert shown == [ui.run.frames.at(step)[1] for step in range(7)]
    assert len(set(shown)) == 7


def test_a_scrubbed_time_line_stays_while_the_run_goes_on(fake):
    ui = fake()
    transfer = started(ui)
    take(transfer, 4)
    until(lambda: "step 4 of" in ui.status.value)
    ui.timeline.value = 50
    picture = ui.picture.value
    assert picture == ui.run.frames.at(2)[1]
    take(transfer, 3)
    until(lambda: "step 7 of" in ui.status.value)
    assert (ui.timeline.value, ui.picture.value) == (50, picture)
    ui.timeline.value = ui.timeline.max
    assert ui.picture.value == ui.run.frames.at(7)[1]
    take(transfer, 1)
    until(lambda: ui.picture.value == ui.run.frames.at(8)[1])
    ui.stop_button.click()
    transfer.allowed.release()
    assert ui.wait(SOON)


def test_the_picture_has_a_name_in_words_that_tells_its_step(fake):
    ui = fake(steps=4)
    assert ui.picture.tooltip == ui.viewer.caption.value == "Picture at the start"
    transfer = started(ui)
    transfer.allowed.release(4)
    assert ui.wait(SOON)
    assert ui.picture.tooltip == ui.viewer.caption.value == "Picture after step 4"
    ui.timeline.value = 25
    assert ui.picture.tooltip == ui.viewer.caption.value == "Picture after step 1"
    assert ui.shares.value in ui.curves.tooltip


def test_nothing_moves_the_time_line_of_a_run_but_a_hand(fake):
    ui = fake()
    transfer = started(ui)
    sent = []
    for widget in (ui.timeline, ui.viewer.player):
        widget.observe(sent.append)
    take(transfer, 4)
    until(lambda: "step 4 of" in ui.status.value)
    ui.stop_button.click()
    transfer.allowed.release()
    assert ui.wait(SOON)
    assert sent == []


def test_a_new_run_is_followed_from_its_start(fake):
    ui = fake(steps=2)
    transfer = started(ui)
    transfer.allowed.release(2)
    assert ui.wait(SOON)
    ui.timeline.value = 0
    again = started(ui)
    again.allowed.release(2)
    assert ui.wait(SOON)
    assert ui.timeline.value == ui.timeline.max
    assert ui.picture.value == ui.run.frames.at(2)[1]


def test_a_page_sees_few_of_the_pictures_of_a_fast_run(fake):
    ui = fake(steps=10_000)
    transfer = started(ui)
    pictures = []
    ui.picture.observe(lambda change: pictures.append(change.new), "value")
    began = time.monotonic()
    for _ in range(150):
        transfer.allowed.release()
        time.sleep(0.01)
    ui.stop_button.click()
    transfer.allowed.release()
    assert ui.wait(SOON)
    seconds = time.monotonic() - began
    # One that was due, and the last, come on top.
    assert 2 <= len(pictures) <= LOOKS_PER_SECOND * seconds + 2


def test_google_colab_is_told_to_run_in_a_cell(fake, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    ui = fake()
    ui.run_button.click()
    assert "run_here()" in ui.note.value
    assert threads() == []


class Interrupted(FakeTransfer):
    """Meets the notebook's stop button in its fourth step."""

    def run(self, steps):
        self.allowed.release()
        for step in super().run(steps):
            if step.number == 4:
                signal.raise_signal(signal.SIGINT)
            time.sleep(0.002)
            self.allowed.release()
            yield step


def test_run_here_shows_progress_in_the_cell_and_ends_cleanly_on_an_interrupt(
    fake, monkeypatch
):
    shown = []
    handle = types.SimpleNamespace(update=lambda page: shown.append(page.data))
    monkeypatch.setattr(playground.display, "display", lambda *page, **options: handle)
    monkeypatch.setattr(run, "StyleTransfer", Interrupted)
    ui = fake(steps=100_000)
    ui.run_here()
    assert "data:image/jpeg;base64," in shown[0]
    assert "Stopped: step" in shown[-1]
    assert ui.transfer.steps >= 4
    assert not ui.run_button.disabled
    assert threads() == []


# Uploads, through the value the browser would send.


def upload(widget, name, data):
    widget.value = (
        {
            "name": name,
            "type": "image/jpeg",
            "size": len(data),
            "content": memoryview(data),
            "last_modified": datetime.datetime(
                2026, 1, 1, tzinfo=datetime.timezone.utc
            ),
        },
    )


def test_an_upload_is_turned_as_its_camera_was_held(fake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ui = fake()
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: the camera was turned by 90°.
    file = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(file, "JPEG", exif=exif)
    upload(ui.uploads["content"], "mine.jpg", file.getvalue())
    assert ui.content.value == "mine.jpg"
    with Image.open(io.BytesIO(ui.picture.value)) as picture:
        width, height = picture.size
    assert height > width
    assert list(tmp_path.iterdir()) == []


def test_the_same_name_can_be_uploaded_again(fake):
    ui = fake()
    seen = []
    for colour in ("red", "blue"):
        file = io.BytesIO()
        Image.new("RGB", (32, 32), colour).save(file, "PNG")
        upload(ui.uploads["style"], "mine.png", file.getvalue())
        seen.append(ui.pickers["style"].source.load()[0, 0].tolist())
    assert seen == [[255, 0, 0], [0, 0, 255]]
    assert ui.style.options[:2] == ("mine.png (2)", "mine.png")


def test_an_upload_is_one_choice_whatever_was_chosen_before(fake):
    ui = fake()
    ui.style.value = "poppies"
    chosen = []
    ui.style.observe(lambda change: chosen.append(change.new), "value")
    file = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(file, "PNG")
    upload(ui.uploads["style"], "mine.png", file.getvalue())
    assert chosen == ["mine.png"]


def test_an_upload_that_is_no_picture_is_refused_with_a_sentence(fake):
    ui = fake()
    upload(ui.uploads["content"], "essay.jpg", b"once upon a time")
    assert "Error" in ui.note.value
    assert "essay.jpg" in ui.note.value
    assert ui.content.value == "astronaut"


# The real network, small.


@pytest.fixture(scope="module")
def steered(tmp_path_factory):
    """Make one real run in which β is multiplied and then a layer is silenced."""
    ui = Playground(CONTENT, STYLE, network="vgg16", size=64, steps=18, beta=10.0)
    ui.run_button.click()
    assert ui.wait_for_step(6)
    ui.beta.value = 1e4
    assert ui.wait_for_step(12)
    ui.layer_weights["block3_conv1"].value = 0.0
    assert ui.wait(60)
    assert ui.note.value == ""
    yield ui
    ui.close()


def changed_at(ui, name):
    return next(step for step, what, _ in ui.changes if what == name)


def test_a_thousand_times_beta_makes_the_share_of_style_grow(steered):
    history, step = steered.transfer.history, changed_at(steered, "beta")
    share = np.array(history["style"]) / np.array(history["total"])
    assert share[step - 2] < 0.9
    assert share[step - 1] > 0.99


def test_a_slider_acts_at_the_step_it_is_marked_at(steered):
    step = changed_at(steered, "beta")
    # It moved after step 6, at the earliest.
    assert step >= 7
    layer = np.array(steered.transfer.history["block4_conv1"])
    growth = layer[1:] / layer[:-1]
    assert growth.argmax() + 2 == step
    assert growth.max() > 300


def test_a_layer_of_weight_0_adds_0_from_the_next_step_on(steered):
    layer = steered.transfer.history["block3_conv1"]
    step = changed_at(steered, "block3_conv1")
    assert min(layer[: step - 1]) > 0
    assert set(layer[step - 1 :]) == {0.0}


def test_steering_traces_nothing_again(steered):
    assert steered.transfer.trace_count == 1


def test_the_status_names_the_network_the_size_the_step_and_the_pace(steered):
    assert "Finished: step 18 of 18 · VGG16, 64 px" in steered.status.value
    assert "s a step" in steered.status.value


def test_the_page_tells_which_term_is_winning(steered):
    assert "style 100 %" in steered.shares.value
    assert "block" in steered.shares.value


def test_the_curves_are_a_picture_with_a_mark_for_each_change(steered):
    with Image.open(io.BytesIO(steered.curves.value)) as picture:
        assert picture.format == "PNG"
    assert [what for _, what in report.marks(steered.changes)] == [
        "β = 1e+04",
        "block3_conv1 = 0",
    ]


def test_the_python_shown_makes_the_same_picture(steered):
    names = {}
    code = steered.as_python()
    ast.parse(code)
    exec(code, names)
    np.testing.assert_array_equal(names["transfer"].image, steered.transfer.image)


def test_a_saved_picture_keeps_the_settings_and_the_changes(
    steered, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    steered.save_button.click()
    steered.save_button.click()
    folder = tmp_path / "img" / "results"
    first, second = sorted(folder.iterdir(), key=lambda path: len(path.name))
    assert first.name in steered.note.value or second.name in steered.note.value
    np.testing.assert_array_equal(load_image(first), steered.transfer.image)
    settings = read_settings(first)
    assert settings["network"] == "vgg16"
    assert settings["beta"] == 10.0
    assert [change[1:] for change in settings["changes"]] == [
        ["beta", 1e4],
        ["block3_conv1", 0.0],
    ]
    assert settings["steps"] == 18


@pytest.mark.parametrize("ending", [".gif", ".webp"])
def test_a_saved_run_is_an_animation_of_every_frame(
    steered, ending, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    steered.keeping.animation.value = ending
    steered.keeping.save_run_button.click()
    (path,) = (tmp_path / "img" / "results").iterdir()
    with Image.open(path) as animation:
        assert animation.n_frames == 19
        assert animation.info["loop"] == 0


def test_the_next_run_can_start_from_the_last_result(steered):
    result = steered.transfer.image
    before = steered.transfer
    steered.init.value = run.LAST_RESULT
    steered.steps.value = 1
    steered.run_button.click()
    assert steered.wait(60)
    assert steered.transfer is not before
    np.testing.assert_array_equal(steered.transfer.start, result)


def test_a_loss_that_explodes_ends_the_run_with_its_last_good_picture():
    ui = Playground(CONTENT, STYLE, network="vgg16", size=64, steps=500, beta=1e37)
    ui.beta.value = 1e3
    ui.run_button.click()
    assert ui.wait_for_step(3)
    ui.beta.value = 1e37
    assert ui.wait(60)
    assert "Failed" in ui.status.value
    assert "Expected a finite loss" in ui.note.value
    last = ui.transfer.steps
    assert ui.picture.tooltip == f"Picture after step {last}"
    assert ui.picture.value == ui.run.frames.at(last)[1]
    np.testing.assert_array_equal(ui.run.session.last.image, ui.transfer.image)
    ui.beta.value, ui.steps.value = 1e3, 2
    ui.run_button.click()
    assert ui.wait(60)
    assert "Finished: step 2 of 2" in ui.status.value
    assert ui.note.value == ""


def test_many_runs_leave_nothing_behind():
    process, transfers, held = psutil.Process(), [], []
    for _ in range(2):
        ui = Playground(CONTENT, STYLE, network="vgg16", size=64, steps=3)
        for _ in range(2):
            ui.run_button.click()
            assert ui.wait(60)
            transfers.append(weakref.ref(ui.transfer))
            # Matplotlib keeps some fonts open for each thread, and 64 at most.
            opened = [f for f in process.open_files() if not f.path.endswith(".ttf")]
            held.append((len(opened), threading.active_count()))
    ui.close()
    del ui
    gc.collect()
    assert [transfer() for transfer in transfers] == [None] * 4
    assert len(set(held)) == 1


def test_a_long_run_keeps_no_picture_of_each_step(fake, monkeypatch):
    monkeypatch.setattr(FakeTransfer, "side", 512)
    ui, process, held = fake(steps=1000), psutil.Process(), []
    transfer = started(ui)
    for _ in range(15):
        take(transfer, 10)
        until(lambda: f"step {transfer.steps} of" in ui.status.value)
        held.append(process.memory_info().rss)
    ui.stop_button.click()
    transfer.allowed.release()
    assert ui.wait(SOON)
    # A picture has 0.8 MB, and those of the 100 steps between 80.
    assert held[-1] - held[4] < 40e6


def test_without_vgg19_the_status_names_vgg16_and_nothing_warns():
    ui = Playground(CONTENT, STYLE, network="auto", size=64, steps=1)
    ui.run_button.click()
    assert ui.wait(60)
    assert "VGG16" in ui.status.value
    assert ui.note.value == ""


def test_a_setting_that_is_not_there_is_refused_at_once():
    with pytest.raises(TypeError, match="betta"):
        Playground(CONTENT, STYLE, betta=3.0)


def test_the_controls_stand_where_the_transfer_would(fake):
    ui, transfer = fake(), StyleTransfer(CONTENT, STYLE, network="vgg16", size=64)
    assert (ui.alpha.value, ui.beta.value) == (transfer.alpha, transfer.beta)
    assert ui.tv_weight.value == transfer.tv_weight
    assert ui.learning_rate.value == transfer.learning_rate
    weights = {name: slider.value for name, slider in ui.layer_weights.items()}
    assert weights == dict(transfer.layer_weights)


def test_frames_are_bounded_and_evenly_spaced():
    kept = frames.Frames(most=8)
    picture = np.zeros((8, 8, 3), "uint8")
    for step in range(100):
        if step % kept.stride == 0 or step == 99:
            kept.add(step, picture)
        assert len(kept.steps) <= 8
    assert kept.steps == [0, 16, 32, 48, 64, 80, 96, 99]


# Recipes.


def test_a_recipe_brings_the_controls_to_where_its_source_has_them(fake):
    ui = fake()
    ui.recipe.value = "pytorch"
    assert list(ui.layer_weights) == [
        "block1_conv1",
        "block1_conv2",
        "block2_conv1",
        "block2_conv2",
        "block3_conv1",
    ]
    assert ui.beta.value == pytest.approx(1e6)
    assert (ui.content_layer.value, ui.optimizer.value) == ("block2_conv2", "lbfgs")
    assert ui.learning_rate.disabled
    assert ui.steering.ratio.value.startswith("Ratio α/β = 1e-06")


def test_the_sliders_of_a_recipe_steer_the_run(fake):
    ui = fake(recipe="keras")
    ui.recipe.value = "tensorflow"
    transfer = started(ui)
    ui.layer_weights["block5_conv1"].value = 0.75
    take(transfer, 2)
    assert transfer.layer_weights["block5_conv1"] == 0.75
    ui.stop_button.click()
    transfer.allowed.release(9)
    assert ui.wait(SOON)


def test_a_recipe_chosen_in_a_run_begins_it_anew():
    ui = Playground(network="vgg16", size=64, steps=100_000)
    ui.run_button.click()
    assert ui.wait_for_step(1)
    first = ui.transfer
    ui.recipe.value = "deeplearning_ai"
    assert ui.wait_for_step(1)
    assert ui.transfer is not first
    assert (ui.transfer.recipe, ui.transfer.pooling) == ("deeplearning_ai", "avg")
    assert "Recipe changed" in ui.note.value
    ui.close()
