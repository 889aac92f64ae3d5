"""How documents look, on screen and on paper; nothing is loaded from elsewhere, and nothing runs."""

from __future__ import annotations

__all__ = ["PAGES", "POLICY", "SIGN"]

#: The page's own content security policy.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

PAGES = """
:root{--ink:#1b1f24;--soft:#5b6470;--line:#dfe3e8;--mark:#fff3d6;--edge:#c77700;--warn:#7a4300}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;color:var(--ink);background:#fff;
max-width:54rem;margin:2.5rem auto;padding:0 1.25rem}
header{border-bottom:2px solid var(--ink);margin-bottom:1.5rem;padding-bottom:.75rem}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 .4rem}header p{margin:.2rem 0}
h2{font-size:1.12rem;margin:2rem 0 .5rem}p{margin:0 0 .25rem}.meta{color:var(--soft)}
table{border-collapse:collapse;width:100%;table-layout:fixed}
tr{border-top:1px solid var(--line)}table tr:last-child{border-bottom:1px solid var(--line)}
th{width:30%;text-align:left;font-weight:600;vertical-align:top;padding:.5rem .8rem .5rem 0}
td{vertical-align:top;padding:.5rem 0;overflow-wrap:anywhere}
.ref{display:block;font-weight:400;font-size:.82rem;color:var(--soft)}h2 .ref{display:inline;margin-left:.5rem}
ul{margin:0;padding-left:1.1rem}ol{padding-left:1.5rem}li{margin:.1rem 0}
.source{font-size:.8rem;color:var(--soft);margin:.25rem 0 0}
code{font:.82em ui-monospace,"DejaVu Sans Mono",monospace;color:var(--soft);white-space:nowrap}
.missing{background:var(--mark);border-left:4px solid var(--edge);padding:.35rem .6rem;margin:.25rem 0 0;
-webkit-print-color-adjust:exact;print-color-adjust:exact}.missing b{color:var(--warn);letter-spacing:.03em}
small{color:var(--soft)}
@media print{@page{size:A4;margin:18mm 16mm}body{font-size:10pt;max-width:none;margin:0;padding:0}
h2{break-after:avoid}tr,li,.missing{break-inside:avoid}.list{break-before:auto}h1{font-size:18pt}}
"""

SIGN = """
:root{--ink:#12294a;--soft:#51607a;--mark:#fff3d6;--edge:#c77700;--warn:#7a4300}
*{box-sizing:border-box}@page{size:A4;margin:0}
html{background:#e9ecf1}body{margin:0;font:12.5pt/1.38 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;
color:var(--ink);-webkit-print-color-adjust:exact;print-color-adjust:exact}
.page{width:210mm;height:297mm;margin:0 auto;background:#fff;display:flex;flex-direction:column;overflow:hidden}
header{background:var(--ink);color:#fff;padding:13mm 16mm 11mm;display:flex;align-items:center;gap:12mm}
header svg{width:46mm;height:38mm;flex:none}h1{font-size:33pt;line-height:1.08;margin:0 0 2mm}header p{margin:0;font-size:15pt}
dl{margin:0;padding:9mm 16mm 0;display:grid;grid-template-columns:1fr 1fr;gap:6.5mm 10mm;flex:1;align-content:start}
div.wide{grid-column:1/-1}dt{font-size:9.5pt;letter-spacing:.05em;text-transform:uppercase;color:var(--soft);margin:0 0 .8mm}
dd{margin:0;overflow-wrap:anywhere}.wide dd.large{font-size:17pt;font-weight:600;line-height:1.25}dd p{margin:0 0 .6mm}
.missing{background:var(--mark);border-left:1.2mm solid var(--edge);padding:1mm 2mm;font-size:10pt;color:var(--warn)}
footer{margin:0 16mm 9mm;border-top:.3mm solid #c9d1dd;padding-top:3mm;font-size:8pt;color:var(--soft);
display:flex;justify-content:space-between}
@media print{html{background:#fff}}
@media screen{.page{margin:8mm auto;box-shadow:0 1mm 4mm #0003}}
"""
