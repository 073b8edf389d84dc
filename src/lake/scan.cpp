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

class Scan {
 public:
  Scan(const Query& query, const Plan& plan, const ScanOptions& options)
      : query_(query), plan_(plan), options_(options) {}

  Result<std::optional<Answer>> answer(const std::vector<FileEntry>& entries);

 private:
  void work(Groups& groups);
  Answer result(const Groups& groups) const;
  Value key_value(const Groups& groups, std::size_t group, std::size_t key) const;
  Value sum_value(const Groups& groups, std::size_t group, std::size_t sum) const;
  std::vector<std::uint32_t> ordered(const Groups& groups) const;
  int compare_keys(const Groups& groups, std::uint32_t a, std::uint32_t b, std::size_t key) const;

  const Query& query_;
  const Plan& plan_;
  const ScanOptions& options_;
  Tasks tasks_;
  KeyLayout layout_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> give_up_{false};
  std::mutex mutex_;
  Result<void> status_;
};

void Scan::work(Groups& groups) {
  RowGroupRows rows(*plan_.table);
  const Condition where = with_time(plan_, query_.time);
  const std::uint64_t memory = options_.memory_bytes / 2 / tasks_.threads;
  for (std::size_t i = next_++; i < tasks_.tasks.size() && !give_up_; i = next_++) {
    rows.begin(tasks_.files[tasks_.tasks[i].file], tasks_.tasks[i].row_group);
    for_each_block(rows, where, [&](std::size_t, std::span<const std::uint16_t> chosen) { groups.add(rows, chosen); });
    if (!rows.status()) {
      const std::lock_guard lock(mutex_);
      if (status_) status_ = Failure(rows.status().error());
      give_up_ = true;
    }
    if (groups.memory_bytes() > memory || groups.overflow()) give_up_ = true;
  }
}

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

// Group numbers in the order that the question asks for, cut to its limit; ties by the keys.
std::vector<std::uint32_t> Scan::ordered(const Groups& groups) const {
  std::vector<std::uint32_t> order(groups.size());
  std::iota(order.begin(), order.end(), 0U);
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
  const std::size_t keep = query_.limit > 0 ? std::min<std::size_t>(query_.limit, order.size()) : order.size();
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

Answer Scan::result(const Groups& groups) const {
  Answer answer;
  for (const Key& key : plan_.keys) answer.columns.push_back({key.name, key.unit, key.kind == Key::Kind::kInteger});
  for (const Sum& sum : plan_.sums) answer.columns.push_back({sum.name, sum.unit, !sum.time});
  for (const std::uint32_t group : ordered(groups)) {
    std::vector<Value>& row = answer.rows.emplace_back();
    row.reserve(answer.columns.size());
    for (std::size_t k = 0; k < plan_.keys.size(); ++k) row.push_back(key_value(groups, group, k));
    for (std::size_t s = 0; s < plan_.sums.size(); ++s) row.push_back(sum_value(groups, group, s));
  }
  if (query_.want_total) answer.total = groups.size();
  return answer;
}

Result<std::optional<Answer>> Scan::answer(const std::vector<FileEntry>& entries) {
  auto opened = Tasks::open(*plan_.table, options_.directory, entries, options_.threads);
  if (!opened && opened.error().code == ErrorCode::kUnsupported) return std::optional<Answer>();
  if (!opened) return Failure(opened.error());
  tasks_ = std::move(*opened);
  layout_ = layout_of(plan_, tasks_.files);
  std::vector<Groups> groups;
  for (unsigned t = 0; t < tasks_.threads; ++t) groups.emplace_back(plan_, layout_);
  in_parallel(tasks_.threads, [&](unsigned t) { work(groups[t]); });
  if (!status_)
    return status_.error().code == ErrorCode::kLimit || status_.error().code == ErrorCode::kUnsupported
               ? Result<std::optional<Answer>>(std::optional<Answer>())
               : Result<std::optional<Answer>>(Failure(status_.error()));
  if (give_up_) return std::optional<Answer>();
  for (unsigned t = 1; t < tasks_.threads; ++t) groups[0].merge(groups[t]);
  if (groups[0].overflow()) return std::optional<Answer>();
  return std::optional<Answer>(result(groups[0]));
}

}  // namespace

Result<std::optional<Answer>> answer(const Query& query, const Plan& plan, const std::vector<FileEntry>& files,
                                     const ScanOptions& options) {
  if (plan.rows || plan.keys.size() > 60) return std::optional<Answer>();
  for (const Order& wish : query.order_by) {
    const auto named = [&wish](const auto& column) { return column.name == wish.name; };
    if (std::none_of(plan.keys.begin(), plan.keys.end(), named) &&
        std::none_of(plan.sums.begin(), plan.sums.end(), named))
      return std::optional<Answer>();  // DuckDB's path says what is wrong
  }
  return Scan(query, plan, options).answer(files);
}

}  // namespace rw::scan
