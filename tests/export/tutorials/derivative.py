"""SymPy differentiates; the loop goes down, and then -f up, until the gradient is less than eps."""

import sympy

x = sympy.Symbol("x")
f = x**2 + 2 * x + 3
print(f)

for sign in (-1, 1):
    gradient = sympy.diff(-sign * f, x)
    point, steps = 1.5, 0
    while abs(gradient.subs(x, point)) > 1e-5:
        point += sign * 0.01 * float(gradient.subs(x, point))
        steps += 1
    print(steps, point, float(f.subs(x, point)))
