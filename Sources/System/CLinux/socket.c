#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "clinux_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

_Static_assert(EPOLLIN == 0x001 && EPOLLOUT == 0x004 && EPOLLERR == 0x008 && EPOLLHUP == 0x010 && EPOLLRDHUP == 0x2000,
               "the header's bits are epoll's");

int clinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int clinux_epoll_add_socket(int epoll, int descriptor, uint64_t token) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.u64 = token};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

int clinux_epoll_add_level(int epoll, int descriptor, uint64_t token) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = token};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

int clinux_epoll_remove(int epoll, int descriptor) { return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL); }

// The C library's epoll_wait, recv and send are cancellation points, which costs each two atomic operations in a process with threads.
// These are the calls that carry messages, and no thread here is ever cancelled.
int clinux_epoll_wait(int epoll, struct clinux_ready *ready, int milliseconds) {
  struct epoll_event events[CLINUX_BATCH];
  int count = (int)syscall(SYS_epoll_pwait, epoll, events, CLINUX_BATCH, milliseconds, NULL, 8);
  for (int i = 0; i < count; i++) {
    ready[i].token = events[i].data.u64;
    ready[i].bits = events[i].events;
  }
  return count;
}

intptr_t clinux_receive(int descriptor, void *buffer, intptr_t capacity) {
  return syscall(SYS_recvfrom, descriptor, buffer, capacity, 0, NULL, NULL);
}

intptr_t clinux_send(int descriptor, const void *buffer, intptr_t count) {
  return syscall(SYS_sendto, descriptor, buffer, count, MSG_NOSIGNAL, NULL, 0);
}

int clinux_tcp_socket(int family) { return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

static socklen_t length_of(const void *address) {
  const struct sockaddr *generic = address;
  return generic->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

int clinux_bind(int descriptor, const void *address) { return bind(descriptor, address, length_of(address)); }

int clinux_connect(int descriptor, const void *address) { return connect(descriptor, address, length_of(address)); }

int clinux_accept(int listener, void *peer) {
  socklen_t length = sizeof(struct sockaddr_storage);
  return accept4(listener, peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int clinux_local_address(int descriptor, void *address) {
  socklen_t length = sizeof(struct sockaddr_storage);
  return getsockname(descriptor, address, &length);
}

int clinux_set_option(int descriptor, int level, int option, int value) {
  return setsockopt(descriptor, level, option, &value, sizeof value);
}

int clinux_option(int descriptor, int level, int option) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(descriptor, level, option, &value, &length) == 0 ? value : -1;
}

void clinux_close_with_reset(int descriptor) {
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(descriptor);
}

int clinux_unacknowledged(int descriptor) {
  int count = 0;
  return ioctl(descriptor, SIOCOUTQ, &count) == 0 ? count : 0;
}

int clinux_tcp_health(int descriptor, uint32_t *round_trip, uint32_t *retransmitted) {
  struct tcp_info information;
  socklen_t length = sizeof information;
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &information, &length) != 0) return -1;
  *round_trip = information.tcpi_rtt;
  *retransmitted = information.tcpi_total_retrans;
  return 0;
}

int clinux_pipe(int32_t *read_end, int32_t *write_end, int wanted, int least) {
  int ends[2];
  if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return -1;
  // The system refuses the size to a user whose pipes have used up /proc/sys/fs/pipe-user-pages-soft.
  int capacity = fcntl(ends[1], F_SETPIPE_SZ, wanted);
  if (capacity < 0) capacity = fcntl(ends[1], F_GETPIPE_SZ);
  if (capacity < least) {
    close(ends[0]);
    close(ends[1]);
    errno = EPERM;
    return -1;
  }
  *read_end = ends[0];
  *write_end = ends[1];
  return capacity;
}

intptr_t clinux_splice(int from, int to, intptr_t length) {
  return splice(from, NULL, to, NULL, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int clinux_timerfd(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK); }

int clinux_timerfd_every(int timer, long milliseconds) {
  struct timespec period = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};
  struct itimerspec setting = {.it_interval = period, .it_value = period};
  return timerfd_settime(timer, 0, &setting, NULL);
}

static uint64_t nanoseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clinux_monotonic_nanoseconds(void) { return nanoseconds(CLOCK_MONOTONIC); }

uint64_t clinux_wall_nanoseconds(void) { return nanoseconds(CLOCK_REALTIME); }

uint64_t clinux_raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

int clinux_set_congestion_control(int descriptor, const char *name) {
  return setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, name, strlen(name));
}
