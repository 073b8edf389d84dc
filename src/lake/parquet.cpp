// Pages of Parquet files into arrays of integers.
#include "lake/parquet.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "lake/files.h"
#include "lake/parquet_footer.h"

namespace rw::parquet {
namespace {

constexpr std::uint64_t kMaxFooter = 64ULL << 20;  // thousands of row groups
constexpr std::uint64_t kMaxChunk = 1ULL << 30;    // one column of one row group
constexpr std::uint64_t kMaxValueBytes = 16;  // of one value in a page, with its level and its share of an encoding
constexpr std::uint64_t kMaxPageOverhead = 1 << 20;
constexpr std::uint64_t kMaxRowsInGroup = 16'000'000;  // we write 49,152
constexpr std::size_t kPadding = 16;                   // unpacking reads whole words past the end

Failure damaged(const char* what) { return {ErrorCode::kCorrupt, what}; }

std::uint64_t load64(const std::byte* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Bytes of one page after decompression, with room to read past the end.
struct PageBytes {
  Buffer<std::byte> storage;
  std::size_t size = 0;
};

// Made once for a thread: setting one up took a tenth of a scan over many small chunks.
ZSTD_DCtx* decompressor_of_thread() {
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  return context.get();
}

// One for all chunks that a thread decodes: fresh memory costs more than filling it.
PageBytes& page_of_thread() {
  thread_local PageBytes page;
  return page;
}

// Values of `width` bits, least significant first, from `at`; `left` bytes are there and kPadding more may be read.
// Those before `from` are passed over.
template <typename T, typename Put>
bool unpack(const std::byte*& at, std::size_t& left, unsigned width, std::size_t count, Put put, std::size_t from = 0) {
  const std::size_t bytes = (count * width + 7) / 8;
  if (bytes > left) return false;
  const std::uint64_t mask = width == 64 ? UINT64_MAX : (std::uint64_t{1} << width) - 1;
  if (width <= 56) {
    std::size_t bit = from * width;
    for (std::size_t i = from; i < count; ++i, bit += width)
      put(i, static_cast<T>(load64(at + (bit >> 3)) >> (bit & 7) & mask));
  } else {
    for (std::size_t i = from; i < count; ++i) {
      const std::size_t bit = i * width;
      const unsigned shift = bit & 7;
      std::uint64_t value = load64(at + (bit >> 3)) >> shift;
      if (shift != 0)
        value |= static_cast<std::uint64_t>(std::to_integer<std::uint8_t>(at[(bit >> 3) + 8])) << (64 - shift);
      put(i, static_cast<T>(value & mask));
    }
  }
  at += bytes;
  left -= bytes;
  return true;
}

bool take_varint(const std::byte*& at, std::size_t& left, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && left > 0; shift += 7) {
    const auto byte = std::to_integer<std::uint8_t>(*at++);
    --left;
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

std::int64_t from_zigzag(std::uint64_t v) {
  return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
}

// RLE and bit-packed hybrid (Encodings.md, "Run Length Encoding / Bit-Packing Hybrid"): run(value, count) and
// one(value), for those of the `count` values that are in `wanted`.
template <typename Run, typename One>
bool decode_hybrid(const std::byte* at, std::size_t left, unsigned width, std::size_t count, RowSpan wanted, Run run,
                   One one) {
  const std::size_t end = std::min<std::uint64_t>(count, wanted.end);
  for (std::size_t done = 0; done < end;) {
    const std::size_t skip = wanted.begin > done ? wanted.begin - done : 0;  // of what comes now
    std::uint64_t head;
    if (!take_varint(at, left, head)) return false;
    if ((head & 1) == 0) {
      const std::size_t bytes = (width + 7) / 8;
      const std::size_t repeats = std::min<std::uint64_t>(head >> 1, end - done);
      if (bytes > left || repeats == 0) return false;
      std::uint64_t value = 0;
      std::memcpy(&value, at, bytes);
      at += bytes, left -= bytes;
      if (repeats > skip) run(static_cast<std::uint32_t>(value), repeats - skip);
      done += repeats;
      continue;
    }
    const std::uint64_t groups = head >> 1;
    if (groups == 0 || groups > kMaxRowsInGroup) return false;
    const std::size_t packed = groups * 8;
    const std::size_t here = std::min<std::size_t>(packed, end - done);
    const std::size_t bytes = (packed * width + 7) / 8;
    const std::byte* begin = at;
    std::size_t available = left;
    const auto put = [&](std::size_t, std::uint32_t v) { one(v); };
    if (!unpack<std::uint32_t>(begin, available, width, here, put, std::min(skip, here))) return false;
    if (bytes > left) return done + here == end;  // the last group may be cut where only its padding is missing
    at += bytes, left -= bytes;
    done += here;
  }
  return true;
}

// DELTA_BINARY_PACKED (Encodings.md, "Delta Encoding"): the first `wanted` of `count` values.
template <typename T>
bool decode_delta(const std::byte* at, std::size_t left, std::size_t count, std::size_t wanted, T* out) {
  std::uint64_t block, minis, total, first;
  if (!take_varint(at, left, block) || !take_varint(at, left, minis) || !take_varint(at, left, total) ||
      !take_varint(at, left, first))
    return false;
  if (minis == 0 || minis > 512 || block == 0 || block > 1'000'000 || block % minis != 0 || total != count)
    return false;
  if (count == 0 || wanted == 0) return true;
  const std::size_t per_mini = block / minis;
  if (per_mini % 32 != 0) return false;
  auto value = static_cast<std::uint64_t>(from_zigzag(first));
  out[0] = static_cast<T>(value);
  for (std::size_t done = 1; done < wanted;) {
    std::uint64_t least_zigzag;
    if (!take_varint(at, left, least_zigzag) || left < minis) return false;
    const auto least = static_cast<std::uint64_t>(from_zigzag(least_zigzag));
    const std::byte* widths = at;
    at += minis, left -= minis;
    for (std::size_t m = 0; m < minis && done < wanted; ++m) {
      const auto width = std::to_integer<unsigned>(widths[m]);
      if (width > 64) return false;
      const std::size_t here = std::min(per_mini, count - done);
      const std::size_t stored = std::min<std::size_t>(left, (per_mini * width + 7) / 8);
      const std::byte* begin = at;
      std::size_t available = stored;
      T* const target = out + done;
      if (!unpack<std::uint64_t>(begin, available, width, here, [&](std::size_t i, std::uint64_t delta) {
            value += least + delta;
            target[i] = static_cast<T>(value);
          }))
        return false;
      at += stored, left -= stored;
      done += here;
    }
  }
  return true;
}

// Decodes one chunk's pages one after the other.
template <typename T>
class ChunkDecoder {
 public:
  ChunkDecoder(const ColumnChunk& chunk, bool optional, RowSpan wanted, Buffer<T>& out,
               std::vector<std::uint8_t>& valid)
      : chunk_(chunk), optional_(optional), wanted_(wanted), out_(out), valid_(valid), page_(page_of_thread()) {}

  Result<void> decode(Bytes bytes) {
    out_.resize(chunk_.values);
    valid_.clear();
    Cursor in(bytes);
    while (done_ < std::min<std::uint64_t>(chunk_.values, wanted_.end)) {
      RW_ASSIGN(const PageHeader header, parse_page_header(in));
      if (header.compressed_bytes > in.left()) return damaged("a page is cut off");
      if (header.values > chunk_.values ||
          header.uncompressed_bytes > header.values * kMaxValueBytes + kMaxPageOverhead)
        return damaged("a page has the wrong size");
      const Bytes page = in.bytes(header.compressed_bytes);
      if (header.type == PageType::kDictionary)
        RW_TRY(dictionary_page(header, page));
      else if (header.type == PageType::kData || header.type == PageType::kDataV2)
        RW_TRY(data_page(header, page));
    }
    return {};
  }

 private:
  Result<void> decompress(Bytes from, std::size_t size) {
    if (page_.storage.size() < size + kPadding) page_.storage.resize(size + kPadding);
    page_.size = size;
    if (chunk_.codec == Codec::kNone) {
      if (from.size() != size) return damaged("a page has the wrong size");
      std::memcpy(page_.storage.data(), from.data(), size);
      return {};
    }
    if (chunk_.codec != Codec::kZstd)
      return Failure(ErrorCode::kUnsupported, "it is compressed in a way that we never write");
    const std::size_t got =
        ZSTD_decompressDCtx(decompressor_of_thread(), page_.storage.data(), size, from.data(), from.size());
    if (ZSTD_isError(got) != 0 || got != size) return damaged("a page does not decompress");
    return {};
  }

  Result<void> dictionary_page(const PageHeader& header, Bytes bytes) {
    if (!dictionary_.empty() || done_ > 0) return damaged("a dictionary is in the wrong place");
    RW_TRY(decompress(bytes, header.uncompressed_bytes));
    if (std::uint64_t{header.values} * sizeof(T) > page_.size) return damaged("a dictionary is cut off");
    if (header.values == 0) return {};
    dictionary_.resize(header.values);
    std::memcpy(dictionary_.data(), page_.storage.data(), dictionary_.size() * sizeof(T));
    return {};
  }

  Result<void> data_page(const PageHeader& header, Bytes bytes) {
    if (header.values == 0 || header.values > chunk_.values - done_) return damaged("a page has too many values");
    if (done_ + header.values <= wanted_.begin) {
      done_ += header.values;
      return {};
    }
    const std::byte* at = nullptr;
    std::size_t left = 0;
    std::size_t present = header.values;
    if (header.type == PageType::kDataV2) {
      if (header.level_bytes > bytes.size() || header.level_bytes > header.uncompressed_bytes)
        return damaged("a page is cut off");
      if (optional_) {
        levels_.assign(bytes.begin(), bytes.begin() + header.level_bytes);
        levels_.resize(header.level_bytes + kPadding);
        if (!read_levels(levels_.data(), header.level_bytes, header.values, present))
          return damaged("definition levels are damaged");
      }
      const Bytes values = bytes.subspan(header.level_bytes);
      const std::size_t size = header.uncompressed_bytes - header.level_bytes;
      if (!header.compressed) {
        if (values.size() != size) return damaged("a page has the wrong size");
        page_.storage.assign(values.begin(), values.end());
        page_.storage.resize(size + kPadding);
        page_.size = size;
      } else {
        RW_TRY(decompress(values, size));
      }
      at = page_.storage.data();
      left = page_.size;
    } else {
      RW_TRY(decompress(bytes, header.uncompressed_bytes));
      at = page_.storage.data();
      left = page_.size;
      if (optional_) {
        std::uint32_t size = 0;
        if (left < 4) return damaged("a page is cut off");
        std::memcpy(&size, at, 4);
        at += 4, left -= 4;
        if (size > left || !read_levels(at, size, header.values, present))
          return damaged("definition levels are damaged");
        at += size, left -= size;
      }
    }
    if (!decode_values(header.encoding, at, left, present, wanted_of(header.values, present)))
      return damaged("a page's values are damaged");
    if (!supported_) return Failure(ErrorCode::kUnsupported, "it has an encoding that we never write");
    if (present < header.values) spread(header.values, present);
    done_ += header.values;
    return {};
  }

  // Which values are there: fills valid_ from the first null on.
  bool read_levels(const std::byte* at, std::size_t size, std::size_t count, std::size_t& present) {
    present = 0;
    std::vector<std::uint8_t>& levels = page_valid_;
    levels.resize(count);
    std::size_t row = 0;
    const bool good = decode_hybrid(
        at, size, 1, count, {},
        [&](std::uint32_t level, std::size_t repeats) {
          std::fill_n(levels.begin() + static_cast<std::ptrdiff_t>(row), repeats, static_cast<std::uint8_t>(level & 1));
          row += repeats;
          present += (level & 1) * repeats;
        },
        [&](std::uint32_t level) {
          levels[row++] = static_cast<std::uint8_t>(level & 1);
          present += level & 1;
        });
    if (!good) return false;
    if (present < count && valid_.empty()) valid_.assign(chunk_.values, 1);
    if (!valid_.empty()) std::copy(levels.begin(), levels.end(), valid_.begin() + static_cast<std::ptrdiff_t>(done_));
    return true;
  }

  // Which of the page's `count` values are wanted. All where some rows have none: values and rows then differ.
  RowSpan wanted_of(std::size_t rows, std::size_t count) const {
    if (count < rows) return {0, count};
    const std::uint64_t begin = wanted_.begin > done_ ? wanted_.begin - done_ : 0;
    return {std::min<std::uint64_t>(begin, count), std::min<std::uint64_t>(wanted_.end - done_, count)};
  }

  bool decode_values(Encoding encoding, const std::byte* at, std::size_t left, std::size_t count, RowSpan wanted) {
    T* out = out_.data() + done_;
    switch (encoding) {
      case Encoding::kPlain:
        if (count * sizeof(T) > left) return false;
        std::memcpy(out + wanted.begin, at + wanted.begin * sizeof(T), (wanted.end - wanted.begin) * sizeof(T));
        return true;
      case Encoding::kDeltaBinaryPacked: return decode_delta(at, left, count, wanted.end, out);
      case Encoding::kPlainDictionary:
      case Encoding::kRleDictionary: return decode_dictionary(at, left, count, wanted, out + wanted.begin);
      default: supported_ = false; return true;
    }
  }

  bool decode_dictionary(const std::byte* at, std::size_t left, std::size_t count, RowSpan wanted, T* out) {
    if (count == 0) return true;
    if (left < 1) return false;
    const auto width = std::to_integer<unsigned>(*at);
    if (width > 32) return false;
    const std::size_t entries = dictionary_.size();
    bool inside = true;
    const auto value = [&](std::uint32_t code) {
      if (code >= entries) {
        inside = false;
        return T{};
      }
      return dictionary_[code];
    };
    const bool good = decode_hybrid(
        at + 1, left - 1, width, count, wanted,
        [&](std::uint32_t code, std::size_t repeats) { out = std::fill_n(out, repeats, value(code)); },
        [&](std::uint32_t code) { *out++ = value(code); });
    return good && inside;
  }

  // Moves the values that are there to their rows; nulls get 0.
  void spread(std::size_t rows, std::size_t present) {
    T* out = out_.data() + done_;
    for (std::size_t row = rows; row-- > 0;) out[row] = page_valid_[row] != 0 ? out[--present] : T{};
  }

  const ColumnChunk& chunk_;
  bool optional_;
  RowSpan wanted_;
  Buffer<T>& out_;
  std::vector<std::uint8_t>& valid_;
  std::vector<std::uint8_t> page_valid_;
  std::vector<std::byte> levels_;
  std::vector<T> dictionary_;
  PageBytes& page_;
  std::size_t done_ = 0;
  bool supported_ = true;
};

}  // namespace

Result<std::unique_ptr<File>> File::open(const std::string& path) {
  std::unique_ptr<File> file(new File);
  if (auto read = file->read_footer(path); !read) {
    const Error& error = read.error();
    return error.code == ErrorCode::kCorrupt ? damaged_file(path, error.message)
                                             : Failure(error.code, path + ": " + error.message);
  }
  return file;
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

int File::column(std::string_view name) const {
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (columns_[i] == name) return static_cast<int>(i);
  return -1;
}

Result<void> File::read_bytes(std::uint64_t offset, std::size_t count, Buffer<std::byte>& into) const {
  if (offset > size_ || count > size_ - offset) return damaged("it points outside itself");
  into.resize(count);
  for (std::size_t done = 0; done < count;) {
    const ssize_t got = ::pread(fd_, into.data() + done, count - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Failure(ErrorCode::kIo, "it cannot be read");
    done += static_cast<std::size_t>(got);
  }
  return {};
}

Result<void> File::read_footer(const std::string& path) {
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (fd_ < 0 && errno == ENOENT) return damaged("it is gone, but the catalog names it");
  if (fd_ < 0 || ::fstat(fd_, &info) != 0) return Failure(ErrorCode::kIo, std::strerror(errno));
  size_ = static_cast<std::uint64_t>(info.st_size);
  constexpr std::size_t kTrailer = 8;  // length of the metadata and "PAR1"
  constexpr std::size_t kGuess = 16 << 10;
  if (size_ < kTrailer + 4) return damaged("it is too short");
  Buffer<std::byte> tail;
  RW_TRY(read_bytes(size_ - std::min<std::uint64_t>(size_, kGuess), std::min<std::uint64_t>(size_, kGuess), tail));
  if (as_text(Bytes(tail).last(4)) != "PAR1") return damaged("it is no Parquet file");
  std::uint32_t length = 0;
  std::memcpy(&length, tail.data() + tail.size() - kTrailer, 4);
  if (length > size_ - kTrailer || length > kMaxFooter) return damaged("its footer is damaged");
  if (length + kTrailer > tail.size()) RW_TRY(read_bytes(size_ - kTrailer - length, length + kTrailer, tail));
  RW_ASSIGN(Footer footer, parse_footer(Bytes(tail).last(length + kTrailer).first(length)));
  columns_ = std::move(footer.columns);
  optional_ = std::move(footer.optional);
  row_groups_ = std::move(footer.row_groups);
  return {};
}

Result<void> File::read(std::size_t row_group, std::size_t column, Values& into, RowSpan wanted) const {
  const RowGroup& group = row_groups_[row_group];
  const ColumnChunk& chunk = group.columns[column];
  if (chunk.values != group.rows || chunk.values > kMaxRowsInGroup || chunk.bytes > kMaxChunk)
    return damaged("a column is damaged");
  wanted.begin = std::min(wanted.begin, wanted.end);
  thread_local Buffer<std::byte> bytes;
  RW_TRY(read_bytes(chunk.offset, chunk.bytes, bytes));
  if (chunk.type == Physical::kI32)
    return ChunkDecoder<std::uint32_t>(chunk, optional_[column], wanted, into.small, into.valid).decode(bytes);
  if (chunk.type == Physical::kI64)
    return ChunkDecoder<std::int64_t>(chunk, optional_[column], wanted, into.large, into.valid).decode(bytes);
  return Failure(ErrorCode::kUnsupported, "the column " + columns_[column] + " does not hold integers");
}

}  // namespace rw::parquet
