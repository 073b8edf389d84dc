// Loading reference lists with their validity, and looking things up in them.
#include "enrich/reference.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/quantity.h"
#include "enrich/reference_index.h"
#include "enrich/reference_scans.h"
#include "enrich/registered_domain.h"

namespace rw {
namespace {

std::string_view url_key(std::string_view url) {
  const std::size_t scheme = url.find("://");
  return scheme == std::string_view::npos ? url : url.substr(scheme + 3);
}

bool overlap(TimeRange a, TimeRange b) { return a.from < b.to && b.from < a.to; }

}  // namespace

// Reads what the range needs: entries with dates of their own that overlap it, and of each list the snapshots that hold
// at any of its moments.
struct Reference::Loader {
  using ListKey = std::pair<std::string, std::string>;  // purpose, name
  struct Snapshots {
    std::map<Timestamp, std::uint64_t> counts;  // all of the list
    std::set<Timestamp> chosen;
    std::uint32_t list = 0;
  };

  Store& store;
  Reference& to;
  std::map<ListKey, Snapshots> lists;
  std::map<std::string, std::uint8_t, std::less<>> kinds;

  Result<void> run();
  Result<void> find_snapshots();
  void choose();
  void thin();
  std::uint64_t chosen_rows() const;
  ExprPtr wanted(bool dated) const;
  Result<void> read(bool dated);
  void add(const std::vector<Value>& row, bool dated);
  void settle();
};

Result<void> Reference::Loader::find_snapshots() {
  Query query;
  query.table = "indicators";
  query.group_by = {{"purpose", expr::column("purpose")},
                    {"source_list", expr::column("source_list")},
                    {"time", expr::column("time")}};
  query.measures = {{"entries", Measure::Kind::kCount, nullptr, expr::is_null(expr::column("valid_from"))}};
  query.order_by = {{"purpose", false}, {"source_list", false}, {"time", false}};
  RW_ASSIGN(const Answer answer, store.run(query));
  for (const auto& row : answer.rows) {
    Snapshots& list = lists[{as_string(row[0]), as_string(row[1])}];
    if (const auto* time = std::get_if<Timestamp>(&row[2]); time != nullptr && as_int(row[3]) > 0)
      list.counts[*time] = static_cast<std::uint64_t>(as_int(row[3]));
  }
  return {};
}

// The snapshot that holds when the range begins (the first one where none does yet), and those that come within it.
void Reference::Loader::choose() {
  for (auto& [key, list] : lists) {
    if (list.counts.empty()) continue;
    auto it = list.counts.upper_bound(to.range_.from);
    if (it != list.counts.begin()) --it;
    for (bool first = true; it != list.counts.end() && (first || it->first < to.range_.to); ++it, first = false)
      list.chosen.insert(it->first);
  }
}

std::uint64_t Reference::Loader::chosen_rows() const {
  std::uint64_t rows = 0;
  for (const auto& [key, list] : lists)
    for (const Timestamp time : list.chosen) rows += list.counts.at(time);
  return rows;
}

// Fewer snapshots while they hold more than fits: the first of each hour, six hours, day, week, month.
void Reference::Loader::thin() {
  constexpr Duration kSteps[] = {
      kHour, Duration{6 * kHour.us}, kDay, Duration{7 * kDay.us}, Duration{30 * kDay.us}, Duration{365 * kDay.us}};
  bool thinned = false;
  for (const Duration step : kSteps) {
    if (chosen_rows() <= kMostEntries) break;
    thinned = true;
    for (auto& [key, list] : lists) {
      std::int64_t last = INT64_MIN;
      for (auto it = list.chosen.begin(); it != list.chosen.end();) {
        const std::int64_t bucket = it->us / step.us;
        const bool drop = bucket == last;
        last = bucket;
        it = drop ? list.chosen.erase(it) : std::next(it);
      }
    }
  }
  if (thinned)
    to.notes_.push_back("Lists with many snapshots were thinned: an entry's dates are coarser than its list.");
}

ExprPtr Reference::Loader::wanted(bool dated) const {
  const ExprPtr from = expr::column("valid_from");
  if (dated) {
    const auto edge = [](Timestamp t) { return expr::literal(t); };
    std::vector<ExprPtr> all = {expr::not_(expr::is_null(from))};
    if (to.range_.to < kAllTime.to) all.push_back(expr::binary(Expr::Kind::kLt, from, edge(to.range_.to)));
    if (to.range_.from > kAllTime.from)
      all.push_back(expr::any_of({expr::is_null(expr::column("valid_until")),
                                  expr::binary(Expr::Kind::kGt, expr::column("valid_until"), edge(to.range_.from))}));
    return expr::all_of(std::move(all));
  }
  std::vector<std::vector<Value>> tuples;
  for (const auto& [key, list] : lists)
    for (const Timestamp time : list.chosen) tuples.push_back({key.first, key.second, time});
  if (tuples.empty()) return nullptr;
  return expr::all_of(
      {expr::is_null(from), expr::tuple_in({expr::column("purpose"), expr::column("source_list"), expr::column("time")},
                                           std::move(tuples))});
}

void Reference::Loader::add(const std::vector<Value>& row, bool dated) {
  enum { kPurpose, kList, kTime, kKind, kIndicator, kFirst, kLast, kLabel, kFrom, kUntil, kConfidence, kReference };
  const auto list = lists.find({as_string(row[kPurpose]), as_string(row[kList])});
  const auto kind = kinds.find(as_string(row[kKind]));
  const auto* time = std::get_if<Timestamp>(&row[kTime]);
  if (list == lists.end() || kind == kinds.end() || time == nullptr) return;  // of an ingest that came meanwhile
  Entry entry{};
  entry.list = list->second.list;
  entry.kind = static_cast<IndicatorKind>(kind->second);
  entry.indicator = to.index_->texts.keep(as_string(row[kIndicator]));
  entry.label = to.index_->texts.keep(as_string(row[kLabel]));
  entry.reference = to.index_->texts.keep(as_string(row[kReference]));
  entry.confidence = is_null(row[kConfidence]) ? Entry::kUnknown : static_cast<std::uint8_t>(as_int(row[kConfidence]));
  entry.dated = dated;
  if (const auto* first = std::get_if<Ip>(&row[kFirst])) entry.first = *first;
  if (const auto* last = std::get_if<Ip>(&row[kLast])) entry.last = *last;
  entry.valid = kAllTime;
  if (dated) {
    if (const auto* from = std::get_if<Timestamp>(&row[kFrom])) entry.valid.from = *from;
  } else {
    const auto& chosen = list->second.chosen;
    const auto it = chosen.find(*time);
    if (it == chosen.end()) return;
    if (list->second.counts.begin()->first != *time) entry.valid.from = *time;
    if (std::next(it) != chosen.end()) entry.valid.to = *std::next(it);
  }
  if (const auto* until = std::get_if<Timestamp>(&row[kUntil])) entry.valid.to = std::min(entry.valid.to, *until);
  if (entry.valid.from < entry.valid.to) to.index_->entries.push_back(entry);
}

Result<void> Reference::Loader::read(bool dated) {
  const ExprPtr where = wanted(dated);
  if (!where) return {};
  Query query;
  query.table = "indicators";
  query.where = where;
  for (const char* name : {"purpose", "source_list", "time", "kind", "indicator", "first", "last", "label",
                           "valid_from", "valid_until", "confidence", "reference"})
    query.select.push_back({name, expr::column(name)});
  bool cut = false;
  RW_TRY(store.stream(query, [&](const Answer& piece) {
    for (const auto& row : piece.rows) {
      if (to.index_->entries.size() >= kMostEntries) return cut = true, false;
      add(row, dated);
    }
    return true;
  }));
  if (cut)
    to.notes_.push_back("Lists hold more than " + group_thousands(static_cast<std::int64_t>(kMostEntries)) +
                        " entries for this time: the rest was not looked at.");
  return {};
}

// One entry instead of one a snapshot, and of an entry with dates of its own the last word on its end.
void Reference::Loader::settle() {
  std::vector<Entry>& entries = to.index_->entries;
  const auto key = [](const Entry& e) { return std::tie(e.kind, e.indicator, e.list, e.label, e.dated); };
  std::sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
    return std::tuple_cat(key(a), std::tie(a.valid)) < std::tuple_cat(key(b), std::tie(b.valid));
  });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Entry* last = kept == 0 ? nullptr : &entries[kept - 1];
    if (last != nullptr && key(*last) == key(entries[i]) && entries[i].valid.from <= last->valid.to) {
      last->valid.to = std::max(last->valid.to, entries[i].valid.to);
      continue;
    }
    entries[kept++] = entries[i];
  }
  entries.resize(kept);
  entries.shrink_to_fit();
  for (const Entry& entry : entries) ++to.lists_[entry.list].entries;
}

