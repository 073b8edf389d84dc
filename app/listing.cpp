// From a command line to a question and its answer on standard output.
#include "listing.h"

#include <algorithm>

#include "base/nearest.h"
#include "base/quantity.h"
#include "enrich/services.h"
#include "flags.h"
#include "model/code_points.h"
#include "open_lake.h"
#include "report/piece_csv.h"

namespace rw {
namespace flags {
extern constinit const Flag kBy{.name = "by",
                                .value = "COL,...",
                                .doc =
                                    "group by these columns and sum; addresses also as networks (src/24), times as "
                                    "minute, hour, day or a duration such as 15min",
                                .repeatable = true};
extern constinit const Flag kTop{
    .name = "top", .value = "N", .doc = "only the N largest by --sort; default 100 in a table, all in other formats"};
extern constinit const Flag kSort{
    .name = "sort",
    .value = "COL",
    .doc = "order by this column, COL:asc or COL:desc to say which way; 'none' is fastest"};
extern constinit const Flag kLimit{
    .name = "limit", .value = "N", .doc = "only the first N rows; default 100 in a table, all in other formats"};
extern constinit const Flag kHelpFilter{.name = "help-filter", .doc = "explain the filter language, and leave"};
}  // namespace flags

namespace {

constexpr std::uint64_t kTableRows = 100;         // what a table shows unless told otherwise
constexpr std::uint64_t kTableTimeRows = 10'000;  // of groups in the order of time, where a cut would mislead

// A column of the answer while it is being put together.
struct Field {
  std::string name;
  std::string unit;
  std::string doc;
  ExprPtr expression;
  ExprPtr other;  // second end, for keys that count at either
  Show show = Show::kValue;
  bool numeric = false;
  bool time = false;
  ColumnType type = ColumnType::kI64;
  bool address = false;
};

Show show_of(const TableSpec& table, std::string_view column) {
  if (column == "proto") return Show::kProtocol;
  if (column == "tcp_flags" || column == "rev_tcp_flags") return Show::kTcpFlags;
  if (column == "direction") return Show::kDirection;
  if (table.name.starts_with("dns") && column == "type") return Show::kDnsType;
  if (column == "rcode") return Show::kDnsRcode;
  return Show::kValue;
}

Field field_of(const TableSpec& table, const Column& column, std::string_view address) {
  Field field;
  field.name = address.empty() ? column.name : address;
  field.doc = column.doc.substr(0, address.empty() ? std::string_view::npos : column.doc.rfind(':'));
  field.expression = expr::column(field.name);
  field.show = show_of(table, field.name);
  field.time = column.type == ColumnType::kTime;
  field.unit = field.time ? "" : column.unit;
  field.address = !address.empty();
  const bool text = column.type == ColumnType::kText || column.type == ColumnType::kSymbol;
  field.numeric = !text && !field.time && !field.address && field.show == Show::kValue;
  return field;
}

// All columns that rows have: the table's, in its order, then the listing's own.
std::vector<Field> row_fields(const Listing& listing) {
  std::vector<Field> out;
  const auto& columns = listing.table->columns;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const bool address = columns[i].name.ends_with("_hi");
    out.push_back(field_of(*listing.table, columns[i],
                           address ? columns[i].name.substr(0, columns[i].name.size() - 3) : std::string_view()));
    if (address) ++i;
  }
  for (const ExtraColumn& extra : listing.extra_columns) {
    auto it = std::find_if(out.begin(), out.end(), [&](const Field& field) { return field.name == extra.name; });
    if (it == out.end()) it = out.insert(out.end(), Field{});
    it->name = extra.name;
    it->unit = extra.unit;
    it->doc = extra.doc;
    it->expression = extra.expression();
    it->numeric = !extra.unit.empty();
  }
  return out;
}

const Field* find_field(const std::vector<Field>& fields, std::string_view name) {
  for (const Field& field : fields)
    if (field.name == name) return &field;
  return nullptr;
}

Failure unknown_name(std::string_view flag, std::string_view name, const std::vector<std::string_view>& known) {
  std::string message = "no column '" + std::string(name) + "' for '--" + std::string(flag) + "'";
  const std::string_view near = nearest(name, known);
  if (!near.empty())
    message += "\n\n  tip: a similar column exists: '" + std::string(near) + "'";
  else
    message += "\n\n  tip: --help-fields lists the names";
  return {ErrorCode::kUsage, message};
}

std::vector<std::string_view> names_of(const std::vector<Field>& fields) {
  std::vector<std::string_view> out;
  for (const Field& field : fields) out.push_back(field.name);
  return out;
}

// ---- keys

struct TimeUnit {
  std::string_view name;
  Duration bucket;
};
constexpr TimeUnit kTimeUnits[] = {
    {"minute", kMinute}, {"hour", kHour}, {"day", kDay}, {"week", Duration{7 * kDay.us}}};

std::string_view time_column(const Listing& listing) { return listing.table->columns[listing.table->time_column].name; }

// "src/24": the network of an address, with a length that fits IPv4 (up to 32, IPv6 then by /48 or /64) or IPv6.
Result<Field> network_key(Field field, std::string_view name, std::string_view length_text) {
  std::uint64_t length = 0;
  const auto count = parse_count(length_text);
  if (count) length = static_cast<std::uint64_t>(*count);
  if (!count || length > 128 || !field.address)
    return Failure(ErrorCode::kUsage,
                   "'" + std::string(name) + "': write an address column and a prefix length, such as src/24");
  const auto length4 = static_cast<std::uint8_t>(length <= 32 ? length : 32);
  const auto length6 = static_cast<std::uint8_t>(length > 32 ? length : std::min<std::uint64_t>(64, length * 2));
  field.name = name;
  field.doc = "network of " + field.doc;
  field.expression = expr::prefix_of(field.expression, length4, length6);
  if (field.other) field.other = expr::prefix_of(field.other, length4, length6);
  return field;
}

std::vector<Field> key_fields(const Listing& listing) {
  std::vector<Field> out;
  for (const ExtraKey& extra : listing.extra_keys) {
    Field field;
    field.name = extra.name;
    field.doc = extra.doc;
    field.expression = extra.expression();
    if (extra.other != nullptr) field.other = extra.other();
    field.address = field.name == "host";
    field.numeric = field.name == "port" || field.name == "asn";
    out.push_back(std::move(field));
  }
  const ExprPtr time = expr::column(time_column(listing));
  for (const TimeUnit& unit : kTimeUnits) {
    Field field;
    field.name = unit.name;
    field.doc = "start of the " + std::string(unit.name) + ", UTC";
    field.expression = expr::time_bucket(time, unit.bucket);
    field.time = true;
    out.push_back(std::move(field));
  }
  for (Field& field : row_fields(listing)) out.push_back(std::move(field));
  return out;
}

Result<Field> key_of(const Listing& listing, const std::vector<Field>& known, std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash != std::string_view::npos) {
    const Field* base = find_field(known, name.substr(0, slash));
    if (base != nullptr) return network_key(*base, name, name.substr(slash + 1));
  }
  if (const Field* field = find_field(known, name)) return *field;
  const auto bucket = !name.empty() && name[0] >= '0' && name[0] <= '9' ? parse_duration(name) : std::nullopt;
  if (bucket && bucket->us > 0) {
    Field field;
    field.name = "time";
    field.expression = expr::time_bucket(expr::column(time_column(listing)), *bucket);
    field.time = true;
    return field;
  }
  return unknown_name("by", name, names_of(known));
}

