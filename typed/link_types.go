//go:build !windows

package typed

import "github.com/cilium/ebpf/link"

// NetfilterFamily is a protocol family of netfilter:
// link.NetfilterProtoIPv4, link.NetfilterProtoIPv6.
type NetfilterFamily = link.NetfilterProtocolFamily

// NetfilterHook is a hook of netfilter: link.NetfilterInetLocalIn, …
type NetfilterHook = link.NetfilterInetHook
