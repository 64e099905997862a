package data

import "fmt"

// Opener is a Source that reads samples to predict.
type Opener interface {
	Source
	// Open reads the file at path, or of some kinds a folder, as Load reads the parts, with the
	// classes and the scale of the training part of Load. Targets may be missing: the form then has
	// none.
	Open(path string, trained Dataset) (Dataset, error)
}

// open reads a file with the classes and the scale of the training part. free does not need
// targets.
func open(path string, trained Dataset, free func(path string) (*recorded, error)) (Dataset, error) {
	if trained == nil {
		return nil, fmt.Errorf("%s: %w: no training part to take the classes and the scale from", path, ErrSettings)
	}
	want := trained.Form()
	r, err := free(path)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, fmt.Errorf("%w: a data set without the name of a file", ErrSettings)
	}
	bad := func(expected string, found any) error {
		return fmt.Errorf("%s: %w: expected %s, found %v", path, ErrFormat, expected, found)
	}
	if err := r.arrange(origin(trained)); err != nil {
		return nil, err
	}
	switch form := r.form; {
	case r.n == 0:
		return nil, bad("samples", "none")
	case form.Input != want.Input:
		return nil, bad(fmt.Sprintf("%v, as those that were learned", want.Input), form.Input)
	case form.Input == EventList && form.Channels <= want.Channels:
		r.form.Channels = want.Channels
	case form.Channels != want.Channels:
		return nil, bad(fmt.Sprintf("%d channels, as were learned", want.Channels), form.Channels)
	}
	if r.labels != nil {
		r.form.Target = want.Target
		if err := r.labels.as(want.Target.Names); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	if s, ok := trained.(scaled); ok {
		s.Dataset = r
		return s, nil
	}
	return r, near(path, r, want.Duration)
}

// near refuses events that lie far behind the end of all samples that were learned.
func near(path string, d Dataset, learned float64) error {
	if learned == 0 || !strayTime(d.Form().Duration, learned) {
		return nil
	}
	var s Sample
	for i := range d.Len() {
		if err := d.Sample(&s, i); err != nil {
			return err
		}
		for k, e := range s.Events {
			if strayTime(endOf(e.Time), learned) {
				return fmt.Errorf("%s: %w: sample %d: expected events before %g s, as the longest sample that was learned has %g s, found event %d at %g s", path, ErrFormat, i, max(10, 64*learned), learned, k, e.Time)
			}
		}
	}
	return nil
}

// whole returns the data set that a part is taken from.
func whole(part Dataset) Dataset {
	if v, ok := part.(*view); ok {
		return v.Dataset
	}
	return part
}
