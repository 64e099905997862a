// Command atlas writes docs/atlas.md with its figures: which of Izhikevich's firing patterns a
// neuron of the DynapSE-2 has, with which codes, and how many chips whose transistors differ show
// it.
//
//	go run ./docs/atlas            # the page, of docs/atlas/codes.json
//	go run ./docs/atlas -search    # the codes anew: some minutes
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed codes.json
var found []byte

func main() {
	anew := flag.Bool("search", false, "look for the codes anew")
	only := flag.String("only", "", "letters of patterns to look for, as ABC; empty: all")
	seed := flag.Uint64("seed", 1, "of the search")
	dir := flag.String("dir", "docs", "folder of the page")
	flag.Parse()
	var list []entry
	if err := json.Unmarshal(found, &list); err != nil {
		log.Fatal(err)
	}
	if *anew {
		for i := range patterns {
			p := &patterns[i]
			if *only != "" && !strings.Contains(*only, p.letter) {
				continue
			}
			e, err := find(context.Background(), p, *seed, effort{points: 1500, starts: 3, budget: 1000, robust: 480, samples: 12})
			if err != nil {
				log.Fatal(p.name, ": ", err)
			}
			list = slices.DeleteFunc(list, func(old entry) bool { return old.Letter == e.Letter })
			list = append(list, e)
			slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.Letter, b.Letter) })
			if err := save(filepath.Join(*dir, "atlas", "codes.json"), list); err != nil {
				log.Fatal(err)
			}
			o, err := judge(e)
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf("%s %s: missing %.2f with %s, %.0f %% of mismatched chips\n", p.letter, p.name, o.missing, wirings[e.Wiring].Name, 100*o.share)
		}
	}
	if err := write(*dir, list); err != nil {
		log.Fatal(err)
	}
}

// save writes a line for each pattern.
func save(path string, list []entry) error {
	var b strings.Builder
	for i, e := range list {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		b.WriteString(map[bool]string{true: "[\n", false: ",\n"}[i == 0] + string(line))
	}
	return os.WriteFile(path, []byte(b.String()+"\n]\n"), 0o666)
}
