// Package nircmd is the command surge nir.
package nircmd

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/models/nir"
)

// Command is surge nir.
type Command struct {
	Info    Info    `cmd:"" help:"Describe a NIR file, for example: surge nir info network.nir"`
	Run     Run     `cmd:"" help:"Simulate a NIR graph, for example: surge nir run network.nir --input spikes.npz --out output.npz"`
	Check   Check   `cmd:"" help:"Say which other simulators would give other spikes, where first, and why, for example: surge nir check network.nir"`
	Convert Convert `cmd:"" help:"Rewrite a NIR file for another simulator, for example: surge nir convert network.nir --to norse --out norse.nir"`
}

// source is a NIR file and what it means.
type source struct {
	File  string   `arg:"" help:"A NIR file."`
	From  string   `placeholder:"WRITER" complete:"simulators" help:"The library that wrote the file, whose convention it has: norse, snntorch, spikingjelly, sinabs, spyx, lava-dl, rockpool, jaxsnn; nir: the equations as they stand, in seconds. Not needed where the metadata of the file say it."`
	Reset string   `enum:"value,subtract,none," default:"" help:"What a spike does, where the file cannot say: value (to v_reset), subtract (the threshold) or none."`
	Said  []string `placeholder:"NAME=VALUE,..." help:"What else the library does not write, by the names of its arguments (NAME@NODE: of one node): snntorch reset_delay; norse v_reset; sinabs norm_input, spike_fn, min_v_mem, tau_syn. What is not said is taken as its default, and is a note."`
	Dt    float64  `placeholder:"DT" help:"The time step, in the unit of the time constants; default: that of the file, or of the library."`
}

// read reads the graph.
func (s source) read() (*nir.Graph, error) {
	g, err := nir.Read(s.File)
	if err != nil {
		return nil, &exit.BadInput{File: s.File, Err: err}
	}
	if s.Dt < 0 {
		return nil, &exit.BadInput{File: "--dt", Expected: "a positive number", Found: fmt.Sprint(s.Dt)}
	}
	return g, nil
}

// compile reads the graph and gives it its meaning.
func (s source) compile() (*nir.Graph, *nir.Net, error) {
	g, err := s.read()
	if err != nil {
		return nil, nil, err
	}
	c, err := s.convention(g)
	if err != nil {
		return nil, nil, err
	}
	net, err := nir.Compile(g, c, s.Dt)
	if err != nil {
		return nil, nil, &exit.BadInput{File: s.File, Err: err}
	}
	return g, net, nil
}

func (s source) convention(g *nir.Graph) (nir.Convention, error) {
	if s.From != "" && s.From != "nir" && s.From != "surge" {
		c, err := nir.Writer(s.From, nir.Reset(s.Reset), s.Said...)
		if err != nil {
			return c, &exit.BadInput{File: "--from " + s.From, Member: "--reset, --said", Err: err}
		}
		return c, nil
	}
	if len(s.Said) > 0 {
		return nir.Convention{}, &exit.BadInput{File: "--said", Expected: "--from with the library that wrote the file", Found: "none"}
	}
	m, err := nir.ReadMetadata(g)
	if err != nil {
		return nir.Convention{}, &exit.BadInput{File: s.File, Err: err}
	}
	if name, why := nir.Guess(g); s.From == "" && m.Dt == 0 && name != "" && name != "surge" {
		return nir.Convention{}, &exit.BadInput{File: s.File, Expected: "metadata that say the time step, or --from WRITER (--from nir --dt DT: the equations as they stand)",
			Found: fmt.Sprintf("none; it looks like %s: %s", name, why)}
	}
	if m.Dt == 0 && s.Dt == 0 {
		return nir.Convention{}, &exit.BadInput{File: s.File, Expected: "metadata that say the time step, or --from WRITER, or --dt DT", Found: "none"}
	}
	if s.Reset != "" {
		if m.Reset != "" && string(m.Reset) != s.Reset {
			return nir.Convention{}, &exit.BadInput{File: "--reset", Expected: "what the metadata of the file say, " + string(m.Reset), Found: s.Reset}
		}
		if g.Metadata == nil {
			g.Metadata = map[string]any{}
		}
		g.Metadata["reset"] = s.Reset
	}
	c, err := nir.Surge(g)
	if err != nil {
		return c, &exit.BadInput{File: s.File, Err: err}
	}
	return c, nil
}

// notes are what the convention does not take as the file says, or takes where it says nothing,
// each with its nodes.
func notes(net *nir.Net) (texts []string) {
	nodes := map[string][]string{}
	for _, n := range net.Notes {
		if nodes[n.Text] == nil {
			texts = append(texts, n.Text)
		}
		nodes[n.Text] = append(nodes[n.Text], strconv.Quote(n.Node))
	}
	for i, text := range texts {
		texts[i] = strings.Join(nodes[text], ", ") + ": " + text
	}
	return texts
}

// lines splits the reasons in an error into sentences.
func lines(err error) []string {
	return strings.Split(strings.TrimPrefix(err.Error(), nir.ErrMeaning.Error()+": "), ". ")
}

// isMeaning tells whether an error is about what a graph means.
func isMeaning(err error) bool { return errors.Is(err, nir.ErrMeaning) }
