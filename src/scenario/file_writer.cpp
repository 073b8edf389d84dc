// A buffered output file over the operating system's calls.
#include "scenario/file_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace rw::scenario {

namespace {
constexpr std::size_t kBufferBytes =
    1 << 18;  // large enough that system calls cost nothing, small enough to have several open
}

FileWriter::~FileWriter() {
  if (is_open()) (void)close();
}

Result<void> FileWriter::open(std::string path) {
  if (is_open()) RW_TRY(close());
  path_ = std::move(path);
  status_ = {};
  buffer_.clear();
  buffer_.reserve(kBufferBytes);
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0)
    status_ = Failure(ErrorCode::kIo,
                      "cannot write " + path_ + ": " + std::strerror(errno) + ". Choose another --out folder.");
  return status_;
}

void FileWriter::write(const void* data, std::size_t size) {
  if (buffer_.size() + size > kBufferBytes) flush();
  buffer_.append(static_cast<const char*>(data), size);
  written_ += size;
}

void FileWriter::flush() {
  std::size_t done = 0;
  while (done < buffer_.size() && status_) {
    const ssize_t count = ::write(descriptor_, buffer_.data() + done, buffer_.size() - done);
    if (count >= 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      status_ = Failure(ErrorCode::kIo, "writing " + path_ + " failed: " + std::strerror(errno) +
                                            ". What is there is incomplete; remove it.");
    }
  }
  buffer_.clear();
}

Result<void> FileWriter::close() {
  if (!is_open()) return status_;
  flush();
  if (::close(descriptor_) != 0 && status_)
    status_ = Failure(ErrorCode::kIo, "closing " + path_ + " failed: " + std::strerror(errno));
  descriptor_ = -1;
  return status_;
}

}  // namespace rw::scenario
