#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "clinux_process.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <spawn.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

void clinux_mask_signals(void) {
  static const int masked[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD};
  sigset_t set;
  sigemptyset(&set);
  for (unsigned i = 0; i < sizeof masked / sizeof *masked; i++) sigaddset(&set, masked[i]);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
}

// Process 1 is not sent a signal that it neither handles nor blocks: without this, a stop would be lost that comes while the program's
// statics are set up, before the first line of main.
__attribute__((constructor(101))) static void mask_as_process_1(void) {
  if (getpid() == 1) clinux_mask_signals();
}

void clinux_set_name(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

// Lets go of the code of the program itself, which comes first; its writable parts stay.
static int release_code(struct dl_phdr_info *object, size_t size, void *unused) {
  (void)size, (void)unused;
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[i];
    if (part->p_type != PT_LOAD || !(part->p_flags & PF_X) || part->p_flags & PF_W) continue;
    uintptr_t begin = (object->dlpi_addr + part->p_vaddr + page - 1) & ~(page - 1);
    uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_filesz) & ~(page - 1);
    if (begin < end) madvise((void *)begin, end - begin, MADV_DONTNEED);
  }
  return 1;
}

void clinux_release_code(void) { dl_iterate_phdr(release_code, NULL); }

int clinux_signal_descriptor(void) {
  sigset_t set;
  sigprocmask(SIG_BLOCK, NULL, &set);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

// The limit of core files that this process was given, and that its children get, while it has none itself.
static struct rlimit given_core_limit;
static int has_no_cores;

static void limit_cores(int forbid) {
  struct rlimit limit = given_core_limit;
  if (forbid) limit.rlim_cur = 0;
  setrlimit(RLIMIT_CORE, &limit);
}

int clinux_spawn(int *pid, const char *path, char *const argv[], char *const envp[], const char *directory, int input,
                 int output, int error, int readiness) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  int result;

  if ((result = posix_spawn_file_actions_init(&actions)) != 0) return result;
  if ((result = posix_spawnattr_init(&attributes)) != 0) {
    posix_spawn_file_actions_destroy(&actions);
    return result;
  }
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);

  if (directory != NULL) result = posix_spawn_file_actions_addchdir_np(&actions, directory);
  if (result == 0) result = posix_spawn_file_actions_adddup2(&actions, input, 0);
  if (result == 0) result = posix_spawn_file_actions_adddup2(&actions, output, 1);
  if (result == 0) result = posix_spawn_file_actions_adddup2(&actions, error, 2);
  if (result == 0 && readiness >= 0) result = posix_spawn_file_actions_adddup2(&actions, readiness, 3);
  if (result == 0) result = posix_spawn_file_actions_addclosefrom_np(&actions, readiness >= 0 ? 4 : 3);
  if (result == 0) {
    pid_t started;
    if (has_no_cores) limit_cores(0);
    result = posix_spawn(&started, path, &actions, &attributes, argv, envp);
    if (has_no_cores) limit_cores(1);
    *pid = started;
  }

  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return result;
}

int clinux_next_ended(int *pid, int *group, int *code, int *signaled) {
  siginfo_t information;
  information.si_pid = 0;
  if (waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) != 0) return -1;
  if (information.si_pid == 0) return 0;
  *pid = information.si_pid;
  *group = getpgid(information.si_pid);
  *code = information.si_status;
  *signaled = information.si_code != CLD_EXITED;
  return 1;
}

int clinux_next_suspended(void) {
  siginfo_t information;
  information.si_pid = 0;
  return waitid(P_ALL, 0, &information, WSTOPPED | WNOHANG) == 0 ? information.si_pid : -1;
}

int clinux_reap(int pid) { return waitpid(pid, NULL, WNOHANG) == pid ? 0 : -1; }

int clinux_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

void clinux_give_back_core_limit(void) {
  if (has_no_cores) limit_cores(0);
}

int clinux_forbid_dumps(void) {
  if (getrlimit(RLIMIT_CORE, &given_core_limit) != 0) return -1;
  has_no_cores = 1;
  limit_cores(1);
  return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int clinux_output_pipe(int ends[2]) {
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

int clinux_peer_uid(int descriptor, uint32_t *uid) {
  struct ucred credentials;
  socklen_t length = sizeof credentials;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return -1;
  *uid = credentials.uid;
  return 0;
}

// A socket at PATH that only its own user may use: a socket's mode before bind is its file's.
static int unix_socket(const char *path, int type, int backlog) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(address.sun_path, path);
  struct stat left;
  if (lstat(path, &left) == 0 && S_ISSOCK(left.st_mode)) unlink(path);
  int descriptor = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -1;
  if (fchmod(descriptor, 0600) == 0 && bind(descriptor, (struct sockaddr *)&address, sizeof address) == 0 &&
      (backlog == 0 || listen(descriptor, backlog) == 0)) {
    return descriptor;
  }
  int reason = errno;
  close(descriptor);
  errno = reason;
  return -1;
}

int clinux_unix_listener(const char *path, int backlog) { return unix_socket(path, SOCK_STREAM, backlog); }

int clinux_notify_socket(const char *path) { return unix_socket(path, SOCK_DGRAM, 0); }

int clinux_watch_removals(const char *path) {
  int descriptor = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (descriptor < 0) return -1;
  if (inotify_add_watch(descriptor, path, IN_DELETE | IN_DELETE_SELF | IN_MOVED_FROM | IN_MOVE_SELF | IN_ONLYDIR) >= 0) {
    return descriptor;
  }
  int reason = errno;
  close(descriptor);
  errno = reason;
  return -1;
}
