// Evaluating plans over decoded columns.
#include "lake/scan_rows.h"

#include <algorithm>
#include <cstring>

#include "lake/damage.h"
#include "lake/files.h"

namespace rw::scan {
namespace {

using Form = StoredColumn::Form;

constexpr std::size_t kFewRanges = 4;  // tested one by one without branches; more are searched

// Ranges as 32 bits, cut to what fits.
struct SmallRange {
  std::uint32_t low;
  std::uint32_t width;
};

std::vector<SmallRange> small_ranges(std::span<const Range> ranges) {
  std::vector<SmallRange> out;
  for (const Range& r : ranges) {
    const std::int64_t low = std::max<std::int64_t>(r.low, 0);
    const std::int64_t high = std::min<std::int64_t>(r.high, UINT32_MAX);
    if (low <= high) out.push_back({static_cast<std::uint32_t>(low), static_cast<std::uint32_t>(high - low)});
  }
  return out;
}

void test_small(const std::uint32_t* values, std::size_t count, std::span<const SmallRange> ranges,
                std::uint8_t* mask) {
  if (ranges.size() <= kFewRanges) {
    std::memset(mask, 0, count);
    for (const SmallRange& r : ranges)
      for (std::size_t i = 0; i < count; ++i) mask[i] |= static_cast<std::uint8_t>(values[i] - r.low <= r.width);
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto it = std::upper_bound(ranges.begin(), ranges.end(), values[i],
                                     [](std::uint32_t v, const SmallRange& r) { return v < r.low; });
    mask[i] = static_cast<std::uint8_t>(it != ranges.begin() && values[i] - (it - 1)->low <= (it - 1)->width);
  }
}

bool inside(std::span<const Range> ranges, std::int64_t v) {
  const auto it =
      std::upper_bound(ranges.begin(), ranges.end(), v, [](std::int64_t x, const Range& r) { return x < r.low; });
  return it != ranges.begin() && v <= (it - 1)->high;
}

void test_large(const std::int64_t* values, std::size_t count, std::span<const Range> ranges, std::uint8_t* mask) {
  if (ranges.size() > kFewRanges) {
    for (std::size_t i = 0; i < count; ++i) mask[i] = static_cast<std::uint8_t>(inside(ranges, values[i]));
    return;
  }
  std::memset(mask, 0, count);
  for (const Range& r : ranges)
    for (std::size_t i = 0; i < count; ++i)
      mask[i] |= static_cast<std::uint8_t>(values[i] >= r.low && values[i] <= r.high);
}

// The part of address ranges that IPv4 can meet, as 32 bits.
std::vector<SmallRange> v4_ranges(std::span<const AddressRange> ranges) {
  constexpr Ip kFirst = Ip::v4(0);
  constexpr Ip kLast = Ip::v4(0xFFFF'FFFF);
  std::vector<SmallRange> out;
  for (const AddressRange& r : ranges) {
    if (r.high < kFirst || kLast < r.low) continue;
    const std::uint32_t low = std::max(r.low, kFirst).v4_bits();
    out.push_back({low, std::min(r.high, kLast).v4_bits() - low});
  }
  return out;
}

bool inside(std::span<const AddressRange> ranges, Ip ip) {
  const auto it =
      std::upper_bound(ranges.begin(), ranges.end(), ip, [](Ip x, const AddressRange& r) { return x < r.low; });
  return it != ranges.begin() && ip <= (it - 1)->high;
}

bool overlap(const Range& a, const Range& b) { return a.low <= b.high && b.low <= a.high; }

}  // namespace

Result<ScanFile> ScanFile::open(const TableSpec& table, const std::string& directory, const FileEntry& entry) {
  ScanFile out;
  out.path = directory + "/" + entry.path;
  out.shape = parse_shape(table, entry.shape);
  RW_ASSIGN(out.file, open_live_file(out.path, entry));
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string name = stored_name(table, i, out.shape[i]);
    out.stored.push_back(name.empty() ? -1 : out.file->column(name));
    if (!name.empty() && out.stored.back() < 0) return damaged_file(out.path, "it lacks the column " + name);
  }
  return out;
}

void RowGroupRows::begin(const ScanFile& file, std::size_t row_group) {
  file_ = &file;
  row_group_ = row_group;
  rows_ = file.file->row_groups()[row_group].rows;
  wanted_ = {0, rows_};
  for (Lane& lane : lanes_) lane.loaded = false;
}

// What the statistics say of an integer column of the row group.
bool RowGroupRows::bounds(std::size_t column, Range& range) const {
  const int at = file_->stored[column];
  if (at < 0 || form(column).form == Form::kSpan) return false;
  const parquet::ColumnChunk& chunk = file_->file->row_groups()[row_group_].columns[static_cast<std::size_t>(at)];
  if (!chunk.min || !chunk.max) return false;
  range = {static_cast<std::int64_t>(*chunk.min), static_cast<std::int64_t>(*chunk.max)};
  return range.low <= range.high;
}

bool RowGroupRows::possible(const Condition& c) const {
  const auto all = [this](const Condition& arg) { return possible(arg); };
  Range held{};
  switch (c.kind) {
    case Condition::Kind::kConstant: return c.constant;
    case Condition::Kind::kAnd: return std::all_of(c.args.begin(), c.args.end(), all);
    case Condition::Kind::kOr: return std::any_of(c.args.begin(), c.args.end(), all);
    case Condition::Kind::kRanges: {
      if (c.ranges.empty()) return false;
      if (c.number.kind != Number::Kind::kColumn) return true;
      if (form(c.number.column).form == Form::kNull) return false;
      if (!bounds(c.number.column, held)) return true;
      return std::any_of(c.ranges.begin(), c.ranges.end(), [&held](const Range& r) { return overlap(r, held); });
    }
    case Condition::Kind::kAddress: {
      if (c.addresses.empty() || form(c.address).form == Form::kNull) return false;
      if (form(c.address).form != Form::kV4Low) return true;
      const std::vector<SmallRange> ranges = v4_ranges(c.addresses);
      if (!bounds(c.address, held)) return !ranges.empty();
      return std::any_of(ranges.begin(), ranges.end(), [&held](const SmallRange& r) {
        return overlap(held, {std::int64_t{r.low}, std::int64_t{r.low} + r.width});
      });
    }
    default: return true;
  }
}

parquet::RowSpan RowGroupRows::narrow(const Condition& condition) {
  const bool several = condition.kind == Condition::Kind::kAnd && !condition.args.empty();
  const Condition& c = several ? condition.args.front() : condition;
  Range held{};
  if (c.kind != Condition::Kind::kRanges || c.number.kind != Number::Kind::kColumn ||
      c.number.column != table_.time_column || c.ranges.size() != 1 || !bounds(c.number.column, held) ||
      (c.ranges.front().low <= held.low && held.high <= c.ranges.front().high))
    return wanted_;
  parquet::RowSpan found{rows_, rows_};
  std::array<std::uint8_t, kBlock> mask;
  for (std::size_t begin = 0; begin < rows_ && status_; begin += kBlock) {
    at(begin, std::min(kBlock, rows_ - begin));
    test(c, mask.data());
    if (std::memchr(mask.data(), 1, count_) == nullptr) continue;
    found.begin = std::min<std::uint64_t>(found.begin, begin);
    found.end = begin + count_;
  }
  return wanted_ = found;
}

Result<void> RowGroupRows::read(std::size_t column, Lane& lane) const {
  constexpr const char* kNotAsSaid = "a column is not as the catalog says";
  const auto at = static_cast<std::size_t>(file_->stored[column]);
  if (file_->stored[column] < 0) return Failure(ErrorCode::kCorrupt, kNotAsSaid);
  lane.small = file_->file->row_groups()[row_group_].columns[at].type == parquet::Physical::kI32;
  RW_TRY(file_->file->read(row_group_, at, lane.values, wanted_));
  const std::size_t values = lane.small ? lane.values.small.size() : lane.values.large.size();
  const bool enough = values >= rows_ && (lane.values.valid.empty() || lane.values.valid.size() >= rows_);
  const Form stored = form(column).form;
  const bool wide = column == table_.time_column || table_.columns[column].type == ColumnType::kU64;
  const bool fits = stored == Form::kV4Low ? lane.small : stored != Form::kPlain || !wide || !lane.small;
  return enough && fits ? Result<void>() : Failure(ErrorCode::kCorrupt, kNotAsSaid);
}

const RowGroupRows::Lane& RowGroupRows::lane(std::size_t column) {
  Lane& lane = lanes_[column];
  if (lane.loaded) return lane;
  lane.loaded = true;
  lane.values.valid.clear();
  if (const auto done = read(column, lane); !done) {
    const Error& error = done.error();
    fail(error.code == ErrorCode::kCorrupt ? damaged_file(file_->path, error.message).error
                                           : Error{error.code, file_->path + ": " + error.message});
    lane.values.valid.clear();
    lane.values.small.assign(rows_, 0);
    lane.values.large.assign(rows_, 0);
  }
  return lane;
}

std::int64_t* RowGroupRows::scratch() {
  if (used_ == scratch_.size()) scratch_.push_back(std::make_unique<std::array<std::int64_t, kBlock>>());
  return scratch_[used_++]->data();
}

Cells RowGroupRows::column(std::size_t column) {
  const StoredColumn& stored = form(column);
  if (stored.form == Form::kNull) return {};
  if (stored.form == Form::kConstant) return {Cells::Form::kConstant, stored.constant};
  const Lane& found = lane(column);
  Cells cells;
  cells.form = Cells::Form::kArray;
  if (!found.values.valid.empty()) cells.valid = found.values.valid.data() + begin_;
  if (!found.small) {
    cells.values = found.values.large.data() + begin_;
    return cells;
  }
  std::int64_t* out = scratch();
  const std::uint32_t* small = found.values.small.data() + begin_;
  for (std::size_t i = 0; i < count_; ++i) out[i] = small[i];
  if (stored.form == Form::kSpan) {
    const std::int64_t* start = lane(table_.time_column).values.large.data() + begin_;
    bool overflow = false;
    for (std::size_t i = 0; i < count_; ++i) overflow |= __builtin_add_overflow(out[i], start[i], &out[i]);
    if (overflow) fail(damaged_file(file_->path, "a time does not fit 64 bits").error);
  }
  cells.values = out;
  return cells;
}

Cells RowGroupRows::coalesce(const Number& n) {
  std::vector<Cells> parts;
  for (const Number& arg : n.args) {
    const Cells cells = number(arg);
    if (cells.form == Cells::Form::kNull) continue;
    parts.push_back(cells);
    if (cells.form == Cells::Form::kConstant || cells.valid == nullptr) break;
  }
  if (parts.empty()) return {};
  if (parts.size() == 1) return parts.front();
  std::int64_t* out = scratch();
  std::uint8_t* valid = scratch_bytes();
  std::memset(valid, 0, count_);
  for (std::size_t p = parts.size(); p-- > 0;) {
    const Cells& part = parts[p];
    for (std::size_t i = 0; i < count_; ++i) {
      if (part.valid != nullptr && part.valid[i] == 0) continue;
      out[i] = part.form == Cells::Form::kConstant ? part.constant : part.values[i];
      valid[i] = 1;
    }
  }
  const bool all = parts.back().form == Cells::Form::kConstant || parts.back().valid == nullptr;
  return {Cells::Form::kArray, 0, out, all ? nullptr : valid};
}

Cells RowGroupRows::arithmetic(const Number& n) {
  const Cells a = number(n.args[0]);
  const Cells b = n.args.size() > 1 ? number(n.args[1]) : Cells{Cells::Form::kConstant, n.constant};
  if (a.form == Cells::Form::kNull || b.form == Cells::Form::kNull) return {};
  const bool constant = a.form == Cells::Form::kConstant && b.form == Cells::Form::kConstant;
  // What is left to do where a file says that there is nothing to add and nothing to scale.
  const auto is = [](const Cells& c, std::int64_t v) { return c.form == Cells::Form::kConstant && c.constant == v; };
  if (!constant && n.kind == Number::Kind::kAdd && is(b, 0)) return a;
  if (!constant && n.kind == Number::Kind::kAdd && is(a, 0)) return b;
  if (!constant && n.kind == Number::Kind::kMul && is(b, 1)) return a;
  if (!constant && n.kind == Number::Kind::kMul && is(a, 1)) return b;
  std::int64_t* out = scratch();
  const std::size_t count = constant ? 1 : count_;
  bool overflow = false;
  const auto all = [&](auto op) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::int64_t x = a.form == Cells::Form::kConstant ? a.constant : a.values[i];
      const std::int64_t y = b.form == Cells::Form::kConstant ? b.constant : b.values[i];
      overflow |= op(x, y, &out[i]);
    }
  };
  switch (n.kind) {
    case Number::Kind::kAdd:
      all([](std::int64_t x, std::int64_t y, std::int64_t* z) { return __builtin_add_overflow(x, y, z); });
      break;
    case Number::Kind::kSub:
      all([](std::int64_t x, std::int64_t y, std::int64_t* z) { return __builtin_sub_overflow(x, y, z); });
      break;
    case Number::Kind::kMul:
      all([](std::int64_t x, std::int64_t y, std::int64_t* z) { return __builtin_mul_overflow(x, y, z); });
      break;
    default:  // kBucket
      all([](std::int64_t x, std::int64_t width, std::int64_t* z) {
        *z = x / width * width;
        return false;
      });
  }
  // Nulls are stored as 0, so that they cannot overflow by themselves.
  if (overflow) fail({ErrorCode::kLimit, "a number does not fit 64 bits"});
  if (constant) return {Cells::Form::kConstant, out[0]};
  const std::uint8_t* valid = a.valid != nullptr ? a.valid : b.valid;
  if (a.valid != nullptr && b.valid != nullptr) {
    std::uint8_t* both = scratch_bytes();
    for (std::size_t i = 0; i < count_; ++i) both[i] = a.valid[i] & b.valid[i];
    valid = both;
  }
  return {Cells::Form::kArray, 0, out, valid};
}

