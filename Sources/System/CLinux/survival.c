#define _GNU_SOURCE
#include "clinux_process.h"
#include "clinux_survival.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

// Where the stack of the first thread begins, by the C library, whose headers do not name it.
extern void *__libc_stack_end;

// Everything that the handler needs. It is written before the handler is installed: a handler may neither allocate nor ask.
static const char *program;
static char *const *arguments;
static char *const *environment;
static int ledger = -1;
static uintptr_t code_base, code_end, stack_end;
static sigset_t mask;
static volatile sig_atomic_t depth;
static _Alignas(16) char stack[64 * 1024];

// More crashes than this within a minute are left to no one else to end.
enum { last_resort = 8, term_patience = 20, kill_patience = 3 };

static const int fatal[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE};

int clinux_memory_file(const char *name) { return memfd_create(name, 0); }

int clinux_close_on_exec(int descriptor, int closes) { return fcntl(descriptor, F_SETFD, closes ? FD_CLOEXEC : 0); }

static int64_t milliseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Writes as much as is taken without waiting: a reader that has stopped must not keep the process from going on.
static void say(const char *text) {
  struct pollfd entry = {.fd = STDERR_FILENO, .events = POLLOUT};
  if (poll(&entry, 1, 0) == 1 && (entry.revents & POLLOUT)) (void)!write(STDERR_FILENO, text, strlen(text));
}

static uint64_t place_of(uintptr_t code) {
  return code >= code_base && code < code_end ? code - code_base : UINT64_MAX;
}

// The callers by the chain of frame pointers, which Swift and our own C keep. Nothing but this thread's stack is read.
static void note_callers(struct clinux_crash *crash, const ucontext_t *context) {
#if defined(__x86_64__)
  uintptr_t code = context->uc_mcontext.gregs[REG_RIP], frame = context->uc_mcontext.gregs[REG_RBP];
  uintptr_t low = context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
  uintptr_t code = context->uc_mcontext.pc, frame = context->uc_mcontext.regs[29], low = context->uc_mcontext.sp;
#else
#error "the registers of this processor are not known here"
#endif
  crash->places[crash->count++] = place_of(code);
  while (crash->count < CLINUX_CRASH_CALLERS && frame >= low && frame % sizeof frame == 0 &&
         frame + 2 * sizeof frame <= stack_end) {
    const uintptr_t *pair = (const uintptr_t *)frame;
    if (pair[1] == 0) return;
    crash->places[crash->count++] = place_of(pair[1] - 1);
    low = frame + 1;
    frame = pair[0];
  }
}

// Notes the crash in the place of the oldest one. Returns how many there were within the last minute, this one included.
static int note(int number, const siginfo_t *information, const void *context) {
  struct clinux_crash crash = {
    .uptime = milliseconds(CLOCK_MONOTONIC), .wall = milliseconds(CLOCK_REALTIME), .signal = number};
  if (information->si_code <= 0) {
    crash.sender = information->si_pid == getpid() ? 0 : information->si_pid;
    if (information->si_pid == 0) crash.sender = -1;
  } else {
    crash.address = (uintptr_t)information->si_addr;
  }
  if (depth == 1) note_callers(&crash, context);
  int recent = 1, place = 0;
  int64_t oldest = INT64_MAX;
  for (int i = 0; i < CLINUX_CRASHES; i++) {
    int64_t uptime = 0;
    (void)!pread(ledger, &uptime, sizeof uptime, i * (off_t)sizeof crash);
    if (uptime != 0 && crash.uptime - uptime < 60000) recent++;
    if (uptime < oldest) {
      oldest = uptime;
      place = i;
    }
  }
  (void)!pwrite(ledger, &crash, sizeof crash, place * (off_t)sizeof crash);
  return recent;
}

// Whether a child is the display: java ends at once and loses what it has not written when that is taken from it.
static int is_display(pid_t child) {
  char path[32] = "/proc/", name[8] = "";
  char digits[12];
  int count = 0, length = 6;
  for (pid_t rest = child; rest > 0; rest /= 10) digits[count++] = (char)('0' + rest % 10);
  while (count > 0) path[length++] = digits[--count];
  memcpy(path + length, "/comm", 6);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t got = read(file, name, sizeof name - 1);
  close(file);
  return got == 5 && memcmp(name, "Xvfb\n", 5) == 0;
}

// Sends a signal, or none where it is 0, to the group of every child, or of every one but the display. Returns how many those are.
static int signal_children(int number, int spares_display) {
  char text[8192];
  int file = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  int count = 0;
  pid_t child = 0;
  for (ssize_t i = 0; i < length; i++) {
    if (text[i] >= '0' && text[i] <= '9') {
      child = child * 10 + (text[i] - '0');
    } else if (child > 0) {
      if (!spares_display || !is_display(child)) {
        count++;
        if (number != 0 && kill(-child, number) != 0) kill(child, number);
      }
      child = 0;
    }
  }
  return count;
}

