package data

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// EventFiles reads recordings of event cameras and other sensors, one file each, that lie in a
// folder for each class:
//
//	DIR/train/CLASS/FILE   DIR/test/CLASS/FILE   perhaps DIR/valid/CLASS/FILE
//
// or DIR/CLASS/FILE, which is divided. The names of the parts may be written large, as N-MNIST has
// them. A file is read once to check and measure it, and again whenever its sample is wanted:
// memory does not grow with the set.
//
// The channel of an event is (p height + y) width + x, with the polarity p.
type EventFiles struct {
	Dir string
	// Endings of the files: of other files none may be there.
	Endings []string
	// Sensor is the layout of addresses in AEDAT 2: "dvs128" or "davis".
	Sensor string
	// Unit of the times in .csv and .npy: "s", "ms" or "us"; empty: s for fractions in .csv, µs in
	// .npy.
	Unit string
	// Origin "first" lets each recording begin with its first event; empty: times as they are.
	Origin string
	// Width and Height of the sensor, in pixels after the filter; 0: what the events need.
	Width, Height int
	// TimeWindow cuts each recording into windows of so many s, of which each is a sample
	// (SliceByTime); what is left over at its end is in none, but with Incomplete, as tonic's
	// include_incomplete. 0: the recording is one.
	TimeWindow float64
	Incomplete bool
	// Split are the fractions for the parts that have no folder of their own, as in [Files].
	// Recordings stay whole.
	Split []float64
	// SplitSeed chooses among the divisions.
	SplitSeed int
	Filter    EventFilter
}

// newEventFiles returns the constructor of a row for some kinds of files.
func newEventFiles(origin string, endings ...string) func(p *Params) Source {
	return func(p *Params) Source {
		s := EventFiles{Endings: endings,
			Dir: p.String("dir", "", "folder of train/CLASS/FILE and test/CLASS/FILE, or of CLASS/FILE, with files "+strings.Join(endings, ", ")),
		}
		if slices.Contains(endings, ".aedat") {
			s.Sensor = p.Choice("sensor", "", "of AEDAT 2", "dvs128", "davis")
		}
		if slices.Contains(endings, ".csv") {
			s.Unit = p.Choice("unit", "", "of the times; nothing: s where they are fractions, µs in .npy", "s", "ms", "us")
		}
		s.Origin = p.Choice("origin", origin, "of times; first: each recording begins with its first event", "first", "file")
		s.Width, s.Height = p.Int("width", 0, "of the sensor in pixels; 0: what the events need"), p.Int("height", 0, "of the sensor in pixels; 0: what the events need")
		s.TimeWindow = p.Float("time_window", 0, "s; each window of a recording is a sample (SliceByTime); 0: the recording is one")
		s.Incomplete = p.Bool("include_incomplete", false, "what is left over behind the last time_window is a sample, too")
		s.Split = p.Floats("split", nil, "fractions for training, validation and test, of those that have no folder; nothing: 0.7, 0.15, 0.15 or 0.85, 0.15")
		s.SplitSeed = p.Int("split_seed", 0, "chooses among the divisions")
		s.Filter = readEventFilter(p)
		p.Want("dir", s.Dir != "", "the folder of the recordings")
		p.Want("time_window", s.TimeWindow >= 0, ">= 0 s")
		p.Want("include_incomplete", !s.Incomplete || s.TimeWindow > 0, "nothing: time_window is 0")
		return s
	}
}

