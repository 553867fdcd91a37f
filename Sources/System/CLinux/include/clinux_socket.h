// TCP sockets, epoll, splice and pipes, as the relay needs them. Everything made here is non-blocking and closed on exec.
#ifndef CLINUX_SOCKET_H
#define CLINUX_SOCKET_H

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

// One readiness report. `epoll_event` itself is packed on some processors and not on others.
struct clinux_ready {
  uint64_t token;
  uint32_t bits;
};

enum {
  CLINUX_READABLE = EPOLLIN,
  CLINUX_WRITABLE = EPOLLOUT,
  CLINUX_PEER_ENDED = EPOLLRDHUP,
  CLINUX_HUNG_UP = EPOLLHUP,
  CLINUX_FAILED = EPOLLERR,
};

static inline int clinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

// Reports each change of a socket's readiness once (edge-triggered), for reading, writing and the peer's end.
static inline int clinux_epoll_add_socket(int epoll, int descriptor, uint64_t token) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.u64 = token};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

// Reports a descriptor as often as it is asked for while it stays readable (level-triggered).
static inline int clinux_epoll_add_level(int epoll, int descriptor, uint64_t token) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = token};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

static inline int clinux_epoll_remove(int epoll, int descriptor) {
  return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL);
}

static inline int clinux_epoll_wait(int epoll, struct epoll_event *events, int capacity, int milliseconds) {
  return epoll_wait(epoll, events, capacity, milliseconds);
}

static inline struct clinux_ready clinux_epoll_event(const struct epoll_event *events, int index) {
  struct clinux_ready ready = {.token = events[index].data.u64, .bits = events[index].events};
  return ready;
}

static inline struct epoll_event *clinux_epoll_events(int capacity) { return calloc(capacity, sizeof(struct epoll_event)); }

static inline int clinux_accept(int listener, struct sockaddr_storage *peer) {
  socklen_t length = sizeof *peer;
  return accept4(listener, (struct sockaddr *)peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static inline int clinux_tcp_socket(int family) { return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

static inline int clinux_bind(int descriptor, const struct sockaddr_storage *address) {
  socklen_t length = address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
  return bind(descriptor, (const struct sockaddr *)address, length);
}

static inline int clinux_connect(int descriptor, const struct sockaddr_storage *address) {
  socklen_t length = address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
  return connect(descriptor, (const struct sockaddr *)address, length);
}

static inline int clinux_local_address(int descriptor, struct sockaddr_storage *address) {
  socklen_t length = sizeof *address;
  return getsockname(descriptor, (struct sockaddr *)address, &length);
}

static inline int clinux_set_option(int descriptor, int level, int option, int value) {
  return setsockopt(descriptor, level, option, &value, sizeof value);
}

// An integer socket option, or -1 with errno.
static inline int clinux_option(int descriptor, int level, int option) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(descriptor, level, option, &value, &length) == 0 ? value : -1;
}

// Closes a TCP socket with RST instead of FIN: what was not sent is dropped, and no TIME_WAIT stays behind.
static inline void clinux_close_with_reset(int descriptor) {
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(descriptor);
}

// Bytes that were written to the socket and not acknowledged by the peer; 0 when that is unknown.
static inline int clinux_unacknowledged(int descriptor) {
  int count = 0;
  return ioctl(descriptor, SIOCOUTQ, &count) == 0 ? count : 0;
}

// The smoothed round-trip time in microseconds, and the segments sent again since the connection began. Returns 0 or -1.
static inline int clinux_tcp_health(int descriptor, uint32_t *round_trip, uint32_t *retransmitted) {
  struct tcp_info information;
  socklen_t length = sizeof information;
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &information, &length) != 0) return -1;
  *round_trip = information.tcpi_rtt;
  *retransmitted = information.tcpi_total_retrans;
  return 0;
}

// A pipe that holds at least `least` bytes, if possible `wanted`. Returns its capacity, or -1 with errno and nothing left open.
static inline int clinux_pipe(int ends[2], int wanted, int least) {
  int capacity;
  if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return -1;
  capacity = fcntl(ends[1], F_SETPIPE_SZ, wanted);
  if (capacity < 0) capacity = fcntl(ends[1], F_GETPIPE_SZ);
  if (capacity < least) {
    close(ends[0]);
    close(ends[1]);
    errno = EPERM;
    return -1;
  }
  return capacity;
}

static inline ssize_t clinux_splice(int from, int to, size_t length) {
  return splice(from, NULL, to, NULL, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

static inline int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static inline int clinux_timerfd(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK); }

// Makes the timer expire every `milliseconds`; 0 stops it.
static inline int clinux_timerfd_every(int timer, long milliseconds) {
  struct timespec period = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};
  struct itimerspec setting = {.it_interval = period, .it_value = period};
  return timerfd_settime(timer, 0, &setting, NULL);
}

static inline uint64_t clinux_monotonic_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t clinux_wall_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// Raises the soft limit of open descriptors to the hard one. Returns the limit in force.
static inline uint64_t clinux_raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return before;
  }
  return limit.rlim_cur;
}

#endif
