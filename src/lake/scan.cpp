// Threads over row groups, and groups into answers.
#include "lake/scan.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <numeric>

#include "lake/scan_groups.h"
#include "lake/scan_tasks.h"

namespace rw::scan {
namespace {

// Groups of the rows that pass, one table for each thread.
class Gatherer {
 public:
  Gatherer(const Plan& plan, TimeRange time, const ScanOptions& options)
      : plan_(plan), options_(options), time_(time), where_(with_time(plan, time)) {}

  // False where DuckDB has to answer.
  Result<bool> run(const std::vector<FileEntry>& entries);

  KeyLayout layout;
  std::vector<Groups> groups;

 private:
  void work(Groups& groups);

  const Plan& plan_;
  const ScanOptions& options_;
  const TimeRange time_;
  const Condition where_;
  Tasks tasks_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> give_up_{false};
  std::mutex mutex_;
  Result<void> status_;
};

void Gatherer::work(Groups& mine) {
  RowGroupRows rows(*plan_.table);
  const std::uint64_t memory = options_.memory_bytes / 2 / tasks_.threads;
  for (std::size_t i = next_++; i < tasks_.tasks.size() && !give_up_; i = next_++) {
    rows.begin(tasks_.files[tasks_.tasks[i].file], tasks_.tasks[i].row_group);
    for_each_block(rows, where_, [&](std::size_t, std::span<const std::uint16_t> chosen) { mine.add(rows, chosen); });
    if (!rows.status()) {
      const std::lock_guard lock(mutex_);
      if (status_) status_ = Failure(rows.status().error());
      give_up_ = true;
    }
    if (mine.memory_bytes() > memory || mine.overflow()) give_up_ = true;
  }
}

Result<bool> Gatherer::run(const std::vector<FileEntry>& entries) {
  auto opened = Tasks::open(*plan_.table, options_.directory, entries, options_.threads, time_);
  if (!opened && opened.error().code == ErrorCode::kUnsupported) return false;
  if (!opened) return Failure(opened.error());
  tasks_ = std::move(*opened);
  layout = layout_of(plan_, tasks_.files);
  for (unsigned t = 0; t < tasks_.threads; ++t)
    groups.emplace_back(plan_, layout).expect(tasks_.likely_rows / tasks_.threads);
  in_parallel(tasks_.threads, [&](unsigned t) { work(groups[t]); });
  if (!status_) {
    const ErrorCode code = status_.error().code;
    if (code == ErrorCode::kLimit || code == ErrorCode::kUnsupported) return false;
    return Failure(status_.error());
  }
  return !give_up_;
}

class Scan {
 public:
  Scan(const Query& query, const Plan& plan, const KeyLayout& layout) : query_(query), plan_(plan), layout_(layout) {}
  Answer result(const Groups& groups) const;
  // The same in pieces; `piece` may return false to stop.
  void pieces(const Groups& groups, const std::function<bool(const Answer&)>& piece) const;

 private:
  Answer empty() const;
  void append(const Groups& groups, std::uint32_t group, Answer& answer) const;
  Value key_value(const Groups& groups, std::size_t group, std::size_t key) const;
  Value sum_value(const Groups& groups, std::size_t group, std::size_t sum) const;
  std::vector<std::uint32_t> ordered(const Groups& groups) const;
  static std::vector<std::uint32_t> candidates(const Groups& groups, std::size_t sum, bool descending,
                                               std::size_t keep);
  int compare_keys(const Groups& groups, std::uint32_t a, std::uint32_t b, std::size_t key) const;

