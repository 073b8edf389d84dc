// rangewatch mail reports: brings reports into the lake, from files or from a mailbox on a server, and shows who sends.
#include <algorithm>
#include <set>

#include "base/quantity.h"
#include "command.h"
#include "flags.h"
#include "imap_reports.h"
#include "ingest_teller.h"
#include "listing.h"
#include "mail/senders.h"
#include "mail_resolver.h"
#include "message/address.h"
#include "open_lake.h"
#include "subjects.h"

namespace rw {
namespace {

constexpr std::string_view kByNames[] = {"sender", "source", "reporter", "day", "week", "domain", "disposition"};
constexpr Flag kDomain{.name = "domain",
                       .value = "NAME,...",
                       .doc = "only these domains; default those of the organisation, else all that reports name",
                       .repeatable = true};
constexpr Flag kBy{.name = "by",
                   .value = "WHAT",
                   .doc = "sender (organisations), source (addresses), reporter, day, week, domain or disposition",
                   .preset = "sender",
                   .choices = kByNames};
constexpr Flag kTop{.name = "top", .value = "N", .doc = "only the first N lines; default 100 in a table"};
constexpr Flag kResolve{.name = "resolve",
                        .doc = "ask the DNS for the names of sources, confirmed forwards (only with --by source)"};

constexpr std::size_t kTableLines = 100;
constexpr std::size_t kMostDomains = 1000;   // whose inventories are shown at once; the busiest first
constexpr std::size_t kMostResolved = 1000;  // sources whose names are asked for; those with most messages

Value number(std::int64_t n) { return Value(n); }
Value text_or_null(const std::string& text) { return text.empty() ? Value(Null{}) : Value(text); }

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
  std::string out;
  for (const std::string& text : texts) {
    if (!out.empty()) out += between;
    out += text;
  }
  return out;
}

// ---- whose inventory

Result<std::vector<std::string>> domains_wanted(const Arguments& args, Store& store, TimeRange range,
                                                const Organisation& organisation) {
  std::vector<std::string> out;
  for (const std::string& one : args.list(kDomain)) {
    const std::string domain = normalised_domain(one);
    if (domain.empty()) return Failure(ErrorCode::kUsage, "invalid value for '--domain': '" + one + "' is no domain");
    out.push_back(domain);
  }
  if (out.empty()) out = organisation.domains;
  if (!out.empty()) return out;
  Query query;
  query.table = "mail_rows";
  query.time = range;
  query.where = expr::eq(expr::column("kind"), expr::text("aggregate"));
  query.group_by = {{"domain", expr::column("domain")}};
  query.measures = {{.name = "messages", .kind = Measure::Kind::kSum, .arg = expr::column("messages")}};
  query.order_by = {{"messages", true}, {"domain", false}};
  query.limit = kMostDomains;
  RW_ASSIGN(const Answer answer, store.run(query));
  for (const auto& row : answer.rows) out.push_back(as_string(row[0]));
  return out;
}

// ---- lines

const std::vector<AnswerColumn>& count_columns() {
  static const auto* const kColumns = new std::vector<AnswerColumn>{
      {"messages", "messages", true},      {"aligned", "messages", true},  {"dkim_aligned", "messages", true},
      {"spf_aligned", "messages", true},   {"failed", "messages", true},   {"failed_delivered", "messages", true},
      {"quarantined", "messages", true},   {"rejected", "messages", true}, {"overridden", "messages", true},
      {"unknown_result", "messages", true}};
  return *kColumns;
}
void add_counts(std::vector<Value>& row, const SenderCounts& counts) {
  for (const std::int64_t n :
       {counts.messages, counts.aligned, counts.dkim_aligned, counts.spf_aligned, counts.failed(),
        counts.failed_delivered, counts.quarantined, counts.rejected, counts.overridden, counts.unknown_result})
    row.push_back(number(n));
}

// Lines of one shape, cut where a table is for people.
class Lines {
 public:
  Lines(const Arguments& args, Console& console) : writer_(listing_writer(args, console)) {}
  Result<void> bound(const Arguments& args) {
    if (args.has(kTop)) {
      RW_ASSIGN(const std::uint64_t top, args.number(kTop));
      limit_ = std::max<std::uint64_t>(1, top);
    } else if (args.get(flags::kFormat) == "table") {
      limit_ = kTableLines;
    }
    return {};
  }
  void begin(std::vector<AnswerColumn> columns) { writer_.begin(std::move(columns)); }
  void add(const std::vector<Value>& row) {
    if (total_++ < limit_) writer_.add(row);
  }
  void finish() { writer_.finish(total_); }

