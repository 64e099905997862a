package nir

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// A graph that is rewritten for another reader gives there the spikes that it had, and what the
// reader cannot do is refused.
func TestExpress(t *testing.T) {
	refused := map[string]string{ // by file, from, to
		"lif.nir snntorch sinabs": "subtracts the threshold", "lif.nir snntorch spyx": "one step later",
	}
	tested := 0
	for _, r := range replays(t) {
		g, err := Read("testdata/" + r.File)
		if err != nil {
			t.Fatal(err)
		}
		for from, given := range r.Peers {
			if given.Error != "" || from == "torch" {
				continue
			}
			net, err := Compile(g, Peers[from], 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, to := range append([]string{"surge"}, PeerNames...) {
				name := fmt.Sprint(r.File, " ", from, " ", to)
				rewritten, err := Express(g, net, to, 0)
				if want := refused[name]; want != "" {
					if !errors.Is(err, ErrMeaning) || !strings.Contains(err.Error(), want) {
						t.Errorf("%s: %v, want %q", name, err, want)
					}
					continue
				}
				if err != nil {
					if !errors.Is(err, ErrMeaning) && !errors.Is(err, ErrGraph) {
						t.Errorf("%s: %v", name, err)
					}
					continue
				}
				c := Peers[to]
				if to == "surge" {
					if c, err = Surge(rewritten); err != nil {
						t.Fatal(err)
					}
				}
				dt := c.Dt
				if dt == 0 {
					dt = net.Dt
				}
				there, err := Compile(rewritten, c, dt)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				trace, err := there.Run(map[string][]float64{"input": r.Input}, r.Steps)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				got := trace.Values["output"]
				if len(got) != len(given.Output) || firstDifference(from, got, given.Output) >= 0 {
					t.Errorf("%s: the spikes are not the same", name)
				}
				tested++
			}
		}
	}
	if tested < 20 {
		t.Errorf("only %d pairs could be compared", tested)
	}
	t.Logf("%d pairs", tested)
}

func TestWriterSaysWhatIsLost(t *testing.T) {
	if _, err := Writer("snntorch", ""); !errors.Is(err, ErrMeaning) {
		t.Error(err)
	}
	for library, said := range map[string][]string{"snntorch": {"reset_delay"}, "norse": {"v_reset=x"}, "sinabs": {"tau_syn=0", "spike_fn=Single"}, "spikingjelly": {"v_reset=1"}} {
		for _, word := range said {
			if _, err := Writer(library, Subtract, word); !errors.Is(err, ErrMeaning) {
				t.Errorf("%s, %s: %v", library, word, err)
			}
		}
	}
	if _, err := Writer("norse", NoReset); !errors.Is(err, ErrMeaning) {
		t.Error(err)
	}
	c, err := Writer("norse", "")
	if err != nil {
		t.Fatal(err)
	}
	// LIFBoxCell with a membrane of 10 ms, as norse 1.1.0 writes it: tau = 1e-5
	n := New("LIF", "tau", Fill(1e-5, 1), "r", Fill(1, 1), "v_leak", Fill(0, 1), "v_threshold", Fill(1, 1))
	s, _, err := c.step(c, n, c.Dt, 1)
	if err != nil || s.Alpha[0] < 0.9-1e-12 || s.Alpha[0] > 0.9+1e-12 {
		t.Errorf("decay %v, want 1 - 1 ms/10 ms; %v", s.Alpha, err)
	}
	// LIFTorch of 20 ms and 1 ms, as rockpool 3.1.0 writes it: r = 20 e^(-1/20) = 19.0246
	if c, err = Writer("rockpool", ""); err != nil {
		t.Fatal(err)
	}
	n = New("CubaLIF", "tau_mem", Fill(20e-3, 1), "tau_syn", Fill(10e-3, 1), "r", Fill(19.024588490014267, 1), "v_leak", Fill(0, 1), "v_threshold", Fill(1, 1))
	if s, _, err = c.step(c, n, 0, 1); err != nil || s.Alpha[0] < 0.951229424 || s.Alpha[0] > 0.951229425 {
		t.Errorf("decay %v, want e^(-1/20) = 0.9512294245; %v", s.Alpha, err)
	}
}
