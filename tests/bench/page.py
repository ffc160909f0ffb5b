#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""page.py PAGE RESULTS: the page is well formed, needs nothing from elsewhere, and its charts can be read without seeing them.
page.py --mark RESULTS: the results with markup in every text that is shown."""
import html.parser
import json
import re
import sys
import xml.etree.ElementTree as ET

MARK = '<b>&"\'</b><script>alert(1)</script>]]>'
XHTML, SVG = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/2000/svg}"
ALLOWED = set("""html head meta title style body main header nav section h1 h2 h3 h4 p ul li b strong span small a code pre dl dt dd
 figure figcaption details summary div table thead tbody tr th td br i""".split())
SVG_ALLOWED = set("svg title desc text path rect".split())


def marked(value):
    if isinstance(value, dict):
        keep = ("format", "setting")
        return {k: v if k in keep or (k == "who" and v in ("native", "warren", "floor", "bare")) else marked(v)
                for k, v in value.items()}
    if isinstance(value, list):
        return [marked(v) for v in value]
    return value + MARK if isinstance(value, str) else value


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)


def check(page, results):
    wrong = []
    text = open(page, encoding="utf-8").read()
    root = ET.fromstring(text.encode())
    tags = Tags()
    tags.feed(text)
    if extra := {t for t in tags.seen if t not in ALLOWED | SVG_ALLOWED}:
        wrong.append(f"elements: {extra}")
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    if len(ids) != len(set(ids)):
        wrong.append("an id twice")
    for e in root.iter():
        name = e.tag.replace(XHTML, "").replace(SVG, "")
        if name not in (SVG_ALLOWED if e.tag.startswith(SVG) else ALLOWED):
            wrong.append(f"element {e.tag}")
        for key, value in e.attrib.items():
            if "://" in value or key.startswith("on") or (key == "href" and not value.startswith("#")):
                wrong.append(f"{name} {key}={value}")
            if key in ("d", "x", "y", "width", "height", "viewBox") and re.search("nan|inf", value):
                wrong.append(f"{name} {key}={value}")
            if key in ("aria-labelledby",) and not set(value.split()) <= set(ids):
                wrong.append(f"{name} is labelled by nothing: {value}")
            if key == "href" and value[1:] not in ids:
                wrong.append(f"a link to nothing: {value}")
        if e.tag == XHTML + "style" and re.search(r"url\(|@import|//", e.text):
            wrong.append("the style wants something from elsewhere")
        if e.tag == SVG + "svg" and e.get("aria-hidden") != "true":
            if not all((e.findtext(SVG + t) or "").strip() for t in ("title", "desc")):
                wrong.append("a chart without title or description")
    if len(list(root.iter(XHTML + "h1"))) != 1:
        wrong.append("not one h1")
    shown = " ".join(root.itertext())
    for kind, key in (("calls", "call"), ("layers", "name"), ("workloads", "name"), ("starts", "what"), ("left_out", "why"), ("breakdown", "part")):
        for o in results.get(kind, []):
            if o[key] not in shown:
                wrong.append(f"not shown: {o[key]}")
    charts = sum(e.get("aria-hidden") != "true" for e in root.iter(SVG + "svg"))
    tables = len(list(root.iter(XHTML + "table")))
    print(f"{charts} charts, {tables} tables")
    return wrong


if sys.argv[1] == "--mark":
    json.dump(marked(json.load(open(sys.argv[2]))), sys.stdout)
else:
    found = check(sys.argv[1], json.load(open(sys.argv[2])))
    print("\n".join(sorted(set(found))), file=sys.stderr)
    sys.exit(1 if found else 0)