Cells RowGroupRows::number(const Number& n) {
  switch (n.kind) {
    case Number::Kind::kColumn: return column(n.column);
    case Number::Kind::kConstant: return {Cells::Form::kConstant, n.constant};
    case Number::Kind::kNull: return {};
    case Number::Kind::kCoalesce: return coalesce(n);
    default: return arithmetic(n);
  }
}

RowGroupRows::Address RowGroupRows::address(std::size_t low_column) {
  Address out;
  if (form(low_column).form == Form::kNull) {
    out.null = true;
    return out;
  }
  const Lane& low = lane(low_column);
  if (!low.values.valid.empty()) out.valid = low.values.valid.data() + begin_;
  out.v4 = form(low_column).form == Form::kV4Low;
  if (out.v4) {
    out.small = low.values.small.data() + begin_;
    return out;
  }
  const Lane& high = lane(low_column - 1);
  if (low.small || high.small || low.values.large.size() < rows_ || high.values.large.size() < rows_) {
    fail(damaged_file(file_->path, "an address is not as the catalog says").error);
    out.null = true;
    return out;
  }
  out.low = reinterpret_cast<const std::uint64_t*>(low.values.large.data() + begin_);
  out.high = reinterpret_cast<const std::uint64_t*>(high.values.large.data() + begin_);
  return out;
}

