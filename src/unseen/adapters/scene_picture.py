"""A scene drawn on a picture, and the page in which one is drawn; both on pictures in which nobody shows."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from html import escape

import numpy as np

from unseen.core.photos import Rgb8
from unseen.core.scene import Calibration, Line, Point, Scene

__all__ = ["drawn", "editor", "jpeg"]

_LINE, _ZONE, _GROUND = (255, 214, 0), (64, 196, 255), (0, 230, 118)
_FILL = 0.25


def drawn(picture: Rgb8, scene: Scene) -> Rgb8:
    """Return a copy of an RGB picture of the scene's size with lines, their forward arrows, zones and calibration."""
    import cv2

    filled = picture.copy()
    for zone in scene.zones:
        cv2.fillPoly(filled, [_corners(zone.points)], _ZONE)
    image = np.asarray(cv2.addWeighted(filled, _FILL, picture, 1 - _FILL, 0), np.uint8)
    thick = max(2, round(max(picture.shape[:2]) / 500))
    for zone in scene.zones:
        cv2.polylines(image, [_corners(zone.points)], True, _ZONE, thick, cv2.LINE_AA)
        _name(image, zone.name, zone.points, _ZONE)
    for line in scene.lines:
        _line(image, line, thick)
    if scene.calibration is not None:
        _calibration(image, scene.calibration, thick)
    return image


def _line(image: Rgb8, line: Line, thick: int) -> None:
    """Draw a line, and an arrow to where forward is, from its middle."""
    import cv2

    (ax, ay), (bx, by) = line.points
    length = float(np.hypot(bx - ax, by - ay))
    reach = min(0.2 * length, 0.08 * max(image.shape[:2]))
    across, down = -(by - ay) / length * reach, (bx - ax) / length * reach
    middle = ((ax + bx) / 2, (ay + by) / 2)
    tip = (middle[0] + across, middle[1] + down)
    cv2.line(image, _whole(line.start), _whole(line.end), _LINE, thick, cv2.LINE_AA)
    cv2.arrowedLine(image, _whole(middle), _whole(tip), _LINE, thick, cv2.LINE_AA, tipLength=0.4)
    _name(image, line.name, line.points, _LINE)