// ---- the plan: question, columns to print, how to print

struct Plan {
  Query query;
  std::vector<Field> shown;          // in the order of the output
  std::vector<std::string> ordered;  // names in the answer that are only for ordering
  bool grouped = false;
  bool cut = false;  // a limit is set
};

struct SortWish {
  std::string name;
  bool descending = false;
  bool said = false;  // asc or desc was written
};

Result<SortWish> sort_wish(const Arguments& args) {
  SortWish wish;
  const std::string_view text = args.get(flags::kSort);
  const std::size_t colon = text.find(':');
  wish.name = text.substr(0, colon);
  if (colon == std::string_view::npos) return wish;
  const std::string_view way = text.substr(colon + 1);
  if (way != "asc" && way != "desc")
    return Failure(ErrorCode::kUsage,
                   "invalid value '" + std::string(text) + "' for '--sort <COL>': write COL:asc or COL:desc");
  wish.descending = way == "desc";
  wish.said = true;
  return wish;
}

Result<std::uint64_t> cap(const Arguments& args, std::uint64_t preset) {
  RW_ASSIGN(const std::uint64_t top, args.number(flags::kTop));
  RW_ASSIGN(const std::uint64_t limit, args.number(flags::kLimit));
  if (args.has(flags::kTop) && top == 0) return Failure(ErrorCode::kUsage, "'--top' must be at least 1");
  if (args.has(flags::kLimit) && limit == 0) return std::uint64_t{0};  // all of them, on purpose
  if (top > 0 && limit > 0) return std::min(top, limit);
  if (top > 0 || limit > 0) return top + limit;
  return args.get(flags::kFormat) == "table" ? preset : std::uint64_t{0};
}

