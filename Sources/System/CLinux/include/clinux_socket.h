// TCP sockets, epoll, splice, pipes and timers, as the relay needs them. Every descriptor made here is non-blocking and closed on
// exec. Addresses are `struct sockaddr_storage`. Unless said otherwise a call returns -1 with errno when it fails.
#ifndef CLINUX_SOCKET_H
#define CLINUX_SOCKET_H

#include <stdint.h>

// What epoll has to say of one descriptor.
struct clinux_ready {
  uint64_t token;
  uint32_t bits;
};

// The bits: EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP and EPOLLERR.
static const uint32_t CLINUX_READABLE = 0x001;
static const uint32_t CLINUX_WRITABLE = 0x004;
static const uint32_t CLINUX_FAILED = 0x008;
static const uint32_t CLINUX_HUNG_UP = 0x010;
static const uint32_t CLINUX_PEER_ENDED = 0x2000;

// The most that clinux_epoll_wait reports at once.
static const int32_t CLINUX_BATCH = 256;

int clinux_epoll_create(void);
// Reports each change of a socket's readiness once (edge-triggered), for reading, writing and the peer's end.
int clinux_epoll_add_socket(int epoll, int descriptor, uint64_t token);
// Reports a descriptor as often as it is asked for while it stays readable (level-triggered).
int clinux_epoll_add_level(int epoll, int descriptor, uint64_t token);
int clinux_epoll_remove(int epoll, int descriptor);
// Waits for ever if `milliseconds` is -1. `ready` has place for CLINUX_BATCH reports; returns how many there are.
int clinux_epoll_wait(int epoll, struct clinux_ready *ready, int milliseconds);

// recv and send without flags, but that a closed peer raises no SIGPIPE.
intptr_t clinux_receive(int descriptor, void *buffer, intptr_t capacity);
intptr_t clinux_send(int descriptor, const void *buffer, intptr_t count);

int clinux_tcp_socket(int family);
int clinux_bind(int descriptor, const void *address);
int clinux_connect(int descriptor, const void *address);
int clinux_accept(int listener, void *peer);
int clinux_local_address(int descriptor, void *address);
int clinux_set_option(int descriptor, int level, int option, int value);
// Chooses the algorithm that decides how fast the socket sends, such as "reno".
int clinux_set_congestion_control(int descriptor, const char *name);
// An integer socket option.
int clinux_option(int descriptor, int level, int option);
// Closes a TCP socket with RST instead of FIN: what was not sent is dropped, and no TIME_WAIT stays behind.
void clinux_close_with_reset(int descriptor);
// Bytes that were written to the socket and not acknowledged by the peer; 0 when that is unknown.
int clinux_unacknowledged(int descriptor);
// The smoothed round-trip time in microseconds, and the segments sent again since the connection began.
int clinux_tcp_health(int descriptor, uint32_t *round_trip, uint32_t *retransmitted);

// A pipe that holds `wanted` bytes, or at the least `least`. Returns its capacity, or -1 with nothing left open.
int clinux_pipe(int32_t *read_end, int32_t *write_end, int wanted, int least);
// Moves up to `length` bytes between a pipe and a socket, without waiting.
intptr_t clinux_splice(int from, int to, intptr_t length);

int clinux_eventfd(void);
int clinux_timerfd(void);
// Makes the timer expire every `milliseconds`; 0 stops it.
int clinux_timerfd_every(int timer, long milliseconds);
uint64_t clinux_monotonic_nanoseconds(void);
// Nanoseconds since 1970.
uint64_t clinux_wall_nanoseconds(void);
// Raises the soft limit of open descriptors to the hard one. Returns the limit in force, 0 when it is unknown.
uint64_t clinux_raise_descriptor_limit(void);

#endif
