"""The JavaScript that draws the charts, as one text: built once by vl-convert, then read from a cache."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

# charts of Altair's own renderer look for these names too
_GLOBALS = "window.vega = vega; window.vegaLite = vegaLite; window.vegaEmbed = vegaEmbed;"


@cache
def javascript() -> str:
    """Give Vega, Vega-Lite and vega-embed for a ``<script>`` element.

    Building takes seconds, so it is kept on disk by version. A home that cannot be written to costs the
    seconds again, and nothing else.
    """
    from pm_analytics.charting import VEGALITE_SHORT

    name = f"vega-bundle-{version('vl-convert-python')}-vegalite-{VEGALITE_SHORT}.js"
    kept = cache_folder() / name
    text = _read(kept)
    if not text:
        import vl_convert

        text = str(vl_convert.javascript_bundle(_GLOBALS, vl_version=VEGALITE_SHORT))
        _keep(kept, text)
    return text.replace("</script", "<\\/script")


def cache_folder() -> Path:
    """Give the folder for things that can be made again, where each system keeps such things."""
    if sys.platform == "darwin":
        return Path("~/Library/Caches/pm_analytics").expanduser()
    default = "~/AppData/Local" if sys.platform == "win32" else "~/.cache"
    variable = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"
    return Path(os.environ.get(variable) or default).expanduser() / "pm_analytics"


def _read(path: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        text = path.read_text(encoding="utf-8")
        return text if "vegaEmbed" in text else ""
    return ""


def _keep(path: Path, text: str) -> None:
    """Write it whole or not at all: another run may be reading."""
    fresh = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
