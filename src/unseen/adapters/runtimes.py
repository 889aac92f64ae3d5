"""Choose the runtime and device that a model runs on; never another one than was asked for.

Order of "auto", fastest first: onnxruntime:CUDA, onnxruntime:CPU, openvino:CPU. TensorRT and OpenVINO's GPU are used on
request only: they build engines or kernels for new input sizes (not measured). In ms per picture on 2 cores of an AMD
EPYC (AVX-512), 32-bit arithmetic, ONNX Runtime 1.32 against OpenVINO 2026.4: CenterFace 640x384 18 and 21 (one thread:
36 and 44), PP-OCRv6 detection 640x480 48 and 49, recognition 18 and 15, YOLO26n 36 and 34, YuNet 640x384 5 and 9. ONNX
Runtime also loads a model in a third of the time, and pays nothing for a new size. TFLite files run on OpenVINO only.
"""

from __future__ import annotations

from functools import partial

from unseen.adapters.run_onnxruntime import PROVIDERS, OnnxRuntimeNetwork, onnxruntime_devices
from unseen.adapters.run_openvino import OpenVinoNetwork, openvino_devices
from unseen.adapters.tensors import Edit, Shape
from unseen.core.models import ModelFile
from unseen.core.ports import Network
from unseen.errors import DeviceUnavailable

__all__ = ["SHORT_NAMES", "available", "open_network"]

#: What may be said instead of "runtime:device": the first of these that starts and can run the kind of file.
SHORT_NAMES: dict[str, tuple[str, ...]] = {
    "auto": ("onnxruntime:CUDA", "onnxruntime:CPU", "openvino:CPU"),
    "cpu": ("onnxruntime:CPU", "openvino:CPU"),
    "cuda": ("onnxruntime:CUDA",),
    "tensorrt": ("onnxruntime:TensorRT",),
    "onnxruntime": ("onnxruntime:CPU",),
    "openvino": ("openvino:CPU",),
}
#: Families that work at any size although their files fix the sizes of a tracing example.
_FREE_SHAPES: dict[str, Shape] = {"centerface": (None, 3, None, None), "yunet": (None, 3, None, None)}


def available() -> tuple[str, ...]:
    """Return what is there, as ("onnxruntime:CPU", "openvino:CPU"); a GPU counts only if its libraries load."""
    onnx = (f"onnxruntime:{device}" for device in onnxruntime_devices())
    return (*onnx, *(f"openvino:{device}" for device in openvino_devices()))


def open_network(
    model: ModelFile,
    device: str = "auto",
    threads: int | None = None,
    edit: Edit | None = None,
    at_once: int = 1,
    *,
    seldom: bool = False,
) -> Network:
    """Open a model on a device and return the network; ONNX Runtime loads the file as `edit` changes it.

    So many pictures as `at_once` are run at the same time by threads of the caller: on the CPU ONNX Runtime shares out
    `threads` among them, which takes less time than to share out each picture. OpenVINO runs one after another. ONNX
    Runtime opens what is run `seldom` sooner, and takes longer for the first picture.

    `device` is "runtime:device" as `available` gives it, a short name, or several separated by commas, as "cuda,cpu":
    the first that can run this kind of file is meant, and must be there. Raises DeviceUnavailable, which lists what is
    there, ModelUnavailable or ModelCorrupt.
    """
    opened = partial(_open, model, threads=threads, edit=edit, at_once=at_once, seldom=seldom)
    *others, last = _candidates(model, device)
    for name in others:
        try:
            return opened(name)
        except DeviceUnavailable:
            continue
    try:
        return opened(last)
    except DeviceUnavailable as error:
        raise DeviceUnavailable(f"{error}; {_choices()}") from error


def _candidates(model: ModelFile, device: str) -> tuple[str, ...]:
    """Return what the first word that fits the model's kind of file stands for."""
    tflite = model.path.suffix == ".tflite"
    for word in [_spelled_out(word.strip()) for word in device.split(",")]:
        if fitting := tuple(name for name in word if not tflite or name.startswith("openvino:")):
            return fitting
    raise DeviceUnavailable(f"{model.name} is a TFLite file, which only OpenVINO runs; say {device},cpu for that")


def _spelled_out(word: str) -> tuple[str, ...]:
    """Return the devices that a word on the command line stands for, in order."""
    if word.lower() in SHORT_NAMES:
        return SHORT_NAMES[word.lower()]
    runtime, _, device = word.partition(":")
    if (runtime == "onnxruntime" and device in PROVIDERS) or (runtime == "openvino" and device):
        return (word,)
    raise DeviceUnavailable(f"unknown device {word!r}; {_choices()}")


def _open(
    model: ModelFile, name: str, *, threads: int | None, edit: Edit | None, at_once: int, seldom: bool
) -> Network:
    runtime, _, device = name.partition(":")
    shape = _FREE_SHAPES.get(model.entry.family)
    if runtime == "onnxruntime":
        return OnnxRuntimeNetwork(model.path, device, threads, shape, edit, at_once, seldom=seldom)
    return OpenVinoNetwork(model.path, device, threads, shape)


def _choices() -> str:
    return f"here are {', '.join(available()) or 'none'}; short names are {', '.join(SHORT_NAMES)}"
