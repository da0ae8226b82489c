"""JupyterLab on loopback and Chromium to look at it, for what only a browser shows."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat

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
PATIENCE = 180_000


def chromium() -> str | None:
    """Find the browser on this machine."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextlib.contextmanager
def launched() -> Iterator:
    """Run Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield browser
        browser.close()


@contextlib.contextmanager
def serving(notebook: nbformat.NotebookNode, folder: Path) -> Iterator[str]:
    """Serve a notebook, and tell its address; the server's log is `log.txt`."""
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "notebook.ipynb")
    config = folder / "config" / "labconfig"
    config.mkdir(parents=True)
    news = {"@jupyterlab/apputils-extension:announcements": True}
    (config / "page_config.json").write_text(json.dumps({"disabledExtensions": news}))
    # What is scrolled out of sight stays on the page, too.
    whole = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}
    (config / "default_setting_overrides.json").write_text(json.dumps(whole))
    places = ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    environment = os.environ | {name: str(folder / name.lower()) for name in places}
    environment |= {"JUPYTER_CONFIG_DIR": str(config.parent)}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ip=127.0.0.1", f"--port={port}", f"--ServerApp.root_dir={folder}"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]
    with (folder / "log.txt").open("w") as log:
        server = subprocess.Popen(
            command, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/api", server)
        yield f"http://127.0.0.1:{port}/lab/tree/notebook.ipynb?reset&token={token}"
    finally:
        server.terminate()
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            server.kill()


def open_notebook(page, address: str) -> None:
    """Go to a notebook, and wait until its kernel can be used."""
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.locator(".jp-CodeCell").first.wait_for()
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    # A moment later the notebook knows its kernel, too, and does not ask for one.
    page.wait_for_timeout(1500)


def choose(page, menu: str, *entries: str) -> None:
    """Choose from JupyterLab's menu."""
    page.get_by_role("menuitem", name=menu, exact=True).click()
    for entry in entries:
        page.get_by_text(entry, exact=True).click()


def _wait_for(address, server):
    end = time.monotonic() + PATIENCE / 1000
    # A proxy of this machine would be asked for its own address.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        assert server.poll() is None, "JupyterLab did not start."
        assert time.monotonic() < end, "JupyterLab did not answer."
        with contextlib.suppress(OSError), opener.open(address, timeout=5):
            return
        time.sleep(0.2)
