package experiment

import (
	"strings"
	"testing"

	"github.com/surge-snn/surge/train/data"
)

// TestEncoderOfEvents: an encoder that takes no events is an error of the file, before anything is
// written.
func TestEncoderOfEvents(t *testing.T) {
	for text, want := range map[string]string{
		"[encode]\nkind = \"ttfs\"":   "none, because the data are events",
		"[encode]\nkind = \"none\"":   "",
		"[encode]\nkind = \"course\"": "whose steps are those of the sequence",
	} {
		e, err := Parse("a.toml", "name = \"a\"\n"+text+"\n", "")
		if err != nil {
			t.Fatal(err)
		}
		form := data.Form{Input: data.EventList, Target: data.Target{Kind: data.ClassTarget, Size: 2}}
		if strings.Contains(text, "course") {
			form = data.Form{Input: data.Sequence, Target: data.Target{Kind: data.SequenceTarget, Size: 2}}
		}
		err = e.span(form, 10)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "a.toml: encode.kind")) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// TestSurrogateNumbers: where the name of a surrogate is right, the error is about its numbers.
func TestSurrogateNumbers(t *testing.T) {
	for value, want := range map[string]string{
		"atan(0)": "sharpness is zero", "atan(x)": "invalid syntax", "atan(1, 2, 3)": "found 3 numbers, want 1",
		"atan(1": "no closing parenthesis", "aten(1)": "one of fast_sigmoid",
	} {
		_, err := Parse("a.toml", "name = \"a\"\n[model]\nsurrogate = \""+value+"\"\n", "")
		if err == nil || !strings.Contains(err.Error(), "model.surrogate") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", value, err, want)
		}
	}
}
