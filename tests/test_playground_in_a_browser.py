"""The playground in JupyterLab, in Chromium: what only a browser can show."""

import contextlib
import hashlib
import io
import os
import re
import time
from pathlib import Path

from nst.images import read_settings

import nbformat
import pytest
from lab import PATIENCE, choose, chromium, launched, open_notebook, serving
from PIL import Image

LESSON = Path(__file__).resolve().parents[1] / "notebooks" / "07_playground.ipynb"
TIMELINE = "Time line, % of the run"

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def browser():
    """Chromium, without which these tests mean nothing."""
    if chromium() is None:
        assert not os.environ.get("CI"), "Expected Chromium on the CI machine."
        pytest.skip("there is no Chromium on this machine")
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where JupyterLab is served from."""
    return tmp_path_factory.mktemp("served") / "lab"


@pytest.fixture(scope="module")
def complaints():
    """What the browser's console called an error."""
    return []


@pytest.fixture(scope="module")
def sent():
    """What the page sent to the kernel."""
    return []


@pytest.fixture(scope="module")
def page(browser, folder, complaints, sent):
    """A copy of the lesson, with all its cells run."""
    folder.mkdir()
    with serving(nbformat.read(LESSON, as_version=4), folder) as address:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.on(
            "console",
            lambda message: message.type == "error" and complaints.append(message.text),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))

        def listen(socket):
            socket.on("framesent", lambda frame: sent.append(frame))

        page.on("websocket", listen)
        open_notebook(page, address)
        run_all_cells(page)
        yield page


def run_all_cells(page):
    choose(page, "Run", "Run All Cells")
    # The lesson's own run, started by a cell.
    status(page, "Finished")
    # The kernel is idle when the last cell has shown the run.
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.locator(".nst-picture").scroll_into_view_if_needed()


def status(page, words):
    page.locator(".nst-say", has_text=words).first.wait_for(state="attached")


def press(page, name):
    # Not by its accessible name, which the icon's letter is a part of.
    words = re.compile(rf"^\s*{re.escape(name)}\s*$")
    page.locator("button.widget-button").filter(has_text=words).click()


def handle(page, label):
    """Find the handle of the slider with this label."""
    row = page.locator(".widget-slider", has=page.get_by_text(label, exact=True))
    return row.get_by_role("slider")


def digest(page, picture):
    """Hash the bytes that the browser shows."""
    data = page.locator(picture).evaluate(
        "async image => Array.from(new Uint8Array("
        "await (await fetch(image.src)).arrayBuffer()))"
    )
    return hashlib.sha256(bytes(data)).hexdigest()


def another(page, picture, than):
    """Wait until another picture than this is shown."""
    end = time.monotonic() + PATIENCE / 1000
    while (now := digest(page, picture)) == than:
        assert time.monotonic() < end, f"{picture} did not change."
        page.wait_for_timeout(100)
    return now


def until(page, condition):
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE / 1000
    while not condition():
        assert time.monotonic() < end
        page.wait_for_timeout(100)


def values_in(sent):
    """Find the messages in which the page tells a widget's value."""
    return [m for m in sent if b'"comm_msg"' in m and b'"value"' in m]


def set_steps(page, number):
    steps = page.get_by_label("Steps", exact=True)
    steps.fill(str(number))
    steps.press("Enter")


@contextlib.contextmanager
def running(page):
    """Press Run for a long run, and Stop in the end."""
    set_steps(page, 5000)
    press(page, "Run")
    status(page, "Running: step")
    try:
        yield
    finally:
        press(page, "Stop")
        status(page, "Stopped")
        page.get_by_text(f"Picture after step {step_of(page)}", exact=True).wait_for()


def step_of(page):
    words = page.locator(".nst-say", has_text=" of 5000").first.inner_text()
    return int(words.split("step ")[1].split(" ")[0])


def test_the_page_leaves_every_slider_where_it_was(page):
    press(page, "Show as Python")
    python = page.get_by_label("Python", exact=True)
    python.wait_for()
    page.wait_for_function(
        "text => text.value.includes('transfer')", arg=python.element_handle()
    )
    code = python.input_value()
    assert "alpha=1.0," in code
    assert "beta=10.0," in code
    assert "learning_rate=20.0," in code
    assert "'block1_conv1': 0.2," in code
    assert code.count("transfer.beta = ") == 1


def test_run_changes_the_picture_on_the_page(page):
    with running(page):
        first = digest(page, ".nst-picture")
        second = another(page, ".nst-picture", than=first)
        another(page, ".nst-picture", than=second)


