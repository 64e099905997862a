// Package memory says how much memory values hold and how much a process may take.
package memory
