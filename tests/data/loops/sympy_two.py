import math

import sympy as sym

x, y = sym.symbols("x y")
fxy = x**2 + x * y + 2 * y**2
dfx = sym.diff(fxy, x)
dfy = sym.diff(fxy, y)
px, py = 1.5, -1.0
lr = 0.1
eps = 1e-4
while True:
    gx = float(dfx.subs({x: px, y: py}))
    gy = float(dfy.subs({x: px, y: py}))
    if math.sqrt(gx**2 + gy**2) < eps:
        break
    px = px - lr * gx
    py = py - lr * gy
print(px, py)
