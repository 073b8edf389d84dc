// Section `addresses`: what the subject's addresses serve, which of them are new, and on how few of them the traffic
// lies.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>

#include "base/quantity.h"
#include "section/section.h"

namespace rw {
namespace {

constexpr std::int64_t kAnswersForRole = 3;      // contract.md, "Roles"
constexpr std::size_t kConcentrationItems = 50;  // contract.md asks for at least the 20 largest
constexpr std::size_t kFigureItems = 20;
constexpr std::size_t kMostRoles = 1000;  // told; a subject with more servers is cut by bytes, and that is said
constexpr std::size_t kMostNew = 1000;
constexpr std::uint64_t kMostAddresses = 50'000;  // per end that one answer brings into memory; by bytes
constexpr double kDaysToKnowNew = 30;             // contract.md, "Newly active"
constexpr std::int64_t kFirstClientPort = 1024;   // RFC 6335 6: clients ask from ports that nobody is assigned below

// ---- volumes by address: a flow counts for each watched end

struct AddressVolumes {
  std::unordered_map<Ip, std::int64_t, IpHash> bytes;
  bool cut = false;
};

Result<AddressVolumes> volumes_by_address(const Frame& frame, const Side& side) {
  AddressVolumes volumes;
  std::vector<Query> queries;
  for (const char* end : {"src", "dst"}) {
    Query query;
    query.table = "flows";
    query.time = side.range;
    const bool src = end[0] == 's';
    query.where = expr::all_of({side.vantage.counted(), src ? side.vantage.src_watched() : side.vantage.dst_watched()});
    query.group_by = {{"address", expr::column(end)}};
    query.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()}};
    query.order_by = {{"bytes", true}};
    query.limit = kMostAddresses;
    queries.push_back(std::move(query));
  }
  RW_ASSIGN(const auto answers, frame.store().run(queries));
  for (const Answer& answer : answers) {
    volumes.cut = volumes.cut || answer.rows.size() == kMostAddresses;
    for (const auto& row : answer.rows)
      if (const auto* ip = std::get_if<Ip>(&row[0])) volumes.bytes[*ip] += as_int(row[1]);
  }
  return volumes;
}

std::vector<std::pair<Ip, std::int64_t>> largest(const AddressVolumes& volumes, std::size_t count) {
  std::vector<std::pair<Ip, std::int64_t>> all(volumes.bytes.begin(), volumes.bytes.end());
  const auto more = [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  };
  const std::size_t kept = std::min(count, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(kept), all.end(), more);
  all.resize(kept);
  return all;
}

// ---- roles: what an address answered

struct Role {
  std::map<std::string, std::int64_t> answers;  // by role
  Timestamp first = kAllTime.to;
  Timestamp last = kAllTime.from;
};

// Sensors and ports name variants; a role is the service that people mean.
std::string role_name(const std::string& app) {
  static const std::map<std::string, std::string, std::less<>> kSame = {
      {"submission", "smtp"}, {"smtps", "smtp"}, {"ftp-data", "ftp"}, {"ftps", "ftp"},
      {"ssl", "https"},       {"tls", "https"},  {"quic", "https"},   {"imaps", "imap"},
      {"pop3s", "pop3"},      {"ldaps", "ldap"}, {"dot", "dns"},      {"doq", "dns"}};
  const auto found = kSame.find(app);
  return found == kSame.end() ? app : found->second;
}

ExprPtr service_of_port(const char* port) {
  Expr e;
  e.kind = Expr::Kind::kPortService;
  e.args = {expr::column("proto"), expr::number(0), expr::column(port)};
  return std::make_shared<const Expr>(std::move(e));
}

// A TCP reset is no answer of a service: acknowledgements are, unless the only other flag is RST. 0 is a sensor that
// keeps none.
ExprPtr answering_flags(const char* column) {
  constexpr int kSyn = 0x02, kRst = 0x04, kPsh = 0x08, kAck = 0x10;  // RFC 9293 3.1
  std::vector<Value> good = {std::int64_t{0}};
  for (int flags = 1; flags < 256; ++flags) {
    const bool refused = (flags & kRst) != 0 && (flags & (kSyn | kPsh)) == 0;
    if ((flags & kAck) != 0 && !refused) good.emplace_back(std::int64_t{flags});
  }
  const ExprPtr tcp = expr::eq(expr::column("proto"), expr::number(6));
  return expr::any_of(
      {expr::not_(tcp), expr::is_null(expr::column(column)), expr::in(expr::column(column), std::move(good))});
}

