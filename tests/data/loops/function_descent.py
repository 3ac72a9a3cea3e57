def gradient_descent(f, df, start, learning_rate=0.1, steps=25):
    x = start
    path = [x]
    for _ in range(steps):
        x_new = x - learning_rate * df(x)
        path.append(x_new)
        if abs(x_new - x) < 1e-9:
            break
        x = x_new
    return x, path


for rate in (0.1, 0.4):
    print(rate, gradient_descent(lambda x: (x - 3) ** 2, lambda x: 2 * (x - 3), 0.0, rate)[0])
