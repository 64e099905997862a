"""Gradient steps of Eventax, see peer.py. Times are in ms here."""

import importlib.metadata
import sys
import time

import diffrax
import equinox
import jax
import jax.numpy as jnp
import numpy
import optimistix
from eventax.evnn import FFEvNN
from eventax.neuron_models import QIF

STEP = 0.5  # ms, of the solver
VERSION = importlib.metadata.version("eventax") + f", Tsit5 with steps of {STEP} ms"
ROOT = {"float64": 1e-9, "float32": 1e-5}[sys.argv[2]]  # tolerance of spike times


def build(r):
    """Returns a function that makes one step, and its answer: loss and gradients of all weights."""
    n, inputs, ms = r["hidden"] + r["outputs"], r["inputs"], 1e3
    dtype = jnp.dtype(sys.argv[2])
    hidden, output = (numpy.array(group[0]["values"]).reshape(group[0]["shape"]) for group in r["weights"])
    weights = numpy.zeros((n + inputs, n))
    weights[n:, : r["hidden"]] = hidden
    weights[: r["hidden"], r["hidden"] :] = output
    horizon = 2 * r["tau_mem"] * ms
    net = FFEvNN(
        layers=[r["hidden"], r["outputs"]],
        in_size=inputs,
        neuron_model=QIF,
        key=jax.random.PRNGKey(0),
        max_solver_time=r["end"] * ms,
        solver=diffrax.Tsit5(),
        solver_stepsize=STEP,
        root_finder=optimistix.Newton(ROOT, ROOT, optimistix.rms_norm),
        max_event_steps=r["slots"][0] + r["outputs"] + 2,
        output_no_spike_value=horizon,
        dtype=dtype,
        tmem=r["tau_mem"] * ms,
        tsyn=r["tau_syn"] * ms,
        init_weights=jnp.asarray(weights, dtype),
        init_bias=0.0,
    )
    times = numpy.full((len(r["times"]), inputs, 1), numpy.inf)
    for sample, (at, index) in enumerate(zip(r["times"], r["index"])):
        for t, k in zip(at, index):
            if k >= 0:
                times[sample, k, 0] = t * ms

    def loss(weights, times, target):
        model = equinox.tree_at(lambda m: m.neuron_model.weights, net, weights)
        first = jnp.minimum(jax.vmap(model.ttfs)(times), horizon)
        return jnp.mean(jnp.sum(((first - target) / (r["tau_mem"] * ms)) ** 2, axis=1))

    args = [jnp.asarray(x, dtype) for x in (weights, times, ms * numpy.array(r["target"]))]
    begin = time.perf_counter()
    compiled = jax.jit(jax.value_and_grad(loss)).lower(*args).compile()
    seconds = time.perf_counter() - begin
    value, grad = compiled(*args)
    grad = numpy.asarray(grad, dtype=float)
    answer = {
        "compile": seconds,
        "loss": float(value),
        "dtype": str(value.dtype),
        "grads": [grad[n:, : r["hidden"]].ravel().tolist(), grad[: r["hidden"], r["hidden"] :].ravel().tolist()],
    }
    return lambda: jax.block_until_ready(compiled(*args)), answer
