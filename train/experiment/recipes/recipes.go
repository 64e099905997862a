// Package recipes holds the experiments that surge train knows by name: one TOML file each.
package recipes

import (
	"embed"
	"slices"
	"strings"
)

//go:embed *.toml
var folder embed.FS

// Names returns the names of the recipes, sorted.
func Names() []string {
	entries, err := folder.ReadDir(".")
	if err != nil {
		panic(err) // cannot be: the folder is part of the program
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".toml"))
	}
	slices.Sort(names)
	return names
}

// Read returns the text of a recipe; ok is false where there is none of this name.
func Read(name string) (text string, ok bool) {
	b, err := folder.ReadFile(name + ".toml")
	return string(b), err == nil
}
