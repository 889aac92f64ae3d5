"""Decodes and encodes a video and hides nothing: the limit of its speed.

python -m bench.video_limit VIDEO OUT.mp4 [PRESET]

With a preset of x264 by PyAV alone, whose default is a slice of each picture for a thread (decoding takes pictures in
parallel); without one by Unseen's own reader and writer.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import av
from av.video.frame import PictureType

__all__ = ["CRF", "main"]

#: Unseen's own quality for H.264.
CRF = "20"


def main(video: Path, target: Path, preset: str | None = None) -> int:
    """Write every frame as it is."""
    if preset is None:
        _by_unseen(video, target)
    else:
        _by_pyav(video, target, preset)
    return 0


def _by_unseen(video: Path, target: Path) -> None:
    from unseen.adapters.video_av import open_video, open_writer  # here: PyAV alone need not wait for it

    with open_video(video, video.name) as reader, open_writer(target, reader.info) as writer:
        for frame in reader:
            writer.write(frame)


def _by_pyav(video: Path, target: Path, preset: str) -> None:
    with av.open(str(video)) as source, av.open(str(target), "w") as made:
        read = source.streams.video[0]
        read.thread_type = "AUTO"
        stream: Any = made.add_stream("libx264", rate=read.average_rate, options={"crf": CRF, "preset": preset})
        stream.width, stream.height, stream.pix_fmt = read.width, read.height, "yuv420p"
        for frame in source.decode(read):
            frame.pict_type = PictureType.NONE  # or the source's key pictures would be made again
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]))