ExprPtr has_ports() { return expr::in(expr::column("proto"), {std::int64_t{6}, std::int64_t{17}, std::int64_t{132}}); }

Query answers_query(const char* table, TimeRange range, ExprPtr where, const char* address, ExprPtr role,
                    const char* first, const char* last) {
  Query query;
  query.table = table;
  query.time = range;
  query.where = std::move(where);
  query.group_by = {{"address", expr::column(address)}, {"role", std::move(role)}, {"sensor", expr::column("sensor")}};
  query.measures = {{"answers", Measure::Kind::kCount, nullptr},
                    {"first_seen", Measure::Kind::kMin, expr::column(first)},
                    {"last_seen", Measure::Kind::kMax, expr::column(last)}};
  query.having = expr::binary(Expr::Kind::kGe, expr::column("answers"), expr::number(kAnswersForRole));
  return query;
}

// Every sensor may witness an answer; each is asked alone, so that three sensors that saw one answer are not three
// answers.
Result<std::map<Ip, Role>> roles_of(const Frame& frame, const Side& side) {
  const Vantage& v = side.vantage;
  const ExprPtr both_ways =
      expr::binary(Expr::Kind::kGt, expr::coalesce({expr::column("rev_packets"), expr::number(0)}), expr::number(0));
  const ExprPtr to_client = expr::binary(Expr::Kind::kGe, expr::column("dst_port"), expr::number(kFirstClientPort));
  const ExprPtr dns_asked = watched_condition(frame.subject(), side.range, "server", "time");
  const std::vector<Query> queries = {
      answers_query("flows", side.range,
                    expr::all_of({v.dst_watched(), both_ways, has_ports(), answering_flags("rev_tcp_flags")}), "dst",
                    expr::coalesce({expr::column("app"), service_of_port("dst_port")}), "start_time", "end_time"),
      answers_query("flows", side.range,
                    expr::all_of({v.src_watched(), expr::is_null(expr::column("rev_packets")), has_ports(), to_client,
                                  answering_flags("tcp_flags")}),
                    "src", service_of_port("src_port"), "start_time", "end_time"),
      answers_query("dns", side.range,
                    expr::all_of({dns_asked, expr::not_(expr::is_null(expr::column("rcode"))),
                                  expr::in(expr::column("transport"), {std::string("udp"), std::string("tcp")})}),
                    "server", expr::text("dns"), "time", "time")};
  std::map<Ip, Role> roles;
  for (const Query& query : queries) {
    RW_ASSIGN(const Answer answer, frame.store().run(query));
    for (const auto& row : answer.rows) {
      const auto* ip = std::get_if<Ip>(&row[0]);
      const std::string app = as_string(row[1]);
      const auto* first = std::get_if<Timestamp>(&row[4]);
      const auto* last = std::get_if<Timestamp>(&row[5]);
      if (ip == nullptr || app.empty() || first == nullptr || last == nullptr) continue;
      Role& role = roles[*ip];
      std::int64_t& count = role.answers[role_name(app)];
      count = std::max(count, as_int(row[3]));
      role.first = std::min(role.first, *first);
      role.last = std::max(role.last, *last);
    }
  }
  return roles;
}

// ---- newly active: sent or resolved in the period and never before

struct FirstSign {
  Timestamp time;
  bool traffic = true;
};
using FirstSigns = std::map<Ip, FirstSign>;

struct SignQuery {
  Query query;
  bool traffic;
};

