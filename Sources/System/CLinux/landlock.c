#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "clinux_landlock.h"

#include <errno.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// glibc has no wrappers, and the headers of an older system lack the network's part, so both are written down here.
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum {
  CREATE_RULESET_VERSION = 1 << 0,
  RULE_NET_PORT = 2,
  ACCESS_NET_CONNECT_TCP = 1 << 1,
};

struct ruleset {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
};

struct net_port {
  uint64_t allowed_access;
  uint64_t port;
};

int clinux_landlock_abi(void) {
  return (int)syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, CREATE_RULESET_VERSION);
}

int clinux_landlock_connect_only(const uint16_t *ports, int count) {
  struct ruleset ruleset = {.handled_access_net = ACCESS_NET_CONNECT_TCP};
  int descriptor = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof ruleset, 0);
  if (descriptor < 0) return -1;
  int result = 0;
  for (int i = 0; i < count && result == 0; i++) {
    struct net_port rule = {.allowed_access = ACCESS_NET_CONNECT_TCP, .port = ports[i]};
    result = (int)syscall(SYS_landlock_add_rule, descriptor, RULE_NET_PORT, &rule, 0);
  }
  if (result == 0) result = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (result == 0) result = (int)syscall(SYS_landlock_restrict_self, descriptor, 0);
  int reason = errno;
  close(descriptor);
  errno = reason;
  return result;
}
