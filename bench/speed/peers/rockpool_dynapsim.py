"""DynapSim of Rockpool with the loss of the workload: mean squared error of spike counts."""

import importlib.metadata

import jax
import jax.numpy as np
import numpy

from peer import serve

CURRENTS = ["Igain_mem", "Igain_syn", "Ipulse", "Iref", "Ispkthr", "Itau_mem", "Itau_syn", "Iw_ahp"]


def build(n):
    if n["dtype"] == "float64":
        jax.config.update("jax_enable_x64", True)
    from rockpool.devices.dynapse import DynapSim

    T, B, N = n["T"], n["B"], n["hidden"]
    rng = numpy.random.default_rng(1)
    w = rng.normal(0, 0.3 / N**0.5, (N, N))
    x = np.asarray((rng.random((B, T, N)) < n["active"]).astype(n["dtype"]))
    mod = DynapSim((N, N), has_rec=True, w_rec=np.asarray(w), dt=1e-3, percent_mismatch=0.0)
    names = ["w_rec"] + (CURRENTS if n["workload"] == "dynapsim-currents" else [])
    params = {k: v for k, v in {**mod.parameters(), **mod.simulation_parameters()}.items() if k in names}

    def counts(p):
        out, _, _ = mod.set_attributes(p)(x)
        return np.sum(out, 1)

    loss = lambda p: np.mean((counts(p) - 10.0) ** 2)
    f, g = jax.jit(loss), jax.jit(jax.value_and_grad(loss))
    rate = float(np.mean(counts(params))) / T
    f(params).block_until_ready()
    jax.block_until_ready(g(params))
    return (
        f"Rockpool {importlib.metadata.version('rockpool')} (jax {jax.__version__}), {len(params)} parameters", rate,
        lambda: f(params).block_until_ready(), lambda: jax.block_until_ready(g(params)),
    )


serve(build)
