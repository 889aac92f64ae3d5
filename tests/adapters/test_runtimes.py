"""Runtimes: the device that was asked for or an error, the same answers from all, and not one network call."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.adapters.detector_fakes import threads_given
from unseen.adapters.models_store import FileModelStore
from unseen.adapters.run_onnxruntime import OnnxRuntimeNetwork, start_session
from unseen.adapters.run_openvino import OpenVinoNetwork
from unseen.adapters.runtimes import SHORT_NAMES, available, open_network
from unseen.adapters.tensors import in_batches
from unseen.core.catalogue import CATALOGUE
from unseen.core.models import ModelFile
from unseen.core.ports import Network
from unseen.errors import DeviceUnavailable, ModelCorrupt, ModelUnavailable, UnseenError, UsageError

Opener = Callable[..., Network]
RUNTIMES = pytest.mark.parametrize("network", [OnnxRuntimeNetwork, OpenVinoNetwork])


def _noise(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return (np.random.default_rng(seed).random(shape, dtype=np.float32) - 0.5) * 100


def _file(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


# Which device.


def test_both_cpu_runtimes_come_with_the_base_installation() -> None:
    assert {"onnxruntime:CPU", "openvino:CPU"} <= set(available())


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("cpu", "onnxruntime:CPU"),
        ("CPU", "onnxruntime:CPU"),
        ("onnxruntime", "onnxruntime:CPU"),
        ("openvino", "openvino:CPU"),
        ("openvino:CPU", "openvino:CPU"),
        ("onnxruntime:CPU", "onnxruntime:CPU"),
        ("openvino,cpu", "openvino:CPU"),
    ],
)
def test_what_is_asked_for_is_what_runs(models: FileModelStore, device: str, expected: str) -> None:
    assert open_network(models.require("centerface"), device, threads=1).device == expected


def test_auto_takes_the_first_of_its_order_that_is_there(models: FileModelStore) -> None:
    first = next(name for name in SHORT_NAMES["auto"] if name in available())
    assert open_network(models.require("centerface")).device == first


@pytest.mark.parametrize("device", ["auto", "cpu", "openvino", "cuda,cpu", "onnxruntime, openvino"])
def test_tflite_runs_on_openvino_where_that_is_among_what_is_asked_for(models: FileModelStore, device: str) -> None:
    assert open_network(models.require("mediapipe-full-range"), device, threads=1).device == "openvino:CPU"


@pytest.mark.parametrize("device", ["cuda", "onnxruntime", "onnxruntime:CPU"])
def test_tflite_is_refused_where_only_onnx_runtime_is_asked_for(models: FileModelStore, device: str) -> None:
    with pytest.raises(DeviceUnavailable, match=f"only OpenVINO runs; say {device},cpu"):
        open_network(models.require("mediapipe-full-range"), device)


@pytest.mark.parametrize("device", ["openvino:FPGA", "openvino:FPGA,cpu"])
def test_a_missing_device_is_an_error_that_lists_what_is_there(models: FileModelStore, device: str) -> None:
    with pytest.raises(DeviceUnavailable, match=r"no FPGA.*here are onnxruntime:CPU.*openvino:CPU") as caught:
        open_network(models.require("centerface"), device)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", ["CUDA", "TensorRT"])
def test_a_gpu_is_used_or_reported_missing_but_never_replaced(models: FileModelStore, name: str) -> None:
    if f"onnxruntime:{name}" in available():
        assert open_network(models.require("centerface"), name.lower()).device == f"onnxruntime:{name}"
    else:
        with pytest.raises(DeviceUnavailable, match=f"{name}.*here are "):
            open_network(models.require("centerface"), f"{name.lower()},cpu")


@pytest.mark.parametrize("device", ["", "tpu", "onnxruntime:", "onnxruntime:GPU", "openvino:", "cpu,", ":CPU"])
def test_an_unknown_word_is_an_error(models: FileModelStore, device: str) -> None:
    with pytest.raises(DeviceUnavailable, match="unknown device"):
        open_network(models.require("centerface"), device)


@pytest.mark.parametrize(("threads", "at_once", "each"), [(8, 1, 8), (8, 2, 4), (3, 2, 2), (1, 2, 1)])
def test_threads_are_shared_out_among_pictures_that_are_run_at_once(
    models: FileModelStore, monkeypatch: pytest.MonkeyPatch, threads: int, at_once: int, each: int
) -> None:
    given = threads_given(monkeypatch)
    open_network(models.require("centerface"), "onnxruntime:CPU", threads, at_once=at_once)
    assert given == [each]


@pytest.mark.parametrize("device", ["onnxruntime:CPU", "openvino:CPU"])
def test_pictures_that_threads_run_at_once_are_answered_as_one_after_another(
    models: FileModelStore, device: str
) -> None:
    network = open_network(models.require("centerface"), device, 2, at_once=2)
    batches = [_noise(1, 3, 96, 32 * (1 + i % 3), seed=i) for i in range(12)]
    one_by_one = [network.run(batch) for batch in batches]
    with ThreadPoolExecutor(2) as pool:
        at_once = list(pool.map(network.run, batches))
    for one, other in zip(one_by_one, at_once, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def test_what_is_seldom_run_is_made_quick_once_and_answers_as_ever(
    models: FileModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = threads_given(monkeypatch)
    batch = _noise(1, 3, 96, 64)
    expected = open_network(models.require("centerface"), "onnxruntime:CPU", 1).run(batch)
    network = open_network(models.require("centerface"), "onnxruntime:CPU", 1, seldom=True)
    assert given == [1, 0]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(network.run, [batch] * 8))
    assert given == [1, 0, 1]
    for answer in answers:
        for one, other in zip(answer, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_what_is_seldom_run_is_checked_when_it_is_opened(tmp_path: Path) -> None:
    damaged = _file(tmp_path / "a.onnx", b"\x08\x08:\x05" + bytes(5))
    with pytest.raises(ModelCorrupt):
        OnnxRuntimeNetwork(damaged, "CPU", 1, seldom=True)


class _Runtime:
    """An onnxruntime module built for CUDA whose sessions end up on other providers, or fail."""

    class SessionOptions(SimpleNamespace):
        def add_session_config_entry(self, name: str, value: str) -> None:
            """Take any entry."""

    def __init__(self, ends_on: list[str] | Exception) -> None:
        self._ends_on = ends_on
        self.asked: dict[str, Any] = {}

    def get_available_providers(self) -> list[str]:
        return ["CUDAExecutionProvider", "CPUExecutionProvider"]

    def InferenceSession(self, model: bytes, options: object, **asked: Any) -> SimpleNamespace:
        self.asked = asked
        if isinstance(self._ends_on, Exception):
            raise self._ends_on
        return SimpleNamespace(get_providers=lambda: self._ends_on)


def test_a_session_that_fell_back_to_the_cpu_is_refused() -> None:
    runtime = _Runtime(["CPUExecutionProvider"])
    with pytest.raises(DeviceUnavailable, match="could not start CUDA"):
        start_session(runtime, b"", "CUDA", 1)
    assert runtime.asked["enable_fallback"] == 0


def test_a_provider_that_raises_is_reported_in_one_line() -> None:
    runtime = _Runtime(RuntimeError("in file x.cc\n\nlibcudnn.so.9: cannot open shared object file\n"))
    with pytest.raises(DeviceUnavailable, match=r"could not start CUDA: libcudnn\.so\.9") as caught:
        start_session(runtime, b"", "CUDA", 1)
    assert "\n" not in str(caught.value)


def test_a_session_on_the_provider_asked_for_is_taken() -> None:
    runtime = _Runtime(["CUDAExecutionProvider", "CPUExecutionProvider"])
    start_session(runtime, b"", "CUDA", 1)
    assert [name for name, _ in runtime.asked["providers"]] == ["CUDAExecutionProvider", "CPUExecutionProvider"]


# What comes out.


@given(batch=st.integers(1, 3), height=st.integers(1, 6), width=st.integers(1, 6), seed=st.integers(0, 2**16))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_centerface_takes_any_multiple_of_32_and_both_runtimes_agree(
    centerfaces: tuple[Network, Network], batch: int, height: int, width: int, seed: int
) -> None:
    picture = np.abs(_noise(batch, 3, height * 32, width * 32, seed=seed))
    one, other = (network.run(picture) for network in centerfaces)
    assert [out.shape for out in one] == [(batch, channels, height * 8, width * 8) for channels in (1, 2, 2, 10)]
    for left, right in zip(one, other, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-3)


@pytest.fixture(scope="session")
def centerfaces(models: FileModelStore) -> tuple[Network, Network]:
    """CenterFace on both CPU runtimes."""
    face = models.require("centerface")
    return open_network(face, "onnxruntime", 1), open_network(face, "openvino", 1)


def test_a_batch_gives_what_its_pictures_give_alone(centerfaces: tuple[Network, Network]) -> None:
    pictures = np.abs(_noise(3, 3, 64, 96))
    for network in centerfaces:
        together = network.run(pictures)
        for index in range(3):
            for whole, alone in zip(together, network.run(pictures[index : index + 1]), strict=True):
                np.testing.assert_allclose(whole[index], alone[0], atol=1e-4)


def test_results_are_not_overwritten_by_the_next_run(centerfaces: tuple[Network, Network]) -> None:
    for network in centerfaces:
        first = network.run(np.abs(_noise(1, 3, 64, 64)))
        before = [out.copy() for out in first]
        network.run(np.abs(_noise(1, 3, 64, 64, seed=1)))
        network.run(np.abs(_noise(1, 3, 320, 320, seed=1)))
        assert all(np.array_equal(now, then) for now, then in zip(first, before, strict=True))


@RUNTIMES
@pytest.mark.parametrize("length", [1, 2, 5])
def test_a_file_fixed_at_one_picture_takes_any_number(
    network: Opener, tmp_path: Path, tiny_onnx: Callable[..., bytes], length: int
) -> None:
    relu = network(_file(tmp_path / "m.onnx", tiny_onnx((1, 3, 8, 8))), threads=1)
    assert relu.input_shape == (1, 3, 8, 8)
    batch = _noise(length, 3, 8, 8)
    [out] = relu.run(batch)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, np.maximum(batch, 0))


@RUNTIMES
def test_free_sizes_are_stated_as_none(network: Opener, tmp_path: Path, tiny_onnx: Callable[..., bytes]) -> None:
    path = _file(tmp_path / "m.onnx", tiny_onnx(("n", 3, "h", "w")))
    assert network(path, threads=1).input_shape == (None, 3, None, None)


@pytest.mark.parametrize("name", ["centerface", "yunet"])
@pytest.mark.parametrize("device", ["onnxruntime", "openvino"])
def test_face_models_that_were_exported_for_one_size_take_any(
    name: str, device: str, tmp_path: Path, tiny_onnx: Callable[..., bytes]
) -> None:
    path = _file(tmp_path / "zoo.onnx", tiny_onnx((1, 3, 64, 64)))
    network = open_network(ModelFile(CATALOGUE[name], path, "0" * 64, "user"), device, threads=1)
    assert network.input_shape == (None, 3, None, None)
    for height, width in ((32, 96), (64, 64)):
        (out,) = network.run(np.zeros((1, 3, height, width), np.float32))
        assert out.shape == (1, 3, height, width)


@RUNTIMES
def test_the_shape_given_overrides_the_files(network: Opener, tmp_path: Path, tiny_onnx: Callable[..., bytes]) -> None:
    relu = network(_file(tmp_path / "m.onnx", tiny_onnx((1, 3, 8, 8))), threads=1, shape=(None, 3, None, 8))
    assert relu.input_shape == (None, 3, None, 8)
    batch = _noise(4, 3, 16, 8)
    np.testing.assert_array_equal(relu.run(batch)[0], np.maximum(batch, 0))


@RUNTIMES
@pytest.mark.parametrize(
    "batch",
    [
        np.zeros((1, 3, 8, 8), np.float64),
        np.zeros((1, 3, 8, 9), np.float32),
        np.zeros((1, 1, 8, 8), np.float32),
        np.zeros((3, 8, 8), np.float32),
        np.zeros((0, 3, 8, 8), np.float32),
        np.float32(0).reshape(()),
    ],
    ids=["float64", "wide", "grey", "three-dimensional", "no-pictures", "scalar"],
)
def test_another_shape_or_type_is_refused(
    network: Opener, tmp_path: Path, tiny_onnx: Callable[..., bytes], batch: NDArray[Any]
) -> None:
    relu = network(_file(tmp_path / "m.onnx", tiny_onnx()), threads=1)
    with pytest.raises(ValueError, match=r"expected float32 of shape \(1, 3, 8, 8\), got"):
        relu.run(batch)


@RUNTIMES
def test_a_strided_view_gives_what_its_copy_gives(
    network: Opener, tmp_path: Path, tiny_onnx: Callable[..., bytes]
) -> None:
    relu = network(_file(tmp_path / "m.onnx", tiny_onnx()), threads=1)
    view = _noise(1, 8, 8, 3).transpose(0, 3, 1, 2)[..., ::-1]
    np.testing.assert_array_equal(relu.run(view)[0], np.maximum(view, 0))


@RUNTIMES
def test_several_threads_may_share_a_network(network: Opener, tmp_path: Path, tiny_onnx: Callable[..., bytes]) -> None:
    relu = network(_file(tmp_path / "m.onnx", tiny_onnx(("n", 3, "h", "w"))), threads=1)
    wrong: list[int] = []

    def work(seed: int) -> None:
        for turn in range(20):
            batch = _noise(1, 3, 8 + seed, 8 + turn, seed=seed)
            if not np.array_equal(relu.run(batch)[0], np.maximum(batch, 0)):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_batches_are_joined_along_their_first_axis() -> None:
    ran: list[int] = []

    def run(batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        ran.append(len(batch))
        return batch + 1, batch[:, :1]

    batch = _noise(3, 2)
    both = in_batches(run, batch, (1, 2))
    assert ran == [1, 1, 1]
    np.testing.assert_array_equal(both[0], batch + 1)
    np.testing.assert_array_equal(both[1], batch[:, :1])


# Damaged files and wrong calls.


@RUNTIMES
@pytest.mark.parametrize("damage", ["empty", "text", "noise", "truncated", "unknown-operator", "whole-numbers"])
def test_a_damaged_model_is_one_line(
    network: Opener, tmp_path: Path, tiny_onnx: Callable[..., bytes], damage: str, capfd: pytest.CaptureFixture[str]
) -> None:
    damaged = {
        "empty": b"",
        "text": b"hello, I am no model\n" * 20,
        "noise": np.random.default_rng(0).bytes(5000),
        "truncated": tiny_onnx()[:60],
        "unknown-operator": tiny_onnx(op="Nonsense"),
        "whole-numbers": tiny_onnx(op="Identity", kind=7),
    }[damage]
    with pytest.raises(ModelCorrupt, match=r"m\.onnx") as caught:
        network(_file(tmp_path / "m.onnx", damaged), threads=1)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    assert capfd.readouterr() == ("", "")


def test_a_centerface_cut_short_or_with_flipped_bits_is_refused_or_runs(models: FileModelStore, tmp_path: Path) -> None:
    whole = models.require("centerface").path.read_bytes()
    rng = np.random.default_rng(0)
    for turn in range(6):
        bits = bytearray(whole if turn % 2 else whole[: int(rng.integers(len(whole)))])
        bits[int(rng.integers(2000))] ^= 1 << int(rng.integers(8))
        path = _file(tmp_path / "centerface.onnx", bytes(bits))
        damaged = ModelFile(CATALOGUE["centerface"], path, "0" * 64, "user")
        with contextlib.suppress(UnseenError):
            outputs = open_network(damaged, "onnxruntime", 1).run(np.zeros((1, 3, 32, 32), np.float32))
            assert len(outputs) == 4


@pytest.mark.parametrize("size", [0, 5, 5000, -1])
def test_a_damaged_tflite_file_is_one_line(models: FileModelStore, tmp_path: Path, size: int) -> None:
    whole = models.require("mediapipe-full-range").path.read_bytes()
    path = _file(tmp_path / "m.tflite", whole[:size] if size >= 0 else b"hello" * 100)
    with pytest.raises(ModelCorrupt, match=r"m\.tflite") as caught:
        OpenVinoNetwork(path, threads=1)
    assert "\n" not in str(caught.value)


@RUNTIMES
def test_a_file_that_is_not_there_is_unavailable(network: Opener, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="cannot read the model file"):
        network(tmp_path / "nothing.onnx")


@pytest.mark.parametrize("threads", [0, -1])
def test_no_threads_are_refused(models: FileModelStore, threads: int) -> None:
    with pytest.raises(UsageError, match="threads must be at least 1"):
        open_network(models.require("centerface"), "cpu", threads)


# No network, no traces.

_QUIET = """
import ctypes, platform, sys, time

