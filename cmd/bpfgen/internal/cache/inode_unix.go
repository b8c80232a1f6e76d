//go:build unix && !aix

package cache

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// inode tells a file from another that took its name, and from itself before a change,
// though its time was set back: nobody can set the time of that.
func inode(path string) string {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return ""
	}
	return fmt.Sprint(st.Dev, st.Ino, st.Ctim.Sec, st.Ctim.Nsec)
}
