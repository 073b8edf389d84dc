// From Query to SQL.
#include "lake/renderer.h"

#include <algorithm>
#include <array>
#include <map>

#include "lake/engine.h"
#include "lake/shape.h"

namespace rw {
namespace {

constexpr Column kSeenColumns[] = {
    {"kind", ColumnType::kSymbol, false, "", "sent: the address sent a packet; resolved: a name resolved to it"},
    {"entity_hi", ColumnType::kU64, false, "", "upper half of the address"},
    {"entity_lo", ColumnType::kU64, false, "", "lower half of the address"},
    {"first_time", ColumnType::kTime, false, "us", "first sighting"},
    {"last_time", ColumnType::kTime, false, "us", "last sighting"},
};
constexpr std::uint8_t kSeenSort[] = {1, 2, 3};

SqlType sql_type(ColumnType type) {
  switch (type) {
    case ColumnType::kTime: return SqlType::kTime;
    case ColumnType::kF64: return SqlType::kDouble;
    case ColumnType::kText:
    case ColumnType::kSymbol: return SqlType::kText;
    default: return SqlType::kInt;
  }
}

using Columns = std::map<std::string, Sql, std::less<>>;

Scope scope_of(const Columns& columns) {
  return [&columns](std::string_view name) -> const Sql* {
    const auto it = columns.find(name);
    return it == columns.end() ? nullptr : &it->second;
  };
}

// The columns of a table as they lie in files of one shape. No shape at all: a table without files, where all is null.
Columns table_columns(const TableSpec& table, const Shape* shape) {
  using Form = StoredColumn::Form;
  Columns columns;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    const StoredColumn stored = shape != nullptr ? (*shape)[i] : StoredColumn{Form::kNull, 0};
    const std::string name = duck::quote_name(column.name);
    const std::string_view address = address_name(table, i);
    const std::string v4 = duck::quote_name(std::string(address) + "_v4");
    Sql sql{sql_type(column.type), name, {}, {}, column.unit};
    if (stored.form == Form::kNull) sql = sql_null(sql.type);
    if (stored.form == Form::kConstant)
      sql.text = std::to_string(stored.constant), sql.constant = static_cast<std::int64_t>(stored.constant);
    if (stored.form == Form::kV4Low) sql.text = as_pair({SqlType::kIp, v4, {}, {}, {}}).low;
    if (stored.form == Form::kV4High) sql.text = "0::UBIGINT", sql.constant = std::int64_t{0};
    if (stored.form == Form::kNarrow) sql.text += "::BIGINT";
    if (stored.form == Form::kSpan) {
      const std::string start = duck::quote_name(table.columns[table.time_column].name);
      sql.text = "make_timestamp(epoch_us(" + start + ") + duration_us)";
      columns[std::string(kSpanColumn)] = {SqlType::kInt, "duration_us::BIGINT", {}, {}, "us"};
    }
    columns[std::string(column.name)] = sql;
    if (address.empty()) continue;
    Sql whole{SqlType::kIp, duck::quote_name(table.columns[i - 1].name), name, {}, {}};
    if (stored.form == Form::kNull) whole = sql_null(SqlType::kIp);
    if (stored.form == Form::kV4Low) whole = {SqlType::kIp, v4, {}, {}, {}};
    columns[std::string(address)] = whole;
  }
  return columns;
}

// Which columns, in which form, a question needs of a file: files that agree on these are read together.
std::string shape_key(const TableSpec& table, const Shape& shape, const std::vector<std::string>& used) {
  std::string key;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string_view name = table.columns[i].name;
    const auto is_used = [&used](std::string_view n) { return std::find(used.begin(), used.end(), n) != used.end(); };
    const bool half = name.ends_with("_hi") || name.ends_with("_lo");
    if (!is_used(name) && !(half && is_used(name.substr(0, name.size() - 3)))) continue;
    key += static_cast<char>('0' + static_cast<int>(shape[i].form));
    if (shape[i].form == StoredColumn::Form::kConstant) key += std::to_string(shape[i].constant);
    key += ';';
  }
  return key;
}

std::string file_list(const std::vector<FileEntry>& files, ScanContext& context) {
  std::string list;
  for (const FileEntry& file : files) list += (list.empty() ? "" : ", ") + duck::quote_text(context.full_path(file));
  return list;
}

// A SELECT's source: files of one shape, a nested question, or nothing at all.
struct Branch {
  std::string from;
  Columns columns;
  std::string where;  // empty: every row
};

