package protocol

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/models/dynapse/live"
)

// Settings of [Run]. The zero value has nothing to record, and says what to.
type Settings struct {
	// Chip makes the recordings; nil: those of Recordings are all there are.
	Chip live.Chip
	// Recordings are there already, by stage: of vmem, spikes or both, with what came in, and
	// factors of the constant current of the subject. They are not made again.
	Recordings map[Stage][]fit.Recording
	// Keep is called with what the chip has given for a stage; its error ends the procedure.
	Keep func(Stage, []fit.Recording) error
	// Record is called behind each stage; its error ends the procedure.
	Record func(Outcome) error
	// Note is called with what is being done.
	Note func(string)
}

// What came of a stage.
const (
	Done    = "done"
	Missing = "missing" // there are no recordings
	Unused  = "unused"  // the neurons have nothing of what it is about
)

// Outcome is what came of a stage.
type Outcome struct {
	Stage Stage `json:"stage"`
	// Status is Done, Missing or Unused.
	Status string `json:"status"`
	Rows   int    `json:"rows"` // that were recorded
	// Lost says which recordings the chip did not give, and why; Make which are to be made.
	Lost []string `json:"lost,omitempty"`
	Make []string `json:"make,omitempty"`
	// Currents are those of the block.
	Currents []Current `json:"currents,omitempty"`
	// Open are the currents that are not settled up to here, in the order of the stages, and Next
	// the recording that would settle some of them.
	Open []string `json:"open"`
	Next string   `json:"next,omitempty"`
	// Warnings of the fits, with the number of neurons.
	Warnings []string `json:"warnings,omitempty"`
}

// Current is what a stage says of a current, over the neurons.
type Current struct {
	Name string `json:"name"`
	// Set is what the codes stand for, A, the mean over the neurons; Acts what acts in its place,
	// the geometric mean, and Spread the standard deviation of ln between them.
	Set    float64 `json:"set"`
	Acts   float64 `json:"acts"`
	Spread float64 `json:"spread"`
	// Determined, Interval and Unknown count the neurons of which it is determined, known to lie in
	// an interval of those that do the same, or not known.
	Determined int `json:"determined"`
	Interval   int `json:"interval"`
	Unknown    int `json:"unknown"`
}

// Neuron is what was found of a neuron.
type Neuron struct {
	Neuron int `json:"neuron"`
	// Currents are those that act in it, A, and Intervals their intervals of 95 %.
	Currents  map[string]float64    `json:"currents"`
	Intervals map[string][2]float64 `json:"intervals"`
	Check     *Checked              `json:"check,omitempty"`
}

// Checked compares a neuron with its model in recordings that nothing was fitted to.
type Checked struct {
	// Counts are the spikes for input, chip and model, and Rates those for constant currents, each
	// in all rows.
	Counts [2][]float64 `json:"counts"`
	Rates  [2][]float64 `json:"rates"`
	// CountError and RateError are the largest relative differences.
	CountError float64 `json:"count_error"`
	RateError  float64 `json:"rate_error"`
	// CountMet says that no count is off by more than 10 %, RateMet that no rate is by more than 5
	// %, or a spike.
	CountMet bool `json:"count_met"`
	RateMet  bool `json:"rate_met"`
}

// Tolerances of a check.
const (
	countTolerance = 0.10
	rateTolerance  = 0.05
)

// Result is what the procedure found.
type Result struct {
	Outcomes []Outcome `json:"stages"`
	// Scope is how vmem was shown, the median over the neurons; nil before it is known.
	Scope   *Scope   `json:"scope"`
	Neurons []Neuron `json:"neurons"`
	// CountsMet and RatesMet are the shares of the neurons that a check found to be met; nil
	// without one.
	CountsMet *float64 `json:"counts_met"`
	RatesMet  *float64 `json:"rates_met"`
	// Network has the neurons as they were found: what the chip does with the codes of the subject.
	Network dynapse.Network `json:"-"`

	subject *subject
	known   dynapse.Params // as they were found, with the constant current of which rows have factors
	rows    map[Stage][]row
}

// procedure is a run.
type procedure struct {
	*subject
	Settings
	res      *Result
	known    dynapse.Params
	verdicts []map[dynapse.Param]fit.Verdict
	next     string // of the stage at hand
}

