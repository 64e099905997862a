package data

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/surge-snn/surge/internal/files"
)

// TS reads sequences from the .ts files of the UCR and UEA time-series archive (A. Bagnall et al.
// 2018, arXiv:1811.00075; the format is that of sktime and aeon): a header of lines @name value,
// and after @data a line for each sample,
//
//	v,v,v:v,v,v:class        the values of each channel over time, then the class, or a number
//	                         (@targetLabel)
//
// Samples may differ in length. All channels of a sample have the same one.
type TS struct {
	Files
	// Dir is a folder with one pair of files NAME_TRAIN.ts and NAME_TEST.ts, in place of File and
	// TestFile.
	Dir string
	// Missing says what becomes of a missing value, "?" or NaN: "" is an error, "hold" the value
	// before it (the first one that is there, at the beginning).
	Missing string
}

func newTS(p *Params) Source {
	s := TS{
		Dir:     p.String("dir", "", "folder of NAME_TRAIN.ts and NAME_TEST.ts, in place of file and test_file"),
		Missing: p.Choice("missing", "", "what a missing value becomes; nothing: an error", "hold"),
	}
	if s.Dir != "" {
		p.Want("dir", !p.Given("file") && !p.Given("test_file"), "nothing beside file and test_file")
	}
	s.Files = readFilesOr(p, s.Dir != "")
	return s
}

// Open reads a file to predict, see [Opener].
func (s TS) Open(path string, trained Dataset) (Dataset, error) {
	free := s
	free.untargeted = true
	return open(path, trained, free.read)
}

// Load reads the files.
func (s TS) Load() (Parts, error) {
	if s.Dir != "" {
		for _, f := range []struct {
			name *string
			end  string
		}{{&s.File, "_TRAIN.ts"}, {&s.TestFile, "_TEST.ts"}} {
			found, err := filepath.Glob(filepath.Join(globEscape(s.Dir), "*"+f.end))
			if err != nil || len(found) != 1 {
				return Parts{}, fmt.Errorf("%s: %w: expected one file *%s, found %d: %w", s.Dir, ErrFormat, f.end, len(found), fs.ErrNotExist)
			}
			*f.name = found[0]
		}
	}
	return s.load(s.read)
}

