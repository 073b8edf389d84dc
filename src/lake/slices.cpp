// Cutting questions into slices of time and joining their answers.
#include "lake/slices.h"

#include <algorithm>

namespace rw {
namespace {

// The width of the buckets by which the question groups, if it does so by the table's own time; else 0.
Duration bucket_of(const Query& query, const TableSpec& table) {
  if (query.spread) return query.spread->bucket;
  for (const Named& key : query.group_by) {
    const Expr& e = *key.expr;
    if (e.kind == Expr::Kind::kTimeBucket && e.args[0]->kind == Expr::Kind::kColumn &&
        e.args[0]->name == table.columns[table.time_column].name)
      return e.bucket;
  }
  return {};
}

// Orders values of one column as the SQL does: nulls last, whichever the direction.
int compare(const Value& a, const Value& b) {
  if (a.index() != b.index()) {
    const double x = as_double(a);
    const double y = as_double(b);
    return x < y ? -1 : x > y ? 1 : 0;
  }
  return std::visit(
      [&b](const auto& x) {
        using T = std::decay_t<decltype(x)>;
        if constexpr (std::is_same_v<T, Null>)
          return 0;
        else
          return x < std::get<T>(b) ? -1 : std::get<T>(b) < x ? 1 : 0;
      },
      a);
}

}  // namespace

Result<std::vector<Query>> slices_of(const Query& query, ScanContext& context, const SliceOptions& options) {
  const TableSpec* table = query.from ? nullptr : find_lake_table(query.table);
  const Duration bucket = table == nullptr ? Duration{} : bucket_of(query, *table);
  if (bucket.us <= 0) return std::vector<Query>{query};
  RW_ASSIGN(const std::vector<FileEntry> files, context.files(*table, query.time, query.spread.has_value()));
  std::uint64_t rows = 0;
  std::vector<Timestamp> cuts;
  for (const FileEntry& file : files) {  // oldest first
    rows += file.rows;
    if (rows < options.rows) continue;
    const Timestamp cut{(file.max_time.us / bucket.us + 1) * bucket.us};
    if (cut > query.time.from && cut < query.time.to && (cuts.empty() || cut > cuts.back())) cuts.push_back(cut);
    rows = 0;
  }
  std::vector<Query> slices;
  Query next = query;
  for (const Timestamp cut : cuts) {
    next.time.to = cut;
    slices.push_back(next);
    next.time = {cut, query.time.to};
  }
  slices.push_back(next);
  return slices;
}

Result<bool> needs_slices(const Query& query, ScanContext& context, const SliceOptions& options) {
  RW_ASSIGN(const std::vector<Query> slices, slices_of(query, context, options));
  return slices.size() > 1;
}

Answer join_slices(const Query& query, std::vector<Answer> answers) {
  Answer all = std::move(answers.front());
  if (answers.size() == 1) return all;
  for (std::size_t i = 1; i < answers.size(); ++i) {
    all.rows.insert(all.rows.end(), std::make_move_iterator(answers[i].rows.begin()),
                    std::make_move_iterator(answers[i].rows.end()));
    if (all.total) *all.total += answers[i].total.value_or(0);
  }
  std::vector<std::pair<std::size_t, bool>> order;
  for (const Order& wish : query.order_by)
    if (const int column = all.column(wish.name); column >= 0) order.emplace_back(column, wish.descending);
  if (!order.empty())
    for (std::size_t key = 0; key < query.group_by.size(); ++key) order.emplace_back(key, false);
  std::stable_sort(all.rows.begin(), all.rows.end(), [&order](const auto& a, const auto& b) {
    for (const auto& [column, descending] : order) {
      const bool a_null = is_null(a[column]);
      const bool b_null = is_null(b[column]);
      if (a_null != b_null) return b_null;
      const int c = compare(a[column], b[column]);
      if (c != 0) return descending ? c > 0 : c < 0;
    }
    return false;
  });
  if (query.limit > 0 && all.rows.size() > query.limit) all.rows.resize(query.limit);
  return all;
}

}  // namespace rw
