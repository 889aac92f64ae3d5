"""The pages that viewers see: all cameras, JPEG pictures, a player of MP4; nothing is loaded from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Sequence

__all__ = ["OVERVIEW", "PLAYER", "STYLE", "index_page", "picture_page", "player_page"]

STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; }
h1 { font-size: 1.15rem; font-weight: 600; margin: 0 0 .75rem; }
img, video { display: block; width: 100%; height: auto; background: #000; border-radius: .25rem; }
img { aspect-ratio: auto 16 / 9; } img.old { opacity: .2; }
main { display: grid; gap: 1.25rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); }
p { margin: .5rem 0; } a { color: inherit; } #state { opacity: .75; min-height: 1.5em; }
"""

#: Asks for a picture of each camera every second: browsers keep six connections to a server, and a stream takes one.
OVERVIEW = """
'use strict';
for (let img of document.querySelectorAll('img')) {
  const address = img.src, alt = img.alt, state = img.parentElement.querySelector('span');
  let count = 0, wait = 1000;
  function next() {
    if (document.hidden) { setTimeout(next, 1000); return; }
    const fresh = new Image(), began = performance.now();
    fresh.alt = alt;
    fresh.onload = () => {
      img.replaceWith(fresh);
      img = fresh;
      wait = 1000;
      state.textContent = '';
      setTimeout(next, Math.max(0, began + 1000 - performance.now()));
    };
    fresh.onerror = () => {
      img.className = 'old';
      state.textContent = 'no picture, trying again';
      setTimeout(next, wait);
      wait = Math.min(2 * wait, 8000);
    };
    fresh.src = address + '?' + ++count;
  }
  if (img.complete) next(); else img.onload = img.onerror = next;
}
"""

PLAYER = """
'use strict';
const video = document.querySelector('video'), state = document.getElementById('state');
const address = location.href.replace(/^http/, 'ws').replace(/[?#].*$/, '').replace(/[/]play$/, '/stream');
let wait = 500;
function say(text) { state.textContent = text; }
function connect() {
  const source = new MediaSource(), parts = [];
  let buffer = null, socket = null;
  video.src = URL.createObjectURL(source);
  function feed() {
    if (!buffer || buffer.updating) return;
    const last = buffer.buffered.length - 1;
    if (last >= 0) {
      const start = buffer.buffered.start(0), end = buffer.buffered.end(last);
      if (end - start > 20) { buffer.remove(start, end - 8); return; }
      if (video.currentTime < buffer.buffered.start(last) || end - video.currentTime > 1.0)
        video.currentTime = Math.max(buffer.buffered.start(last), end - 0.15);
      if (video.paused) video.play().catch(() => {});
    }
    if (parts.length) {
      const next = parts.splice(0), size = next.reduce((sum, part) => sum + part.byteLength, 0);
      const all = new Uint8Array(size);
      let at = 0;
      for (const part of next) { all.set(new Uint8Array(part), at); at += part.byteLength; }
      buffer.appendBuffer(all);
    }
  }
  source.addEventListener('sourceopen', () => {
    socket = new WebSocket(address);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => say('waiting for the camera');
    socket.onmessage = event => {
      if (typeof event.data === 'string') {
        buffer = source.addSourceBuffer('video/mp4; codecs="' + event.data + '"');
        buffer.addEventListener('updateend', feed);
        wait = 500;
        say('');
      } else { parts.push(event.data); feed(); }
    };
    socket.onclose = () => {
      say('no connection, trying again');
      setTimeout(connect, wait);
      wait = Math.min(2 * wait, 10000);
    };
  }, { once: true });
  video.onerror = () => { if (socket) socket.close(); };
}
connect();
"""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="stylesheet" href="/style.css"></head>
<body>{body}</body></html>
"""
_FOOT = '<p><a href="/status">status</a> <a href="/metrics">metrics</a></p>'


def _page(title: str, body: str) -> bytes:
    return _PAGE.format(title=html.escape(title), body=body).encode()


def index_page(cameras: Sequence[str]) -> bytes:
    """Return the page that shows all cameras, each as a JPEG picture a second."""
    parts = [
        f'<section><img src="/{name}/still" alt="{name}, every second"><p><a href="/{name}">{name}</a>, '
        f'<a href="/{name}/play">as MP4</a> <span role="status"></span></p></section>'
        for name in map(html.escape, cameras)
    ]
    main = f"<h1>Live, hidden</h1><main>{''.join(parts)}</main>{_FOOT}"
    return _page("Live, hidden", f'{main}<script src="/overview.js"></script>')


def picture_page(camera: str) -> bytes:
    """Return the page of one camera that shows JPEG pictures."""
    name = html.escape(camera)
    return _page(
        camera,
        f'<h1>{name}</h1><img src="/{name}/mjpeg" alt="{name}, live"><p><a href="/{name}/play">as MP4</a>, '
        f'<a href="/">all cameras</a></p>{_FOOT}',
    )


def player_page(camera: str) -> bytes:
    """Return the page of one camera that plays MP4."""
    name = html.escape(camera)
    return _page(
        camera,
        f'<h1>{name}</h1><video muted autoplay playsinline></video><p id="state" role="status"></p>'
        f'<p><a href="/{name}">as pictures</a>, <a href="/">all cameras</a></p>{_FOOT}'
        '<script src="/player.js"></script>',
    )
