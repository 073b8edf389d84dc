// Spooling to memory, then to a temporary file.
#include "ingest/spool.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace rw {
namespace {

class SpoolReader : public ByteStream {
 public:
  SpoolReader(Bytes memory, std::FILE* file, Result<void> status)
      : memory_(memory), file_(file), status_(std::move(status)) {
    if (file_ != nullptr) std::rewind(file_);
  }
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    if (!memory_.empty()) {
      const std::size_t count = std::min(buffer.size(), memory_.size());
      std::memcpy(buffer.data(), memory_.data(), count);
      memory_ = memory_.subspan(count);
      return count;
    }
    const std::size_t count = file_ == nullptr ? 0 : std::fread(buffer.data(), 1, buffer.size(), file_);
    if (count == 0 && file_ != nullptr && std::ferror(file_) != 0)
      return Failure(ErrorCode::kIo, "cannot read the temporary copy back: " + std::string(std::strerror(errno)));
    if (count == 0 && !status_) return Failure(status_.error());
    return count;
  }

 private:
  Bytes memory_;
  std::FILE* file_;
  Result<void> status_;
};

}  // namespace

Spool::~Spool() {
  if (file_ != nullptr) std::fclose(file_);
}

Result<void> Spool::write(Bytes bytes) {
  if (file_ == nullptr) {
    if (memory_.size() + bytes.size() <= kMemoryBytes) {
      memory_.insert(memory_.end(), bytes.begin(), bytes.end());
      return {};
    }
    file_ = std::tmpfile();
  }
  if (file_ == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size())
    return Failure(ErrorCode::kIo, "cannot keep a temporary copy of an input that cannot be read twice: " +
                                       std::string(std::strerror(errno)));
  return {};
}

std::unique_ptr<ByteStream> Spool::read(Result<void> status) const {
  return std::make_unique<SpoolReader>(memory_, file_, std::move(status));
}

}  // namespace rw