// The earliest packet from, or answer with, each watched address in `range`; `validity` says which prefixes are meant.
std::vector<SignQuery> sign_queries(const Subject& subject, TimeRange range, TimeRange validity) {
  struct Source {
    const char* table;
    const char* address;
    const char* time;
    bool traffic;
    ExprPtr also;
  };
  const Source sources[] = {
      {"flows", "src", "start_time", true, nullptr},
      {"flows", "dst", "start_time", true,
       expr::binary(Expr::Kind::kGt, expr::coalesce({expr::column("rev_packets"), expr::number(0)}), expr::number(0))},
      {"dns_answers", "address", "time", false, nullptr}};
  std::vector<SignQuery> queries;
  for (const Source& source : sources) {
    Query query;
    query.table = source.table;
    query.time = range;
    const ExprPtr watched = watched_condition(subject, validity, source.address, source.time);
    query.where = source.also ? expr::all_of({watched, source.also}) : watched;
    query.group_by = {{"address", expr::column(source.address)}};
    query.measures = {{"first_seen", Measure::Kind::kMin, expr::column(source.time)}};
    queries.push_back({std::move(query), source.traffic});
  }
  return queries;
}

// What retention dropped is remembered in `seen`.
SignQuery dropped_query(const Subject& subject, TimeRange before) {
  std::vector<Prefix> prefixes;
  for (const WatchedPrefix& p : subject.prefixes) prefixes.push_back(p.prefix);
  Query query;
  query.table = "seen";
  query.time = before;
  query.where = expr::in_prefixes("entity", std::move(prefixes));
  query.group_by = {{"address", expr::column("entity")}};
  query.measures = {{"first_seen", Measure::Kind::kMin, expr::column("first_time")}};
  return {std::move(query), true};
}

Result<FirstSigns> first_signs(Store& store, const std::vector<SignQuery>& queries) {
  FirstSigns signs;
  for (const SignQuery& q : queries) {
    RW_TRY(store.stream(q.query, [&](const Answer& piece) {
      for (const auto& row : piece.rows) {
        const auto* ip = std::get_if<Ip>(&row[0]);
        const auto* time = std::get_if<Timestamp>(&row[1]);
        if (ip == nullptr || time == nullptr) continue;
        const auto [known, fresh] = signs.try_emplace(*ip, FirstSign{*time, q.traffic});
        if (!fresh && *time < known->second.time) known->second = {*time, q.traffic};
      }
      return true;
    }));
  }
  return signs;
}

// nullopt when the lake holds too little from before the period to know.
Result<std::optional<std::vector<std::pair<Ip, FirstSign>>>> newly_active(const Frame& frame, const Side& side) {
  using Found = std::optional<std::vector<std::pair<Ip, FirstSign>>>;
  const TimeRange before{kAllTime.from, side.range.from};
  RW_ASSIGN(auto hours, frame.store().observed_hours(before));
  if (Observed(before, std::move(hours)).days() < kDaysToKnowNew) return Found{};

  RW_ASSIGN(const FirstSigns now, first_signs(frame.store(), sign_queries(frame.subject(), side.range, side.range)));
  std::vector<SignQuery> earlier = sign_queries(frame.subject(), before, side.range);
  earlier.push_back(dropped_query(frame.subject(), before));
  RW_ASSIGN(const FirstSigns old, first_signs(frame.store(), earlier));
  std::vector<std::pair<Ip, FirstSign>> fresh;
  for (const auto& [ip, sign] : now)
    if (!old.contains(ip)) fresh.emplace_back(ip, sign);
  std::sort(fresh.begin(), fresh.end(), [](const auto& a, const auto& b) {
    return a.second.time != b.second.time ? a.second.time < b.second.time : a.first < b.first;
  });
  return Found{std::move(fresh)};
}

// ---- what is told

struct Answers {
  AddressVolumes volumes;
  std::map<Ip, Role> roles;
  std::optional<std::vector<std::pair<Ip, FirstSign>>> fresh;
  std::int64_t subject_bytes = 0;
  std::int64_t flows = 0;
};

double share_of(std::int64_t bytes, const Answers& answers) {
  return answers.subject_bytes > 0 ? static_cast<double>(bytes) / static_cast<double>(answers.subject_bytes) : 0.0;
}

// Null where the address is not among those that were brought into memory.
Document bytes_of(Ip ip, const Answers& answers) {
  const auto found = answers.volumes.bytes.find(ip);
  if (found != answers.volumes.bytes.end()) return found->second;
  return answers.volumes.cut ? Document() : Document(0);
}

