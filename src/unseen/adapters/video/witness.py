"""A second decoder beside the one that makes the pictures, which notices more of the damage in what it is given."""

from __future__ import annotations

from typing import Any

__all__ = ["Witness"]

#: By the decoder that makes pictures: the one that notices, and what it is told. FFmpeg's own decoder of VP9 takes
#: whatever bits it finds, libvpx minds what is left over or missing at the end. That of JPEG mends what it cannot
#: decode unless it is to give up; it need make no more than an eighth of the picture's width and height.
_WITNESSES: dict[str, tuple[str, dict[str, str]]] = {
    "mjpeg": ("mjpeg", {"err_detect": "explode", "lowres": "3"}),
    "vp9": ("libvpx-vp9", {}),
}
#: What PyAV's libvpx is built for.
_LIBVPX_BITS = 8


class Witness:
    """Decodes packets for nothing but to see if they can be; none is in doubt where no decoder notices more.

    `context` is the decoder that makes the pictures, not open yet; the options are for it and count here, too.
    """

    def __init__(self, context: Any, max_pixels: int, threads: int) -> None:
        from av.codec.context import CodecContext

        name, options = _WITNESSES.get(context.name, ("", {}))
        if name == "libvpx-vp9" and context.format is not None and context.format.components[0].bits > _LIBVPX_BITS:
            name = ""
        self._decoder: Any = CodecContext.create(name, "r") if name else None
        if self._decoder is not None:
            self._decoder.extradata, self._decoder.codec_tag = context.extradata, context.codec_tag
            self._decoder.thread_type, self._decoder.thread_count = "AUTO", threads
            self._decoder.options = {**options, "max_pixels": str(max_pixels)}

    def doubts(self, packet: Any) -> bool:
        """Take the next packet; return whether it, or one that it is made from, is damaged."""
        import av

        if self._decoder is None:
            return False
        try:
            return any(picture.is_corrupt for picture in self._decoder.decode(packet))
        except av.FFmpegError:
            return True
