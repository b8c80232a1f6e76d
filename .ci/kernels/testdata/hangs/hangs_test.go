// Package hangs has a test that never ends.
package hangs

import "testing"

func TestHangs(*testing.T) { select {} }
