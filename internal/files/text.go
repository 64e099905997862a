package files

import "io"

// WriteText is [WriteAtomic] of a text.
func WriteText(path, text string) error {
	return WriteAtomic(path, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}
