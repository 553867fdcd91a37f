// The load of the relay's benchmark: a stand-in for the gateway, and the clients that measure. No part of the product.
//
//   load serve PORT                      answers the API's hello, then does what the hello's option asks for
//   load rtt BLOCKS TRIPS PEER...        64-byte round trips, one connection to each peer, blocks in rotated order
//   load rtt32 BLOCKS TRIPS PEER...      the same with 32 connections that each send when they have got their answer
//   load up|down PORT SECONDS            one connection carries all it can
//   load flood PORT SECONDS SIZE         one connection carries writes of SIZE bytes upwards
//   load fan PORT SECONDS RATE           RATE messages of 100 bytes per second over 8 connections, downwards
//   load churn PORT SECONDS COUNT        connect, hello, answer, close; COUNT at a time
//   load burst PORT COUNT                COUNT connects at once, until all are answered
//   load hold PORT COUNT                 opens COUNT connections, prints a line, keeps them until its input ends
//
// A PEER is NAME:PORT:PID, with PID 0 for none; the processor time is that of the process, its threads and its children.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { FAN_CONNECTIONS = 8, FAN_MESSAGE = 100, RTT_MESSAGE = 64, BULK = 256 * 1024, CLIENTS = 32, ANSWER = 30 };

static char bulk[BULK];