// One expression that every branch computes, under one name.
struct Wanted {
  std::string alias;
  ExprPtr expr;
  bool condition = false;
};

struct Relation {
  std::string sql;           // SELECT … UNION ALL SELECT …
  std::vector<Sql> columns;  // of the wanted, as seen from outside
};

class QueryRenderer {
 public:
  QueryRenderer(const Query& query, ScanContext& context) : query_(query), context_(context) {}

  Result<Rendered> render();
  // Groups by several sets of keys at once; the answer has the set's bits in a last SQL column, group_set.
  Result<Rendered> render_sets(std::vector<std::vector<std::size_t>> sets);
  // Rows from a relation that is there already; the first `keys` of the selected columns break ties of the order.
  Result<Rendered> render_from(Branch branch, std::size_t keys);

 private:
  Result<void> find_branches(const std::vector<std::string>& used);
  Result<void> table_branches(const TableSpec& table, const std::vector<std::string>& used);
  Result<void> nested_branch(const Query& nested);
  Result<Relation> relation(const std::vector<Wanted>& wanted);
  Result<std::string> rows_sql();
  Result<std::string> groups_sql();
  Result<std::string> measure_sql(const Measure& measure, std::size_t number, const Relation& rows);
  Result<std::string> sets_sql(const std::string& select, const Relation& rows);
  Result<std::string> spread_sql();
  Result<Rendered> finish(std::string body);
  void output(const std::string& name, const Sql& as, const std::string& alias);
  RenderInput input(const Columns& columns) { return {context_, scope_of(columns), times_, what_}; }

  const Query& query_;
  ScanContext& context_;
  std::vector<Branch> branches_;
  TimeRange times_;
  std::string what_;
  std::vector<Wanted> wanted_;
  std::vector<std::vector<std::size_t>> sets_;
  std::vector<OutputColumn> outputs_;
  Columns answer_;  // keys, measures and selected columns by name, for having and order
  std::size_t sql_columns_ = 0;
  std::size_t keys_ = 0;
};

// ---- where rows come from

Result<void> QueryRenderer::find_branches(const std::vector<std::string>& used) {
  if (query_.from) {
    RW_TRY(nested_branch(*query_.from));
    for (const auto& also : query_.from_also) RW_TRY(nested_branch(*also));
    return {};
  }
  const TableSpec* table = find_lake_table(query_.table);
  if (table == nullptr) return Failure(ErrorCode::kUsage, "no table \"" + query_.table + "\"");
  what_ = "table " + query_.table;
  return table_branches(*table, used);
}

// A condition on time only where files hold rows outside the range.
std::string time_condition(const TableSpec& table, TimeRange range, const std::vector<FileEntry>& files,
                           const std::string& end) {
  std::string text;
  const std::string column = duck::quote_name(table.columns[table.time_column].name);
  const auto any = [&files](auto outside) { return std::any_of(files.begin(), files.end(), outside); };
  if (any([&](const FileEntry& f) { return f.min_time < range.from; }))
    text = (end.empty() ? column : end) + " >= " + sql_time(range.from);
  if (any([&](const FileEntry& f) { return f.max_time >= range.to; }))
    text += (text.empty() ? "" : " AND ") + column + " < " + sql_time(range.to);
  return text;
}

Result<void> QueryRenderer::table_branches(const TableSpec& table, const std::vector<std::string>& used) {
  const bool by_end = query_.spread.has_value() && find_column(table, query_.spread->end_column) >= 0;
  RW_ASSIGN(const std::vector<FileEntry> files, context_.files(table, query_.time, by_end));
  times_ = query_.time;
  std::map<std::string, std::pair<Shape, std::vector<FileEntry>>> groups;
  TimeRange held{{INT64_MAX}, {INT64_MIN}};
  for (const FileEntry& file : files) {
    held.from = std::min(held.from, file.min_time);
    held.to = std::max(held.to, file.max_end + Duration{1});
    Shape shape = parse_shape(table, file.shape);
    const std::string key = shape_key(table, shape, used);
    auto& group = groups.try_emplace(key, std::move(shape), std::vector<FileEntry>{}).first->second;
    group.second.push_back(file);
  }
  times_.from = std::max(times_.from, held.from);
  times_.to = std::max(times_.from, std::min(times_.to, held.to));
  for (auto& [key, group] : groups) {
    Branch branch;
    branch.columns = table_columns(table, &group.first);
    branch.from = "read_parquet([" + file_list(group.second, context_) + "], hive_partitioning=false)";
    RW_ASSIGN(const Sql where, render_condition(query_.where, input(branch.columns)));
    if (where.constant && !std::get<bool>(*where.constant)) continue;
    const std::string end = by_end ? branch.columns[query_.spread->end_column].text : std::string();
    branch.where = time_condition(table, query_.time, group.second, end);
    if (!where.constant) branch.where += (branch.where.empty() ? "" : " AND ") + where.text;
    branches_.push_back(std::move(branch));
  }
  if (!branches_.empty()) return {};
  // Nothing to read: one branch without rows, in which names are still checked.
  Branch none{"(SELECT 1)", table_columns(table, nullptr), "false"};
  if (auto checked = render_condition(query_.where, input(none.columns)); !checked) return Failure(checked.error());
  branches_.push_back(std::move(none));
  return {};
}

