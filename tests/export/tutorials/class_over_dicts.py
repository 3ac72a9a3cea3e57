"""A class that changes a dict of parameters in place, on a bowl that makes it zig-zag."""


class Descent:
    def __init__(self, learning_rate):
        self.learning_rate = learning_rate

    def update(self, params, gradients):
        for name in params:
            params[name] -= self.learning_rate * gradients[name]


params = {"x": -7.0, "y": 2.0}
descent = Descent(learning_rate=0.95)

for step in range(30):
    x, y = params["x"], params["y"]
    print(step, x, y)
    descent.update(params, {"x": x / 10, "y": 2 * y})
