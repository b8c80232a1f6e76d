//go:build unix

package cache

import (
	"fmt"
	"os"
	"syscall"
)

// inode tells a file from another that took its name.
func inode(info os.FileInfo) string {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return fmt.Sprint(st.Dev, st.Ino)
	}
	return ""
}
