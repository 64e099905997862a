package chip_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	pool := hostile.Of(dynapse.Network{N: 1}, dynapse.Network{N: 2, WRec: []float64{0, 1, 1, 0}}, strings.NewReader("{}"), new(bytes.Buffer),
		chip.DeviceParameters()[0], chip.ChipCurrents()[0], chip.Weights{Pre: 1, Post: 2, W: []float64{1, 2}}, chip.DefaultQuantities())
	inBuild := func(call func(values ...any) []reflect.Value) {
		p, err := graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) {
			for _, y := range call(b) {
				if node, ok := y.Interface().(*G.Node); ok && node != nil {
					b.Output("y", node)
				}
			}
		})
		if err == nil {
			p.Run()
			p.Close()
		}
	}
	functions := map[string]any{
		"ChipCurrents": chip.ChipCurrents, "Cores": chip.Cores, "DeviceParameter": chip.DeviceParameter, "DeviceParameters": chip.DeviceParameters,
		"GainCurrent": chip.GainCurrent, "GainRatio": chip.GainRatio, "LeakCurrent": chip.LeakCurrent, "PulseCurrent": chip.PulseCurrent, "PulseWidth": chip.PulseWidth,
		"SimulatorCurrent": chip.SimulatorCurrent, "SlopeVoltage": chip.SlopeVoltage, "SpreadCores": chip.SpreadCores, "TimeConstant": chip.TimeConstant,
		"BiasOf": chip.BiasOf, "Deploy": chip.Deploy, "ReadDevice": chip.ReadDevice, "ReadSamna": chip.ReadSamna, "AsGraph": chip.AsGraph, "Quantise": chip.Quantise,
		"DefaultQuantities": chip.DefaultQuantities, "Describe": chip.Describe, "ReadRockpool": chip.ReadRockpool, "ParseRockpool": chip.ParseRockpool, "Tie": chip.Tie, "FromGraph": chip.FromGraph,
	}
	hostile.API{Functions: functions, Pool: pool, Types: []any{chip.Device{}, chip.Chip{}, chip.Core{}, chip.Quantised{}, chip.Graph{}, chip.Weights{}, chip.Specification{},
		chip.Code{}, chip.Bias{}, chip.BaseCurrents{}, chip.Quantities{}, chip.Codes{}, chip.Tied{}, chip.Deviation{}, chip.CodedWeights{}, chip.Destination{}, chip.LIF{}},
		Inside: map[reflect.Type]func(func(...any) []reflect.Value){reflect.TypeFor[*graph.Builder](): inBuild}}.Test(t)
}

// TestNegativeSources: a number of sources below 0 is an error where there are no weights, too.
func TestNegativeSources(t *testing.T) {
	for _, q := range []*chip.Quantised{{In: chip.Codes{Pre: -5}}, {Rec: chip.Codes{Pre: -1}}} {
		if _, err := chip.Deploy(dynapse.Network{}, q, chip.DeploySettings{}); !errors.Is(err, dynapse.ErrParameter) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}
