"""Writes scope.nwb, with pynwb 4.2.0:

    pip install pynwb==4.2.0
    python make_nwb.py

A membrane potential in 16-bit numbers at 2 kHz, whose conversion and offset make it volts, from 5 s on;
an input of counts at 1 kHz; the spikes of two units.
"""
from datetime import datetime, timezone

import numpy as np
from pynwb import NWBHDF5IO, NWBFile, TimeSeries

nwb = NWBFile("a membrane", "surge", datetime(2026, 1, 1, tzinfo=timezone.utc))
count = np.arange(48)
nwb.add_acquisition(TimeSeries(name="Vm", data=(100 * count).astype("i2"), unit="volts", conversion=1e-6,
                               offset=1e-3, starting_time=5.0, rate=2000.0))
nwb.add_acquisition(TimeSeries(name="temperature", data=np.ones(3), unit="celsius", starting_time=5.0, rate=1.0))
nwb.add_stimulus(TimeSeries(name="input", data=(count[:24] % 3 == 0).astype("f4"), unit="counts",
                            timestamps=5.0 + 1e-3 * np.arange(24)))
nwb.add_unit(spike_times=[5.0035, 5.0125])
nwb.add_unit(spike_times=[5.02])
with NWBHDF5IO("scope.nwb", "w") as out:
    out.write(nwb, cache_spec=False)
