"""VGG19's weights arrive whole or a sentence says why not; a local server is the net."""

import contextlib
import hashlib
import http.server
import re
import socket
import subprocess
import sys
import threading
import time
import warnings

import nst
from nst import download, pretrained

import h5py
import keras
import numpy as np
import pytest

# What Keras does with NumPy 2 when it writes a weights file.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)

# Stands for the file of 80 MB wherever its contents do not matter.
FILE = bytes(range(256)) * 400
MD5 = hashlib.md5(FILE).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """A network of one machine, which behaves as it is told."""

    daemon_threads = True

    def __init__(self, answer):
        self.answer, self.over, self.visits = answer, threading.Event(), 0
        super().__init__(("127.0.0.1", 0), Visit)
        self.url = f"http://127.0.0.1:{self.server_port}/vgg19.h5"

    def handle_error(self, *_):
        """Be silent about clients that hang up."""


class Visit(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.visits += 1
        self.server.answer(self)

    def log_message(self, *_):
        pass


def whole_file(visit, data=FILE):
    visit.send_response(200)
    visit.send_header("Content-Length", str(len(data)))
    visit.end_headers()
    visit.wfile.write(data)


def other_file(visit):
    whole_file(visit, FILE[::-1])


def silence(visit):
    visit.server.over.wait(60)


def stall(visit):
    visit.send_response(200)
    visit.send_header("Content-Length", str(len(FILE)))
    visit.end_headers()
    visit.wfile.write(FILE[: len(FILE) // 2])
    visit.wfile.flush()
    silence(visit)


def hang_up(visit):
    visit.send_response(200)
    visit.send_header("Content-Length", str(len(FILE)))
    visit.end_headers()
    visit.wfile.write(FILE[: len(FILE) // 2])


def forbid(visit):
    visit.send_error(403, "Forbidden")


def gibberish(visit):
    visit.wfile.write(b"PLEASE LOG IN\r\n\r\n")


@pytest.fixture
def serve(monkeypatch):
    """Put a server with a given answer in the place of the internet."""
    with contextlib.ExitStack() as stack:

        def start(answer, patience=0.5):
            server = Server(answer)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            stack.callback(server.over.set)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            monkeypatch.setattr(download, "VGG19_URL", server.url)
            monkeypatch.setattr(download, "VGG19_MD5", MD5)
            monkeypatch.setattr(download, "PATIENCE", patience)
            return server

        yield start


def failure():
    """The sentence of a download that failed, which left nothing behind."""
    with pytest.raises(OSError) as caught:
        download.get_vgg19()
    folder = download.vgg19_file().parent
    assert not folder.is_dir() or list(folder.iterdir()) == []
    sentence = str(caught.value)
    assert sentence.startswith("Expected to download VGG19's weights, but received: ")
    assert str(download.vgg19_file()) in sentence
    assert "network='vgg16'" in sentence
    return sentence


# --- The download --------------------------------------------------------------------


def test_the_file_is_where_keras_itself_looks_for_it(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert download.vgg19_file() == tmp_path / ".keras" / "models" / (
        "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
    )


def test_a_download_lands_whole_in_the_keras_home(serve):
    serve(whole_file)
    path = download.get_vgg19()
    assert path == download.vgg19_file()
    assert path.read_bytes() == FILE
    assert list(path.parent.iterdir()) == [path]


def test_what_is_there_is_not_downloaded_again(serve):
    server = serve(whole_file)
    download.get_vgg19()
    visits = server.visits
    assert visits > 0
    download.get_vgg19()
    assert server.visits == visits


def test_a_damaged_file_in_the_keras_home_is_replaced(serve):
    serve(whole_file)
    path = download.vgg19_file()
    path.parent.mkdir(parents=True)
    path.write_bytes(FILE[:1000])
    assert download.get_vgg19().read_bytes() == FILE


def test_a_file_with_another_hash_is_refused(serve):
    serve(other_file)
    assert "hash does not match" in failure()


def test_a_download_that_breaks_off_is_refused(serve):
    serve(hang_up)
    failure()


def test_a_server_that_says_403_is_quoted(serve):
    serve(forbid)
    assert "403" in failure()


def test_a_server_that_speaks_something_else_is_quoted(serve):
    serve(gibberish)
    assert "PLEASE LOG IN" in failure()


def test_a_server_that_accepts_and_never_answers_is_noticed_in_time(serve):
    serve(silence, patience=0.5)
    began = time.monotonic()
    assert "timed out" in failure() or "no answer" in failure()
    assert time.monotonic() - began < 20


def test_a_firewall_that_swallows_packets_is_noticed_in_time(monkeypatch):
    """Nobody accepts: the queue of this socket is full, further calls are not heard."""
    monkeypatch.setattr(download, "PATIENCE", 0.5)
    with contextlib.ExitStack() as stack:
        deaf = stack.enter_context(socket.socket())
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for _ in range(4):
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(deaf.getsockname())
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/vgg19.h5"
        monkeypatch.setattr(download, "VGG19_URL", url)
        began = time.monotonic()
        failure()
        assert time.monotonic() - began < 20


def test_a_name_that_is_never_looked_up_is_noticed_in_time(monkeypatch):
    """Looking up a name obeys no time limit of a socket."""
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(600))
    monkeypatch.setattr(download, "VGG19_URL", "http://weights.example/vgg19.h5")
    monkeypatch.setattr(download, "PATIENCE", 0.5)
    began = time.monotonic()
    try:
        assert "no answer within" in failure()
        assert time.monotonic() - began < 20
    finally:
        released.set()


def test_the_patience_is_within_ten_seconds():
    assert download.PATIENCE + 0.5 < 10


def test_a_download_that_stalls_is_noticed_in_time(serve):
    serve(stall, patience=0.5)
    began = time.monotonic()
    assert "timed out" in failure()
    assert time.monotonic() - began < 20


def test_no_network_is_named():
    assert "refused" in failure()


@pytest.mark.parametrize("status", [407, 502])
def test_a_proxy_that_fails_is_quoted(serve, monkeypatch, status):
    proxy = serve(lambda visit: visit.send_error(status))
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_port}")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setattr(download, "VGG19_URL", "http://weights.example/vgg19.h5")
    assert str(status) in failure()
    assert proxy.visits == 1


def test_a_proxy_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setattr(download, "VGG19_URL", "http://weights.example/vgg19.h5")
    assert "refused" in failure()


def test_a_keras_home_that_cannot_be_written_is_named(serve, monkeypatch, tmp_path):
    serve(whole_file)
    (tmp_path / "home").touch()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    assert "home" in failure()


def test_a_keras_home_without_write_permission_is_named(
    serve, monkeypatch, ordinary_user
):
    serve(whole_file)
    ordinary_user.chmod(0o555)
    monkeypatch.setenv("KERAS_HOME", str(ordinary_user))
    assert "Permission denied" in failure()


def test_a_file_without_read_permission_is_named(serve, monkeypatch, ordinary_user):
    server = serve(whole_file)
    monkeypatch.setenv("KERAS_HOME", str(ordinary_user))
    path = download.get_vgg19()
    path.chmod(0)
    visits = server.visits
    with pytest.raises(OSError, match=r"^Expected to download .* Permission denied"):
        download.get_vgg19()
    assert server.visits == visits


def test_the_time_limit_of_other_sockets_is_left_as_it_was(serve):
    serve(whole_file)
    download.get_vgg19()
    assert socket.getdefaulttimeout() is None


ANOTHER_PROGRAM = """
import sys
from nst import download
download.VGG19_URL, download.VGG19_MD5 = sys.argv[1:]
print(download.get_vgg19())
"""


def test_two_programs_at_once_end_with_one_whole_file(serve):
    """Each is given half the file, and the rest when the other has its half, too."""
    both = threading.Event()

    def half_by_half(visit):
        visit.send_response(200)
        visit.send_header("Content-Length", str(len(FILE)))
        visit.end_headers()
        visit.wfile.write(FILE[: len(FILE) // 2])
        # Each program asks twice: whether anybody answers, and for the file.
        if visit.server.visits == 4:
            both.set()
        both.wait(30)
        visit.wfile.write(FILE[len(FILE) // 2 :])

    server = serve(half_by_half, patience=8)
    command = [sys.executable, "-c", ANOTHER_PROGRAM, server.url, MD5]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as program:
        while server.visits < 2 and program.poll() is None:
            time.sleep(0.01)
        path = download.get_vgg19()
        output, _ = program.communicate(timeout=60)
    assert both.is_set()
    assert program.returncode == 0
    assert output.strip().endswith(str(path))
    assert path.read_bytes() == FILE
    assert list(path.parent.iterdir()) == [path]


# --- Which network -------------------------------------------------------------------


def test_auto_is_vgg19_where_it_can_be_had(serve):
    serve(whole_file)
    assert pretrained.resolve_network("auto") == "vgg19"


def test_auto_falls_back_to_the_bundled_network_with_one_warning():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = nst.build_feature_extractor(["block1_conv1"])
    assert model.name == "vgg16"
    assert [warning.category for warning in caught] == [UserWarning]
    sentence = str(caught[0].message)
    assert re.search(r"VGG19's weights cannot be had here \(.*refused.*\)", sentence)
    assert "bundled VGG16 is used instead" in sentence


@pytest.mark.parametrize(
    "answer",
    [other_file, hang_up, forbid, gibberish, silence, stall],
    ids=lambda answer: answer.__name__,
)
def test_whatever_fails_auto_is_the_bundled_network_with_one_warning(serve, answer):
    serve(answer)
    with pytest.warns(UserWarning) as caught:
        assert pretrained.resolve_network("auto") == "vgg16"
    (warning,) = caught
    assert re.fullmatch(
        r"VGG19's weights cannot be had here \(.+\), so the bundled VGG16 is used "
        r"instead; pass network='vgg16' to choose it without this warning\.",
        str(warning.message),
    )


def test_auto_leaves_a_damaged_file_that_it_cannot_replace(serve):
    serve(forbid)
    path = download.vgg19_file()
    path.parent.mkdir(parents=True)
    path.write_bytes(FILE[:1000])
    with pytest.warns(UserWarning, match="403"):
        assert pretrained.resolve_network("auto") == "vgg16"
    assert path.read_bytes() == FILE[:1000]


def test_auto_asks_the_network_once_in_a_process(serve):
    server = serve(forbid)
    for _ in range(3):
        with pytest.warns(UserWarning, match="403"):
            assert pretrained.resolve_network("auto") == "vgg16"
    assert server.visits == 1


def test_vgg19_is_not_changed_for_another_network():
    with pytest.raises(OSError, match=r"^Expected to download VGG19's weights"):
        nst.build_feature_extractor(["block1_conv1"], "vgg19")


def test_vgg16_needs_no_network(serve):
    server = serve(forbid)
    assert nst.build_feature_extractor(["block1_conv1"], "vgg16").name == "vgg16"
    assert server.visits == 0


# --- Weights from a file -------------------------------------------------------------


@pytest.fixture(scope="module")
def vgg19():
    """Plain Keras' VGG19 with weights that nobody trained."""
    model = keras.applications.VGG19(include_top=False, weights=None)
    generator = np.random.default_rng(1)
    model.set_weights(
        [
            generator.uniform(-0.03, 0.03, w.shape).astype("float32")
            for w in model.get_weights()
        ]
    )
    return model


@pytest.fixture(scope="module")
def vgg19_files(vgg19, tmp_path_factory):
    folder = tmp_path_factory.mktemp("vgg19")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        vgg19.save_weights(folder / "new.weights.h5")
    write_as_keras_2(vgg19, folder / "legacy.h5")
    return folder


def write_as_keras_2(model, path):
    """The layout of the file that Keras offers for download."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        for layer in model.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}_W_1:0", f"{layer.name}_b_1:0"]
            group.attrs["weight_names"] = [
                name.encode() for name in names[: len(layer.weights)]
            ]
            for name, value in zip(names, layer.get_weights(), strict=False):
                group.create_dataset(name, data=value)


@pytest.mark.parametrize("name", ["new.weights.h5", "legacy.h5"])
@pytest.mark.parametrize("network", ["vgg19", "auto"])
def test_weights_from_a_path_are_used(vgg19, vgg19_files, content, network, name):
    x = nst.preprocess_image(content[:32, :32])
    model = nst.build_feature_extractor(["block2_conv1"], network, vgg19_files / name)
    assert model.name == "vgg19"
    plain = keras.Model(vgg19.input, vgg19.get_layer("block2_conv1").output)(x).numpy()
    assert plain.max() > 1
    np.testing.assert_allclose(
        model(x)["block2_conv1"], plain, atol=1e-4 * np.abs(plain).max()
    )


def test_the_downloaded_file_is_what_vgg19_computes_with(
    monkeypatch, vgg19, vgg19_files
):
    path = download.vgg19_file()
    path.parent.mkdir(parents=True)
    path.write_bytes((vgg19_files / "legacy.h5").read_bytes())
    monkeypatch.setattr(download, "VGG19_MD5", download.file_hash(path, "md5"))
    model = nst.build_feature_extractor(["block1_conv2"], "auto")
    assert model.name == "vgg19"
    np.testing.assert_array_equal(
        model.get_layer("block1_conv2").get_weights()[0],
        vgg19.get_layer("block1_conv2").get_weights()[0],
    )


def test_a_path_to_the_bundled_file_means_vgg16_for_auto():
    assert pretrained.resolve_network("auto", pretrained.VGG16_FILE) == "vgg16"


@pytest.mark.parametrize("name", ["new.weights.h5", "legacy.h5"])
def test_weights_of_another_network_are_refused(vgg19_files, name):
    with pytest.raises(ValueError, match=rf"^Expected the weights of vgg16.*{name}.*;"):
        nst.build_feature_extractor(["block1_conv1"], "vgg16", vgg19_files / name)


def test_weights_of_the_first_layers_alone_are_refused(tmp_path, vgg19):
    path = tmp_path / "part.weights.h5"
    keras.Model(vgg19.input, vgg19.get_layer("block3_conv1").output).save_weights(path)
    with pytest.raises(ValueError, match=r"^Expected the weights of vgg19"):
        nst.build_feature_extractor(["block1_conv1"], "vgg19", path)


def two_layers():
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Conv2D(64, 3, name="block1_conv1"),
            keras.layers.Conv2D(64, 3, name="block1_conv2"),
        ]
    )


def vgg19_with_a_top(vgg19):
    top = keras.layers.GlobalAveragePooling2D()(vgg19.output)
    return keras.Model(vgg19.input, keras.layers.Dense(10, name="predictions")(top))


ANOTHER = r"^Expected the weights of vgg1. without its top, .* another network; give"


@pytest.mark.parametrize("network", ["vgg19", "vgg16", "auto"])
@pytest.mark.parametrize("name", ["other.weights.h5", "legacy.h5"])
def test_weights_of_another_architecture_are_refused(tmp_path, network, name):
    path = tmp_path / name
    if name == "legacy.h5":
        write_as_keras_2(two_layers(), path)
    else:
        two_layers().save_weights(path)
    with pytest.raises(ValueError, match=ANOTHER):
        nst.build_feature_extractor(["block1_conv1"], network, path)


@pytest.mark.parametrize("network", ["vgg19", "vgg16", "auto"])
def test_the_larger_file_with_the_top_is_refused(tmp_path, vgg19, network):
    """Keras offers both side by side; their names differ in `notop` alone."""
    path = tmp_path / "vgg19_weights_tf_dim_ordering_tf_kernels.h5"
    write_as_keras_2(vgg19_with_a_top(vgg19), path)
    with pytest.raises(ValueError, match=ANOTHER):
        nst.build_feature_extractor(["block1_conv1"], network, path)


@pytest.mark.parametrize("name", ["new.weights.h5", "legacy.h5"])
@pytest.mark.parametrize("network", ["vgg19", "auto"])
def test_a_weights_file_that_breaks_off_is_refused(
    tmp_path, vgg19_files, network, name
):
    data = (vgg19_files / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=r"^Expected .* is damaged or .*; give"):
        nst.build_feature_extractor(["block1_conv1"], network, path)


@pytest.mark.parametrize("network", ["vgg16", "auto"])
@pytest.mark.parametrize(
    "name", ["weights.h5", "a.weights.h5", "weights.txt", "a.keras"]
)
def test_a_file_that_holds_no_weights_is_refused(tmp_path, network, name):
    path = tmp_path / name
    path.write_text("no weights", encoding="utf-8")
    with pytest.raises(ValueError, match=r"^Expected .* is damaged or .*; give"):
        nst.build_feature_extractor(["block1_conv1"], network, path)


@pytest.mark.parametrize("network", ["vgg16", "vgg19", "auto"])
@pytest.mark.parametrize("weights", ["nowhere.h5", "", None, 5])
def test_weights_that_are_not_there_are_named(network, weights):
    with pytest.raises(
        FileNotFoundError, match=r"^Expected weights 'imagenet', 'random"
    ):
        nst.build_feature_extractor(["block1_conv1"], network, weights)


def test_a_bundled_file_that_was_cut_off_is_refused(monkeypatch, tmp_path):
    cut = tmp_path / "cut.h5"
    cut.write_bytes(pretrained.VGG16_FILE.read_bytes()[:100_000])
    monkeypatch.setattr(pretrained, "VGG16_FILE", cut)
    with pytest.raises(ValueError, match="cut off or changed; fetch the project again"):
        nst.build_feature_extractor(["block1_conv1"], "vgg16")


def test_the_bundled_file_is_the_one_whose_hash_is_stated():
    digest = hashlib.sha256(pretrained.VGG16_FILE.read_bytes()).hexdigest()
    assert digest == pretrained.VGG16_SHA256
    stated = pretrained.VGG16_FILE.with_name("PROVENANCE.md").read_text("utf-8")
    assert digest in stated
