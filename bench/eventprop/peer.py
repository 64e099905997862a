"""Gradient steps of jaxsnn: a request in a line of JSON, an answer in a line of JSON.

The first request of a network builds and compiles it; those with "steps" time it.
"""

import json
import os
import sys
import time

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what others print must not come between the answers

import jax

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", sys.argv[1] == "float64")

import importlib.metadata
import jax.numpy as jnp
import numpy
from jaxsnn.base.compose import serial
from jaxsnn.base.params import LIFParameters
from jaxsnn.event.loss import first_spike, mse_loss
from jaxsnn.event.modules.leaky_integrate_and_fire import EventPropLIF, RecurrentEventPropLIF
from jaxsnn.event.types import EventPropSpike, WeightInput, WeightRecurrent


def layers(r, params):
    n, slots = r["hidden"], r["slots"]
    if r["kind"] == "quadrants":
        return [RecurrentEventPropLIF([n, r["outputs"]], slots[0], r["end"], params, [0.0] * 2, [0.0] * 2)]
    if r["kind"] == "recurrent":
        first = RecurrentEventPropLIF([n], slots[0], r["end"], params, [0.0], [0.0])
    else:
        first = EventPropLIF(n, slots[0], r["end"], params)
    return [first, EventPropLIF(r["outputs"], slots[1], r["end"], params)]


def build(r):
    """Returns a function that makes one step, and its answer: loss and gradients of all weights."""
    params = LIFParameters(tau_syn=r["tau_syn"], tau_mem=r["tau_mem"], v_th=r["v_th"], v_reset=r["v_reset"])
    _, apply = serial(*layers(r, params))
    neurons = r["inputs"] + r["hidden"] + r["outputs"]

    def sample(weights, spikes, target):
        _, _, output, _ = apply(weights, spikes, None, None)
        return mse_loss(first_spike(output, neurons, r["outputs"]), target, params.tau_mem)

    def loss(weights, spikes, target):
        return jnp.mean(jax.vmap(sample, in_axes=(None, 0, 0))(weights, spikes, target))

    weights = []
    for group in r["weights"]:
        arrays = [jnp.asarray(numpy.array(w["values"]).reshape(w["shape"])) for w in group]
        weights.append(WeightInput(*arrays) if len(arrays) == 1 else WeightRecurrent(*arrays))
    index = jnp.asarray(numpy.array(r["index"]))
    times = jnp.where(index < 0, jnp.inf, jnp.asarray(numpy.array(r["times"])))
    spikes = EventPropSpike(times, index, jnp.zeros_like(times))
    target = jnp.asarray(numpy.array(r["target"]))

    begin = time.perf_counter()
    compiled = jax.jit(jax.value_and_grad(loss)).lower(weights, spikes, target).compile()
    seconds = time.perf_counter() - begin
    value, grads = compiled(weights, spikes, target)
    answer = {
        "compile": seconds,
        "loss": float(value),
        "dtype": str(value.dtype),
        "grads": [numpy.asarray(g, dtype=float).ravel().tolist() for layer in grads for g in layer],
    }
    return lambda: jax.block_until_ready(compiled(weights, spikes, target)), answer


def main():
    answer = {
        "python": sys.version.split()[0],
        "jax": jax.__version__,
        "jaxsnn": importlib.metadata.version("jaxsnn"),
    }
    step = None
    while True:
        print(json.dumps(answer), file=answers, flush=True)
        line = sys.stdin.readline()
        if not line:
            return
        request = json.loads(line)
        if "steps" in request:
            seconds = []
            for _ in range(request["steps"]):
                begin = time.perf_counter()
                step()
                seconds.append(time.perf_counter() - begin)
            answer = {"seconds": seconds}
        else:
            try:
                step, answer = build(request)
            except Exception as err:
                answer = {"error": f"{type(err).__name__}: {err}"}


main()
