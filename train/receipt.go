package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/train/data"
)

// Link is a line of the receipt of a run, receipt.jsonl: what the state of the run was at its start
// and after each epoch. Each link holds the SHA-256 of the one before, so that they form a chain;
// and each is determined by the one before it together with the experiment and the data, so that
// [Replay] of any part proves it. All sums are SHA-256 in hexadecimal.
type Link struct {
	Epoch    int    `json:"epoch"`          // complete epochs
	Batch    int    `json:"batch,omitzero"` // of a chain that begins within an epoch, batches of the next one
	Config   string `json:"config"`         // of Settings.Config
	Data     string `json:"data"`           // of the samples of all sets, see [data.Digest]
	State    string `json:"state"`          // see [Checkpoint.Sum]
	Metrics  string `json:"metrics"`        // of metrics.jsonl up to here
	Params   string `json:"params"`         // of the parameters, as SaveParams writes them
	Best     string `json:"best"`           // of those of the best epoch so far
	Previous string `json:"previous"`       // of the line before, without its end; empty for the first
}

// ErrReceipt signifies a receipt that was not written by a run, or was changed.
var ErrReceipt = errors.New("train: the receipt has been changed")

// ReadReceipt reads a receipt and checks that its lines, text, are a chain.
//
// Errors: [ErrReceipt] with the line, or that of the file system.
func ReadReceipt(path string) (links []Link, text []byte, err error) {
	if text, err = files.ReadFile(path); err != nil {
		return nil, nil, err
	}
	if links, err = decodeReceipt(text); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return links, text, nil
}

func decodeReceipt(text []byte) (links []Link, err error) {
	previous := ""
	for number := 1; len(text) > 0; number++ {
		line, rest, complete := bytes.Cut(text, []byte("\n"))
		text = rest
		var l Link
		if !complete || json.Unmarshal(line, &l) != nil {
			return nil, fmt.Errorf("%w: line %d: expected a link, found %.60q", ErrReceipt, number, line)
		}
		if again, err := json.Marshal(l); err != nil || !bytes.Equal(again, line) {
			return nil, fmt.Errorf("%w: line %d: not in the form in which it is written", ErrReceipt, number)
		}
		if l.Previous != previous {
			return nil, fmt.Errorf("%w: line %d: the SHA-256 of the line before is %.12s..., found %.12s... in its place", ErrReceipt, number, previous, l.Previous)
		}
		if number > 1 && l.Epoch != links[number-2].Epoch+1 {
			return nil, fmt.Errorf("%w: line %d: epoch %d behind %d", ErrReceipt, number, l.Epoch, links[number-2].Epoch)
		}
		links, previous = append(links, l), files.Digest(line)
	}
	return links, nil
}

// Digest returns the SHA-256 of the sums of all sets, in hexadecimal: the Data of a [Link].
func (d Data) Digest() (string, error) {
	all := sha256.New()
	for _, set := range []data.Batches{d.Train, d.Valid, d.Test} {
		if set.Data == nil {
			continue
		}
		sum, err := data.Digest(set.Data)
		if err != nil {
			return "", err
		}
		all.Write(sum[:])
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// sumParams returns the SHA-256 of the file that SaveParams writes.
func sumParams(p *graph.Params) (string, error) {
	a := &files.Archive{Format: paramsFormat}
	if err := putParams(a, "", p); err != nil {
		return "", err
	}
	return a.Sum()
}

// link adds the link of the present state to the receipt.
func (r *run) link() error {
	if r.data == "" {
		return nil
	}
	l := Link{Epoch: r.at.Epoch, Batch: r.at.Batch, Config: files.Digest([]byte(r.Config)), Data: r.data, Metrics: files.Digest(r.record.metrics.lines)}
	var err error
	if l.State, err = r.checkpoint().Sum(); err != nil {
		return err
	}
	if l.Params, err = sumParams(r.net.Params()); err != nil {
		return err
	}
	if l.Best, err = sumParams(r.best); err != nil {
		return err
	}
	if lines := bytes.TrimSuffix(r.record.receipt.lines, []byte("\n")); len(lines) > 0 {
		l.Previous = files.Digest(lines[bytes.LastIndexByte(lines, '\n')+1:])
	}
	return r.record.receipt.add(l)
}

// checkReceipt compares the data with those of the receipt of the run so far.
func (r *run) checkReceipt(receipt []byte) error {
	if r.data == "" {
		return nil
	}
	links, err := decodeReceipt(receipt)
	if err != nil {
		return err
	}
	if n := len(links); n > 0 && links[n-1].Data != r.data {
		return fmt.Errorf("%w: the data are not those with which the run was begun, of SHA-256 %.12s..., but others (%.12s...)", ErrSettings, links[n-1].Data, r.data)
	}
	return nil
}

// Replay does again what a run did, from a checkpoint, or from the start where it is nil, until
// so many epochs are complete, and writes nothing. each is called with the link of each state on
// the way, that of the start included; of its Previous only those after the first are known
// where it goes on from a checkpoint without a receipt. An error of each ends the replay. What
// is returned is the state in which it ends, from which another Replay can go on.
//
// Of the settings Config, Optimizer, LR, Plateau, Patience, OnNonFinite, AfterBatch and Logger have
// an effect.
func Replay(ctx context.Context, net Learner, sets Data, s Settings, from *Checkpoint, epochs int, each func(Link) error) (*Checkpoint, error) {
	if err := given.Need("ctx", ctx, "each", each); err != nil {
		return nil, fmt.Errorf("%w: Replay: %w", ErrSettings, err)
	}
	s.Epochs, s.Resume = max(epochs, 1), false
	s.Checkpoint, s.Metrics, s.Times, s.Receipt, s.AfterEpoch = "", "", "", "", nil
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	r, err := newRun(net, sets, s)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if r.data, err = sets.Digest(); err != nil {
		return nil, err
	}
	if from == nil {
		if err := r.prepare(); err != nil {
			return nil, err
		}
	} else {
		if err := r.restore(from); err != nil {
			return nil, err
		}
		r.record.metrics.lines = slices.Clone(from.Metrics)
		links, err := decodeReceipt(from.Receipt)
		if err != nil {
			return nil, err
		}
		for _, l := range links {
			if l.Epoch < from.Position.Epoch { // the link of the checkpoint itself is made again
				if err := r.record.receipt.add(l); err != nil {
					return nil, err
				}
			}
		}
	}
	err = r.link()
	last := func() error {
		links, err := decodeReceipt(r.record.receipt.lines)
		if err != nil || len(links) == 0 {
			return err
		}
		return each(links[len(links)-1])
	}
	for err == nil {
		if err = last(); err != nil {
			break
		}
		if r.at.Epoch >= epochs || r.finished() {
			c := r.checkpoint()
			c.Params, c.BestParams, c.Optimizer = c.Params.Clone(), c.BestParams.Clone(), c.Optimizer.Clone()
			c.Metrics, c.Receipt = slices.Clone(c.Metrics), slices.Clone(c.Receipt)
			return c, nil
		}
		err = r.epoch(ctx)
	}
	return nil, err
}
