#define _GNU_SOURCE
#include "clinux_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
  struct nlmsghdr head;
  struct inet_diag_req_v2 body;
};

// The result of a message that ends or breaks off the dump: 0 or a negated errno value.
static int outcome(const struct nlmsghdr *message) {
  int result = 0;
  if (message->nlmsg_len >= NLMSG_LENGTH(sizeof result)) memcpy(&result, NLMSG_DATA(message), sizeof result);
  return result;
}

static int read_sockets(int netlink, struct clinux_tcp_socket *sockets, int capacity) {
  union {
    struct nlmsghdr head;
    char bytes[32768];
  } buffer;
  int count = 0;
  for (;;) {
    // The answer is there when the question has been sent: waiting would mean that it never comes.
    ssize_t length = recv(netlink, &buffer, sizeof buffer, MSG_DONTWAIT);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) return -1;
    struct nlmsghdr *message = &buffer.head;
    for (; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) {
      if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
        int result = outcome(message);
        if (result == 0) return count;
        errno = -result;
        return -1;
      }
      if (message->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg))) continue;
      const struct inet_diag_msg *found = NLMSG_DATA(message);
      if (count < capacity) {
        memcpy(sockets[count].address, found->id.idiag_src, sizeof sockets[count].address);
        sockets[count].waiting = found->idiag_rqueue;
        sockets[count].inode = found->idiag_inode;
        sockets[count].port = ntohs(found->id.idiag_sport);
        sockets[count].state = found->idiag_state;
      }
      count++;
    }
  }
}

int clinux_tcp_sockets(int family, uint16_t port, uint32_t states, struct clinux_tcp_socket *sockets, int capacity) {
  int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (netlink < 0) return -1;
  struct request request = {
    .head = {
      .nlmsg_len = sizeof request,
      .nlmsg_type = SOCK_DIAG_BY_FAMILY,
      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
    },
    .body = {
      .sdiag_family = (uint8_t)family,
      .sdiag_protocol = IPPROTO_TCP,
      .idiag_states = states,
      .id = {.idiag_sport = htons(port)},
    },
  };
  int count = -1;
  if (send(netlink, &request, sizeof request, 0) == (ssize_t)sizeof request) {
    count = read_sockets(netlink, sockets, capacity);
  }
  int error = errno;
  close(netlink);
  errno = error;
  return count;
}
