"""Loops over lists, dicts and arrays, coordinate by coordinate: no right one is accused, and each slip is found."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from loop_forms import CODES, FORMS, UNNAMED, drawn

from downslope.errors import UsageError
from downslope.recording import LoopCheck, check_loop
from trials import fresh_seed, trials

EVERY = {**FORMS, **{f"without a name: {name}": form for name, form in UNNAMED.items()}}
SLIPS = [
    (name, slip)
    for name, form in EVERY.items()
    for slip in CODES
    if (form.gradient or slip not in ("stale", "late")) and form.with_slip(slip) is not None
]


def check(source: str, tmp_path: Path) -> LoopCheck:
    """What is found of a script."""
    path = tmp_path / "student.py"
    path.write_text(source)
    return check_loop(path)


@pytest.mark.parametrize("with_cost", [False, True])
@pytest.mark.parametrize("name", EVERY)
def test_a_right_loop_is_seen_whole_and_not_accused(name: str, with_cost: bool, tmp_path: Path) -> None:
    found = check(EVERY[name].script(with_cost=with_cost), tmp_path)
    assert found.ok, str(found)
    assert found.steps == 25
    assert found.rule is not None
    assert str(found).startswith("All 25 updates are those of ")


@pytest.mark.parametrize(("name", "slip"), SLIPS)
def test_a_slip_is_found_in_every_form(name: str, slip: str, tmp_path: Path) -> None:
    source = EVERY[name].with_slip(slip)
    assert source is not None
    found = check(source, tmp_path)
    assert found.codes == [CODES[slip]], str(found)


def test_loops_that_are_drawn_are_not_accused(tmp_path: Path) -> None:
    draws = random.Random(fresh_seed())
    for _ in range(trials(60)):
        name, source, steps = drawn(draws)
        found = check(source, tmp_path)
        assert found.ok, f"{name}: {found}\n{source}"
        assert found.steps == steps, f"{name}: {found}\n{source}"


# Loops as learners write them for several parameters -> what is found, a piece of what is said
LOOPS: dict[str, tuple[str, list[str], str]] = {
    "gradients at the end of a turn": (
        """\
x=5.0
lr=0.1
def df(x): return 2*x
g=df(x)
while abs(g)>1e-3:
    x = x - lr*g
    g = df(x)
""",
        [],
        "All 42 updates are those of GradientDescent(learning_rate=0.1).",
    ),
    "two gradients at the end of a turn": (
        """\
x,y=5.0,1.0
lr=0.1
gx,gy=2*x,4*y
for i in range(20):
    x -= lr*gx
    y -= lr*gy
    gx, gy = 2*x, 4*y
""",
        [],
        "All 20 updates",
    ),
    "a plane through points, in lists": (
        """\
X=[[1.0,2.0],[2.0,1.0],[3.0,4.0]]; y=[5.0,4.0,11.0]
w=[0.0,0.0]; b=0.0; lr=0.02; n=len(y)
for epoch in range(50):
    dw=[0.0,0.0]; db=0.0
    for i in range(n):
        pred=sum(w[j]*X[i][j] for j in range(2))+b
        err=pred-y[i]
        for j in range(2):
            dw[j]+=err*X[i][j]
        db+=err
    for j in range(2):
        w[j]-=lr*dw[j]/n
    b-=lr*db/n
""",
        [],
        "All 50 updates are those of GradientDescent(learning_rate=0.02).",
    ),
    "sums that are never begun anew": (
        """\
X=[[1.0,2.0],[2.0,1.0],[3.0,4.0]]; y=[5.0,4.0,11.0]
w=[0.0,0.0]; b=0.0; lr=0.002; n=len(y)
dw=[0.0,0.0]; db=0.0
for epoch in range(50):
    for i in range(n):
        pred=sum(w[j]*X[i][j] for j in range(2))+b
        err=pred-y[i]
        for j in range(2):
            dw[j]+=err*X[i][j]
        db+=err
    for j in range(2):
        w[j]-=lr*dw[j]/n
    b-=lr*db/n
""",
        ["gradient_not_zeroed"],
        "Set dw to zero in each step",
    ),
    "sample by sample": (
        """\
X=[[1.0,2.0],[2.0,1.0],[3.0,4.0]]; y=[5.0,4.0,11.0]
w=[0.0,0.0]; b=0.0; lr=0.02
for epoch in range(20):
    for xi, yi in zip(X,y):
        err=sum(wj*xj for wj,xj in zip(w,xi))+b-yi
        for j in range(len(w)):
            w[j]-=lr*err*xi[j]
        b-=lr*err
