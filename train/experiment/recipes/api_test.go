package recipes_test

import (
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/train/experiment/recipes"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	hostile.API{
		Functions: map[string]any{"Names": recipes.Names, "Read": recipes.Read, "For": recipes.For},
		Pool:      hostile.Of("yinyang", "eventprop"),
	}.Test(t)
}
