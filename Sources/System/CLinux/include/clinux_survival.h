// What a process 1 needs to outlive its own crash: a handler that executes the program anew in the same process, and the memory
// that this keeps.
#ifndef CLINUX_SURVIVAL_H
#define CLINUX_SURVIVAL_H

#include <stdint.h>

// How many crashes are kept, and how many callers of each.
#define CLINUX_CRASHES 16
#define CLINUX_CRASH_CALLERS 40

// One crash. `places` are addresses of code from the innermost caller on, relative to where the program was loaded; all bits are set
// where the code is not the program's own.
struct clinux_crash {
  int64_t uptime;   // Milliseconds of the clock that never jumps; 0: no crash.
  int64_t wall;     // Milliseconds since 1970.
  uint64_t address; // What could not be accessed or executed; 0 for a signal that another process has sent.
  int32_t signal;
  int32_t sender; // The process that has sent the signal; 0 for a fault of the program's own.
  int32_t count;
  int32_t unused;
  uint64_t places[CLINUX_CRASH_CALLERS];
};

// Where the crashes stand in the file that clinux_survive_crashes was given: as many records as CLINUX_CRASHES, in a ring.
#define CLINUX_CRASH_BYTES (CLINUX_CRASHES * (int)sizeof(struct clinux_crash))

// A file of memory alone that is not closed by execve. Returns its descriptor, or -1 with errno.
int clinux_memory_file(const char *name);

// From now on a fatal signal executes `path` with these arguments and this environment, in this same process. The crash is noted in
// the file `descriptor`. A crash that many others precede within a minute is the end: every child is told to end and awaited for
// some seconds, and the process ends with 70. All arguments must stay as they are for ever. Returns 0, or -1 with errno.
int clinux_survive_crashes(const char *path, char *const argv[], char *const envp[], int descriptor);

// Executes the program anew, as a crash would. Returns only when that fails, with errno.
void clinux_execute_anew(void);

// Copies the build id of this program to `bytes`. Returns how many there are, at most `capacity`; 0 when it has none.
int clinux_build_id(uint8_t *bytes, int capacity);

// Whether a descriptor is closed by execve. Returns 0, or -1 with errno.
int clinux_close_on_exec(int descriptor, int closes);

#endif
