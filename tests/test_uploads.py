"""Whatever a picture that is uploaded is called, results stay in their own folder."""

import datetime
import io

from nst.images import load_image
from nst.playground import Playground

import pytest
from PIL import Image

NAMES = [
    "../../evil.png",
    "/etc/evil.png",
    "..\\..\\evil.png",
    "C:\\Windows\\evil.png",
    "~/evil.png",
    "..",
    ".",
    "",
    ".hidden",
    "浮世絵 🌊.png",
]


@pytest.fixture(scope="module")
def playground():
    ui = Playground(network="vgg16", size=32, steps=1)
    yield ui
    ui.close()


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_no_upload_s_name_leads_out_of_the_folder(
    playground, monkeypatch, tmp_path, name
):
    room = tmp_path / "one" / "two" / "three"
    room.mkdir(parents=True)
    monkeypatch.chdir(room)
    file = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(file, "PNG")
    playground.uploads["content"].value = (
        {
            "name": name,
            "type": "image/png",
            "size": len(file.getvalue()),
            "content": memoryview(file.getvalue()),
            "last_modified": datetime.datetime.now(datetime.timezone.utc),
        },
    )
    assert playground.content.value == name
    playground.run_button.click()
    assert playground.wait(60)
    playground.save_button.click()
    (path,) = (found for found in tmp_path.rglob("*") if found.is_file())
    assert path.parent == room / "img" / "results"
    assert load_image(path).shape == (32, 32, 3)