Result<void> Reference::Loader::run() {
  for (std::size_t i = 0; i < kIndicatorKinds.size(); ++i)
    kinds.emplace(kIndicatorKinds[i], static_cast<std::uint8_t>(i));
  RW_TRY(find_snapshots());
  choose();
  thin();
  for (auto& [key, list] : lists) {
    list.list = static_cast<std::uint32_t>(to.lists_.size());
    ReferenceList told{key.second, key.first, {}, {}, 0};
    if (!list.counts.empty()) {
      told.first_snapshot = list.counts.begin()->first;
      told.last_snapshot = list.counts.rbegin()->first;
    }
    to.lists_.push_back(std::move(told));
  }
  RW_TRY(read(true));
  RW_TRY(read(false));
  settle();
  to.index_->build();
  return {};
}

void Reference::Index::build() {
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    if (entry.kind <= IndicatorKind::kPrefix) {
      for_each_prefix(entry.first, entry.last, [&](Prefix prefix) {
        lengths.set(prefix.length);
        chain(prefixes.try_emplace(prefix, kNone).first->second, i);
      });
      continue;
    }
    std::string_view key = texts.text(entry.indicator);
    if (entry.kind == IndicatorKind::kUrl) {
      key = url_key(key);
      url_hosts.insert(key.substr(0, key.find('/')));
    } else if (entry.kind == IndicatorKind::kDomain) {
      const std::string_view name = registered_domain(key);
      registered.insert(name.data() == nullptr ? key : name);
    }
    chain(names[static_cast<std::size_t>(entry.kind)].try_emplace(key, kNone).first->second, i);
  }
}