def _calibration(image: Rgb8, calibration: Calibration, thick: int) -> None:
    import cv2

    cv2.polylines(image, [_corners(calibration.image)], True, _GROUND, max(1, thick // 2), cv2.LINE_AA)
    for point, (x, y) in zip(calibration.image, calibration.metres, strict=True):
        cv2.circle(image, _whole(point), 2 * thick, _GROUND, -1, cv2.LINE_AA)
        _name(image, f"{x:g}, {y:g} m", [point], _GROUND)


def _name(image: Rgb8, text: str, points: Sequence[Point], colour: tuple[int, int, int]) -> None:
    """Write a name on black at the first point, inside of the picture."""
    import cv2

    scale = max(0.45, max(image.shape[:2]) / 1800)
    (wide, high), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    x = int(min(max(0, points[0][0] + 6), max(0, image.shape[1] - wide - 6)))
    y = int(min(max(0, points[0][1] + 6), max(0, image.shape[0] - high - below - 6)))
    image[y : y + high + below + 4, x : x + wide + 6] = 0
    cv2.putText(image, text, (x + 3, y + high + 2), cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 1, cv2.LINE_AA)


def _corners(points: Sequence[Point]) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    return np.array([_whole(point) for point in points], np.int32)


def _whole(point: Point) -> tuple[int, int]:
    return round(point[0]), round(point[1])


def jpeg(picture: Rgb8) -> bytes:
    """Return an RGB picture as JPEG, without any metadata."""
    import cv2

    done, data = cv2.imencode(".jpg", np.ascontiguousarray(picture[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 88])
    if not done:
        raise ValueError("the picture cannot be encoded")
    return data.tobytes()


def editor(picture: Rgb8, schema: str, file_name: str) -> str:
    """Return a page that holds the picture, and makes a scene file of what is clicked; it loads nothing."""
    height, width = picture.shape[:2]
    data = base64.b64encode(jpeg(picture)).decode()
    facts = json.dumps({"schema": schema, "width": width, "height": height, "file": file_name}).replace("<", "\\u003c")
    return _PAGE.replace("@TITLE@", escape(file_name)).replace("@FACTS@", facts).replace("@PICTURE@", data)


_PAGE = """<!doctype html>
<html lang=en><meta charset=utf-8>
<meta http-equiv=Content-Security-Policy
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Scene @TITLE@</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;color:#222;margin:1rem auto;max-width:80rem;padding:0 1rem}
#stage{position:relative;cursor:crosshair;line-height:0}#stage img{width:100%;display:block}
#stage svg{position:absolute;inset:0;width:100%;height:100%}
button,input{font:inherit;padding:.25rem .7rem;margin:.5rem .3rem .5rem 0}button.on{background:#ffd600}
textarea{width:100%;height:13rem;font:13px/1.4 ui-monospace,monospace;box-sizing:border-box}
</style>
<p><button id=line class=on>Line: 2 clicks</button><button id=zone>Zone: clicks, then Close</button>
<input id=name size=14 value=line1 aria-label=name><button id=close>Close zone</button><button id=undo>Undo</button>
<button id=save>Save @TITLE@</button></p>
<div id=stage><img alt="the hidden picture" src="data:image/jpeg;base64,@PICTURE@"><svg></svg></div>
<p>Forward is where a line's arrow points; click its ends the other way round to turn it.</p>
<textarea id=text readonly aria-label="the scene file"></textarea>
<script>
"use strict";
const facts = @FACTS@, at = id => document.getElementById(id), svg = document.querySelector("svg");
let kind = "line", points = [], done = [];
svg.setAttribute("viewBox", `0 0 ${facts.width} ${facts.height}`);
function choose(word) {
  kind = word; points = [];
  for (const each of ["line", "zone"]) at(each).classList.toggle("on", each === word);
  suggest(); show();
}
function suggest() { at("name").value = kind + (1 + done.filter(d => d.kind === kind).length); }
function finish() {
  const name = at("name").value.trim();
  if (!/^[A-Za-z0-9][A-Za-z0-9 _.-]{0,39}$/.test(name) || done.some(d => d.kind === kind && d.name === name)) {
    alert("Give it a name of its own: letters, digits, spaces and _ . -"); points = []; show(); return;
  }
  done.push({kind, name, points}); points = []; suggest(); show();
}
function pair(p) { return `[${p[0]}, ${p[1]}]`; }
function text() {
  const out = [`schema: ${facts.schema}`, `frame: {width: ${facts.width}, height: ${facts.height}}`];
  const lines = done.filter(d => d.kind === "line"), zones = done.filter(d => d.kind === "zone");
  if (lines.length) out.push("lines:");
  for (const d of lines) out.push(`  - {name: "${d.name}", from: ${pair(d.points[0])}, to: ${pair(d.points[1])}}`);
  if (zones.length) out.push("zones:");
  for (const d of zones) out.push(`  - {name: "${d.name}", points: [${d.points.map(pair).join(", ")}]}`);
  return out.join("\\n") + "\\n";
}
function add(tag, values, words) {
  const node = svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", tag));
  for (const [key, value] of Object.entries(values)) node.setAttribute(key, value);
  if (words) node.textContent = words;
}
function show() {
  svg.replaceChildren();
  const thick = Math.max(2, facts.width / 500), size = Math.max(14, facts.width / 60);
  for (const d of [...done, {kind, name: "", points}]) {
    const colour = d.kind === "line" ? "#ffd600" : "#40c4ff";
    const style = {stroke: colour, "stroke-width": thick, fill: d.kind === "zone" ? "#40c4ff40" : "none"};
    const way = d.points.map(p => p.join(",")).join(" ");
    add(d.kind === "zone" && d.name ? "polygon" : "polyline", {points: way, ...style});
    for (const p of d.points) add("circle", {cx: p[0], cy: p[1], r: 2 * thick, fill: colour});
    if (d.kind === "line" && d.points.length === 2) {
      const [a, b] = d.points, l = Math.hypot(b[0] - a[0], b[1] - a[1]), r = Math.min(.2 * l, .08 * facts.width);
      const m = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], u = [-(b[1] - a[1]) / l, (b[0] - a[0]) / l];
      const t = [m[0] + u[0] * r, m[1] + u[1] * r];
      const wing = s => [t[0] - .3 * r * (u[0] + s * u[1]), t[1] - .3 * r * (u[1] - s * u[0])];
      add("polyline", {points: [m, t, wing(1), t, wing(-1)].map(p => p.join(",")).join(" "), ...style});
    }
    if (d.name) add("text", {x: d.points[0][0] + 8, y: d.points[0][1] + size, "font-size": size, fill: colour,
      stroke: "#000", "stroke-width": size / 5, "paint-order": "stroke"}, d.name);
  }
  at("text").value = text();
}
svg.onclick = event => {
  const box = svg.getBoundingClientRect();
  points.push([Math.round((event.clientX - box.left) / box.width * facts.width),
    Math.round((event.clientY - box.top) / box.height * facts.height)]);
  if (kind === "line" && points.length === 2) finish(); else show();
};
at("line").onclick = () => choose("line");
at("zone").onclick = () => choose("zone");
at("close").onclick = () => { if (kind === "zone" && points.length > 2) finish(); };
at("undo").onclick = () => { if (points.length) points.pop(); else done.pop(); suggest(); show(); };
at("save").onclick = () => {
  const link = document.createElement("a");
  link.href = "data:text/yaml;charset=utf-8," + encodeURIComponent(text());
  link.download = facts.file;
  link.click();
};
show();
</script>
"""