// Load lists and measures the recordings.
func (s EventFiles) Load() (p Parts, err error) {
	folders, err := s.parts()
	if err != nil {
		return p, err
	}
	names, err := classFolders(folders)
	if err != nil {
		return p, err
	}
	if len(names) < 2 {
		return p, fmt.Errorf("%s: %w: expected a folder for each of at least two classes, found %q", s.Dir, ErrFormat, names)
	}
	var sets [3]*eventFiles
	form := Form{Input: EventList, Target: Target{Kind: ClassTarget, Size: len(names), Names: names}}
	width, height := s.Width, s.Height
	for k, folder := range folders {
		if folder == "" {
			continue
		}
		if sets[k], err = s.list(folder, names); err != nil {
			return p, err
		}
		width, height = max(width, sets[k].width), max(height, sets[k].height)
		form.Duration = max(form.Duration, sets[k].form.Duration)
	}
	if err := s.strays(sets[:], width, height); err != nil {
		return p, err
	}
	polarities := 2
	if s.Filter.MergePolarities {
		polarities = 1
	}
	form.Channels, form.Image = width*height*polarities, [3]int{polarities, height, width}
	dst := []*Dataset{&p.Train, &p.Valid, &p.Test}
	var open []*Dataset
	for k, set := range sets {
		if set == nil || k == 0 {
			open = append(open, dst[k])
		} else {
			*dst[k] = set
		}
		if set != nil {
			set.form, set.width, set.height = form, width, height
		}
	}
	all := &recorded{n: sets[0].Len(), groups: sets[0].file}
	if err := (Files{Split: s.Split, SplitSeed: s.SplitSeed}).divide(all, open); err != nil {
		return p, fmt.Errorf("%s: %w", s.Dir, err)
	}
	for _, d := range open {
		if v, ok := (*d).(*view); ok {
			v.Dataset = sets[0]
		} else {
			*d = sets[0]
		}
	}
	return p, p.check()
}

// strays returns an error for a size that is not given, and that a few events alone need.
func (s EventFiles) strays(sets []*eventFiles, width, height int) error {
	var xs, ys, times reach
	for _, set := range sets {
		if set != nil {
			xs.merge(&set.xs)
			ys.merge(&set.ys)
			times.merge(&set.times)
		}
	}
	most := times.mostTime()
	for _, set := range sets {
		if set != nil && strayTime(set.end, most) {
			return fmt.Errorf("%s: %w: the last event: expected a time below %g s, where all but a few of the events are, or data.max_time that leaves out what is later, found %g s", set.longest, ErrFormat, most, set.end)
		}
	}
	w, h := xs.most(), ys.most()
	if s.Width > 0 {
		w = int64(s.Width)
	}
	if s.Height > 0 {
		h = int64(s.Height)
	}
	if s.Width > 0 && s.Height > 0 || !stray(int64(width)*int64(height), w*h) {
		return nil
	}
	for _, set := range sets {
		if set == nil {
			continue
		}
		for _, path := range []string{set.widest, set.highest} {
			if x, y := set.width > int(w) && path == set.widest, set.height > int(h) && path == set.highest; x || y {
				return s.event(path, int(w), int(h), fmt.Sprintf("pixels below (%d, %d), where all but a few of the events are, or data.width and data.height that say how large the sensor is", w, h))
			}
		}
	}
	return nil
}

// Open reads recordings to predict, see [Opener]: a file, a folder of files, or one of CLASS/FILE,
// whose classes are known.
func (s EventFiles) Open(path string, trained Dataset) (Dataset, error) {
	like, ok := whole(trained).(*eventFiles)
	if !ok {
		return nil, fmt.Errorf("%s: %w: no training part to take the classes from", path, ErrSettings)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	s.Width, s.Height = like.width, like.height
	set, target, names := &eventFiles{EventFiles: s}, Target{}, []string(nil)
	if info.IsDir() {
		if names, err = classFolders([3]string{path}); err != nil {
			return nil, err
		}
	}
	switch {
	case !info.IsDir():
		err = set.measure(path, 0)
	case len(names) == 0:
		if err = set.folder(path, 0); err == nil && set.Len() == 0 {
			err = fmt.Errorf("%s: %w: no recordings: %w", path, ErrFormat, fs.ErrNotExist)
		}
	default:
		target = like.form.Target
		for _, name := range names {
			if !slices.Contains(target.Names, name) {
				return nil, fmt.Errorf("%s: %w: expected files, or folders among %s, found %s", path, ErrFormat, strings.Join(target.Names, ", "), name)
			}
		}
		set, err = s.list(path, target.Names)
	}
	if err != nil {
		return nil, err
	}
	set.form.Input, set.form.Channels, set.form.Target = EventList, like.form.Channels, target
	set.width, set.height = like.width, like.height
	return set, near(path, set, like.form.Duration)
}

// parts returns the folders of the parts; "" for one that has none.
func (s EventFiles) parts() (folders [3]string, err error) {
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		return folders, fmt.Errorf("data: %w", err)
	}
	for _, e := range entries {
		k := slices.Index([]string{"train", "valid", "test"}, strings.ToLower(e.Name()))
		if k >= 0 && e.IsDir() {
			folders[k] = filepath.Join(s.Dir, e.Name())
		}
	}
	if folders == [3]string{} {
		folders[0] = s.Dir
	}
	if folders[0] == "" {
		return folders, fmt.Errorf("%s: %w: expected a folder train beside valid or test", s.Dir, ErrFormat)
	}
	return folders, nil
}

