import tensorflow as tf

x = tf.constant([2.0, 4.0, 6.0, 8.0])
y = tf.constant([81.0, 93.0, 91.0, 97.0])
a = tf.Variable(7.5)
b = tf.Variable(80.6)
lr = 0.1
for step in range(40):
    with tf.GradientTape() as tape:
        rmse = tf.sqrt(tf.reduce_mean(tf.square(a * x + b - y)))
    da, db = tape.gradient(rmse, [a, b])
    a.assign_sub(lr * da)
    b.assign_sub(lr * db)
print(a.numpy(), b.numpy())
