"""One parameter, a tape, single precision: every ten steps the value before the update and W after it."""

import tensorflow as tf

W = tf.Variable([51.106262])

for step in range(300):
    with tf.GradientTape() as tape:
        cost = W * W
    W.assign_sub(0.01 * tape.gradient(cost, W))
    if step % 10 == 0:
        print(step, cost.numpy()[0], W.numpy()[0])
