package data

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func saveText(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.csv")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCSVFeatures(t *testing.T) {
	r, err := CSV{}.read(saveText(t, "index;height;label;width;set\n0;0,5;cat;1;0\n1;1,5;dog;2;2\n2;2,5;cat;3;1\n"))
	if err != nil {
		t.Fatal(err)
	}
	target, err := classes(r.labels)
	if err != nil {
		t.Fatal(err)
	}
	r.form.Target = target
	list := all(t, r)
	if !reflect.DeepEqual(list[1].X, []float64{1.5, 2}) || list[1].Label != 1 || list[2].Label != 0 || !slices.Equal(target.Names, []string{"cat", "dog"}) || !slices.Equal(r.set, []int32{0, 2, 1}) {
		t.Errorf("%+v, parts %v, %+v", list, r.set, target)
	}
	if r, err = (CSV{Y: "width", Ignore: []string{"name"}}).read(saveText(t, "name,height,width\na,1,0.5\nb,2,3\n")); err != nil || r.form.Target.Kind != VectorTarget || all(t, r)[1].Y[0] != 3 {
		t.Errorf("a number as target: %v, %+v", err, r)
	}
}

func TestCSVSequences(t *testing.T) {
	r, err := CSV{Y: "class", Sample: "trial", Files: Files{Group: "who"}}.read(saveText(t,
		"trial,who,a,b,class\n7,x,1,2,5\n7,x,3,4,5\n2,y,5,6,6\n9,x,7,8,5\n9,x,9,10,5\n9,x,11,12,5\n"))
	if err != nil {
		t.Fatal(err)
	}
	if r.form.Input != Sequence || r.form.Channels != 2 || r.form.Steps != 3 || r.n != 3 || !slices.Equal(r.groups, []int32{0, 1, 0}) {
		t.Errorf("%+v, groups %v", r.form, r.groups)
	}
	r.form.Target, r.labels = Target{}, nil
	list := all(t, r)
	if list[0].Steps != 2 || !slices.Equal(list[2].X, []float64{7, 8, 9, 10, 11, 12}) {
		t.Errorf("%+v", list)
	}
}

// TestCSVTargets: several columns are a vector, and with sequences one for each step.
func TestCSVTargets(t *testing.T) {
	r, err := CSV{Y: "u, v"}.read(saveText(t, "a,u,v\n1,2,3\n4,5,6\n"))
	if err != nil || !reflect.DeepEqual(r.form.Target, Target{Kind: VectorTarget, Size: 2}) || r.form.Channels != 1 || !slices.Equal(all(t, r)[1].Y, []float64{5, 6}) {
		t.Errorf("%v, %+v", err, r)
	}
	r, err = CSV{Y: "u,v", Sample: "s", Target: "sequence"}.read(saveText(t, "s,a,u,v\n0,1,2,3\n0,4,5,6\n1,7,8,9\n"))
	if err != nil || !reflect.DeepEqual(r.form.Target, Target{Kind: SequenceTarget, Size: 2}) {
		t.Fatalf("%v, %+v", err, r)
	}
	if list := all(t, r); !slices.Equal(list[0].Y, []float64{2, 3, 5, 6}) || !slices.Equal(list[1].Y, []float64{8, 9}) {
		t.Errorf("%+v", list)
	}
}

func TestCSVErrors(t *testing.T) {
	for _, c := range []struct {
		set  CSV
		text string
		says string
	}{
		{CSV{}, "a,b\n1,2\n", "none of y, label, class is among a, b"},
		{CSV{Y: "z"}, "a,b\n1,2\n", `a column "z"`},
		{CSV{}, "a,y\nlow,1\nhigh,0\n", `"a": data: malformed file: expected numbers, found "low"`},
		{CSV{}, "a,y\n1,1\n2,0\nhigh,0\n", `expected numbers, found "high" in row 3; data.ignore`},
		{CSV{}, "a,y\n1,1\nnan,0\n", `"a": data: malformed file: expected finite numbers, found NaN in row 2`},
		{CSV{}, "a,y\n1,cat\n2,\n3,dog\n", `"y": data: malformed file: expected a class in each row, found none in row 2`},
		{CSV{}, "y\n1\n2\n", "columns of features"},
		{CSV{Sample: "s"}, "s,a,y\n1,2,0\n1,3,1\n", "found another in row 2"},
		{CSV{Sample: "s"}, "s,a,y\n1,2,0\n2,3,1\n1,4,0\n", "earlier sequence in row 3"},
		{CSV{Sample: "s"}, "a,y\n1,2\n", `a column "s"`},
		{CSV{Target: "vector"}, "a,y\n1,cat\n", `numbers, for target = "vector", found "cat"`},
		{CSV{Target: "class", Y: "y,z"}, "a,y,z\n1,0,1\n", `one column, for target = "class", found 2`},
		{CSV{Target: "sequence"}, "a,y\n1,0\n", "sequences (data.sample)"},
		{CSV{Y: "y,z"}, "a,y\n1,0\n", `a column "z"`},
		{CSV{Target: "class"}, "a,y\n1,0.5\n", "found 0.5 in row 1"},
		{CSV{}, "a,y\n1,NaN\n", "finite numbers, found NaN in row 1"},
		{CSV{}, "a,y,set\n1,1,4\n", "found 4 in row 1"},
		{CSV{}, "a,y,set\n1,1,train\n", `found "train"`},
		{CSV{Files: Files{Group: "g"}}, "a,y\n1,1\n", `a column "g"`},
	} {
		path := saveText(t, c.text)
		if _, err := c.set.read(path); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: error %v, want ErrFormat with %q", c.text, err, c.says)
		}
	}
}