void RowGroupRows::test_ranges(const Condition& c, std::uint8_t* mask) {
  const bool plain = c.number.kind == Number::Kind::kColumn;
  const Form form_here = plain ? form(c.number.column).form : Form::kNull;
  if (plain && (form_here == Form::kPlain || form_here == Form::kNarrow)) {
    const Lane& found = lane(c.number.column);
    if (found.small)
      test_small(found.values.small.data() + begin_, count_, small_ranges(c.ranges), mask);
    else
      test_large(found.values.large.data() + begin_, count_, c.ranges, mask);
    if (!found.values.valid.empty())
      for (std::size_t i = 0; i < count_; ++i) mask[i] &= found.values.valid[begin_ + i];
    return;
  }
  const Cells cells = number(c.number);
  if (cells.form != Cells::Form::kArray) {
    const bool holds = cells.form == Cells::Form::kConstant && inside(c.ranges, cells.constant);
    std::memset(mask, holds ? 1 : 0, count_);
    return;
  }
  test_large(cells.values, count_, c.ranges, mask);
  for (std::size_t i = 0; cells.valid != nullptr && i < count_; ++i) mask[i] &= cells.valid[i];
}

void RowGroupRows::test_address(const Condition& c, std::uint8_t* mask) {
  const Address found = address(c.address);
  if (found.null) {
    std::memset(mask, 0, count_);
    return;
  }
  if (found.v4)
    test_small(found.small, count_, v4_ranges(c.addresses), mask);
  else
    for (std::size_t i = 0; i < count_; ++i)
      mask[i] = static_cast<std::uint8_t>(inside(c.addresses, Ip{found.high[i], found.low[i]}));
  for (std::size_t i = 0; found.valid != nullptr && i < count_; ++i) mask[i] &= found.valid[i];
}