// Run goes through the stages: each is recorded, unless it is already, and fitted. What is lost, or
// missing, is said in the outcomes. It returns what it has with the errors of ctx, of Keep and of
// Record; other errors are [ErrSubject], and those of chip and dynapse.
func Run(ctx context.Context, s Subject, settings Settings) (*Result, error) {
	if err := given.Need("ctx", ctx); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSubject, err)
	}
	c, err := s.compile()
	if err != nil {
		return nil, err
	}
	p := &procedure{subject: c, Settings: settings, res: &Result{subject: c, rows: map[Stage][]row{}, Outcomes: []Outcome{}}, known: c.set, verdicts: make([]map[dynapse.Param]fit.Verdict, c.n)}
	p.known[dynapse.Idc] = make([]float64, c.n)
	for j := range c.n {
		p.known[dynapse.Idc][j] = c.reference(j)
		p.verdicts[j] = map[dynapse.Param]fit.Verdict{}
		p.res.Neurons = append(p.res.Neurons, Neuron{Neuron: j, Intervals: map[string][2]float64{}})
	}
	if p.Note == nil {
		p.Note = func(string) {}
	}
	for stage, list := range settings.Recordings {
		for _, r := range list {
			if int(stage) >= stages {
				return nil, fmt.Errorf("%w: recordings of %v", ErrSubject, stage)
			}
			rows, err := c.rowsOf(r)
			if err != nil {
				return nil, err
			}
			p.res.rows[stage] = append(p.res.rows[stage], rows...)
		}
	}
	for stage := range Stage(stages) {
		o, err := p.stage(ctx, stage)
		p.conclude()
		if err != nil {
			return p.res, err
		}
		p.res.Outcomes = append(p.res.Outcomes, *o)
		if settings.Record != nil {
			if err := settings.Record(*o); err != nil {
				return p.res, err
			}
		}
	}
	return p.res, nil
}

// stage records and fits a stage.
func (p *procedure) stage(ctx context.Context, s Stage) (*Outcome, error) {
	o := &Outcome{Stage: s, Status: Done, Open: []string{}}
	list := p.asked(s)
	rows, there := p.res.rows[s]
	if len(list) == 0 && !there {
		o.Status = Unused
		p.open(o)
		return o, nil
	}
	if !there && p.Chip != nil {
		rheobase, err := p.rheobase(p.known)
		if err != nil {
			return nil, err
		}
		if rows, o.Lost, err = p.record(ctx, p.Chip, s, rheobase, func(text string) { p.Note(fmt.Sprintf("%v: %s", s, text)) }); err != nil {
			return nil, err
		}
		p.res.rows[s] = rows
		if p.Keep != nil && len(rows) > 0 {
			if err := p.Keep(s, p.recordings(rows, s)); err != nil {
				return nil, err
			}
		}
	}
	o.Rows = len(rows)
	if len(rows) == 0 {
		o.Status = Missing
		for _, x := range list {
			o.Make = append(o.Make, "vmem and spikes with "+x.text)
		}
	} else if err := p.fit(ctx, s, o); err != nil {
		return nil, err
	}
	p.open(o)
	return o, nil
}

// fit fits the neurons to what was recorded up to a stage, or checks them.
func (p *procedure) fit(ctx context.Context, s Stage, o *Outcome) error {
	if s == Check {
		p.Note("check: the model of each neuron")
		return p.check(ctx)
	}
	p.Note(fmt.Sprintf("%v: fitting %d neurons", s, p.n))
	fits, errs := make([]*found, p.n), make([]error, p.n)
	known := p.adapting(s)
	kernel.Blocks(p.n, 1, func(j, _ int) {
		if errs[j] = ctx.Err(); errs[j] != nil {
			return
		}
		var list []fit.Recording
		for _, from := range plan[s].from {
			for _, rows := range lengths(p.res.rows[from]) {
				if r, ok := p.of(rows, from, j, p.res.Scope); ok {
					list = append(list, r)
				}
			}
		}
		if len(list) > 0 {
			fits[j], errs[j] = p.neuron(ctx, j, known, plan[s].params, list, p.Seed)
		}
	})
	if err := cmp.Or(ctx.Err(), errors.Join(errs...)); err != nil {
		return err
	}
	if p.res.Scope == nil {
		p.res.Scope = pooled(fits)
	}
	p.settle(s, fits, o)
	return nil
}