def forbid_internet():
    # A seccomp filter, so that native code is held to it too: socket(AF_INET or AF_INET6, ...) kills the process.
    arch, number = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}[platform.machine()]
    code = [(0x20, 0, 0, 4), (0x15, 0, 5, arch), (0x20, 0, 0, 0), (0x15, 0, 3, number), (0x20, 0, 0, 16),
            (0x15, 2, 0, 2), (0x15, 1, 0, 10), (0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x80000000)]
    class Line(ctypes.Structure):
        _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]
    class Program(ctypes.Structure):
        _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.POINTER(Line))]
    lines = (Line * len(code))(*[Line(*line) for line in code])
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, ctypes.byref(Program(len(code), lines)), 0, 0) == 0

def forbid_python(event, arguments):
    if event.startswith("socket.") or event.startswith("urllib."):
        print("network:", event, file=sys.stderr)
        import os; os._exit(77)

if sys.platform == "linux":
    forbid_internet()
if sys.argv[1] == "socket":
    import socket; socket.socket(socket.AF_INET); print("alive"); raise SystemExit
sys.addaudithook(forbid_python)
"""
_RUN = """
import dataclasses
from pathlib import Path
import numpy as np
from unseen.adapters.runtimes import available, open_network
from unseen.core.catalogue import CATALOGUE
from unseen.core.models import ModelFile
available()
for name, path, device in zip(sys.argv[2::3], sys.argv[3::3], sys.argv[4::3]):
    network = open_network(ModelFile(CATALOGUE[name], Path(path), "0" * 64, "user"), device)
    network.run(np.zeros([1, *[size or 64 for size in network.input_shape[1:]]], np.float32))
    assert network.device.startswith(device)
time.sleep(1)
print("done")
"""


def _quietly(home: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script without the internet, in an environment as bare as a user's first: no opt-out, no sign of CI."""
    environ = {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
def test_the_guard_of_the_next_test_works(tmp_path: Path) -> None:
    assert _quietly(tmp_path, _QUIET, "socket").returncode == -31


def test_loading_and_running_models_makes_no_network_call_and_leaves_no_trace(
    models: FileModelStore, tmp_path: Path
) -> None:
    face, second = (str(models.require(name).path) for name in ("centerface", "mediapipe-full-range"))
    jobs = [
        *("centerface", face, "onnxruntime"),
        *("centerface", face, "openvino"),
        *("mediapipe-full-range", second, "openvino"),
    ]
    done = _quietly(tmp_path, _QUIET + _RUN, "run", *jobs)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
    assert list(tmp_path.rglob("*")) == []
