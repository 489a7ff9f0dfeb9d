/* joulebook-energy-reader: reads the RAPL counters for a program that may not, and nothing else.
 *
 * It takes no argument and no path. It opens energy_uj of the zones that it finds itself below
 * /sys/class/powercap, gives up every right it has, and then answers on standard output:
 *   request   "read\n"                         any other byte ends it
 *   answer    "joulebook-energy 1 intel-rapl:0=123 intel-rapl:0:1=-\n"   "-": cannot be read
 * It ends with its input. At most kZones zones; an answer is at most kAnswer bytes.
 *
 * The right it needs: sudo setcap cap_dac_read_search=ep joulebook-energy-reader */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef POWERCAP /* tests build it on a folder of theirs; nothing else does */
#define POWERCAP "/sys/class/powercap"
#endif

enum { kZones = 96, kName = 40, kAnswer = 8192, kNobody = 65534 };

static struct {
  char name[kName];
  int fd;
} zones[kZones];
static int zone_count;

/* "intel-rapl:0", "intel-rapl-mmio:0:1": digits and colons after the driver's name. */
static int is_zone(const char* name) {
  const char* rest = name;
  if (strncmp(rest, "intel-rapl", 10) != 0 || strlen(name) >= kName) return 0;
  rest += 10;
  if (strncmp(rest, "-mmio", 5) == 0) rest += 5;
  return *rest == ':' && rest[strspn(rest, ":0123456789")] == '\0';
}

static void open_zones(void) {
  DIR* folder = opendir(POWERCAP);
  const struct dirent* entry;
  if (folder == NULL) return;
  while (zone_count < kZones && (entry = readdir(folder)) != NULL) {
    char path[sizeof POWERCAP + kName + sizeof "//energy_uj"];
    if (!is_zone(entry->d_name)) continue;
    snprintf(path, sizeof path, "%s/%.*s/energy_uj", POWERCAP, kName - 1, entry->d_name);
    snprintf(zones[zone_count].name, kName, "%.*s", kName - 1, entry->d_name);
    zones[zone_count].fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    zone_count++;
  }
  closedir(folder);
}

/* Back to the caller's own user (nobody where that is root), no capability, none to come. */
static int drop_rights(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2];
  const uid_t user = getuid() != 0 ? getuid() : kNobody;
  const gid_t group = getgid() != 0 ? getgid() : kNobody;
  memset(none, 0, sizeof none);
  if (geteuid() == 0) {
    if (setgroups(0, NULL) != 0 || setresgid(group, group, group) != 0) return -1;
    if (setresuid(user, user, user) != 0) return -1;
  } else if (getegid() != getgid()) {
    if (setresgid(getgid(), getgid(), getgid()) != 0) return -1;
  }
  if (syscall(SYS_capset, &header, none) != 0) return -1;
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* The zone's count as text, "-" where there is none. */
static void count_of(int fd, char* text, size_t size) {
  const ssize_t n = fd < 0 ? -1 : pread(fd, text, size - 1, 0);
  const size_t digits = n > 0 ? strspn((text[n] = '\0', text), "0123456789") : 0;
  text[digits] = '\0';
  if (digits == 0) strcpy(text, "-");
}

static int answer(void) {
  char line[kAnswer];
  size_t used = (size_t)snprintf(line, sizeof line, "joulebook-energy 1");
  size_t sent = 0;
  for (int i = 0; i < zone_count; ++i) {
    char count[24];
    count_of(zones[i].fd, count, sizeof count);
    used += (size_t)snprintf(line + used, sizeof line - used, " %s=%s", zones[i].name, count);
  }
  line[used++] = '\n';
  while (sent < used) {
    const ssize_t n = write(1, line + sent, used - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return -1;
    sent += (size_t)n;
  }
  return 0;
}

/* 1: the request came whole; 0: the input ended; -1: it was something else. */
static int next_request(void) {
  static const char request[] = "read\n";
  for (size_t i = 0; i + 1 < sizeof request; ++i) {
    char byte;
    ssize_t n;
    do n = read(0, &byte, 1);
    while (n < 0 && errno == EINTR);
    if (n <= 0) return 0;
    if (byte != request[i]) return -1;
  }
  return 1;
}

int main(void) {
  int request;
  open_zones();
  if (drop_rights() != 0) {
    perror("joulebook-energy-reader: cannot give up its rights");
    return 1;
  }
  while ((request = next_request()) == 1) {
    if (answer() != 0) return 1;
  }
  return request == 0 ? 0 : 2;
}
