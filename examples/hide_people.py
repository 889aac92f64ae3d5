"""Find the people in a photo with YOLO26 and hide them: the classic loop as one call.

The loop is usually written so, with a blur of fixed size that shows large people and hides small ones:

    model = YOLO("yolo26n.pt")
    for box in model(frame)[0].boxes:
        if names[int(box.cls)] == "person":
            x1, y1, x2, y2 = map(int, box.xyxy[0])
            frame[y1:y2, x1:x2] = cv2.blur(frame[y1:y2, x1:x2], (51, 51))

Run it with: python examples/hide_people.py PHOTO [RESULT]. Without PHOTO it takes the one that `make demo` made.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

import unseen
from unseen.errors import UnseenError

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Hide the people in a photo and return the exit code."""
    source = argv[0] if argv else "demo-out/in/astronaut.jpg"
    target = argv[1] if len(argv) > 1 else "demo-out/people-hidden.png"
    frame = cv2.imread(source)
    if frame is None:
        print(f"hide_people: cannot read {source}; name a photo, or run `make demo` first", file=sys.stderr)
        return 1
    try:
        # "fill" looks like a blur and holds nothing of the person; "blur" is there too, and says what it leaks.
        done = unseen.redact(frame, colour="bgr", classes=["person"], hide={"person": "fill"})
    except UnseenError as error:
        print(f"hide_people: {error}", file=sys.stderr)
        return error.exit_code
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    if not (cv2.haveImageWriter(target) and cv2.imwrite(target, done.image)):
        print(f"hide_people: cannot write {target}; name it as a .png or .jpg file", file=sys.stderr)
        return 1
    print(f"{len(done.regions)} people hidden -> {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