 private:
  AnswerWriter writer_;
  std::uint64_t limit_ = UINT64_MAX;
  std::uint64_t total_ = 0;
};

void senders(const std::vector<Senders>& all, Lines& lines) {
  std::vector<AnswerColumn> columns = {
      {"domain", "", false}, {"sender", "", false}, {"kind", "", false}, {"sources", "addresses", true}};
  columns.insert(columns.end(), count_columns().begin(), count_columns().end());
  columns.insert(columns.end(), {{"first_seen", "", false}, {"last_seen", "", false}, {"watched", "", false}});
  lines.begin(columns);
  for (const Senders& one : all)
    for (const SenderGroup& group : one.groups) {
      std::vector<Value> row = {one.domain, text_or_null(group.organisation), std::string(to_string(group.kind)),
                                number(static_cast<std::int64_t>(group.sources.size()))};
      add_counts(row, group.counts);
      std::set<std::string> subjects;
      for (const std::size_t i : group.sources)
        for (const WatchedSource& watched : one.sources[i].watched) subjects.insert(watched.subject);
      row.insert(row.end(),
                 {group.first_seen, group.last_seen, text_or_null(joined({subjects.begin(), subjects.end()}, " "))});
      lines.add(row);
    }
}

void sources(const std::vector<Senders>& all, bool names, Lines& lines) {
  std::vector<AnswerColumn> columns = {
      {"domain", "", false}, {"source", "", false}, {"kind", "", false}, {"sender", "", false}};
  if (names) columns.push_back({"reverse_name", "", false});
  columns.insert(columns.end(), count_columns().begin(), count_columns().end());
  columns.insert(columns.end(), {{"days", "days", true},
                                 {"first_seen", "", false},
                                 {"last_seen", "", false},
                                 {"spf_domains", "", false},
                                 {"dkim_domains", "", false},
                                 {"country", "", false},
                                 {"asn", "", true},
                                 {"watched_contact", "", false},
                                 {"reasons", "", false}});
  lines.begin(columns);
  const auto identities = [](const std::vector<SenderIdentity>& of) {
    std::vector<std::string> texts;
    for (const SenderIdentity& one : of)
      texts.push_back(one.domain + (one.selector.empty() ? "" : "/" + one.selector) +
                      (one.result.empty() ? "" : "=" + one.result));
    return text_or_null(joined(texts, " "));
  };
  for (const Senders& one : all)
    for (const SenderSource& source : one.sources) {
      std::vector<Value> row = {one.domain, source.address ? Value(*source.address) : Value(Null{}),
                                std::string(to_string(source.kind)), text_or_null(source.organisation)};
      if (names) row.push_back(text_or_null(source.reverse_name.value_or("")));
      add_counts(row, source.counts);
      std::vector<std::string> watched;
      for (const WatchedSource& contact : source.watched) watched.push_back(contact.subject + ":" + contact.prefix);
      row.insert(row.end(), {number(source.days), source.first_seen, source.last_seen, identities(source.spf),
                             identities(source.dkim), source.country ? Value(*source.country) : Value(Null{}),
                             source.asn ? number(*source.asn) : Value(Null{}), text_or_null(joined(watched, " ")),
                             text_or_null(joined(source.reasons, "; "))});
      lines.add(row);
    }
}

void trend(const std::vector<Senders>& all, bool weekly, Lines& lines) {
  std::vector<AnswerColumn> columns = {{"domain", "", false}, {weekly ? "week" : "day", "", false}};
  columns.insert(columns.end(), count_columns().begin(), count_columns().end());
  columns.insert(columns.end(), {{"spoofed", "messages", true}, {"sources", "addresses", true}});
  lines.begin(columns);
  for (const Senders& one : all)
    for (const SenderBucket& bucket : one.trend) {
      std::vector<Value> row = {one.domain, bucket.begin};
      add_counts(row, bucket.counts);
      row.insert(row.end(), {number(bucket.spoofed), number(bucket.sources)});
      lines.add(row);
    }
}

void reporters(const std::vector<Senders>& all, Lines& lines) {
  lines.begin({{"domain", "", false}, {"reporter", "", false}, {"messages", "messages", true}});
  for (const Senders& one : all)
    for (const auto& [name, messages] : one.reporters) lines.add({one.domain, text_or_null(name), number(messages)});
}

void domains(const std::vector<Senders>& all, Lines& lines) {
  std::vector<AnswerColumn> columns = {{"domain", "", false},          {"policy", "", false},
                                       {"reports", "reports", true},   {"days", "days", true},
                                       {"sources", "addresses", true}, {"spoofing_sources", "addresses", true}};
  columns.insert(columns.end(), count_columns().begin(), count_columns().end());
  columns.insert(columns.end(), {{"first_seen", "", false}, {"last_seen", "", false}});
  lines.begin(columns);
  for (const Senders& one : all) {
    const auto spoofing = std::count_if(one.sources.begin(), one.sources.end(), [](const SenderSource& source) {
      return source.kind == SenderKind::kSpoofing;
    });
    std::vector<Value> row = {
        one.domain,       one.policy ? Value(*one.policy) : Value(Null{}),       number(one.reports),
        number(one.days), number(static_cast<std::int64_t>(one.sources.size())), number(spoofing)};
    add_counts(row, one.counts);
    const bool any = one.counts.messages > 0 || one.days > 0;
    row.insert(row.end(), {any ? Value(one.period.from) : Value(Null{}), any ? Value(one.period.to) : Value(Null{})});
    lines.add(row);
  }
}

void dispositions(const std::vector<Senders>& all, Lines& lines) {
  lines.begin({{"domain", "", false}, {"disposition", "", false}, {"messages", "messages", true}});
  for (const Senders& one : all)
    for (const auto& [name, messages] : one.dispositions) lines.add({one.domain, text_or_null(name), number(messages)});
}

// ---- names of sources

// The PTR name whose addresses hold the source again; "" where there is none, null where the DNS failed.
std::optional<std::string> confirmed_name(Resolver& resolver, Ip source) {
  const DnsReply names = resolver.lookup(reverse_name(source), DnsType::kPtr);
  if (names.state == DnsState::kFailed) return std::nullopt;
  constexpr std::size_t kMost = 3;  // names of one address that are looked at
  for (std::size_t i = 0; i < std::min(kMost, names.records.size()); ++i) {
    const std::string& name = names.records[i].name;
    const DnsReply forward = resolver.lookup(name, source.is_v4() ? DnsType::kA : DnsType::kAaaa);
    for (const DnsRecord& record : forward.records)
      if (record.address == source) return name;
  }
  return "";
}

// Names are asked for side by side: first all reverse names, which fills the resolver's cache.
void name_sources(Resolver& resolver, std::vector<Senders>& all, Console& console) {
  std::vector<SenderSource*> wanted;
  std::vector<DnsQuestion> questions;
  for (Senders& one : all)
    for (SenderSource& source : one.sources) {
      if (!source.address) continue;
      if (wanted.size() == kMostResolved) {
        console.note("only the first " + std::to_string(kMostResolved) + " sources were named");
        break;
      }
      wanted.push_back(&source);
      questions.push_back({reverse_name(*source.address), DnsType::kPtr});
    }
  static_cast<void>(resolver.lookup(questions));
  for (SenderSource* source : wanted) source->reverse_name = confirmed_name(resolver, *source->address);
}

// ---- the command

Result<void> bring(const Arguments& args, Lake& lake, Console& console) {
  IngestOptions options;
  if (!args.positionals().empty()) {
    const IngestTeller teller(console, IngestTeller::To::kErr);
    RW_ASSIGN(const IngestSummary summary, ingest(lake, args.positionals(), options, teller.hooks()));
    teller.finish(lake, summary);
  }
  if (args.has(flags::kImap)) RW_TRY(fetch_reports(args, lake, console));
  return {};
}

Result<int> run(const Arguments& args, Console& console) {
  RW_ASSIGN(const TimeRange range, flags::time_range(args));
  RW_TRY(check_ingest_paths(args.positionals()));
  RW_TRY(check_imap_flags(args));
  if (args.has(kResolve) && args.get(kBy) != "source")
    return Failure(ErrorCode::kUsage, "'--resolve' names addresses: use it with --by source");
  const bool brings = !args.positionals().empty() || args.has(flags::kImap);
  LakeOptions options;
  options.create = options.write = brings;
  RW_ASSIGN(const auto lake, open_lake(args, options));
  if (brings) RW_TRY(bring(args, *lake, console));

  RW_ASSIGN(const DetectContext known, detect_context(args, *lake, range));
  const SenderContext context{known.organisation, known.subjects};
  RW_ASSIGN(const std::vector<std::string> wanted, domains_wanted(args, *lake, range, context.organisation));
  const std::string_view by = args.get(kBy);
  std::vector<Senders> all;
  bool cut = false;
  for (const std::string& domain : wanted) {
    RW_ASSIGN(Senders one, find_senders(*lake, {.domain = domain, .range = range, .weekly = by == "week"}, context));
    cut = cut || one.cut;
    all.push_back(std::move(one));
  }
  if (args.has(kResolve)) {
    RW_ASSIGN(const auto resolver, make_resolver(args));
    name_sources(*resolver, all, console);
  }
  Lines lines(args, console);
  RW_TRY(lines.bound(args));
  if (by == "sender") senders(all, lines);
  if (by == "source") sources(all, args.has(kResolve), lines);
  if (by == "day" || by == "week") trend(all, by == "week", lines);
  if (by == "reporter") reporters(all, lines);
  if (by == "domain") domains(all, lines);
  if (by == "disposition") dispositions(all, lines);
  lines.finish();
  if (cut) console.note("there were more sources than are kept; those with most messages are shown");
  std::int64_t messages = 0;
  for (const Senders& one : all) messages += one.counts.messages;
  if (messages == 0)
    console.note("no aggregate reports about " + (wanted.empty() ? "any domain" : joined(wanted, ", ")));
  return 0;
}

constexpr const Flag* kFlags[] = {&kDomain,        &flags::kFrom,     &flags::kTo,       &kBy,
                                  &kTop,           &kResolve,         &flags::kImap,     &flags::kPasswordFile,
                                  &flags::kCaFile, &flags::kMoveTo,   &flags::kMarkSeen, &flags::kSubject,
                                  &flags::kFormat, RW_RESOLVER_FLAGS, &flags::kLake,     &flags::kMemory,
                                  &flags::kThreads};
constexpr Positional kPositionals[] = {
    {.name = "PATH",
     .doc =
         "files and folders with reports (XML, JSON, mail messages, mbox, Maildir; compressed or not): read into the "
         "lake first",
     .repeatable = true}};
constexpr std::string_view kExamples[] = {
    "rangewatch mail reports --lake my.lake reports.mbox Maildir/ --domain example.org",
    "rangewatch mail reports --by source --domain example.org --from 2026-01-01 --format json",
    "rangewatch mail reports --imap imaps://reports@mail.example.org/INBOX --password-file secret --move-to Done",
};

}  // namespace

extern constinit const Command kMailReportsCommand{
    .name = "mail reports",
    .summary = "read mail reports into the lake, and show who sends in a domain's name",
    .examples = kExamples,
    .doc =
        "Senders are own (in the organisation's prefixes, or authenticated as the domain), a known service, forwarder, "
        "mailing-list, unknown or spoofing; --by source tells the reasons. A report that arrives twice counts once.\n\n"
        "From a mailbox on a server (TLS, the certificate is verified) messages are fetched, their rows made durable, "
        "and only then filed: moved with --move-to, or marked with --mark-seen. Without either nothing is changed "
        "there, and the lake remembers how far it has read.",
    .positionals = kPositionals,
    .flags = kFlags,
    .run = run};

}  // namespace rw
