// Command bench times two commands as whole processes, in turn, so that a
// machine whose speed drifts is fair to both, and prints the medians of wall
// and processor time and the median of the ratios, pair by pair.
//
//	bench -n 20 -name "from C" -most 0.6 -a "bpfgen …" -b "bpf2go …"
//
// With -most, a ratio of wall times over it is an error, after the line.
//
// The commands are split at blanks and run without a shell. One run of each
// comes first and is not counted.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

func main() {
	n := flag.Int("n", 20, "counted `runs` of each command")
	name := flag.String("name", "", "`name` of the comparison")
	a := flag.String("a", "", "first `command`")
	b := flag.String("b", "", "second `command`")
	most := flag.Float64("most", 0, "largest `ratio` of wall times that is not an error; 0 takes any")
	flag.Parse()
	if err := bench(*name, *n, *most, strings.Fields(*a), strings.Fields(*b)); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
}

// times of one run, in milliseconds.
type times struct{ wall, cpu float64 }

func bench(name string, n int, most float64, a, b []string) error {
	var as, bs []times
	for i := range n + 1 {
		ta, err := run(a)
		if err != nil {
			return err
		}
		tb, err := run(b)
		if err != nil {
			return err
		}
		if i > 0 {
			as, bs = append(as, ta), append(bs, tb)
		}
	}
	wall := func(t times) float64 { return t.wall }
	cpu := func(t times) float64 { return t.cpu }
	fmt.Printf("| %s | %.1f | %.1f | %.2f | %.1f | %.1f | %.2f |\n", name,
		median(as, wall), median(bs, wall), ratio(as, bs, wall),
		median(as, cpu), median(bs, cpu), ratio(as, bs, cpu))
	if r := ratio(as, bs, wall); most > 0 && r > most {
		return fmt.Errorf("%s: %.2f of the wall time, and %.2f is the most", name, r, most)
	}
	return nil
}

func run(args []string) (times, error) {
	cmd := exec.Command(args[0], args[1:]...)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(start)
	if err != nil {
		return times{}, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return times{ms(wall), ms(cpu)}, nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func median(list []times, of func(times) float64) float64 {
	var values []float64
	for _, t := range list {
		values = append(values, of(t))
	}
	return middle(values)
}

// ratio is the median of a's figure over b's, pair by pair.
func ratio(as, bs []times, of func(times) float64) float64 {
	var values []float64
	for i := range as {
		values = append(values, of(as[i])/max(of(bs[i]), 0.001))
	}
	return middle(values)
}

func middle(values []float64) float64 {
	slices.Sort(values)
	m := len(values) / 2
	if len(values)%2 == 1 {
		return values[m]
	}
	return (values[m-1] + values[m]) / 2
}