Result<void> QueryRenderer::nested_branch(const Query& nested) {
  RW_ASSIGN(Rendered inner, render_query(nested, context_));
  what_ = "the nested question";
  times_ = nested.time;
  Branch branch;
  branch.from = "(" + inner.sql + ")";
  for (const OutputColumn& column : inner.columns) {
    Sql sql{column.type, "c" + std::to_string(column.at), {}, {}, column.unit, column.length4, column.length6};
    if (column.pair) sql.low = "c" + std::to_string(column.at + 1);
    branch.columns[column.name] = sql;
  }
  RW_ASSIGN(const Sql where, render_condition(query_.where, input(branch.columns)));
  branch.where = where.constant && std::get<bool>(*where.constant) ? "" : where.text;
  branches_.push_back(std::move(branch));
  return {};
}

// SELECTs what is wanted from every branch, in one form: addresses of 32 bits only where every branch has them so.
Result<Relation> QueryRenderer::relation(const std::vector<Wanted>& wanted) {
  std::vector<std::vector<Sql>> rendered(branches_.size());
  Relation out;
  out.columns.resize(wanted.size());
  std::vector<bool> pair(wanted.size(), false);
  for (std::size_t b = 0; b < branches_.size(); ++b) {
    for (std::size_t w = 0; w < wanted.size(); ++w) {
      RW_ASSIGN(Sql sql, wanted[w].condition ? render_condition(wanted[w].expr, input(branches_[b].columns))
                                             : rw::render(*wanted[w].expr, input(branches_[b].columns)));
      if (out.columns[w].type == SqlType::kNull ||
          (out.columns[w].type == SqlType::kInt && sql.type == SqlType::kDouble)) {
        out.columns[w] = sql;
        out.columns[w].constant.reset();
      }
      const bool address = sql.type == SqlType::kIp || sql.type == SqlType::kPrefix;
      if (address && !sql.v4()) pair[w] = true;
      rendered[b].push_back(std::move(sql));
    }
  }
  for (std::size_t b = 0; b < branches_.size(); ++b) {
    out.sql += b == 0 ? "SELECT " : " UNION ALL SELECT ";
    for (std::size_t w = 0; w < wanted.size(); ++w) {
      const Sql sql = pair[w] ? as_pair(rendered[b][w]) : rendered[b][w];
      out.sql += (w > 0 ? ", " : "") + sql.text + " AS " + wanted[w].alias;
      if (pair[w]) out.sql += ", " + sql.low + " AS " + wanted[w].alias + "_lo";
    }
    if (wanted.empty()) out.sql += "1 AS one";
    out.sql += " FROM " + branches_[b].from;
    if (!branches_[b].where.empty()) out.sql += " WHERE " + branches_[b].where;
  }
  for (std::size_t w = 0; w < wanted.size(); ++w) {
    out.columns[w].text = wanted[w].alias;
    out.columns[w].low = pair[w] ? wanted[w].alias + "_lo" : "";
  }
  return out;
}

// ---- what is asked of them

void QueryRenderer::output(const std::string& name, const Sql& as, const std::string& alias) {
  OutputColumn column{name, as.type, as.unit, sql_columns_, !as.low.empty(), as.length4, as.length6};
  Sql seen = as;
  seen.text = alias;
  seen.low = as.low.empty() ? "" : alias + "_lo";
  seen.constant.reset();
  answer_[name] = seen;
  sql_columns_ += column.pair ? 2 : 1;
  outputs_.push_back(std::move(column));
}

