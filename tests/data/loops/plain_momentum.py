def df(x):
    return 2 * x - 4


x = 10.0
v = 0.0
for i in range(20):
    v = 0.9 * v - 0.05 * df(x)
    x = x + v
    print(i, x)
