// Section `content`: what kinds of sites the subject uses, by the names that its connections show.
#include <algorithm>
#include <map>

#include "base/quantity.h"
#include "enrich/content_category.h"
#include "enrich/reference.h"
#include "section/section.h"

namespace rw {
namespace {

constexpr std::uint64_t kMostNames = 500'000;  // of flows, TLS and HTTP each: what one answer brings into memory
constexpr std::size_t kMostPairs = 20'000;     // of addresses that one question names

struct Volumes {
  std::map<std::string, std::int64_t> bytes;  // by category
  std::int64_t all = 0;
  std::int64_t named = 0;  // flows that show a name themselves
  std::int64_t flows = 0;
  bool cut = false;
  bool younger = false;  // a list is younger than the period's beginning
  std::vector<std::string> notes;
};

std::string host_of(std::string_view text) {
  std::string name(text);
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (const std::size_t colon = name.rfind(':'); colon != std::string::npos) name.resize(colon);
  if (!name.empty() && name.back() == '.') name.pop_back();
  return name;
}

// A list of purpose content says it, else our own.
std::string category_of(const Reference& reference, std::string_view host, TimeRange range) {
  const std::string name = host_of(host);
  const auto matches = reference.domain(name, range, "content");
  if (!matches.empty())
    return std::string(matches.front().label.empty() ? matches.front().list : matches.front().label);
  return std::string(content_category(name));
}

// Bytes of flows that carry a name: the sensor saw the handshake.
Result<void> read_named(const Frame& frame, const Side& side, const Reference& reference, Volumes& volumes) {
  Query query;
  query.table = "flows";
  query.time = side.range;
  query.where = side.vantage.counted();
  query.group_by = {{"name", expr::column("server_name")}};
  query.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()}, {"flows", Measure::Kind::kCount, nullptr}};
  query.order_by = {{"bytes", true}};
  query.limit = kMostNames;
  query.want_total = true;
  RW_ASSIGN(const Answer answer, frame.store().run(query));
  volumes.cut = answer.total.value_or(0) > answer.rows.size();
  for (const auto& row : answer.rows) {
    volumes.all += as_int(row[1]);
    volumes.flows += as_int(row[2]);
    const std::string name = as_string(row[0]);
    if (name.empty()) continue;
    volumes.named += as_int(row[2]);
    if (const std::string category = category_of(reference, name, side.range); !category.empty())
      volumes.bytes[category] += as_int(row[1]);
  }
  return {};
}

using Pair = std::pair<Ip, Ip>;
using Pairs = std::map<Pair, std::map<std::string, std::int64_t>>;  // client and server -> records by category

// Who was with which site, as logs beside the flows tell: TLS server names and HTTP hosts.
Result<void> read_pairs(const Frame& frame, const Side& side, const Reference& reference, const char* table,
                        const char* column, Pairs& pairs) {
  Query query;
  query.table = table;
  query.time = side.range;
  query.where = expr::all_of({expr::not_(expr::is_null(expr::column(column))),
                              expr::any_of({watched_condition(frame.subject(), side.range, "src", "time"),
                                            watched_condition(frame.subject(), side.range, "dst", "time")})});
  query.group_by = {{"client", expr::column("src")}, {"server", expr::column("dst")}, {"name", expr::column(column)}};
  query.measures = {{"rows", Measure::Kind::kCount, nullptr}};
  query.order_by = {{"rows", true}};
  query.limit = kMostNames;
  RW_ASSIGN(const Answer answer, frame.store().run(query));
  for (const auto& row : answer.rows) {
    const auto* client = std::get_if<Ip>(&row[0]);
    const auto* server = std::get_if<Ip>(&row[1]);
    if (client == nullptr || server == nullptr) continue;
    std::string category = category_of(reference, as_string(row[2]), side.range);
    pairs[{*client, *server}][std::move(category)] += as_int(row[3]);  // "" votes too: a shared address stays unknown
  }
  return {};
}

Result<void> read_unnamed(const Frame& frame, const Side& side, const Pairs& pairs, Volumes& volumes) {
  std::map<Pair, std::string> known;
  std::vector<std::vector<Value>> tuples;
  for (const auto& [pair, votes] : pairs) {
    const auto most =
        std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most->first.empty()) continue;
    if (tuples.size() == kMostPairs) {
      volumes.cut = true;
      break;
    }
    known.emplace(pair, most->first);
    tuples.push_back({pair.first, pair.second});
  }
  if (tuples.empty()) return {};
  Query query;
  query.table = "flows";
  query.time = side.range;
  query.where = expr::all_of({side.vantage.counted(), expr::is_null(expr::column("server_name")),
                              expr::in(expr::app(), {Value(std::string("https")), Value(std::string("http")),
                                                     Value(std::string("tls")), Value(std::string("quic"))}),
                              expr::tuple_in({expr::column("src"), expr::column("dst")}, std::move(tuples))});
  query.group_by = {{"client", expr::column("src")}, {"server", expr::column("dst")}};
  query.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()}, {"flows", Measure::Kind::kCount, nullptr}};
  RW_ASSIGN(const Answer answer, frame.store().run(query));
  for (const auto& row : answer.rows) {
    const auto* client = std::get_if<Ip>(&row[0]);
    const auto* server = std::get_if<Ip>(&row[1]);
    if (client == nullptr || server == nullptr) continue;
    if (const auto found = known.find({*client, *server}); found != known.end()) {
      volumes.bytes[found->second] += as_int(row[2]);
      volumes.named += as_int(row[3]);
    }
  }
  return {};
}