Result<std::string> QueryRenderer::rows_sql() {
  std::vector<Wanted> wanted;
  for (std::size_t i = 0; i < query_.select.size(); ++i)
    wanted.push_back({"s" + std::to_string(i), query_.select[i].expr, false});
  RW_ASSIGN(const Relation rows, relation(wanted));
  for (std::size_t i = 0; i < wanted.size(); ++i) output(query_.select[i].name, rows.columns[i], wanted[i].alias);
  keys_ = outputs_.size();
  return rows.sql;
}

std::string filter_clause(const Measure& measure, const std::string& alias) {
  return measure.where ? " FILTER (WHERE " + alias + "w)" : "";
}

// The arguments of one measure in the inner SELECT: a0 (value), a0w (filter), a0t0.. (tuple).
void want_measure(const Measure& measure, const std::string& alias, std::vector<Wanted>& wanted) {
  if (measure.arg) wanted.push_back({alias, measure.arg, false});
  for (std::size_t i = 0; i < measure.tuple.size(); ++i)
    wanted.push_back({alias + "t" + std::to_string(i), measure.tuple[i], false});
  if (measure.where) wanted.push_back({alias + "w", measure.where, true});
}

const Sql* wanted_column(const std::vector<Wanted>& wanted, const Relation& rows, const std::string& alias) {
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i].alias == alias) return &rows.columns[i];
  return nullptr;
}

std::string distinct_sql(const Measure& measure, const std::vector<Sql>& parts) {
  std::string list;
  for (const Sql& part : parts)
    list += (list.empty() ? "" : ", ") + part.text + (part.low.empty() ? "" : ", " + part.low);
  const bool one = parts.size() == 1 && parts[0].low.empty();
  // A row counts when any part of it is known, as one value does.
  std::string known;
  for (const Sql& part : parts) known += (known.empty() ? "" : " OR ") + part.text + " IS NOT NULL";
  if (measure.exact)
    return one ? "count(DISTINCT " + list + ")" : "count(DISTINCT CASE WHEN " + known + " THEN row(" + list + ") END)";
  return "rw_distinct(CASE WHEN " + known + " THEN hash(" + list + ") END)";
}

Result<std::string> QueryRenderer::measure_sql(const Measure& measure, std::size_t number, const Relation& rows) {
  const std::string alias = "a" + std::to_string(number);
  const std::string out = "m" + std::to_string(number);
  const std::string filter = filter_clause(measure, alias);
  const Sql* arg = wanted_column(wanted_, rows, alias);
  if (arg == nullptr && measure.kind != Measure::Kind::kCount && measure.tuple.empty())
    return Failure(ErrorCode::kUsage, "the measure \"" + measure.name + "\" has nothing to measure");
  Sql result{SqlType::kInt, out, {}, {}, arg != nullptr ? arg->unit : std::string_view()};
  std::string sql;
  switch (measure.kind) {
    case Measure::Kind::kCount:
      sql = arg != nullptr ? "count(" + arg->text + ")" : "count(*)";
      result.unit = {};
      break;
    case Measure::Kind::kSum:
      if (arg->type != SqlType::kInt && arg->type != SqlType::kDouble && arg->type != SqlType::kNull)
        return Failure(ErrorCode::kUsage, "the measure \"" + measure.name + "\" sums something that is not a number");
      sql = "sum(" + arg->text + ")";
      result.type = arg->type == SqlType::kDouble ? SqlType::kDouble : SqlType::kInt;
      break;
    case Measure::Kind::kMin:
    case Measure::Kind::kMax:
      result.type = arg->type;
      sql = (measure.kind == Measure::Kind::kMin ? "min(" : "max(") +
            (arg->low.empty() ? arg->text : "row(" + arg->text + ", " + arg->low + ")") + ")";
      if (!arg->low.empty()) {  // a struct of both halves; taken apart here
        const std::string whole = sql + filter;
        output(measure.name, *arg, out);
        return "(" + whole + ")[1] AS " + out + ", (" + whole + ")[2] AS " + out + "_lo";
      }
      break;
    case Measure::Kind::kAny:
      result.type = arg->type;
      sql = "any_value(" + arg->text + ")";
      if (!arg->low.empty()) {
        output(measure.name, *arg, out);
        return sql + filter + " AS " + out + ", any_value(" + arg->low + ")" + filter + " AS " + out + "_lo";
      }
      break;
    case Measure::Kind::kQuantile:
      if (arg->type != SqlType::kInt && arg->type != SqlType::kDouble && arg->type != SqlType::kNull)
        return Failure(ErrorCode::kUsage, "the measure \"" + measure.name + "\" needs a number");
      sql = "approx_quantile((" + arg->text + ")::DOUBLE, " + sql_literal(std::clamp(measure.quantile, 0.0, 1.0)).text +
            "::FLOAT)";
      result.type = SqlType::kDouble;
      break;
    case Measure::Kind::kDistinct: {
      std::vector<Sql> parts;
      if (arg != nullptr) parts.push_back(*arg);
      for (std::size_t i = 0; i < measure.tuple.size(); ++i)
        parts.push_back(*wanted_column(wanted_, rows, alias + "t" + std::to_string(i)));
      sql = distinct_sql(measure, parts);
      result.unit = {};
      break;
    }
  }
  output(measure.name, result, out);
  return sql + filter + " AS " + out;
}

