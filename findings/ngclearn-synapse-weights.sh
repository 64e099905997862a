#!/bin/sh
# ngclearn 3.2.3: an exponential or alpha synapse throws its weights away and takes ones, unless is_nonplastic=False.
#
# is_nonplastic is True by default and described as whether plasticity is allowed; what it does as well is to replace the weights
# that weight_init drew by 1, without a word. DenseSynapse, of which both are made, keeps them. A network of such synapses has no
# weights of its own, and every hidden unit gets the same input.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
${PYTHON:-python3} -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6 matplotlib==3.11.2 typing_extensions==4.16.0
"$dir/venv/bin/pip" install -q --no-deps ngclearn==3.2.3 ngcsimlib==3.1.1 # it asks for a JAX that Python 3.11 has not, and runs without
cd "$dir"
JAX_PLATFORMS=cpu "$dir/venv/bin/python" - 2>/dev/null <<'PY'
from importlib.metadata import version
import jax
from ngclearn import Context
from ngclearn.components import DenseSynapse, ExponentialSynapse

print("ngclearn", version("ngclearn"), "ngcsimlib", version("ngcsimlib"), "jax", version("jax"))
normal = lambda shape, key: jax.random.normal(key, shape)
key = jax.random.PRNGKey(1)
with Context("weights"):
    kept = DenseSynapse("dense", (2, 3), weight_init=normal, key=key)
    dynamic = dict(tau_decay=5.0, g_syn_bar=1.0, syn_rest=None, weight_init=normal, key=key)
    ones = ExponentialSynapse("default", (2, 3), **dynamic)
    told = ExponentialSynapse("told", (2, 3), is_nonplastic=False, **dynamic)
for name, s in ("DenseSynapse", kept), ("ExponentialSynapse", ones), ("ExponentialSynapse, is_nonplastic=False", told):
    print(f"{name}: {s.weights.get().tolist()}")
assert (ones.weights.get() == 1).all()
assert (told.weights.get() == kept.weights.get()).all() and (kept.weights.get() != 1).all()
PY
