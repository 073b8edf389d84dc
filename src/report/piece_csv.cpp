// Columns to csv without a value in between.
#include "report/piece_csv.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <vector>

#include "report/answer_writer.h"

namespace rw {
namespace {

// "0." to "255.": an IPv4 address is four of them.
struct Octet {
  char text[4];
  std::uint8_t size;
};
constexpr std::array<Octet, 256> make_octets() {
  std::array<Octet, 256> octets{};
  for (unsigned n = 0; n < 256; ++n) {
    Octet& o = octets[n];
    if (n >= 100) o.text[o.size++] = static_cast<char>('0' + n / 100);
    if (n >= 10) o.text[o.size++] = static_cast<char>('0' + n / 10 % 10);
    o.text[o.size++] = static_cast<char>('0' + n % 10);
    o.text[o.size++] = '.';
  }
  return octets;
}
constexpr std::array<Octet, 256> kOctets = make_octets();

constexpr std::size_t kMaxCell = 24;  // of a number or an IPv4 address
constexpr std::size_t kRowsAtOnce = 256;

char* put_v4(char* at, std::uint32_t bits) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    const Octet& o = kOctets[bits >> shift & 0xFF];
    std::memcpy(at, o.text, sizeof o.text);  // whole, for one instruction; the rest is overwritten
    at += o.size;
  }
  return at - 1;  // without the last dot
}

// One cell at `at`, where there is room for kMaxCell; null where it has to go through a value.
char* put_cell(char* at, const PieceColumn& column, std::size_t row) {
  switch (column.kind) {
    case PieceColumn::Kind::kV4: return put_v4(at, column.values<std::uint32_t>()[row]);
    case PieceColumn::Kind::kInteger: return std::to_chars(at, at + kMaxCell, column.values<std::int64_t>()[row]).ptr;
    case PieceColumn::Kind::kSmall: return std::to_chars(at, at + kMaxCell, column.values<std::uint32_t>()[row]).ptr;
    default: return nullptr;
  }
}

// The name of a number in a column that has names; null where it has none.
const std::string* name_of(const PieceColumn& column, std::size_t row, const CsvNames& names) {
  if (names.empty()) return nullptr;
  std::uint64_t number = 0;
  switch (column.kind) {
    case PieceColumn::Kind::kInteger: number = column.values<std::uint64_t>()[row]; break;
    case PieceColumn::Kind::kSmall: number = column.values<std::uint32_t>()[row]; break;
    case PieceColumn::Kind::kValue: number = static_cast<std::uint64_t>(as_int(column.values<Value>()[row])); break;
    default: return nullptr;
  }
  return number < names.size() ? &names[number] : nullptr;
}

}  // namespace

void append_csv(std::string& out, const Piece& piece, std::span<const CsvNames> names) {
  // Written here first: a string would be filled with zeros before every byte of it is overwritten.
  thread_local std::vector<char> lines;
  const std::size_t widest = piece.columns.size() * (kMaxCell + 1) + 1;
  if (lines.size() < widest * kRowsAtOnce) lines.resize(widest * kRowsAtOnce);
  char* at = lines.data();
  const auto flush = [&] {
    out.append(lines.data(), static_cast<std::size_t>(at - lines.data()));
    at = lines.data();
  };
  for (std::size_t row = 0; row < piece.rows; ++row) {
    if (row % kRowsAtOnce == 0) flush();
    for (std::size_t c = 0; c < piece.columns.size(); ++c) {
      if (c > 0) *at++ = ',';
      const PieceColumn& column = piece.columns[c];
      if (column.is_null(row)) continue;
      if (const std::string* name = names.empty() ? nullptr : name_of(column, row, names[c]); name != nullptr) {
        if (name->size() > kMaxCell) {
          flush();
          out += *name;
        } else {
          at = std::copy(name->begin(), name->end(), at);
        }
        continue;
      }
      if (char* after = put_cell(at, column, row); after != nullptr) {
        at = after;
        continue;
      }
      flush();
      append_csv(out, column.value(row));
    }
    *at++ = '\n';
  }
  flush();
}

}  // namespace rw