// Addresses with roles, most bytes first.
std::vector<Ip> ranked(const Answers& answers) {
  std::vector<Ip> ips;
  for (const auto& [ip, role] : answers.roles) ips.push_back(ip);
  const auto bytes = [&](Ip ip) { return bytes_of(ip, answers).number().value_or(-1); };
  std::stable_sort(ips.begin(), ips.end(), [&](Ip a, Ip b) { return bytes(a) > bytes(b); });
  if (ips.size() > kMostRoles) ips.resize(kMostRoles);
  return ips;
}

std::string role_text(const Role& role) {
  std::string text;
  for (const auto& [name, count] : role.answers) text += (text.empty() ? "" : ", ") + name;
  return text;
}

void tell_roles(const Frame& frame, const Answers& answers, SectionResult& result) {
  Document list = Document::list();
  SectionTable table;
  table.caption = frame.say("addresses.roles_table");
  table.columns = {{frame.say("word.address"), Unit::kAddress}, {frame.say("word.roles"), Unit::kText},
                   {frame.say("word.bytes"), Unit::kBytes},     {frame.say("word.share"), Unit::kShare},
                   {frame.say("word.first_seen"), Unit::kTime}, {frame.say("word.last_seen"), Unit::kTime}};
  constexpr std::size_t kTableRows = 40;
  for (const Ip ip : ranked(answers)) {
    const Role& role = answers.roles.at(ip);
    Document item = Document::object();
    Document names = Document::list();
    for (const auto& [name, count] : role.answers) names.push(name);
    const Document bytes = bytes_of(ip, answers);
    item.set("address", ip.to_string());
    item.set("roles", std::move(names));
    item.set("first_seen", role.first);
    item.set("last_seen", role.last);
    item.set("bytes", bytes);
    list.push(std::move(item));
    if (table.rows.size() < kTableRows)
      table.rows.push_back({ip.to_string(), role_text(role), bytes,
                            bytes.is_null() ? Document() : Document(share_of(*bytes.integer(), answers)), role.first,
                            role.last});
  }
  table.total = static_cast<std::int64_t>(answers.roles.size());
  result.numbers.set("roles", std::move(list));
  result.tables.push_back(std::move(table));
}

void tell_new(const Frame& frame, const Answers& answers, SectionResult& result) {
  if (!answers.fresh) {
    result.numbers.set("newly_active", Document());
    result.sentences.push_back(
        frame.say("addresses.new_unknown", {group_thousands(static_cast<std::int64_t>(kDaysToKnowNew))}));
    return;
  }
  Document list = Document::list();
  SectionTable table;
  table.caption = frame.say("addresses.new_table");
  table.columns = {{frame.say("word.address"), Unit::kAddress},
                   {frame.say("word.first_seen"), Unit::kTime},
                   {frame.say("word.basis"), Unit::kText},
                   {frame.say("word.roles"), Unit::kText},
                   {frame.say("word.bytes"), Unit::kBytes}};
  constexpr std::size_t kTableRows = 25;
  std::size_t serving = 0;
  for (const auto& [ip, sign] : *answers.fresh) {
    const auto role = answers.roles.find(ip);
    serving += role != answers.roles.end() ? 1 : 0;
    const char* basis = sign.traffic ? "traffic" : "resolution";
    if (list.items()->size() < kMostNew) {
      Document item = Document::object();
      item.set("address", ip.to_string());
      item.set("time", sign.time);
      item.set("basis", basis);
      list.push(std::move(item));
    }
    if (table.rows.size() < kTableRows)
      table.rows.push_back({ip.to_string(), sign.time, frame.say(sign.traffic ? "word.traffic" : "word.resolution"),
                            role == answers.roles.end() ? Document() : Document(role_text(role->second)),
                            bytes_of(ip, answers)});
  }
  const auto count = static_cast<std::int64_t>(answers.fresh->size());
  table.total = count;
  result.numbers.set("newly_active", std::move(list));
  result.facts.push_back(
      {group_thousands(count), frame.say("addresses.fact_new"),
       serving > 0 ? frame.say("addresses.fact_serving", {group_thousands(static_cast<std::int64_t>(serving))})
                   : std::string()});
  const std::string text = frame.say(count == 0 ? "addresses.new_none" : "addresses.new",
                                     {human_count(count), group_thousands(static_cast<std::int64_t>(serving))});
  result.sentences.push_back(text);
  if (count > 0) {
    if (serving > 0) result.judgements.push_back({text, Confidence::kModerate});
    result.tables.push_back(std::move(table));
  }
  if (answers.fresh->size() > kMostNew)
    result.limits += " " + frame.say("limits.cut", {group_thousands(kMostNew), human_count(count)});
}

