"""A line through four points by the root of the mean square, as a graph in a session of TensorFlow 1."""

import tensorflow as tf

v1 = tf.compat.v1

with tf.Graph().as_default(), v1.Session() as session:
    x = tf.constant([2, 4, 6, 8], tf.float64)
    y = tf.constant([81, 93, 91, 97], tf.float64)
    a = v1.get_variable("a", initializer=tf.constant(7.52346569, tf.float64), use_resource=True)
    b = v1.get_variable("b", initializer=tf.constant(80.59835907, tf.float64), use_resource=True)
    rmse = tf.sqrt(tf.reduce_mean((a * x + b - y) ** 2))
    train = v1.train.GradientDescentOptimizer(0.1).minimize(rmse)

    session.run(v1.global_variables_initializer())
    for step in range(2001):
        if step % 100 == 0:
            print(step, *session.run([rmse, a, b]))
        session.run(train)