def test_pictures_have_names_that_follow_the_run(page):
    page.get_by_role("img", name="Content picture: astronaut").wait_for()
    page.get_by_role("img", name="Style picture: great_wave").wait_for()
    with running(page):
        page.get_by_role("img", name=re.compile(r"Picture after step \d+")).wait_for()
    name = f"Picture after step {step_of(page)}"
    page.get_by_role("img", name=name, exact=True).wait_for()
    page.get_by_role("img", name=re.compile("losses over the steps.*Step")).wait_for()


def test_a_page_that_follows_a_run_sends_no_value_back(page, sent):
    with running(page):
        shown = digest(page, ".nst-picture")
        sent.clear()
        for _ in range(8):
            shown = another(page, ".nst-picture", than=shown)
        assert values_in(sent) == []
        handle(page, TIMELINE).focus()
        page.keyboard.press("Home")
        page.keyboard.press("End")
        until(page, lambda: len(values_in(sent)) >= 2)


def test_beta_moved_by_keyboard_while_it_runs_leaves_a_mark(page):
    with running(page):
        another(page, ".nst-curves", than=digest(page, ".nst-curves"))
        assert page.get_by_text("Moved: β").count() == 0
        beta = handle(page, "Style weight β")
        before = float(beta.get_attribute("aria-valuenow"))
        beta.focus()
        for _ in range(10):
            page.keyboard.press("ArrowRight")
        status(page, "Moved: β =")
        assert float(beta.get_attribute("aria-valuenow")) == pytest.approx(before + 1)


def test_pause_holds_the_step_and_resume_goes_on(page):
    with running(page):
        another(page, ".nst-picture", than=digest(page, ".nst-picture"))
        press(page, "Pause")
        status(page, "Paused: step")
        # Time for the step that was being taken.
        page.wait_for_timeout(3000)
        held = step_of(page)
        page.wait_for_timeout(1500)
        assert step_of(page) == held
        press(page, "Resume")
        status(page, "Running: step")
        page.wait_for_function(
            "held => [...document.querySelectorAll('.nst-say')].some("
            "said => +(said.innerText.match(/step (\\d+) of 5000/) || [])[1] > held)",
            arg=held,
        )


def test_the_time_line_is_scrubbed_by_keyboard(page):
    with running(page):
        another(page, ".nst-picture", than=digest(page, ".nst-picture"))
    latest = digest(page, ".nst-picture")
    handle(page, TIMELINE).focus()
    page.keyboard.press("Home")
    page.get_by_text("Picture at the start", exact=True).wait_for()
    start = another(page, ".nst-picture", than=latest)
    for _ in range(10):
        page.keyboard.press("PageUp")
    another(page, ".nst-picture", than=start)
    page.keyboard.press("End")
    page.get_by_text(f"Picture after step {step_of(page)}", exact=True).wait_for()
    until(page, lambda: digest(page, ".nst-picture") == latest)


def test_the_run_is_played_from_its_start(page):
    with running(page):
        another(page, ".nst-picture", than=digest(page, ".nst-picture"))
    handle(page, TIMELINE).focus()
    page.keyboard.press("Home")
    page.get_by_text("Picture at the start", exact=True).wait_for()
    press(page, "Play")
    page.get_by_text("Picture at the start", exact=True).wait_for(state="detached")
    # Another run is followed although the player is still at work.
    with running(page):
        another(page, ".nst-picture", than=digest(page, ".nst-picture"))


def test_save_writes_the_picture_with_its_settings(page, folder):
    with running(page):
        another(page, ".nst-picture", than=digest(page, ".nst-picture"))
    press(page, "Save picture (PNG)")
    status(page, "Saved ")
    (path,) = (folder / "img" / "results").glob("*.png")
    assert read_settings(path)["network"] == "vgg16"


@pytest.mark.parametrize("width", [800, 1400])
def test_the_page_fits_its_width_and_cuts_no_label(page, width):
    page.set_viewport_size({"width": width, "height": 1000})
    page.wait_for_timeout(500)
    cut = page.evaluate(
        "[...document.querySelectorAll('.nst-group, .nst-group .widget-label, "
        ".nst-group button')].filter(part => part.scrollWidth > part.clientWidth + 1)"
        ".map(part => part.innerText.slice(0, 60))"
    )
    assert cut == []
    # Every slider is long enough to be dragged.
    lengths = page.evaluate(
        "[...document.querySelectorAll('.nst-group .noUi-target')]"
        ".map(slider => slider.getBoundingClientRect().width)"
    )
    assert min(lengths) >= 60


