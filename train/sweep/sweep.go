package sweep

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/internal/schema"
)

// Sweep says what is run.
type Sweep struct {
	Name   string `toml:"name"`   // of the folder of the results; default "sweep"
	Recipe string `toml:"recipe"` // experiment that comes with surge train, or
	Config string `toml:"config"` // a file for surge train, or
	Fit    string `toml:"fit"`    // a file for surge fit
	Method string `toml:"method"` // of surge train; default that of the experiment

	Seeds  []uint64 `toml:"seeds"`  // of the runs of each point; default 1
	Points int      `toml:"points"` // number of random points; 0: the grid of all values
	Seed   uint64   `toml:"seed"`   // of random points

	Score string `toml:"score"` // number of a result by which points are compared; default valid_accuracy, of fits loss
	Goal  string `toml:"goal"`  // "max" or "min"; default max, and min of what is a loss

	// Keys are the keys of the experiment, section.key, in the order of the file, with their
	// values.
	Keys []Key `toml:"-"`

	path string // of the file
}

// Key is a key of the experiment and what it is set to.
type Key struct {
	Name   string
	Values []any  // a list; or
	Range  *Range // an interval, for random points or with steps
}

// Range is an interval of numbers.
type Range struct {
	From  float64 `toml:"from"`
	To    float64 `toml:"to"`
	Log   bool    `toml:"log"`   // equal ratios in place of equal differences
	Steps int     `toml:"steps"` // values in a grid, both ends among them
	Whole bool    `toml:"whole"` // rounded to whole numbers
}

// Point is one setting of the keys.
type Point struct {
	Index  int
	Values []any // of Sweep.Keys
}

// value returns that of a key, nil where the point has none.
func (p Point) value(key int) any {
	if key < len(p.Values) {
		return p.Values[key]
	}
	return nil
}

// check returns an error where there is no sweep, or where a point is none of its keys.
func (s *Sweep) check(points ...Point) error {
	if err := given.Need("a Sweep of Read or Parse", s); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	for _, p := range points {
		if len(p.Values) != len(s.Keys) {
			return fmt.Errorf("sweep: point %d has %d values of %d keys", p.Index+1, len(p.Values), len(s.Keys))
		}
	}
	return nil
}

// Read reads the file at path. Errors are *exit.BadInput.
func Read(path string) (*Sweep, error) {
	text, err := files.ReadText(path)
	if err != nil {
		return nil, &exit.BadInput{File: path, Expected: "a sweep in TOML", Err: err}
	}
	return Parse(path, text)
}

// Parse reads a sweep from a text; file names it in errors.
func Parse(file, text string) (*Sweep, error) {
	if _, err := schema.Table(file, text); err != nil {
		return nil, err
	}
	s := &Sweep{}
	var raw struct {
		Sweep
		Keys map[string]toml.Primitive `toml:"keys"`
	}
	meta, err := toml.Decode(text, &raw)
	if err != nil {
		return nil, &exit.BadInput{File: file, Expected: "the keys of a sweep", Err: err}
	}
	*s = raw.Sweep
	s.path = file
	for _, k := range meta.Keys() {
		if len(k) != 2 || k[0] != "keys" {
			continue
		}
		key, err := parseKey(meta, k[1], raw.Keys[k[1]])
		if err != nil {
			err.File = file
			return nil, err
		}
		s.Keys = append(s.Keys, key)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, &exit.BadInput{File: file, Member: unknown[0].String(), Expected: "one of name, recipe, config, fit, method, seeds, points, seed, score, goal, [keys]", Found: "an unknown key"}
	}
	if err := s.fill(); err != nil {
		err.File = file
		return nil, err
	}
	return s, nil
}

