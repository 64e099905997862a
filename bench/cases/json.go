package cases

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/surge-snn/surge/internal/exit"
)

// maxDepth bounds how deep objects and lists are nested in a case file. A case has 4 levels,
// answers 5.
const maxDepth = 64

// source is a part of a file: the text of one JSON value and where it stands.
type source struct {
	file string
	path string // "inputs.imem.shape"; empty for the whole file
	text []byte
}

// at returns the member name of s.
func (s source) at(name string, text []byte) source {
	if s.path != "" {
		name = s.path + "." + name
	}
	return source{file: s.file, path: name, text: text}
}

// bad is the error that s is not what was expected.
func (s source) bad(expected, found string) error {
	return &exit.BadInput{File: s.file, Member: s.path, Expected: expected, Found: found}
}

// document checks that the text of a whole file is one JSON value in UTF-8 that is not nested too
// deep. All later passes rely on it.
func document(file string, text []byte) (source, error) {
	s := source{file: file, text: text}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return s, &exit.BadInput{File: file, Member: line(text, i), Expected: "text in UTF-8", Found: fmt.Sprintf("byte %#02x", text[i])}
		}
		i += size
	}
	if len(trim(text)) == 0 {
		return s, s.bad("a JSON object", "an empty file")
	}
	if offset, over := nesting(text); over {
		return s, &exit.BadInput{File: file, Member: line(text, offset),
			Expected: fmt.Sprintf("objects and lists at most %d deep", maxDepth), Found: "more"}
	}
	if err := json.Unmarshal(text, &ignored{}); err != nil {
		return s, syntaxError(s, err)
	}
	return s, nil
}

// line names the line of a position in text.
func line(text []byte, offset int) string {
	offset = min(max(offset, 0), len(text))
	return fmt.Sprintf("line %d", 1+bytes.Count(text[:offset], []byte{'\n'}))
}

// nesting returns the place where the nesting goes beyond maxDepth; over is false where it does
// not.
func nesting(text []byte) (offset int, over bool) {
	depth, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return i, true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return 0, false
}

// syntaxError says where text stops to be JSON, by line and by member.
func syntaxError(s source, err error) error {
	offset := int64(len(s.text))
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		offset = syntax.Offset - 1 // of the character that was read last
	}
	found := strings.TrimPrefix(err.Error(), "json: ")
	member := line(s.text, int(offset))
	if path := broken(s.text); path != "" {
		member = path + " (" + member + ")"
	}
	return &exit.BadInput{File: s.file, Member: member, Expected: "JSON", Found: found}
}

// broken returns the path of the member in which text, which is not JSON, breaks off; at most 8
// levels of it.
func broken(text []byte) string {
	type level struct {
		list bool
		next int    // index of the element to come
		name string // of the member that is being read
		key  bool   // the next token is a name
	}
	var levels []level
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	done := func() { // with a value of the innermost level
		if n := len(levels); n > 0 {
			l := &levels[n-1]
			l.next++
			l.key = !l.list
		}
	}
	for {
		token, err := dec.Token()
		if err != nil {
			break
		}
		if n := len(levels); n > 0 && levels[n-1].key {
			if name, ok := token.(string); ok {
				levels[n-1].name, levels[n-1].key = name, false
				continue
			}
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			levels = append(levels, level{list: token == json.Delim('['), key: token == json.Delim('{')})
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:len(levels)-1]
			done()
		default:
			done()
		}
	}
	var path strings.Builder
	for _, l := range levels[:min(len(levels), 8)] {
		switch {
		case l.list:
			fmt.Fprintf(&path, "[%d]", l.next)
		case l.key: // between two members
		default:
			if path.Len() > 0 {
				path.WriteByte('.')
			}
			path.WriteString(shorten(l.name))
		}
	}
	return path.String()
}

// shorten cuts s for a message.
func shorten(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// describe says what value stands in text, for the "found" of an error.
func describe(text []byte) string {
	text = trim(text)
	if len(text) == 0 {
		return "nothing"
	}
	switch text[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "the string " + shorten(string(text))
	}
	end := bytes.IndexAny(text, ",]} \t\r\n")
	if end < 0 {
		end = len(text)
	}
	return shorten(string(text[:end]))
}

// isNull tells whether the value is null.
func isNull(text []byte) bool { return string(trim(text)) == "null" }

// trim removes the white space around a value.
func trim(text []byte) []byte { return bytes.TrimSpace(text) }

// member is one member of an object. The text is a part of the text of the object.
type member struct {
	name string
	text []byte
}

// ignored is any JSON value; decoding into it checks that it is one.
type ignored struct{}

func (*ignored) UnmarshalJSON([]byte) error { return nil }

// mostMembers bounds the members of an object: each takes some 200 bytes besides its text.
const mostMembers = 1 << 16

// members takes an object apart, in the order of the file. A name that occurs twice is an error.
func members(s source) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(s.text))
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return nil, s.bad("an object", describe(s.text))
	}
	var list []member
	seen := map[string]struct{}{}
	for dec.More() {
		if len(list) == mostMembers {
			return nil, s.bad(fmt.Sprintf("at most %d members", mostMembers), "more")
		}
		token, err := dec.Token()
		if err != nil {
			return nil, syntaxError(s, err)
		}
		name := token.(string) // a key: the text is valid
		if _, twice := seen[name]; twice {
			return nil, s.at(shorten(name), nil).bad("one member of this name", "another")
		}
		seen[name] = struct{}{}
		start := dec.InputOffset()
		if err := dec.Decode(&ignored{}); err != nil {
			return nil, syntaxError(s, err)
		}
		value := bytes.TrimLeft(s.text[start:dec.InputOffset()], " \t\r\n:")
		list = append(list, member{name, value})
	}
	return list, nil
}

// elements calls each for the texts of the elements of a list of plain values (no lists, no
// objects). The text has been found to be JSON before, so that an element ends at the next comma or
// bracket outside of a string.
func elements(s source, expected string, each func(i int, text []byte) error) error {
	text := trim(s.text)
	if len(text) < 2 || text[0] != '[' {
		return s.bad("a list", describe(text))
	}
	text = trim(text[1 : len(text)-1])
	for i := 0; len(text) > 0; i++ {
		end, inString := 0, false
		for ; end < len(text) && (inString || text[end] != ','); end++ {
			switch c := text[end]; {
			case inString && c == '\\':
				end++
			case c == '"':
				inString = !inString
			case !inString && (c == '[' || c == '{'):
				return element(s, i).bad(expected, describe(text))
			}
		}
		end = min(end, len(text))
		if err := each(i, trim(text[:end])); err != nil {
			return err
		}
		text = trim(text[min(end+1, len(text)):])
	}
	return nil
}

// element names element i of the list s.
func element(s source, i int) source {
	return source{file: s.file, path: s.path + "[" + strconv.Itoa(i) + "]"}
}