Result<std::string> QueryRenderer::groups_sql() {
  wanted_.clear();
  for (std::size_t i = 0; i < query_.group_by.size(); ++i)
    wanted_.push_back({"k" + std::to_string(i), query_.group_by[i].expr, false});
  for (std::size_t i = 0; i < query_.measures.size(); ++i)
    want_measure(query_.measures[i], "a" + std::to_string(i), wanted_);
  RW_ASSIGN(const Relation rows, relation(wanted_));
  std::string keys;
  for (std::size_t i = 0; i < query_.group_by.size(); ++i) {
    const Sql& key = rows.columns[i];
    keys += (keys.empty() ? "" : ", ") + key.text + (key.low.empty() ? "" : ", " + key.low);
    output(query_.group_by[i].name, key, key.text);
  }
  keys_ = query_.group_by.size();
  std::string select = keys;
  for (std::size_t i = 0; i < query_.measures.size(); ++i) {
    RW_ASSIGN(const std::string measure, measure_sql(query_.measures[i], i, rows));
    select += (select.empty() ? "" : ", ") + measure;
  }
  if (!sets_.empty()) return sets_sql(select, rows);
  return "SELECT " + select + " FROM (" + rows.sql + ")" + (keys.empty() ? "" : " GROUP BY " + keys);
}

// GROUPING() has a bit for every key, set where the key is not of the group's set.
Result<std::string> QueryRenderer::sets_sql(const std::string& select, const Relation& rows) {
  const auto names = [&rows](std::size_t key) {
    const Sql& sql = rows.columns[key];
    return sql.text + (sql.low.empty() ? "" : ", " + sql.low);
  };
  std::string all;
  for (std::size_t i = 0; i < query_.group_by.size(); ++i) all += (i > 0 ? ", " : "") + rows.columns[i].text;
  std::string sets;
  for (const std::vector<std::size_t>& set : sets_) {
    std::string list;
    for (const std::size_t key : set) list += (list.empty() ? "" : ", ") + names(key);
    sets += (sets.empty() ? "(" : ", (") + list + ")";
  }
  return "SELECT " + select + (all.empty() ? ", 0" : ", grouping(" + all + ")") + " AS group_set FROM (" + rows.sql +
         ") GROUP BY GROUPING SETS (" + sets + ")";
}

