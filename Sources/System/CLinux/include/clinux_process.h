// Spawning, reaping and signal masks, as PID 1 needs them.
#ifndef CLINUX_PROCESS_H
#define CLINUX_PROCESS_H

#include <stdint.h>

// Blocks every signal that the supervisor reads from its signalfd, and ignores SIGPIPE. Call it before the first thread exists.
void clinux_mask_signals(void);

// Gives this thread, and with it the process where it is the first one, another name; at most 15 characters of it count.
void clinux_set_name(const char *name);

// Unmaps the pages of the program's own code, which are the file's and come back as they are needed: what only a start needs does
// not stay resident.
void clinux_release_code(void);

// A descriptor that reads the signals masked above, as records of 128 bytes whose first four are the signal's number.
// -1 with errno when there is none.
int clinux_signal_descriptor(void);

// Starts PATH as the leader of a session of its own, with no signal blocked or ignored and no descriptor but 0, 1, 2 and,
// where `readiness` is not -1, that one as 3. Returns 0 or an errno value.
int clinux_spawn(int *pid, const char *path, char *const argv[], char *const envp[], const char *directory, int input,
                 int output, int error, int readiness);

// The next child that has ended, left unreaped so that /proc still tells about it. Returns 1 with its pid, its process group and its
// exit code, or its signal's number when `signaled` is set; 0 when no child has ended, -1 with errno (ECHILD: there is no child at all).
int clinux_next_ended(int *pid, int *group, int *code, int *signaled);

// The next child that a signal has suspended and that was not handed over yet. Returns its pid, 0 or -1 when there is none.
int clinux_next_suspended(void);

// Collects one ended child. Returns 0 or -1.
int clinux_reap(int pid);

// Makes this process the parent of every orphan below it, as PID 1 is by nature. Returns 0 or -1 with errno.
int clinux_become_subreaper(void);

// Keeps this process's memory and /proc entries from other processes of its own uid, and from core files. A child of clinux_spawn
// gets the limit of core files that this process had. Returns 0, or -1 with errno.
int clinux_forbid_dumps(void);

// Sets the limit of core files to what it was before, for a program that is executed in this one's place.
void clinux_give_back_core_limit(void);

// A pipe whose ends are closed in every child, not blocking on the reading side. Returns 0, or -1 with errno.
int clinux_output_pipe(int ends[2]);

// A stream socket that listens at PATH, mode 0600 from the first moment, in the place of a socket that was left there; not blocking,
// closed by execve. Returns the descriptor, or -1 with errno.
int clinux_unix_listener(const char *path, int backlog);

// A datagram socket at PATH, mode 0600, in the place of whatever was left there; not blocking, closed in every child.
// Returns the descriptor, or -1 with errno.
int clinux_notify_socket(const char *path);

// A descriptor that can be read when something is removed from the folder at PATH, or the folder itself; not blocking, closed in every
// child. Returns it, or -1 with errno.
int clinux_watch_removals(const char *path);

// The user at the other end of a connected unix socket (SO_PEERCRED). Returns 0, or -1 with errno.
int clinux_peer_uid(int descriptor, uint32_t *uid);

#endif
