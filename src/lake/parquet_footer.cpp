// Thrift's compact protocol (thrift-compact-protocol.md of Apache Thrift), as far as Parquet's structures
// (parquet.thrift) need it.
#include "lake/parquet_footer.h"

#include <functional>

namespace rw::parquet {
namespace {

constexpr std::uint64_t kMaxListItems = 1'000'000;  // row groups × columns of a file of ours stay far below
constexpr std::size_t kMaxColumns = 10'000;         // our widest table has 40
constexpr std::uint64_t kMaxChunks = 2'000'000;     // over all row groups: each takes a hundred bytes of memory
// We write 49,152; vectors of this many are made before pages are read.
constexpr std::uint64_t kMaxGroupRows = 1 << 22;
constexpr int kMaxDepth = 16;              // of structures and lists in each other
constexpr std::int64_t kMaxField = 1'000;  // field numbers; those of Parquet stay below 20

enum class Wire : std::uint8_t {
  kStop,
  kTrue,
  kFalse,
  kByte,
  kI16,
  kI32,
  kI64,
  kDouble,
  kBinary,
  kList,
  kSet,
  kMap,
  kStruct
};

class Reader {
 public:
  explicit Reader(Cursor& in) : in_(in) {}

  bool ok() const { return ok_ && in_.ok(); }
  void fail() { ok_ = false; }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t byte = in_.u8();
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if ((byte & 0x80) == 0) return value;
    }
    fail();
    return 0;
  }
  std::int64_t integer() {
    const std::uint64_t v = varint();
    return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
  }
  std::string_view binary() {
    const std::uint64_t size = varint();
    if (size > in_.left()) {
      fail();
      return {};
    }
    return as_text(in_.bytes(size));
  }

  // Calls field(id, type) for each field of a structure; what it does not read it must skip().
  void structure(const std::function<void(int id, Wire type)>& field) {
    if (++depth_ > kMaxDepth) return fail();
    int id = 0;
    while (ok()) {
      const std::uint8_t head = in_.u8();
      if (!in_.ok() || head == 0) break;
      const int delta = head >> 4;
      const std::int64_t next = delta != 0 ? id + delta : integer();
      if (next < 0 || next > kMaxField) return fail();
      id = static_cast<int>(next);
      field(id, static_cast<Wire>(head & 0x0F));
    }
    --depth_;
  }
  void list(const std::function<void(Wire type)>& item) {
    if (++depth_ > kMaxDepth) return fail();
    const std::uint8_t head = in_.u8();
    std::uint64_t count = head >> 4;
    if (count == 15) count = varint();
    if (count > kMaxListItems) return fail();
    for (std::uint64_t i = 0; i < count && ok(); ++i) item(static_cast<Wire>(head & 0x0F));
    --depth_;
  }
  void skip(Wire type) {
    switch (type) {
      case Wire::kTrue:
      case Wire::kFalse: break;
      case Wire::kByte: in_.skip(1); break;
      case Wire::kI16:
      case Wire::kI32:
      case Wire::kI64: integer(); break;
      case Wire::kDouble: in_.skip(8); break;
      case Wire::kBinary: binary(); break;
      case Wire::kList:
      case Wire::kSet: list([this](Wire item) { skip_item(item); }); break;
      case Wire::kStruct: structure([this](int, Wire field) { skip(field); }); break;
      default: fail();  // maps do not occur in Parquet's structures
    }
  }

 private:
  void skip_item(Wire type) {  // in lists a boolean takes a byte
    if (type == Wire::kTrue || type == Wire::kFalse)
      in_.skip(1);
    else
      skip(type);
  }

  Cursor& in_;
  bool ok_ = true;
  int depth_ = 0;
};

std::optional<std::uint64_t> stored_number(std::string_view bytes) {
  if (bytes.size() != 4 && bytes.size() != 8) return std::nullopt;
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  return value;
}

void read_statistics(Reader& in, ColumnChunk& chunk) {
  std::string_view min;
  std::string_view max;
  in.structure([&](int id, Wire type) {
    if (id == 3 && type == Wire::kI64)
      chunk.nulls = static_cast<std::uint64_t>(in.integer());
    else if (id == 5 && type == Wire::kBinary)
      max = in.binary();
    else if (id == 6 && type == Wire::kBinary)
      min = in.binary();
    else
      in.skip(type);
  });
  if (chunk.type != Physical::kI32 && chunk.type != Physical::kI64) return;
  chunk.min = stored_number(min);
  chunk.max = stored_number(max);
}

