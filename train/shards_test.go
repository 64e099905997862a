package train

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// ring is a number of ranks in one process.
type ring struct {
	rank int
	mail [][]chan []byte // [from][to]
}

func newRing(n int) []ring {
	mail := make([][]chan []byte, n)
	for i := range mail {
		for range n {
			mail[i] = append(mail[i], make(chan []byte, 1))
		}
	}
	var ranks []ring
	for i := range n {
		ranks = append(ranks, ring{i, mail})
	}
	return ranks
}

func (r ring) Rank() int { return r.rank }
func (r ring) Size() int { return len(r.mail) }
func (r ring) Exchange(rank int, message []byte) ([]byte, error) {
	r.mail[r.rank][rank] <- bytes.Clone(message) // which may change when this returns
	return <-r.mail[rank][r.rank], nil
}

// ramps are samples that differ, of two classes.
type ramps int

func (r ramps) Len() int      { return int(r) }
func (ramps) Form() data.Form { return data.Form{Channels: 3, Target: data.Classes(2)} }
func (ramps) Sample(s *data.Sample, i int) error {
	for j, f := 0, s.Features(3); j < 3; j++ {
		f[j] = math.Mod(0.37*float64(i+1)*float64(j+1), 1)
	}
	s.Label = i % 2
	return nil
}

// shardNet is a small spiking network for batches of rows.
func shardNet(t *testing.T, rows int, params *graph.Params) *Network {
	return normedNet(t, rows, params, false)
}

