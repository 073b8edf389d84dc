// File-system work of the lake.
#include "lake/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>

namespace rw {
namespace {

namespace fs = std::filesystem;

Failure system_failure(const char* what, const std::string& path) {
  const int error = errno;
  return {error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
          std::string(what) + " " + path + ": " + std::strerror(error)};
}

Result<void> sync_path(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return system_failure("cannot open", path);
  const int done = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  errno = error;
  if (done != 0) return system_failure("cannot write to disk", path);
  return {};
}

// 24 letters of which 20 are random: no two leases ever share a name.
std::string random_token() {
  unsigned char bytes[20];
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) std::memset(bytes, 0, sizeof bytes);
  std::string token;
  for (const unsigned char b : bytes) token += "0123456789abcdefghijklmnopqrstuv"[b & 31];
  return token;
}

// Serialises the making of leases with the clearing of dead ones.
class ParentLock {
 public:
  explicit ParentLock(const std::string& parent)
      : fd_(::open((parent + "/.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)),
        held_(fd_ >= 0 && ::flock(fd_, LOCK_EX) == 0) {}
  ~ParentLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  ParentLock(const ParentLock&) = delete;
  ParentLock& operator=(const ParentLock&) = delete;
  bool held() const { return held_; }

 private:
  int fd_;
  bool held_;
};

}  // namespace

Result<void> make_folders(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Failure(ErrorCode::kIo, "cannot make the folder " + path + ": " + error.message());
  return {};
}

Result<void> sync_file(const std::string& path) { return sync_path(path, O_RDONLY); }
Result<void> sync_folder(const std::string& path) { return sync_path(path, O_RDONLY | O_DIRECTORY); }

Result<std::uint64_t> file_size(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return system_failure("cannot look at", path);
  return static_cast<std::uint64_t>(info.st_size);
}

Result<void> rename_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return system_failure("cannot rename to", to);
  return {};
}

Failure damaged_file(const std::string& path, std::string_view what) {
  return {ErrorCode::kCorrupt,
          path + ": " + std::string(what) +
              "; restore it from a backup, or take its inputs anew with: rangewatch ingest --again"};
}

bool changed_before(const std::string& path, Timestamp time) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && info.st_ctim.tv_sec * 1'000'000LL < time.us;
}

void remove_file(const std::string& path) { ::unlink(path.c_str()); }

void remove_tree(const std::string& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

std::vector<std::string> list_files(const std::string& root) {
  std::vector<std::string> files;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(root, error); !error && it != fs::recursive_directory_iterator();
       it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) files.push_back(it->path().lexically_relative(root).string());
  }
  return files;
}

Result<std::unique_ptr<Lease>> Lease::take(const std::string& parent) {
  RW_TRY(make_folders(parent));
  const ParentLock guard(parent);
  if (!guard.held()) return system_failure("cannot lock", parent);
  std::unique_ptr<Lease> lease(new Lease);
  lease->token_ = random_token();
  lease->folder_ = parent + "/" + lease->token_;
  if (::mkdir(lease->folder_.c_str(), 0777) != 0) return system_failure("cannot make the folder", lease->folder_);
  const std::string lock = lease->folder_ + "/lock";
  lease->lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lease->lock_ < 0 || ::flock(lease->lock_, LOCK_EX | LOCK_NB) != 0) return system_failure("cannot lock", lock);
  return lease;
}

Lease::~Lease() {
  if (!folder_.empty()) remove_tree(folder_);
  if (lock_ >= 0) ::close(lock_);
}

void Lease::clear_dead(const std::string& parent, const std::function<void(const std::string& token)>& removed) {
  std::error_code error;
  if (!fs::exists(parent, error)) return;
  const ParentLock guard(parent);
  if (!guard.held()) return;
  for (auto it = fs::directory_iterator(parent, error); !error && it != fs::directory_iterator(); it.increment(error)) {
    std::error_code ignored;
    if (!it->is_directory(ignored)) continue;
    const int fd = ::open((it->path() / "lock").c_str(), O_RDWR | O_CLOEXEC);
    const bool dead = fd < 0 || ::flock(fd, LOCK_EX | LOCK_NB) == 0;  // no lock file: it died while being made
    if (dead) {
      if (removed) removed(it->path().filename().string());
      remove_tree(it->path().string());
    }
    if (fd >= 0) ::close(fd);
  }
}

}  // namespace rw