// Each row gives two edges: +rate where it starts and −rate where it ends. Per bucket, the sum of all earlier edges
// times the bucket's width, plus each of its own edges times what is left of the bucket, is the exact integral of the
// rate.
Result<std::string> QueryRenderer::spread_sql() {
  const Spread& spread = *query_.spread;
  if (spread.bucket.us <= 0 || !spread.value) return Failure(ErrorCode::kUsage, "a spread needs a value and a bucket");
  std::vector<Wanted> wanted;
  for (std::size_t i = 0; i < query_.group_by.size(); ++i)
    wanted.push_back({"k" + std::to_string(i), query_.group_by[i].expr, false});
  const std::size_t first = wanted.size();
  wanted.push_back({"s", expr::column(spread.start_column), false});
  wanted.push_back({"e", expr::column(spread.end_column), false});
  wanted.push_back({"v", spread.value, false});
  RW_ASSIGN(const Relation rows, relation(wanted));
  std::string keys;
  for (std::size_t i = 0; i < first; ++i) {
    const Sql& key = rows.columns[i];
    keys += key.text + (key.low.empty() ? "" : ", " + key.low) + ", ";
    output(query_.group_by[i].name, key, key.text);
  }
  const std::string width = std::to_string(spread.bucket.us);
  const std::string partition = keys.empty() ? "" : "PARTITION BY " + keys.substr(0, keys.size() - 2) + " ";
  const std::string over = " OVER (" + partition + "ORDER BY b";
  std::string sql =
      "WITH r AS (SELECT * REPLACE (epoch_us(s) AS s, epoch_us(e) AS e, v::DOUBLE AS v) FROM (" + rows.sql +
      ")), "
      // a: slope that begins or ends here; p: what the edge adds within its own bucket; n: rows that are open.
      "x AS (SELECT " +
      keys + "s // " + width +
      " AS b, CASE WHEN e > s THEN v / (e - s) ELSE 0 END AS a, "
      "CASE WHEN e > s THEN v / (e - s) * ((s // " +
      width + " + 1) * " + width +
      " - s) ELSE v END AS p, (e > s)::BIGINT AS n FROM r "
      "UNION ALL SELECT " +
      keys + "e // " + width + ", -v / (e - s), -v / (e - s) * ((e // " + width + " + 1) * " + width +
      " - e), -1 FROM r WHERE e > s), "
      "g AS (SELECT " +
      keys + "b, sum(a) AS a, sum(p) AS p, sum(n) AS n FROM x GROUP BY " + keys +
      "b), "
      "w AS (SELECT " +
      keys + "b, p, sum(a)" + over + ") AS slope, sum(n)" + over + ") AS open, sum(a)" + over +
      " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before, sum(n)" + over +
      " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS open_before, lead(b)" + over +
      ") AS next_b FROM g), "
      // Buckets without edges between two that have some, while rows are open.
      "f AS (SELECT " +
      keys + "b, p + CASE WHEN coalesce(open_before, 0) > 0 THEN before * " + width +
      " ELSE 0 END AS v FROM w "
      "UNION ALL SELECT " +
      keys + "unnest(range(b + 1, next_b)) AS b, slope * " + width +
      " AS v FROM w WHERE open > 0 AND next_b > b + 1) "
      "SELECT " +
      keys + "make_timestamp(b * " + width + ") AS bucket, v AS m0 FROM f";
  std::string range;
  if (query_.time.from > kAllTime.from) range += " WHERE b >= " + std::to_string(query_.time.from.us) + " // " + width;
  if (query_.time.to < kAllTime.to)
    range +=
        std::string(range.empty() ? " WHERE" : " AND") + " b * " + width + " < " + std::to_string(query_.time.to.us);
  output("bucket", {SqlType::kTime, "bucket", {}, {}, {}}, "bucket");
  output(spread.name, {SqlType::kDouble, "m0", {}, {}, rows.columns[first + 2].unit}, "m0");
  keys_ = first + 1;
  return sql + range;
}

// ---- having, order, limit, total

Result<Rendered> QueryRenderer::finish(std::string body) {
  std::string columns;
  std::size_t number = 0;
  for (const OutputColumn& column : outputs_) {
    const Sql& sql = answer_[column.name];
    columns += (columns.empty() ? "" : ", ") + sql.text + " AS c" + std::to_string(number++);
    if (column.pair) columns += ", " + sql.low + " AS c" + std::to_string(number++);
  }
  if (!sets_.empty()) columns += ", group_set";
  RW_ASSIGN(const Sql having,
            render_condition(query_.having, RenderInput{context_, scope_of(answer_), times_, "the answer"}));
  const std::string where = having.constant && std::get<bool>(*having.constant) ? "" : " WHERE " + having.text;
  std::string order;
  const auto by = [&order](const Sql& sql, bool descending) {
    const char* direction = descending ? " DESC NULLS LAST" : " ASC NULLS LAST";
    order += (order.empty() ? " ORDER BY " : ", ") + sql.text + direction;
    if (!sql.low.empty()) order += ", " + sql.low + direction;
  };
  for (const Order& wish : query_.order_by) {
    const auto it = answer_.find(wish.name);
    if (it == answer_.end())
      return Failure(ErrorCode::kUsage, "cannot order by \"" + wish.name + "\": no such column in the answer");
    by(it->second, wish.descending);
  }
  if (!query_.order_by.empty())  // ties in one order always, so that the same question has the same answer
    for (std::size_t i = 0; i < keys_; ++i) by(answer_[outputs_[i].name], false);
  const std::string limit = query_.limit > 0 ? " LIMIT " + std::to_string(query_.limit) : "";

  Rendered out;
  out.columns = outputs_;
  if (query_.want_total) {
    out.total = number;
    out.sql = "WITH all_rows AS MATERIALIZED (SELECT * FROM (" + body + ")" + where + ") SELECT " + columns +
              ", (SELECT count(*) FROM all_rows) AS total FROM all_rows" + order + limit;
  } else {
    out.sql = "SELECT " + columns + " FROM (" + body + ")" + where + order + limit;
  }
  return out;
}