""",
        [],
        "All 60 updates",
    ),
    "an error for each weight anew": (
        """\
X=[[1.0,2.0],[2.0,1.0],[3.0,4.0]]; y=[5.0,4.0,11.0]
w=[0.0,0.0]; lr=0.02
for epoch in range(20):
    for xi, yi in zip(X,y):
        for j in range(len(w)):
            err=sum(wj*xj for wj,xj in zip(w,xi))-yi
            w[j]-=lr*err*xi[j]
""",
        ["wrong_order"],
        "Line 7 moves w[j], and the gradient of the next one",
    ),
    "coordinate descent that says so": (
        """\
# coordinate descent
A=[[2.0,1.0],[1.0,6.0]]; c=[-2.0,12.0]
w=[4.0,-3.0]
for step in range(25):
    for j in range(2):
        g=c[j]+sum(A[j][k]*w[k] for k in range(2))
        w[j]-=g/A[j][j]
""",
        [],
        "It moves one coordinate after the other",
    ),
    "a matrix in lists": (
        """\
W=[[1.0,2.0],[3.0,4.0]]; T=[[0.0,1.0],[1.0,0.0]]; lr=0.1
for e in range(20):
    G=[[2*(W[i][j]-T[i][j]) for j in range(2)] for i in range(2)]
    for i in range(2):
        for j in range(2):
            W[i][j]=W[i][j]-lr*G[i][j]
""",
        [],
        "All 20 updates",
    ),
    "a matrix by two indices": (
        """\
import numpy as np
W=np.array([[1.0,2.0],[3.0,4.0]]); T=np.eye(2); lr=0.1
for e in range(20):
    dW=2*(W-T)
    for i in range(W.shape[0]):
        for j in range(W.shape[1]):
            W[i,j]-=lr*dW[i,j]
""",
        [],
        "All 20 updates",
    ),
    "a matrix by comprehensions": (
        """\
W=[[1.0,2.0],[3.0,4.0]]; T=[[0.0,1.0],[1.0,0.0]]; lr=0.1
for e in range(20):
    G=[[2*(a-b) for a,b in zip(r,s)] for r,s in zip(W,T)]
    W=[[w-lr*g for w,g in zip(wr,gr)] for wr,gr in zip(W,G)]
""",
        [],
        "All 20 updates",
    ),
    "a network in a dict": (
        """\
import numpy as np
rng=np.random.default_rng(0)
X=rng.normal(size=(20,3)); y=X@np.array([[1.0],[2.0],[-1.0]])
params={"W1":rng.normal(size=(3,4))*.5,"b1":np.zeros(4),"W2":rng.normal(size=(4,1))*.5,"b2":np.zeros(1)}
lr=0.05
for e in range(30):
    h=np.tanh(X@params["W1"]+params["b1"])
    out=h@params["W2"]+params["b2"]
    d=2*(out-y)/len(X)
    grads={}
    grads["W2"]=h.T@d
    grads["b2"]=d.sum(0)
    dh=(d@params["W2"].T)*(1-h**2)
    grads["W1"]=X.T@dh
    grads["b1"]=dh.sum(0)
    for k in params:
        params[k]-=lr*grads[k]
""",
        [],
        "All 30 updates",
    ),
    "a network, layer after layer": (
        """\
import numpy as np
rng=np.random.default_rng(0)
X=rng.normal(size=(20,3)); y=X@np.array([[1.0],[2.0],[-1.0]])
params={"W1":rng.normal(size=(3,4))*.5,"b1":np.zeros(4),"W2":rng.normal(size=(4,1))*.5,"b2":np.zeros(1)}
lr=0.05
for e in range(30):
    h=np.tanh(X@params["W1"]+params["b1"])
    d=2*(h@params["W2"]+params["b2"]-y)/len(X)
    params["W2"]-=lr*(h.T@d)
    params["b2"]-=lr*d.sum(0)
    dh=(d@params["W2"].T)*(1-h**2)
    params["W1"]-=lr*(X.T@dh)
    params["b1"]-=lr*dh.sum(0)
""",
        ["wrong_order"],
        "from the params['W2'] already moved",
    ),
    "arrays changed in place": (
        """\
import numpy as np
weights=[np.ones((2,2)),np.ones(2)]; lr=0.1
for e in range(20):
    grads=[2*w for w in weights]
    for w, g in zip(weights, grads):
        w -= lr*g
""",
        [],
        "All 20 updates",
    ),
    "arrays by index": (
        """\
import numpy as np
weights=[np.ones((2,2)),np.ones(2)]; lr=0.1
for e in range(20):
    grads=[2*w for w in weights]
    for i in range(len(weights)):
        weights[i] -= lr*grads[i]
