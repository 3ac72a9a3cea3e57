import torch

x_train = torch.FloatTensor([1, 2, 3])
y_train = torch.FloatTensor([1, 2, 3])
W = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([W], lr=0.15)
for epoch in range(10 + 1):
    hypothesis = x_train * W
    cost = torch.mean((hypothesis - y_train) ** 2)
    optimizer.zero_grad()
    cost.backward()
    optimizer.step()
    print(f"Epoch {epoch:4d} W: {W.item():.3f}, Cost: {cost.item():.6f}")
