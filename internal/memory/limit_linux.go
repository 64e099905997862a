package memory

import (
	"bytes"
	"os"
	"strconv"
)

// Available returns how many bytes this process may take before the machine, or the control group
// that it runs in, has no more; 0 where that is not known.
func Available() int64 {
	free := field("/proc/meminfo", "MemAvailable")
	for _, group := range [][2]string{
		{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
		{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"},
	} {
		limit, used := number(group[0]), number(group[1])
		if limit > 0 && used > 0 && (free == 0 || limit-used < free) {
			free = max(limit-used, 1)
		}
	}
	return free
}

// Process returns what the system says of the memory of this process under a key of
// /proc/self/status, such as VmHWM, the largest resident memory so far, or RssAnon, without pages
// of files; in bytes, 0 where it does not tell.
func Process(key string) int64 { return field("/proc/self/status", key) }

// field returns the bytes of a line KEY: NUMBER kB of a file; 0 where there is none.
func field(path, key string) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte(key+":")); ok {
			if f := bytes.Fields(rest); len(f) > 0 {
				n, _ := strconv.ParseInt(string(f[0]), 10, 64)
				return n << 10
			}
		}
	}
	return 0
}

// number reads a file with a number; 0 where there is none.
func number(path string) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	return n
}
