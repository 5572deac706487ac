"""The content types of a site's files: a fixed list, since a system's own differs from the next."""

from __future__ import annotations

from pathlib import Path

HTML = "text/html; charset=utf-8"
SCRIPT = "text/javascript; charset=utf-8"
SVG = "image/svg+xml"
TEXT = "text/plain; charset=utf-8"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".gif": "image/gif",
    ".htm": HTML,
    ".html": HTML,
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": SCRIPT,
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".mjs": SCRIPT,
    ".mp4": "video/mp4",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": SVG,
    ".txt": TEXT,
    ".wasm": "application/wasm",
    ".webm": "video/webm",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
    ".yaml": TEXT,
    ".yml": TEXT,
}


def find_type(path: Path) -> str:
    """What a file is by its name; of an unknown one a browser makes a download."""
    return _TYPES.get(path.suffix.lower(), "application/octet-stream")
