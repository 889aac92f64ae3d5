"""Neural networks on ONNX Runtime: CPU, CUDA and TensorRT."""

from __future__ import annotations

import os
import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.adapters.onnx_file import free_shapes, is_onnx
from unseen.adapters.tensors import Edit, Shape, checked, in_batches, one_line, thread_count
from unseen.errors import DeviceUnavailable, ModelCorrupt, ModelUnavailable, UnseenError

__all__ = ["PROVIDERS", "OnnxRuntimeNetwork", "load_onnxruntime", "onnxruntime_devices", "start_session"]

#: Device name -> execution provider.
PROVIDERS: dict[str, str] = {
    "CPU": "CPUExecutionProvider",
    "CUDA": "CUDAExecutionProvider",
    "TensorRT": "TensorrtExecutionProvider",
}
#: Photos come in many sizes: the exhaustive search would try every algorithm again for each. TF32 rounds to 10 bits.
_CUDA_OPTIONS = {"cudnn_conv_algo_search": "HEURISTIC", "use_tf32": "0"}
#: For each device its providers, most wanted first, with their options.
_CHAINS: dict[str, tuple[tuple[str, dict[str, str]], ...]] = {
    "CPU": ((PROVIDERS["CPU"], {}),),
    "CUDA": ((PROVIDERS["CUDA"], _CUDA_OPTIONS), (PROVIDERS["CPU"], {})),
    "TensorRT": (
        (PROVIDERS["TensorRT"], {}),
        (PROVIDERS["CUDA"], _CUDA_OPTIONS),
        (PROVIDERS["CPU"], {}),
    ),
}
#: An ONNX model that returns its input; shows whether a provider can be started at all.
_IDENTITY = (
    b'\x08\x08:-\n\x10\n\x01x\x12\x01y"\x08Identity\x12\x01gZ\n\n\x01x\x12\x05\n\x03\x08\x01\x12b'
    b"\n\n\x01y\x12\x05\n\x03\x08\x01\x12B\x02\x10\x0d"
)
_FATAL = 4


def load_onnxruntime() -> Any:
    """Import ONNX Runtime with its telemetry off.

    Its newer official builds store a device id and send usage events to their maker unless ORT_DISABLE_TELEMETRY is set
    before the first import; child processes inherit it. A value that the user has set is left alone.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    if os.environ["ORT_DISABLE_TELEMETRY"] == "1":
        onnxruntime.disable_telemetry_events()
    return onnxruntime


def onnxruntime_devices() -> tuple[str, ...]:
    """Return which of CPU, CUDA and TensorRT start here; a GPU build without a GPU or its libraries has only CPU."""
    try:
        runtime = load_onnxruntime()
    except ImportError:
        return ()
    built_in = runtime.get_available_providers()
    return tuple(
        device
        for device, provider in PROVIDERS.items()
        if provider in built_in and (device == "CPU" or _starts(runtime, device))
    )


def _starts(runtime: Any, device: str) -> bool:
    try:
        start_session(runtime, _IDENTITY, device, 1)
    except UnseenError:
        return False
    return True


class OnnxRuntimeNetwork:
    """An ONNX file on ONNX Runtime; a `unseen.core.ports.Network`.

    `device` is CPU, CUDA or TensorRT; `threads` bounds the CPU threads (default: the cores this process may use).
    `shape` overrides the input sizes stored in the file, None where they are free; `edit` changes the file's bytes
    before they are loaded. `run` may be called by several threads; where `at_once` do so, each has its share of the
    CPU threads. What is used `seldom`, perhaps never, is opened in a third of the time on the CPU, and optimised when
    it is first run. Raises DeviceUnavailable when the device does not start (never another one in its place),
    ModelUnavailable when the file cannot be read and ModelCorrupt when it is no model, or `edit` raises ValueError.
    """

    def __init__(
        self,
        path: Path,
        device: str = "CPU",
        threads: int | None = None,
        shape: Shape | None = None,
        edit: Edit | None = None,
        at_once: int = 1,
        *,
        seldom: bool = False,
    ) -> None:
        try:
            runtime = load_onnxruntime()
        except ImportError as error:
            raise DeviceUnavailable("ONNX Runtime is not installed; run `pip install onnxruntime`") from error
        # Before the file is read and changed, which takes longer than anything else here.
        _require_provider(runtime, device)
        model = _read(path, shape, edit)
        self._name = path.name
        self._device = device
        seldom &= device == "CPU"  # elsewhere to start is what takes long
        start = partial(start_session, runtime, model, device, -(-thread_count(threads) // at_once), path.name)
        self._session = start(optimised=not seldom)
        self._restart = start if seldom else None
        self._guard = threading.Lock()
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or inputs[0].type != "tensor(float)":
            raise ModelCorrupt(f"{path.name} does not take one float tensor; it is no model Unseen can use")
        self._input = inputs[0].name
        self._shape = tuple(size if isinstance(size, int) else None for size in inputs[0].shape)

    @property
    def device(self) -> str:
        """Runtime and device, as "onnxruntime:CPU"."""
        return f"onnxruntime:{self._device}"

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
        with self._guard:
            if self._restart is not None:
                self._session, self._restart = self._restart(), None
        try:
            return tuple(self._session.run(None, {self._input: batch}))
        # Each of ONNX Runtime's error classes derives from Exception alone, and releases add some.
        except Exception as error:
            raise UnseenError(f"{self.device} could not run {self._name}: {one_line(error)}") from error


def _read(path: Path, shape: Shape | None, edit: Edit | None) -> bytes:
    try:
        model = path.read_bytes()
    except OSError as error:
        raise ModelUnavailable(f"cannot read the model file {path}: {error.strerror}") from error
    try:
        if is_onnx(model):
            model = model if edit is None else edit(model)
            return model if shape is None else free_shapes(model, shape)
    except ValueError:
        pass
    raise ModelCorrupt(f"{path} is no ONNX model; get it again or remove it")


def _require_provider(runtime: Any, device: str) -> None:
    if PROVIDERS.get(device) not in runtime.get_available_providers():
        raise DeviceUnavailable(
            f"ONNX Runtime here has no {device}; installing onnxruntime-gpu brings CUDA and TensorRT"
        )


def start_session(
    runtime: Any, model: bytes, device: str, threads: int, name: str = "the model", *, optimised: bool = True
) -> Any:
    """Start a session of `runtime` (the onnxruntime module) on exactly the device asked for.

    One that is not `optimised` starts sooner and runs slower. Raises DeviceUnavailable when it is another one or none,
    ModelCorrupt when the CPU cannot load the model.
    """
    _require_provider(runtime, device)
    options = runtime.SessionOptions()
    options.log_severity_level = _FATAL
    options.intra_op_num_threads = threads
    # Plans of memory are kept for each input shape, and photos come in many.
    options.enable_mem_pattern = False
    # Threads that wait for work would else turn in circles, on cores that other stages could use.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not optimised:
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    if device != "CPU" and hasattr(runtime, "preload_dlls"):
        runtime.preload_dlls()
    try:
        # enable_fallback=0: the Python class would else print, retry on the CPU, and carry on, here and in run().
        session = runtime.InferenceSession(model, options, providers=list(_CHAINS[device]), enable_fallback=0)
    except Exception as error:
        if device == "CPU":
            raise ModelCorrupt(f"ONNX Runtime cannot load {name}: {one_line(error)}") from error
        raise DeviceUnavailable(f"ONNX Runtime could not start {device}: {one_line(error)}") from error
    if PROVIDERS[device] not in session.get_providers():
        raise DeviceUnavailable(f"ONNX Runtime could not start {device}: its driver or libraries do not load")
    return session
