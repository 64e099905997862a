package main

import (
	"math"
	"testing"
)

// TestFit: of steps that follow the model exactly its costs come out, also where one is 0.
func TestFit(t *testing.T) {
	for _, want := range []model{
		{Start: 30e-6, Row: 0.5e-12, Gradient: 0.4e-9, Latency: 50e-6, Sum: 1.5e-9},
		{Start: 30e-6, Row: 0.5e-12, Latency: 50e-6, Sum: 1.5e-9},
	} {
		samples := []sample{{Ranks: 2, Bytes: 1 << 20, Seconds: 1e-4}}
		for _, ranks := range []int{1, 2, 4} {
			for _, h := range hidden {
				for _, b := range rows {
					s := sample{Processors: 2, Ranks: ranks, Rows: b, Params: h * (channels + classes)}
					s.Seconds = want.step(ranks, 2, shards, b/shards, float64(s.Params))
					samples = append(samples, s)
				}
			}
		}
		got, err := fit(samples)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ got, want, size float64 }{
			{got.Start, want.Start, 1e-6}, {got.Row, want.Row, 1e-13}, {got.Gradient, want.Gradient, 1e-10},
			{got.Latency, want.Latency, 1e-6}, {got.Sum, want.Sum, 1e-10}, {got.Bandwidth, (1 << 20) / 1e-4, 1}, {got.Worst, 0, 1},
		} {
			if math.Abs(c.got-c.want) > 1e-6*c.size { // roundings of 18 equations
				t.Errorf("%+v: found %g, want %g", want, c.got, c.want)
			}
		}
	}
	if _, err := fit(nil); err == nil {
		t.Error("a fit of nothing has no error")
	}
}
