package inspect

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train"
)

// File describes a file of arrays.
type File struct {
	Path   string  `json:"path"`
	Format string  `json:"format"`
	Run    *Run    `json:"run,omitempty"` // of a checkpoint
	Arrays []Array `json:"arrays"`
}

// Array describes the elements of an array.
type Array struct {
	Name      string   `json:"name"`
	DType     string   `json:"dtype"`
	Shape     []int    `json:"shape"`
	Min       *float64 `json:"min"` // of the finite elements, as the next ones; null where there is none
	Mean      *float64 `json:"mean"`
	Max       *float64 `json:"max"`
	Norm      *float64 `json:"norm"`
	NonFinite int      `json:"non_finite"` // number of NaN and infinities
}

// Run describes the state of a run.
type Run struct {
	Config         string      `json:"config"`
	Seed           uint64      `json:"seed"`
	Epoch          int         `json:"epoch"` // complete ones
	Batch          int         `json:"batch"` // of the next epoch
	Batches        int         `json:"batches"`
	Best           train.Epoch `json:"best"`
	Optimizer      string      `json:"optimizer"`
	OptimizerSteps uint64      `json:"optimizer_steps"`
}

// ReadFile reads and describes the file at path.
//
// Errors are [*exit.BadInput].
func ReadFile(path string) (*File, error) {
	bad := func(err error) error {
		return &exit.BadInput{File: path, Expected: "a checkpoint or parameters", Err: err}
	}
	a, err := files.Read(path, files.Format{})
	if err != nil {
		return nil, bad(err)
	}
	f := &File{Path: path, Format: a.Format.Name}
	for _, name := range a.Names() {
		if err := f.add(a, name); err != nil {
			return nil, bad(err)
		}
	}
	c, err := train.PeekCheckpoint(path)
	switch {
	case errors.Is(err, files.ErrFormat): // parameters alone
		return f, nil
	case err != nil:
		return nil, bad(err)
	}
	f.Run = &Run{
		Config: c.Config, Seed: c.Seed, Epoch: c.Position.Epoch, Batch: c.Position.Batch, Batches: c.Batches, Best: c.Best,
		Optimizer: kinds(c.Optimizer), OptimizerSteps: c.Optimizer.Step,
	}
	return f, nil
}

// kinds names a transform and those inside of it, as chain(clip, adam).
func kinds(s optim.State) string {
	if len(s.Members) == 0 {
		return s.Kind
	}
	names := make([]string, len(s.Members))
	for i, m := range s.Members {
		names[i] = kinds(m)
	}
	return s.Kind + "(" + strings.Join(names, ", ") + ")"
}

// add describes one array. Bytes, which are no numbers of the network, are left out.
func (f *File) add(a *files.Archive, name string) error {
	dtype, shape, err := a.Describe(name)
	if err != nil {
		return err
	}
	d := Array{Name: name, DType: dtype, Shape: shape}
	switch dtype {
	case "float32":
		x, err := files.Get[float32](a, name, shape...)
		if err != nil {
			return err
		}
		describe(&d, x)
	case "float64":
		x, err := files.Get[float64](a, name, shape...)
		if err != nil {
			return err
		}
		describe(&d, x)
	default:
		return nil
	}
	f.Arrays = append(f.Arrays, d)
	return nil
}

// describe fills in the numbers of d. Means and norms are taken of elements divided by the
// largest magnitude: no sum overflows.
func describe[T float32 | float64](d *Array, x []T) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range x {
		f := float64(v)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			d.NonFinite++
			continue
		}
		low, high = min(low, f), max(high, f)
	}
	n := float64(len(x) - d.NonFinite)
	if n == 0 {
		return
	}
	scale := max(math.Abs(low), math.Abs(high))
	if scale == 0 {
		scale = 1
	}
	sum, squares := 0.0, 0.0
	for _, v := range x {
		if f := float64(v) / scale; !math.IsNaN(f) && !math.IsInf(f, 0) {
			sum += f
			squares += float64(f * f)
		}
	}
	mean := sum / n * scale
	d.Min, d.Mean, d.Max = &low, &mean, &high
	if norm := math.Sqrt(squares) * scale; !math.IsInf(norm, 0) {
		d.Norm = &norm
	}
}

// Write prints the file for people.
func (f *File) Write(w io.Writer) error {
	if err := given.Need("a File of ReadFile", f, "w", w); err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	fmt.Fprintf(w, "%s: %s\n", f.Path, f.Format)
	if r := f.Run; r != nil {
		fmt.Fprintf(w, "epochs       %d, and %d of %d batches\n", r.Epoch, r.Batch, r.Batches)
		if r.Best.Epoch > 0 {
			score := fmt.Sprintf("accuracy %.2f %%", 100*r.Best.ValidAccuracy)
			for _, name := range slices.Sorted(maps.Keys(r.Best.ValidMetrics)) { // of targets that are no classes
				score = fmt.Sprintf("%s %.4f", name, r.Best.ValidMetrics[name])
			}
			fmt.Fprintf(w, "best epoch   %d, validation %s, loss %.4f\n", r.Best.Epoch, score, r.Best.ValidLoss)
		}
		fmt.Fprintf(w, "optimizer    %s after %d updates\nseed         %d\n", r.Optimizer, r.OptimizerSteps, r.Seed)
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "array\ttype\tshape\tmin\tmean\tmax\tnorm\tnot finite")
	for _, a := range f.Arrays {
		fmt.Fprintf(t, "%s\t%s\t%v\t%s\t%s\t%s\t%s\t%d\n", a.Name, a.DType, a.Shape, number(a.Min), number(a.Mean), number(a.Max), number(a.Norm), a.NonFinite)
	}
	return t.Flush()
}

func number(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.4g", *v)
}
