"""The contenders that run on TensorFlow; PyTorch's is in `pytorch.py`.

Each is a generator: after each step, the seconds since its start and a function that
gives the picture. The clock starts when packages are imported and the network is
loaded; computing the targets, tracing and compiling count.
"""

import time

import numpy as np


def default(content, style, size, steps, **settings):
    """Run this project's default: L-BFGS, coarse to fine."""
    import nst

    settings = {"recipe": "fast", **settings}
    nst.StyleTransfer(content, style, size=size, network="vgg16")  # Loads the network.
    began = time.perf_counter()
    transfer = nst.StyleTransfer(content, style, size=size, network="vgg16", **settings)
    for step in transfer.run(steps):
        yield time.perf_counter() - began, lambda step=step: step.image


def float32(content, style, size, steps, **settings):
    """Run this project's default, whatever the processor, in float32."""
    yield from default(content, style, size, steps, precision="float32", **settings)


def lbfgs(content, style, size, steps):
    """Run this project's L-BFGS at one scale, in float32."""
    yield from float32(content, style, size, steps, scales={})


def adam(content, style, size, steps):
    """Run this project's plain Adam at one scale."""
    yield from default(content, style, size, steps, recipe="course")


def tutorial(content, style, size, steps):
    """Run TensorFlow's tutorial: Adam 0.02 on [0, 1], β1 0.99, ε 0.1, one scale."""
    import keras
    import tensorflow as tf
    from judge import Judge, network, to_vgg

    model = network()
    began = time.perf_counter()
    judge = Judge(model, content, style)
    image = tf.Variable(content[None] / np.float32(255))
    optimizer = keras.optimizers.Adam(0.02, beta_1=0.99, epsilon=0.1)

    @tf.function
    def train_step():
        with tf.GradientTape() as tape:
            loss = judge.loss(model(to_vgg(image * 255.0)))
        optimizer.apply_gradients([(tape.gradient(loss, image), image)])
        image.assign(tf.clip_by_value(image, 0.0, 1.0))

    for _ in range(steps):
        train_step()
        x = image.numpy()[0]
        yield time.perf_counter() - began, lambda x=x: np.uint8(np.round(x * 255))
