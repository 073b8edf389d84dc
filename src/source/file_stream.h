// Bytes from a file descriptor, in large reads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/stream.h"

namespace rw {

// Files are read, never mapped: a file that shrinks while we read it is then a short read, not a SIGBUS.
class FileStream : public ByteStream {
 public:
  // kNotFound, kIo. Directories are kIo.
  static Result<std::unique_ptr<FileStream>> open(const std::string& path);
  // Reads a descriptor that stays open afterwards.
  static std::unique_ptr<FileStream> standard_input();
  FileStream(const FileStream&) = delete;
  FileStream& operator=(const FileStream&) = delete;
  ~FileStream() override;

  Result<std::size_t> read(std::span<std::byte> buffer) override;

  bool seekable() const { return seekable_; }   // a regular file
  std::uint64_t size() const { return size_; }  // when it was opened; 0 where unknown
  Result<void> seek(std::uint64_t offset);
  std::uint64_t offset() const { return offset_; }
  // The furthest byte that was read, for progress and for bounds on expansion.
  std::uint64_t furthest() const { return furthest_; }

 private:
  FileStream(int fd, std::string name, bool owned, bool seekable, std::uint64_t size);

  int fd_;
  std::string name_;
  bool owned_;
  bool seekable_;
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
  std::uint64_t furthest_ = 0;
};

}  // namespace rw
