package main

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// TestRun: of a core of 12 neurons that differ by 5 %, all true currents lie within three standard
// errors, and those that act smoothly are found twice as well, in the root of the mean square of ln
// I, as from one neuron. (The square root of 12 is 3.5.)
func TestRun(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: the tests of package fit run what is concurrent in it")
	}
	const n = 12
	r, err := record(n, 0.05, 1)
	if err != nil {
		t.Fatal(err)
	}
	all, err := run(r, n)
	if err != nil {
		t.Fatal(err)
	}
	one, err := run(first(r, n), 1)
	if err != nil {
		t.Fatal(err)
	}
	var squares [2]float64
	for i, p := range shared {
		for k, res := range []*fit.Result{all, one} {
			d := math.Log(res.Parameter(p.String()).Value / truth[i])
			if p != dynapse.Iref {
				squares[k] += d * d
			}
		}
		low, high := all.Parameter(p.String()).Interval[0], all.Parameter(p.String()).Interval[1]
		if room := math.Sqrt(math.Sqrt(high / low)); truth[i] < low/room || truth[i] > high*room { // the interval is one of 2 standard errors
			t.Errorf("%v: %v is far from %v to %v", p, truth[i], low, high)
		}
	}
	if squares[0] > squares[1]/4 {
		t.Errorf("sums of squares: %v from all neurons, %v from one", squares[0], squares[1])
	}
}

// TestRecording: recording.csv is the recording of 16 neurons that differ by 10 %, with four
// digits.
func TestRecording(t *testing.T) {
	const n = 16
	r, err := record(n, 0.1, 1)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open("recording.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1+steps || len(rows[0]) != 3*n {
		t.Fatalf("%d rows, %d columns", len(rows), len(rows[0]))
	}
	for k, column := range []struct {
		name string
		v    []float64
	}{{"input", r.Input}, {"spikes", r.Target[fit.Spikes]}, {"imem", r.Target[fit.Imem]}} {
		for j := range n {
			if got, want := rows[0][k*n+j], fmt.Sprintf("%s_%d", column.name, j); got != want {
				t.Fatalf("column %s, want %s", got, want)
			}
			for i := range steps {
				got, err := strconv.ParseFloat(rows[1+i][k*n+j], 64)
				if err != nil {
					t.Fatal(err)
				}
				if want := column.v[i*n+j]; math.Abs(got-want) > 6e-4*want {
					t.Fatalf("%s of neuron %d, step %d: %v, want %v", column.name, j, i, got, want)
				}
			}
		}
	}
}