void tell_concentration(const Frame& frame, const Answers& answers, SectionResult& result) {
  const auto top = largest(answers.volumes, kConcentrationItems);
  Document list = Document::list(), names = Document::list(), bytes = Document::list(), shares = Document::list();
  for (const auto& [ip, volume] : top) {
    Document item = Document::object();
    item.set("address", ip.to_string());
    item.set("bytes", volume);
    item.set("share", answers.subject_bytes > 0 ? Document(share_of(volume, answers)) : Document());
    list.push(std::move(item));
    if (names.items()->size() == kFigureItems) continue;
    names.push(ip.to_string());
    bytes.push(volume);
    shares.push(share_of(volume, answers));
  }
  result.numbers.set("concentration", std::move(list));
  if (top.empty() || answers.subject_bytes == 0) return;
  std::int64_t first_two = top[0].second;
  if (top.size() > 1) first_two += top[1].second;
  const std::vector<std::string> words = {top[0].first.to_string(), top.size() > 1 ? top[1].first.to_string() : "",
                                          human_share(share_of(first_two, answers)),
                                          group_thousands(static_cast<std::int64_t>(answers.volumes.bytes.size()))};
  const std::string text = frame.say(top.size() > 1 ? "addresses.concentration" : "addresses.only_one", words);
  result.sentences.push_back(text);
  if (top.size() > 2)
    result.facts.push_back({human_share(share_of(first_two, answers)), frame.say("addresses.fact"),
                            frame.say("addresses.fact_used", {words[3]})});
  const bool concentrated = top.size() > 1 && answers.volumes.bytes.size() >= 10 && share_of(first_two, answers) >= 0.2;
  const bool long_enough = frame.comparability().observed_days >= 28;
  if (concentrated) result.judgements.push_back({text, long_enough ? Confidence::kHigh : Confidence::kModerate});
  SectionFigure figure{"figure-concentration", "ranking", frame.say("addresses.figure"),
                       frame.say("addresses.figure_text", {std::to_string(names.items()->size()), words[3], words[0],
                                                           human_share(share_of(top[0].second, answers))}),
                       Document::object()};
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
  Answers answers;
  for (const Quarter& quarter : side.quarters) {
    answers.subject_bytes += quarter.bytes;
    answers.flows += quarter.flows;
  }
  RW_ASSIGN(answers.volumes, volumes_by_address(frame, side));
  RW_ASSIGN(answers.roles, roles_of(frame, side));
  RW_ASSIGN(answers.fresh, newly_active(frame, side));

  result.method = frame.say("addresses.method", {std::to_string(kAnswersForRole),
                                                 group_thousands(static_cast<std::int64_t>(kDaysToKnowNew))});
  result.limits = frame.say("addresses.limits");
  if (answers.roles.size() > kMostRoles)
    result.limits += " " + frame.say("limits.cut", {group_thousands(kMostRoles),
                                                    group_thousands(static_cast<std::int64_t>(answers.roles.size()))});
  result.query = flows_command(filter_text(frame.subject(), side.range), side.range, "--by src,dst");
  result.observations = answers.flows;
  tell_concentration(frame, answers, result);
  tell_roles(frame, answers, result);
  tell_new(frame, answers, result);
  return result;
}

}  // namespace

extern constinit const Section kAddressesSection{
    "addresses", "addresses.question", "what the subject's addresses serve, which are new, and how few carry most",
    build};

}  // namespace rw
