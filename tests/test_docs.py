"""The documentation: its examples run, and its links and names lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
NAME_IN_FILE = re.compile(r"`([\w/]+\.py):\s([\w.]+)`")

# Every block keeps the lines that it has in its document, so that a traceback shows them.
RUN = """
import sys
document, *lines = sys.argv[1:]
text = open(document, encoding="utf-8").read().splitlines()
names = {"__name__": "__main__"}
for number, line in enumerate(lines, start=1):
    first, last = map(int, line.split("-"))
    block = "\\n" * first + "\\n".join(text[first:last])
    try:
        exec(compile(block, document, "exec"), names)
    except Exception:
        print(f"Block {number}, lines {first + 1} to {last}, failed:", file=sys.stderr)
        raise
"""


def blocks(document, language):
    """The lines of a document's code blocks: `"first-last"`, as a slice of its lines."""
    text = document.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        if match[1] == language:
            first = text.count("\n", 0, match.start(2))
            yield f"{first}-{first + match[2].count(chr(10))}"


def prose(document):
    """A document without its code blocks."""
    return FENCE.sub("", document.read_text(encoding="utf-8"))


def anchors(document):
    """What links to the headings of a document are called, as on GitHub."""
    titles = [re.sub(r"[^\w\- ]", "", title).lower() for title in HEADING.findall(prose(document))]
    return {title.replace(" ", "-") for title in titles}


@pytest.mark.parametrize(
    "document",
    [d for d in DOCUMENTS if any(blocks(d, "python"))],
    ids=lambda document: document.name,
)
def test_the_examples_of_a_document_run_one_after_the_other(document, tmp_path):
    process = subprocess.run(
        [sys.executable, "-c", RUN, str(document), *blocks(document, "python")],
        cwd=tmp_path,
        env={**os.environ, "KERAS_BACKEND": keras.backend.backend()},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, f"{document.name}: {process.stderr}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_links_lead_to_files_and_headings_that_exist(document):
    broken = []
    for link in LINK.findall(prose(document)):
        if re.match(r"[a-z]+:", link):  # of the web
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_functions_and_classes_that_are_named_beside_their_file_are_there(document):
    for path, name in NAME_IN_FILE.findall(document.read_text(encoding="utf-8")):
        code = (ROOT / "keras_s4ntm" / path).read_text()
        for part in name.split("."):
            assert re.search(rf"^ *(def|class) {part}\b", code, re.MULTILINE), (path, name)


def test_the_readme_is_short():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150