""",
        [],
        "All 20 updates",
    ),
    "numbers that are not changed in place": (
        """\
w=[1.0,2.0]; lr=0.1
for e in range(20):
    grads=[2*a for a in w]
    for wi, gi in zip(w, grads):
        wi -= lr*gi
""",
        ["no_step"],
        "made on a copy",
    ),
    "a penalty but for the first": (
        """\
import numpy as np
X=np.array([[1,1.,2.],[1,2.,1.],[1,3.,3.]]); y=np.array([1.,2.,3.])
theta=np.zeros(3); lr=0.05; lam=0.1; m=3
for it in range(30):
    err=X@theta-y
    grad=X.T@err/m
    theta[0]=theta[0]-lr*grad[0]
    for j in range(1,3):
        theta[j]=theta[j]-lr*(grad[j]+lam/m*theta[j])
""",
        [],
        "Their rule is none that is known here",
    ),
    "new parameters beside the old": (
        """\
xs=[1.0,2.0,3.0]; ys=[2.0,4.0,6.0]; theta=[0.0,0.0]; alpha=0.1; m=3
for it in range(30):
    temp=[0.0,0.0]
    temp[0]=theta[0]-alpha*sum(theta[0]+theta[1]*x-y for x,y in zip(xs,ys))/m
    temp[1]=theta[1]-alpha*sum((theta[0]+theta[1]*x-y)*x for x,y in zip(xs,ys))/m
    theta=temp
""",
        [],
        "All 30 updates",
    ),
    "new parameters beside the old, in a loop": (
        """\
X=[[1,1.0],[1,2.0],[1,3.0]]; ys=[2.0,4.0,6.0]; theta=[0.0,0.0]; alpha=0.1; m=3
def h(theta,x): return sum(t*v for t,v in zip(theta,x))
for it in range(30):
    temp=theta[:]
    for j in range(len(theta)):
        s=0
        for i in range(m):
            s+=(h(theta,X[i])-ys[i])*X[i][j]
        temp[j]=theta[j]-alpha*s/m
    theta=temp
""",
        [],
        "All 30 updates",
    ),
    "new parameters in place of the old": (
        """\
X=[[1,1.0],[1,2.0],[1,3.0]]; ys=[2.0,4.0,6.0]; theta=[0.0,0.0]; alpha=0.1; m=3
def h(theta,x): return sum(t*v for t,v in zip(theta,x))
for it in range(30):
    for j in range(len(theta)):
        s=0
        for i in range(m):
            s+=(h(theta,X[i])-ys[i])*X[i][j]
        theta[j]=theta[j]-alpha*s/m
""",
        ["wrong_order"],
        "Line 8 moves theta[j]",
    ),
    "Adam by index": (
        """\
import math
w=[4.0,-3.0]; m=[0.0]*2; v=[0.0]*2; beta1,beta2,eps,lr=0.9,0.999,1e-8,0.1
for t in range(1,31):
    grad=[2*w[0],8*w[1]]
    for i in range(2):
        m[i]=beta1*m[i]+(1-beta1)*grad[i]
        v[i]=beta2*v[i]+(1-beta2)*grad[i]**2
        mh=m[i]/(1-beta1**t)
        vh=v[i]/(1-beta2**t)
        w[i]-=lr*mh/(math.sqrt(vh)+eps)
""",
        [],
        "Adam(learning_rate=0.1",
    ),
    "Adam by index without its correction": (
        """\
import math
w=[4.0,-3.0]; m=[0.0]*2; v=[0.0]*2; beta1,beta2,eps,lr=0.9,0.999,1e-8,0.1
for t in range(1,31):
    grad=[2*w[0],8*w[1]]
    for i in range(2):
        m[i]=beta1*m[i]+(1-beta1)*grad[i]
        v[i]=beta2*v[i]+(1-beta2)*grad[i]**2
        w[i]-=lr*m[i]/(math.sqrt(v[i])+eps)
""",
        ["bias_correction"],
        "leaves the bias correction of m and v out",
    ),
    "Adam that counts coordinates": (
        """\
import math
w=[4.0,-3.0]; m=[0.0]*2; v=[0.0]*2; beta1,beta2,eps,lr=0.9,0.999,1e-8,0.1; t=0
for it in range(30):
    grad=[2*w[0],8*w[1]]
    for i in range(2):
        t+=1
        m[i]=beta1*m[i]+(1-beta1)*grad[i]
        v[i]=beta2*v[i]+(1-beta2)*grad[i]**2
        w[i]-=lr*(m[i]/(1-beta1**t))/(math.sqrt(v[i]/(1-beta2**t))+eps)
