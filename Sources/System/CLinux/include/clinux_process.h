// Spawning, reaping and signal masks, as PID 1 needs them.
#ifndef CLINUX_PROCESS_H
#define CLINUX_PROCESS_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

// Blocks every signal that the supervisor reads from its signalfd, and ignores SIGPIPE. Call it before the first thread exists.
static inline void clinux_mask_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGQUIT);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
}

// A descriptor that reads the signals masked above, as struct signalfd_siginfo of 128 bytes. -1 with errno when there is none.
static inline int clinux_signal_descriptor(void) {
  sigset_t set;
  sigprocmask(SIG_BLOCK, NULL, &set);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

// Starts PATH as the leader of a session of its own, with no signal blocked or ignored and no descriptor but 0, 1, 2 and,
// where `readiness` is not -1, that one as 3. Returns 0 or an errno value.
static inline int clinux_spawn(pid_t *pid, const char *path, char *const argv[], char *const envp[], const char *directory,
                               int input, int output, int error, int readiness) {
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
  if (result == 0) result = posix_spawn(pid, path, &actions, &attributes, argv, envp);

  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return result;
}

// The next child that has ended, left unreaped so that /proc still tells about it. Returns 1 with its pid and process group,
// 0 when no child has ended, -1 with errno (ECHILD: there is no child at all).
static inline int clinux_next_ended(pid_t *pid, pid_t *group) {
  siginfo_t information;
  information.si_pid = 0;
  if (waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) != 0) return -1;
  if (information.si_pid == 0) return 0;
  *pid = information.si_pid;
  *group = getpgid(information.si_pid);
  return 1;
}

// Collects one ended child. `code` becomes its exit code, or its signal's number when `signaled` is set. Returns 0 or -1.
static inline int clinux_reap(pid_t pid, int *code, int *signaled) {
  int status;
  if (waitpid(pid, &status, WNOHANG) != pid) return -1;
  *signaled = WIFSIGNALED(status);
  *code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  return 0;
}

// Makes this process the parent of every orphan below it, as PID 1 is by nature. Returns 0 or -1 with errno.
static inline int clinux_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

// Keeps this process's memory and /proc entries from other processes of its own uid, and from core files.
static inline int clinux_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

#endif
