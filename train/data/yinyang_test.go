package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"testing"
)

// TestYinYangGolden compares with the published generator, bit for bit; see
// testdata/README.md.
func TestYinYangGolden(t *testing.T) {
	raw, err := os.ReadFile("testdata/yinyang/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden []struct {
		Seed          uint32
		Size          int
		RSmall        float64 `json:"r_small"`
		RBig          float64 `json:"r_big"`
		SamplesSHA256 string  `json:"samples_sha256"`
		LabelsSHA256  string  `json:"labels_sha256"`
		Samples       [][]float64
		Labels        []int
	}
	if err := json.Unmarshal(raw, &golden); err != nil {
		t.Fatal(err)
	}
	test, validation, train := golden[0], golden[1], golden[2]
	sets := make([]*YinYang, len(golden))
	sets[2], sets[1], sets[0] = StandardYinYang()
	if test.Seed != 40 || validation.Seed != 41 || train.Seed != 42 || len(golden) != 4 {
		t.Fatal("golden.json has other sets than its README says")
	}
	if sets[3], err = NewYinYang(YinYangSettings{Size: 1000, Seed: golden[3].Seed, RSmall: golden[3].RSmall, RBig: golden[3].RBig}); err != nil {
		t.Fatal(err)
	}

	for k, g := range golden {
		d := sets[k]
		if d.Len() != g.Size {
			t.Fatalf("seed %d: %d samples, want %d", g.Seed, d.Len(), g.Size)
		}
		var samples, labels bytes.Buffer
		var s Sample
		for i := range d.Len() {
			if err := d.Sample(&s, i); err != nil {
				t.Fatal(err)
			}
			x, label := s.X, s.Label
			if i < len(g.Samples) {
				for j, want := range g.Samples[i] {
					if x[j] != want || label != g.Labels[i] {
						t.Fatalf("seed %d, sample %d: %v class %d, want %v class %d", g.Seed, i, x, label, g.Samples[i], g.Labels[i])
					}
				}
			}
			for _, v := range x {
				samples.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)))
			}
			labels.WriteByte(byte(label))
		}
		for _, c := range []struct {
			what string
			got  []byte
			want string
		}{{"samples", samples.Bytes(), g.SamplesSHA256}, {"labels", labels.Bytes(), g.LabelsSHA256}} {
			if h := sha256.Sum256(c.got); hex.EncodeToString(h[:]) != c.want {
				t.Errorf("seed %d: SHA-256 of %s is %x, want %s", g.Seed, c.what, h, c.want)
			}
		}
	}
}

// TestYinYangClasses names one point of each region by hand, at RBig 0.5, RSmall 0.1.
func TestYinYangClasses(t *testing.T) {
	g := yinYangGenerator{YinYangSettings: YinYangSettings{RBig: 0.5, RSmall: 0.1}}
	for _, c := range []struct {
		x, y float64
		want uint8
		why  string
	}{
		{0.25, 0.5, Dot, "centre of the left dot"},
		{0.75, 0.55, Dot, "in the right dot"},
		{0.25, 0.35, Yang, "left half circle, below"},
		{0.5, 0.9, Yang, "above"},
		{0.75, 0.65, Yin, "right half circle, above"},
		{0.5, 0.1, Yin, "below"},
	} {
		if got := g.which(c.x, c.y); got != c.want {
			t.Errorf("(%g, %g), %s: class %d, want %d", c.x, c.y, c.why, got, c.want)
		}
	}
}

func TestYinYangSettings(t *testing.T) {
	d, err := NewYinYang(YinYangSettings{})
	if err != nil || d.Len() != 1000 || d.Form().Channels != 4 || d.Form().Target.Size != 3 {
		t.Fatalf("zero settings: %v", err)
	}
	for _, s := range []YinYangSettings{
		{Size: -1}, {RBig: -0.5}, {RBig: 0.6}, {RBig: math.NaN()},
		{RSmall: 0.26}, {RSmall: 1e-9}, {RSmall: math.NaN()}, {RBig: 0.1, RSmall: 0.1},
	} {
		if _, err := NewYinYang(s); !errors.Is(err, ErrSettings) {
			t.Errorf("%+v: error %v, want ErrSettings", s, err)
		}
	}
	if err := d.Sample(&Sample{}, 1000); !errors.Is(err, ErrIndex) {
		t.Errorf("sample 1000 of 1000: error %v, want ErrIndex", err)
	}
}