""",
        ["step_not_counted"],
        "grows by 2 in each step",
    ),
    "differences": (
        """\
def f(w): return (w[0]-1)**2+3*(w[1]+2)**2
w=[4.0,-3.0]; lr=0.05; h=1e-5
for s in range(25):
    grad=[]
    for i in range(2):
        up=w[:]; up[i]+=h
        dn=w[:]; dn[i]-=h
        grad.append((f(up)-f(dn))/(2*h))
    for i in range(2):
        w[i]-=lr*grad[i]
""",
        [],
        "All 25 updates",
    ),
    "differences over half of the way": (
        """\
def f(w): return (w[0]-1)**2+3*(w[1]+2)**2
w=[4.0,-3.0]; lr=0.05; h=1e-5
for s in range(25):
    grad=[]
    for i in range(2):
        up=w[:]; up[i]+=h
        dn=w[:]; dn[i]-=h
        grad.append((f(up)-f(dn))/h)
    for i in range(2):
        w[i]-=lr*grad[i]
""",
        ["factor"],
        "The gradient is 2 times the derivative",
    ),
    "a list of all points": (
        """\
x=[0.0]*30; x[0]=4.0; lr=0.1
for i in range(29):
    x[i+1]=x[i]-lr*2*x[i]
""",
        [],
        "All 29 updates",
    ),
    "a list of all points for each rate": (
        """\
for lr in [0.05, 0.1]:
    x=[4.0]
    for i in range(20):
        x.append(x[i]-lr*2*x[i])
""",
        [],
        "All 20 updates are those of GradientDescent(learning_rate=0.1)",
    ),
    "a list of all points in a function": (
        """\
def descend(lr):
    xs=[4.0]; ys=[]
    for i in range(20):
        g=2*xs[i]
        ys.append(xs[i]**2)
        xs.append(xs[i]-lr*g)
    return xs
for lr in (0.1,0.2): descend(lr)
""",
        [],
        "learning_rate=0.2",
    ),
    "a dict in a function": (
        """\
def train():
    p={"w":0.0,"b":0.0}; lr=0.05
    xs=[1,2,3]; ys=[3,5,7]
    for e in range(40):
        g={"w":0.0,"b":0.0}
        for x,y in zip(xs,ys):
            e_=p["w"]*x+p["b"]-y
            g["w"]+=2*e_*x/3
            g["b"]+=2*e_/3
        for name in p:
            p[name]=p[name]-lr*g[name]
train()
""",
        [],
        "All 40 updates",
    ),
    "means of gradients in a dict": (
        """\
p={"w":0.0,"b":0.0}; v={"w":0.0,"b":0.0}; lr=0.05; beta=0.9
xs=[1,2,3]; ys=[3,5,7]
for e in range(40):
    dw=sum(2*(p["w"]*x+p["b"]-y)*x for x,y in zip(xs,ys))/3
    db=sum(2*(p["w"]*x+p["b"]-y) for x,y in zip(xs,ys))/3
    grads={"w":dw,"b":db}
    for k in p:
        v[k]=beta*v[k]+(1-beta)*grads[k]
        p[k]-=lr*v[k]
""",
        [],
        "its steps are those of momentum with a learning rate of 0.005",
    ),
    "means of gradients": (
        """\
x=4.0; v=0.0; beta=0.9; lr=0.1
for i in range(30):
    g=2*x
    v=beta*v+(1-beta)*g
    x=x-lr*v
""",
        [],
        "Momentum(learning_rate=0.01, momentum=0.9)",
    ),
    "a table of values, each from the next": (
        """\
V=[0.0]*4; alpha=0.1; gamma=0.9
for ep in range(20):
    for s in range(3):
        r=1.0 if s==2 else 0.0
        V[s]=V[s]+alpha*(r+gamma*V[s+1]-V[s])
""",
        [],
        "All 20 updates",
    ),
    "a function that returns a list": (
        """\
def step(w, g, lr):
    return [wi-lr*gi for wi,gi in zip(w,g)]
w=[1.0,2.0]
for i in range(10):
    g=[2*a for a in w]
    w=step(w,g,0.1)
""",
        [],
        "All 10 updates",
    ),
    "a function that changes a dict": (
        """\
def update(params, grads, lr):
    for k in params:
        params[k]-=lr*grads[k]
p={'a':1.0,'b':2.0}
for i in range(10):
    update(p,{k:2*v for k,v in p.items()},0.1)
""",
        [],
        "All 10 updates",
    ),
    "a function that changes a dict uphill": (
        """\