Result<Volumes> read(const Frame& frame, const Side& side) {
  Volumes volumes;
  RW_ASSIGN(const auto reference, Reference::load(frame.store(), side.range));
  volumes.notes = reference->notes();
  for (const ReferenceList& list : reference->lists())
    if (list.purpose == "content" && list.first_snapshot && *list.first_snapshot > side.range.from)
      volumes.younger = true;
  RW_TRY(read_named(frame, side, *reference, volumes));
  Pairs pairs;
  RW_TRY(read_pairs(frame, side, *reference, "tls", "server_name", pairs));
  RW_TRY(read_pairs(frame, side, *reference, "http", "host", pairs));
  RW_TRY(read_unnamed(frame, side, pairs, volumes));
  return volumes;
}

std::optional<double> share_of(const Volumes& volumes, const std::string& category) {
  if (volumes.all <= 0) return std::nullopt;
  const auto found = volumes.bytes.find(category);
  return static_cast<double>(found == volumes.bytes.end() ? 0 : found->second) / static_cast<double>(volumes.all);
}

void tell(const Frame& frame, const Volumes& now, const std::optional<Volumes>& before, SectionResult& result) {
  std::vector<std::pair<std::string, std::int64_t>> ranked(now.bytes.begin(), now.bytes.end());
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  Document items = Document::list(), names = Document::list(), bytes = Document::list(), shares = Document::list();
  SectionTable table;
  table.caption = frame.say("content.table");
  table.columns = {{frame.say("word.kind"), Unit::kText},
                   {frame.say("word.bytes"), Unit::kBytes},
                   {frame.say("word.share"), Unit::kShare}};
  if (before) table.columns.push_back({frame.say("word.comparison_share"), Unit::kShare});
  for (const auto& [category, volume] : ranked) {
    Document item = Document::object();
    item.set("category", category);
    item.set("bytes", volume);
    item.set("share", share_of(now, category));
    item.set("comparison_share", before ? Document(share_of(*before, category)) : Document());
    items.push(std::move(item));
    names.push(category);
    bytes.push(volume);
    shares.push(share_of(now, category));
    std::vector<Document> row = {category, volume, share_of(now, category)};
    if (before) row.push_back(share_of(*before, category));
    table.rows.push_back(std::move(row));
  }
  table.total = static_cast<std::int64_t>(ranked.size());
  result.numbers.set("items", std::move(items));
  if (ranked.empty()) {
    result.sentences.push_back(frame.say("content.none"));
    return;
  }
  result.sentences.push_back(
      frame.say("content.most", {ranked.front().first, human_share(*share_of(now, ranked.front().first))}));
  result.tables.push_back(std::move(table));
  SectionFigure figure{"figure-content", "ranking", frame.say("content.figure"),
                       frame.say("content.figure_text", {ranked.front().first}), Document::object()};
  figure.data.set("names", std::move(names));
  figure.data.set("bytes", std::move(bytes));
  figure.data.set("shares", std::move(shares));
  Document labels = Document::object();
  labels.set("bytes", frame.say("word.bytes"));
  labels.set("share", frame.say("word.share"));
  figure.data.set("labels", std::move(labels));
  result.figures.push_back(std::move(figure));
}

Result<SectionResult> build(const Frame& frame) {
  SectionResult result;
  const Side& side = frame.period();
  RW_ASSIGN(const Volumes now, read(frame, side));
  std::optional<Volumes> before;
  if (const Side* other = frame.comparison()) {
    RW_ASSIGN(before, read(frame, *other));
  }
  result.method = frame.say("content.method");
  const double named = now.flows > 0 ? static_cast<double>(now.named) / static_cast<double>(now.flows) : 0.0;
  result.limits = frame.say("content.limits", {human_share(named)});
  if (now.cut) result.limits += " " + frame.say("content.cut");
  if (now.younger) result.limits += " " + frame.say("limits.list_younger");
  for (const std::string& note : now.notes) result.limits += " " + note;
  result.query = flows_command(filter_text(frame.subject(), side.range), side.range, "--by server_name");
  result.observations = now.flows;
  tell(frame, now, before, result);
  return result;
}

}  // namespace

extern constinit const Section kContentSection{"content", "content.question",
                                               "shares of kinds of sites, by the names that connections show", build};

}  // namespace rw
