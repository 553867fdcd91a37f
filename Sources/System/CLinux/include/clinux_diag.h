// The kernel's TCP sockets by its own diagnosis (NETLINK_SOCK_DIAG), some hundred times cheaper than /proc/net/tcp, which walks its whole table
// of connections however few there are.
#ifndef CLINUX_DIAG_H
#define CLINUX_DIAG_H

#include <stdint.h>

// One TCP socket of this network namespace.
struct clinux_tcp_socket {
  uint8_t address[16]; // The local address in network order; IPv4 takes the first four bytes.
  uint32_t waiting;    // For a listener, the connections that wait to be accepted; else the bytes that wait to be read.
  uint32_t inode;
  uint16_t port;       // The local port, in the machine's order.
  uint8_t state;       // As /proc/net/tcp has it: 10 is LISTEN, 8 is CLOSE_WAIT.
};

static const uint8_t CLINUX_TCP_CLOSE_WAIT = 8;
static const uint8_t CLINUX_TCP_LISTEN = 10;

// The sockets of a family (AF_INET or AF_INET6) on a local port, or on every one for 0, whose state's bit (1 << state) is in `states`. `sockets` has place for
// `capacity`; returns how many there are, or -1 with errno where the kernel does not tell.
int clinux_tcp_sockets(int family, uint16_t port, uint32_t states, struct clinux_tcp_socket *sockets, int capacity);

#endif