void read_column(Reader& in, ColumnChunk& chunk) {
  std::int64_t data = 0;
  std::int64_t dictionary = 0;
  in.structure([&](int id, Wire type) {
    switch (id) {
      case 1: chunk.type = static_cast<Physical>(in.integer()); break;
      case 4: chunk.codec = static_cast<Codec>(in.integer()); break;
      case 5: chunk.values = static_cast<std::uint64_t>(in.integer()); break;
      case 7: chunk.bytes = static_cast<std::uint64_t>(in.integer()); break;
      case 9: data = in.integer(); break;
      case 11: dictionary = in.integer(); break;
      case 12: read_statistics(in, chunk); break;
      default: in.skip(type);
    }
  });
  chunk.offset = static_cast<std::uint64_t>(dictionary > 0 && dictionary < data ? dictionary : data);
}

void read_row_group(Reader& in, RowGroup& group, std::uint64_t& chunks) {
  in.structure([&](int id, Wire type) {
    if (id == 1) {
      in.list([&](Wire) {
        if (++chunks > kMaxChunks) return in.fail();
        ColumnChunk& chunk = group.columns.emplace_back();
        in.structure([&](int field, Wire field_type) { field == 3 ? read_column(in, chunk) : in.skip(field_type); });
      });
    } else if (id == 3) {
      group.rows = static_cast<std::uint64_t>(in.integer());
      if (group.rows > kMaxGroupRows) in.fail();
    } else {
      in.skip(type);
    }
  });
}

struct SchemaElement {
  std::string name;
  std::int64_t repetition = 0;
  std::int64_t children = 0;
};

void read_schema(Reader& in, std::vector<SchemaElement>& elements) {
  in.list([&](Wire) {
    if (elements.size() >= kMaxColumns) return in.fail();
    SchemaElement& element = elements.emplace_back();
    in.structure([&](int id, Wire type) {
      if (id == 3)
        element.repetition = in.integer();
      else if (id == 4)
        element.name = in.binary();
      else if (id == 5)
        element.children = in.integer();
      else
        in.skip(type);
    });
  });
}

}  // namespace

Result<Footer> parse_footer(Bytes bytes) {
  Cursor cursor(bytes);
  Reader in(cursor);
  Footer footer;
  std::vector<SchemaElement> elements;
  std::uint64_t chunks = 0;
  in.structure([&](int id, Wire type) {
    if (id == 2)
      read_schema(in, elements);
    else if (id == 4)
      in.list([&](Wire) {
        if (footer.row_groups.size() >= kMaxListItems) return in.fail();
        read_row_group(in, footer.row_groups.emplace_back(), chunks);
      });
    else
      in.skip(type);
  });
  if (!in.ok() || elements.empty()) return Failure(ErrorCode::kCorrupt, "its footer is damaged");
  constexpr std::int64_t kRepeated = 2;
  for (std::size_t i = 1; i < elements.size(); ++i) {
    if (elements[i].children != 0 || elements[i].repetition == kRepeated)
      return Failure(ErrorCode::kUnsupported, "it has nested columns");
    footer.columns.push_back(std::move(elements[i].name));
    footer.optional.push_back(elements[i].repetition == 1);
  }
  for (const RowGroup& group : footer.row_groups)
    if (group.columns.size() != footer.columns.size()) return Failure(ErrorCode::kCorrupt, "a row group lacks columns");
  return footer;
}

Result<PageHeader> parse_page_header(Cursor& cursor) {
  Reader in(cursor);
  PageHeader header;
  const auto number = [&in] { return static_cast<std::uint32_t>(in.integer()); };
  in.structure([&](int id, Wire type) {
    switch (id) {
      case 1: header.type = static_cast<PageType>(in.integer()); break;
      case 2: header.uncompressed_bytes = number(); break;
      case 3: header.compressed_bytes = number(); break;
      case 5:
      case 7:
        in.structure([&](int field, Wire field_type) {
          if (field == 1)
            header.values = number();
          else if (field == 2)
            header.encoding = static_cast<Encoding>(in.integer());
          else
            in.skip(field_type);
        });
        break;
      case 8:
        in.structure([&](int field, Wire field_type) {
          if (field == 1)
            header.values = number();
          else if (field == 4)
            header.encoding = static_cast<Encoding>(in.integer());
          else if (field == 5 || field == 6)
            header.level_bytes += number();
          else if (field == 7)
            header.compressed = field_type == Wire::kTrue;
          else
            in.skip(field_type);
        });
        break;
      default: in.skip(type);
    }
  });
  if (!in.ok()) return Failure(ErrorCode::kCorrupt, "a page's header is damaged");
  return header;
}

}  // namespace rw::parquet