// Nothing of ours can be executed any more. What runs is told to end, the display after what draws on it, so that nothing is left
// that nobody looks after.
static void end_everything(void) {
  say("ibgw: the supervisor cannot go on: it crashes again and again, or cannot be executed; everything is ended\n");
  static const struct {
    int signal, spares_display, patience;
  } steps[] = {{SIGTERM, 1, term_patience}, {SIGTERM, 0, kill_patience}, {SIGKILL, 0, kill_patience}};
  for (int step = 0; step < 3; step++) {
    signal_children(steps[step].signal, steps[step].spares_display);
    int64_t end = milliseconds(CLOCK_MONOTONIC) + steps[step].patience * 1000;
    while (milliseconds(CLOCK_MONOTONIC) < end && signal_children(0, steps[step].spares_display) > 0) {
      pid_t ended = waitpid(-1, NULL, WNOHANG);
      if (ended < 0 && errno == ECHILD) _exit(70);
      if (ended == 0) poll(NULL, 0, 20);
    }
  }
  _exit(70);
}

void clinux_execute_anew(void) {
  sigset_t before;
  // What the loop reads from its descriptor stays blocked: a TERM that comes meanwhile waits for the new image.
  sigprocmask(SIG_SETMASK, &mask, &before);
  clinux_give_back_core_limit();
  execve(program, arguments, environment);
  // The file may be away in the middle of an upgrade; the one that runs is still there for us.
  execve("/proc/self/exe", arguments, environment);
  int error = errno;
  sigprocmask(SIG_SETMASK, &before, NULL);
  errno = error;
}

static void handle(int number, siginfo_t *information, void *context) {
  depth++;
  // A crash in here, in the second place, is not looked at closely.
  if (depth <= 2 && note(number, information, context) > last_resort) end_everything();
  clinux_execute_anew();
  end_everything();
}

static int find_code(struct dl_phdr_info *information, size_t size, void *data) {
  (void)size, (void)data;
  code_base = information->dlpi_addr;
  for (int i = 0; i < information->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &information->dlpi_phdr[i];
    uintptr_t end = code_base + header->p_vaddr + header->p_memsz;
    if (header->p_type == PT_LOAD && end > code_end) code_end = end;
  }
  return 1;
}

int clinux_survive_crashes(const char *path, char *const argv[], char *const envp[], int descriptor) {
  program = path;
  arguments = argv;
  environment = envp;
  ledger = descriptor;
  stack_end = (uintptr_t)__libc_stack_end;
  dl_iterate_phdr(find_code, NULL);
  sigprocmask(SIG_SETMASK, NULL, &mask);
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  if (sigaltstack(&alternate, NULL) != 0) return -1;
  struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  sigemptyset(&action.sa_mask);
  for (unsigned i = 0; i < sizeof fatal / sizeof *fatal; i++) {
    if (sigaction(fatal[i], &action, NULL) != 0) return -1;
  }
  return 0;
}

// Before main, and before anything of Swift's runs. The secrets in /proc/self/environ are anybody's of the same user until dumps are
// forbidden, and children of an earlier image may be there. And an image that crashes before it has taken up the ledger
// must find the way to the next one, too: it is the one that it has come by itself.
__attribute__((constructor)) static void begin_early(int argc, char **argv, char **envp) {
  if (argc < 2 || strcmp(argv[1], "run") != 0) return;
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  // Where Swift's own backtracer is installed it has these already, and it prints what stands in registers and in memory.
  for (unsigned i = 0; i < sizeof fatal / sizeof *fatal; i++) signal(fatal[i], SIG_DFL);
  if (argc == 4 && strcmp(argv[2], "--adopt") == 0) clinux_survive_crashes(argv[0], argv, envp, atoi(argv[3]));
}

struct build_id {
  uint8_t *bytes;
  int capacity, count;
};

static int find_build_id(struct dl_phdr_info *information, size_t size, void *data) {
  (void)size;
  struct build_id *found = data;
  for (int i = 0; i < information->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &information->dlpi_phdr[i];
    if (header->p_type != PT_NOTE) continue;
    const char *at = (const char *)(information->dlpi_addr + header->p_vaddr), *end = at + header->p_memsz;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      const ElfW(Nhdr) *head = (const ElfW(Nhdr) *)at;
      const char *name = at + sizeof *head, *content = name + (head->n_namesz + 3) / 4 * 4;
      at = content + (head->n_descsz + 3) / 4 * 4;
      if (at > end) break;
      if (head->n_type != NT_GNU_BUILD_ID || head->n_namesz != 4 || memcmp(name, "GNU", 4) != 0) continue;
      found->count = (int)head->n_descsz < found->capacity ? (int)head->n_descsz : found->capacity;
      memcpy(found->bytes, content, found->count);
      return 1;
    }
  }
  return 1;
}

int clinux_build_id(uint8_t *bytes, int capacity) {
  struct build_id found = {.bytes = bytes, .capacity = capacity, .count = 0};
  dl_iterate_phdr(find_build_id, &found);
  return found.count;
}
