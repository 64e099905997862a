"""Gradient steps of jaxsnn, see peer.py."""

import importlib.metadata
import time

import jax
import jax.numpy as jnp
import numpy

VERSION = importlib.metadata.version("jaxsnn")
if VERSION.startswith("0.2."):
    from jaxsnn.base.compose import serial
    from jaxsnn.base.params import LIFParameters
    from jaxsnn.event.loss import mse_loss
    from jaxsnn.event.modules.leaky_integrate_and_fire import EventPropLIF, RecurrentEventPropLIF
    from jaxsnn.event.types import EventPropSpike, WeightInput, WeightRecurrent
else:  # 0.3: a graph of named modules in place of layers in a row
    from jaxsnn.event.loss import mse_loss
    from jaxsnn.event.modules import LIF, Linear, Source
    from jaxsnn.event.modules.lif.lif import LIFParameters
    from jaxsnn.event.topology import Topology
    from jaxsnn.event.types import Spike


def first_spikes(output, first, count, valid):
    """Times of the first spikes of the neurons first to first+count-1, inf where there is none."""
    return jnp.array([jnp.min(jnp.where(valid & (output.idx == first + k), output.time, jnp.inf)) for k in range(count)])


def in_a_row(r, params):
    """jaxsnn 0.2: output spikes of one sample, as a function of weights and spikes of all samples."""
    n, slots = r["hidden"], r["slots"]
    if r["kind"] == "quadrants":
        layers = [RecurrentEventPropLIF([n, r["outputs"]], slots[0], r["end"], params, [0.0] * 2, [0.0] * 2)]
    else:
        if r["kind"] == "recurrent":
            first = RecurrentEventPropLIF([n], slots[0], r["end"], params, [0.0], [0.0])
        else:
            first = EventPropLIF(n, slots[0], r["end"], params)
        layers = [first, EventPropLIF(r["outputs"], slots[1], r["end"], params)]
    _, apply = serial(*layers)

    def sample(weights, spikes):
        groups = [WeightInput(*g) if len(g) == 1 else WeightRecurrent(*g) for g in weights]
        output = apply(groups, spikes, None, None)[2]
        return first_spikes(output, r["inputs"] + n, r["outputs"], True)  # inputs and layers are numbered together

    batch = jax.vmap(sample, in_axes=(None, 0))
    return lambda weights, times, index: batch(weights, EventPropSpike(times, index, jnp.zeros_like(times)))


def as_graph(r, params):
    """jaxsnn 0.3: the same."""
    sizes = [r["hidden"] + r["outputs"]] if r["kind"] == "quadrants" else [r["hidden"], r["outputs"]]
    topology = Topology(t_max=r["end"], backprop_method="eventprop")
    nodes, edges, names, before = {"input": Source(r["inputs"])}, [], [], "input"
    for k, (size, slots) in enumerate(zip(sizes, r["slots"])):
        lif, group = f"lif{k}", [f"in{k}"]
        nodes[lif] = LIF(size, slots, params)
        edges += [(before, group[0]), (group[0], lif)]
        if len(r["weights"][k]) > 1:
            group.append(f"rec{k}")
            edges += [(lif, group[1]), (group[1], lif)]
        nodes |= {name: Linear() for name in group}
        names.append(group)
        before = lif
    topology.add(nodes)
    topology.connect(edges)
    _, apply = topology.done()
    first = r["hidden"] if r["kind"] == "quadrants" else 0

    def batch(weights, times, index):
        spikes = Spike(times, index, jnp.zeros_like(times), jnp.zeros_like(index), index >= 0)
        named = {name: w for group, arrays in zip(names, weights) for name, w in zip(group, arrays)}
        output = apply({"input": spikes}, named)[before]
        return jax.vmap(lambda o: first_spikes(o, first, r["outputs"], o.internal))(output)

    return batch


def build(r):
    """Returns a function that makes one step, and its answer: loss and gradients of all weights."""
    params = LIFParameters(tau_syn=r["tau_syn"], tau_mem=r["tau_mem"], v_th=r["v_th"], v_reset=r["v_reset"])
    output = (in_a_row if VERSION.startswith("0.2.") else as_graph)(r, params)

    def loss(weights, times, index, target):
        of_sample = jax.vmap(mse_loss, in_axes=(0, 0, None))
        return jnp.mean(of_sample(output(weights, times, index), target, params.tau_mem))

    weights = [[jnp.asarray(numpy.array(w["values"]).reshape(w["shape"])) for w in group] for group in r["weights"]]
    index = jnp.asarray(numpy.array(r["index"]))
    times = jnp.where(index < 0, jnp.inf, jnp.asarray(numpy.array(r["times"])))
    target = jnp.asarray(numpy.array(r["target"]))

    begin = time.perf_counter()
    compiled = jax.jit(jax.value_and_grad(loss)).lower(weights, times, index, target).compile()
    seconds = time.perf_counter() - begin
    value, grads = compiled(weights, times, index, target)
    answer = {
        "compile": seconds,
        "loss": float(value),
        "dtype": str(value.dtype),
        "grads": [numpy.asarray(g, dtype=float).ravel().tolist() for layer in grads for g in layer],
    }
    return lambda: jax.block_until_ready(compiled(weights, times, index, target)), answer