def upload(page, name, data):
    """Choose a file of one's own as content."""
    with page.expect_file_chooser() as chooser:
        page.locator("button.widget-upload").first.click()
    chooser.value.set_files({"name": name, "mimeType": "image/jpeg", "buffer": data})


def test_an_upload_is_turned_as_its_camera_was_held(page):
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: the camera was turned by 90°.
    file = io.BytesIO()
    Image.new("RGB", (300, 200), "red").save(file, "JPEG", exif=exif)
    press(page, "Reset")
    upload(page, "mine.jpg", file.getvalue())
    status(page, "mine.jpg is used from memory")
    thumbnail = page.get_by_role("img", name="Content picture: mine.jpg")
    for picture in (thumbnail, page.locator(".nst-picture")):
        page.wait_for_function(
            "image => image.naturalHeight > image.naturalWidth",
            arg=picture.element_handle(),
        )


def test_an_upload_that_is_no_picture_is_refused_with_a_sentence(page):
    upload(page, "essay.jpg", b"once upon a time")
    page.get_by_role("alert").filter(has_text="essay.jpg").wait_for()
    assert "Expected" in page.get_by_role("alert").inner_text()


def test_an_upload_with_the_name_of_a_path_writes_nothing_elsewhere(page, folder):
    file = io.BytesIO()
    Image.new("RGB", (300, 200), "blue").save(file, "PNG")
    upload(page, "../../evil.png", file.getvalue())
    status(page, "evil.png is used from memory")
    set_steps(page, 1)
    press(page, "Run")
    status(page, "Finished: step 1 of 1")
    press(page, "Save picture (PNG)")
    status(page, "Saved ")
    (path,) = folder.parent.parent.rglob("*evil*")
    assert path.parent == folder / "img" / "results"


def test_a_run_that_diverges_is_ended_with_a_sentence_and_the_page_goes_on(page):
    page.get_by_label("Optimiser", exact=True).select_option("Gradient descent")
    for label in ("Style weight β", "Learning rate"):
        handle(page, label).press("End")
    set_steps(page, 5000)
    press(page, "Run")
    status(page, "Failed")
    told = page.get_by_role("alert").inner_text()
    assert "learning rate of 100; choose a smaller one" in told
    page.get_by_role("img", name=re.compile("Picture (after step|at the)")).wait_for()
    press(page, "Reset")
    page.get_by_label("Optimiser", exact=True).select_option("Adam")
    set_steps(page, 2)
    press(page, "Run")
    status(page, "Finished: step 2 of 2")
    assert page.get_by_role("alert").count() == 0


def test_home_and_end_move_every_slider_to_its_ends(page):
    handles = page.locator(".nst-group").get_by_role("slider")
    assert handles.count() == 10
    for slider in handles.all():
        for key, end in (("End", "aria-valuemax"), ("Home", "aria-valuemin")):
            slider.press(key)
            assert slider.get_attribute("aria-valuenow") == slider.get_attribute(end)
    press(page, "Reset")
    status(page, "Ready")


def test_every_button_and_slider_is_reached_by_tab(page):
    skipped = page.evaluate(
        "[...document.querySelectorAll('.nst-group [role=slider], .jupyter-button, "
        ".nst-group select, .nst-group input, .nst-group textarea')]"
        ".filter(part => part.checkVisibility() && part.tabIndex < 0)"
        ".map(part => part.outerHTML.slice(0, 80))"
    )
    assert skipped == []


def test_every_control_has_words(page):
    """The words of a slider are its label; ipywidgets gives its handle no name."""
    wordless = page.evaluate(
        "[...document.querySelectorAll("
        "'.nst-group .widget-inline-hbox:not(.widget-html), .jupyter-button')]"
        ".filter(part => part.checkVisibility() && !/[a-z]{3}/i.test("
        "(part.querySelector('.widget-label') || part).innerText))"
        ".map(part => part.outerHTML.slice(0, 80))"
    )
    assert wordless == []


def test_the_browser_and_the_kernel_had_nothing_to_complain_about(
    page, complaints, folder
):
    assert complaints == []
    log = (folder / "log.txt").read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert "ERROR" not in log


def test_after_a_restart_in_a_run_the_cells_run_again(page, folder):
    set_steps(page, 5000)
    press(page, "Run")
    status(page, "Running: step")
    choose(page, "Kernel", "Restart Kernel…")
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.wait_for_timeout(1500)
    choose(page, "Edit", "Clear Outputs of All Cells")
    run_all_cells(page)
    with running(page):
        another(page, ".nst-picture", than=digest(page, ".nst-picture"))
    log = (folder / "log.txt").read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert "terminate" not in log