Reference::Reference() : index_(std::make_unique<Index>()), scans_(std::make_unique<ScanTable>()) {}
Reference::~Reference() = default;

Result<std::shared_ptr<const Reference>> Reference::load(Store& store, TimeRange range) {
  std::shared_ptr<Reference> reference(new Reference);
  reference->range_ = range;
  RW_ASSIGN(const TimeRange lists, store.extent("indicators"));
  if (!lists.empty()) {
    Loader loader{store, *reference, {}, {}};
    RW_TRY(loader.run());
  }
  RW_ASSIGN(const TimeRange looks, store.extent("scans"));
  if (!looks.empty()) RW_TRY(reference->scans_->load(store, kMostScanRows, reference->notes_));
  return std::shared_ptr<const Reference>(std::move(reference));
}

bool Reference::empty() const { return lists_.empty() && !has_scans(); }

bool Reference::has(std::string_view purpose) const {
  return std::any_of(lists_.begin(), lists_.end(),
                     [&](const ReferenceList& list) { return list.purpose == purpose && list.entries > 0; });
}

bool Reference::has_kind(std::string_view kind) const {
  for (std::size_t i = 0; i < kIndicatorKinds.size(); ++i) {
    if (kIndicatorKinds[i] != kind) continue;
    return i <= static_cast<std::size_t>(IndicatorKind::kPrefix) ? !index_->prefixes.empty()
                                                                 : !index_->names[i].empty();
  }
  return false;
}