// FuzzCSVSet: whatever a table is, reading it gives samples of their form or an error; a file to
// predict has the same channels or is an error.
func FuzzCSVSet(f *testing.F) {
	f.Add("a,b,y\n1,2,0\n3,4,1\n5,6,0\n", "", "", "")
	f.Add("trial;a;class;who;set\n7;1,5;x;p;0\n7;2,5;x;p;0\n9;1;y;q;1\n8;1;y;r;2\n", "class", "trial", "who")
	f.Add("s a u v\n0 1 2 3\n0 4 5 6\n1 7 8 9\n", "u, v", "s", "")
	f.Fuzz(func(t *testing.T, text, y, sample, group string) {
		path := saveText(t, text)
		for _, target := range []string{"", "class", "vector", "sequence"} {
			s := CSV{Y: y, Target: target, Sample: sample, Files: Files{File: path, Group: group}}
			p, err := s.Load()
			if err != nil {
				continue
			}
			checkParts(t, p)
			d, err := s.Open(path, p.Train)
			checkOpened(t, p, d, err)
		}
	})
}

// checkParts reads the first samples of each part.
func checkParts(t *testing.T, p Parts) {
	t.Helper()
	for _, d := range p.Each() {
		checkFirst(t, d)
	}
}

// checkOpened reads the first samples of a file to predict.
func checkOpened(t *testing.T, p Parts, d Dataset, err error) {
	t.Helper()
	if err != nil {
		return
	}
	checkFirst(t, d)
	if d.Form().Channels != p.Train.Form().Channels {
		t.Fatalf("%d channels to predict, %d in training", d.Form().Channels, p.Train.Form().Channels)
	}
}

// checkFirst reads the first samples of a set, which are to be of its form.
func checkFirst(t *testing.T, d Dataset) {
	t.Helper()
	var s Sample
	for i := range min(d.Len(), 100) {
		if err := d.Sample(&s, i); err != nil {
			t.Fatal(err)
		}
		if err := s.check(d.Form()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCSVColumns: features are known by their names, in the files of all parts and in one to
// predict; without names, by their places.
func TestCSVColumns(t *testing.T) {
	mine, other := saveText(t, "a,b,y\n1,2,u\n3,4,v\n"), saveText(t, "y,b,a\nu,6,5\nv,8,7\n")
	for _, scale := range []string{"", "minmax"} {
		s := CSV{Files: Files{File: mine, ValidFile: other, TestFile: other, Scale: scale}}
		p, err := s.Load()
		if err != nil {
			t.Fatal(err)
		}
		same := saveText(t, "y,a,b\nu,5,6\nv,7,8\n")
		want, err := s.Open(same, p.Train)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{other, saveText(t, "b;a\n6;5\n8;7\n"), saveText(t, "5,6\n7,8\n")} {
			d, err := s.Open(path, p.Train)
			if err != nil {
				t.Fatal(err)
			}
			for i, x := range all(t, d) {
				if !slices.Equal(x.X, all(t, want)[i].X) || !slices.Equal(x.X, all(t, p.Valid)[i].X) || scale == "" && !slices.Equal(x.X, []float64{float64(5 + 2*i), float64(6 + 2*i)}) {
					t.Errorf("%s, scale %q: %v", path, scale, x.X)
				}
			}
		}
		for text, says := range map[string]string{
			"a,c\n1,2\n": `expected a column "b", as in ` + mine + "; found a, c", "a\n1\n": `expected a column "b"`,
			"c,a,b\n1,2,3\n": "expected the columns a, b alone, as in " + mine + "; found c, too", "1,2,3\n": "expected 2 channels",
		} {
			if _, err := s.Open(saveText(t, text), p.Train); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), says) {
				t.Errorf("%q: %v, want %s", text, err, says)
			}
		}
	}
}