void RowGroupRows::test(const Condition& c, std::uint8_t* mask) {
  switch (c.kind) {
    case Condition::Kind::kConstant: std::memset(mask, c.constant ? 1 : 0, count_); return;
    case Condition::Kind::kRanges: return test_ranges(c, mask);
    case Condition::Kind::kAddress: return test_address(c, mask);
    case Condition::Kind::kIsNull: {
      const Cells cells = number(c.number);
      std::memset(mask, cells.form == Cells::Form::kNull ? 1 : 0, count_);
      for (std::size_t i = 0; cells.valid != nullptr && i < count_; ++i) mask[i] = cells.valid[i] ^ 1;
      return;
    }
    case Condition::Kind::kNot:
      test(c.args[0], mask);
      for (std::size_t i = 0; i < count_; ++i) mask[i] ^= 1;
      return;
    case Condition::Kind::kAnd:
    case Condition::Kind::kOr: break;
  }
  const bool is_and = c.kind == Condition::Kind::kAnd;
  test(c.args[0], mask);
  std::uint8_t* other = scratch_bytes();
  for (std::size_t a = 1; a < c.args.size(); ++a) {
    // Columns of later conditions are not even decoded where an earlier one rules out every row.
    if (is_and && std::memchr(mask, 1, count_) == nullptr) return;
    test(c.args[a], other);
    for (std::size_t i = 0; i < count_; ++i) mask[i] = is_and ? mask[i] & other[i] : mask[i] | other[i];
  }
}

}  // namespace rw::scan
