#!/bin/sh
# ngclearn 3.2.3: the alpha synapse ends with an error as it comes, and with what it misses its currents grow as 1/dt.
#
# AlphaSynapse reads resist_scale, which was renamed to g_conduct_factor and which nobody sets: no method of it compiles. With the
# attribute set by hand, one spike gives a conductance whose peak and area double whenever dt is halved, where the documentation has
# dg/dt = -g/tau_decay + h/tau_decay: h enters whole in each step, not by dt/tau_decay. The exponential synapse beside it keeps its
# area for any dt. Weights found at one dt are wrong by the ratio at another: multiply g_syn_bar by dt/tau_decay, for the
# documented one.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
${PYTHON:-python3} -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6 matplotlib==3.11.2 typing_extensions==4.16.0
"$dir/venv/bin/pip" install -q --no-deps ngclearn==3.2.3 ngcsimlib==3.1.1 # it asks for a JAX that Python 3.11 has not, and runs without
cd "$dir"
JAX_PLATFORMS=cpu "$dir/venv/bin/python" - 2>/dev/null <<'PY'
from importlib.metadata import version
import jax.numpy as jnp
from ngclearn import Context
from ngclearn.components import AlphaSynapse, ExponentialSynapse

print("ngclearn", version("ngclearn"), "ngcsimlib", version("ngcsimlib"), "jax", version("jax"))

class Mended(AlphaSynapse):
    resist_scale = 1.0

made = 0
def synapse(kind):
    global made
    made += 1
    with Context(f"context{made}"):
        return kind("w", (1, 1), tau_decay=5.0, g_syn_bar=1.0, syn_rest=None, is_nonplastic=False,
                    weight_init=lambda shape, key: jnp.ones(shape))

try:
    synapse(AlphaSynapse)
    error = "none"
except AttributeError as e:
    error = str(e)
print("as it comes:", error)
assert "resist_scale" in error

area = {}
for kind in ExponentialSynapse, Mended:
    for dt in 1.0, 0.5, 0.25:
        s, g = synapse(kind), []
        for k in range(int(80 / dt)):
            s.inputs.set(jnp.full((1, 1), float(k == 0)))
            s.advance_state(t=k * dt, dt=dt)
            g.append(float(s.g_syn.get()[0, 0]))
        area[kind, dt] = sum(g) * dt
        print(f"{kind.__bases__[0].__name__ if kind is Mended else kind.__name__}: dt {dt} ms: peak {max(g):.2f}, area {area[kind, dt]:.2f} ms")
for dt in 0.5, 0.25:
    assert abs(area[ExponentialSynapse, dt] / area[ExponentialSynapse, 1.0] - 1) < 1e-3
    assert abs(area[Mended, dt] * dt / area[Mended, 1.0] - 1) < 1e-3
PY
