#include "fakes/kill_vfs.h"

#include <sqlite3.h>
#include <unistd.h>

#include <csignal>

namespace joulebook::fakes {
namespace {

Kill mode = Kill::never;
std::int64_t target = 0;
std::int64_t passed = 0;

sqlite3_vfs* base() { return static_cast<sqlite3_vfs*>(sqlite3_vfs_find("unix")); }

// SQLite allocates szOsFile bytes: ours, then those of the layer below.
struct File {
  sqlite3_file self;
  [[nodiscard]] sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* below(sqlite3_file* file) { return reinterpret_cast<File*>(file)->below(); }
const sqlite3_io_methods& call(sqlite3_file* file) { return *below(file)->pMethods; }

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  ::_exit(99);  // never reached: SIGKILL cannot be held off
}

// Whether this is the boundary at which the process must die.
bool due() { return passed++ == target && mode != Kill::never; }

int close(sqlite3_file* f) { return call(f).xClose(below(f)); }
int read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
  return call(f).xRead(below(f), to, n, at);
}
int write(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
  if (due()) {
    if (mode == Kill::torn) call(f).xWrite(below(f), from, n / 2, at);
    die();
  }
  return call(f).xWrite(below(f), from, n, at);
}
int truncate(sqlite3_file* f, sqlite3_int64 size) {
  if (due()) die();
  return call(f).xTruncate(below(f), size);
}
int sync(sqlite3_file*, int) { return SQLITE_OK; }
int size(sqlite3_file* f, sqlite3_int64* out) { return call(f).xFileSize(below(f), out); }
int lock(sqlite3_file* f, int level) { return call(f).xLock(below(f), level); }
int unlock(sqlite3_file* f, int level) { return call(f).xUnlock(below(f), level); }
int reserved(sqlite3_file* f, int* out) { return call(f).xCheckReservedLock(below(f), out); }
int control(sqlite3_file* f, int op, void* arg) { return call(f).xFileControl(below(f), op, arg); }
int sector(sqlite3_file* f) { return call(f).xSectorSize(below(f)); }
int traits(sqlite3_file* f) { return call(f).xDeviceCharacteristics(below(f)); }
int shm_map(sqlite3_file* f, int page, int bytes, int extend, void volatile** out) {
  return call(f).xShmMap(below(f), page, bytes, extend, out);
}
int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
  return call(f).xShmLock(below(f), offset, n, flags);
}
void shm_barrier(sqlite3_file* f) { call(f).xShmBarrier(below(f)); }
int shm_unmap(sqlite3_file* f, int remove) { return call(f).xShmUnmap(below(f), remove); }

constexpr sqlite3_io_methods kMethods = {
    2,       close,  read,   write,   truncate, sync,        size,      lock,    unlock, reserved,
    control, sector, traits, shm_map, shm_lock, shm_barrier, shm_unmap, nullptr, nullptr};

int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out) {
  file->pMethods = nullptr;
  const int code = base()->xOpen(base(), name, below(file), flags, out);
  if (code == SQLITE_OK) file->pMethods = &kMethods;
  return code;
}

int remove(sqlite3_vfs*, const char* name, int) {
  if (due()) die();
  return base()->xDelete(base(), name, 0);
}

sqlite3_vfs make_layer() {
  sqlite3_vfs layer = *base();
  layer.zName = kKillVfs;
  layer.szOsFile = static_cast<int>(sizeof(File)) + base()->szOsFile;
  layer.xOpen = open;
  layer.xDelete = remove;
  return layer;
}

}  // namespace

void arm_kill_vfs(Kill kill, std::int64_t at) {
  static sqlite3_vfs layer = make_layer();
  if (sqlite3_vfs_find(kKillVfs) == nullptr) sqlite3_vfs_register(&layer, 0);
  mode = kill;
  target = at;
  passed = 0;
}

}  // namespace joulebook::fakes
