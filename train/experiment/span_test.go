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