std::shared_ptr<const LabelSet> Reference::addresses(std::string_view purpose, LabelBy by) const {
  const std::lock_guard lock(mutex_);
  auto& kept = label_sets_[{std::string(purpose), by}];
  if (kept) return kept;
  // Validities of one prefix and label that touch are one, and so many others at most: a search looks through them all.
  constexpr std::size_t kMostTimes = 64;
  auto set = std::make_shared<LabelSet>();
  set->name = purpose;
  for (const auto& [prefix, head] : index_->prefixes) {
    std::vector<std::pair<std::string_view, TimeRange>> times;
    for (std::uint32_t n = head; n != Index::kNone; n = index_->nodes[n].next) {
      const Entry& entry = index_->entries[index_->nodes[n].entry];
      const ReferenceList& list = lists_[entry.list];
      if (list.purpose != purpose) continue;
      const std::string_view label = index_->texts.text(entry.label);
      times.emplace_back(by == LabelBy::kEntryLabel && !label.empty() ? label : std::string_view(list.name),
                         entry.valid);
    }
    std::sort(times.begin(), times.end());
    std::size_t begin = set->ranges.size();
    for (const auto& [label, valid] : times) {
      TimeRange inside = valid;
      if (valid.from <= range_.from && valid.to >= range_.to) inside = kAllTime;  // no look at the time is needed
      LabelRange* last = set->ranges.size() > begin ? &set->ranges.back() : nullptr;
      if (last != nullptr && last->label == label && inside.from <= last->valid.to)
        last->valid.to = std::max(last->valid.to, inside.to);
      else if (set->ranges.size() - begin < kMostTimes)
        set->ranges.push_back({prefix.first(), prefix.last(), inside, std::string(label)});
    }
  }
  if (set->ranges.empty()) return nullptr;
  std::sort(set->ranges.begin(), set->ranges.end(), [](const LabelRange& a, const LabelRange& b) {
    return std::tie(a.first, a.last, a.label, a.valid) < std::tie(b.first, b.last, b.label, b.valid);
  });
  return kept = std::move(set);
}

ExprPtr Reference::on_list(std::string_view purpose, std::string_view address, std::string_view time_column) const {
  const auto set = addresses(purpose);
  if (!set) return nullptr;
  return expr::not_(expr::is_null(expr::label(set, expr::column(address), expr::column(time_column))));
}

ReferenceMatch Reference::match_of(const Entry& entry, TimeRange during) const {
  const ReferenceList& list = lists_[entry.list];
  ReferenceMatch match;
  match.indicator = index_->texts.text(entry.indicator);
  match.kind = kIndicatorKinds[static_cast<std::size_t>(entry.kind)];
  match.purpose = list.purpose;
  match.list = list.name;
  match.label = index_->texts.text(entry.label);
  match.reference = index_->texts.text(entry.reference);
  match.valid = entry.valid;
  if (entry.confidence != Entry::kUnknown) match.confidence = entry.confidence;
  match.before_first_snapshot = !entry.dated && list.first_snapshot && during.from < *list.first_snapshot;
  return match;
}

namespace {

// Of each list the first that was found: searches go from the narrowest to the widest.
void add_match(std::vector<ReferenceMatch>& matches, ReferenceMatch match) {
  for (const ReferenceMatch& other : matches)
    if (other.list == match.list && other.purpose == match.purpose) return;
  matches.push_back(std::move(match));
}

void order(std::vector<ReferenceMatch>& matches) {
  std::sort(matches.begin(), matches.end(), [](const ReferenceMatch& a, const ReferenceMatch& b) {
    return std::tie(a.purpose, a.list) < std::tie(b.purpose, b.list);
  });
}

}  // namespace

