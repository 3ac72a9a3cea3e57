"""Loops that nobody has listed, as people write them: none is accused that is right, and what is said is true."""

from __future__ import annotations

from pathlib import Path

import pytest

import downslope as ds
from downslope.errors import DownslopeError, UsageError
from downslope.optimizers.registry import all_optimizers, optimizer_class
from downslope.recording import check_loop

# what it is -> (the script, what is found, a piece of what is said)
LOOPS: dict[str, tuple[str, list[str], str]] = {
    "a logistic regression": (
        """\
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(50, 2)); y = (X[:, 0] - X[:, 1] > 0).astype(float)
w = np.zeros(2); b = 0.0
lr = 0.5
def sigmoid(z): return 1 / (1 + np.exp(-z))
for epoch in range(100):
    p = sigmoid(X @ w + b)
    loss = -np.mean(y*np.log(p) + (1-y)*np.log(1-p))
    w -= lr * X.T @ (p - y) / len(y)
    b -= lr * np.mean(p - y)
""",
        [],
        "All 100 updates are those of GradientDescent(learning_rate=0.5).",
    ),
    "sample by sample, beside the whole cost": (
        """\
import random
data = [(1, 3), (2, 5), (3, 7), (4, 9)]
w, b, lr = 0.0, 0.0, 0.02
def loss(w, b): return sum((w*x + b - y)**2 for x, y in data) / len(data)
for epoch in range(50):
    random.shuffle(data)
    for x, y in data:
        err = w*x + b - y
        w -= lr * 2 * err * x
        b -= lr * 2 * err
print(w, b, loss(w, b))
""",
        [],
        "All 200 updates are those of GradientDescent(learning_rate=0.02).",
    ),
    "an error that is added": (
        """\
x = [1.0, 2.0, 3.0]; y = [2.0, 4.0, 6.0]
w = 0.0
eta = 0.05
for epoch in range(20):
    for xi, yi in zip(x, y):
        w = w + eta * (yi - w*xi) * xi
print(w)
""",
        [],
        "All 60 updates are those of GradientDescent(learning_rate=0.05).",
    ),
    "a rate that fades": (
        """\
x = 5.0
lr = 0.3
for t in range(40):
    grad = 2*x
    x = x - lr/(1 + 0.1*t) * grad
""",
        [],
        "each step was held against its own",
    ),
    "a gradient cut to length 1": (
        """\
import numpy as np
def f(w): return (w[0]**4 + w[1]**2)
def grad_f(w): return np.array([4*w[0]**3, 2*w[1]])
w = np.array([3.0, -2.0])
for i in range(50):
    g = grad_f(w)
    n = np.linalg.norm(g)
    if n > 1: g = g / n
    w = w - 0.1*g
""",
        [],
        "All 50 updates are those of GradientDescent(learning_rate=0.1).",
    ),
    "the heavy ball": (
        """\
x_old = x = 4.0
lr, mu = 0.05, 0.8
for k in range(30):
    g = 2*x + 1
    x_new = x - lr*g + mu*(x - x_old)
    x_old, x = x, x_new
""",
        [],
        "All 30 updates are those of Momentum(learning_rate=0.05, momentum=0.8).",
    ),
    "a gradient at the point ahead": (
        """\
def df(x): return 2*(x - 1)
def f(x): return (x - 1)**2
x, v = 5.0, 0.0
mu, lr = 0.9, 0.05
for i in range(40):
    ahead = x + mu*v
    g = df(ahead)
    v = mu*v - lr*g
    x = x + v
""",
        [],
        "as in Nesterov's method",
    ),
    "a list of points, a derivative with a slip": (
        """\
xs = [3.0]
alpha = 0.1
def cost(x): return x**2 - 4*x
for i in range(20):
    xs.append(xs[-1] - alpha*(2*xs[-1] + 4))
""",
        ["another_update"],
        "the gradient of xs is 10, and the derivative is 2",
    ),
    "uphill for ever": (
        """\
def f(x): return x**2
def df(x): return 2*x
x = 3.0
lr = 0.1
while abs(df(x)) > 1e-6:
    x = x + lr*df(x)
""",
        ["sign"],
        "from x = 3 with gradient 6, it went to 3.6, and should have gone to 2.4",
    ),
    "Newton's method": (
        """\
x = 3.0
for i in range(10):
    g = 4*x**3 - 3
    h = 12*x**2
    x = x - g/h
""",
        [],
        "each step was held against its own",
    ),
    "a schedule and clipping in torch": (
        """\
import torch
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
sched = torch.optim.lr_scheduler.StepLR(opt, 5, 0.5)
X = torch.randn(32, 2); Y = X[:, :1] * X[:, 1:]
for e in range(20):
    opt.zero_grad()
    loss = torch.nn.functional.mse_loss(model(X), Y)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    opt.step()
    sched.step()
""",
        [],
        "20 steps were seen, each from a gradient of its own",
    ),
    "a function of which a state is dropped": (
        """\
import numpy as np
def adam_update(params, grads, m, v, t, lr=0.05, b1=0.9, b2=0.999, eps=1e-8):
    m = b1*m + (1-b1)*grads
    v = b2*v + (1-b2)*grads**2
    mh = m/(1-b1**t); vh = v/(1-b2**t)
    return params - lr*mh/(np.sqrt(vh)+eps), m, v
w = np.array([1.0, -3.0]); m = np.zeros(2); v = np.zeros(2)
for t in range(1, 25):
    w, _, v = adam_update(w, np.array([2*w[0], 6*w[1]]), m, v, t)
""",
        ["state_not_kept"],
        "adam forgets m from step to step",
    ),
    "weights that decay": (
        """\
import numpy as np
X = np.array([[1., 2.], [2., 1.], [3., 3.]]); y = np.array([1., 2., 3.])
w = np.zeros(2); lam = 0.1; lr = 0.05
def cost(w): return np.mean((X@w - y)**2)
for _ in range(60):
    grad = 2*X.T@(X@w - y)/len(y)
    w = w - lr*(grad + lam*w)
""",
        [],
        "Their rule is none that is known here",
    ),
    "a likelihood that is climbed": (
        """\
# estimate p of coin by going along the score
heads, tails = 7, 3
p = 0.2
lr = 0.005
for i in range(100):
    score_grad = heads/p - tails/(1-p)
    p = p + lr*score_grad
""",
        [],
        "It climbs: its steps are added",
    ),
    "differences": (
        """\
def f(x, y): return (x - 1)**2 + 3*(y + 2)**2
h = 1e-5
x, y = 0.0, 0.0
lr = 0.1
for i in range(50):
    dfdx = (f(x+h, y) - f(x-h, y)) / (2*h)
    dfdy = (f(x, y+h) - f(x, y-h)) / (2*h)
    x -= lr*dfdx
    y -= lr*dfdy
""",
        [],
        "All 50 updates are those of GradientDescent(learning_rate=0.1).",
    ),
    "both at once": (
        """\
a, b = 1.0, 5.0
rate = 0.1
for i in range(30):
    a, b = a - rate*(2*a + b), b - rate*(a + 4*b)
""",
        [],
        "All 30 updates are those of GradientDescent(learning_rate=0.1).",
    ),
    "one after the other": (
        """\
a, b = 1.0, 5.0
rate = 0.1
for i in range(30):
    a = a - rate*(2*a + b)
    b = b - rate*(a + 4*b)
""",
        ["wrong_order"],
        "Line 4 moves a, and the gradient of b for line 5",
    ),
    "numbers without names, and no root": (
        """\
import numpy as np
x = np.array([2.0, -1.0])
s = np.zeros(2)
for t in range(40):
    g = np.array([2*x[0], 20*x[1]])
    s = 0.9*s + 0.1*g**2
    x = x - 0.05*g/(s + 1e-8)
""",
        ["no_root"],
        "as rmsprop does",
    ),
    "a dict of parameters": (
        """\
params = {"w": 0.0, "b": 0.0}
def grads(p):
    return {"w": 2*(p["w"] - 3), "b": 2*(p["b"] + 1)}
for i in range(30):
    g = grads(params)
    params["w"] -= 0.1*g["w"]
    params["b"] -= 0.1*g["b"]
""",
        [],
        "All 30 updates are those of GradientDescent(learning_rate=0.1).",
    ),
    "too large a rate": (
        """\
x = 1.0
lr = 1.1
for i in range(30):
    gradient = 2*x
    x = x - lr*gradient
""",
        [],
        "It runs away: the gradient is 198 times",
    ),
    "a mean instead of a sum": (
        """\
class Momentum:
    def __init__(self, lr=0.1, beta=0.9):
        self.lr, self.beta, self.v = lr, beta, 0.0
    def update(self, params, grads):
        self.v = self.beta*self.v + (1 - self.beta)*grads["x"]
        params["x"] -= self.lr*self.v
p = {"x": 3.0}; o = Momentum()
for i in range(20): o.update(p, {"x": 2*p["x"]})
""",
        ["factor"],
        "Add the whole gradient",
    ),
    "an Adam of its own": (
        """\
import numpy as np
class Adam:
    def __init__(self, lr=0.1):
        self.lr, self.m, self.v, self.t = lr, 0.0, 0.0, 0
    def update(self, params, grads):
        self.t += 1
        g = grads["x"]
        self.m = 0.9*self.m + 0.1*g
        self.v = 0.999*self.v + 0.001*abs(g)
        params["x"] -= self.lr*(self.m/(1-0.9**self.t))/(np.sqrt(self.v/(1-0.999**self.t)) + 1e-8)
p = {"x": 3.0}; o = Adam()
for i in range(20): o.update(p, {"x": 2*p["x"]})
""",
        ["another_update"],
        "it went to 2.75505, and should have gone to 2.9",
    ),
    "a gradient copied for the other parameter": (
        """\
import numpy as np
x = np.linspace(0, 1, 20); y = 2*x + 1
w = b = 0.0
lr = 0.1
for i in range(200):
    pred = w*x + b
    cost = ((pred - y)**2).mean()
    grad_w = (2*(pred - y)*x).mean()
    grad_b = (2*(pred - y)*x).mean()
    w -= lr*grad_w
    b -= lr*grad_b
""",
        ["another_update"],
        "the gradient of b is -2.36842, and the derivative is -4",
    ),
    "a half that is forgotten": (
        """\
# same, forgetting the 2
import numpy as np
x = np.array([1., 2., 3., 4.]); y = 2*x + 1
w, b = 0.0, 0.0
learning_rate = 0.05
for epoch in range(50):
    y_hat = w*x + b
    loss = np.mean((y_hat - y)**2)
    dw = np.mean((y_hat - y)*x)
    db = np.mean(y_hat - y)
    w -= learning_rate*dw
    b -= learning_rate*db
""",
        ["factor"],
        "Multiply it by 2",
    ),
    "two optimizers in turn": (
        """\
# two optimizers, GAN-like alternate
import torch
a = torch.tensor(1.0, requires_grad=True); b = torch.tensor(2.0, requires_grad=True)
oa = torch.optim.SGD([a], lr=0.1); ob = torch.optim.Adam([b], lr=0.05)
for i in range(15):
    oa.zero_grad()
    ((a - b.detach())**2).backward()
    oa.step()
    ob.zero_grad()
    ((b - 2*a.detach())**2).backward()
    ob.step()
""",
        [],
        "All 15 updates are those of GradientDescent(learning_rate=0.1).",
    ),
    "a velocity for another": (
        """\
# the same with y's velocity used for x
mu, lr = 0.9, 0.01
x, y, vx, vy = 2.0, 1.0, 0.0, 0.0
for i in range(40):
    gx, gy = 2*x, 10*y
    vx = mu*vx + lr*gx
    vy = mu*vx + lr*gy
    x -= vx
    y -= vy
""",
        [],
        "at step 0 y went to 0.864, and by momentum it goes to 0.9",
    ),
    "a step that is added": (
        """\
# integer start, exploding, prints
W = 10
for i in range(2000):
    cost = W**2
    W = W + 0.5*2*W
""",
        ["sign"],
        "Subtract the learning rate times the derivative. From step 0 to step 1 the cost changes by 300.",
    ),
    "a point that is projected": (
        """\
# projected descent
import numpy as np
x = np.array([2.0, 3.0])
def f(x): return (x[0]-4)**2 + x[1]**2
for i in range(40):
    grad = np.array([2*(x[0]-4), 2*x[1]])
    x = x - 0.1*grad
    x = np.clip(x, 0, 3)
""",
        [],
        "All 40 updates are those of GradientDescent(learning_rate=0.1).",
    ),
    "a count from 0": (
        """\
# adam with t from 0 (division by zero)
import numpy as np
np.seterr(all="ignore")
w = np.array([1., 1.]); m = np.zeros(2); v = np.zeros(2)
beta1, beta2, lr = 0.9, 0.999, 0.1
for t in range(10):
    g = np.array([2*w[0], 8*w[1]])
    m = beta1*m + (1-beta1)*g
    v = beta2*v + (1-beta2)*g*g
    w = w - lr*(m/(1-beta1**t))/(np.sqrt(v/(1-beta2**t))+1e-8)
""",
        ["step_not_counted"],
        "with a step count of 0",
    ),
    "a model moved tensor by tensor": (
        """\
# torch model without optimizer, per-parameter loop
import torch
torch.manual_seed(0)
model = torch.nn.Linear(3, 1)
X = torch.randn(20, 3); y = X.sum(1, keepdim=True)
for epoch in range(20):
    loss = ((model(X) - y)**2).mean()
    model.zero_grad()
    loss.backward()
    with torch.no_grad():
        for p in model.parameters():
            p -= 0.1 * p.grad
""",
        [],
        "All 20 updates are those of GradientDescent(learning_rate=0.1).",
    ),
    "a penalty that the cost leaves out": (
        """\
import numpy as np
X = np.array([[1., 2.], [2., 1.], [3., 3.]]); y = np.array([1., 2., 3.])
w = np.array([0.5, -1.0]); b = 2.0; lam = 0.1; lr = 0.05
for _ in range(40):
    error = X @ w + b - y
    loss = np.mean(error**2)
    dw = 2*X.T@error/len(y) + 2*lam*w
    db = 2*np.mean(error)
    w = w - lr*dw
    b = b - lr*db
""",
        [],
        "All 40 updates are those of GradientDescent(learning_rate=0.05).",
    ),
    "an absolute penalty that the cost leaves out": (
        """\
import numpy as np
X = np.array([[1., 2.], [2., 1.], [3., 3.]]); y = np.array([1., 2., 3.])
w = np.array([0.5, -1.0]); b = 2.0; lam = 0.1; lr = 0.05
for _ in range(40):
    error = X @ w + b - y
    loss = np.mean(error**2)
    dw = 2*X.T@error/len(y) + lam*np.sign(w)
    db = 2*np.mean(error)
    w = w - lr*dw
    b = b - lr*db
""",
        [],
        "All 40 updates are those of GradientDescent(learning_rate=0.05).",
    ),
    "the root of what is descended": (
        """\
import numpy as np
X = np.array([[1., 2.], [2., 1.], [3., 3.]]); y = np.array([1., 2., 3.])
w = np.array([0.5, -1.0]); b = 2.0; lam = 0.1; lr = 0.05
for _ in range(40):
    error = X @ w + b - y
    loss = np.sqrt(np.mean(error**2))
    dw = 2*X.T@error/len(y)
    db = 2*np.mean(error)
    w = w - lr*dw
    b = b - lr*db
""",
        [],
        "All 40 updates are those of GradientDescent(learning_rate=0.05).",
    ),
    "one of two not divided by n": (
        """\
import numpy as np
X = np.array([[1., 2.], [2., 1.], [3., 3.]]); y = np.array([1., 2., 3.])
w = np.array([0.5, -1.0]); b = 2.0; lam = 0.1; lr = 0.05
for _ in range(40):
    error = X @ w + b - y
    loss = np.mean(error**2)
    dw = 2*X.T@error/len(y)
    db = 2*np.sum(error)
    w = w - lr*dw
    b = b - lr*db
""",
        ["factor"],
        "The gradient is 3 times the derivative",
    ),
    "gradients summed over the data": (
        """\
# gradient accumulation over data inside, right
w = 0.0; lr = 0.05
data = [(1, 2), (2, 4), (3, 6)]
for epoch in range(30):
    grad = 0.0
    for x, y in data:
        grad += 2*(w*x - y)*x
    grad /= len(data)
    w -= lr*grad
""",
        [],
        "All 30 updates are those of GradientDescent(learning_rate=0.05).",
    ),
    "gradients summed over the data and all steps": (
        """\
# accumulation, grad never reset
w = 0.0; lr = 0.01; grad = 0.0
data = [(1, 2), (2, 4), (3, 6)]
for epoch in range(30):
    for x, y in data:
        grad += 2*(w*x - y)*x
    w -= lr*grad
""",
        ["gradient_not_zeroed"],
        "Line 6 adds to grad",
    ),
    "a network by hand": (
        """\
# neural net by hand, right
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(20, 2)); Y = (X[:, :1]*X[:, 1:] > 0).astype(float)
W1 = rng.normal(size=(2, 5)); b1 = np.zeros(5); W2 = rng.normal(size=(5, 1)); b2 = np.zeros(1)
lr = 0.5
for epoch in range(60):
    z1 = X @ W1 + b1
    a1 = np.tanh(z1)
    z2 = a1 @ W2 + b2
    a2 = 1/(1+np.exp(-z2))
    loss = -np.mean(Y*np.log(a2) + (1-Y)*np.log(1-a2))
    dz2 = (a2 - Y)/len(X)
    dW2 = a1.T @ dz2
    db2 = dz2.sum(axis=0)
    dz1 = (dz2 @ W2.T)*(1 - a1**2)
    dW1 = X.T @ dz1
    db1 = dz1.sum(axis=0)
    W1 -= lr*dW1
    b1 -= lr*db1
    W2 -= lr*dW2
    b2 -= lr*db2
""",
        [],
        "All 60 updates are those of GradientDescent(learning_rate=0.5).",
    ),
    "a network with a wrong derivative": (
        """\
# neural net by hand, right
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(20, 2)); Y = (X[:, :1]*X[:, 1:] > 0).astype(float)
W1 = rng.normal(size=(2, 5)); b1 = np.zeros(5); W2 = rng.normal(size=(5, 1)); b2 = np.zeros(1)
lr = 0.5
for epoch in range(60):
    z1 = X @ W1 + b1
    a1 = np.tanh(z1)
    z2 = a1 @ W2 + b2
    a2 = 1/(1+np.exp(-z2))
    loss = -np.mean(Y*np.log(a2) + (1-Y)*np.log(1-a2))
    dz2 = (a2 - Y)/len(X)
    dW2 = a1.T @ dz2
    db2 = dz2.sum(axis=0)
    dz1 = (dz2 @ W2.T)*(a1*(1 - a1))
    dW1 = X.T @ dz1
    db1 = dz1.sum(axis=0)
    W1 -= lr*dW1
    b1 -= lr*db1
    W2 -= lr*dW2
    b2 -= lr*db2
""",
        ["another_update"],
        "the gradient of W1[0,0] is 0.0944116, and the derivative is -0.0315691",
    ),
    "both by names in between": (
        """\
# per-component temp variables, right
theta0, theta1 = 0.0, 0.0
alpha = 0.1
xs, ys = [0, 1, 2], [1, 3, 5]
for _ in range(50):
    g0 = sum(theta0 + theta1*x - y for x, y in zip(xs, ys)) / 3
    g1 = sum((theta0 + theta1*x - y)*x for x, y in zip(xs, ys)) / 3
    temp0 = theta0 - alpha*g0
    temp1 = theta1 - alpha*g1
    theta0 = temp0
    theta1 = temp1
""",
        [],
        "All 50 updates are those of GradientDescent(learning_rate=0.1).",
    ),
    "noise in the gradient": (
        """\
# simulated annealing noise: no false claim
import random
random.seed(1)
x = 4.0
lr = 0.1
def f(x): return x**2
for i in range(50):
    g = 2*x + random.gauss(0, 0.1)
    x = x - lr*g
""",
        [],
        "All 50 updates are those of GradientDescent(learning_rate=0.1).",
    ),
    "a script that breaks off after its loop": (
        """\
# mixed case: cost increases because lr, prints; TypeError at end
x = 2.0
lr = 0.1
for i in range(10):
    grad = 2*x
    x = x + lr*grad
print("done" + 1)
""",
        ["sign"],
        "goes uphill",
    ),
    "until it moves no more": (
        """\
# while loop with tolerance on change, right, x_old
x = 10.0
x_old = 0.0
precision = 1e-4
alpha = 0.1
df = lambda x: 2*x - 4
while abs(x - x_old) > precision:
    x_old = x
    x = x_old - alpha*df(x_old)
""",
        [],
        "All 45 updates are those of GradientDescent(learning_rate=0.1).",
    ),
    "one of two derivatives with the wrong sign": (
        """\
# two-d function grad(x, y) tuple unpack, gy sign wrong
def f(x, y): return x**2 + 3*y**2
def grad_f(x, y): return 2*x, -6*y
x, y = 3.0, 1.0
lr = 0.05
for i in range(15):
    gx, gy = grad_f(x, y)
    x, y = x - lr*gx, y - lr*gy
""",
        ["sign"],
        "the gradient of y is -6, and the derivative is 6",
    ),
    "a method's gradient": (
        """\
# softmax regression, class with fit/predict and gradient method, right
import numpy as np
class Softmax:
    def __init__(self): self.W = np.zeros((2, 3)); self.lr = 0.3
    def gradient(self, X, Y):
        z = X @ self.W; p = np.exp(z)/np.exp(z).sum(1, keepdims=True)
        return X.T @ (p - Y)/len(X)
    def fit(self, X, Y):
        for i in range(40):
            g = self.gradient(X, Y)
            self.W = self.W - self.lr*g
rng = np.random.default_rng(0); X = rng.normal(size=(30,2)); Y = np.eye(3)[rng.integers(0,3,30)]
Softmax().fit(X, Y)
""",
        [],
        "All 40 updates are those of GradientDescent(learning_rate=0.3).",
    ),
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_that_nobody_has_listed(name: str, tmp_path: Path) -> None:
    source, codes, words = LOOPS[name]
    if "torch" in source:
        pytest.importorskip("torch")
    path = tmp_path / "student.py"
    path.write_text(source)
    found = check_loop(path)
    assert found.codes == codes, str(found)
    assert words in str(found)


@pytest.mark.parametrize("name", ["gradients summed over the data", "until it moves no more"])
def test_nothing_is_said_of_a_point_ahead_where_there_is_none(name: str, tmp_path: Path) -> None:
    path = tmp_path / "student.py"
    source, _, words = LOOPS[name]
    path.write_text(source)
    assert str(check_loop(path)) == words


def test_a_framework_s_own_complaint_comes_with_a_cure(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    path = tmp_path / "student.py"
    path.write_text(
        "import torch, warnings; warnings.simplefilter('ignore')\n"
        "w = torch.tensor(3.0, requires_grad=True)\nfor i in range(5):\n"
        "    loss = w**2\n    loss.backward()\n    w = w - 0.1*w.grad\n"
    )
    with pytest.raises(
        UsageError, match=r"broke off at line 6 with TypeError.*write W -= lr\*W\.grad within"
    ):
        check_loop(path)


def test_what_was_tried_is_said_where_no_mistake_is_known(tmp_path: Path) -> None:
    path = tmp_path / "student.py"
    path.write_text(LOOPS["an Adam of its own"][0])
    said = str(check_loop(path))
    assert said.startswith(
        "The update is not that of adam. Tried, and not the cause: the sign, a factor, gradients"
    )
    assert "Put its lines beside yours, one by one" in said


def exported(name: str, dialect: str) -> str:
    """A right loop of a rule, as a script that needs nothing of ours."""
    cls = optimizer_class(name)
    try:
        rule = cls()
    except DownslopeError:  # which has no learning rate of its own
        rule = cls(learning_rate=0.05)
    run = ds.minimize("x^2/20 + y^2", {"x": -7.0, "y": 2.0}, optimizer=rule, steps=12)
    return str(run.export(dialect))


@pytest.mark.parametrize("dialect", ["numpy", "numpy_class"])
@pytest.mark.parametrize("name", [cls.name() for cls in all_optimizers()])
def test_a_right_loop_of_no_rule_is_accused(name: str, dialect: str, tmp_path: Path) -> None:
    path = tmp_path / "student.py"
    path.write_text(exported(name, dialect))
    try:
        found = check_loop(path)
    except UsageError as unseen:  # a search, say, whose trials are no updates
        said = str(unseen)
    else:
        said = "" if found.ok else str(found)
    assert not said or said.startswith("no step of the loop was seen")


@pytest.mark.parametrize(
    "name",
    ["gradient_descent", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamax", "nadam", "adadelta"],
)
def test_a_plain_loop_is_told_its_rule(name: str, tmp_path: Path) -> None:
    path = tmp_path / "student.py"
    path.write_text(exported(name, "numpy"))
    found = check_loop(path)
    assert found.steps == 12
    assert found.rule is not None
    assert found.rule.name() == name


@pytest.mark.parametrize("dialect", ["torch", "torch.optim", "sympy"])
@pytest.mark.parametrize("name", ["gradient_descent", "momentum", "adam"])
def test_a_right_loop_of_another_dialect_is_not_accused(name: str, dialect: str, tmp_path: Path) -> None:
    pytest.importorskip(dialect.partition(".")[0])
    path = tmp_path / "student.py"
    path.write_text(exported(name, dialect))
    assert check_loop(path).ok


TWO = """
x, y, m = -7.0, 2.0, [0.0, 0.0]
for k in range(30):
    gx, gy = x / 10, 2 * y
    {velocity}
    x = x - 0.1 * m[0]
    y = y {sign} 0.1 * m[1]
"""
VELOCITIES = [
    "m = [0.9 * m[0] + gx, 0.9 * m[1] + gy]",
    "m = np.array([0.9 * m[0] + gx, 0.9 * m[1] + gy])",
    "m[0] = 0.9 * m[0] + gx; m[1] = 0.9 * m[1] + gy",
]


@pytest.mark.parametrize("velocity", VELOCITIES)
def test_parameters_whose_velocities_lie_in_one_list_are_both_looked_at(
    velocity: str, tmp_path: Path
) -> None:
    path = tmp_path / "student.py"
    path.write_text("import numpy as np\n" + TWO.format(velocity=velocity, sign="-"))
    right = check_loop(path)
    assert right.ok
    assert right.rule is not None
    assert right.rule.name() == "momentum"
    path.write_text("import numpy as np\n" + TWO.format(velocity=velocity, sign="+"))
    wrong = check_loop(path)
    assert wrong.codes == ["sign"]
    assert "y" in str(wrong)
