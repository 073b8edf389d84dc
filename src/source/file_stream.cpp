// Opening and reading files.
#include "source/file_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace rw {

FileStream::FileStream(int fd, std::string name, bool owned, bool seekable, std::uint64_t size)
    : fd_(fd), name_(std::move(name)), owned_(owned), seekable_(seekable), size_(size) {}

FileStream::~FileStream() {
  if (owned_) ::close(fd_);
}

Result<std::unique_ptr<FileStream>> FileStream::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
    return Failure(code, "cannot open: " + std::string(std::strerror(errno)));
  }
  struct stat status {};
  const bool known = ::fstat(fd, &status) == 0;
  if (known && S_ISDIR(status.st_mode)) {
    ::close(fd);
    return Failure(ErrorCode::kIo, "is a folder");
  }
  const bool regular = known && S_ISREG(status.st_mode);
  if (regular) ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  return std::unique_ptr<FileStream>(
      new FileStream(fd, path, true, regular, regular ? static_cast<std::uint64_t>(status.st_size) : 0));
}

std::unique_ptr<FileStream> FileStream::standard_input() {
  return std::unique_ptr<FileStream>(new FileStream(STDIN_FILENO, "-", false, false, 0));
}

Result<std::size_t> FileStream::read(std::span<std::byte> buffer) {
  if (buffer.empty()) return std::size_t{0};
  for (;;) {
    const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
    if (got >= 0) {
      offset_ += static_cast<std::uint64_t>(got);
      furthest_ = std::max(furthest_, offset_);
      return static_cast<std::size_t>(got);
    }
    if (errno != EINTR)
      return Failure(ErrorCode::kIo, "cannot read at byte " + std::to_string(offset_) + ": " + std::strerror(errno));
  }
}

Result<void> FileStream::seek(std::uint64_t offset) {
  if (!seekable_ || ::lseek(fd_, static_cast<off_t>(offset), SEEK_SET) < 0)
    return Failure(ErrorCode::kIo, "cannot go to byte " + std::to_string(offset) + " of " + name_);
  offset_ = offset;
  return {};
}

}  // namespace rw