// Rows: selects the shown columns, and whatever the order needs beside them.
Result<Plan> plan_rows(const Listing& listing, const Arguments& args) {
  Plan plan;
  const std::vector<Field> fields = row_fields(listing);
  std::vector<std::string> names = args.list(flags::kColumns);
  if (names.size() == 1 && names[0] == "all") {
    names.clear();
    for (const Field& field : fields) names.push_back(field.name);
  }
  if (names.empty()) names.assign(listing.row_columns.begin(), listing.row_columns.end());
  for (const std::string& name : names) {
    const Field* field = find_field(fields, name);
    if (field == nullptr) return unknown_name("columns", name, names_of(fields));
    plan.shown.push_back(*field);
    plan.query.select.push_back({name, field->expression});
  }
  RW_ASSIGN(const SortWish wish, sort_wish(args));
  std::vector<SortWish> order;
  if (!wish.name.empty() && wish.name != "none") {
    const Field* field = find_field(fields, wish.name);
    if (field == nullptr) return unknown_name("sort", wish.name, names_of(fields));
    order.push_back({wish.name, wish.said ? wish.descending : field->numeric, true});
  } else if (args.has(flags::kTop)) {
    order.push_back({std::string(listing.top_column), true, true});
  }
  if (wish.name != "none")
    for (const std::string_view name : listing.order) order.push_back({std::string(name), false, true});
  for (const SortWish& by : order) {
    plan.query.order_by.push_back({by.name, by.descending});
    const auto& select = plan.query.select;
    if (std::any_of(select.begin(), select.end(), [&](const Named& n) { return n.name == by.name; })) continue;
    plan.query.select.push_back({by.name, find_field(fields, by.name)->expression});
    plan.ordered.push_back(by.name);
  }
  RW_ASSIGN(plan.query.limit, cap(args, kTableRows));
  return plan;
}

const MeasureColumn* find_measure(const Listing& listing, std::string_view name) {
  for (const MeasureColumn& measure : listing.measures)
    if (measure.name == name) return &measure;
  return nullptr;
}

Field field_of(const MeasureColumn& measure) {
  Field field;
  field.name = measure.name;
  field.unit = measure.unit;
  field.doc = measure.doc;
  field.time = measure.unit == "time";
  if (field.time) field.unit.clear();
  field.numeric = !field.time;
  return field;
}

// Groups by src alone, or by its network or AS: their bytes are what src sent.
bool groups_by_sender(const std::vector<Field>& keys) {
  const auto starts = [&](std::string_view word) {
    return std::any_of(keys.begin(), keys.end(), [&](const Field& key) {
      return key.name == word || key.name.starts_with(std::string(word) + "/") ||
             key.name == std::string(word) + "_asn";
    });
  };
  return starts("src") && !starts("dst");
}

Result<std::vector<Field>> keys_of(const Listing& listing, const Arguments& args) {
  const std::vector<Field> known = key_fields(listing);
  std::vector<Field> keys;
  for (const std::string& name : args.list(flags::kBy)) {
    RW_ASSIGN(Field key, key_of(listing, known, name));
    if (find_field(keys, key.name) != nullptr)
      return Failure(ErrorCode::kUsage, "the column '" + name + "' is given twice in '--by'");
    keys.push_back(std::move(key));
  }
  if (keys.empty()) return Failure(ErrorCode::kUsage, "'--by' names no column");
  return keys;
}

