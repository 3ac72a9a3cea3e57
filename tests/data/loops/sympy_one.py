import sympy as sym

x = sym.Symbol("x")
fx = x**2 + 2 * x + 3
dfx = sym.diff(fx, x)
x0 = 1.5
lr = 0.01
eps = 1e-5
count = 0
while True:
    gradient = float(dfx.subs(x, x0))
    if abs(gradient) < eps:
        break
    x0 = x0 - lr * gradient
    count += 1
print(fx, count, x0, fx.subs(x, x0))
