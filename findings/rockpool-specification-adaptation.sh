#!/bin/sh
# rockpool 3.1.0: dynapsim_net_from_spec takes Iw_ahp and does not use it.
#
# The function spreads Iw_ahp over the neurons, as it does with the other twelve currents, and leaves it out where it makes the
# DynapSim layer. The layer has the default, 0.5 pA, the dark current: neurons of a specification with spike frequency
# adaptation are simulated without, and nothing says so. dynapsim_net_from_config, which reads the same currents from a
# configuration of the chip, passes it on.
# Whoever simulates a specification sets net.Iw_ahp after the call, or makes the layer without that function.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
${PYTHON:-python3} -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q rockpool==3.1.0 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - 2>/dev/null <<'PY'
from importlib.metadata import version
import numpy as np
from rockpool.devices.dynapse import dynapsim_net_from_spec

print("rockpool", version("rockpool"))

currents = dict(Idc=5e-10, If_nmda=5e-13, Igain_ahp=2.8e-10, Igain_mem=2.1e-11, Igain_syn=8.7e-9, Ipulse_ahp=3.5e-9, Ipulse=3.5e-8,
                Iref=1e-9, Ispkthr=1e-7, Itau_ahp=2.8e-11, Itau_mem=5.3e-12, Itau_syn=8.7e-11, Iw_ahp=4e-9)
net = dynapsim_net_from_spec(n_cluster=1, core_map=np.array([0]), weights_in=None, weights_rec=None,
                                      **{name: [x] for name, x in currents.items()})
wrong = [name for name, x in currents.items() if not np.allclose(np.asarray(getattr(net, name)), x, rtol=1e-6, atol=0)]
x = np.zeros((1, 500, 1))
without = int(np.asarray(net(x)[0]).sum())
made = float(np.asarray(net.Iw_ahp)[0])
net = dynapsim_net_from_spec(n_cluster=1, core_map=np.array([0]), weights_in=None, weights_rec=None,
                                      **{name: [x] for name, x in currents.items()})
net.Iw_ahp = np.full_like(np.asarray(net.Iw_ahp), currents["Iw_ahp"])
adapting = int(np.asarray(net(x)[0]).sum())
print("currents that are not as given:", wrong, "- Iw_ahp is", made, "A, given", currents["Iw_ahp"], "A")
print("spikes in 0.5 s at a constant current:", without, "and with Iw_ahp set afterwards:", adapting)

assert wrong == ["Iw_ahp"] and abs(made / 5e-13 - 1) < 1e-6
assert adapting < without
PY
