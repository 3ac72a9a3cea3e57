class SGD:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        for key in params.keys():
            params[key] -= self.lr * grads[key]


def f(x, y):
    return x**2 / 20.0 + y**2


def df(x, y):
    return x / 10.0, 2.0 * y


params = {"x": -7.0, "y": 2.0}
grads = {"x": 0, "y": 0}
optimizer = SGD(lr=0.95)
history = []
for i in range(30):
    history.append((params["x"], params["y"]))
    grads["x"], grads["y"] = df(params["x"], params["y"])
    optimizer.update(params, grads)
print(history[-1])