Measure measure_of(const MeasureColumn& column, bool sent) {
  ExprPtr of;
  if (column.expression != nullptr)
    of = column.expression(sent);
  else if (!column.column.empty())
    of = expr::column(column.column);
  return {std::string(column.name), column.kind, std::move(of)};
}

// Which measures to compute: those that are shown, and the one that the order goes by.
Result<std::vector<const MeasureColumn*>> measures_of(const Listing& listing, const Arguments& args,
                                                      const std::vector<Field>& keys, Plan& plan) {
  std::vector<const MeasureColumn*> measures;
  std::vector<std::string> names = args.list(flags::kColumns);
  const bool all = names.size() == 1 && names[0] == "all";
  if (names.empty() || all) {
    for (const Field& key : keys) plan.shown.push_back(key);
    names.assign(listing.measure_columns.begin(), listing.measure_columns.end());
    if (all) {
      names.clear();
      for (const MeasureColumn& measure : listing.measures) names.emplace_back(measure.name);
    }
  }
  for (const std::string& name : names) {
    if (const Field* key = find_field(keys, name)) {
      plan.shown.push_back(*key);
      continue;
    }
    const MeasureColumn* measure = find_measure(listing, name);
    if (measure == nullptr) {
      std::vector<std::string_view> known = names_of(keys);
      for (const MeasureColumn& m : listing.measures) known.push_back(m.name);
      return unknown_name("columns", name, known);
    }
    plan.shown.push_back(field_of(*measure));
    measures.push_back(measure);
  }
  return measures;
}

// A question over either end: the rows once with their first end as key and once with their second, unless both are the
// same.
void ask_either_end(const std::vector<Field>& keys, Query& query) {
  auto first = std::make_shared<Query>();
  first->table = query.table;
  first->time = query.time;
  first->where = query.where;
  std::vector<ExprPtr> same;
  std::vector<Named> group_by;
  for (const Field& key : keys) {
    first->select.push_back({key.name, key.expression});
    group_by.push_back({key.name, expr::column(key.name)});
    if (key.other) same.push_back(expr::eq(key.expression, key.other));
  }
  std::vector<Measure> measures;
  for (Measure& measure : query.measures) {
    Measure outer = measure;
    if (measure.arg) {
      const std::string name = "of_" + measure.name;
      first->select.push_back({name, measure.arg});
      outer.arg = expr::column(name);
    }
    measures.push_back(std::move(outer));
  }
  auto second = std::make_shared<Query>(*first);
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (keys[i].other) second->select[i].expr = keys[i].other;
  ExprPtr differ = expr::not_(expr::all_of(std::move(same)));
  second->where = query.where ? expr::all_of({query.where, std::move(differ)}) : std::move(differ);
  query.table.clear();
  query.where = nullptr;
  query.from = std::move(first);
  query.from_also = {std::move(second)};
  query.group_by = std::move(group_by);
  query.measures = std::move(measures);
}

Result<Plan> plan_groups(const Listing& listing, const Arguments& args) {
  Plan plan;
  plan.grouped = true;
  RW_ASSIGN(const std::vector<Field> keys, keys_of(listing, args));
  RW_ASSIGN(std::vector<const MeasureColumn*> measures, measures_of(listing, args, keys, plan));
  for (const Field& key : keys) plan.query.group_by.push_back({key.name, key.expression});

  RW_ASSIGN(const SortWish wish, sort_wish(args));
  const bool by_time = keys.front().time && wish.name.empty() && !args.has(flags::kTop);
  if (by_time) {
    plan.query.order_by.push_back({keys.front().name, false});
  } else if (wish.name != "none") {
    const std::string name = wish.name.empty() ? std::string(listing.top_measure) : wish.name;
    const MeasureColumn* measure = find_measure(listing, name);
    if (measure != nullptr && std::find(measures.begin(), measures.end(), measure) == measures.end())
      measures.push_back(measure);
    if (measure == nullptr && find_field(keys, name) == nullptr) {
      std::vector<std::string_view> known = names_of(keys);
      for (const MeasureColumn& m : listing.measures) known.push_back(m.name);
      return unknown_name("sort", name, known);
    }
    plan.query.order_by.push_back({name, wish.said ? wish.descending : measure != nullptr});
  }
  // Without a measure the engine would not group at all.
  if (measures.empty()) measures.push_back(&listing.measures.front());
  for (const MeasureColumn* measure : measures)
    plan.query.measures.push_back(measure_of(*measure, groups_by_sender(keys)));
  RW_ASSIGN(plan.query.limit, cap(args, by_time ? kTableTimeRows : kTableRows));
  plan.query.want_total = plan.query.limit > 0;
  return plan;
}

