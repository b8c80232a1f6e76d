package main

// Processes that this one started, and those that these started: where a signal
// ends bpfgen alone, the compiler behind ccache and those of the go command would
// go on.

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// adoptOrphans makes the kernel give this process the children of its children
// that end before them (PR_SET_CHILD_SUBREAPER, prctl(2)), so that they can be found.
func adoptOrphans() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// killChildren ends them all. Those with a session of their own are left alone:
// they mean to stay, as servers of compiler caches do.
func killChildren() {
	for range 10 { // whoever forks meanwhile is found in the next round
		below := descendants()
		if len(below) == 0 {
			return
		}
		for _, pid := range below {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(time.Millisecond) // until the kernel has ended them
	}
}

// descendants are the processes below this one that have its session and live.
func descendants() (below []int) {
	session, _ := unix.Getsid(0)
	children := childrenOf
	if _, err := os.Stat("/proc/thread-self/children"); err != nil { // CONFIG_PROC_CHILDREN
		all := allChildren()
		children = func(pid int) []int { return all[pid] }
	}
	for above := []int{os.Getpid()}; len(above) > 0; above = above[1:] {
		for _, pid := range children(above[0]) {
			above = append(above, pid)
			if p, ok := readStat("/proc/" + strconv.Itoa(pid) + "/stat"); ok && p.session == session && p.state != "Z" {
				below = append(below, pid)
			}
		}
	}
	return below
}

// childrenOf asks each thread of a process (/proc/PID/task/TID/children).
func childrenOf(pid int) (children []int) {
	for _, thread := range numbers("/proc/" + strconv.Itoa(pid) + "/task") {
		list, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/task/" + thread + "/children")
		for field := range strings.FieldsSeq(string(list)) {
			if child, err := strconv.Atoi(field); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}

// allChildren are those of all processes.
func allChildren() map[int][]int {
	children := make(map[int][]int)
	for _, pid := range numbers("/proc") {
		if p, ok := readStat("/proc/" + pid + "/stat"); ok {
			children[p.parent] = append(children[p.parent], p.pid)
		}
	}
	return children
}

// numbers are the entries of a directory that are numbers.
func numbers(dir string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	names, _ := f.Readdirnames(-1)
	return slices.DeleteFunc(names, func(name string) bool { return strings.Trim(name, "0123456789") != "" })
}

// process is what /proc/PID/stat says (proc_pid_stat(5)).
type process struct {
	pid, parent, session int
	state                string
}

func readStat(path string) (p process, ok bool) {
	content, err := os.ReadFile(path)
	before, after, cut := strings.Cut(string(content), " (")
	end := strings.LastIndex(after, ") ")
	if err != nil || !cut || end < 0 {
		return p, false
	}
	fields := strings.Fields(after[end+2:])
	if len(fields) < 4 {
		return p, false
	}
	p.pid, _ = strconv.Atoi(before)
	p.state = fields[0]
	p.parent, _ = strconv.Atoi(fields[1])
	p.session, _ = strconv.Atoi(fields[3])
	return p, true
}
