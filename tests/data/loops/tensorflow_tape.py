import tensorflow as tf

tf.random.set_seed(0)
W = tf.Variable(tf.random.normal([1], -100.0, 100.0))
alpha = tf.Variable(0.01)


def cost():
    return W**2


for i in range(30):
    with tf.GradientTape() as tape:
        loss = cost()
    gradient = tape.gradient(loss, W)
    W.assign_sub(alpha * gradient)
    if i % 10 == 0:
        print(f"{i:5} | {loss.numpy()[0]:10.4f} | {W.numpy()[0]:10.6f}")