// adapting are the currents that are known, with adaptation in the stages that have it.
func (p *procedure) adapting(s Stage) dynapse.Params {
	known := p.known
	if s < AHP {
		known[dynapse.IwAHP] = make([]float64, p.n)
	}
	return known
}

// settle keeps what was found.
func (p *procedure) settle(s Stage, fits []*found, o *Outcome) {
	warned, next := map[string]int{}, map[string]int{}
	for j, f := range fits {
		if f == nil {
			warned["nothing of its recordings says anything"]++
			continue
		}
		for _, q := range plan[s].params {
			list := slices.Clone(p.known[q])
			list[j] = f.values[q]
			p.known[q] = list
			if v, ok := f.verdict[q]; ok {
				p.verdicts[j][q] = v
				p.res.Neurons[j].Intervals[q.String()] = f.interval[q]
			}
		}
		for _, text := range f.warnings {
			warned[text]++
		}
		if f.next != nil {
			next[f.next.Recording]++
		}
	}
	for text, n := range warned {
		if n == 1 {
			o.Warnings = append(o.Warnings, "a neuron: "+text)
		} else {
			o.Warnings = append(o.Warnings, fmt.Sprintf("%d neurons: %s", n, text))
		}
	}
	slices.Sort(o.Warnings)
	p.next = ""
	for text, n := range next {
		if n > next[p.next] || n == next[p.next] && text < p.next {
			p.next = text
		}
	}
	for _, q := range blocks[s] {
		c := Current{Name: q.String()}
		var logs []float64
		for j := range p.n {
			c.Set += p.nominal(q, j) / float64(p.n)
			if fits[j] == nil {
				c.Unknown++
				continue
			}
			logs = append(logs, fmath.Log(p.known[q][j]))
			switch p.verdicts[j][q] {
			case fit.Identified:
				c.Determined++
			case fit.SetOnly:
				c.Interval++
			default:
				c.Unknown++
			}
		}
		mean, squares := 0.0, 0.0
		for _, x := range logs {
			mean += x / float64(len(logs))
		}
		for _, x := range logs {
			squares += float64((x - mean) * (x - mean))
		}
		c.Acts = fmath.Exp(mean)
		c.Spread = math.Sqrt(squares / float64(max(len(logs)-1, 1)))
		if len(logs) == 0 {
			c.Acts = 0
		}
		o.Currents = append(o.Currents, c)
	}
}

// open says what is not settled, and what would settle it.
func (p *procedure) open(o *Outcome) {
	own := false
	for s := range Check {
		if len(p.asked(s)) == 0 && len(p.res.rows[s]) == 0 {
			continue
		}
		for _, q := range blocks[s] {
			unknown := 0
			for j := range p.n {
				if p.verdicts[j][q] == fit.Unidentified {
					unknown++
				}
			}
			if unknown > 0 {
				text := q.String()
				if s <= o.Stage && unknown < p.n {
					text = fmt.Sprintf("%s of %d of %d neurons", text, unknown, p.n)
				}
				o.Open = append(o.Open, text)
				own = own || s <= o.Stage && o.Status == Done
			}
		}
	}
	switch {
	case len(o.Open) == 0:
	case len(o.Make) > 0:
		o.Next = fmt.Sprintf("stage %v: %s", o.Stage, strings.Join(o.Make, "; "))
	case own && p.next != "":
		o.Next = p.next
	default:
		for s := o.Stage + 1; s < Check; s++ {
			if list := p.asked(s); len(list) > 0 {
				var texts []string
				for _, x := range list {
					texts = append(texts, x.text)
				}
				o.Next = fmt.Sprintf("stage %v: vmem and spikes with %s", s, strings.Join(texts, "; "))
				return
			}
		}
	}
}

// conclude makes the result of what is known.
func (p *procedure) conclude() {
	p.res.known = p.known
	params := p.known
	params[dynapse.Idc] = make([]float64, p.n)
	for j := range p.n {
		params[dynapse.Idc][j] = p.known[dynapse.Idc][j] / p.reference(j) * p.set[dynapse.Idc][j]
	}
	p.res.Network = p.network(params, true)
	for j := range p.n {
		currents := map[string]float64{}
		for q := range dynapse.Param(dynapse.NumSingle) {
			if q.IsCurrent() {
				currents[q.String()] = params[q][j]
			}
		}
		p.res.Neurons[j].Currents = currents
	}
}
