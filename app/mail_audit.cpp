// rangewatch mail audit: what domains publish about their mail, graded, with the records that put it right.
#include "mail/audit.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include "command.h"
#include "flags.h"
#include "listing.h"
#include "mail_audit_text.h"
#include "mail_resolver.h"
#include "message/address.h"
#include "open_lake.h"
#include "report/json_text.h"

namespace rw {
namespace {

constexpr std::size_t kMaxDomains = 10'000;  // of one run: hours at the rate below
constexpr std::size_t kPages = 3;            // domains that are shown whole; more become one line each
constexpr std::size_t kFree = 5;             // domains before the rate counts
constexpr double kMaxRate = 10;  // domains a second: some 800 questions, which other people's servers answer
constexpr std::size_t kMaxFileBytes = 1 << 20;  // of a list or a policy

extern constinit const Flag kFile{
    .name = "file", .value = "FILE", .doc = "audit the domains in this file too, one a line, # for comments"};
extern constinit const Flag kSelector{
    .name = "selector",
    .value = "NAME,...",
    .doc = "DKIM selectors to look for, beside common ones and those that the lake knows",
    .repeatable = true};
extern constinit const Flag kPolicy{.name = "mta-sts-policy",
                                    .value = "FILE",
                                    .doc = "the MTA-STS policy file as it is served, which an audit does not fetch"};
extern constinit const Flag kSince{
    .name = "since", .value = "TIME", .doc = "compare with the newest audit in the lake from before this time"};
extern constinit const Flag kAt{.name = "at", .value = "TIME", .doc = "the time of the audit; default now"};
extern constinit const Flag kRecords{.name = "records", .doc = "print only the records to publish, as zone-file lines"};
extern constinit const Flag kNoStore{.name = "no-store", .doc = "do not keep the result in the lake"};
extern constinit const Flag kStore{
    .name = "store",
    .doc = "keep the result in the lake even where it comes from zone files, and make the lake where there is none"};
extern constinit const Flag kRate{
    .name = "rate",
    .value = "N",
    .doc = "audit at most so many domains a second (up to 10) once there are more than five",
    .preset = "2"};

Result<std::string> read_small(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Failure(ErrorCode::kNotFound, "cannot read " + path);
  std::string text(kMaxFileBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxFileBytes) return Failure(ErrorCode::kLimit, path + " is over 1 MB");
  return text;
}

Result<std::vector<std::string>> wanted_domains(const Arguments& args) {
  std::vector<std::string> names = args.positionals();
  if (args.has(kFile)) {
    RW_ASSIGN(const std::string text, read_small(std::string(args.get(kFile))));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      line.resize(std::min(line.find('#'), line.size()));
      std::istringstream words(line);
      for (std::string word; words >> word;) names.push_back(word);
    }
  }
  std::vector<std::string> domains;
  for (const std::string& name : names) {
    const std::string domain = normalised_domain(name);
    if (domain.empty() || domain.find('.') == std::string::npos || domain.starts_with('['))
      return Failure(ErrorCode::kUsage, "'" + name + "' is no domain");
    if (std::find(domains.begin(), domains.end(), domain) == domains.end()) domains.push_back(domain);
  }
  if (domains.empty()) return Failure(ErrorCode::kUsage, "say which domain to audit, or give a list with --file");
  if (domains.size() > kMaxDomains)
    return Failure(ErrorCode::kUsage, "over " + std::to_string(kMaxDomains) + " domains in one run; split the list");
  return domains;
}

bool lake_is_there(const Arguments& args) {
  return std::filesystem::exists(flags::lake_directory(args) + "/catalog.sqlite");
}

struct Job {
  AuditOptions options;
  std::string domain;
  std::optional<Audit> audit;
};

// A few at a time, and no more a second than the rate allows: other people's servers answer.
class Pool {
 public:
  Pool(Resolver& resolver, std::vector<Job>& jobs, double rate) : resolver_(resolver), jobs_(jobs), rate_(rate) {
    const std::size_t count = std::min<std::size_t>(kThreads, jobs.size());
    for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Pool() {
    next_ = jobs_.size();
    for (std::thread& thread : threads_) thread.join();
  }
  const Audit& wait(std::size_t index) {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return jobs_[index].audit.has_value(); });
    return *jobs_[index].audit;
  }

 private:
  static constexpr std::size_t kThreads = 4;

  void work() {
    for (std::size_t i = next_++; i < jobs_.size(); i = next_++) {
      if (rate_ > 0 && i >= kFree)
        std::this_thread::sleep_until(began_ + std::chrono::microseconds(static_cast<std::int64_t>(
                                                   1e6 * static_cast<double>(i - kFree + 1) / rate_)));
      Audit audit = audit_domain(resolver_, jobs_[i].domain, jobs_[i].options);
      const std::lock_guard lock(mutex_);
      jobs_[i].audit = std::move(audit);
      ready_.notify_all();
    }
  }

