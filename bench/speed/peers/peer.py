"""What the scripts share: the conversation with the program that measures.

The first line on standard input is a JSON object with the shape of the workload. The answer has
the name of the peer and the firing rate of its hidden neurons. Every other line asks for one
run; the answer has the seconds of the forward pass and, where there is a gradient, of forward and backward pass.
"""

import json
import sys
import time


def clock(f):
    begin = time.perf_counter()
    f()
    return time.perf_counter() - begin


def calibrate(rate, firing, scale):
    """Scale weights until neurons fire at the rate: firing() measures, scale(factor) changes."""
    low, high, now = None, None, 1.0
    for _ in range(20):
        if firing() < rate:
            low = now
            new = 2 * now if high is None else (now + high) / 2
        else:
            high = now
            new = now / 2 if low is None else (low + now) / 2
        scale(new / now)
        now = new


def serve(build):
    """build(size) returns name, firing rate, forward() and gradient(), None where there is none."""
    out = sys.stdout
    sys.stdout = sys.stderr  # libraries print
    try:
        size = json.loads(sys.stdin.readline())
        name, firing, forward, gradient = build(size)
        print(json.dumps({"name": name, "firing": firing}), file=out, flush=True)
        for _ in sys.stdin:
            times = {"forward": clock(forward)}
            if gradient:
                times["gradient"] = clock(gradient)
            print(json.dumps(times), file=out, flush=True)
    except Exception as e:
        print(json.dumps({"error": f"{type(e).__name__}: {e}"}), file=out, flush=True)
