// The sliding window of StreamReader.
#include "base/stream.h"

#include <algorithm>
#include <cstring>

namespace rw {

StreamReader::StreamReader(ByteStream& stream, std::size_t window) : stream_(stream), buffer_(window) {}

Bytes StreamReader::peek(std::size_t count) {
  while (end_ - begin_ < count && !ended_) {
    if (begin_ > 0 && buffer_.size() - begin_ < count) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (buffer_.size() - begin_ < count) buffer_.resize(begin_ + count);
    if (end_ == buffer_.size()) {  // the window is full but short of `count`: make room at the front
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    auto got = stream_.read({buffer_.data() + end_, buffer_.size() - end_});
    if (!got) {
      status_ = Failure(got.error());
      ended_ = true;
    } else if (*got == 0) {
      ended_ = true;
    } else {
      end_ += *got;
    }
  }
  return {buffer_.data() + begin_, end_ - begin_};
}

void StreamReader::consume(std::size_t count) {
  begin_ += count;
  consumed_ += count;
  if (begin_ == end_) begin_ = end_ = 0;
}

bool StreamReader::line(std::string_view& text, bool& cut, std::size_t limit) {
  cut = false;
  std::size_t searched = 0;
  Bytes window = peek(1);
  if (window.empty()) return false;
  std::size_t length = 0;
  for (;;) {
    const void* found = std::memchr(window.data() + searched, '\n', window.size() - searched);
    if (found != nullptr) {
      length = static_cast<std::size_t>(static_cast<const std::byte*>(found) - window.data()) + 1;
      break;
    }
    searched = window.size();
    if (searched > limit) {  // too long: keep the head, drop the rest without holding it
      cut = true;
      break;
    }
    window = peek(searched + 1);
    if (window.size() == searched) {  // the input ends without a newline
      length = searched;
      break;
    }
  }
  if (cut) {
    cut_line_ = as_text(window.first(limit));
    for (bool found = false; !found && !window.empty(); window = peek(1)) {
      const void* newline = std::memchr(window.data(), '\n', window.size());
      found = newline != nullptr;
      consume(found ? static_cast<std::size_t>(static_cast<const std::byte*>(newline) - window.data()) + 1
                    : window.size());
      if (found) break;
    }
    text = cut_line_;
    return true;
  }
  text = as_text(window.first(length));
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  if (text.size() > limit) {
    cut = true;
    text = text.substr(0, limit);
  }
  // consume() only moves indices, the bytes stay until the next peek.
  begin_ += length;
  consumed_ += length;
  return true;
}

Result<std::size_t> MemoryStream::read(std::span<std::byte> buffer) {
  const std::size_t count = std::min(buffer.size(), rest_.size());
  if (count > 0) std::memcpy(buffer.data(), rest_.data(), count);
  rest_ = rest_.subspan(count);
  return count;
}

}  // namespace rw