  const Query& query_;
  const Plan& plan_;
  const KeyLayout& layout_;
};

Value Scan::sum_value(const Groups& groups, std::size_t group, std::size_t s) const {
  if (!groups.has(group, s)) return Null{};
  const std::int64_t value = groups.value(group, s);
  return plan_.sums[s].time ? Value(Timestamp{value}) : Value(value);
}

Value Scan::key_value(const Groups& groups, std::size_t group, std::size_t k) const {
  const std::uint64_t* words = groups.key(group);
  if (layout_.nulls && (words[layout_.words - 1] >> k & 1) != 0) return Null{};
  const std::uint64_t* word = words + layout_.first[k];
  const Key& key = plan_.keys[k];
  switch (key.kind) {
    case Key::Kind::kInteger: return static_cast<std::int64_t>(*word);
    case Key::Kind::kTime: return Timestamp{static_cast<std::int64_t>(*word)};
    default: break;
  }
  const Ip ip = layout_.pair[k] ? Ip{word[0], word[1]} : Ip::v4(static_cast<std::uint32_t>(*word));
  if (key.kind == Key::Kind::kAddress) return ip;
  return Prefix{ip, static_cast<std::uint8_t>(ip.is_v4() ? 96 + key.length4 : key.length6)};
}

// Nulls last.
int Scan::compare_keys(const Groups& groups, std::uint32_t a, std::uint32_t b, std::size_t k) const {
  const std::uint64_t* x = groups.key(a);
  const std::uint64_t* y = groups.key(b);
  if (layout_.nulls) {
    const bool x_null = (x[layout_.words - 1] >> k & 1) != 0;
    const bool y_null = (y[layout_.words - 1] >> k & 1) != 0;
    if (x_null || y_null) return x_null == y_null ? 0 : x_null ? 2 : -2;
  }
  const bool signed_key = plan_.keys[k].kind == Key::Kind::kInteger || plan_.keys[k].kind == Key::Kind::kTime;
  for (std::size_t w = layout_.first[k]; w < layout_.first[k] + (layout_.pair[k] ? 2 : 1); ++w) {
    if (x[w] == y[w]) continue;
    const bool less = signed_key ? static_cast<std::int64_t>(x[w]) < static_cast<std::int64_t>(y[w]) : x[w] < y[w];
    return less ? -1 : 1;
  }
  return 0;
}

// The groups that can be among the first `keep` by a sum, ties included: few are left for the order proper, which
// compares whole groups. Groups without a value come last.
std::vector<std::uint32_t> Scan::candidates(const Groups& groups, std::size_t sum, bool descending, std::size_t keep) {
  const auto rank = [&](std::size_t group) {
    const std::int64_t value = groups.value(group, sum);
    return descending ? ~value : value;  // turned around without overflow
  };
  std::vector<std::int64_t> ranks;
  ranks.reserve(groups.size());
  for (std::size_t g = 0; g < groups.size(); ++g)
    if (groups.has(g, sum)) ranks.push_back(rank(g));
  const bool all = keep == 0 || ranks.size() <= keep;
  if (!all) std::nth_element(ranks.begin(), ranks.begin() + static_cast<std::ptrdiff_t>(keep - 1), ranks.end());
  std::vector<std::uint32_t> out;
  for (std::size_t g = 0; g < groups.size(); ++g)
    if (all || (groups.has(g, sum) && rank(g) <= ranks[keep - 1])) out.push_back(static_cast<std::uint32_t>(g));
  return out;
}

// Group numbers in the order that the question asks for, cut to its limit; ties by the keys.
std::vector<std::uint32_t> Scan::ordered(const Groups& groups) const {
  struct Wish {
    bool key;
    std::size_t index;
    bool descending;
  };
  std::vector<Wish> wishes;
  for (const Order& wish : query_.order_by) {
    for (std::size_t s = 0; s < plan_.sums.size(); ++s)
      if (plan_.sums[s].name == wish.name) wishes.push_back({false, s, wish.descending});
    for (std::size_t k = 0; k < plan_.keys.size(); ++k)
      if (plan_.keys[k].name == wish.name) wishes.push_back({true, k, wish.descending});
  }
  std::size_t keep = query_.limit > 0 ? std::min<std::size_t>(query_.limit, groups.size()) : groups.size();
  std::vector<std::uint32_t> order;
  if (!wishes.empty() && !wishes.front().key && keep < groups.size() / 4) {
    order = candidates(groups, wishes.front().index, wishes.front().descending, keep);
    keep = std::min(keep, order.size());
  } else {
    order.resize(groups.size());
    std::iota(order.begin(), order.end(), 0U);
  }
  if (!wishes.empty()) {
    for (std::size_t k = 0; k < plan_.keys.size(); ++k) wishes.push_back({true, k, false});
    const auto before = [&](std::uint32_t a, std::uint32_t b) {
      for (const Wish& wish : wishes) {
        if (wish.key) {
          const int c = compare_keys(groups, a, b, wish.index);
          if (c != 0) return c == 2 || c == -2 ? c < 0 : wish.descending ? c > 0 : c < 0;
          continue;
        }
        const bool x = groups.has(a, wish.index);
        const bool y = groups.has(b, wish.index);
        if (x != y) return x;
        const std::int64_t u = x ? groups.value(a, wish.index) : 0;
        const std::int64_t v = y ? groups.value(b, wish.index) : 0;
        if (u != v) return wish.descending ? u > v : u < v;
      }
      return false;
    };
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(keep), order.end(), before);
  }
  order.resize(keep);
  return order;
}

Answer Scan::empty() const {
  Answer answer;
  for (const Key& key : plan_.keys) answer.columns.push_back({key.name, key.unit, key.kind == Key::Kind::kInteger});
  for (const Sum& sum : plan_.sums) answer.columns.push_back({sum.name, sum.unit, !sum.time});
  return answer;
}

void Scan::append(const Groups& groups, std::uint32_t group, Answer& answer) const {
  std::vector<Value>& row = answer.rows.emplace_back();
  row.reserve(answer.columns.size());
  for (std::size_t k = 0; k < plan_.keys.size(); ++k) row.push_back(key_value(groups, group, k));
  for (std::size_t s = 0; s < plan_.sums.size(); ++s) row.push_back(sum_value(groups, group, s));
}

Answer Scan::result(const Groups& groups) const {
  Answer answer = empty();
  for (const std::uint32_t group : ordered(groups)) append(groups, group, answer);
  if (query_.want_total) answer.total = groups.size();
  return answer;
}

void Scan::pieces(const Groups& groups, const std::function<bool(const Answer&)>& piece) const {
  constexpr std::size_t kRows = 2048;
  Answer answer = empty();
  bool any = false;
  for (const std::uint32_t group : ordered(groups)) {
    append(groups, group, answer);
    if (answer.rows.size() < kRows) continue;
    any = true;
    if (!piece(answer)) return;
    answer.rows.clear();
  }
  if (!any || !answer.rows.empty()) piece(answer);
}

// Columns of pieces that hold groups instead of rows.
class GroupPieces {
 public:
  static constexpr std::size_t kRows = 2048;

