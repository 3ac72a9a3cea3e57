"""Two variables, until the norm of the gradient is less than eps: from above y = 0, and a while from below."""

import sympy

x, y = sympy.symbols("x y")
f = x**2 + 2 * y**3
gradient = sympy.lambdify((x, y), [sympy.diff(f, x), sympy.diff(f, y)], "math")

for start in ((1.5, 0.5), (1.5, -0.5)):
    (a, b), steps = start, 0
    while True:
        dx, dy = gradient(a, b)
        if (dx**2 + dy**2) ** 0.5 < 1e-5 or b < -1e10:
            break
        a, b = a - 0.01 * dx, b - 0.01 * dy
        steps += 1
    print(steps, a, b)
