/*
 * A disk that forgets what was not synced, for PostgreSQL under LD_PRELOAD: every fsync of a file copies what
 * the file holds to $FORGETFUL_KEPT/INODE, whole or not at all, before it returns. Once $FORGETFUL_KEPT/cut
 * is there, the power is gone: no sync returns any more. power-cut.ts assembles the files as they are after
 * the cut.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static int copy(int from, const char *to) {
  static char buffer[1 << 16];
  int out = open(to, O_CREAT | O_TRUNC | O_WRONLY, 0644);
  off_t at = 0;
  ssize_t got;
  if (out < 0) return -1;
  while ((got = pread(from, buffer, sizeof buffer, at)) > 0) {
    if (write(out, buffer, got) != got) { close(out); return -1; }
    at += got;
  }
  close(out);
  return got < 0 ? -1 : 0;
}

static int keep(int fd) {
  const char *folder = getenv("FORGETFUL_KEPT");
  char path[4096], draft[4160], cut[4096], self[64];
  struct stat file;
  if (folder == NULL || fstat(fd, &file) != 0 || !S_ISREG(file.st_mode)) return 0;
  snprintf(cut, sizeof cut, "%s/cut", folder);
  snprintf(path, sizeof path, "%s/%lu", folder, (unsigned long)file.st_ino);
  snprintf(draft, sizeof draft, "%s.%d", path, (int)getpid());
  snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  /* Opened once more: the descriptor may be for writing only. */
  int from = open(self, O_RDONLY);
  if (from < 0) return -1;
  int failed = copy(from, draft);
  close(from);
  while (access(cut, F_OK) == 0) pause();
  return failed || rename(draft, path) != 0 ? -1 : 0;
}

int fsync(int fd) { return keep(fd); }
int fdatasync(int fd) { return keep(fd); }