  GroupPieces(const Plan& plan, const KeyLayout& layout)
      : plan_(plan), layout_(layout), columns_(plan.keys.size() + plan.sums.size()), storage_(columns_.size()) {
    for (Storage& storage : storage_) {
      storage.first.resize(kRows);
      storage.second.resize(kRows);
      storage.valid.resize(kRows);
    }
  }

  Piece make(const Groups& groups, std::size_t begin, std::size_t count) {
    for (std::size_t k = 0; k < plan_.keys.size(); ++k) columns_[k] = key(groups, begin, count, k);
    for (std::size_t s = 0; s < plan_.sums.size(); ++s)
      columns_[plan_.keys.size() + s] = sum(groups, begin, count, s, storage_[plan_.keys.size() + s]);
    return {count, columns_};
  }

 private:
  struct Storage {
    std::vector<std::uint64_t> first, second;
    std::vector<std::uint8_t> valid;
  };

  PieceColumn key(const Groups& groups, std::size_t begin, std::size_t count, std::size_t k) {
    Storage& into = storage_[k];
    const std::size_t at = layout_.first[k];
    const bool pair = layout_.pair[k];
    auto* const v4 = reinterpret_cast<std::uint32_t*>(into.first.data());
    const bool address = plan_.keys[k].kind == Key::Kind::kAddress;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t* words = groups.key(begin + i);
      into.valid[i] = !layout_.nulls || (words[layout_.words - 1] >> k & 1) == 0;
      if (address && !pair)
        v4[i] = static_cast<std::uint32_t>(words[at]);
      else
        into.first[i] = words[at];
      if (pair) into.second[i] = words[at + 1];
    }
    const std::uint8_t* valid = layout_.nulls ? into.valid.data() : nullptr;
    if (address && pair) return {PieceColumn::Kind::kAddress, into.first.data(), into.second.data(), valid};
    if (address) return {PieceColumn::Kind::kV4, into.first.data(), nullptr, valid};
    const bool time = plan_.keys[k].kind == Key::Kind::kTime;
    return {time ? PieceColumn::Kind::kTime : PieceColumn::Kind::kInteger, into.first.data(), nullptr, valid};
  }

  PieceColumn sum(const Groups& groups, std::size_t begin, std::size_t count, std::size_t s, Storage& into) const {
    for (std::size_t i = 0; i < count; ++i) {
      into.valid[i] = groups.has(begin + i, s);
      into.first[i] = static_cast<std::uint64_t>(groups.value(begin + i, s));
    }
    return {plan_.sums[s].time ? PieceColumn::Kind::kTime : PieceColumn::Kind::kInteger, into.first.data(), nullptr,
            into.valid.data()};
  }

