"""A media server for tests, run by the system's Python: a camera at /camera, a place to push to at /push.

    python3 live_rtsp_server.py CAMERA.mp4 PUSHED.ts USER PASSWORD

Prints the port it listens at on loopback. It ends with standard input.
"""

from __future__ import annotations

import sys
import threading

import gi  # type: ignore[import-not-found, unused-ignore]

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-not-found, unused-ignore]  # noqa: E402

ROLE = "viewer"


def permissions() -> GstRtspServer.RTSPPermissions:
    """Return what the only user may do."""
    granted = GstRtspServer.RTSPPermissions()
    for word in ("media.factory.access", "media.factory.construct"):
        granted.add_permission_for_role(ROLE, word, True)
    return granted


def factory(pipeline: str, *, record: bool) -> GstRtspServer.RTSPMediaFactory:
    """Return what makes the pipeline for each client."""
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(pipeline)
    made.set_permissions(permissions())
    made.set_shared(False)
    if record:
        made.set_transport_mode(GstRtspServer.RTSPTransportMode.RECORD)
        made.set_latency(0)
    return made


def main() -> None:
    """Serve until standard input ends."""
    camera, pushed, user, password = sys.argv[1:]
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    mounts = server.get_mount_points()
    mounts.add_factory(
        "/camera",
        factory(
            f'( filesrc location="{camera}" ! qtdemux ! h264parse ! rtph264pay name=pay0 config-interval=-1 )',
            record=False,
        ),
    )
    mounts.add_factory(
        "/push",
        factory(f'( rtph264depay name=depay0 ! h264parse ! mpegtsmux ! filesink location="{pushed}" )', record=True),
    )
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    loop = GLib.MainLoop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    loop.run()


if __name__ == "__main__":
    main()
