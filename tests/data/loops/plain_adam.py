import numpy as np

x = np.array([-7.0, 2.0])
lr, beta1, beta2, eps = 0.1, 0.9, 0.999, 1e-8
m = np.zeros(2)
v = np.zeros(2)
for t in range(1, 31):
    g = np.array([x[0] / 10, 2 * x[1]])
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    x = x - lr * m_hat / (np.sqrt(v_hat) + eps)
print(x)