  const Plan& plan_;
  const KeyLayout& layout_;
  std::vector<PieceColumn> columns_;
  std::vector<Storage> storage_;
};

}  // namespace

namespace {

// Gathers the groups of the whole question into gatherer.groups.front(). False where DuckDB has to answer.
Result<bool> gather_all(const Query& query, const Plan& plan, const std::vector<FileEntry>& files, Gatherer& gatherer) {
  if (plan.rows || plan.keys.size() > 60) return false;
  for (const Order& wish : query.order_by) {
    const auto named = [&wish](const auto& column) { return column.name == wish.name; };
    if (std::none_of(plan.keys.begin(), plan.keys.end(), named) &&
        std::none_of(plan.sums.begin(), plan.sums.end(), named))
      return false;  // DuckDB's path says what is wrong
  }
  RW_ASSIGN(const bool gathered, gatherer.run(files));
  if (!gathered) return false;
  Groups& all = gatherer.groups.front();
  for (std::size_t t = 1; t < gatherer.groups.size(); ++t) all.merge(gatherer.groups[t], 0, 1);
  return !all.overflow();
}

}  // namespace

Result<std::optional<Answer>> answer(const Query& query, const Plan& plan, const std::vector<FileEntry>& files,
                                     const ScanOptions& options) {
  Gatherer gatherer(plan, query.time, options);
  RW_ASSIGN(const bool gathered, gather_all(query, plan, files, gatherer));
  if (!gathered) return std::optional<Answer>();
  return std::optional<Answer>(Scan(query, plan, gatherer.layout).result(gatherer.groups.front()));
}

Result<bool> stream_answer(const Query& query, const Plan& plan, const std::vector<FileEntry>& files,
                           const ScanOptions& options, const std::function<bool(const Answer&)>& piece) {
  Gatherer gatherer(plan, query.time, options);
  RW_ASSIGN(const bool gathered, gather_all(query, plan, files, gatherer));
  if (gathered) Scan(query, plan, gatherer.layout).pieces(gatherer.groups.front(), piece);
  return gathered;
}

Result<bool> stream_groups(const Query& query, const Plan& plan, const std::vector<FileEntry>& files,
                           const ScanOptions& options, const Store::WritePiece& write,
                           const std::function<bool(std::string_view)>& out) {
  const auto network = [](const Key& key) { return key.kind == Key::Kind::kPrefix; };
  if (plan.rows || plan.keys.empty() || plan.keys.size() > 60 || !query.order_by.empty() || query.limit > 0 ||
      std::any_of(plan.keys.begin(), plan.keys.end(), network))
    return false;
  Gatherer gatherer(plan, query.time, options);
  RW_ASSIGN(const bool gathered, gatherer.run(files));
  if (!gathered) return false;
  // Each thread puts together the groups of one part of the keys.
  const auto parts = static_cast<unsigned>(gatherer.groups.size());
  std::vector<Groups> merged;
  if (parts == 1) {
    merged.push_back(std::move(gatherer.groups.front()));
  } else {
    for (unsigned p = 0; p < parts; ++p) merged.emplace_back(plan, gatherer.layout);
    in_parallel(parts, [&](unsigned p) {
      for (const Groups& groups : gatherer.groups) merged[p].merge(groups, p, parts);
    });
    gatherer.groups.clear();
  }
  if (std::any_of(merged.begin(), merged.end(), [](const Groups& groups) { return groups.overflow(); })) return false;

  struct Slice {
    const Groups* groups;
    std::size_t begin, count;
  };
  constexpr std::size_t kSlice = 8 * GroupPieces::kRows;
  std::vector<Slice> slices;
  for (const Groups& groups : merged)
    for (std::size_t at = 0; at < groups.size(); at += kSlice)
      slices.push_back({&groups, at, std::min(kSlice, groups.size() - at)});
  RW_TRY(texts_in_order(
      parts, slices.size(),
      [&]() -> TextMaker {
        return [&, pieces = std::make_shared<GroupPieces>(plan, gatherer.layout)](std::size_t i, std::string& text) {
          const Slice& slice = slices[i];
          for (std::size_t at = 0; at < slice.count; at += GroupPieces::kRows)
            write(pieces->make(*slice.groups, slice.begin + at, std::min(GroupPieces::kRows, slice.count - at)), text);
          return Result<void>();
        };
      },
      out));
  return true;
}

}  // namespace rw::scan