def update(params, grads, lr):
    for k in params:
        params[k]+=lr*grads[k]
p={'a':1.0,'b':2.0}
for i in range(10):
    update(p,{k:2*v for k,v in p.items()},0.1)
""",
        ["sign"],
        "goes uphill",
    ),
    "a class with a list": (
        """\
class Model:
    def __init__(self):
        self.w=[0.0,0.0]; self.b=0.0
    def fit(self, X, y, lr=0.05, epochs=30):
        n=len(y)
        for _ in range(epochs):
            gw=[0.0,0.0]; gb=0.0
            for xi, yi in zip(X,y):
                e=sum(a*b for a,b in zip(self.w,xi))+self.b-yi
                for j in range(2):
                    gw[j]+=2*e*xi[j]/n
                gb+=2*e/n
            for j in range(2):
                self.w[j]-=lr*gw[j]
            self.b-=lr*gb
m=Model(); m.fit([[1.0,2.0],[2.0,1.0],[3.0,4.0]],[5.0,4.0,11.0])
""",
        [],
        "All 30 updates are those of GradientDescent(learning_rate=0.05).",
    ),
    "a class with a list, uphill": (
        """\
class Model:
    def __init__(self):
        self.w=[0.0,0.0]; self.b=0.0
    def fit(self, X, y, lr=0.005, epochs=30):
        n=len(y)
        for _ in range(epochs):
            gw=[0.0,0.0]; gb=0.0
            for xi, yi in zip(X,y):
                e=sum(a*b for a,b in zip(self.w,xi))+self.b-yi
                for j in range(2):
                    gw[j]+=2*e*xi[j]/n
                gb+=2*e/n
            for j in range(2):
                self.w[j]+=lr*gw[j]
            self.b+=lr*gb
m=Model(); m.fit([[1.0,2.0],[2.0,1.0],[3.0,4.0]],[5.0,4.0,11.0])
""",
        ["sign"],
        "goes uphill",
    ),
    "tuples": (
        """\
w=(4.0,-3.0)
lr=0.1
for i in range(10):
    g=(2*w[0],6*w[1])
    w=(w[0]-lr*g[0], w[1]-lr*g[1])
""",
        [],
        "All 10 updates",
    ),
    "tuples of generators": (
        """\
w=(4.0,-3.0)
lr=0.1
for i in range(10):
    g=(2*w[0],6*w[1])
    w=tuple(a-lr*b for a,b in zip(w,g))
""",
        [],
        "All 10 updates",
    ),
    "a dict of dicts": (
        """\
p={'l1':{'w':1.0,'b':2.0},'l2':{'w':-1.0,'b':0.5}}
lr=0.1
for i in range(10):
    g={l:{k:2*v for k,v in d.items()} for l,d in p.items()}
    for l in p:
        for k in p[l]:
            p[l][k]-=lr*g[l][k]
""",
        [],
        "All 10 updates",
    ),
    "a list of dicts": (
        """\
import numpy as np
layers=[{'W':np.ones((2,2)),'b':np.zeros(2)},{'W':np.ones((2,1)),'b':np.zeros(1)}]
lr=0.1
for i in range(10):
    grads=[{'W':2*l['W'],'b':2*l['b']+1} for l in layers]
    for layer, grad in zip(layers, grads):
        layer['W']-=lr*grad['W']
        layer['b']-=lr*grad['b']
""",
        [],
        "All 10 updates",
    ),
    "lists of arrays by index": (
        """\
import numpy as np
W=[np.ones((2,2)),np.ones((2,1))]
b=[np.zeros(2),np.zeros(1)]
lr=0.1
for i in range(10):
    dW=[2*w for w in W]
    db=[2*v+1 for v in b]
    for l in range(2):
        W[l]=W[l]-lr*dW[l]
        b[l]=b[l]-lr*db[l]
""",
        [],
        "All 10 updates",
    ),
    "a mean over a batch in a comprehension": (
        """\
import numpy as np
W=[np.ones((2,2)),np.ones((2,1))]
eta=0.1
for i in range(10):
    nabla_w=[2*w for w in W]
    W=[w-(eta/5)*nw for w, nw in zip(W, nabla_w)]
""",
        [],
        "All 10 updates",
    ),
    "each moved by itself": (
        """\
w=[4.0,-3.0]
lr=0.1
for i in range(10):
    for j, wj in enumerate(w):
        w[j]=wj-lr*2*wj
""",
        [],
        "All 10 updates",
    ),
    "velocities in a dict": (
        """\