// classFolders returns the names of the folders in the parts, numbers by their value.
func classFolders(folders [3]string) ([]string, error) {
	var names []string
	for _, folder := range folders {
		if folder == "" {
			continue
		}
		entries, err := os.ReadDir(folder)
		if err != nil {
			return nil, fmt.Errorf("data: %w", err)
		}
		for _, e := range entries {
			if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(names, e.Name()) {
				names = append(names, e.Name())
			}
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		n, errA := strconv.Atoi(a)
		m, errB := strconv.Atoi(b)
		if errA == nil && errB == nil {
			return cmp.Compare(n, m)
		}
		return cmp.Compare(a, b)
	})
	return names, nil
}

// eventFiles are the recordings of one part.
type eventFiles struct {
	EventFiles
	paths         []string
	trial         []int32 // in the file
	label         []int
	file          []int32 // of each sample
	window        []int   // of each sample, in its file
	form          Form
	width, height int

	xs, ys, times            reach   // of all events
	widest, highest, longest string  // the files that need the width, the height and the duration
	end                      float64 // s, of the longest
}

// list finds and measures the recordings of a part.
func (s EventFiles) list(folder string, names []string) (*eventFiles, error) {
	set := &eventFiles{EventFiles: s}
	for class, name := range names {
		if err := set.folder(filepath.Join(folder, name), class); err != nil {
			return nil, err
		}
	}
	if set.Len() == 0 {
		return nil, fmt.Errorf("%s: %w: no recordings in the folders %s: %w", folder, ErrFormat, strings.Join(names, ", "), fs.ErrNotExist)
	}
	return set, nil
}

// folder adds the recordings in a folder, where there is one.
func (d *eventFiles) folder(dir string, class int) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("data: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if !slices.Contains(d.Endings, strings.ToLower(filepath.Ext(path))) {
			return fmt.Errorf("%s: %w: expected files ending in %s", path, ErrFormat, strings.Join(d.Endings, ", "))
		}
		if err := d.measure(path, class); err != nil {
			return err
		}
	}
	return nil
}

// measure reads a file and adds its samples.
func (d *eventFiles) measure(path string, class int) error {
	all, trials, err := readRecording(path, eventOptions{sensor: d.Sensor, unit: d.Unit})
	if err != nil {
		return err
	}
	if d.Filter.perPixel() && slices.ContainsFunc(all, func(e pixelEvent) bool {
		x, y := d.Filter.pixel(e)
		return max(x, y) >= maxFiltered
	}) {
		return d.event(path, maxFiltered, maxFiltered, fmt.Sprintf("pixels of a sensor of at most %d x %d, as filter_time and refractory keep a time for each", maxFiltered, maxFiltered))
	}
	numbers := slices.Clone(trials)
	slices.Sort(numbers)
	if numbers = slices.Compact(numbers); len(numbers) == 0 {
		numbers = []int32{0}
	}
	for _, trial := range numbers {
		rec, err := d.filter(all.of(trials, trial), path)
		if err != nil {
			return err
		}
		if err := d.add(rec, path, trial, class); err != nil {
			return err
		}
	}
	return nil
}

// maxFiltered bounds the width and height of a sensor of which each pixel has a time: those of
// cameras are below.
const maxFiltered = 1 << 11

// freeWindows is the number of windows that a recording may be cut into however few events it has.
const freeWindows = 1 << 18

