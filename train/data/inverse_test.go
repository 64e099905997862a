package data

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestPopulationInverse: the spike times of a feature give its responses, and those of two channels
// give the feature back,
//
//	ln r_m - ln r_n = ((x - c_n)² - (x - c_m)²) / (2 w²),  which is linear in x
//
// and every channel agrees.
func TestPopulationInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Float64Range(-5, 5).Draw(t, "low")
		e := Population{
			Neurons: rapid.IntRange(2, 12).Draw(t, "neurons"), Low: low, High: low + rapid.Float64Range(0.1, 10).Draw(t, "span"),
			// From a third of the distance on two channels respond above the threshold: at the
			// centre of the one, exp(-1/(2 0.5²)) = 0.135.
			Width: rapid.Float64Range(0.5, 3).Draw(t, "width"), Threshold: 0.01, TMax: rapid.Float64Range(1e-3, 1).Draw(t, "t_max"),
		}
		x := e.Low + (e.High-e.Low)*rapid.Float64Range(0, 1).Draw(t, "x")
		spikes, err := e.AppendSpikes(nil, []float64{x})
		if err != nil {
			t.Fatal(err)
		}
		step := (e.High - e.Low) / float64(e.Neurons-1)
		w, centre := step*e.Width, func(m int) float64 { return e.Low + float64(m)*step }
		log := func(s Spike) float64 { return math.Log1p(-s.Time / e.TMax) } // of the response
		if len(spikes) < 2 {
			t.Fatalf("%v spikes, want 2", spikes)
		}
		first := spikes[0]
		for _, s := range spikes[1:] {
			a, b := centre(first.Channel), centre(s.Channel)
			got := (a+b)/2 + w*w*(log(s)-log(first))/(b-a)
			// A response of 0.01 or more has a relative error of some 1e-14, so has its logarithm
			// absolutely; x and the centres are rounded at |Low| + span.
			tol := 1e-13*w*w/math.Abs(b-a) + 1e-14*(math.Abs(e.Low)+e.High-e.Low)*(1+w/step)
			if math.Abs(got-x) > tol {
				t.Fatalf("channels %d and %d give %v, want %v within %g", first.Channel, s.Channel, got, x, tol)
			}
		}
	})
}

// TestDeltaInverse: the signed sum of the spikes so far, times the threshold, follows the sequence
// to less than a threshold at every step, in blocks and in lists.
func TestDeltaInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// A change of 40 is at most 800 spikes at once; 1000 are allowed.
		e := Delta{Threshold: rapid.Float64Range(0.05, 2).Draw(t, "threshold")}
		channels := rapid.IntRange(1, 3).Draw(t, "channels")
		hold := rapid.IntRange(1, 3).Draw(t, "hold")
		x := rapid.SliceOfN(rapid.Float64Range(-20, 20), channels, 10*channels).Draw(t, "x")
		x = x[:len(x)/channels*channels]
		steps := len(x) / channels
		block := NewBlock(steps*hold, e.Channels(channels))
		if err := e.EncodeSequence(block, x, hold, nil); err != nil {
			t.Fatal(err)
		}
		const period = 0.5 // s, exact
		spikes, err := e.AppendSequence(nil, x, channels, period)
		if err != nil {
			t.Fatal(err)
		}
		for c := range channels {
			inBlock, inList, next := 0.0, 0.0, 0
			for s := range steps {
				for k := range hold {
					row := block.Step(s*hold + k)
					inBlock += float64(row[2*c] - row[2*c+1])
				}
				for ; next < len(spikes) && spikes[next].Time <= float64(s)*period; next++ {
					switch spikes[next].Channel {
					case 2 * c:
						inList++
					case 2*c + 1:
						inList--
					}
				}
				// Less than a threshold, with the 1e-9 of it that Delta rounds away and the
				// roundings of values of 20.
				got := x[c] + inBlock*e.Threshold
				if d := math.Abs(got - x[s*channels+c]); d > e.Threshold*(1+2e-9)+1e-13 || inBlock != inList {
					t.Fatalf("channel %d, step %d: %v from the block, %v spikes of %v in the list; want %v", c, s, got, inList, inBlock, x[s*channels+c])
				}
			}
		}
	})
}

// TestPhaseInverse: the digits of a period are those of the feature.
func TestPhaseInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Phase{Bits: rapid.IntRange(1, 24).Draw(t, "bits"), Plain: rapid.Bool().Draw(t, "plain")}
		x := rapid.Float64Range(0, 1).Draw(t, "x")
		block := NewBlock(2*e.Bits, 1)
		if err := e.Encode(block, []float64{x}, nil); err != nil {
			t.Fatal(err)
		}
		for period := range 2 {
			got := 0.0
			for k := range e.Bits {
				v := float64(block.Step(period*e.Bits + k)[0])
				if e.Plain {
					v = math.Ldexp(v, -(k + 1))
				}
				got += v
			}
			if d := x - got; d < 0 || d > math.Ldexp(1, -e.Bits) {
				t.Fatalf("%v becomes %v in period %d", x, got, period)
			}
		}
	})
}

