// Single values out of pieces, and pieces out of answers.
#include "store/piece.h"

#include "store/store.h"

namespace rw {

Value PieceColumn::value(std::size_t row) const {
  if (is_null(row)) return Null{};
  switch (kind) {
    case Kind::kInteger: return values<std::int64_t>()[row];
    case Kind::kSmall: return std::int64_t{values<std::uint32_t>()[row]};
    case Kind::kTime: return Timestamp{values<std::int64_t>()[row]};
    case Kind::kV4: return Ip::v4(values<std::uint32_t>()[row]);
    case Kind::kAddress: return Ip{values<std::uint64_t>()[row], static_cast<const std::uint64_t*>(more)[row]};
    case Kind::kValue: return values<Value>()[row];
    case Kind::kNull: break;
  }
  return Null{};
}

// For stores that have no faster way: row by row through values, on this thread.
Result<void> Store::stream_text(const Query& query, const WritePiece& write,
                                const std::function<bool(std::string_view)>& out) {
  return as_text([this, &query](const PieceSink& piece) { return stream(query, piece); }, write, out);
}

Result<void> Store::as_text(const std::function<Result<void>(const PieceSink&)>& rows, const WritePiece& write,
                            const std::function<bool(std::string_view)>& out) {
  std::string text;
  std::vector<std::vector<Value>> values;
  std::vector<PieceColumn> columns;
  return rows([&](const Answer& answer) {
    values.assign(answer.columns.size(), {});
    columns.assign(answer.columns.size(), {PieceColumn::Kind::kValue, nullptr, nullptr, nullptr});
    for (std::size_t c = 0; c < columns.size(); ++c) {
      values[c].reserve(answer.rows.size());
      for (const std::vector<Value>& row : answer.rows) values[c].push_back(row[c]);
      columns[c].data = values[c].data();
    }
    text.clear();
    write(Piece{answer.rows.size(), columns}, text);
    return text.empty() || out(text);
  });
}

}  // namespace rw