// add adds the samples of a recording.
func (d *eventFiles) add(rec recording, path string, trial int32, class int) error {
	width, height := rec.size()
	if d.Width > 0 && width > d.Width {
		return d.event(path, d.Width, maxPixel, fmt.Sprintf("x below %d (data.width, or what the training set has)", d.Width))
	}
	if d.Height > 0 && height > d.Height {
		return d.event(path, maxPixel, d.Height, fmt.Sprintf("y below %d (data.height, or what the training set has)", d.Height))
	}
	for _, e := range rec {
		d.xs.add(int(e.x))
		d.ys.add(int(e.y))
		d.times.addTime(float64(e.t) / 1e6)
	}
	if width > d.width {
		d.width, d.widest = width, path
	}
	if height > d.height {
		d.height, d.highest = height, path
	}
	end := 0.0
	if len(rec) > 0 {
		end = endOf(float64(rec[len(rec)-1].t) / 1e6)
	}
	if end > d.end {
		d.end, d.longest = end, path
	}
	windows := 1
	if d.TimeWindow > 0 {
		whole := end/d.TimeWindow + 1e-9
		if most := freeWindows + 4*len(rec); whole > float64(most) {
			return fmt.Errorf("%s: %w: expected at most %d windows of %g s (time_window), as it has %d events, found %.0f: the last event is at %g s", path, ErrFormat, most, d.TimeWindow, len(rec), whole, end)
		}
		if windows = int(whole); d.Incomplete && whole-float64(windows) > 1e-6 {
			windows++
		}
		if windows == 0 {
			return fmt.Errorf("%s: %w: expected a recording of at least %g s (time_window), found one of %g s in trial %d; include_incomplete = true makes a sample of it", path, ErrFormat, d.TimeWindow, end, trial)
		}
		end = d.TimeWindow
	}
	d.paths, d.trial, d.label = append(d.paths, path), append(d.trial, trial), append(d.label, class)
	for k := range windows {
		d.file, d.window = append(d.file, int32(len(d.paths)-1)), append(d.window, k)
		d.form.Duration = max(d.form.Duration, end)
	}
	return nil
}

// filter filters a recording.
func (d *eventFiles) filter(rec recording, path string) (recording, error) {
	rec, err := d.Filter.apply(rec, d.Origin)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rec, nil
}

// read reads and filters the recording of a sample.
func (d *eventFiles) read(i int) (recording, error) {
	path := d.paths[d.file[i]]
	rec, trials, err := readRecording(path, eventOptions{sensor: d.Sensor, unit: d.Unit})
	if err != nil {
		return nil, err
	}
	return d.filter(rec.of(trials, d.trial[d.file[i]]), path)
}

// of returns the events of a trial, all where there are no trials.
func (r recording) of(trials []int32, trial int32) recording {
	if trials == nil {
		return r
	}
	t := recording{}
	for i, e := range r {
		if trials[i] == trial {
			t = append(t, e)
		}
	}
	return t
}

// Len returns the number of samples.
func (d *eventFiles) Len() int { return len(d.file) }

// Form returns events with a class.
func (d *eventFiles) Form() Form { return d.form }

// Sample reads the file of sample i.
func (d *eventFiles) Sample(s *Sample, i int) error {
	if err := checkSample(d, s, i); err != nil {
		return err
	}
	rec, err := d.read(i)
	if err != nil {
		return err
	}
	s.Label, s.Events, s.Duration = d.label[d.file[i]], s.Events[:0], d.TimeWindow
	for _, e := range rec {
		t := float64(e.t) / 1e6
		if d.TimeWindow > 0 {
			if int(t/d.TimeWindow+1e-9) != d.window[i] {
				continue
			}
			t = max(t-float64(float64(d.window[i])*d.TimeWindow), 0)
		}
		s.Events = append(s.Events, Spike{t, (int(e.p)*d.height+int(e.y))*d.width + int(e.x)})
	}
	if d.TimeWindow == 0 {
		last := 0.0
		if n := len(s.Events); n > 0 {
			last = s.Events[n-1].Time
		}
		s.Duration = endOf(last)
	}
	return nil
}