// TestTimesInverse: the times of Latency and TTFSBias give the features back.
func TestTimesInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		early := rapid.Float64Range(0, 1).Draw(t, "early")
		late := early + rapid.Float64Range(1e-3, 1).Draw(t, "span")
		x := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 6).Draw(t, "x")
		// A time is rounded at late, 1e-16 of it, and divided by a span of a thousandth or more.
		tol := 4e-16 * late / (late - early)
		threshold := rapid.Float64Range(0, 0.5).Draw(t, "threshold")
		for _, c := range []struct {
			e    EventEncoder
			back func(time float64) float64
			none func(x float64) bool
		}{
			{Latency{TMin: early, TMax: late, Threshold: threshold}, func(s float64) float64 { return 1 - (s-early)/(late-early) }, func(x float64) bool { return x <= threshold }},
			{TTFSBias{TEarly: early, TLate: late, TBias: early}, func(s float64) float64 { return (s - early) / (late - early) }, func(float64) bool { return false }},
		} {
			spikes, err := c.e.AppendSpikes(nil, x)
			if err != nil {
				t.Fatal(err)
			}
			times := make([]float64, c.e.Channels(len(x)))
			for i := range times {
				times[i] = math.NaN()
			}
			for _, s := range spikes {
				times[s.Channel] = s.Time
			}
			for i, want := range x {
				got := c.back(times[i])
				if got != got != c.none(want) || math.Abs(got-want) > tol {
					t.Fatalf("%+v: feature %v becomes %v", c.e, want, got)
				}
			}
			if len(times) > len(x) && times[len(x)] != early {
				t.Fatalf("the bias spikes at %v", times[len(x)])
			}
		}
	})
}

// TestLogarithmicLatency: a leaky integrator under the constant current of a feature is at the
// threshold at the time of its spike, and the features without one do not come there in time.
func TestLogarithmicLatency(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Latency{
			TMin: rapid.Float64Range(0, 0.01).Draw(t, "t_min"), TMax: 0.05, Tau: rapid.Float64Range(1e-3, 0.1).Draw(t, "tau"),
			Threshold: rapid.Float64Range(0.01, 0.9).Draw(t, "threshold"),
		}
		x := rapid.Float64Range(0, 1).Draw(t, "x")
		voltage := func(time float64) float64 { return x * -math.Expm1(-(time-e.TMin)/e.Tau) }
		spikes, err := e.AppendSpikes(nil, []float64{x})
		switch {
		case err != nil:
			t.Fatal(err)
		// A dozen roundings, and those of the time, some 1e-16 of 50 ms, in units of tau.
		case len(spikes) == 1 && math.Abs(voltage(spikes[0].Time)-e.Threshold) > 1e-13:
			t.Fatalf("%+v: feature %v spikes at %v s, where the integrator is at %v", e, x, spikes[0].Time, voltage(spikes[0].Time))
		case len(spikes) == 0 && voltage(e.TMax) > e.Threshold+1e-13:
			t.Fatalf("%+v: feature %v gives no spike, and the integrator ends at %v", e, x, voltage(e.TMax))
		}
	})
}

// TestTapsInverse: the taps of each channel are the sequence, delayed.
func TestTapsInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Taps{
			Count: rapid.IntRange(1, 4).Draw(t, "count"), Stride: rapid.IntRange(1, 3).Draw(t, "stride"),
			Scale: 0.5, Wrap: rapid.Bool().Draw(t, "wrap"),
		}
		// Halves are exact in float32.
		whole := rapid.SliceOfN(rapid.IntRange(-1000, 1000), 1, 12).Draw(t, "x")
		x := make([]float64, len(whole))
		for i, v := range whole {
			x[i] = float64(v)
		}
		block := NewBlock(len(x), e.Count)
		if err := e.EncodeSequence(block, x, 1, nil); err != nil {
			t.Fatal(err)
		}
		for m := range e.Count {
			for s := range x {
				at, want := s+m*e.Stride, x[s]
				if at >= len(x) {
					if !e.Wrap {
						continue
					}
					at %= len(x)
				}
				if got := float64(block.Step(at)[m]) / e.Scale; got != want {
					t.Fatalf("tap %d at step %d is %v, want %v", m, at, got, want)
				}
			}
		}
	})
}