  Resolver& resolver_;
  std::vector<Job>& jobs_;
  double rate_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::condition_variable ready_;
  std::vector<std::thread> threads_;
};

Result<void> store_audits(const Arguments& args, const std::vector<Job>& jobs) {
  RW_ASSIGN(const auto lake, open_lake(args, {.create = true, .write = true}));
  RW_ASSIGN(const auto transaction, lake->begin_ingest());
  const Timestamp now = jobs.front().options.now;
  Emitter emitter(*transaction, "mail audit", "mail-audit", now);
  for (const Job& job : jobs)
    for (const AuditRow& row : audit_rows(*job.audit)) {
      MailAudit made;
      made.time = job.audit->time.us;
      made.domain = job.audit->domain;
      made.topic = row.topic;
      made.item = row.item;
      made.status = row.status;
      if (!row.value.empty()) made.value = row.value;
      emitter.add(made);
    }
  RW_TRY(emitter.finish());
  return transaction->commit({.name = "mail audit", .format = "mail-audit"}, emitter.counts());
}

// ---- output

std::string grade_text(const std::optional<char>& grade) { return grade ? std::string(1, *grade) : "unknown"; }

void print_summary(const std::vector<Job>& jobs, const Arguments& args, Console& console) {
  AnswerWriter writer = listing_writer(args, console);
  writer.begin({{"domain"},
                {"grade"},
                {"after"},
                {"sends_mail"},
                {"policy"},
                {"bad", "", true},
                {"warnings", "", true},
                {"unknown", "", true},
                {"because"}});
  for (const Job& job : jobs) {
    const Audit& a = *job.audit;
    const auto number = [&](AuditStatus status) { return Value(static_cast<std::int64_t>(a.count(status))); };
    writer.add({a.domain, grade_text(a.grade), a.grade_after ? Value(grade_text(a.grade_after)) : Value(Null{}),
                std::string(to_string(a.sends_mail)),
                a.dmarc.policy ? Value(std::string(to_string(*a.dmarc.policy))) : Value(Null{}),
                number(AuditStatus::kBad), number(AuditStatus::kWarning), number(AuditStatus::kUnknown),
                a.grade_reasons.empty() ? Value(Null{}) : Value(a.grade_reasons.front())});
  }
  writer.finish();
  console.out("\nAll of one domain: rangewatch mail audit DOMAIN\n");
}

void print_csv(const std::vector<Job>& jobs, const Arguments& args, Console& console) {
  AnswerWriter writer = listing_writer(args, console);
  writer.begin({{"domain"}, {"grade"}, {"topic"}, {"item"}, {"status"}, {"value"}, {"text"}, {"fix"}});
  for (const Job& job : jobs)
    for (const AuditItem& item : job.audit->items)
      writer.add({job.audit->domain, job.audit->grade ? Value(grade_text(job.audit->grade)) : Value(Null{}), item.topic,
                  item.item, std::string(to_string(item.status)),
                  item.value.empty() ? Value(Null{}) : Value(item.value), item.text,
                  item.fix.empty() ? Value(Null{}) : Value(item.fix)});
  writer.finish();
}

using Comparisons = std::vector<std::optional<AuditComparison>>;

void print_json(const std::vector<Job>& jobs, const Comparisons& comparisons, bool lines, Console& console) {
  if (!lines) console.out("{\"items\": [");
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    Document d = audit_document(*jobs[i].audit);
    if (comparisons[i]) d.set("since", comparison_document(*comparisons[i]));
    const std::string text = json_text(d, JsonStyle::kCompact);
    console.out(lines ? text + "\n" : (i == 0 ? "\n" : ",\n") + text);
  }
  if (!lines) console.out("\n], \"total\": " + std::to_string(jobs.size()) + "}\n");
}

void print(const std::vector<Job>& jobs, const Comparisons& comparisons, const Arguments& args, Console& console) {
  const std::string_view format = args.get(flags::kFormat);
  if (args.has(kRecords)) {
    for (const Job& job : jobs) console.out(records_for_zone(*job.audit));
  } else if (format == "json" || format == "ndjson") {
    print_json(jobs, comparisons, format == "ndjson", console);
  } else if (format == "csv") {
    print_csv(jobs, args, console);
  } else if (jobs.size() > kPages && !args.has(kSince)) {
    print_summary(jobs, args, console);
  } else {
    const PageStyle style{console.out_colour(), console.width() == 0 ? 100 : std::clamp(console.width(), 60U, 120U)};
    for (std::size_t i = 0; i < jobs.size(); ++i)
      console.out((i == 0 ? "" : "\n\n") + audit_for_people(*jobs[i].audit, comparisons[i], style));
  }
}