static void die(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void no_delay(int fd) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void send_all(int fd, const void *data, size_t count) {
  while (count > 0) {
    ssize_t sent = send(fd, data, count, MSG_NOSIGNAL);
    if (sent < 0) die("send");
    data = (const char *)data + sent;
    count -= sent;
  }
}

static void receive_all(int fd, void *data, size_t count) {
  while (count > 0) {
    ssize_t got = recv(fd, data, count, 0);
    if (got <= 0) die("receive");
    data = (char *)data + got;
    count -= got;
  }
}

// ---- the gateway's side

enum mode { HELLO, ECHO, SINK, SOURCE, FAN };

struct peer {
  int fd;
  enum mode mode;
  uint64_t bytes;
  char hello[64];
  int hello_length;
};

static struct peer peers[65536];
static int fans[64], fan_count, fan_rate, fan_timer;

static void answer_hello(struct peer *peer) {
  static const char answer[ANSWER] = "\0\0\0\x1a" "187\0" "20261121 02:07:51 UTC";
  send(peer->fd, answer, sizeof answer, MSG_NOSIGNAL);
  char *option = memchr(peer->hello + 8, ' ', peer->hello_length - 8);
  if (!option || !strncmp(option, " echo", 5)) peer->mode = ECHO;
  else if (!strncmp(option, " sink", 5)) peer->mode = SINK;
  else if (!strncmp(option, " source", 7)) peer->mode = SOURCE;
  else if (!strncmp(option, " fan", 4)) {
    peer->mode = FAN;
    fan_rate = atoi(option + 4);
    if (fan_count < 64) fans[fan_count++] = peer->fd;
    if (fan_count == FAN_CONNECTIONS) {
      struct itimerspec every = {{0, 20000}, {0, 20000}};
      timerfd_settime(fan_timer, 0, &every, NULL);
    }
  }
}

static void end_peer(struct peer *peer) {
  if (peer->mode == SINK) send(peer->fd, &peer->bytes, sizeof peer->bytes, MSG_NOSIGNAL);
  if (peer->mode == FAN) {
    struct itimerspec never = {{0, 0}, {0, 0}};
    for (int i = 0; i < fan_count; i++)
      if (fans[i] == peer->fd) fans[i] = fans[--fan_count];
    if (fan_count == 0) timerfd_settime(fan_timer, 0, &never, NULL);
  }
  close(peer->fd);
}

// Messages that are due since the last look, each sent by itself as a gateway does.
static void fan_out(void) {
  static double credit, last;
  static int next;
  double time = now();
  uint64_t ticks;
  if (read(fan_timer, &ticks, 8) != 8) return;
  if (time - last > 0.1) last = time;
  credit += (time - last) * fan_rate;
  last = time;
  for (; credit >= 1 && fan_count > 0; credit--) {
    char message[FAN_MESSAGE] = {0};
    double stamp = now();
    memcpy(message, &stamp, sizeof stamp);
    send(fans[next++ % fan_count], message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
}

static void read_peer(struct peer *peer, uint32_t events) {
  if (peer->mode == SOURCE && (events & EPOLLOUT)) {
    if (send(peer->fd, bulk, sizeof bulk, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN) return end_peer(peer);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
  }
  if (peer->mode == HELLO) {
    ssize_t got = recv(peer->fd, peer->hello + peer->hello_length, sizeof peer->hello - peer->hello_length - 1, 0);
    if (got <= 0) return end_peer(peer);
    peer->hello_length += got;
    uint32_t length;
    memcpy(&length, peer->hello + 4, 4);
    if (peer->hello_length >= 8 && peer->hello_length >= (int)(8 + ntohl(length))) answer_hello(peer);
    return;
  }
  ssize_t got = recv(peer->fd, bulk, sizeof bulk, 0);
  if (got <= 0) return end_peer(peer);
  peer->bytes += got;
  if (peer->mode == ECHO) send(peer->fd, bulk, got, MSG_NOSIGNAL);
}

static void serve(int port) {
  int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1, epoll = epoll_create1(0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[64];
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) die("listen");
  fan_timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  event.data.fd = fan_timer;
  epoll_ctl(epoll, EPOLL_CTL_ADD, fan_timer, &event);
  for (;;) {
    int count = epoll_wait(epoll, events, 64, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == fan_timer) {
        fan_out();
      } else if (fd == listener) {
        int client = accept4(listener, NULL, NULL, 0);
        if (client < 0 || client >= (int)(sizeof peers / sizeof *peers)) continue;
        no_delay(client);
        peers[client] = (struct peer){.fd = client};
        event = (struct epoll_event){.events = EPOLLIN, .data.fd = client};
        epoll_ctl(epoll, EPOLL_CTL_ADD, client, &event);
      } else {
        enum mode before = peers[fd].mode;
        read_peer(&peers[fd], events[i].events);
        if (before != SOURCE && peers[fd].mode == SOURCE) {
          event = (struct epoll_event){.events = EPOLLIN | EPOLLOUT, .data.fd = fd};
          epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
        }
      }
    }
  }
}

// ---- the clients' side

static int dial(int port, int flags) {
  int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (fd < 0) die("socket");
  no_delay(fd);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) die("connect");
  return fd;
}

static int hello_bytes(char *into, const char *mode) {
  int length = sprintf(into + 8, "v100..187 %s", mode);
  uint32_t size = htonl(length);
  memcpy(into, "API", 4);
  memcpy(into + 4, &size, 4);
  return 8 + length;
}

static void say_hello(int fd, const char *mode) {
  char hello[64];
  send_all(fd, hello, hello_bytes(hello, mode));
}

static int begin(int port, const char *mode) {
  char answer[ANSWER];
  int fd = dial(port, 0);
  say_hello(fd, mode);
  receive_all(fd, answer, sizeof answer);
  return fd;
}

static int by_value(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}

static double quantile(float *sorted, int count, double q) { return sorted[(int)((count - 1) * q)]; }

// Nanoseconds on a processor of all threads of a process and of its living children.
static uint64_t cpu_of(int pid) {
  char path[64], line[4096];
  uint64_t total = 0;
  if (pid == 0) return 0;
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *tasks = opendir(path);
  struct dirent *task;
  while (tasks && (task = readdir(tasks))) {
    if (task->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", pid, task->d_name);
    FILE *file = fopen(path, "r");
    if (file) {
      if (fgets(line, sizeof line, file)) total += strtoull(line, NULL, 10);
      fclose(file);
    }
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", pid, task->d_name);
    if ((file = fopen(path, "r"))) {
      char *rest = line, *end;
      if (!fgets(line, sizeof line, file)) *line = 0;
      fclose(file);
      for (long child; (child = strtol(rest, &end, 10)) > 0; rest = end) total += cpu_of(child);
    }
  }
  if (tasks) closedir(tasks);
  return total;
}

struct target {
  char name[32];
  int port, pid, fds[CLIENTS], epoll, count;
  uint64_t cpu;
  float *samples;
};

static void block_of_one(struct target *target, int trips) {
  char message[RTT_MESSAGE] = {0};
  for (int i = 0; i < trips; i++) {
    double start = now();
    send_all(target->fds[0], message, sizeof message);
    receive_all(target->fds[0], message, sizeof message);
    target->samples[target->count++] = (now() - start) * 1e6;
  }
}

static void block_of_many(struct target *target, int trips) {
  char message[RTT_MESSAGE] = {0};
  double sent[CLIENTS];
  int left[CLIENTS], open = CLIENTS, each = trips / CLIENTS;
  struct epoll_event events[CLIENTS];
  for (int i = 0; i < CLIENTS; i++) {
    left[i] = each;
    sent[i] = now();
    send_all(target->fds[i], message, sizeof message);
  }
  while (open > 0) {
    int count = epoll_wait(target->epoll, events, CLIENTS, -1);
    for (int e = 0; e < count; e++) {
      int i = events[e].data.u32;
      receive_all(target->fds[i], message, sizeof message);
      target->samples[target->count++] = (now() - sent[i]) * 1e6;
      if (--left[i] == 0) {
        open--;
        continue;
      }
      sent[i] = now();
      send_all(target->fds[i], message, sizeof message);
    }
  }
}

static int round_trips(int blocks, int trips, int connections, int count, char **arguments) {
  struct target *targets = calloc(count, sizeof *targets);
  for (int t = 0; t < count; t++) {
    struct target *target = &targets[t];
    if (sscanf(arguments[t], "%31[^:]:%d:%d", target->name, &target->port, &target->pid) != 3) die(arguments[t]);
    target->samples = malloc(sizeof(float) * blocks * trips);
    target->epoll = epoll_create1(0);
    for (int i = 0; i < connections; i++) {
      struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
      target->fds[i] = begin(target->port, "echo");
      epoll_ctl(target->epoll, EPOLL_CTL_ADD, target->fds[i], &event);
    }
  }
  for (int b = -1; b < blocks; b++) {
    for (int t = 0; t < count; t++) {
      struct target *target = &targets[(t + b + 1) % count];
      uint64_t before = cpu_of(target->pid);
      if (connections == 1) block_of_one(target, trips); else block_of_many(target, trips);
      if (b < 0) target->count = 0; else target->cpu += cpu_of(target->pid) - before;
    }
  }
  for (int t = 0; t < count; t++) {
    struct target *target = &targets[t];
    qsort(target->samples, target->count, sizeof(float), by_value);
    printf("{\"name\":\"%s\",\"trips\":%d,\"p50\":%.2f,\"p99\":%.2f,\"p999\":%.2f,\"cpu\":%.3f}\n", target->name, target->count,
           quantile(target->samples, target->count, 0.5), quantile(target->samples, target->count, 0.99),
           quantile(target->samples, target->count, 0.999), target->cpu / 1e3 / target->count);
  }
  return 0;
}

static int carry_up(int port, double seconds, size_t size) {
  int fd = begin(port, "sink");
  uint64_t total = 0, counted;
  double start = now();
  while (now() - start < seconds) {
    for (int i = 0; i < 16; i++, total += size) send_all(fd, bulk, size);
  }
  shutdown(fd, SHUT_WR);
  receive_all(fd, &counted, sizeof counted);
  if (counted != total) die("the count");
  printf("{\"bytes\":%llu,\"seconds\":%.6f}\n", (unsigned long long)total, now() - start);
  return 0;
}

static int carry_down(int port, double seconds) {
  int fd = begin(port, "source");
  uint64_t total = 0;
  double start = now();
  while (now() - start < seconds) {
    ssize_t got = recv(fd, bulk, sizeof bulk, 0);
    if (got <= 0) die("receive");
    total += got;
  }
  printf("{\"bytes\":%llu,\"seconds\":%.6f}\n", (unsigned long long)total, now() - start);
  return 0;
}

static int fan(int port, double seconds, int rate) {
  struct epoll_event events[FAN_CONNECTIONS];
  int epoll = epoll_create1(0), count = 0, capacity = seconds * rate * 2;
  float *samples = malloc(sizeof(float) * capacity);
  static char pending[FAN_CONNECTIONS][FAN_MESSAGE];
  int held[FAN_CONNECTIONS] = {0};
  char mode[32];
  sprintf(mode, "fan%d", rate);
  for (int i = 0; i < FAN_CONNECTIONS; i++) {
    int fd = begin(port, mode);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)i << 32 | fd};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }
  double start = now();
  while (now() - start < seconds) {
    int ready = epoll_wait(epoll, events, FAN_CONNECTIONS, 100);
    for (int e = 0; e < ready; e++) {
      int fd = (int)events[e].data.u64, i = events[e].data.u64 >> 32;
      ssize_t got = recv(fd, bulk, sizeof bulk, 0);
      if (got <= 0) die("receive");
      double time = now();
      for (ssize_t at = 0; at < got;) {
        ssize_t part = FAN_MESSAGE - held[i] < got - at ? FAN_MESSAGE - held[i] : got - at;
        memcpy(pending[i] + held[i], bulk + at, part);
        held[i] += part;
        at += part;
        if (held[i] < FAN_MESSAGE) continue;
        double stamp;
        memcpy(&stamp, pending[i], sizeof stamp);
        held[i] = 0;
        if (count < capacity) samples[count++] = (time - stamp) * 1e6;
      }
    }
  }
  qsort(samples, count, sizeof(float), by_value);
  printf("{\"messages\":%d,\"seconds\":%.6f,\"p50\":%.2f,\"p99\":%.2f}\n", count, now() - start,
         quantile(samples, count, 0.5), quantile(samples, count, 0.99));
  return 0;
}

// Connects `count` at once, waits until all have their answer, and closes them.
static void answered_at_once(int port, int count, int *fds) {
  struct epoll_event events[CLIENTS];
  int epoll = epoll_create1(0), open = count;
  for (int i = 0; i < count; i++) {
    fds[i] = dial(port, SOCK_NONBLOCK);
    struct epoll_event event = {.events = EPOLLOUT, .data.u32 = i};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event);
  }
  while (open > 0) {
    int ready = epoll_wait(epoll, events, CLIENTS, 5000);
    if (ready == 0) {
      errno = ETIMEDOUT;
      die("burst");
    }
    for (int e = 0; e < ready; e++) {
      int i = events[e].data.u32;
      if (events[e].events & EPOLLOUT) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        epoll_ctl(epoll, EPOLL_CTL_MOD, fds[i], &event);
        say_hello(fds[i], "echo");
      } else {
        char answer[64];
        if (recv(fds[i], answer, sizeof answer, 0) <= 0) die("burst");
        epoll_ctl(epoll, EPOLL_CTL_DEL, fds[i], NULL);
        open--;
      }
    }
  }
  close(epoll);
  for (int i = 0; i < count; i++) close(fds[i]);
}

