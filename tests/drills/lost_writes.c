/* Remembers every write below one folder until it is flushed, so that a power cut can be played after a kill.

   Preloaded into a process (LD_PRELOAD) with LOST_FOLDER and LOST_LOG set. Each change of a file or a name is noted in
   LOST_LOG.<pid> before it is made, with what was there before; each fsync that has succeeded is noted after it. What
   no flush followed may be taken back: lost_writes.py does that. Memory-mapped writes are not seen (SQLite's -shm is
   rebuilt after a cut in any case). */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { CREATE = 1, WRITE, TRUNCATE, SYNC, RENAME, UNLINK };
enum { MOST_FILES = 65536 };
/* Microseconds a flush takes longer, as on an old disk: so much longer a kill finds something to lose. */
enum { SLOW_DISK = 3000 };

struct head {
  uint64_t moment, kind, path, offset, before, after;
};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char *paths[MOST_FILES];
static int log_file = -1;
static pid_t log_owner;

#define REAL(result, name, ...)                                    \
  static result (*real)(__VA_ARGS__);                              \
  if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static uint64_t moment(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int ours(const char *path) {
  static const char *folder;
  if (!folder) folder = getenv("LOST_FOLDER");
  return folder && path && !strncmp(path, folder, strlen(folder)) && !strstr(path, "-shm");
}

static const char *path_of(int file) { return file >= 0 && file < MOST_FILES ? paths[file] : NULL; }

static void put(const void *what, size_t size) {
  REAL(ssize_t, write, int, const void *, size_t);
  while (size) {
    ssize_t done = real(log_file, what, size);
    if (done <= 0) abort();
    what = (const char *)what + done;
    size -= (size_t)done;
  }
}

static void note(uint64_t at, int kind, const char *path, uint64_t offset, const void *before, size_t before_size,
                 const void *after, size_t after_size) {
  if (log_owner != getpid()) {
    REAL(int, open, const char *, int, ...);
    char name[4096];
    log_owner = getpid();
    snprintf(name, sizeof name, "%s.%d", getenv("LOST_LOG"), (int)log_owner);
    log_file = real(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_file < 0) abort();
  }
  struct head head = {at, (uint64_t)kind, strlen(path), offset, before_size, after_size};
  put(&head, sizeof head);
  put(path, strlen(path));
  put(before, before_size);
  put(after, after_size);
}

/* What stands in a file from offset on, at most size bytes; the caller frees it. */
static char *standing(int file, off_t offset, size_t size, size_t *found) {
  REAL(ssize_t, pread, int, void *, size_t, off_t);
  char *content = malloc(size ? size : 1);
  *found = 0;
  while (content && *found < size) {
    ssize_t some = real(file, content + *found, size - *found, offset + (off_t)*found);
    if (some <= 0) break;
    *found += (size_t)some;
  }
  return content;
}

static void note_cut(const char *path, off_t size) {
  REAL(int, open, const char *, int, ...);
  struct stat now;
  int file = real(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  if (!fstat(file, &now) && now.st_size > size) {
    size_t found;
    char *content = standing(file, size, (size_t)(now.st_size - size), &found);
    note(moment(), TRUNCATE, path, (uint64_t)size, content, found, "", 0);
    free(content);
  }
  close(file);
}

static int opened(int file, const char *path, int was_there) {
  if (file >= 0 && file < MOST_FILES) {
    free(paths[file]);
    paths[file] = ours(path) ? strdup(path) : NULL;
    if (paths[file] && !was_there) note(moment(), CREATE, path, 0, "", 0, "", 0);
  }
  return file;
}

#define OPEN(name)                                                                            \
  int name(const char *path, int flags, ...) {                                                \
    REAL(int, name, const char *, int, ...);                                                  \
    va_list more;                                                                             \
    va_start(more, flags);                                                                    \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;                   \
    va_end(more);                                                                             \
    if (!ours(path)) return opened(real(path, flags, mode), NULL, 1);                         \
    pthread_mutex_lock(&turn);                                                                \
    int was_there = !access(path, F_OK);                                                      \
    if (was_there && flags & O_TRUNC) note_cut(path, 0);                                      \
    int file = opened(real(path, flags, mode), path, was_there);                              \
    pthread_mutex_unlock(&turn);                                                              \
    return file;                                                                              \
  }
OPEN(open)
OPEN(open64)

#define PWRITE(name, offset_type)                                                             \
  ssize_t name(int file, const void *what, size_t size, offset_type offset) {                 \
    REAL(ssize_t, name, int, const void *, size_t, offset_type);                              \
    const char *path = path_of(file);                                                         \
    if (!path) return real(file, what, size, offset);                                         \
    pthread_mutex_lock(&turn);                                                                \
    size_t found;                                                                             \
    char *before = standing(file, offset, size, &found);                                      \
    note(moment(), WRITE, path, (uint64_t)offset, before, found, what, size);                 \
    free(before);                                                                             \
    ssize_t done = real(file, what, size, offset);                                            \
    pthread_mutex_unlock(&turn);                                                              \
    return done;                                                                              \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int file, const void *what, size_t size) {
  REAL(ssize_t, write, int, const void *, size_t);
  const char *path = path_of(file);
  if (!path) return real(file, what, size);
  pthread_mutex_lock(&turn);
  int appends = fcntl(file, F_GETFL) & O_APPEND;
  off_t offset = lseek(file, 0, appends ? SEEK_END : SEEK_CUR);
  size_t found;
  char *before = standing(file, offset, size, &found);
  note(moment(), WRITE, path, (uint64_t)offset, before, found, what, size);
  free(before);
  ssize_t done = real(file, what, size);
  pthread_mutex_unlock(&turn);
  return done;
}

#define FTRUNCATE(name, size_type)                                                            \
  int name(int file, size_type size) {                                                        \
    REAL(int, name, int, size_type);                                                          \
    const char *path = path_of(file);                                                         \
    if (!path) return real(file, size);                                                       \
    pthread_mutex_lock(&turn);                                                                \
    note_cut(path, size);                                                                     \
    int done = real(file, size);                                                              \
    pthread_mutex_unlock(&turn);                                                              \
    return done;                                                                              \
  }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

/* Only what was written before the flush began is certain to be on the disk when it ends. */
#define FLUSH(name)                                                                           \
  int name(int file) {                                                                        \
    REAL(int, name, int);                                                                     \
    const char *path = path_of(file);                                                         \
    uint64_t began = moment();                                                                \
    if (path) usleep(SLOW_DISK);                                                              \
    int done = real(file);                                                                    \
    if (path && !done) {                                                                      \
      pthread_mutex_lock(&turn);                                                              \
      note(began, SYNC, path, 0, "", 0, "", 0);                                               \
      pthread_mutex_unlock(&turn);                                                            \
    }                                                                                         \
    return done;                                                                              \
  }
FLUSH(fsync)
FLUSH(fdatasync)

int rename(const char *from, const char *to) {
  REAL(int, rename, const char *, const char *);
  if (!ours(from)) return real(from, to);
  pthread_mutex_lock(&turn);
  note(moment(), RENAME, from, 0, "", 0, to, strlen(to));
  int done = real(from, to);
  pthread_mutex_unlock(&turn);
  return done;
}

int unlink(const char *path) {
  REAL(int, unlink, const char *);
  if (!ours(path)) return real(path);
  pthread_mutex_lock(&turn);
  struct stat now;
  if (!stat(path, &now)) {
    REAL(int, open, const char *, int, ...);
    int file = real(path, O_RDONLY | O_CLOEXEC);
    size_t found;
    char *content = standing(file, 0, (size_t)now.st_size, &found);
    note(moment(), UNLINK, path, 0, content, found, "", 0);
    free(content);
    if (file >= 0) close(file);
  }
  int done = real(path);
  pthread_mutex_unlock(&turn);
  return done;
}

int close(int file) {
  REAL(int, close, int);
  if (path_of(file)) {
    pthread_mutex_lock(&turn);
    free(paths[file]);
    paths[file] = NULL;
    pthread_mutex_unlock(&turn);
  }
  return real(file);
}
