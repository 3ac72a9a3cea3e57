"""The same line; autograd's gradient is the true one, so the same run takes 1.5 times the learning rate."""

import torch

x = y = torch.tensor([1.0, 2.0, 3.0])
W = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([W], lr=0.15)

for epoch in range(11):
    cost = torch.mean((W * x - y) ** 2)
    print(epoch, f"{W.item():.3f}", f"{cost.item():.6f}")
    optimizer.zero_grad()
    cost.backward()
    optimizer.step()
