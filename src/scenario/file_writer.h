// A buffered output file whose first failure is kept, so that writers of millions of records ask once per block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rw::scenario {

class FileWriter {
 public:
  FileWriter() = default;
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  // Closes what was open and starts `path` anew.
  Result<void> open(std::string path);
  void write(const void* data, std::size_t size);
  void write(std::string_view text) { write(text.data(), text.size()); }
  bool is_open() const { return descriptor_ >= 0; }
  std::uint64_t written() const { return written_; }
  const Result<void>& status() const { return status_; }
  // Writes what is buffered; the first failure since open().
  Result<void> close();

 private:
  void flush();

  std::string path_;
  std::string buffer_;
  int descriptor_ = -1;
  std::uint64_t written_ = 0;
  Result<void> status_;
};

}  // namespace rw::scenario
