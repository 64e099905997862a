package complete

import (
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

type grammar struct {
	Data struct {
		Get struct {
			Set    string `arg:"" enum:"mnist,osuleaf"`
			Mirror []string
			Fast   bool
		} `cmd:""`
	} `cmd:""`
	Train struct {
		Recipe string   `arg:"" optional:"" complete:"recipes"`
		Engine string   `enum:"fused,unrolled," default:""`
		Record []string `enum:"imem,isyn" default:"imem"`
		Secret bool     `hidden:""`
	} `cmd:""`
	Sim struct {
		Cases []string `arg:"" complete:"recipes"`
	} `cmd:""`
	Hidden struct{} `cmd:"" hidden:""`
	Quiet  bool     `short:"q"`
	Level  string   `short:"l" enum:"low,high" default:"low"`
}

func TestWords(t *testing.T) {
	parser, err := kong.New(&grammar{})
	if err != nil {
		t.Fatal(err)
	}
	lists := map[string]func() []string{"recipes": func() []string { return []string{"mnist", "yinyang"} }}
	for line, want := range map[string]string{
		"":                          "data train sim", // no hidden ones
		"t":                         "train",
		"data ":                     "get",
		"data get ":                 "mnist osuleaf",
		"data get m":                "mnist",
		"data get mnist ":           "", // files
		"data get --fast ":          "mnist osuleaf",
		"data get --mirror ":        "",
		"data get --mirror data o":  "osuleaf",
		"train ":                    "mnist yinyang",
		"train y":                   "yinyang",
		"train --e":                 "--engine",
		"train --s":                 "",
		"train -":                   "--engine --record --help --quiet --level",
		"train --engine ":           "fused unrolled",
		"train --engine=u":          "--engine=unrolled",
		"train --engine = u":        "unrolled",
		"train --engine =":          "fused unrolled",
		"train --none=u":            "",
		"train --record imem,is":    "imem,isyn",
		"train --record=imem,is":    "--record=imem,isyn",
		"train -l ":                 "low high",
		"-q t":                      "train",
		"sim mnist y":               "yinyang",
		"nothing of the kind there": "",
	} {
		if got := strings.Join(Words(parser.Model, lists, strings.Split(line, " ")), " "); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	if got := Words(parser.Model, lists, nil); !slices.Equal(got, []string{"data", "train", "sim"}) {
		t.Errorf("no words: %q", got)
	}
}

func TestScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if !strings.Contains(Script(shell), "completion words -- ") {
			t.Errorf("%s: a script that asks nothing", shell)
		}
	}
	if Script("tcsh") != "" {
		t.Error("a script for tcsh")
	}
}