func parseKey(meta toml.MetaData, name string, p toml.Primitive) (Key, *exit.BadInput) {
	k := Key{Name: name}
	bad := func(expected, found string) (Key, *exit.BadInput) {
		return k, &exit.BadInput{Member: "keys." + name, Expected: expected, Found: found}
	}
	if !strings.Contains(name, ".") {
		return bad(`the section, too, in quotes: "train.lr" = [...]`, name)
	}
	if err := meta.PrimitiveDecode(p, &k.Values); err == nil {
		if len(k.Values) == 0 {
			return bad("at least one value", "an empty list")
		}
		return k, nil
	}
	k.Range = &Range{}
	if err := meta.PrimitiveDecode(p, k.Range); err != nil {
		return bad("a list of values, or {from, to, log, steps, whole}", err.Error())
	}
	switch r := k.Range; {
	case !(r.From < r.To) || math.IsInf(r.From, 0) || math.IsInf(r.To, 0):
		return bad("from < to", fmt.Sprintf("from %g to %g", r.From, r.To))
	case r.Log && r.From <= 0:
		return bad("from > 0 with log", fmt.Sprint(r.From))
	case r.Steps < 0 || r.Steps == 1 || r.Steps > maxRuns:
		return bad(fmt.Sprintf("steps from 2 to %d", maxRuns), fmt.Sprint(r.Steps))
	}
	return k, nil
}

// maxRuns bounds a slip in a file: so many runs are nobody's intention.
const maxRuns = 1_000_000