// normedNet is shardNet, or that with batch normalisation.
func normedNet(t *testing.T, rows int, params *graph.Params, norm bool) *Network {
	t.Helper()
	model := func(b *graph.Builder, x *G.Node) Outputs {
		current := models.Linear{Out: 8, Init: models.Normal(0.5, 1)}.Apply(b, "in", x)
		if norm {
			current = models.BatchNorm{}.Apply(b, "norm", current)
		}
		hidden := models.LIF{TauMem: models.Fixed(5e-3)}.Apply(b, "h", current).Spikes
		logits := b.Check(ops.SumOverTime(models.Linear{Out: 2}.Apply(b, "out", hidden)))
		return Outputs{Logits: logits, Layers: []Layer{{Name: "h", Spikes: hidden}}}
	}
	if params == nil {
		params = graph.NewParams(3)
	}
	net, err := BPTT{Model: model}.Build(params, Shape{Steps: 12, Batch: rows, Channels: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { net.Close() })
	return net
}

// answer is all that a learner gives for some batches, as bits.
func answerBits(l Learner, size int) (s string, err error) {
	set := data.Batches{Data: ramps(22), Encoder: data.Current{}, Size: size, Steps: 12, Seed: 5}
	for epoch := range uint64(2) {
		for k := range set.Len() {
			sums, err := l.Gradient(set, epoch, k)
			if err != nil {
				return "", err
			}
			s += fmt.Sprintf("%+v", sums)
			all, err := Tree(l.Params(), l.Params().Names())
			if err != nil {
				return "", err
			}
			for _, g := range append(all, l.Grads()...) {
				for _, x := range g.F32 {
					s += fmt.Sprintf(" %08x", math.Float32bits(x))
				}
				for _, x := range g.F64 {
					s += fmt.Sprintf(" %016x", math.Float64bits(x))
				}
			}
			if sums, err = l.Evaluate(set, epoch, k); err != nil {
				return "", err
			}
			s += fmt.Sprintf("%+v", sums)
		}
	}
	return s, nil
}

// TestShardsDoNotDependOnRanks compares the bits of one process with those of several. The last
// batch has 7 of 15 rows: shards of 3 and 4 rows, a short one, and one without rows.
func TestShardsDoNotDependOnRanks(t *testing.T) {
	for _, norm := range []bool{false, true} {
		t.Run(fmt.Sprintf("norm %v", norm), func(t *testing.T) { shardsDoNotDependOnRanks(t, norm) })
	}
}

func shardsDoNotDependOnRanks(t *testing.T, norm bool) {
	var want string
	for _, c := range []struct{ ranks, learners int }{{1, 1}, {1, 2}, {1, 4}, {2, 1}, {2, 2}, {4, 1}} {
		ranks := c.ranks
		got, errs := make([]string, ranks), make([]error, ranks)
		var wait sync.WaitGroup
		for i, r := range newRing(ranks) {
			nets := []Learner{normedNet(t, 4, nil, norm)}
			for len(nets) < c.learners {
				nets = append(nets, normedNet(t, 4, nets[0].Params(), norm))
			}
			net, err := Shard(nets, 4, r)
			if err != nil {
				t.Fatal(err)
			}
			wait.Go(func() { got[i], errs[i] = answerBits(net, 15) })
		}
		wait.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		if want == "" {
			want = got[0]
		}
		for i := range got {
			if got[i] != want {
				t.Errorf("%d ranks with %d learners: rank %d has other bits than one process with one", ranks, c.learners, i)
			}
		}
	}
}

// TestShardsGiveTheGradientOfTheBatch compares with the network for whole batches.
func TestShardsGiveTheGradientOfTheBatch(t *testing.T) {
	whole := shardNet(t, 15, nil)
	parts, err := Shard([]Learner{shardNet(t, 4, nil)}, 4, nil)
	if err != nil {
		t.Fatal(err)
	}
	set := data.Batches{Data: ramps(22), Encoder: data.Current{}, Size: 15, Steps: 12, Seed: 5}
	for k := range set.Len() {
		want, err := whole.Gradient(set, 0, k)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parts.Gradient(set, 0, k)
		if err != nil {
			t.Fatal(err)
		}
		if got.Rows != want.Rows || got.Correct != want.Correct || math.Abs(got.Loss-want.Loss) > 1e-5*want.Loss { // float32 sums
			t.Errorf("batch %d: %+v, want %+v", k, got, want)
		}
		largest, off := 0.0, 0.0
		for i, g := range whole.Grads() {
			for j, x := range g.F32 {
				largest = max(largest, math.Abs(float64(x)))
				off = max(off, math.Abs(float64(x-parts.Grads()[i].F32[j])))
			}
		}
		if largest == 0 || off > 1e-5*largest { // some 100 roundings of float32
			t.Errorf("batch %d: gradients differ by %g of %g", k, off, largest)
		}
	}
}

// TestShardsMoveBuffersOnce: with the shards of a batch alike, running means move as with one of
// them alone.
func TestShardsMoveBuffersOnce(t *testing.T) {
	one := normedNet(t, 4, nil, true)
	parts, err := Shard([]Learner{normedNet(t, 4, nil, true)}, 4, nil)
	if err != nil {
		t.Fatal(err)
	}
	set := data.Batches{Data: alike{ramps(4), 16}, Encoder: data.Current{}, Size: 4, Steps: 12, Sequential: true}
	if _, err := one.Gradient(set, 0, 0); err != nil {
		t.Fatal(err)
	}
	set.Size = 16
	if _, err := parts.Gradient(set, 0, 0); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"norm/mean", "norm/variance"} {
		got, want := parts.Params().Value(name), one.Params().Value(name)
		for i, x := range got.Float64s() {
			if w := want.Float64s()[i]; math.Abs(x-w) > 1e-6*math.Abs(w) || x == 0 || x == 1 { // float32
				t.Errorf("%s[%d] is %g, want %g", name, i, x, w)
			}
		}
	}
}

// alike are samples again and again.
type alike struct {
	ramps
	n int
}

func (a alike) Len() int                           { return a.n }
func (a alike) Sample(s *data.Sample, i int) error { return a.ramps.Sample(s, i%int(a.ramps)) }

// burst is a Learner that finds a number that is not finite in a shard of batch 0.
type burst struct {
	*Network
	shard int
}

func (b burst) Gradient(set data.Batches, epoch uint64, k int) (Sums, error) {
	if k == 0 && set.Shard == b.shard {
		return Sums{}, fmt.Errorf("%w: shard %d", graph.ErrNotFinite, b.shard)
	}
	return b.Network.Gradient(set, epoch, k)
}