// Every column of the table, addresses whole: what "all" means in a question without select, groups and measures.
std::vector<Named> all_columns(const TableSpec& table) {
  std::vector<Named> all;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (i + 1 < table.columns.size() && !address_name(table, i + 1).empty()) continue;
    const std::string_view address = address_name(table, i);
    const std::string name(address.empty() ? table.columns[i].name : address);
    all.push_back({name, expr::column(name)});
  }
  return all;
}

void columns_of_query(const Query& query, std::vector<std::string>& used) {
  const auto add = [&used](const ExprPtr& e) {
    if (e) columns_of(*e, used);
  };
  add(query.where);
  for (const Named& n : query.select) add(n.expr);
  for (const Named& n : query.group_by) add(n.expr);
  for (const Measure& m : query.measures) {
    add(m.arg);
    add(m.where);
    for (const ExprPtr& e : m.tuple) add(e);
  }
  if (!query.spread) return;
  used.push_back(query.spread->start_column);
  used.push_back(query.spread->end_column);
  add(query.spread->value);
}

Result<Rendered> QueryRenderer::render() {
  std::vector<std::string> used;
  columns_of_query(query_, used);
  RW_TRY(find_branches(used));
  const bool grouped = !query_.group_by.empty() || !query_.measures.empty();
  if (grouped && !query_.select.empty())
    return Failure(ErrorCode::kUsage, "a question selects rows or groups them, not both");
  Result<std::string> body = query_.spread ? spread_sql() : grouped ? groups_sql() : rows_sql();
  if (!body) return Failure(body.error());
  return finish(std::move(*body));
}

Result<Rendered> QueryRenderer::render_sets(std::vector<std::vector<std::size_t>> sets) {
  sets_ = std::move(sets);
  return render();
}

Result<Rendered> QueryRenderer::render_from(Branch branch, std::size_t keys) {
  what_ = "the groups";
  branches_.push_back(std::move(branch));
  RW_ASSIGN(std::string body, rows_sql());
  keys_ = keys;
  return finish(std::move(body));
}

bool same_measure(const Measure& a, const Measure& b) {
  return a.kind == b.kind && a.quantile == b.quantile && a.exact == b.exact && expr::same(a.arg, b.arg) &&
         expr::same(a.where, b.where) &&
         std::equal(a.tuple.begin(), a.tuple.end(), b.tuple.begin(), b.tuple.end(), expr::same);
}

// Index of the entry for which `is` holds, added when there is none.
template <typename T, typename Is>
std::size_t index_of(std::vector<T>& list, const T& entry, Is is) {
  const auto it = std::find_if(list.begin(), list.end(), is);
  if (it != list.end()) return static_cast<std::size_t>(it - list.begin());
  list.push_back(entry);
  list.back().name = std::to_string(list.size());
  return list.size() - 1;
}

// One question's keys and measures in the joint one.
struct Share {
  std::vector<std::size_t> keys;  // sorted: the set
  Query own;                      // selects from the groups
};

Share share_of(const Query& query, Query& joint) {
  Share share;
  for (const Named& key : query.group_by) {
    const std::size_t at = index_of(joint.group_by, key, [&](const Named& k) { return expr::same(k.expr, key.expr); });
    share.keys.push_back(at);
    share.own.select.push_back({key.name, expr::column("k" + std::to_string(at + 1))});
  }
  for (const Measure& measure : query.measures) {
    const std::size_t at =
        index_of(joint.measures, measure, [&](const Measure& m) { return same_measure(m, measure); });
    share.own.select.push_back({measure.name, expr::column("m" + std::to_string(at + 1))});
  }
  std::sort(share.keys.begin(), share.keys.end());
  share.keys.erase(std::unique(share.keys.begin(), share.keys.end()), share.keys.end());
  share.own.having = query.having;
  share.own.order_by = query.order_by;
  share.own.limit = query.limit;
  share.own.want_total = query.want_total;
  return share;
}

}  // namespace