p={'a':4.0,'b':-3.0}
v={k:0.0 for k in p}
lr=0.05
for i in range(20):
    for k in p:
        grad=2*p[k]
        v[k]=0.9*v[k]-lr*grad
        p[k]+=v[k]
""",
        [],
        "Momentum(learning_rate=0.05, momentum=0.9)",
    ),
    "velocities in a dict, uphill": (
        """\
p={'a':4.0,'b':-3.0}
v={k:0.0 for k in p}
lr=0.05
for i in range(20):
    for k in p:
        grad=2*p[k]
        v[k]=0.9*v[k]+lr*grad
        p[k]+=v[k]
""",
        ["sign"],
        "goes uphill",
    ),
    "a point ahead in lists": (
        """\
w=[4.0,-3.0]; v=[0.0,0.0]; mu=0.9; lr=0.02
for i in range(20):
    ahead=[a+mu*b for a,b in zip(w,v)]
    g=[2*ahead[0],6*ahead[1]]
    v=[mu*b-lr*c for b,c in zip(v,g)]
    w=[a+b for a,b in zip(w,v)]
""",
        [],
        "as in Nesterov's method",
    ),
    "sums of squares in a list": (
        """\
import math
w=[4.0,-3.0]; G=[0.0,0.0]; lr=0.5; eps=1e-8
for i in range(20):
    g=[2*w[0],6*w[1]]
    for j in range(2):
        G[j]+=g[j]**2
        w[j]-=lr*g[j]/(math.sqrt(G[j])+eps)
""",
        [],
        "AdaGrad(learning_rate=0.5, epsilon=1e-08)",
    ),
    "sums of squares without their root": (
        """\
import math
w=[4.0,-3.0]; G=[0.0,0.0]; lr=0.5; eps=1e-8
for i in range(20):
    g=[2*w[0],6*w[1]]
    for j in range(2):
        G[j]+=g[j]**2
        w[j]-=lr*g[j]/(G[j]+eps)
""",
        ["no_root"],
        "as adagrad does",
    ),
    "mean squares in a dict": (
        """\
import math
p={'a':4.0,'b':-3.0}; s={'a':0.0,'b':0.0}; lr=0.05; rho=0.9; eps=1e-8
for i in range(20):
    g={'a':2*p['a'],'b':6*p['b']}
    s={k:rho*s[k]+(1-rho)*g[k]**2 for k in p}
    p={k:p[k]-lr*g[k]/(math.sqrt(s[k])+eps) for k in p}
""",
        [],
        "RMSProp(learning_rate=0.05, decay=0.9",
    ),
    "a break before the step": (
        """\
w=[4.0,-3.0]
lr=0.1
for i in range(100):
    g=[2*w[0],6*w[1]]
    if max(abs(a) for a in g)<1e-3: break
    for j in range(2):
        w[j]-=lr*g[j]
""",
        [],
        "All 41 updates",
    ),
    "turns without a step": (
        """\
w=[4.0,-3.0]
lr=0.1
for i in range(20):
    g=[2*w[0],6*w[1]]
    if i%5==0: continue
    w=[a-lr*b for a,b in zip(w,g)]
""",
        [],
        "All 16 updates",
    ),
    "a rate that fades, in lists": (
        """\
w=[4.0,-3.0]
for i in range(20):
    lr=0.1/(1+i)
    g=[2*w[0],6*w[1]]
    w=[a-lr*b for a,b in zip(w,g)]
""",
        [],
        "each step was held against its own",
    ),
    "a gradient cut to length 1, in lists": (
        """\
w=[40.0,-30.0]
lr=0.1
def f(w): return w[0]**2+3*w[1]**2
for i in range(20):
    g=[2*w[0],6*w[1]]
    n=sum(a*a for a in g)**.5
    if n>1: g=[a/n for a in g]
    w=[a-lr*b for a,b in zip(w,g)]
""",
        [],
        "All 20 updates",
    ),
    "coordinates held at a bound": (
        """\
w=[4.0,-3.0]
lr=0.1
def f(w): return w[0]**2+3*w[1]**2
for i in range(20):
    g=[2*w[0],6*w[1]]
    for j in range(2):
        w[j]-=lr*g[j]
        if w[j]<0.5: w[j]=0.5
""",
        [],
        "All 20 updates",
    ),
    "gradient ascent that says so": (
        """\
# gradient ascent: maximize
w=[4.0,-3.0]
lr=0.1
for i in range(20):
    g=[-2*w[0],-6*w[1]]
    for j in range(2):
        w[j]+=lr*g[j]
""",
        [],
        "It climbs",
    ),
    "one sample by chance": (
        """\
