"""Figures as files: PNG, SVG, PDF, and animated GIF. The same run gives the same bytes."""

from __future__ import annotations

import io
import os
from pathlib import Path
from threading import Lock
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from downslope.errors import UsageError
from downslope.files import write_atomically
from downslope.messages import listing, message
from downslope.plots.drawing import Drawing
from downslope.plots.words import readable

DRAWING = Lock()  # Matplotlib's reader of formulas and its settings are shared between threads
SUFFIXES = (".png", ".svg", ".pdf", ".gif")
GIF_DPI = 100
GIF_SECONDS = 6.0
FASTEST, SLOWEST, HELD = 50, 400, 2500  # milliseconds a frame is shown; the last one is held

_METADATA = {
    ".png": {},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None, "ModDate": None},
}


def checked_suffix(path: str | os.PathLike[str] | None) -> str | None:
    """The ending of a path in lower case, if a picture can be written there.

    Raises:
        UsageError: no picture can be written with that ending.
    """
    if path is None:
        return None
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(
            message(
                "'{file}' ends in '{suffix}'; a picture is written as {suffixes}.",
                file=os.fspath(path),
                suffix=suffix,
                suffixes=listing(SUFFIXES),
            )
            if suffix
            else message(
                "'{file}' has no ending; a picture is written as {suffixes}.",
                file=os.fspath(path),
                suffixes=listing(SUFFIXES),
            )
        )
    return suffix


def write(drawing: Drawing, path: str | os.PathLike[str], suffix: str, frames: int) -> None:
    """Render a drawing and write it in one go."""
    content = animated(drawing, frames) if suffix == ".gif" else still(drawing, suffix)
    write_atomically(path, content)


def still(drawing: Drawing, suffix: str) -> bytes:
    """The picture of the whole run."""
    out = io.BytesIO()
    settings: dict[Any, Any] = {"svg.hashsalt": "downslope", "svg.fonttype": "path", "pdf.fonttype": 42}
    with matplotlib.rc_context(settings):  # SVG's settings can be given in no other way
        drawing.figure.savefig(
            out,
            format=suffix[1:],
            metadata=_METADATA[suffix],
            facecolor=drawing.figure.get_facecolor(),
            dpi=drawing.figure.dpi,
        )
    return out.getvalue()


def animated(drawing: Drawing, frames: int) -> bytes:
    """The run in motion. What stands still is drawn once; the palette is the last frame's."""
    figure, dpi = drawing.figure, drawing.figure.dpi
    rows = drawing.frames(frames)
    figure.set_dpi(GIF_DPI)
    counter = _counter(figure)
    moving = [*drawing.moving, counter]
    for artist in moving:
        artist.set_animated(True)
    try:
        canvas = FigureCanvasAgg(figure)
        canvas.draw()  # type: ignore[no-untyped-call]
        background = canvas.copy_from_bbox(figure.bbox)  # type: ignore[no-untyped-call]
        images = []
        for row in rows:
            drawing.show(int(row))
            counter.set_text(readable(message("step {step:,}", step=drawing.steps[row])))
            canvas.restore_region(background)  # type: ignore[no-untyped-call]
            for artist in moving:
                if artist.axes is not None:
                    artist.axes.draw_artist(artist)
            pixels = np.array(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
            images.append(Image.fromarray(pixels).convert("RGB"))
    finally:
        counter.remove()
        for artist in drawing.moving:
            artist.set_animated(False)
        figure.set_dpi(dpi)
        drawing.show(int(rows[-1]))
    return _gif(images)


def _counter(figure: Figure) -> Text:
    """The number of the step, below the right end of the axes, where no other picture has text."""
    axes = next(axes for axes in reversed(figure.axes) if axes.get_xlabel())
    return axes.annotate(
        "",
        (1.0, 0.0),
        xycoords="axes fraction",
        xytext=(0, -26),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=11,
        color=axes.xaxis.label.get_color(),
    )


def _gif(images: list[Image.Image]) -> bytes:
    palette = images[-1].quantize(256, dither=Image.Dither.NONE)
    coded = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    for image in coded:
        _keep_exactly(image, images[-1].getpixel((0, 0)))
    each = int(min(max(1000 * GIF_SECONDS / len(coded), FASTEST), SLOWEST))
    out = io.BytesIO()
    coded[0].save(
        out,
        format="GIF",
        save_all=True,
        append_images=coded[1:],
        duration=[each] * (len(coded) - 1) + [HELD],
        loop=0,
        optimize=False,
    )
    return out.getvalue()


def _keep_exactly(coded: Image.Image, paper: Any) -> None:
    """Let the corner have the colour of the paper, and not one that is merely near."""
    colours = coded.getpalette()
    place = coded.getpixel((0, 0))
    if colours is not None and isinstance(place, int):
        colours[3 * place : 3 * place + 3] = paper
        coded.putpalette(colours)
