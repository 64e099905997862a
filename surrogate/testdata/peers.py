"""Makes peers.json: the derivatives of the spike that other libraries compute.

    python peers.py LIBRARY...  (snntorch spikingjelly rockpool sinabs norse spyx ngclearn jaxsnn)

replaces the rules of the installed versions of the libraries in the file beside it. Made with torch
2.15, jax 0.10.2, in float64: snnTorch 1.0.0, SpikingJelly 2.0.0, Rockpool 3.1.0, Sinabs 3.1.3,
Norse 1.0.0 and 1.1.0, spyx 1.0.0, ngc-learn 3.2.3, jaxsnn 0.3.0. Rules "-docstring" are what
documentation states, by its formula.

A rule has the name and parameters of surrogate.Compat and its slope at the points x.
"""
import importlib, importlib.metadata, json, math, pathlib, sys

FILE = pathlib.Path(__file__).with_name("peers.json")
# Both sides of every edge of the defaults, edges that are exact in binary, and tails.
X = [-20, -3, -1.125, -1, -0.875, -0.625, -0.5, -0.375, -0.125, -0.03125, 0, 0.03125, 0.125, 0.375, 0.5,
     0.625, 0.875, 1, 1.125, 1.625, 2.25, 3, 20]


def put(out, made, rule, params, slope):
    """slope takes and returns a list."""
    v = [float(f"{float(y):.15g}") for y in slope(X)]
    out.append({"rule": rule, "from": made, "params": params, "slope": v})


def torch_slope(f):
    import torch

    def slope(x):
        x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        f(x).sum().backward()
        return x.grad

    return slope


def jax_slope(f):
    import jax, jax.numpy as jnp
    jax.config.update("jax_enable_x64", True)
    return lambda x: [jax.grad(f)(jnp.array(float(v))) for v in x]


def snntorch(out, made):
    from snntorch import surrogate as s

    def both(name, make, *sets):
        for p in sets:
            put(out, made, "snntorch/" + name, p, torch_slope(make(*p)))

    both("fast_sigmoid", s.fast_sigmoid, [25], [3])
    both("atan", s.atan, [2.0], [0.75])
    both("sigmoid", s.sigmoid, [25], [2])
    both("triangular", s.triangular, [1], [0.75])
    both("straight_through", s.straight_through_estimator, [])
    both("heaviside", s.heaviside, [])
    both("spike_rate_escape", s.spike_rate_escape, [1, 25], [2, 3])
    # The function LSO calls another class, which fails, and the class itself cannot be differentiated
    # as it returns one gradient for two inputs: its backward pass alone.
    import torch, types
    for c in [0.1, 0.25]:
        ctx = lambda x: types.SimpleNamespace(saved_tensors=((torch.tensor(x) > 0).float(),), slope=c)
        put(out, made, "snntorch/lso", [c], lambda x: s.LeakySpikeOperator.backward(ctx(x), torch.ones(len(x), dtype=torch.float64)))
    both("sfs", s.SFS, [25, 1], [2, 0.5])
    for a in [2, 0.75]:
        put(out, made, "snntorch/atan-docstring", [a], lambda x: [1 / math.pi / (1 + (math.pi * v * a / 2) ** 2) for v in x])
    for k, b in [[25, 1], [2, 0.5]]:
        put(out, made, "snntorch/sfs-docstring", [k, b], lambda x: [1 / (1 + k * abs(v)) ** 2 if abs(v) < b else 0 for v in x])


def spikingjelly(out, made):
    from spikingjelly.activation_based import surrogate as s
    for name, make, *sets in [
        ("superspike", s.SuperSpike, [1.0], [3.0]), ("atan", s.ATan, [2.0], [0.75]), ("sigmoid", s.Sigmoid, [4.0], [1.5]),
        ("soft_sign", s.SoftSign, [2.0], [5.0]), ("erf", s.Erf, [2.0], [0.75]),
        ("piecewise_quadratic", s.PiecewiseQuadratic, [1.0], [2.0]), ("piecewise_exp", s.PiecewiseExp, [1.0], [2.5]),
        ("q_pseudo_spike", s.QPseudoSpike, [2.0], [3.0]), ("rect", s.Rect, [1.0], [2.0]),
        ("nonzero_sign_log_abs", s.NonzeroSignLogAbs, [1.0], [3.0]), ("piecewise_leaky_relu", s.PiecewiseLeakyReLU, [1.0, 0.01], [0.5, 0.1]),
        ("squarewave_fourier", s.SquarewaveFourierSeries, [2, 8], [5, 3]), ("s2nn", s.S2NN, [4.0, 1.0], [2.0, 0.5]),
        ("leaky_k_relu", s.LeakyKReLU, [0.0, 1.0], [0.25, 2.0]), ("fake_numerical_gradient", s.FakeNumericalGradient, [0.3], [2.0]),
        ("log_tailed_relu", s.LogTailedReLU, [0.0], [0.25]), ("deterministic_pass", s.DeterministicPass, []),
        ("multi_level_spike_count", s.MultiLevelSpikeCount, [4], [2]),
    ]:
        for p in sets:
            put(out, made, "spikingjelly/" + name, p, torch_slope(make(*p)))
    # Its spikes are random numbers of [0, 1] as probabilities: the backward pass alone takes any x.
    import torch
    put(out, made, "spikingjelly/poisson_pass", [], lambda x: s.poisson_pass.backward(None, torch.ones(len(x))))