import random
random.seed(0)
X=[[1.0,2.0],[2.0,1.0],[3.0,4.0]]; y=[5.0,4.0,11.0]
w=[0.0,0.0]
def loss(w): return sum((sum(a*b for a,b in zip(w,x))-t)**2 for x,t in zip(X,y))
for e in range(20):
    i=random.randrange(3)
    err=sum(a*b for a,b in zip(w,X[i]))-y[i]
    g=[2*err*x for x in X[i]]
    w=[a-0.01*b for a,b in zip(w,g)]
""",
        [],
        "All 20 updates",
    ),
    "batches of two": (
        """\
X=[[1.0,2.0],[2.0,1.0],[3.0,4.0],[0.5,1.0]]; y=[5.0,4.0,11.0,2.5]
w=[0.0,0.0]
def loss(w): return sum((sum(a*b for a,b in zip(w,x))-t)**2 for x,t in zip(X,y))/4
for e in range(20):
    for s in range(0,4,2):
        g=[0.0,0.0]
        for x,t in zip(X[s:s+2],y[s:s+2]):
            err=sum(a*b for a,b in zip(w,x))-t
            for j in range(2): g[j]+=2*err*x[j]/2
        for j in range(2): w[j]-=0.02*g[j]
""",
        [],
        "All 40 updates",
    ),
    "a cost that a loop sums up": (
        """\
X=[[1.0,2.0],[2.0,1.0],[3.0,4.0]]; y=[5.0,4.0,11.0]
w=[0.0,0.0]; lr=0.02
for e in range(20):
    loss=0.0
    g=[0.0,0.0]
    for x,t in zip(X,y):
        err=sum(a*b for a,b in zip(w,x))-t
        loss+=err**2
        for j in range(2): g[j]+=2*err*x[j]
    w=[a-lr*b for a,b in zip(w,g)]
""",
        [],
        "All 20 updates",
    ),
    "a mean as the cost and a sum as the gradient": (
        """\
X=[[1.0,2.0],[2.0,1.0],[3.0,4.0]]; y=[5.0,4.0,11.0]
w=[0.0,0.0]; lr=0.02
for e in range(20):
    loss=0.0
    g=[0.0,0.0]
    for x,t in zip(X,y):
        err=sum(a*b for a,b in zip(w,x))-t
        loss+=err**2/3
        for j in range(2): g[j]+=2*err*x[j]
    w=[a-lr*b for a,b in zip(w,g)]
""",
        ["factor"],
        "The gradient is 3 times the derivative of the cost",
    ),
    "a logistic regression in lists": (
        """\
import math
X=[[0.5,1.0],[1.5,-1.0],[-1.0,0.3],[-2.0,1.0]]; y=[1,1,0,0]
w=[0.0,0.0]; b=0.0; lr=0.3
for e in range(30):
    preds=[1/(1+math.exp(-(sum(wi*xi for wi,xi in zip(w,x))+b))) for x in X]
    dw=[sum((p-t)*x[j] for p,t,x in zip(preds,y,X))/len(X) for j in range(2)]
    db=sum(p-t for p,t in zip(preds,y))/len(X)
    w=[wi-lr*dwi for wi,dwi in zip(w,dw)]
    b=b-lr*db
""",
        [],
        "All 30 updates",
    ),
    "a logistic regression, weights first": (
        """\
import math
X=[[0.5,1.0],[1.5,-1.0],[-1.0,0.3],[-2.0,1.0]]; y=[1,1,0,0]
w=[0.0,0.0]; b=0.0; lr=0.3
def pred(x): return 1/(1+math.exp(-(sum(wi*xi for wi,xi in zip(w,x))+b)))
for e in range(30):
    dw=[sum((pred(x)-t)*x[j] for t,x in zip(y,X))/len(X) for j in range(2)]
    w=[wi-lr*dwi for wi,dwi in zip(w,dw)]
    db=sum(pred(x)-t for t,x in zip(y,X))/len(X)
    b=b-lr*db
""",
        ["wrong_order"],
        "from the w already moved",
    ),
    "a differential equation": (
        """\
y=[1.0,0.0]; h=0.01
for n in range(50):
    dy=[y[1],-y[0]]
    y=[a+h*b for a,b in zip(y,dy)]
""",
        [],
        "All 50 updates",
    ),
    "heat that spreads": (
        """\
u=[0.0,1.0,0.0,2.0,0.0]
for t in range(20):
    new=u[:]
    for i in range(1,4):
        new[i]=u[i]+0.2*(u[i-1]-2*u[i]+u[i+1])
    u=new
""",
        [],
        "All 20 updates",
    ),
    "differences, each put aside and back": (
        """\
