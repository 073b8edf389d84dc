// The metadata of Parquet files, in Thrift's compact protocol.
#pragma once

#include <string>
#include <vector>

#include "base/cursor.h"
#include "base/result.h"
#include "lake/parquet.h"

namespace rw::parquet {

struct Footer {
  std::vector<std::string> columns;
  std::vector<bool> optional;
  std::vector<RowGroup> row_groups;
};
Result<Footer> parse_footer(Bytes bytes);

enum class PageType : std::uint8_t { kData = 0, kIndex = 1, kDictionary = 2, kDataV2 = 3 };
enum class Encoding : std::uint8_t {
  kPlain = 0,
  kPlainDictionary = 2,
  kRle = 3,
  kDeltaBinaryPacked = 5,
  kRleDictionary = 8
};

struct PageHeader {
  PageType type = PageType::kData;
  std::uint32_t compressed_bytes = 0;
  std::uint32_t uncompressed_bytes = 0;
  std::uint32_t values = 0;
  Encoding encoding = Encoding::kPlain;
  std::uint32_t level_bytes = 0;  // kDataV2: definition levels, which lie uncompressed before the values
  bool compressed = true;         // kDataV2
};
// Reads the header at the cursor and leaves it at the page's bytes.
Result<PageHeader> parse_page_header(Cursor& in);

}  // namespace rw::parquet