// globEscape escapes what filepath.Glob takes for a pattern.
func globEscape(path string) string {
	return strings.NewReplacer("*", `\*`, "?", `\?`, "[", `\[`, `\`, `\\`).Replace(path)
}

func (s TS) read(path string) (*recorded, error) {
	f, err := files.OpenText(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	defer f.Close()
	r, err := s.decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r.path = path
	return r, nil
}

// tsHeader is what the lines before @data say.
type tsHeader struct {
	classes  []string // that are allowed; nil: not said
	class    bool     // the last field is a class
	number   bool     // the last field is a number
	channels int      // 0: not said
	length   int      // of all samples; 0: not said
	equal    bool     // all have the length of the first
}

// decode reads a file.
func (s TS) decode(r io.Reader) (*recorded, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	var h tsHeader
	line, first, data := 0, 0, false
	out := &recorded{form: Form{Input: Sequence}}
	var samples [][]float64 // [S][T, N]
	var targets []string
	for {
		text, err := in.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("data: %w", err)
		}
		line++
		if line == 1 {
			text = strings.TrimPrefix(text, "\ufeff") // which editors of Windows put there
		}
		if text = strings.TrimSpace(text); text != "" && text[0] != '#' {
			switch {
			case !data && text[0] != '@':
				return nil, fmt.Errorf("%w: line %d: expected a line @name of the header of a .ts file, found %.30q", ErrFormat, line, text)
			case !data:
				if data, err = h.add(text, line, err); err != nil && !errors.Is(err, io.EOF) {
					return nil, err
				}
			default:
				x, target, bad := s.sample(h, text, line, out.form.Channels)
				if bad != nil {
					return nil, bad
				}
				if len(samples) == 0 {
					first = line
					out.form.Channels = max(h.channels, strings.Count(text, ":")+1-btoi(h.class || h.number))
				}
				if h.equal && len(samples) > 0 && len(x) != len(samples[0]) {
					return nil, fmt.Errorf("%w: line %d: expected %d values, as in line %d, because of @equalLength true, found %d",
						ErrFormat, line, len(samples[0])/out.form.Channels, first, len(x)/out.form.Channels)
				}
				samples, targets = append(samples, x), append(targets, target)
				out.form.Steps = max(out.form.Steps, len(x)/out.form.Channels)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
	}
	if !data {
		return nil, fmt.Errorf("%w: expected a .ts file with @data, found none in %d lines", ErrFormat, line)
	}
	channels := out.form.Channels
	out.n = len(samples)
	out.input = func(dst *Sample, i int) { copy(dst.Sequence(len(samples[i])/channels, channels), samples[i]) }
	if s.untargeted && !h.class && !h.number {
		return out, nil
	}
	return out, out.targets(h, targets)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// add reads a line of the header; data is true at its end.
func (h *tsHeader) add(text string, line int, end error) (data bool, err error) {
	fields := strings.Fields(text)
	name, values := strings.ToLower(fields[0]), fields[1:]
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: line %d: %s: %s", ErrFormat, line, fields[0], fmt.Sprintf(format, args...))
	}
	flag := len(values) > 0 && strings.EqualFold(values[0], "true")
	switch name {
	case "@data":
		return true, end
	case "@timestamps":
		if flag {
			return false, bad("expected values without time stamps, found true; sample them at equal steps first")
		}
	case "@classlabel":
		if h.class = flag; flag {
			h.classes = values[1:]
		}
	case "@targetlabel":
		h.number = flag
	case "@equallength":
		h.equal = flag
	case "@dimension", "@dimensions", "@serieslength":
		n := 0
		if len(values) == 1 {
			n, err = strconv.Atoi(values[0])
		}
		if err != nil || n <= 0 {
			return false, bad("expected a whole number > 0, found %.30q", strings.Join(values, " "))
		}
		if name == "@serieslength" {
			h.length = n
		} else {
			h.channels = n
		}
	}
	return false, end
}

// sample reads one line; channels is the number of the samples before, 0 at the first.
func (s TS) sample(h tsHeader, text string, line, channels int) (x []float64, target string, err error) {
	bad := func(format string, args ...any) ([]float64, string, error) {
		return nil, "", fmt.Errorf("%w: line %d: %s", ErrFormat, line, fmt.Sprintf(format, args...))
	}
	parts := strings.Split(text, ":")
	if h.class || h.number {
		target = strings.TrimSpace(parts[len(parts)-1])
		parts = parts[:len(parts)-1]
		if target == "" || strings.Contains(target, ",") {
			return bad("expected a target after the last colon, found %.30q", target)
		}
		if h.class && len(h.classes) > 0 && !slices.Contains(h.classes, target) {
			return bad("expected one of the classes %s, found %.30q", strings.Join(h.classes, ", "), target)
		}
	}
	if want := max(channels, h.channels); len(parts) == 0 || want > 0 && len(parts) != want {
		return bad("expected %d channels between colons, found %d", max(want, 1), len(parts))
	}
	steps := strings.Count(parts[0], ",") + 1
	if h.length > 0 && steps != h.length {
		return bad("expected %d values, as @seriesLength says, found %d", h.length, steps)
	}
	x = make([]float64, steps*len(parts))
	for k, part := range parts {
		if n := strings.Count(part, ",") + 1; n != steps {
			return bad("expected %d values in channel %d, as in channel 0, found %d", steps, k, n)
		}
		i, missing := 0, 0
		for field := range strings.SplitSeq(part, ",") {
			field = strings.TrimSpace(field)
			v, err := strconv.ParseFloat(field, 64)
			if field == "?" {
				v, err = math.NaN(), nil
			}
			if err != nil || math.IsInf(v, 0) {
				return bad("channel %d, step %d: expected a finite number, found %.30q", k, i, field)
			}
			if v != v {
				missing++
			}
			x[i*len(parts)+k] = v
			i++
		}
		switch {
		case missing > 0 && s.Missing == "":
			return bad("channel %d has %d missing values of %d; data.missing = \"hold\" takes the one before", k, missing, steps)
		case missing == steps:
			return bad("channel %d has no values, only %d missing ones", k, steps)
		case missing > 0:
			hold(x, k, len(parts))
		}
	}
	return x, target, nil
}

// hold fills missing values of channel k of so many.
func hold(x []float64, k, channels int) {
	last := math.NaN()
	for i := k; i < len(x); i += channels {
		if x[i] == x[i] {
			last = x[i]
			break
		}
	}
	for i := k; i < len(x); i += channels {
		if x[i] != x[i] {
			x[i] = last
		}
		last = x[i]
	}
}

// targets takes the last fields of the lines.
func (r *recorded) targets(h tsHeader, list []string) error {
	switch {
	case h.class:
		l := labels{codes: make([]int32, len(list))}
		index := map[string]int32{}
		for _, c := range h.classes {
			if _, ok := index[c]; !ok {
				index[c] = int32(len(l.values))
				l.values = append(l.values, c)
			}
		}
		for i, c := range list {
			code, ok := index[c]
			if !ok {
				code = int32(len(l.values))
				index[c] = code
				l.values = append(l.values, c)
			}
			l.codes[i] = code
		}
		r.labels = &l
	case h.number:
		y := make([]float64, len(list))
		for i, field := range list {
			v, err := strconv.ParseFloat(field, 64)
			if err != nil || v-v != 0 {
				return fmt.Errorf("%w: sample %d: expected a finite number as target, found %.30q", ErrFormat, i, field)
			}
			y[i] = v
		}
		r.form.Target = Target{Kind: VectorTarget, Size: 1}
		r.target = func(dst *Sample, i int) { dst.Y = append(dst.Y[:0], y[i]) }
	default:
		return fmt.Errorf("%w: expected @classLabel true or @targetLabel true, found neither: there is nothing to learn", ErrFormat)
	}
	return nil
}
