// A bounds-checked reader of big- and little-endian fields over bytes that somebody else owns.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace rw {

using Bytes = std::span<const std::byte>;

inline Bytes as_bytes(std::string_view text) { return {reinterpret_cast<const std::byte*>(text.data()), text.size()}; }
inline std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Reading past the end yields zeros and makes ok() false for good; so a decoder may read a whole header, then ask once.
class Cursor {
 public:
  explicit Cursor(Bytes bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()), begin_(bytes.data()) {}

  bool ok() const { return ok_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }
  Bytes rest() const { return {at_, left()}; }

  std::uint8_t u8() { return take(1) ? std::to_integer<std::uint8_t>(at_[-1]) : 0; }
  std::uint16_t u16() { return __builtin_bswap16(fixed<std::uint16_t>()); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(big(3)); }
  std::uint32_t u32() { return __builtin_bswap32(fixed<std::uint32_t>()); }
  std::uint64_t u64() { return __builtin_bswap64(fixed<std::uint64_t>()); }
  std::uint16_t u16_little() { return fixed<std::uint16_t>(); }
  std::uint32_t u32_little() { return fixed<std::uint32_t>(); }
  std::uint64_t u64_little() { return fixed<std::uint64_t>(); }
  // An unsigned big-endian number of 1 to 8 bytes.
  std::uint64_t number(std::size_t width) { return big(width); }

  // The next `count` bytes; empty when there are fewer (and then ok() is false).
  Bytes bytes(std::size_t count) { return take(count) ? Bytes{at_ - count, count} : Bytes{}; }
  void skip(std::size_t count) { take(count); }

 private:
  bool take(std::size_t count) {
    if (count > left()) {
      ok_ = false;
      at_ = end_;
      return false;
    }
    at_ += count;
    return true;
  }
  std::uint64_t big(std::size_t width) {
    if (!take(width)) return 0;
    std::uint64_t value = 0;
    for (const std::byte* p = at_ - width; p < at_; ++p) value = value << 8 | std::to_integer<std::uint64_t>(*p);
    return value;
  }
  template <typename T>
  T fixed() {  // as it lies in memory; every machine that we build for is little-endian
    static_assert(std::endian::native == std::endian::little);
    T value = 0;
    if (take(sizeof value)) std::memcpy(&value, at_ - sizeof value, sizeof value);
    return value;
  }

  const std::byte* at_;
  const std::byte* end_;
  const std::byte* begin_;
  bool ok_ = true;
};

}  // namespace rw