// fill sets defaults and checks.
func (s *Sweep) fill() *exit.BadInput {
	if s.Name == "" {
		s.Name = "sweep"
	}
	if len(s.Seeds) == 0 {
		s.Seeds = []uint64{1}
	}
	given := 0
	for _, b := range []string{s.Recipe, s.Config, s.Fit} {
		if b != "" {
			given++
		}
	}
	if s.Score == "" {
		s.Score = "valid_accuracy"
		if s.Fit != "" {
			s.Score = "loss"
		}
	}
	if s.Goal == "" {
		s.Goal = "max"
		if strings.Contains(s.Score, "loss") || s.Score == "seconds" {
			s.Goal = "min"
		}
	}
	sorted := slices.Sorted(slices.Values(s.Seeds))
	switch {
	case given != 1:
		return &exit.BadInput{Member: "recipe", Expected: "one of recipe, config and fit", Found: fmt.Sprint(given)}
	case s.Fit != "" && s.Method != "":
		return &exit.BadInput{Member: "method", Expected: "nothing: fits name theirs as a key of the experiment", Found: s.Method}
	case strings.ContainsAny(s.Name, `/\`) || s.Name == "." || s.Name == "..":
		return &exit.BadInput{Member: "name", Expected: "the name of a folder", Found: s.Name}
	case len(s.Keys) == 0 && len(s.Seeds) == 1:
		return &exit.BadInput{Member: "keys", Expected: "keys of the experiment with values", Found: "none"}
	case len(slices.Compact(sorted)) != len(s.Seeds):
		return &exit.BadInput{Member: "seeds", Expected: "seeds that differ", Found: fmt.Sprint(s.Seeds)}
	case s.Goal != "max" && s.Goal != "min":
		return &exit.BadInput{Member: "goal", Expected: `"max" or "min"`, Found: s.Goal}
	case s.Points < 0:
		return &exit.BadInput{Member: "points", Expected: ">= 0", Found: fmt.Sprint(s.Points)}
	}
	runs := float64(len(s.Seeds)) * float64(max(s.Points, 1))
	for _, k := range s.Keys {
		if s.Points > 0 {
			continue
		}
		if k.Range != nil && k.Range.Steps == 0 {
			return &exit.BadInput{Member: "keys." + k.Name, Expected: "steps, or points = a number of random points", Found: "neither"}
		}
		runs *= float64(k.count())
	}
	if runs > maxRuns {
		return &exit.BadInput{Expected: fmt.Sprintf("at most %d runs", maxRuns), Found: fmt.Sprintf("%.3g", runs)}
	}
	return nil
}

// count is how many values a key has in a grid.
func (k Key) count() int {
	if k.Range == nil {
		return len(k.Values)
	}
	return k.Range.Steps
}

// grid returns these values.
func (k Key) grid() []any {
	if k.Range == nil {
		return k.Values
	}
	var values []any
	for i := range k.Range.Steps {
		values = append(values, k.Range.at(float64(i)/float64(k.Range.Steps-1)))
	}
	return values
}

// at returns the number at a share of the interval.
func (r Range) at(share float64) any {
	x := r.From + float64(share*(r.To-r.From))
	if r.Log {
		x = r.From * fmath.Pow(r.To/r.From, share)
	}
	if share == 1 {
		x = r.To
	}
	if r.Whole {
		return int64(math.Round(x))
	}
	return x
}

// All returns the points: of a grid, the last key changes fastest; of random points, the i-th has
// the same values whatever their number.
func (s *Sweep) All() []Point {
	var points []Point
	if s == nil || slices.ContainsFunc(s.Keys, func(k Key) bool { return k.Range == nil && len(k.Values) == 0 }) {
		return nil // Read and Parse give each key a value
	}
	if s.Points > 0 {
		for i := range s.Points {
			p := Point{Index: i}
			for _, k := range s.Keys {
				rng := random.New(s.Seed, "sweep/"+k.Name, uint64(i))
				if k.Range != nil {
					p.Values = append(p.Values, k.Range.at(rng.Float64()))
				} else {
					p.Values = append(p.Values, k.Values[rng.IntN(len(k.Values))])
				}
			}
			points = append(points, p)
		}
		return points
	}
	points = []Point{{}}
	for _, k := range s.Keys {
		var longer []Point
		for _, p := range points {
			for _, v := range k.grid() {
				longer = append(longer, Point{Values: append(slices.Clone(p.Values), v)})
			}
		}
		points = longer
	}
	for i := range points {
		points[i].Index = i
	}
	return points
}

// Set returns the text of an experiment with the keys of a point, and the seed, laid over it.
// Comments are lost. Of a list of sections, [[layer]] or [[target]], a number says which one, from
// 0: "target.0.file". Errors name the key that the experiment cannot have, as a value that stands
// where a section is needed.
func (s *Sweep) Set(file, text string, p Point, seed uint64) (string, error) {
	if err := s.check(p); err != nil {
		return "", err
	}
	table, err := schema.Table(file, text)
	if err != nil {
		return "", err
	}
	table = maps.Clone(table)
	table["seed"] = int64(seed)
	for i, k := range s.Keys {
		if err := set(table, strings.Split(k.Name, "."), p.Values[i]); err != nil {
			err.File, err.Member = file, "keys."+k.Name
			return "", err
		}
	}
	var b strings.Builder
	enc := toml.NewEncoder(&b)
	enc.Indent = ""
	if err := enc.Encode(table); err != nil {
		return "", &exit.BadInput{File: file, Err: err}
	}
	return b.String(), nil
}

// set lays a value over that at the path in a table, and makes the sections that lead there.
func set(at map[string]any, path []string, value any) *exit.BadInput {
	for len(path) > 1 {
		section := path[0]
		path = path[1:]
		switch next := at[section].(type) {
		case nil:
			made := map[string]any{}
			at[section], at = made, made
		case map[string]any:
			at = next
		case []map[string]any:
			i, err := strconv.Atoi(path[0])
			if err != nil || i < 0 || i >= len(next) || len(path) < 2 {
				return &exit.BadInput{Expected: fmt.Sprintf("a number from 0 to %d behind %s, and a key: one of its sections [[%s]]", len(next)-1, section, section), Found: strings.Join(path, ".")}
			}
			at, path = next[i], path[1:]
		default:
			return &exit.BadInput{Expected: "a section [" + section + "]", Found: fmt.Sprintf("%T", next)}
		}
	}
	at[path[0]] = value
	return nil
}
