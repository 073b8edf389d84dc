// Merging of pieces.
#include "format/range_buffer.h"

#include <algorithm>
#include <cstring>

namespace rw {

RangeBuffer::Added RangeBuffer::add(std::size_t offset, Bytes bytes, std::size_t span_bytes, std::size_t limit) {
  const std::size_t end = offset + span_bytes;
  if (end > limit) return Added::kRefused;
  if (span_bytes == 0) return Added::kOld;
  // The ranges that overlap or touch [offset, end).
  const auto first = std::lower_bound(ranges_.begin(), ranges_.end(), offset,
                                      [](const Range& range, std::size_t at) { return range.end < at; });
  auto last = first;
  while (last != ranges_.end() && last->begin <= end) ++last;
  if (first == last && ranges_.size() >= kMaxRanges) return Added::kRefused;
  if (data_.size() < end) data_.resize(end);

  bool overlap = false, differs = false;
  std::size_t at = offset;
  const auto copy_until = [&](std::size_t until) {  // [at, until) is new
    const std::size_t from = at - offset;
    const std::size_t count = std::min(until - offset, bytes.size());
    if (count > from) std::memcpy(data_.data() + at, bytes.data() + from, count - from);
  };
  for (auto range = first; range != last; ++range) {
    if (range->begin > at) copy_until(range->begin);
    const std::size_t known_from = std::max(range->begin, offset), known_to = std::min(range->end, end);
    if (known_from < known_to) {
      overlap = true;
      const std::size_t have = std::min(known_to - offset, bytes.size());
      if (have > known_from - offset)
        differs |= std::memcmp(data_.data() + known_from, bytes.data() + (known_from - offset),
                               have - (known_from - offset)) != 0;
    }
    at = std::max(at, range->end);
  }
  const bool all_known = first != last && first->begin <= offset && first->end >= end;
  if (at < end) copy_until(end);

  if (first == last) {
    ranges_.insert(first, {offset, end});
  } else {
    first->begin = std::min(first->begin, offset);
    first->end = std::max(std::prev(last)->end, end);
    ranges_.erase(first + 1, last);
  }
  if (!overlap) return Added::kNew;
  return all_known && !differs ? Added::kOld : Added::kOverlap;
}

void RangeBuffer::drop_front(std::size_t count) {
  if (count == 0) return;
  data_.erase(data_.begin(), data_.begin() + static_cast<std::ptrdiff_t>(count));
  for (Range& range : ranges_) {
    range.begin -= std::min(range.begin, count);
    range.end -= count;
  }
  if (!ranges_.empty() && ranges_.front().end == 0) ranges_.erase(ranges_.begin());
}

void RangeBuffer::clear() {
  data_.clear();
  ranges_.clear();
}

RangeBuffer::Added TcpStream::add(std::uint32_t seq, Bytes payload, std::size_t limit) {
  const auto distance = static_cast<std::int32_t>(seq - base_);
  if (distance >= 0) return buffer_.add(static_cast<std::size_t>(distance), payload, limit);
  const std::size_t old = static_cast<std::size_t>(-static_cast<std::int64_t>(distance));
  if (old >= payload.size()) return RangeBuffer::Added::kOld;
  const auto added = buffer_.add(0, payload.subspan(old), limit);
  return added == RangeBuffer::Added::kNew ? RangeBuffer::Added::kOverlap : added;
}

void TcpStream::consume(std::size_t count) {
  buffer_.drop_front(count);
  base_ += static_cast<std::uint32_t>(count);
}

}  // namespace rw
