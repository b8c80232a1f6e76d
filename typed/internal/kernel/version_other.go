//go:build !linux

package kernel

import "errors"

// Release is that of Linux only.
func Release() (string, error) { return "", errors.ErrUnsupported }

// Running is the version of Linux only.
func Running() (Version, error) { return Version{}, errors.ErrUnsupported }
