"""Long lines are drawn with fewer points, and look as if they had all of them.

A browser's own drawing of thousands of short pieces is off by some levels of grey at its edges: not even points exactly
in a row give the bytes of the two at its ends. So what is bounded is the distance of every point from the
line drawn, and the root of the mean squared difference of the pixels that have ink.
"""

from __future__ import annotations

from typing import Any

import pytest
from page_node import PROGRAM

import downslope as ds

SIMPLIFY = PROGRAM.parent / "view" / "simplify.js"
WIDTH, HEIGHT = 600, 400
LEVELS = 12  # of 255, by which pixels with ink differ
REACH = 1 / 64  # pixels from the drawn line at which a point of the path may be

BODY = """
([script, points, dashes]) => {
  const simplified = new Function(script.replace("export function", "function") + "return simplified;")();
  const line = Float64Array.from(points, (value) => value ?? NaN), few = simplified(line, dashes.length > 0);
  const drawn = (points) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
    const context = canvas.getContext("2d");
    Object.assign(context, { fillStyle: "#fff", strokeStyle: "#000", lineWidth: 2.25, lineJoin: "round" });
    context.fillRect(0, 0, WIDTH, HEIGHT);
    context.setLineDash(dashes);
    context.beginPath();
    let down = false;
    for (let i = 0; i < points.length; i += 2) {
      if (Number.isNaN(points[i])) down = false;
      else {
        context[down ? "lineTo" : "moveTo"](points[i], points[i + 1]);
        down = true;
      }
    }
    context.stroke();
    return context.getImageData(0, 0, WIDTH, HEIGHT).data;
  };
  const [all, less] = [drawn(line), drawn(few)];
  let [squares, inked] = [0, 0];
  for (let k = 0; k < all.length; k += 4) {
    squares += (all[k] - less[k]) ** 2;
    if (all[k] < 255) inked++;
  }
  // The points left out are those between two drawn ones; how far the farthest is from the piece that stands for it.
  let far = 0;
  for (let i = 0, piece = 0; i < line.length; i += 2) {
    const [x, y] = [line[i], line[i + 1]];
    if (x === few[piece + 2] && y === few[piece + 3]) piece += 2;
    const [a, b, c, d] = few.slice(piece, piece + 4), length = (c - a) ** 2 + (d - b) ** 2;
    if (!(length > 0)) continue;
    const part = Math.min(1, Math.max(0, ((x - a) * (c - a) + (y - b) * (d - b)) / length));
    far = Math.max(far, Math.hypot(x - a - part * (c - a), y - b - part * (d - b)));
  }
  const own = new Set();
  for (let i = 0; i < line.length; i += 2) own.add(`${line[i]} ${line[i + 1]}`);
  let made = 0;
  for (let i = 0; i < few.length; i += 2) if (!own.has(`${few[i]} ${few[i + 1]}`)) made++;
  const ends = [...few.slice(0, 2), ...few.slice(-2)];
  return { differ: Math.sqrt(squares / inked), inked, far, made, points: few.length / 2, ends };
}
""".replace("WIDTH", str(WIDTH)).replace("HEIGHT", str(HEIGHT))

PATHS = {
    "bowl": ("x^2/20 + y^2", "gradient_descent", 1e-3, (-7.0, 2.0)),
    "zigzag": ("x^2/20 + y^2", "gradient_descent", 0.999, (-7.0, 2.0)),
    "ravine": ("(1 - x)^2 + 100*(y - x^2)^2", "adam", 1e-2, (-1.2, 1.0)),
    "circles": ("x^2 + y^2", "momentum", 1e-4, (3.0, 2.0)),
}


def path(name: str) -> list[float]:
    """The pixels of the points of 2,000 steps."""
    formula, rule, rate, (x, y) = PATHS[name]
    run = ds.minimize(
        formula, {"x": x, "y": y}, optimizer=rule, learning_rate=rate, steps=2000, explain=False
    )
    return [
        pixel
        for x, y in zip(run.history["x"], run.history["y"], strict=True)
        for pixel in (300 + 40 * float(x), 200 - 40 * float(y))
    ]


@pytest.fixture(scope="module")
def canvas(chromium: Any) -> Any:
    page = chromium.new_page()
    yield page
    page.close()


@pytest.mark.parametrize("dashes", [[], [9, 4]], ids=["whole", "dashed"])
@pytest.mark.parametrize("name", PATHS)
def test_a_path_of_fewer_points_looks_the_same(canvas: Any, name: str, dashes: list[int]) -> None:
    points = path(name)
    found = canvas.evaluate(BODY, [SIMPLIFY.read_text(encoding="utf-8"), points, dashes])
    assert found["inked"] > 100
    assert found["differ"] <= LEVELS
    assert found["far"] <= REACH
    assert found["made"] == 0  # every point that is drawn is one of the path
    assert found["ends"] == pytest.approx([*points[:2], *points[-2:]], abs=0)
    if not dashes and name != "zigzag":  # of which each step is seen
        assert found["points"] < len(points) / 15


def test_gaps_and_turns_stay(canvas: Any) -> None:
    there_and_back = [value for k in [*range(100), *range(98, -1, -1)] for value in (10.0 + k, 50.0)]
    broken = [*there_and_back, None, None, *[value for k in range(100) for value in (10.0 + k, 90.0)]]
    found = canvas.evaluate(BODY, [SIMPLIFY.read_text(encoding="utf-8"), broken, []])
    assert found["points"] == 3 + 1 + 2
    assert found["differ"] <= LEVELS
