"""Gradient steps of a library: a request in a line of JSON, an answer in a line of JSON.

peer.py LIBRARY float64|float32, where LIBRARY_steps.py beside it has VERSION, and build, which
returns a function that makes one step and the answer to the request of a network. Requests with
"steps" time it.
"""

import importlib
import json
import os
import sys
import time

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what others print must not come between the answers

import jax

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", sys.argv[2] == "float64")

library = importlib.import_module(sys.argv[1] + "_steps")


def main():
    answer = {
        "python": sys.version.split()[0],
        "jax": jax.__version__,
        "version": library.VERSION,
    }
    step = None
    while True:
        print(json.dumps(answer), file=answers, flush=True)
        line = sys.stdin.readline()
        if not line:
            return
        request = json.loads(line)
        if "steps" in request:
            seconds = []
            for _ in range(request["steps"]):
                begin = time.perf_counter()
                step()
                seconds.append(time.perf_counter() - begin)
            answer = {"seconds": seconds}
        else:
            try:
                step, answer = library.build(request)
            except Exception as err:
                answer = {"error": f"{type(err).__name__}: {err}"}


main()
