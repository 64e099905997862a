package data_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/http"
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/train/data"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	t.Chdir(t.TempDir())
	offline := func(s data.Download) data.Download {
		s.Client = &http.Client{Transport: http.NewFileTransport(http.Dir(t.TempDir()))}
		s.Mirrors = []string{"file:///"}
		return s
	}
	fetch := func(ctx context.Context, a []data.Asset, s data.Download) error {
		return data.Fetch(ctx, ".", a, offline(s))
	}
	getMNIST := func(ctx context.Context, s data.Download) error { return data.GetMNIST(ctx, ".", offline(s)) }
	small, err := data.NewYinYang(data.YinYangSettings{Size: 6})
	if err != nil {
		t.Fatal(err)
	}
	hostile.API{
		Functions: map[string]any{
			"NewBlend": data.NewBlend, "Classes": data.Classes, "Subset": data.Subset, "Split": data.Split, "Describe": data.Describe, "OfEvents": data.OfEvents, "Digest": data.Digest,
			"MNIST": data.MNIST, "GetMNIST": getMNIST, "Fetch": fetch, "NewBlock": data.NewBlock, "StepOf": data.StepOf, "ReadIDX": data.ReadIDX,
			"ParseIDX": data.ParseIDX, "Choices": data.Choices[float64], "LoadMNIST": data.LoadMNIST, "PublishedSets": data.PublishedSets, "Grasshopper": data.Grasshopper, "LoadGrasshopper": data.LoadGrasshopper, "IsGrasshopper": data.IsGrasshopper, "ParseReceptor": data.ParseReceptor, "NewYinYang": data.NewYinYang, "StandardYinYang": data.StandardYinYang,
		},
		Types: []any{
			new(data.Shift), new(data.Warp), new(data.Augments), new(data.Rotate), new(data.Noise), new(data.EventShift), new(data.Blend),
			new(data.Batches), new(data.KeyError), new(data.Catalogue[float64]), new(data.Row[float64]), new(data.Params), new(data.CSV),
			new(data.Input), new(data.TargetKind), new(data.Sample), new(data.Block), new(data.Course), new(data.Current),
			new(data.Delta), new(data.Latency), new(data.None), new(data.Phase), new(data.Population), new(data.Rate),
			new(data.Taps), new(data.TTFSBias), new(data.EventFiles), new(data.Friedman), new(data.Lowpass), new(data.Patterns),
			new(data.Choice), new(data.Images), new(data.NPZ), new(data.Order), new(data.Published), new(data.Parts),
			new(data.YinYangSource), new(data.MNISTSource), new(data.SHD), new(data.TS), new(data.YinYang), new(data.Receptor),
		},
		Pool: hostile.Of(t.Context(), small, data.Rate{}, data.None{}, data.Latency{}, data.Batches{Data: small, Encoder: data.Rate{}, Size: 2, Steps: 3}, rand.New(rand.NewPCG(1, 2)), new(bytes.Buffer)),
	}.Test(t)
}
