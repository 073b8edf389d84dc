// rangewatch mail check: who wrote these messages, does that hold, what do they carry, and does somebody court us?
#include "mail/check.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <set>
#include <thread>

#include "base/quantity.h"
#include "command.h"
#include "detect_run.h"
#include "finding_listing.h"
#include "flags.h"
#include "ingest/content_hash.h"
#include "listing.h"
#include "mail/scanners.h"
#include "mail_check_text.h"
#include "mail_resolver.h"
#include "message/mailbox.h"
#include "open_lake.h"
#include "report/json_text.h"
#include "source/source.h"
#include "subjects.h"

namespace rw {
namespace {

// A batch is what is held in memory at once: read, asked ahead for, checked side by side.
constexpr std::size_t kBatchMessages = 512;
constexpr std::size_t kBatchBytes = std::size_t{32} << 20;
constexpr std::size_t kCommitMessages = 20'000;             // rows that become visible together
constexpr std::uint64_t kMessageSeed = 0x6D61696C2D6D7367;  // keeps messages apart from inputs of the same bytes
constexpr Duration kCourtshipDays =
    Duration::seconds(60 * 86'400);  // before the first message: letters that came earlier

extern constinit const Flag kVerbose{
    .name = "verbose", .letter = 'v', .doc = "tell everything about each message below the table"};
extern constinit const Flag kAuthserv{
    .name = "authserv-id",
    .value = "NAME",
    .doc = "show the Authentication-Results field that a server of this name would write (RFC 8601)"};
extern constinit const Flag kTrustAuthserv{
    .name = "trust-authserv",
    .value = "NAME",
    .doc =
        "the topmost Authentication-Results of this server, which removes forged ones, stand for SPF and DKIM that can "
        "no longer be checked",
    .repeatable = true};
extern constinit const Flag kTrustedHop{
    .name = "trusted-hop",
    .value = "PREFIX",
    .doc = "a relay of our own: the Received field below the one that names it tells who handed the message over",
    .repeatable = true};
extern constinit const Flag kSkipHops{.name = "skip-hops",
                                      .value = "N",
                                      .doc = "so many Received fields from the top are our own servers'",
                                      .preset = "0"};
extern constinit const Flag kOwn{.name = "own",
                                 .value = "DOMAIN",
                                 .doc = "a domain of ours, beside [organisation] domains of rangewatch.toml",
                                 .repeatable = true};
extern constinit const Flag kPartner{.name = "partner",
                                     .value = "DOMAIN",
                                     .doc = "a partner's domain, beside [mail] partners of rangewatch.toml",
                                     .repeatable = true};
extern constinit const Flag kClamd{
    .name = "clamd", .value = "ADDRESS", .doc = "ask this clamd about attachments: a socket's path or address:port"};
extern constinit const Flag kYara{
    .name = "yara", .value = "FILE", .doc = "hold these YARA rules against attachments", .repeatable = true};
extern constinit const Flag kNoStore{.name = "no-store",
                                     .doc = "keep nothing in the lake, and look for no correspondences"};
extern constinit const Flag kAt{.name = "at", .value = "TIME", .doc = "the time of the check; default now"};

struct Plan {
  Settings settings;
  CheckOptions check;
  Lookalikes names;
  MessageRowOptions row;
  std::string authserv;
  std::shared_ptr<Resolver> resolver;
  unsigned threads = 1;
};

Result<void> add_scanners(const Arguments& args, const MailSettings& mail, CheckOptions& check) {
  const std::string clamd(args.has(kClamd) ? std::string(args.get(kClamd)) : mail.clamd);
  if (!clamd.empty()) {
    RW_ASSIGN(auto scanner, make_clamd_scanner(clamd));
    check.attachments.scanners.push_back(std::move(scanner));
  }
  const std::vector<std::string>& rules = args.has(kYara) ? args.all(kYara) : mail.yara_rules;
  if (!rules.empty()) {
    RW_ASSIGN(auto scanner, make_yara_scanner(rules));
    check.attachments.scanners.push_back(std::move(scanner));
  }
  return {};
}

Lookalikes known_names(const Arguments& args, const Settings& settings) {
  KnownNames names;
  names.own = settings.organisation.domains;
  names.partners = settings.mail.partners;
  names.allowed = settings.mail.allowed_lookalikes;
  names.free_mail = settings.mail.free_mail;
  for (const std::string& domain : args.all(kOwn)) names.own.push_back(domain);
  for (const std::string& domain : args.all(kPartner)) names.partners.push_back(domain);
  for (const MailPerson& person : settings.mail.people) names.people.push_back({person.name, person.addresses});
  return Lookalikes(names);
}

Result<void> make_plan(const Arguments& args, Plan& plan) {
  RW_ASSIGN(plan.settings, lake_settings(args));
  const MailSettings& mail = plan.settings.mail;
  plan.names = known_names(args, plan.settings);
  plan.check.names = &plan.names;
  plan.check.now = Timestamp::now();
  if (args.has(kAt)) {
    auto at = Timestamp::parse(args.get(kAt));
    if (!at) return Failure(ErrorCode::kUsage, "invalid value for '--at': " + at.error().message);
    plan.check.now = *at;
  }
  RW_ASSIGN(const std::uint64_t skip, args.number(kSkipHops));
  plan.check.skip_hops = static_cast<unsigned>(std::min<std::uint64_t>(skip, 1000));
  plan.check.trusted_hops = mail.trusted_hops;
  for (const std::string& text : args.all(kTrustedHop)) {
    auto prefix = Prefix::parse(text);
    if (!prefix) return Failure(ErrorCode::kUsage, "invalid value for '--trusted-hop': " + prefix.error().message);
    plan.check.trusted_hops.push_back(*prefix);
  }
  plan.check.trusted_authserv = args.has(kTrustAuthserv) ? args.all(kTrustAuthserv) : mail.trusted_authserv;
  plan.check.shorteners = mail.shorteners;
  plan.authserv = args.get(kAuthserv);
  plan.check.receiver = plan.authserv;
  RW_TRY(add_scanners(args, mail, plan.check));
  plan.row = {
      .hash_subjects = mail.hash_subjects, .hash_addresses = mail.hash_addresses, .store_body = mail.store_bodies};
  plan.threads = std::max(1U, std::thread::hardware_concurrency());
  if (args.has(flags::kThreads)) {
    RW_ASSIGN(const std::uint64_t threads, args.number(flags::kThreads));
    if (threads == 0 || threads > 1024) return Failure(ErrorCode::kUsage, "'--threads' must be from 1 to 1024");
    plan.threads = static_cast<unsigned>(threads);
  }
  RW_ASSIGN(plan.resolver, make_resolver(args));
  return {};
}

// Rows of messages that the lake does not know yet. A message is known by its bytes, wherever it lies.
class Keeper {
 public:
  Keeper(Lake& lake, const Plan& plan) : lake_(lake), plan_(plan) {}

  Result<void> keep(const CheckedMessage& message, std::string_view bytes) {
    const Hash128 hash = hash_of(as_bytes(bytes), lake_.hash_seed() ^ kMessageSeed);
    if (!taken_.insert({hash.hi, hash.lo}).second) return known();
    RW_ASSIGN(const auto found, lake_.known_inputs(hash.lo, UINT64_MAX));
    for (const KnownInput& one : found)
      if (one.hash_hi == hash.hi && one.hash_lo == hash.lo) return known();
    if (!transaction_) {
      RW_ASSIGN(transaction_, lake_.begin_ingest());
    }
    const std::string name = message.input + (message.offset > 0 ? "@" + std::to_string(message.offset) : "");
    Emitter emitter(*transaction_, name, "mail", Timestamp::now());
    MessageRowOptions options = plan_.row;
    options.seed = lake_.hash_seed();
    options.sensor = "mail-check";
    emitter.add(message_row(message.check, options).row);
    for (const std::string& problem : message.check.attachments.problems) emitter.weird("attachment", problem);
    RW_TRY(emitter.finish());
    InputIdentity identity;
    identity.name = name;
    identity.format = "mail";
    identity.hash_hi = hash.hi;
    identity.hash_lo = hash.lo;
    identity.head_hash = hash.lo;
    RW_TRY(transaction_->end_input(identity, emitter.counts()));
    const Timestamp time = message.check.time;
    range = range.empty() ? TimeRange{time, time + Duration{1}}
                          : TimeRange{std::min(range.from, time), std::max(range.to, time + Duration{1})};
    ++stored;
    return ++pending_ >= kCommitMessages ? commit() : Result<void>();
  }

  Result<void> commit() {
    pending_ = 0;
    if (!transaction_) return {};
    const auto done = transaction_->commit();
    transaction_.reset();
    return done;
  }

  std::uint64_t stored = 0, already = 0;
  TimeRange range;  // of what was stored

 private:
  Result<void> known() {
    ++already;
    return {};
  }

  Lake& lake_;
  const Plan& plan_;
  std::unique_ptr<IngestTransaction> transaction_;
  std::size_t pending_ = 0;
  std::set<std::pair<std::uint64_t, std::uint64_t>> taken_;
};

struct Waiting {
  std::string input;
  std::uint64_t offset = 0;
  std::string bytes;
};

// Messages in batches from all inputs, checked on several threads, told in order.
class Checker : public InputVisitor {
 public:
  using Tell = std::function<Result<void>(const CheckedMessage&)>;
  Checker(const Plan& plan, Keeper* keeper, Console& console, Tell tell)
      : plan_(plan), keeper_(keeper), console_(console), tell_(std::move(tell)) {}

  Result<void> input(const InputInfo& info, ByteStream& stream) override {
    if (parse_maildir_path(info.name).temporary) return {};
    StreamReader reader(stream);
    const Bytes head = reader.peek(512);
    if (head.empty()) {
      ++skipped;
      console_.note("skipped " + escape_name(info.name) + ": it is empty");
      return {};
    }
    if (is_mbox(head) == 0 && is_mail_message(head) == 0) {
      const bool asked = info.name.ends_with(".eml");  // somebody says that it is one: a verdict, whatever it holds
      if (!asked) {
        ++skipped;
        console_.note("skipped " + escape_name(info.name) + ": neither a message nor a mailbox");
        return {};
      }
    }
    MboxReader mailbox(reader);
    for (MailboxMessage mail; mailbox.next(mail);) {
      waiting_.push_back({info.name, mail.offset, std::string(mail.bytes)});
      bytes_ += mail.bytes.size();
      if (mail.cut)
        console_.note(escape_name(info.name) + ": a message of " + human_bytes(static_cast<double>(mail.size)) +
                      " was checked as far as " + human_bytes(static_cast<double>(mail.bytes.size())));
      if (waiting_.size() >= kBatchMessages || bytes_ >= kBatchBytes) RW_TRY(run_batch());
    }
    if (!reader.status()) unreadable(info.name, reader.status().error());
    return {};
  }

  void unreadable(const std::string& name, const Error& error) override {
    ++failed;
    console_.note("error: " + escape_name(name) + ": " + error.message);
  }

  Result<void> run_batch() {
    if (waiting_.empty()) return {};
    ask_ahead();
    std::vector<CheckedMessage> done(waiting_.size());
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (std::size_t i; (i = next++) < waiting_.size();) {
        done[i].input = waiting_[i].input;
        done[i].offset = waiting_[i].offset;
        done[i].check = check_message(*plan_.resolver, waiting_[i].bytes, plan_.check);
        if (!plan_.authserv.empty()) done[i].results = authentication_results(done[i].check, plan_.authserv);
      }
    };
    std::vector<std::thread> threads;
    const std::size_t count = std::min<std::size_t>(plan_.threads, waiting_.size());
    for (std::size_t i = 1; i < count; ++i) threads.emplace_back(work);
    work();
    for (std::thread& thread : threads) thread.join();
    for (std::size_t i = 0; i < done.size(); ++i) {
      if (keeper_ != nullptr) RW_TRY(keeper_->keep(done[i], waiting_[i].bytes));
      RW_TRY(tell_(done[i]));
    }
    checked += done.size();
    waiting_.clear();
    bytes_ = 0;
    if (console_.err_is_terminal())
      console_.progress("checked " + group_thousands(static_cast<std::int64_t>(checked)) + " messages");
    return {};
  }

  std::uint64_t checked = 0, skipped = 0, failed = 0;

 private:
  static std::string escape_name(const std::string& name) {
    std::string out;
    for (const char c : name) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
    return out;
  }

  // Questions of all messages side by side: the cache has the answers when the threads ask one by one.
  void ask_ahead() {
    if (waiting_.size() < 2) return;
    std::vector<DnsQuestion> questions;
    std::set<std::pair<std::string, DnsType>> told;
    for (const Waiting& message : waiting_)
      for (DnsQuestion& question : questions_ahead(message.bytes, plan_.check))
        if (told.insert({question.name, question.type}).second && asked_.insert({question.name, question.type}).second)
          questions.push_back(std::move(question));
    constexpr std::size_t kMostRemembered = 200'000;
    if (asked_.size() > kMostRemembered) asked_.clear();
    if (!questions.empty()) (void)plan_.resolver->lookup(questions);
  }

  const Plan& plan_;
  Keeper* keeper_;
  Console& console_;
  Tell tell_;
  std::vector<Waiting> waiting_;
  std::size_t bytes_ = 0;
  std::set<std::pair<std::string, DnsType>> asked_;
};

// What the detectors of mail say about the time of these messages, and before it.
Result<std::vector<Finding>> detect(const Arguments& args, Lake& lake, TimeRange range, std::uint64_t& known,
                                    std::vector<std::string>& left_out) {
  std::vector<Finding> created;
  if (range.empty()) return created;
  range.from = range.from - kCourtshipDays;
  RW_ASSIGN(DetectContext context, detect_context(args, lake, range));
  for (const std::string& domain : args.all(kOwn)) context.organisation.domains.push_back(domain);
  RW_ASSIGN(const auto state, FindingStore::open(lake.directory(), true));
  for (const std::string_view id : {"impersonation", "weak-policy", "courtship"}) {
    const Detector& detector = *find_detector(id);
    RW_ASSIGN(const auto findings, found_whole(lake, *state, detector, context, left_out));
    RW_ASSIGN(auto recorded,
              state->record(findings, context.thresholds.duration(detector.quiet_gap), Timestamp::now()));
    for (Finding& finding : recorded.created) created.push_back(std::move(finding));
    for (Finding& finding : recorded.extended) created.push_back(std::move(finding));
    known += recorded.known;
  }
  std::stable_sort(created.begin(), created.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  return created;
}

// The listing in the form that was asked for.
class Listed {
 public:
  Listed(const Arguments& args, Console& console)
      : console_(console),
        format_(args.get(flags::kFormat)),
        verbose_(args.has(kVerbose)),
        writer_(listing_writer(args, console)) {
    if (format_ == "json")
      console_.out("{\"items\": [");
    else if (format_ != "ndjson")
      writer_.begin(check_columns(format_ == "table"));
  }

  Result<void> tell(const CheckedMessage& message) {
    if (format_ == "json" || format_ == "ndjson") {
      console_.out((format_ == "ndjson" ? ""
                    : count_ == 0       ? "\n"
                                        : ",\n") +
                   json_text(check_document(message), JsonStyle::kCompact) + (format_ == "ndjson" ? "\n" : ""));
    } else {
      writer_.add(check_row(message, format_ == "table"));
      if (verbose_ && format_ == "table") details_ += check_details(message);
    }
    ++count_;
    return {};
  }

  void finish(const std::vector<Finding>& findings) {
    if (format_ == "json") {
      console_.out(std::string(count_ == 0 ? "" : "\n") + "], \"findings\": [");
      for (std::size_t i = 0; i < findings.size(); ++i)
        console_.out((i == 0 ? "\n" : ",\n") + json_text(finding_document(findings[i]), JsonStyle::kCompact));
      console_.out(std::string(findings.empty() ? "" : "\n") + "], \"total\": " + std::to_string(count_) + "}\n");
      return;
    }
    if (format_ == "ndjson") return;
    writer_.finish();
    if (format_ != "table") return;
    console_.out(details_);
    for (const Finding& finding : findings) console_.out("\n" + finding_for_people(finding));
  }

 private:
  Console& console_;
  std::string format_;
  bool verbose_;
  AnswerWriter writer_;
  std::string details_;
  std::uint64_t count_ = 0;
};

std::string summary(const Checker& checker, const Keeper* keeper, std::size_t findings, std::uint64_t known) {
  const auto n = [](std::uint64_t count) { return group_thousands(static_cast<std::int64_t>(count)); };
  std::string out = n(checker.checked) + (checker.checked == 1 ? " message" : " messages");
  if (keeper != nullptr) out += ": " + n(keeper->stored) + " stored, " + n(keeper->already) + " known";
  if (checker.skipped > 0) out += ", " + n(checker.skipped) + (checker.skipped == 1 ? " input skipped" : " inputs skipped");
  if (checker.failed > 0) out += ", " + n(checker.failed) + " failed";
  if (keeper != nullptr) out += "; " + n(findings) + " new or extended findings, " + n(known) + " known";
  return out;
}

Result<int> run(const Arguments& args, Console& console) {
  Plan plan;
  RW_TRY(make_plan(args, plan));
  std::unique_ptr<Lake> lake;
  std::optional<Keeper> keeper;
  if (!args.has(kNoStore)) {
    LakeOptions wanted;
    wanted.create = wanted.write = true;
    RW_ASSIGN(lake, open_lake(args, wanted));
    keeper.emplace(*lake, plan);
  }
  if (plan.names.empty())
    console.note(
        "no domain of ours is known, so nobody can look like us; give --own DOMAIN or set [organisation] domains in "
        "rangewatch.toml");
  Listed listed(args, console);
  Checker checker(plan, keeper ? &*keeper : nullptr, console,
                  [&](const CheckedMessage& message) { return listed.tell(message); });
  RW_TRY(visit_inputs(args.positionals(), SourceOptions{}, checker));
  RW_TRY(checker.run_batch());
  console.progress({});
  std::vector<Finding> findings;
  std::uint64_t known = 0;
  if (keeper) {
    RW_TRY(keeper->commit());
    std::vector<std::string> left_out;
    RW_ASSIGN(findings, detect(args, *lake, keeper->range, known, left_out));
    for (const std::string& text : left_out) console.note(text);
  }
  listed.finish(findings);
  console.note(summary(checker, keeper ? &*keeper : nullptr, findings.size(), known));
  return checker.failed > 0 ? 1 : 0;
}

constexpr const Flag* kFlags[] = {
    &kVerbose,     &kOwn,           &kPartner,       &kTrustedHop, &kSkipHops,        &kTrustAuthserv, &kAuthserv,
    &kClamd,       &kYara,          &kNoStore,       &kAt,         RW_RESOLVER_FLAGS, &flags::kFormat, &flags::kSubject,
    &flags::kLake, &flags::kMemory, &flags::kThreads};
constexpr Positional kPositionals[] = {
    {.name = "FILE",
     .doc = "messages (eml), mailboxes (mbox) and folders (Maildir), compressed or not; '-' is standard input",
     .required = true,
     .repeatable = true}};
constexpr std::string_view kExamples[] = {"rangewatch mail check --own example.org suspicious.eml --verbose",
                                          "rangewatch mail check --lake /srv/lake Maildir/ --format json",
                                          "rangewatch mail check --zone test.zone --no-store mails.mbox"};

}  // namespace

extern constinit const Command kMailCheckCommand{
    .name = "mail check",
    .summary = "check messages: is the author who they say, what do they carry, does somebody court us",
    .examples = kExamples,
    .doc =
        "Verdicts: pass; pass-no-policy (authenticated, and the domain publishes no policy against others); "
        "fail-reject and "
        "fail-quarantine (as the policy asks); fail-delivered (failed DMARC, delivered because the policy is none or "
        "missing; "
        "--verbose has the text to send to that domain's owner); ambiguous-author and no-author; permerror; temperror "
        "(the DNS "
        "did not answer: unknown).\n\n"
        "Who handed a message over is taken from its topmost Received field, and from the ones below it as far as "
        "--skip-hops, "
        "--trusted-hop and [mail] trusted_hops say that they are our own. Where that is not known SPF is none, and the "
        "sign "
        "client-unknown says so.\n\n"
        "Each message is kept in the lake once, whatever file it lies in; its text never, unless [mail] store_bodies "
        "says so. "
        "Then the detectors impersonation, weak-policy and courtship look at that time and the sixty days before.\n\n"
        "Exit status 1 when an input could not be read.",
    .positionals = kPositionals,
    .flags = kFlags,
    .run = run};

}  // namespace rw
