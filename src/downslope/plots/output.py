"""Figures as files: PNG, SVG, PDF, animated GIF and MP4. The same run gives the same bytes."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from threading import Lock
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from downslope.errors import MissingExtraError, UsageError
from downslope.files import write_atomically
from downslope.messages import listing, message
from downslope.plots.drawing import Drawing
from downslope.plots.words import readable

DRAWING = Lock()  # Matplotlib's reader of formulas and its settings are shared between threads
SUFFIXES = (".png", ".svg", ".pdf", ".gif", ".mp4")
MOVING = (".gif", ".mp4")
MOVING_DPI = 100
MOVING_SECONDS = 6.0
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
        MissingExtraError: that of a film, and what writes one is not installed.
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
    if suffix == ".mp4":
        _ffmpeg()
    return suffix


def _ffmpeg() -> Any:
    """What writes MP4."""
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise MissingExtraError(
            message("an MP4 needs ffmpeg: pip install 'downslope[video]'; a GIF needs nothing more.")
        ) from error
    return imageio_ffmpeg


def write(drawing: Drawing, path: str | os.PathLike[str], suffix: str, frames: int) -> None:
    """Render a drawing and write it in one go."""
    if suffix in MOVING:
        images = animated(drawing, frames)
        each = int(min(max(1000 * MOVING_SECONDS / len(images), FASTEST), SLOWEST))
        content = _gif(images, each) if suffix == ".gif" else _mp4(images, each)
    else:
        content = still(drawing, suffix)
    write_atomically(path, content)


def still(drawing: Drawing, suffix: str) -> bytes:
    """The picture of the whole run."""
    return rendered(drawing.figure, suffix)


def rendered(figure: Figure, suffix: str) -> bytes:
    """A figure as the content of a file."""
    out = io.BytesIO()
    settings: dict[Any, Any] = {"svg.hashsalt": "downslope", "svg.fonttype": "path", "pdf.fonttype": 42}
    with matplotlib.rc_context(settings):  # SVG's settings can be given in no other way
        figure.savefig(
            out,
            format=suffix[1:],
            metadata=_METADATA[suffix],
            facecolor=figure.get_facecolor(),
            dpi=figure.dpi,
        )
    return out.getvalue()


def animated(drawing: Drawing, frames: int) -> list[Image.Image]:
    """The run in motion, frame by frame. What stands still is drawn once."""
    figure, dpi = drawing.figure, drawing.figure.dpi
    rows = drawing.frames(frames)
    figure.set_dpi(MOVING_DPI)
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
    return images


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


def _mp4(images: list[Image.Image], each: int) -> bytes:
    """H.264, which every browser plays; sides are even there, so a row or column of paper may be left out."""
    width, height = (side - side % 2 for side in images[0].size)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "film.mp4")
        film = _ffmpeg().write_frames(
            path, (width, height), fps=1000 / each, quality=8, macro_block_size=2, ffmpeg_log_level="error"
        )
        film.send(None)
        for image in [*images, *images[-1:] * (HELD // each)]:
            film.send(np.ascontiguousarray(np.asarray(image)[:height, :width]))
        film.close()
        return Path(path).read_bytes()


def _gif(images: list[Image.Image], each: int) -> bytes:
    """The palette is the last frame's, which has every colour."""
    palette = images[-1].quantize(256, dither=Image.Dither.NONE)
    coded = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    for image in coded:
        _keep_exactly(image, images[-1].getpixel((0, 0)))
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
