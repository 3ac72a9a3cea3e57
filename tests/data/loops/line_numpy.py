import numpy as np

x = np.array([2.0, 4.0, 6.0, 8.0])
y = np.array([81.0, 93.0, 91.0, 97.0])
a, b = 0.0, 0.0
lr = 0.01
n = len(x)
for epoch in range(100):
    y_pred = a * x + b
    error = y_pred - y
    cost = np.mean(error**2)
    da = 2 * np.sum(error * x) / n
    db = 2 * np.sum(error) / n
    a = a - lr * da
    b = b - lr * db
    if epoch % 10 == 0:
        print(epoch, cost, a, b)
