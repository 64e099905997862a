package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// train is a response with these spikes, and a flat membrane.
func train(spikes ...int) response { return response{spikes: spikes, y: make([]float64, steps)} }

// every returns spikes from a bin on, with such intervals.
func every(from int, intervals ...int) (list []int) {
	list = []int{from}
	for _, d := range intervals {
		from += d
		list = append(list, from)
	}
	return list
}

// repeat is an interval so many times.
func repeat(d, n int) (list []int) {
	for range n {
		list = append(list, d)
	}
	return list
}

// TestPatternsTell: trains drawn by hand after Izhikevich's figure show their pattern, and no other
// one of a step but where one is a case of the other.
func TestPatternsTell(t *testing.T) {
	trains := map[string]response{
		"A": train(every(220, repeat(48, 10)...)...),
		"B": train(230),
		"C": train(220, 228, 236, 320, 328, 336, 420, 428, 520, 528, 620, 628),
		"D": train(220, 228, 236, 244),
		"E": train(every(215, append([]int{6, 8}, repeat(60, 7)...)...)...),
		"F": train(every(215, 12, 20, 30, 40, 50, 60, 70, 80, 90)...),
	}
	for _, p := range patterns[:6] {
		for letter, r := range trains {
			got := p.missing([]response{r}) == 0
			if want := letter == p.letter || p.letter == "F" && letter == "E"; got != want {
				t.Errorf("%s shows the pattern of %s: %v, want %v", letter, p.name, got, want)
			}
		}
		if p.missing([]response{train()}) == 0 {
			t.Errorf("silence is %s", p.name)
		}
	}
}

// TestSilence: nothing is shown by a neuron that never spikes and whose membrane never moves.
func TestSilence(t *testing.T) {
	for _, p := range patterns {
		var r []response
		for range p.rows {
			r = append(r, train())
		}
		if v := p.missing(r); !(v > 0) {
			t.Errorf("%s of silence: %v", p.name, v)
		}
	}
}

// TestCodes: there is an entry for each pattern, in their order, and the codes do what the page
// says of them.
func TestCodes(t *testing.T) {
	var list []entry
	if err := json.Unmarshal(found, &list); err != nil || len(list) != len(patterns) {
		t.Fatalf("%d entries, %v", len(list), err)
	}
	page, err := os.ReadFile("../atlas.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range list {
		p := patterns[i]
		if e.Letter != p.letter {
			t.Fatalf("entry %d is %s, want %s", i, e.Letter, p.letter)
		}
		o, err := nominal(e)
		if err != nil {
			t.Fatal(err)
		}
		row := fmt.Sprintf("| %s | [%s](#%s) | not found |", e.Letter, p.name, strings.ReplaceAll(p.name, " ", "-"))
		if strings.Contains(string(page), row) != (o.missing > 0) {
			t.Errorf("%s misses %v, the page says another thing", p.name, o.missing)
		}
	}
}

// TestMonotone: where a neuron has one dendrite for each input, and has not spiked, inhibition
// never leaves its membrane higher than it would be without: why it has no rebound.
func TestMonotone(t *testing.T) {
	b := box()
	for i := range 20 {
		var x []float64
		for k := range currents {
			lo, hi := b.At(k)
			u := float64((i*(2*k+3)+k)%20) / 19
			x = append(x, lo+(hi-lo)*u)
		}
		p := pattern{rows: []stimulus{step, both(step, inhibition(300, 400))}}
		err := respond(&p, wirings[0], networks(wirings[0], x), func(_ int, r []response) {
			for at := range steps {
				if len(r[0].spikes) > 0 && at >= r[0].spikes[0] {
					break
				}
				if r[1].y[at] > r[0].y[at]+1e-9 {
					t.Errorf("point %d, bin %d: ln Imem %v with inhibition, %v without", i, at, r[1].y[at], r[0].y[at])
					break
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
