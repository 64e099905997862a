package memory

import (
	"fmt"
	"strconv"
	"strings"
)

// Size is a number of bytes. Its text has a unit of 1000: "64MB"; KiB, MiB and GiB are read, too.
type Size int64

var units = []struct {
	name  string
	bytes float64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"KB", 1e3}, {"B", 1}}

// String returns the size with two digits or more: "1.4 GB".
func (s Size) String() string {
	switch n := float64(s); {
	case n >= 1e10:
		return fmt.Sprintf("%.0f GB", n/1e9)
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", n/1e9)
	case n >= 1e7:
		return fmt.Sprintf("%.0f MB", n/1e6)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", n/1e6)
	default:
		return fmt.Sprintf("%.0f kB", n/1e3)
	}
}

// UnmarshalText reads "64MB", "1.5 GiB" or a number of bytes.
func (s *Size) UnmarshalText(text []byte) error {
	t, scale := strings.TrimSpace(string(text)), 1.0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(t, u.name); ok {
			t, scale = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(t, 64)
	if err != nil || !(n > 0) || n*scale >= 1<<62 || n*scale < 1 {
		return fmt.Errorf("expected a size such as 64MB, found %q", text)
	}
	*s = Size(n * scale)
	return nil
}
