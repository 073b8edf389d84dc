// Rows in columns, as an engine has them: for answers too large to be made of values one by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "store/value.h"

namespace rw {

// One column of a piece. What `data` points at depends on `kind`; row n is its n-th element.
struct PieceColumn {
  enum class Kind : std::uint8_t {
    kNull,     // null throughout
    kInteger,  // std::int64_t
    kSmall,    // std::uint32_t, a number
    kTime,     // std::int64_t, microseconds since 1970
    kV4,       // std::uint32_t, an IPv4 address
    kAddress,  // std::uint64_t, upper half; `more` is the lower
    kValue,    // Value: anything else
  };
  Kind kind = Kind::kNull;
  const void* data = nullptr;
  const void* more = nullptr;
  const std::uint8_t* valid = nullptr;  // one byte a row, 0 is null; null pointer: nothing is

  template <typename T>
  const T* values() const {
    return static_cast<const T*>(data);
  }
  bool is_null(std::size_t row) const { return kind == Kind::kNull || (valid != nullptr && valid[row] == 0); }
  Value value(std::size_t row) const;
};

struct Piece {
  std::size_t rows = 0;
  std::span<const PieceColumn> columns;
};

}  // namespace rw
