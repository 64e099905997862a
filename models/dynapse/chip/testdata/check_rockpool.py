"""Round trip of surge chip export and import through Rockpool's pure-Python classes; writes samna_neuron.json.

    pip install rockpool==3.1.0 jax
    python check_rockpool.py SURGE DEVICE.json...

SURGE is the program, DEVICE.json a configuration as surge fit writes it. Each is exported for samna, made anew of the
objects of samna_alias, and read back: it must be the same file. It is exported as a specification of Rockpool, whose
currents and codes make a DynapSim; what that does for random input must be what surge sim dynapsim --device does.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from rockpool.devices.dynapse import DynapSim
from rockpool.devices.dynapse.samna_alias.modules import (Dynapse2Destination, Dynapse2Neuron, Dynapse2Parameter,
                                                          Dynapse2Synapse)

LATCHES = ["so_dc", "so_adaptation", "soif_kill", "coho_ca_mem", "ho_enable", "ho_so_de", "deam_ampa", "denm_nmda",
           "de_conductance", "deam_alpha", "denm_alpha", "de_mux", "soif_type", "ho_active"]


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(w.title() for w in rest)


def values(d):
    return [d[f"value{i}"] for i in range(len(d))]


def neuron(synapses, destinations, latches):
    pad = lambda xs, n, make: xs + [make() for _ in range(n - len(xs))]
    return Dynapse2Neuron(
        synapses=pad([Dynapse2Synapse(d, False, w, False, False, t) for d, w, t in synapses], 64,
                     lambda: Dynapse2Synapse(0, False, [False] * 4, False, False, 0)),
        destinations=pad([Dynapse2Destination(*d) for d in destinations], 4,
                         lambda: Dynapse2Destination([False] * 4, 0, 0, 0)),
        **{"latch_" + n: n in latches for n in LATCHES})


def main():
    example = neuron([(1024, [1, 0, 1, 0], 7), (128, [0, 0, 0, 1], 2047)],
                     [([True] * 4, -7, -7, 3), ([False, False, True, False], 1, 0, 9)],
                     ["so_dc", "so_adaptation", "soif_type"])
    with open("samna_neuron.json", "w") as f:
        json.dump({"value0": example.json_wrapper()}, f)
        f.write("\n")
    surge = str(pathlib.Path(sys.argv[1]).resolve())
    for path in sys.argv[2:]:
        with tempfile.TemporaryDirectory() as folder:
            check(surge, pathlib.Path(path).resolve(), pathlib.Path(folder))


def check(surge, device, folder):
    run = lambda *args: subprocess.run([surge, *map(str, args)], check=True, stdout=subprocess.DEVNULL)
    run("chip", "export", device, "--format", "samna", "--out", folder / "samna.json")
    config = json.load(open(folder / "samna.json"))
    count = 0
    for chip in config["value0"]["chips"]:
        for core in values(chip["cores"]):
            for entry in core["parameters"]:
                p = entry["value"]
                entry["value"] = Dynapse2Parameter(chr(p["type"]), p["coarseValue"], p["fineValue"]).json_wrapper()
                assert entry["value"] == p, (entry["key"], entry["value"], p)
                assert entry["key"].endswith("_" + chr(p["type"]))
            for i, n in enumerate(values(core["neurons"])):
                again = neuron([(s["dendrite"], values(s["weight"]), s["tag"]) for s in values(n["synapses"])],
                               [(values(d["core"]), d["xHop"], d["yHop"], d["tag"]) for d in values(n["destinations"])],
                               [x for x in LATCHES if n[camel("latch_" + x)]])
                core["neurons"][f"value{i}"] = again.json_wrapper()
                assert again.json_wrapper() == n
                count += 1
    json.dump(config, open(folder / "again.json", "w"))
    run("chip", "import", folder / "again.json", "--out", folder / "device.json")
    plain = lambda d: [[(p, v["coarse"], v["fine"]) for p, v in c["parameters"].items()] + c["neurons"] for h in d["chips"] for c in h["cores"]]
    before, after = json.load(open(device)), json.load(open(folder / "device.json"))
    assert plain(before) == plain(after) and before["inputs"] == after["inputs"], "the configuration has changed"
    print(f"{device}: {count} neurons as Rockpool writes them, and back")
    if any(s["dendrite"] in ("nmda", "shunt") for h in before["chips"] for c in h["cores"] for n in c["neurons"] for s in n["synapses"]):
        return  # of which a specification has none
    run("chip", "export", device, "--format", "rockpool", "--out", folder / "spec.json")
    spec = json.load(open(folder / "spec.json"))
    core = np.array(spec["core_map"])
    n = len(core)

    def weights(name):
        w = 0
        for c, (codes, signs) in enumerate(zip(spec["weights_" + name] or [], spec["sign_" + name] or [])):
            base = [spec[f"Iw_{k}"][c] for k in range(4)]
            w = w + np.array(signs) * sum((np.array(codes) >> k & 1) * base[k] for k in range(4)) / spec["Iscale"]
        return w

    names = ["Idc", "If_nmda", "Igain_ahp", "Igain_mem", "Igain_syn", "Ipulse_ahp", "Ipulse", "Iref", "Ispkthr", "Itau_ahp", "Itau_mem", "Itau_syn", "Iw_ahp"]
    w_in, recurrent = weights("in"), spec["weights_rec"] is not None
    more = {"w_rec": weights("rec")} if recurrent else {}
    net = DynapSim((n, n), has_rec=recurrent, percent_mismatch=None, Iscale=spec["Iscale"], dt=1e-3, **more,
                   **{name: np.array(spec[name])[core] for name in names})
    x = (np.random.default_rng(1).random((1, 300, len(w_in))) < 0.05).astype(float)
    _, _, record = net(x @ w_in, record=True)
    np.savez(folder / "input.npz", input=x)
    run("sim", "dynapsim", "--device", device, "--input", folder / "input.npz", "--out", folder / "traces.npz")
    mine, theirs = np.load(folder / "traces.npz")["imem"], np.array(record["imem"])
    off = np.abs(np.log(mine / theirs)).max()
    print(f"{device}: ln Imem of surge and of Rockpool differ by {off:.2g} at most, {int(np.array(record['spikes']).sum())} spikes")
    assert off < 1e-2  # Rockpool computes in 32 bits


main()