// ---- printing

Value shown_value(const Value& value, Show show) {
  if (show == Show::kValue || is_null(value)) return value;
  const std::int64_t number = as_int(value);
  switch (show) {
    case Show::kProtocol: return protocol_name(static_cast<std::uint8_t>(number));
    case Show::kDnsType: return dns_type_name(static_cast<std::uint16_t>(number));
    case Show::kDnsRcode: return dns_rcode_name(static_cast<std::uint16_t>(number));
    case Show::kTcpFlags: return tcp_flags_text(static_cast<std::uint8_t>(number));
    case Show::kDirection:
      return std::string(number == 0 ? "ingress" : number == 1 ? "egress" : std::to_string(number));
    case Show::kValue: break;
  }
  return value;
}

class Printer {
 public:
  Printer(const Plan& plan, AnswerWriter& writer) : plan_(plan), writer_(writer) {}

  bool piece(const Answer& answer) {
    if (!begun_) begin(answer);
    for (const auto& values : answer.rows) {
      for (std::size_t i = 0; i < from_.size(); ++i) {
        const Value& value = values[from_[i]];
        const Show show = plan_.shown[i].show;
        if (show == Show::kValue)
          row_[i] = &value;
        else
          row_[i] = &(names_[i] = shown_value(value, show));
      }
      if (!writer_.add(std::span<const Value* const>(row_))) return false;
    }
    return true;
  }
  // Writes the header also when no row came.
  void end(std::optional<std::uint64_t> total) {
    if (!begun_) begin(Answer{});
    writer_.finish(total);
  }

 private:
  void begin(const Answer& answer) {
    begun_ = true;
    std::vector<AnswerColumn> columns;
    for (const Field& field : plan_.shown) {
      const int at = answer.column(field.name);
      from_.push_back(static_cast<std::size_t>(std::max(at, 0)));
      columns.push_back({field.name, field.unit, field.numeric});
    }
    row_.resize(columns.size());
    names_.resize(columns.size());
    writer_.begin(std::move(columns));
  }

  const Plan& plan_;
  AnswerWriter& writer_;
  std::vector<std::size_t> from_;  // where each shown column is in the answer
  std::vector<const Value*> row_;
  std::vector<Value> names_;  // of values that are shown by name
  bool begun_ = false;
};

void help_fields(const Listing& listing, const Arguments& args, Console& console) {
  AnswerWriter writer = listing_writer(args, console);
  writer.begin({{"name", "", false}, {"use", "", false}, {"unit", "", false}, {"doc", "", false}});
  const auto row = [&](const Field& field, std::string_view use) {
    writer.add(std::vector<Value>{field.name, std::string(use), field.unit.empty() ? Value(Null{}) : Value(field.unit),
                                  field.doc.empty() ? Value(Null{}) : Value(field.doc)});
  };
  const std::vector<Field> rows = row_fields(listing);
  for (const Field& field : rows) row(field, "rows, --by");
  for (const Field& field : key_fields(listing))
    if (find_field(rows, field.name) == nullptr) row(field, "--by");
  for (const MeasureColumn& measure : listing.measures) row(field_of(measure), "groups");
  writer.finish();
}

// What a person sees when nothing matched: whether the lake has such records at all, and from when.
void tell_empty(const Listing& listing, Lake& lake, const std::string& directory, TimeRange wanted, bool filtered,
                Console& console) {
  const std::string what(listing.what);
  const auto extent = lake.extent(listing.table->name);
  if (!extent || extent->empty()) {
    console.note("the lake " + directory + " holds no " + what +
                 " yet; 'rangewatch ingest PATH' brings some in, 'rangewatch doctor' "
                 "says what it holds");
    return;
  }
  const bool outside = wanted.to <= extent->from || wanted.from >= extent->to;
  console.note("no " + what + (filtered ? " match" : " there") + "; the lake holds " + what + " from " +
               extent->from.to_string() + " to " + (extent->to - Duration{1}).to_string() +
               (outside ? ", all outside the time asked for" : ""));
}

