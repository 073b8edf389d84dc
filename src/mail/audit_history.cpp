// What the store knows for an audit: selectors that were seen, and earlier audits to compare with.
#include <algorithm>
#include <map>

#include "mail/audit_parts.h"
#include "model/escape.h"

namespace rw {
namespace {

constexpr std::size_t kMaxLearned = 100;
constexpr std::size_t kMaxStoredItems = 5'000;  // of one audit

// Selectors with a passing signature for the domain or a name below it.
Result<void> learn(Store& store, const std::string& table, const std::string& passed, const std::string& origin,
                   const std::string& domain, std::vector<AuditSelector>& all) {
  Query query;
  query.table = table;
  query.where = expr::all_of({expr::eq(expr::column(passed), expr::text("pass")),
                              expr::any_of({expr::eq(expr::column("dkim_domain"), expr::text(domain)),
                                            expr::matches(expr::column("dkim_domain"), "*." + domain)}),
                              expr::not_(expr::is_null(expr::column("dkim_selector")))});
  query.group_by = {{"selector", expr::column("dkim_selector")}, {"domain", expr::column("dkim_domain")}};
  query.measures = {{"first", Measure::Kind::kMin, expr::column("time")}};
  query.order_by = {{"first", false}, {"selector", false}, {"domain", false}};
  query.limit = kMaxLearned;
  RW_ASSIGN(const Answer answer, store.run(query));
  for (const auto& row : answer.rows) {
    AuditSelector made{as_string(row[0]), as_string(row[1]), origin, std::nullopt};
    if (const auto* time = std::get_if<Timestamp>(&row[2])) made.first_seen = *time;
    const auto known = std::find_if(all.begin(), all.end(), [&](const AuditSelector& s) {
      return s.selector == made.selector && s.domain == made.domain;
    });
    if (known == all.end())
      all.push_back(std::move(made));
    else if (made.first_seen && (!known->first_seen || *made.first_seen < *known->first_seen))
      known->first_seen = made.first_seen;
  }
  return {};
}

int rank(AuditStatus status) { return static_cast<int>(status); }  // good, info, warning, bad

AuditChange::Kind kind_of(const std::optional<AuditStatus>& before, const std::optional<AuditStatus>& after) {
  if (before == AuditStatus::kUnknown || after == AuditStatus::kUnknown) return AuditChange::Kind::kUnknown;
  const int was = before ? rank(*before) : rank(AuditStatus::kInfo),
            is = after ? rank(*after) : rank(AuditStatus::kInfo);
  if (is > was && is >= rank(AuditStatus::kWarning)) return AuditChange::Kind::kRegression;
  if (is < was && was >= rank(AuditStatus::kWarning)) return AuditChange::Kind::kImprovement;
  // A protection that was there and is gone.
  if (before == AuditStatus::kGood && is == rank(AuditStatus::kInfo)) return AuditChange::Kind::kRegression;
  if (after == AuditStatus::kGood && was == rank(AuditStatus::kInfo)) return AuditChange::Kind::kImprovement;
  return AuditChange::Kind::kChanged;
}

struct Earlier {
  std::optional<AuditStatus> status;
  std::string value;
};

Result<std::optional<Timestamp>> newest_before(Store& store, const std::string& domain, Timestamp since) {
  Query query;
  query.table = "mail_audits";
  query.time = {kAllTime.from, since};
  query.where = expr::eq(expr::column("domain"), expr::text(domain));
  query.measures = {{"newest", Measure::Kind::kMax, expr::column("time")}};
  RW_ASSIGN(const Answer answer, store.run(query));
  if (answer.rows.empty()) return std::optional<Timestamp>();
  const auto* time = std::get_if<Timestamp>(&answer.rows.front().front());
  return time == nullptr ? std::optional<Timestamp>() : std::optional<Timestamp>(*time);
}

void add_change(AuditComparison& comparison, const std::string& topic, const std::string& item, const Earlier& before,
                const Earlier& after) {
  if (before.status == after.status && before.value == after.value) return;
  AuditChange change{
      kind_of(before.status, after.status), topic, item, before.status, after.status, before.value, after.value};
  if (topic == "grade" && !before.value.empty() && !after.value.empty())
    change.kind = after.value > before.value ? AuditChange::Kind::kRegression : AuditChange::Kind::kImprovement;
  comparison.changes.push_back(std::move(change));
}

}  // namespace

std::string_view to_string(AuditChange::Kind kind) {
  switch (kind) {
    case AuditChange::Kind::kRegression: return "regression";
    case AuditChange::Kind::kImprovement: return "improvement";
    case AuditChange::Kind::kChanged: return "changed";
    case AuditChange::Kind::kUnknown: return "unknown";
  }
  return "?";
}

Result<std::vector<AuditSelector>> learned_selectors(Store& store, std::string_view domain) {
  std::vector<AuditSelector> all;
  const std::string name = audit::lower(domain);
  RW_TRY(learn(store, "mail_rows", "dkim_result", "reports", name, all));
  RW_TRY(learn(store, "messages", "dkim", "mail", name, all));
  std::stable_sort(all.begin(), all.end(), [](const AuditSelector& a, const AuditSelector& b) {
    return a.first_seen.value_or(Timestamp{}) < b.first_seen.value_or(Timestamp{});
  });
  if (all.size() > kMaxLearned) all.resize(kMaxLearned);
  return all;
}

Result<AuditComparison> compare_with_earlier(Store& store, const Audit& audit, Timestamp since) {
  AuditComparison comparison;
  RW_ASSIGN(comparison.before, newest_before(store, audit.domain, since));
  if (!comparison.before) return comparison;
  Query query;
  query.table = "mail_audits";
  query.time = {*comparison.before, *comparison.before + Duration{1}};
  query.where = expr::eq(expr::column("domain"), expr::text(audit.domain));
  for (const char* name : {"topic", "item", "status", "value"}) query.select.push_back({name, expr::column(name)});
  query.limit = kMaxStoredItems;
  RW_ASSIGN(const Answer answer, store.run(query));
  std::map<std::pair<std::string, std::string>, Earlier> before, after;
  for (const auto& row : answer.rows)
    before[{as_string(row[0]), as_string(row[1])}] = {parse_audit_status(as_string(row[2])), as_string(row[3])};
  for (const AuditRow& row : audit_rows(audit))
    after[{row.topic, row.item}] = {parse_audit_status(row.status), row.value};
  comparison.grade_before = before[{"grade", "grade"}].value;
  for (const auto& [key, was] : before) {
    const auto is = after.find(key);
    add_change(comparison, key.first, key.second, was, is == after.end() ? Earlier{} : is->second);
  }
  for (const auto& [key, is] : after)
    if (!before.contains(key)) add_change(comparison, key.first, key.second, {}, is);
  std::stable_sort(comparison.changes.begin(), comparison.changes.end(),
                   [](const AuditChange& a, const AuditChange& b) { return a.kind < b.kind; });
  return comparison;
}

Document comparison_document(const AuditComparison& comparison) {
  Document d = Document::object();
  d.set("before", Document(comparison.before));
  d.set("grade_before", comparison.grade_before.empty() ? Document() : Document(comparison.grade_before));
  Document list = Document::list();
  for (const AuditChange& change : comparison.changes) {
    Document one = Document::object();
    one.set("kind", std::string(to_string(change.kind)));
    one.set("topic", change.topic);
    one.set("item", change.item);
    one.set("status_before", change.before ? Document(std::string(to_string(*change.before))) : Document());
    one.set("status_after", change.after ? Document(std::string(to_string(*change.after))) : Document());
    one.set("value_before", change.value_before.empty() ? Document() : Document(change.value_before));
    one.set("value_after", change.value_after.empty() ? Document() : Document(change.value_after));
    list.push(std::move(one));
  }
  d.set("changes", std::move(list));
  return d;
}

}  // namespace rw
