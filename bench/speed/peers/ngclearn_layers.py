"""AlphaSynapse and WTASCell of ngc-learn, forward alone: it has no gradient through time."""

import importlib.metadata

import jax
import jax.numpy as np
import numpy

from peer import serve


def build(n):
    from ngclearn import Context, MethodProcess
    from ngclearn.components.neurons.spiking.WTASCell import WTASCell
    from ngclearn.components.synapses.alphaSynapse import AlphaSynapse

    T, B, I, H = n["T"], n["B"], n["inputs"], n["hidden"]
    key = jax.random.PRNGKey(1)
    rng = numpy.random.default_rng(1)
    with Context("speed"):
        if n.get("analog"):
            cell = WTASCell("cell", n_units=H, tau_m=20.0, thr_base=2 / H, thr_jitter=0.0, batch_size=B, key=key)
            x, out, to = 4 * rng.random((T, B, I)), cell.s, cell.j
        else:
            cell = AlphaSynapse(
                "syn", shape=(I, H), tau_decay=20.0, g_syn_bar=1.0, syn_rest=None, is_nonplastic=False,
                weight_init=lambda shape, key: jax.random.normal(key, shape) / I**0.5, batch_size=B, key=key,
            )
            cell.resist_scale = 1.0  # which advance_state reads and nobody sets in 3.2.3
            x, out, to = rng.random((T, B, I)) < n["active"], cell.i_syn, cell.inputs
        advance = MethodProcess(name="advance") >> cell.advance_state
    x = [np.asarray(step, "float32") for step in x]

    def forward():
        total = 0
        for t, step in enumerate(x):
            to.set(step)
            advance.run(t=float(t), dt=1.0)
            total = total + out.get()
        return jax.block_until_ready(total)

    total = forward()
    firing = float(np.mean(total)) / T if n.get("analog") else 0.0
    return f"ngc-learn {importlib.metadata.version('ngclearn')} (jax {jax.__version__})", firing, forward, None


serve(build)
