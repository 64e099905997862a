package speed

import (
	"bufio"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path"
	"path/filepath"

	"github.com/surge-snn/surge/internal/given"
)

//go:embed peers/*.py
var scripts embed.FS

// PeerResult is what was measured of another system with the same shape, input rate and firing.
type PeerResult struct {
	Name     string `json:"name"` // with its version
	Forward  Times  `json:"forward"`
	Gradient Times  `json:"gradient,omitzero"` // zero where it has none
	// Firing is the firing rate of its hidden neurons.
	Firing float64 `json:"firing,omitzero"`
	Error  string  `json:"error,omitempty"` // why it was not measured
}

// peersOf lists the scripts that know a workload.
var peersOf = map[string][]string{
	"lif":               {"sparse_torch.py", "snntorch_lif.py", "spikingjelly_lif.py"},
	"dense":             {"snntorch_lif.py"},
	"dynapsim":          {"rockpool_dynapsim.py"},
	"dynapsim-currents": {"rockpool_dynapsim.py"},
	"expsyn":            {"rockpool_expsyn.py"},
	"alphasynapse":      {"ngclearn_layers.py"},
	"wtas":              {"ngclearn_layers.py"},
}

// Beside measures a workload and its peers in turns: three runs of each after the other. A peer
// that does not start, as one that is not installed, is in the result with the reason.
//
// A script reads the shape as one line of JSON, builds, and answers with a line that has its name;
// then it runs once for every line that it reads and answers with the times of both passes in s.
func Beside(ctx context.Context, w Workload, o Options, python string) (*Result, []PeerResult, error) {
	if err := given.Need("ctx", ctx); err != nil {
		return nil, nil, fmt.Errorf("speed: %w", err)
	}
	if peersOf[w.Name] == nil {
		r, err := Measure(ctx, w, o)
		return r, nil, err
	}
	m, err := newMeter(w, o)
	if err != nil {
		return nil, nil, err
	}
	defer m.close()
	dir, err := os.MkdirTemp("", "surge-peers-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	var peers []*peer
	defer func() {
		for _, p := range peers {
			p.close()
		}
	}()
	for _, name := range peersOf[w.Name] {
		p := startPeer(ctx, python, dir, name, w, m.size, o)
		peers = append(peers, p)
	}
	r, err := m.measure(ctx, o, peers)
	if err != nil {
		return nil, nil, err
	}
	var results []PeerResult
	for _, p := range peers {
		results = append(results, p.result())
	}
	return r, results, nil
}

// peer is a running script.
type peer struct {
	script string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	err    error

	Name          string  `json:"name"`
	Firing        float64 `json:"firing"`
	forward, both []float64
}

func startPeer(ctx context.Context, python, dir, script string, w Workload, s Size, o Options) *peer {
	p := &peer{script: script, Name: script}
	p.err = func() error {
		for _, name := range []string{script, "peer.py"} {
			text, err := scripts.ReadFile(path.Join("peers", name))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				return err
			}
		}
		p.cmd = exec.CommandContext(ctx, python, filepath.Join(dir, script))
		var err error
		if p.in, err = p.cmd.StdinPipe(); err != nil {
			return err
		}
		out, err := p.cmd.StdoutPipe()
		if err != nil {
			return err
		}
		p.out = bufio.NewReader(out)
		if err := p.cmd.Start(); err != nil {
			return err
		}
		dtype := "float32"
		if o.Float64 {
			dtype = "float64"
		}
		request, err := json.Marshal(struct {
			Workload string `json:"workload"`
			Size
			DType string `json:"dtype"`
		}{w.Name, s, dtype})
		if err != nil {
			return err
		}
		return p.ask(request, p)
	}()
	return p
}

// ask writes a line and reads the answer.
func (p *peer) ask(line []byte, answer any) error {
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%s does not run: %w", p.script, err)
	}
	text, err := p.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("%s ended before it answered", p.script)
	}
	var failed struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal(text, &failed); err != nil {
		return fmt.Errorf("%s: %w", p.script, err)
	}
	if failed.Error != "" {
		return errors.New(failed.Error)
	}
	return json.Unmarshal(text, answer)
}

// once lets the script run once.
func (p *peer) once(count bool) {
	if p.err != nil {
		return
	}
	var times struct {
		Forward  float64 `json:"forward"`
		Gradient float64 `json:"gradient"` // 0: none
	}
	if p.err = p.ask([]byte("{}"), &times); p.err == nil && count {
		p.forward = append(p.forward, times.Forward)
		if times.Gradient > 0 {
			p.both = append(p.both, times.Gradient)
		}
	}
}

// Speedup is how many times as fast r is: with its gradient, or forward where the peer has none.
func (p PeerResult) Speedup(r *Result) float64 {
	if r == nil {
		return math.NaN()
	}
	if p.Gradient.Runs == 0 {
		return p.Forward.Min / r.Forward.Min
	}
	return p.Gradient.Min / r.Gradient.Min
}

func (p *peer) result() PeerResult {
	r := PeerResult{Name: p.Name, Firing: p.Firing, Forward: timesOf(p.forward), Gradient: timesOf(p.both)}
	if p.err != nil {
		r.Error = p.err.Error()
	}
	return r
}

// close ends the script.
func (p *peer) close() {
	if p.in != nil {
		_ = p.in.Close() // it ends by itself then
	}
	if p.cmd != nil && p.cmd.Process != nil {
		_ = p.cmd.Process.Kill() // it may be busy
		_ = p.cmd.Wait()         // killed
	}
}
