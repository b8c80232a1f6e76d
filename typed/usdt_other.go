//go:build !linux

package typed

// usdtState is nothing where there are no probes.
type usdtState struct{}
