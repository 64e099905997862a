package main

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/surge-snn/surge/eventprop"
)

//go:embed *.py
var scripts embed.FS

// peer is a process of Python with another library.
type peer struct {
	dtype string
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *json.Decoder
	dir   string

	versions
}

// versions is the first answer of a peer.
type versions struct {
	Library string `json:"library"`
	Version string `json:"version"`
	JAX     string `json:"jax"`
	Python  string `json:"python"`
}

// request describes a network and a batch.
type request struct {
	Kind    kind        `json:"kind"`
	Inputs  int         `json:"inputs"`
	Hidden  int         `json:"hidden"`
	Outputs int         `json:"outputs"`
	Slots   []int       `json:"slots"`
	End     float64     `json:"end"`
	TauMem  float64     `json:"tau_mem"`
	TauSyn  float64     `json:"tau_syn"`
	VTh     float64     `json:"v_th"`
	VReset  float64     `json:"v_reset"`
	Weights [][]matrix  `json:"weights"` // of each layer: input, and recurrent
	Times   [][]float64 `json:"times"`   // [batch][inputs]
	Index   [][]int     `json:"index"`   // -1: no spike
	Target  [][]float64 `json:"target"`
}

type matrix struct {
	Values []float64 `json:"values"`
	Shape  [2]int    `json:"shape"`
}

// built is the answer to a request.
type built struct {
	Compile float64     `json:"compile"` // s
	Loss    float64     `json:"loss"`
	DType   string      `json:"dtype"`
	Grads   [][]float64 `json:"grads"`
	Error   string      `json:"error"`
}

// startPeer starts the process.
func startPeer(library, python, dtype string) (*peer, error) {
	dir, err := os.MkdirTemp("", "surge-peer-")
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(dir, scripts); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	p := &peer{dtype: dtype, dir: dir, versions: versions{Library: library}}
	p.cmd = exec.Command(python, filepath.Join(dir, "peer.py"), library, dtype)
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	p.out = json.NewDecoder(out)
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := p.out.Decode(&p.versions); err != nil {
		return nil, errors.Join(fmt.Errorf("%s does not run %s (see above): %w", python, library, err), p.close())
	}
	return p, nil
}

func (p *peer) close() error {
	err := p.in.Close()
	return errors.Join(err, p.cmd.Wait(), os.RemoveAll(p.dir))
}

func (p *peer) ask(request, answer any) error {
	if err := json.NewEncoder(p.in).Encode(request); err != nil {
		return fmt.Errorf("%s %s: %w", p.Library, p.dtype, err)
	}
	if err := p.out.Decode(answer); err != nil {
		return fmt.Errorf("%s %s: %w", p.Library, p.dtype, err)
	}
	return nil
}

// build makes the peer build and compile a network.
func (p *peer) build(r *request) (built, error) {
	var b built
	if err := p.ask(r, &b); err != nil {
		return b, err
	}
	if b.Error != "" {
		return b, fmt.Errorf("%s %s: %s", p.Library, p.dtype, b.Error)
	}
	if b.DType != p.dtype {
		return b, fmt.Errorf("%s %s: computes in %s", p.Library, p.dtype, b.DType)
	}
	return b, nil
}

// steps returns the times of n steps in seconds.
func (p *peer) steps(n int) ([]float64, error) {
	var answer struct {
		Seconds []float64 `json:"seconds"`
	}
	err := p.ask(struct {
		Steps int `json:"steps"`
	}{n}, &answer)
	if err == nil && len(answer.Seconds) != n {
		err = fmt.Errorf("%s %s: %d times, want %d", p.Library, p.dtype, len(answer.Seconds), n)
	}
	return answer.Seconds, err
}

// request describes p.
func (p *problem) request() (*request, error) {
	slots, err := p.slots()
	if err != nil {
		return nil, err
	}
	r := &request{
		Kind: p.kind, Inputs: p.inputs, Hidden: p.hidden, Outputs: p.outputs, Slots: slots, End: end,
		TauMem: tauMem, TauSyn: tauSyn, VTh: vTh, VReset: p.vReset, Target: p.target,
	}
	of := func(s *eventprop.Synapses) matrix { return matrix{s.Weight, [2]int{s.Pre, s.Post}} }
	for _, l := range p.net {
		w := []matrix{of(&l.In)}
		if l.Rec != nil {
			w = append(w, of(l.Rec))
		}
		r.Weights = append(r.Weights, w)
	}
	most := 0
	for _, spikes := range p.spikes {
		most = max(most, len(spikes))
	}
	for _, spikes := range p.spikes {
		times, index := make([]float64, most), slices.Repeat([]int{-1}, most)
		for k, s := range spikes {
			times[k], index[k] = s.Time, s.Neuron
		}
		r.Times, r.Index = append(r.Times, times), append(r.Index, index)
	}
	return r, nil
}
