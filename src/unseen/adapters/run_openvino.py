"""Neural networks on OpenVINO: ONNX and TFLite files, on CPU and Intel GPU."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.adapters.onnx_file import is_onnx
from unseen.adapters.tensors import Shape, checked, in_batches, one_line, thread_count
from unseen.errors import DeviceUnavailable, ModelCorrupt, ModelUnavailable, UnseenError

__all__ = ["OpenVinoNetwork", "is_tflite", "openvino_devices"]

_TELEMETRY = "openvino_telemetry"
_ERRORS = (RuntimeError, ValueError, TypeError)


def _openvino() -> Any:
    """Import OpenVINO with its telemetry off.

    `import openvino` sends an event to Google Analytics as soon as the package openvino-telemetry, on which it
    depends, can be imported; where it cannot, a stub takes its place. So it is hidden for as long as the import takes.
    """
    before = sys.modules.get(_TELEMETRY)
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]
    try:
        import openvino
    finally:
        del sys.modules[_TELEMETRY]
        if before is not None:
            sys.modules[_TELEMETRY] = before
    return openvino


def openvino_devices() -> tuple[str, ...]:
    """Return the devices OpenVINO sees, as CPU or GPU."""
    try:
        return tuple(_openvino().Core().available_devices)
    except (ImportError, RuntimeError):
        return ()


def is_tflite(model: bytes) -> bool:
    """Whether these are the first bytes of a TFLite file (FlatBuffers file identifier TFL3)."""
    return model[4:8] == b"TFL3"


class OpenVinoNetwork:
    """An ONNX or TFLite file on OpenVINO; a `unseen.core.ports.Network`.

    `device` is one of `openvino_devices()`; `threads` bounds the CPU threads (default: the cores this process may
    use). `shape` overrides the input sizes stored in the file, None where they are free: one compiled model serves all
    sizes (a new size costs about one more run, compiling for it about ten). Arithmetic is 32-bit, also where bfloat16
    would be the default, so that results are the same on all CPUs. Raises DeviceUnavailable, ModelUnavailable when the
    file cannot be read and ModelCorrupt when it is no model.
    """

    def __init__(self, path: Path, device: str = "CPU", threads: int | None = None, shape: Shape | None = None) -> None:
        _check_kind(path)
        try:
            openvino = _openvino()
        except ImportError as error:
            raise DeviceUnavailable("OpenVINO is not installed; run `pip install openvino`") from error
        core = openvino.Core()
        if device not in core.available_devices:
            raise DeviceUnavailable(f"OpenVINO here has no {device}, only {', '.join(core.available_devices)}")
        self._name = path.name
        self._device = device
        self._lock = threading.Lock()
        model = _model(openvino, core, path, shape)
        self._shape = tuple(None if size.is_dynamic else size.get_length() for size in model.input(0).partial_shape)
        self._outputs = len(model.outputs)
        self._request = _compiled(core, model, device, thread_count(threads), path.name).create_infer_request()

    @property
    def device(self) -> str:
        """Runtime and device, as "openvino:CPU"."""
        return f"openvino:{self._device}"

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Shape of the input; None where a dimension is free."""
        return self._shape

    def run(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Run a batch of any length (one by one where the file fixes it at 1) and return the outputs in order.

        Raises ValueError for a batch of another shape, UnseenError when the runtime fails.
        """
        return in_batches(self._run, checked(batch, self._shape), self._shape)

    def _run(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        try:
            with self._lock:
                # Inputs are shared on every call: a request that has copied once keeps its first buffer's size.
                found = self._request.infer([batch], share_inputs=True, share_outputs=False)
                return tuple(np.asarray(found[index], dtype=np.float32) for index in range(self._outputs))
        except _ERRORS as error:
            raise UnseenError(f"{self.device} could not run {self._name}: {one_line(error)}") from error


def _check_kind(path: Path) -> None:
    """Refuse what is neither ONNX nor TFLite before OpenVINO tries every format it knows on it."""
    try:
        model = path.read_bytes()
    except OSError as error:
        raise ModelUnavailable(f"cannot read the model file {path}: {error.strerror}") from error
    if not (is_tflite(model) if path.suffix == ".tflite" else is_onnx(model)):
        raise ModelCorrupt(f"{path} is no {path.suffix.lstrip('.').upper()} model; get it again or remove it")


def _model(openvino: Any, core: Any, path: Path, shape: Shape | None) -> Any:
    try:
        model = core.read_model(path)
        if len(model.inputs) == 1 and shape is not None:
            sizes = [-1 if size is None else size for size in shape]
            model.reshape({model.input(0): openvino.PartialShape(sizes)})
    except _ERRORS as error:
        raise ModelCorrupt(f"OpenVINO cannot load {path.name}: {one_line(error)}") from error
    if len(model.inputs) != 1 or model.input(0).element_type != openvino.Type.f32:
        raise ModelCorrupt(f"{path.name} does not take one float tensor; it is no model Unseen can use")
    return model


def _compiled(core: Any, model: Any, device: str, threads: int, name: str) -> Any:
    options: dict[str, object] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    if device == "CPU":
        options["INFERENCE_NUM_THREADS"] = threads
    try:
        return core.compile_model(model, device, options)
    except _ERRORS as error:
        raise ModelCorrupt(f"OpenVINO cannot compile {name} for {device}: {one_line(error)}") from error