def f(w): return (w[0]-1)**2+3*(w[1]+2)**2
w=[4.0,-3.0]; lr=0.05; h=1e-5
for s in range(25):
    g=[0.0,0.0]
    for j in range(2):
        old=w[j]
        w[j]=old+h
        up=f(w)
        w[j]=old-h
        dn=f(w)
        w[j]=old
        g[j]=(up-dn)/(2*h)
    for j in range(2):
        w[j]-=lr*g[j]
""",
        [],
        "All 25 updates",
    ),
    "differences, each moved there and back": (
        """\
def f(w): return (w[0]-1)**2+3*(w[1]+2)**2
w=[4.0,-3.0]; lr=0.05; h=1e-5
for s in range(25):
    g=[0.0,0.0]
    for j in range(2):
        w[j]+=h
        up=f(w)
        w[j]-=2*h
        dn=f(w)
        w[j]+=h
        g[j]=(up-dn)/(2*h)
    w=[a-lr*b for a,b in zip(w,g)]
""",
        [],
        "All 25 updates",
    ),
    "coordinates that are shrunk": (
        """\
w=[4.0,-3.0]; lr=0.05; lam=0.1
def loss(w): return (w[0]-1)**2+3*(w[1]+2)**2
for k in range(25):
    g=[2*(w[0]-1),6*(w[1]+2)]
    for j in range(2):
        w[j]-=lr*g[j]
        if w[j]>lr*lam: w[j]-=lr*lam
        elif w[j]<-lr*lam: w[j]+=lr*lam
        else: w[j]=0.0
""",
        [],
        "All 25 updates",
    ),
    "a loop over keys that prints": (
        """\
w={'a':4.0,'b':-3.0}; lr=0.05
for k in range(5):
    grads={'a':2*w['a'],'b':6*w['b']}
    for name in w:
        print(name, w[name], grads[name])
        w[name]-=lr*grads[name]
""",
        [],
        "All 5 updates",
    ),
    "a list of the points before": (
        """\
w=[4.0,-3.0]; lr=0.05; path=[]; losses=[]
for k in range(15):
    losses.append(w[0]**2+3*w[1]**2)
    path.append(w[:])
    g=[2*w[0],6*w[1]]
    for j in range(2): w[j]-=lr*g[j]
""",
        [],
        "All 15 updates",
    ),
    "products of matrices by index": (
        """\
import numpy as np
w=np.array([4.0,-3.0]); lr=0.05
A=np.array([[2.0,1.0],[1.0,6.0]])
for k in range(15):
    g=np.zeros_like(w)
    for i in range(2):
        for j in range(2):
            g[i]+=A[i,j]*w[j]
    for i in range(2):
        w[i]=w[i]-lr*g[i]
""",
        [],
        "All 15 updates",
    ),
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_over_several_parameters(name: str, tmp_path: Path) -> None:
    source, codes, words = LOOPS[name]
    found = check(source, tmp_path)
    assert found.codes == codes, str(found)
    assert words in str(found)


@pytest.mark.parametrize(
    "step",
    [
        "x = x - (x**2 - 2)/(2*x)",
        "dx = (x**2 - 2)/(2*x)\n    x = x - dx",
        "dx = -f(x)/df(x)\n    x = x + dx",
        "x = x - 0.5*f(x)/df(x)",
        "d = f(x)/df(x)\n    x = x - 0.5*d",
        "step = np.linalg.solve([[2.0]], [df(x)])[0]\n    x = x - 0.5*step",
    ],
)
def test_newton_s_method_is_not_taken_for_a_descent(step: str, tmp_path: Path) -> None:
    known = "import numpy as np\ndef f(x):\n    return x**2 - 2\ndef df(x):\n    return 2*x\n"
    with pytest.raises(UsageError, match="no step of the loop was seen"):
        check(f"{known}x = 3.0\nfor i in range(6):\n    {step}\n", tmp_path)


SUMS = """\
w = [1.0, 2.0]
lr = 0.1
for epoch in range(10):
    g = [0.0, 0.0]
    for i in range(3):
        s = 0.0
        for j in range(2):
            s += w[j]*j
        for j in range(2):
            g[j] += 2*w[j] + 0*s
    for j in range(2):
        w[j] -= lr*g[j]
"""


@pytest.mark.parametrize("source", [SUMS, *(source for source, codes, _ in LOOPS.values() if not codes)])
def test_only_a_gradient_at_a_point_ahead_is_said_to_be_one(source: str, tmp_path: Path) -> None:
    assert ("a point ahead" in str(check(source, tmp_path))) == ("ahead" in source)
