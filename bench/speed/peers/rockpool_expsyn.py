"""ExpSynJax of Rockpool, gradient of tau and input."""

import importlib.metadata

import jax
import jax.numpy as np
import numpy

from peer import serve


def build(n):
    from rockpool.nn.modules import ExpSynJax

    T, B, N = n["T"], n["B"], n["hidden"]
    rng = numpy.random.default_rng(1)
    x = np.asarray((rng.random((B, T, N)) < n["active"]).astype("float32"))
    mod = ExpSynJax(N, tau=np.full(N, 20e-3, "float32"), dt=1e-3)

    def loss(tau, x):
        out, _, _ = mod.set_attributes({"tau": tau})(x)
        return np.mean((np.mean(out, 1) - 1.0) ** 2)

    f, g = jax.jit(loss), jax.jit(jax.value_and_grad(loss, (0, 1)))
    tau = np.full(N, 20e-3, "float32")
    f(tau, x).block_until_ready()
    jax.block_until_ready(g(tau, x))
    return (
        f"Rockpool {importlib.metadata.version('rockpool')} (jax {jax.__version__})", 0.0,
        lambda: f(tau, x).block_until_ready(), lambda: jax.block_until_ready(g(tau, x)),
    )


serve(build)
