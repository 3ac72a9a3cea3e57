import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
x_data = [2.0, 4.0, 6.0, 8.0]
y_data = [81.0, 93.0, 91.0, 97.0]
a = tf.Variable(tf.random_uniform([1], 0, 10, dtype=tf.float64, seed=0))
b = tf.Variable(tf.random_uniform([1], 0, 100, dtype=tf.float64, seed=0))
y = a * x_data + b
rmse = tf.sqrt(tf.reduce_mean(tf.square(y - y_data)))
gradient_descent = tf.train.GradientDescentOptimizer(0.1).minimize(rmse)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(101):
        sess.run(gradient_descent)
        if step % 100 == 0:
            print(step, sess.run(rmse), sess.run(a)[0], sess.run(b)[0])