// Rows or groups in no order and without end, as csv: they need not become values on the way.
bool is_export(const Plan& plan, const Arguments& args) {
  return plan.query.order_by.empty() && plan.query.limit == 0 && args.get(flags::kFormat) == "csv";
}

// The names that numbers of a column are shown by.
CsvNames names_of(Show show) {
  CsvNames names;
  if (show == Show::kValue) return names;
  const std::int64_t count = show == Show::kDnsType || show == Show::kDnsRcode ? 65'536 : 256;
  for (std::int64_t n = 0; n < count; ++n) append_csv(names.emplace_back(), shown_value(Value(n), show));
  return names;
}

Result<int> answer(const Listing& listing, const Arguments& args, Console& console, Plan& plan) {
  RW_ASSIGN(const auto lake, open_lake(args));
  AnswerWriter writer = listing_writer(args, console);
  Printer printer(plan, writer);
  std::optional<std::uint64_t> total;
  if (plan.query.limit > 0 && plan.grouped) {
    RW_ASSIGN(const Answer answer, lake->run(plan.query));
    total = answer.total;
    printer.piece(answer);
  } else if (is_export(plan, args)) {
    printer.end({});  // the header; rows follow as text
    std::vector<CsvNames> names;
    for (const Field& field : plan.shown) names.push_back(names_of(field.show));
    RW_TRY(lake->stream_text(
        plan.query, [&names](const Piece& piece, std::string& text) { append_csv(text, piece, names); },
        [&console](std::string_view text) { return console.out(text); }));
    return 0;
  } else {
    RW_TRY(lake->stream(plan.query, [&](const Answer& piece) { return printer.piece(piece); }));
    if (plan.query.limit > 0 && writer.rows() == plan.query.limit) {
      Query count;
      count.table = plan.query.table;
      count.time = plan.query.time;
      count.where = plan.query.where;
      count.measures = {{"rows", Measure::Kind::kCount, nullptr}};
      RW_ASSIGN(const Answer counted, lake->run(count));
      if (!counted.rows.empty()) total = static_cast<std::uint64_t>(as_int(counted.rows[0][0]));
    }
  }
  printer.end(total);
  if (writer.rows() == 0 && args.get(flags::kFormat) == "table")
    tell_empty(listing, *lake, flags::lake_directory(args), plan.query.from ? plan.query.from->time : plan.query.time,
               !args.positionals().empty(), console);
  return 0;
}

}  // namespace

AnswerWriter listing_writer(const Arguments& args, Console& console) {
  AnswerWriterOptions options;
  options.format = listing_format(args.get(flags::kFormat)).value_or(ListingFormat::kTable);
  options.colour = console.out_colour();
  options.width = console.width();
  return AnswerWriter(options, [&console](std::string_view text) { return console.out(text); });
}

Result<int> run_listing(const Listing& listing, const Arguments& args, Console& console) {
  if (args.has(flags::kHelpFilter)) {
    console.out(filter_help(listing.filter()));
    return 0;
  }
  if (args.has(flags::kHelpFields)) {
    help_fields(listing, args, console);
    return 0;
  }
  std::string text;
  for (const std::string& word : args.positionals()) (text += text.empty() ? "" : " ") += word;
  FilterContext context;
  context.service_port = [](std::string_view name) -> std::optional<std::uint16_t> {
    for (const PortService& service : port_services())
      if (service.name == name) return service.first;
    return std::nullopt;
  };
  RW_ASSIGN(ExprPtr where, parse_filter(text, listing.filter(), context));
  RW_ASSIGN(const TimeRange time, flags::time_range(args));
  RW_ASSIGN(Plan plan, args.has(flags::kBy) ? plan_groups(listing, args) : plan_rows(listing, args));
  plan.query.table = listing.table->name;
  plan.query.time = time;
  plan.query.where = std::move(where);
  if (plan.grouped) {
    RW_ASSIGN(const std::vector<Field> keys, keys_of(listing, args));
    if (std::any_of(keys.begin(), keys.end(), [](const Field& key) { return key.other != nullptr; }))
      ask_either_end(keys, plan.query);
  }
  return answer(listing, args, console, plan);
}

}  // namespace rw
