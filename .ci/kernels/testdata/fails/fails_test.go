// Package fails has a test that fails on purpose.
package fails

import "testing"

func TestFails(t *testing.T) { t.Error("on purpose") }
