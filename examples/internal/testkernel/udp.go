//go:build linux

package testkernel

import (
	"net"
	"testing"
	"time"
)

// Listen opens a UDP socket on an address such as 127.0.0.1, on any port.
func Listen(t *testing.T, address string) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(address)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// Dial opens a UDP socket from an address to one that listens.
func Dial(t *testing.T, from string, to *net.UDPConn) *net.UDPConn {
	t.Helper()
	conn, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(from)}, to.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// Send sends a datagram of n bytes.
func Send(t *testing.T, conn *net.UDPConn, n int) {
	t.Helper()
	if _, err := conn.Write(make([]byte, n)); err != nil {
		t.Fatal(err)
	}
}

// Receive reads a datagram that must come.
func Receive(t *testing.T, conn *net.UDPConn) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1<<16)); err != nil {
		t.Fatal(err)
	}
}

// Arrived says whether a datagram is there. Over the loopback interface it is
// as soon as it was sent.
func Arrived(t *testing.T, conn *net.UDPConn) bool {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(Every)); err != nil {
		t.Fatal(err)
	}
	_, err := conn.Read(make([]byte, 1<<16))
	return err == nil
}
