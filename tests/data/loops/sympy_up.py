import sympy as sym

x = sym.Symbol("x")
fx = -(x**2) + 4 * x
dfx = sym.diff(fx, x)
x0 = -1.5
lr = 0.05
while abs(dfx.subs(x, x0)) > 1e-4:
    x0 = x0 + lr * dfx.subs(x, x0)
print(x0)
