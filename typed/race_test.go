//go:build race

package typed

const raceEnabled = true