// ---- the command

Result<std::vector<Job>> make_jobs(const Arguments& args, Lake* lake) {
  AuditOptions options;
  options.now = {Timestamp::now().us / 1'000'000 * 1'000'000};
  if (args.has(kAt)) {
    RW_ASSIGN(options.now, Timestamp::parse(args.get(kAt)));
  }
  for (const std::string& selector : args.list(kSelector)) options.selectors.push_back({.selector = selector});
  if (args.has(kPolicy)) {
    RW_ASSIGN(options.mta_sts_policy, read_small(std::string(args.get(kPolicy))));
  }
  RW_ASSIGN(const std::vector<std::string> domains, wanted_domains(args));
  std::vector<Job> jobs;
  for (const std::string& domain : domains) {
    Job job{options, domain, std::nullopt};
    if (lake != nullptr) {
      RW_ASSIGN(const auto learned, learned_selectors(*lake, domain));
      job.options.selectors.insert(job.options.selectors.end(), learned.begin(), learned.end());
    }
    jobs.push_back(std::move(job));
  }
  return jobs;
}

Result<int> run(const Arguments& args, Console& console) {
  if (args.has(kStore) && args.has(kNoStore))
    return Failure(ErrorCode::kUsage, "'--store' and '--no-store' exclude each other");
  RW_ASSIGN(double rate, args.real(kRate));
  if (rate <= 0 || rate > kMaxRate) return Failure(ErrorCode::kUsage, "'--rate' must be over 0 and at most 10");
  Timestamp since;
  if (args.has(kSince)) {
    RW_ASSIGN(since, Timestamp::parse(args.get(kSince)));
  }
  std::unique_ptr<Lake> lake;
  if (lake_is_there(args)) {
    RW_ASSIGN(lake, open_lake(args));
  } else if (args.has(kSince)) {
    return Failure(ErrorCode::kNotFound, "there is no lake to compare with; --lake DIR names one");
  }
  RW_ASSIGN(std::vector<Job> jobs, make_jobs(args, lake.get()));
  RW_ASSIGN(const std::shared_ptr<Resolver> resolver, make_resolver(args));
  const bool zones = args.has(flags::kZone);
  {
    Pool pool(*resolver, jobs, zones ? 0 : rate);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (console.err_is_terminal() && !zones)
        console.progress("audited " + std::to_string(i) + " of " + std::to_string(jobs.size()) + ", now " +
                         jobs[i].domain);
      pool.wait(i);
    }
    console.progress({});
  }
  Comparisons comparisons(jobs.size());
  if (args.has(kSince))
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      RW_ASSIGN(comparisons[i], compare_with_earlier(*lake, *jobs[i].audit, since));
    }
  print(jobs, comparisons, args, console);
  // A trial on zone files is no history.
  const bool keep = args.has(kStore) || (!zones && !args.has(kNoStore) && lake != nullptr);
  lake.reset();
  if (keep) RW_TRY(store_audits(args, jobs));
  return 0;
}

constexpr const Flag* kFlags[] = {
    &kSelector, &kFile,  &kSince,   &kPolicy,        &kRecords,     RW_RESOLVER_FLAGS, &kRate,
    &kAt,       &kStore, &kNoStore, &flags::kFormat, &flags::kLake, &flags::kMemory,   &flags::kThreads};
constexpr std::string_view kExamples[] = {
    "rangewatch mail audit example.org",
    "rangewatch mail audit --file our-domains.txt --format csv",
    "rangewatch mail audit example.org --since 2026-10-01",
    "rangewatch mail audit --zone changed.zone example.org",
};
constexpr Positional kPositionals[] = {{.name = "DOMAIN", .doc = "domains to audit", .repeatable = true}};

}  // namespace

extern constinit const Command kMailAuditCommand{
    .name = "mail audit",
    .summary = "audit what domains publish about their mail, and print the records that put it right",
    .examples = kExamples,
    .doc =
        "Looks at SPF, DKIM, DMARC (RFC 7489 and RFC 9989 side by side), MX, MTA-STS, TLS-RPT, DANE, DNSSEC and BIMI. "
        "The "
        "grade, A to F, says how well the domain is protected against forged mail; what protects mail on its way is "
        "told, "
        "and takes no part in it. 'unknown' means that the DNS did not answer: it is neither good nor bad.\n\n"
        "Only the DNS is asked. Results are kept in the lake where there is one, so that --since can tell what "
        "changed; "
        "those from zone files only with --store.",
    .positionals = kPositionals,
    .flags = kFlags,
    .run = run};

}  // namespace rw
