"""The playground in JupyterLab, in Chromium: what only a browser can show."""

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from nst.images import read_settings

import nbformat
import pytest

LESSON = Path(__file__).resolve().parents[1] / "notebooks" / "07_playground.ipynb"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
# Milliseconds for what a slow machine does late: start a kernel, import TensorFlow.
PATIENCE = 90_000
TIMELINE = "Time line, % of the run"

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def browser():
    """Chromium, without which these tests mean nothing."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        assert not os.environ.get("CI"), "Expected Chromium on the CI machine."
        pytest.skip("there is no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on loopback with a copy of the lesson: its address, folder, log."""
    folder = tmp_path_factory.mktemp("lab")
    notebook = nbformat.read(LESSON, as_version=4)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "07_playground.ipynb")
    config = folder / "config"
    (config / "labconfig").mkdir(parents=True)
    news = {"@jupyterlab/apputils-extension:announcements": True}
    (config / "labconfig" / "page_config.json").write_text(
        json.dumps({"disabledExtensions": news})
    )
    places = ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    environment = os.environ | {name: str(folder / name.lower()) for name in places}
    environment |= {"JUPYTER_CONFIG_DIR": str(config)}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token, log = secrets.token_hex(8), folder / "log.txt"
    with log.open("w") as file:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *(
                    "--ip=127.0.0.1",
                    f"--port={port}",
                    f"--IdentityProvider.token={token}",
                ),
                *(f"--ServerApp.root_dir={folder}", "--ServerApp.port_retries=0"),
            ],
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for_server(f"http://127.0.0.1:{port}/api", server)
        address = f"http://127.0.0.1:{port}/lab/tree/07_playground.ipynb"
        yield f"{address}?reset&token={token}", folder, log
    finally:
        server.terminate()
        server.wait(30)


def wait_for_server(address, server):
    end = time.monotonic() + 60
    while True:
        assert server.poll() is None, "JupyterLab did not start."
        assert time.monotonic() < end, "JupyterLab did not answer."
        with contextlib.suppress(OSError), urllib.request.urlopen(address):
            return
        time.sleep(0.2)


@pytest.fixture(scope="module")
def complaints():
    """What the browser's console called an error."""
    return []


@pytest.fixture(scope="module")
def sent():
    """What the page sent to the kernel."""
    return []


@pytest.fixture(scope="module")
def page(browser, lab, complaints, sent):
    """The lesson, with all its cells run."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(PATIENCE)

    def listen(socket):
        socket.on("framesent", lambda frame: sent.append(frame))

    page.on("websocket", listen)
    page.on(
        "console",
        lambda message: message.type == "error" and complaints.append(message.text),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(lab[0])
    page.locator(".jp-CodeCell").first.wait_for()
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    # A moment later the notebook knows its kernel, too, and does not ask for one.
    page.wait_for_timeout(1500)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    # The lesson's own run, started by a cell.
    status(page, "Finished")
    # The kernel is idle when the last cell has shown the run.
    page.locator(".jp-OutputArea-output img").last.wait_for()
    page.locator(".nst-picture").scroll_into_view_if_needed()
    return page


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


@contextlib.contextmanager
def running(page):
    """Press Run for a long run, and Stop in the end."""
    steps = page.get_by_label("Steps", exact=True)
    steps.fill("5000")
    steps.press("Enter")
    press(page, "Run")
    status(page, "Running: step")
    try:
        yield
    finally:
        press(page, "Stop")
        status(page, "Stopped")
        # Its last picture may come a moment after that word.
        page.wait_for_timeout(4000)


def step_of(page):
    words = page.locator(".nst-say", has_text=" of 5000").first.inner_text()
    return int(words.split("step ")[1].split(" ")[0])


def test_run_changes_the_picture_on_the_page(page):
    with running(page):
        first = digest(page, ".nst-picture")
        second = another(page, ".nst-picture", than=first)
        another(page, ".nst-picture", than=second)


def values_in(sent):
    """Find the messages in which the page tells a widget's value."""
    return [
        message
        for message in sent
        if b'"comm_msg"' in message and b'"value"' in message
    ]


def test_a_page_that_follows_a_run_sends_no_value_back(page, sent):
    with running(page):
        first = digest(page, ".nst-picture")
        sent.clear()
        for _ in range(8):
            first = another(page, ".nst-picture", than=first)
        assert values_in(sent) == []
        handle(page, TIMELINE).focus()
        page.keyboard.press("Home")
        page.keyboard.press("End")
        page.wait_for_timeout(1000)
        assert len(values_in(sent)) >= 2


def test_beta_moved_by_keyboard_while_it_runs_leaves_a_mark_and_bends_the_curve(page):
    with running(page):
        another(page, ".nst-curves", than=digest(page, ".nst-curves"))
        assert page.get_by_text("Moved: β").count() == 0
        curve = digest(page, ".nst-curves")
        beta = handle(page, "Style weight β")
        before = float(beta.get_attribute("aria-valuenow"))
        beta.focus()
        for _ in range(10):
            page.keyboard.press("ArrowRight")
        status(page, "Moved: β =")
        assert float(beta.get_attribute("aria-valuenow")) == pytest.approx(before + 1)
        another(page, ".nst-curves", than=curve)


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
    start = another(page, ".nst-picture", than=latest)
    for _ in range(10):
        page.keyboard.press("PageUp")
    another(page, ".nst-picture", than=start)
    page.keyboard.press("End")
    while digest(page, ".nst-picture") != latest:
        another(page, ".nst-picture", than=digest(page, ".nst-picture"))


def test_the_run_is_played_from_its_start(page):
    with running(page):
        another(page, ".nst-picture", than=digest(page, ".nst-picture"))
    handle(page, TIMELINE).focus()
    page.keyboard.press("Home")
    start = digest(page, ".nst-picture")
    page.locator(".widget-play button").first.click()
    another(page, ".nst-picture", than=start)
    page.locator(".widget-play button").nth(1).click()


def test_save_writes_the_picture_with_its_settings(page, lab):
    with running(page):
        another(page, ".nst-picture", than=digest(page, ".nst-picture"))
    press(page, "Save picture (PNG)")
    status(page, "Saved ")
    (path,) = (lab[1] / "img" / "results").glob("*.png")
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


def test_the_browser_and_the_kernel_had_nothing_to_complain_about(
    page, complaints, lab
):
    assert complaints == []
    log = lab[2].read_text()
    assert "Traceback" not in log
    assert "ERROR" not in log
