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

// For returns the text of the recipe of a name for a method of training: the variant NAME-METHOD
// where there is one, for methods from event to event else NAME-eventprop, else NAME. An empty
// method is that of the recipe.
func For(name, method string) (text string, ok bool) {
	if method != "" && method != "surrogate" {
		for _, variant := range []string{method, "eventprop"} {
			if text, ok := Read(name + "-" + variant); ok {
				return text, true
			}
		}
	}
	return Read(name)
}
