"""Holds the files of surge chip export against Rockpool's pure-Python classes, and writes samna_neuron.json.

    pip install rockpool==3.1.0 jax
    surge chip export device.json --format samna --out samna.json
    python check_rockpool.py samna.json
"""
import json
import sys

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
    for path in sys.argv[1:]:
        count = 0
        for chip in json.load(open(path))["value0"]["chips"]:
            for core in values(chip["cores"]):
                for entry in core["parameters"]:
                    p = entry["value"]
                    want = Dynapse2Parameter(chr(p["type"]), p["coarseValue"], p["fineValue"]).json_wrapper()
                    assert want == p, (entry["key"], want, p)
                    assert entry["key"].endswith("_" + chr(p["type"]))
                for n in values(core["neurons"]):
                    again = neuron([(s["dendrite"], values(s["weight"]), s["tag"]) for s in values(n["synapses"])],
                                   [(values(d["core"]), d["xHop"], d["yHop"], d["tag"]) for d in values(n["destinations"])],
                                   [x for x in LATCHES if n[camel("latch_" + x)]])
                    assert again.json_wrapper() == n
                    count += 1
        print(f"{path}: {count} neurons are as Rockpool writes them")


main()
