// Landlock's network rules: what a process, and everything that it starts, may connect to by TCP. The kernel has them from ABI 4 (Linux 6.7)
// on; source: landlock(7). They need no privilege and cannot be taken back.
#ifndef CLINUX_LANDLOCK_H
#define CLINUX_LANDLOCK_H

#include <stdint.h>

// The first ABI with rules for TCP.
static const int32_t CLINUX_LANDLOCK_NETWORK = 4;

// The kernel's Landlock ABI, or -1 with errno: ENOSYS (built without it), EOPNOTSUPP (switched off at boot), EPERM (a seccomp profile).
int clinux_landlock_abi(void);

// From now on this process connects by TCP to none but these ports, on whatever address, and gains no privileges by exec. Listening
// and accepting stay as they were, and so does UDP. Returns 0, or -1 with errno.
int clinux_landlock_connect_only(const uint16_t *ports, int count);

#endif
