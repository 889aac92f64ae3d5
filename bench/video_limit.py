"""Decodes and encodes a video with Unseen's own reader and writer and hides nothing: the limit of its speed.

python -m bench.video_limit VIDEO OUT.mp4 [PRESET]
"""

from __future__ import annotations

import sys
from pathlib import Path

from unseen.adapters.video_av import open_video, open_writer

__all__ = ["main"]


def main(video: Path, target: Path, preset: str | None = None) -> int:
    """Write every frame as it is, with the settings of a preset of x264, or with Unseen's own."""
    with open_video(video, video.name) as reader, open_writer(target, reader.info, speed=preset) as writer:
        for frame in reader:
            writer.write(frame)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]))
