import torch

x_train = torch.FloatTensor([1, 2, 3])
y_train = torch.FloatTensor([1, 2, 3])
W = torch.zeros(1)
lr = 0.1
for epoch in range(10 + 1):
    hypothesis = x_train * W
    cost = torch.mean((hypothesis - y_train) ** 2)
    gradient = 2 * torch.mean((W * x_train - y_train) * x_train)
    print(f"Epoch {epoch:4d} W: {W.item():.3f}, Cost: {cost.item():.6f}")
    W -= lr * gradient