// TestNotFiniteInOneRank has shard 2 of 4 leave the finite numbers: every rank learns of it from
// the sum, and that of the next batch is as of one process.
func TestNotFiniteInOneRank(t *testing.T) {
	set := data.Batches{Data: ramps(22), Encoder: data.Current{}, Size: 15, Steps: 12, Seed: 5}
	var want string
	for _, ranks := range []int{1, 2, 4} {
		got, first, errs := make([]string, ranks), make([]error, ranks), make([]error, ranks)
		var wait sync.WaitGroup
		for i, r := range newRing(ranks) {
			net, err := Shard([]Learner{burst{shardNet(t, 4, nil), 2}}, 4, r)
			if err != nil {
				t.Fatal(err)
			}
			wait.Go(func() {
				_, first[i] = net.Gradient(set, 0, 0)
				sums, err := net.Gradient(set, 0, 1)
				got[i], errs[i] = fmt.Sprintf("%+v %v", sums, net.Grads()), err
			})
		}
		wait.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		if want == "" {
			want = got[0]
		}
		for i := range got {
			if text := "shard 2"; !errors.Is(first[i], graph.ErrNotFinite) || !strings.Contains(first[i].Error(), text) {
				t.Errorf("%d ranks: rank %d: error %v, want one of numbers that are not finite in %s", ranks, i, first[i], text)
			}
			if got[i] != want {
				t.Errorf("%d ranks: rank %d has another gradient than one process, of the batch behind", ranks, i)
			}
		}
	}
}

// TestShardMessages sends sums of any kind there and back.
func TestShardMessages(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	p := newPart(shardNet(t, 4, nil).Grads())
	p.sums = Sums{Rows: 3, Correct: 2, Loss: math.NaN(), Spikes: math.Inf(1), Silent: 4, Grazing: 5, Clipped: 6,
		Metrics: []Measured{{"a", 0.1}, {"b", math.Copysign(0, -1)}}, Layers: []LayerSpikes{{Name: "h", Spikes: 7, Neurons: []float64{3, 4}, Steps: 12}, {Name: "g"}}}
	for _, g := range p.grads {
		for i := range g.F32 {
			g.F32[i] = float32(rng.NormFloat64())
		}
	}
	message, err := p.encode(nil, true)
	if err != nil {
		t.Fatal(err)
	}
	q := newPart(p.grads)
	if err := q.decode(message, true); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%+v", q.sums), fmt.Sprintf("%+v", p.sums); got != want || !reflect.DeepEqual(q.grads, p.grads) {
		t.Errorf("%s came back as %s", want, got)
	}
	for cut := range message {
		if q.decode(message[:cut], true) == nil {
			t.Fatalf("a message cut to %d of %d bytes was accepted", cut, len(message))
		}
	}
}

// messagePart returns a part with gradients of both types.
func messagePart() *part {
	p := newPart(optim.Tree{{Name: "w", F32: []float32{1, 2}}, {Name: "v", F64: []float64{3}}})
	p.sums = Sums{Rows: 3, Correct: 2, Loss: 0.5, Metrics: []Measured{{"a", 0.1}}, Layers: []LayerSpikes{{Name: "h", Spikes: 7, Neurons: []float64{3, 4}, Steps: 12}}}
	return &p
}

// FuzzMessage reads what another rank may send: sums that go into a message again, or an error.
func FuzzMessage(f *testing.F) {
	message, err := messagePart().encode(nil, true)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(message, true)
	f.Add([]byte("\x1e\x00\x00\x00\x00\x00\x00\x00{\"Fault\":{\"Rank\":1,\"Reason\":\"\"}}"), true)
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"), false)
	f.Fuzz(func(t *testing.T, message []byte, gradient bool) {
		p := messagePart()
		if p.decode(message, gradient) != nil {
			return
		}
		if _, err := p.encode(nil, gradient); err != nil {
			t.Fatal(err)
		}
	})
}

func TestShardSettings(t *testing.T) {
	net := []Learner{shardNet(t, 4, nil)}
	for _, c := range []struct {
		shards int
		peers  Peers
	}{{0, nil}, {-1, nil}, {3, nil}, {2, newRing(4)[0]}, {4, newRing(3)[0]}} {
		if _, err := Shard(net, c.shards, c.peers); !errors.Is(err, ErrSettings) {
			t.Errorf("%d shards: error %v, want ErrSettings", c.shards, err)
		}
	}
	s, err := Shard(net, 4, nil)
	if err != nil {
		t.Fatal(err)
	}
	set := data.Batches{Data: ramps(22), Encoder: data.Current{}, Size: 3, Steps: 12}
	if _, err := s.Gradient(set, 0, 0); !errors.Is(err, data.ErrSettings) && !errors.Is(err, ErrSettings) {
		t.Errorf("a batch of 3 rows in 4 shards: error %v, want ErrSettings", err)
	}
}