std::vector<ReferenceMatch> Reference::address(Ip address, TimeRange during, std::string_view purpose) const {
  std::vector<ReferenceMatch> matches;
  if (index_->prefixes.empty()) return matches;
  for (int length = 128; length >= 0; --length) {
    if (!index_->lengths[static_cast<std::size_t>(length)]) continue;
    const auto found = index_->prefixes.find(Prefix::of(address, static_cast<std::uint8_t>(length)));
    if (found == index_->prefixes.end()) continue;
    for (std::uint32_t n = found->second; n != Index::kNone; n = index_->nodes[n].next) {
      const Entry& entry = index_->entries[index_->nodes[n].entry];
      if (overlap(entry.valid, during) && (purpose.empty() || lists_[entry.list].purpose == purpose))
        add_match(matches, match_of(entry, during));
    }
  }
  order(matches);
  return matches;
}

namespace {
constexpr auto slot(IndicatorKind kind) { return static_cast<std::size_t>(kind); }
}  // namespace

std::vector<ReferenceMatch> Reference::domain(std::string_view name, TimeRange during, std::string_view purpose) const {
  std::vector<ReferenceMatch> matches;
  const auto& names = index_->names[slot(IndicatorKind::kDomain)];
  while (!names.empty() && !name.empty()) {
    if (const auto found = names.find(name); found != names.end()) {
      for (std::uint32_t n = found->second; n != Index::kNone; n = index_->nodes[n].next) {
        const Entry& entry = index_->entries[index_->nodes[n].entry];
        if (overlap(entry.valid, during) && (purpose.empty() || lists_[entry.list].purpose == purpose))
          add_match(matches, match_of(entry, during));
      }
    }
    std::size_t dot = 0;  // the next one that is not escaped
    while (dot < name.size() && name[dot] != '.') dot += name[dot] == '\\' ? 2 : 1;
    if (dot >= name.size()) break;
    name.remove_prefix(dot + 1);
  }
  order(matches);
  return matches;
}

namespace {

// All entries of one key.
template <typename Names, typename Visit>
void for_each_of(const Names& names, std::string_view key, Visit visit) {
  if (const auto found = names.find(key); found != names.end()) visit(found->second);
}

}  // namespace

#define RW_LOOK_UP(kind, key)                                                        \
  std::vector<ReferenceMatch> matches;                                               \
  for_each_of(index_->names[slot(kind)], key, [&](std::uint32_t head) {              \
    for (std::uint32_t n = head; n != Index::kNone; n = index_->nodes[n].next) {     \
      const Entry& entry = index_->entries[index_->nodes[n].entry];                  \
      if (overlap(entry.valid, during)) add_match(matches, match_of(entry, during)); \
    }                                                                                \
  });                                                                                \
  order(matches);                                                                    \
  return matches

std::vector<ReferenceMatch> Reference::url(std::string_view url, TimeRange during) const {
  RW_LOOK_UP(IndicatorKind::kUrl, url_key(url));
}
std::vector<ReferenceMatch> Reference::hash(std::string_view hexadecimal, TimeRange during) const {
  RW_LOOK_UP(IndicatorKind::kHash, hexadecimal);
}
std::vector<ReferenceMatch> Reference::ja3(std::string_view hash, TimeRange during) const {
  RW_LOOK_UP(IndicatorKind::kJa3, hash);
}
std::vector<ReferenceMatch> Reference::ja4(std::string_view fingerprint, TimeRange during) const {
  RW_LOOK_UP(IndicatorKind::kJa4, fingerprint);
}
#undef RW_LOOK_UP

bool Reference::has_domain_below(std::string_view registered) const { return index_->registered.contains(registered); }
bool Reference::has_url_of(std::string_view host) const { return index_->url_hosts.contains(host); }

bool Reference::has_scans() const { return !scans_->empty(); }
std::optional<ScanFacts> Reference::scan(Ip address, Timestamp at) const { return scans_->facts(address, at); }

}  // namespace rw