def rockpool(out, made):
    import torch
    from rockpool.nn.modules.torch.lif_torch import StepPWL, PeriodicExponential
    t = lambda v: torch.tensor(v, dtype=torch.float64)
    for w, th in [[0.5, 1.0], [0.25, 2.0]]:
        put(out, made, "rockpool/step_pwl", [w, th], torch_slope(lambda x: StepPWL.apply(x + th, t(th), t(w))))
        put(out, made, "rockpool/periodic_exponential", [w, th], torch_slope(lambda x: PeriodicExponential.apply(x + th, t(th), t(w))))
    from rockpool.devices.dynapse.simulation.surrogate import step_pwl
    reset = 32.0  # Imem must be positive
    put(out, made, "rockpool/step_pwl-dynapsim", [], jax_slope(lambda x: step_pwl(x + reset, 1.0, reset, math.inf)))


def sinabs(out, made):
    import torch
    from sinabs.activation import Heaviside, Gaussian, MultiGaussian, SingleExponential, PeriodicExponential, MultiSpike
    for rule, make, *sets in [
        ("heaviside", lambda w, th: (Heaviside(w), th), [1.0, 1.0], [0.5, 2.0]),
        ("gaussian", lambda s, c: (Gaussian(0.0, s, c), 1.0), [0.5, 1.0], [0.75, 2.0]),
        ("multi_gaussian", lambda s, h, w, c: (MultiGaussian(0.0, s, h, w, c), 1.0), [0.5, 0.15, 6.0, 1.0], [0.75, 0.25, 3.0, 2.0]),
        ("single_exponential", lambda w, c, th: (SingleExponential(w, c), th), [0.5, 1.0, 1.0], [0.25, 2.0, 0.5]),
        ("periodic_exponential", lambda w, c, th: (PeriodicExponential(w, c), th), [0.5, 1.0, 1.0], [0.25, 2.0, 2.0]),
    ]:
        for p in sets:
            f, th = make(*p)
            put(out, made, "sinabs/" + rule, p, torch_slope(lambda x: MultiSpike.apply(x + th, th, f)))


def norse(out, made):
    from norse.torch.functional.threshold import threshold
    from norse.torch.functional.superspike import super_fn
    import torch
    current = "1.1.0" in made
    for a in [100.0, 3.0]:
        if current:
            put(out, made, "norse/superspike-1.1.0", [], torch_slope(lambda x: super_fn(x, torch.tensor(a))))
        else:
            put(out, made, "norse/superspike", [a], torch_slope(lambda x: super_fn(x, torch.tensor(a, dtype=torch.float64))))
    for rule, method, *sets in [("tanh", "tanh", 100.0, 2.0), ("erfc", "heavi_erfc", 100.0, 2.0), ("circ", "circ", 100.0, 0.5),
                                ("triangle", "triangle", 0.3, 2.0)]:
        for a in sets if current else []:
            put(out, made, "norse/" + rule, [a], torch_slope(lambda x: threshold(x, method, a)))


def spyx(out, made):
    from spyx import axn
    for rule, make, *sets in [("superspike", axn.superspike, [25], [3]), ("arctan", axn.arctan, [2], [0.75]), ("tanh", axn.tanh, [1], [3]),
                              ("triangular", axn.triangular, [2], [0.5]), ("boxcar", axn.boxcar, [2, 0.5], [1, 3])]:
        for p in sets:
            put(out, made, "spyx/" + rule, p, jax_slope(make(*p)))


def ngclearn(out, made):
    import jax
    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    from ngclearn.utils import surrogate_fx as s
    arr = lambda f: lambda x: f(jnp.array(x, jnp.float64))
    put(out, made, "ngclearn/straight_through", [], arr(lambda x: s.straight_through_estimator()[1](x, 0.0)))
    for a in [2.0, 0.75]:
        put(out, made, "ngclearn/arctan", [a], arr(lambda x: s.arctan_estimator()[1](x, 0.0, a)))
        put(out, made, "ngclearn/arctan-autodiff", [a], jax_slope(lambda x: s.arctan_estimator(True)[1](x, a)))
        put(out, made, "ngclearn/triangular", [a], arr(lambda x: s.triangular_estimator()[1](x, 0.0, a)))
    for w in [5.0, 1.0]:
        put(out, made, "ngclearn/explicit_triangular", [w], arr(lambda x: s.explicit_triangular_estimator()[1](x, 0.0, w)))
        put(out, made, "ngclearn/boxcar", [w], arr(lambda x: s.boxcar_estimator()[1](x, 0.0, w)))
    for c1, c2 in [[0.82, 0.08], [2.0, 0.5]]:
        put(out, made, "ngclearn/secant_lif", [c1, c2], arr(lambda x: s.secant_lif_estimator()[1](x, 0.0, c1, c2, False)))
        put(out, made, "ngclearn/secant_lif-docstring", [c1, c2], lambda x: [c1 * c2 / math.cosh(c2 * v) ** 2 if v > 0 else 0 for v in x])


def jaxsnn(out, made):
    import jax
    jax.config.update("jax_enable_x64", True)
    from jaxsnn.discrete.functional.threshold import superspike
    for a in [80.0, 3.0]:
        put(out, made, "jaxsnn/superspike", [a], jax_slope(lambda x: superspike(x, a)))


if __name__ == "__main__":
    data = json.loads(FILE.read_text()) if FILE.exists() else {"rules": []}
    rules = data["rules"]
    for name in sys.argv[1:]:
        new = []
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            version = importlib.import_module(name).__version__
        globals()[name](new, f"{name} {version}")
        rules = [r for r in rules if r["from"] != new[0]["from"]] + new
    rules.sort(key=lambda r: (r["rule"], r["from"]))
    text = ",\n".join(json.dumps(r, separators=(",", ":")) for r in rules)
    FILE.write_text(f'{{"x":{json.dumps(X)},\n"rules":[\n{text}\n]}}\n')