const TableSpec kSeenTable{"seen", kSeenColumns, 1, 3, kSeenSort, "first and last sightings from before what is kept"};

const TableSpec* find_lake_table(std::string_view name) {
  return name == kSeenTable.name ? &kSeenTable : find_table(name);
}

Result<Rendered> render_query(const Query& query, ScanContext& context) {
  if (query.from || query.spread || !query.select.empty() || !query.group_by.empty() || !query.measures.empty())
    return QueryRenderer(query, context).render();
  const TableSpec* table = find_lake_table(query.table);
  if (table == nullptr) return Failure(ErrorCode::kUsage, "no table \"" + query.table + "\"");
  Query all = query;
  all.select = all_columns(*table);
  return QueryRenderer(all, context).render();
}

bool mergeable(const Query& a, const Query& b) {
  const auto plain = [](const Query& q) {
    return !q.from && !q.spread && q.select.empty() && (!q.group_by.empty() || !q.measures.empty());
  };
  return plain(a) && plain(b) && a.table == b.table && a.time == b.time && expr::same(a.where, b.where);
}

Result<MergedRender> render_merged(std::span<const Query* const> queries, ScanContext& context) {
  Query joint;
  joint.table = queries.front()->table;
  joint.time = queries.front()->time;
  joint.where = queries.front()->where;
  std::vector<Share> shares;
  std::vector<std::vector<std::size_t>> sets;
  for (const Query* query : queries) {
    shares.push_back(share_of(*query, joint));
    if (std::find(sets.begin(), sets.end(), shares.back().keys) == sets.end()) sets.push_back(shares.back().keys);
  }
  const std::size_t keys = joint.group_by.size();
  for (std::size_t i = 0; i < keys; ++i) joint.group_by[i].name = "k" + std::to_string(i + 1);
  for (std::size_t i = 0; i < joint.measures.size(); ++i) joint.measures[i].name = "m" + std::to_string(i + 1);
  RW_ASSIGN(const Rendered all, QueryRenderer(joint, context).render_sets(sets));
  MergedRender out;
  out.setup = "CREATE OR REPLACE TEMP TABLE rw_groups AS " + all.sql;
  out.teardown = "DROP TABLE rw_groups";
  for (std::size_t q = 0; q < queries.size(); ++q) {
    Branch branch{"rw_groups", {}, {}};
    for (const OutputColumn& column : all.columns) {
      Sql sql{column.type, "c" + std::to_string(column.at), {}, {}, column.unit, column.length4, column.length6};
      if (column.pair) sql.low = "c" + std::to_string(column.at + 1);
      branch.columns[column.name] = sql;
    }
    std::uint64_t bits = 0;  // the first key has the highest bit
    for (std::size_t k = 0; k < keys; ++k) {
      const bool grouped = std::binary_search(shares[q].keys.begin(), shares[q].keys.end(), k);
      bits = bits << 1 | (grouped ? 0 : 1);
    }
    branch.where = "group_set = " + std::to_string(bits);
    RW_ASSIGN(Rendered one,
              QueryRenderer(shares[q].own, context).render_from(std::move(branch), queries[q]->group_by.size()));
    out.questions.push_back(std::move(one));
  }
  return out;
}

Result<std::string> view_sql(const TableSpec& table, ScanContext& context) {
  Query all;
  all.table = table.name;
  all.select = all_columns(table);
  RW_ASSIGN(const Rendered rendered, render_query(all, context));
  std::string columns;
  for (const OutputColumn& column : rendered.columns) {
    const std::string at = "c" + std::to_string(column.at);
    const std::string name = duck::quote_name(column.name);
    if (!columns.empty()) columns += ", ";
    if (column.type != SqlType::kIp) {
      columns += at + " AS " + name;
      continue;
    }
    const Sql pair = as_pair({SqlType::kIp, at, column.pair ? "c" + std::to_string(column.at + 1) : "", {}, {}});
    columns += "ip_text(" + pair.text + ", " + pair.low + ") AS " + name + ", " + pair.text + " AS " +
               duck::quote_name(column.name + "_hi") + ", " + pair.low + " AS " + duck::quote_name(column.name + "_lo");
  }
  return "SELECT " + columns + " FROM (" + rendered.sql + ")";
}

}  // namespace rw
