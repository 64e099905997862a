// Package complete finds what a word of a command line may go on as, for the completion of shells.
//
// [Script] is what a shell reads once; it asks the program, which answers with [Words]. Commands,
// flags and the values of enumerations are those of the parser; a field with the tag
// complete:"NAME" has the values of the named list, too. Where there is nothing to offer, shells
// offer files.
package complete

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

//go:embed bash.sh
var bash string

//go:embed zsh.sh
var zsh string

//go:embed fish.fish
var fish string

// Script returns what the shell bash, zsh or fish is to read; it is empty for another.
func Script(shell string) string {
	return map[string]string{"bash": bash, "zsh": zsh, "fish": fish}[shell]
}

// Words returns what the last of the words may be, in the order of the parser. lists are the lists
// that tags name.
func Words(app *kong.Application, lists map[string]func() []string, words []string) []string {
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]
	node, flag, position := app.Node, (*kong.Flag)(nil), 0
	for _, w := range words[:len(words)-1] {
		switch {
		case w == "=": // bash takes --flag=value for three words
		case flag != nil:
			flag = nil
		case strings.HasPrefix(w, "-"):
			if f := find(node, w); f != nil && !f.IsBool() {
				flag = f
			}
		default:
			if child := command(node, w); child != nil {
				node, position = child, 0
			} else {
				position++
			}
		}
	}
	name, value, joined := strings.Cut(last, "=")
	switch {
	case flag != nil:
		return offer(flag.Value, lists, "", strings.TrimPrefix(last, "="))
	case joined && strings.HasPrefix(last, "--"):
		if f := find(node, name); f != nil {
			return offer(f.Value, lists, name+"=", value)
		}
		return nil
	case strings.HasPrefix(last, "-"):
		return starting(flags(node), "", last)
	}
	var all []string
	for _, child := range node.Children {
		if child.Type == kong.CommandNode && !child.Hidden {
			all = append(all, child.Name)
		}
	}
	found := starting(all, "", last)
	if n := len(node.Positional); n > 0 {
		p := node.Positional[min(position, n-1)]
		if position < n || p.IsCumulative() {
			found = append(found, offer(p, lists, "", last)...)
		}
	}
	return found
}

// command returns the command of a name below a node, or nil.
func command(node *kong.Node, name string) *kong.Node {
	for _, child := range node.Children {
		if child.Type == kong.CommandNode && (child.Name == name || slices.Contains(child.Aliases, name)) {
			return child
		}
	}
	return nil
}

// find returns the flag of a node, or of those above it, that a word stands for, or nil.
func find(node *kong.Node, word string) *kong.Flag {
	for ; node != nil; node = node.Parent {
		for _, f := range node.Flags {
			if word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short) || slices.Contains(f.Aliases, strings.TrimPrefix(word, "--")) {
				return f
			}
		}
	}
	return nil
}

// flags lists the flags of a node and those above it.
func flags(node *kong.Node) (names []string) {
	for ; node != nil; node = node.Parent {
		for _, f := range node.Flags {
			if !f.Hidden && !slices.Contains(names, "--"+f.Name) {
				names = append(names, "--"+f.Name)
			}
		}
	}
	return names
}

// offer lists the values of a flag or an argument that begin as value does, or as what is behind
// its last comma, each after before.
func offer(v *kong.Value, lists map[string]func() []string, before, value string) []string {
	if i := strings.LastIndex(value, ","); i >= 0 && v.IsSlice() {
		before, value = before+value[:i+1], value[i+1:]
	}
	var all []string
	if v.Enum != "" {
		all = slices.DeleteFunc(v.EnumSlice(), func(s string) bool { return s == "" })
	}
	if list := lists[v.Tag.Get("complete")]; list != nil {
		all = append(all, list()...)
	}
	return starting(all, before, value)
}

// starting lists the words that begin as one does, each after before.
func starting(words []string, before, begin string) (found []string) {
	for _, w := range words {
		if strings.HasPrefix(w, begin) {
			found = append(found, before+w)
		}
	}
	return found
}