static int churn(int port, double seconds, int count) {
  int fds[CLIENTS], total = 0;
  double start = now();
  for (; now() - start < seconds; total += count) answered_at_once(port, count, fds);
  printf("{\"connections\":%d,\"seconds\":%.6f}\n", total, now() - start);
  return 0;
}

static int burst(int port, int count) {
  int fds[CLIENTS];
  double start = now();
  answered_at_once(port, count, fds);
  printf("{\"seconds\":%.6f}\n", now() - start);
  return 0;
}

static int hold(int port, int count) {
  char input;
  for (int i = 0; i < count; i++) begin(port, "echo");
  puts("{}");
  fflush(stdout);
  return read(0, &input, 1) < 0;
}

int main(int count, char **arguments) {
  const char *what = count > 2 ? arguments[1] : "";
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  signal(SIGPIPE, SIG_IGN);
  if (!strcmp(what, "serve")) serve(atoi(arguments[2]));
  if (count > 4 && !strcmp(what, "rtt"))
    return round_trips(atoi(arguments[2]), atoi(arguments[3]), 1, count - 4, arguments + 4);
  if (count > 4 && !strcmp(what, "rtt32"))
    return round_trips(atoi(arguments[2]), atoi(arguments[3]), CLIENTS, count - 4, arguments + 4);
  if (count == 4 && !strcmp(what, "up")) return carry_up(atoi(arguments[2]), atof(arguments[3]), sizeof bulk);
  if (count == 5 && !strcmp(what, "flood")) return carry_up(atoi(arguments[2]), atof(arguments[3]), atoi(arguments[4]));
  if (count == 4 && !strcmp(what, "down")) return carry_down(atoi(arguments[2]), atof(arguments[3]));
  if (count == 5 && !strcmp(what, "fan")) return fan(atoi(arguments[2]), atof(arguments[3]), atoi(arguments[4]));
  if (count == 5 && !strcmp(what, "churn")) return churn(atoi(arguments[2]), atof(arguments[3]), atoi(arguments[4]));
  if (count == 4 && !strcmp(what, "burst")) return burst(atoi(arguments[2]), atoi(arguments[3]));
  if (count == 4 && !strcmp(what, "hold")) return hold(atoi(arguments[2]), atoi(arguments[3]));
  fputs("usage: see the head of load.c\n", stderr);
  return 64;
}
