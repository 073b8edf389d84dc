// rangewatch mail milter: checks messages while an MTA receives them, and keeps a row of each.
#include "mail/milter.h"

#include <unistd.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/quantity.h"
#include "command.h"
#include "flags.h"
#include "ingest/message_spool.h"
#include "listing.h"
#include "mail/milter_policy.h"
#include "mail/scanners.h"
#include "mail_resolver.h"
#include "message/mailbox.h"
#include "open_lake.h"

namespace rw {
namespace {

constexpr Flag kSocket{.name = "socket",
                       .value = "SOCKET",
                       .doc = "where the MTA reaches the filter: inet:PORT@ADDRESS, or unix:PATH (made with mode 0660)",
                       .preset = "inet:8891@127.0.0.1"};
constexpr Flag kAuthservId{
    .name = "authserv-id",
    .value = "NAME",
    .doc =
        "our name in Authentication-Results (RFC 8601); such fields that come from outside are removed. Default the "
        "machine's host name"};
constexpr Flag kQuarantine{
    .name = "quarantine",
    .doc = "put messages on hold that fail a policy of quarantine (of reject too, without --reject)"};
constexpr Flag kReject{.name = "reject", .doc = "refuse messages that fail a policy of reject"};
constexpr Flag kFailOpen{.name = "fail-open",
                         .doc = "let messages pass when they cannot be checked (as it is without)"};
constexpr Flag kFailClosed{.name = "fail-closed",
                           .doc = "defer messages (451) when they cannot be checked or their row cannot be kept"};
constexpr Flag kIgnore{.name = "ignore",
                       .value = "PREFIX",
                       .doc =
                           "clients whose mail is passed on unchecked and as it is; default 127.0.0.0/8 and ::1. Mail "
                           "of users who logged in always is",
                       .repeatable = true};
constexpr Flag kConnections{.name = "connections",
                            .value = "N",
                            .doc =
                                "of the MTA at once, a thread each; more are not checked, or deferred with "
                                "--fail-closed",
                            .preset = "200"};
constexpr Flag kMaxMessage{.name = "max-message",
                           .value = "SIZE",
                           .doc = "of a larger message the beginning is checked, and its signatures count as neutral",
                           .preset = "32Mi"};
constexpr Flag kCommitEvery{.name = "commit-every",
                            .value = "TIME",
                            .doc = "make rows visible to queries this often; they are safe from crashes at once",
                            .preset = "5s"};
constexpr Flag kClock{.name = "clock",
                      .value = "FILE",
                      .doc = "for trials: take the time from this file (RFC 3339), read anew for each message"};

// Notes and rows come from several threads.
class Voice {
 public:
  explicit Voice(Console& console) : console_(console) {}
  void note(const std::string& text) {
    const std::lock_guard lock(mutex_);
    console_.note(text);
  }
  template <typename Work>
  void alone(Work&& work) {
    const std::lock_guard lock(mutex_);
    work();
  }

 private:
  std::mutex mutex_;
  Console& console_;
};

struct Wanted {
  MilterOptions milter;
  MilterPolicy policy;
  Duration commit_every;
  std::string clock;
};

std::string host_name() {
  char name[256] = "";
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

Result<Wanted> wanted_of(const Arguments& args, const MailSettings& settings) {
  Wanted wanted;
  RW_ASSIGN(wanted.milter.socket, milter_socket(args.get(kSocket)));
  wanted.milter.authserv_id = args.has(kAuthservId)          ? std::string(args.get(kAuthservId))
                              : settings.authserv_id.empty() ? host_name()
                                                             : settings.authserv_id;
  if (wanted.milter.authserv_id.empty() || wanted.milter.authserv_id.find_first_of(" \t\r\n;\"()") != std::string::npos)
    return Failure(ErrorCode::kUsage, "'--authserv-id' must be a name such as mx.example.org");
  if (args.has(kFailOpen) && args.has(kFailClosed))
    return Failure(ErrorCode::kUsage, "'--fail-open' and '--fail-closed' exclude each other");
  wanted.milter.fail_open = !args.has(kFailClosed);
  RW_ASSIGN(const std::uint64_t connections, args.number(kConnections));
  if (connections == 0 || connections > 5000) return Failure(ErrorCode::kUsage, "'--connections' must be 1 to 5000");
  wanted.milter.max_connections = static_cast<unsigned>(connections);
  RW_ASSIGN(wanted.milter.max_message_bytes, args.size_bytes(kMaxMessage));
  if (wanted.milter.max_message_bytes < (64 << 10) || wanted.milter.max_message_bytes > kMaxMessageBytes)
    return Failure(ErrorCode::kUsage, "'--max-message' must be at least 64Ki and at most 64Mi");
  RW_ASSIGN(wanted.commit_every, args.duration(kCommitEvery));
  if (wanted.commit_every < kSecond || wanted.commit_every > Duration::seconds(300))
    return Failure(ErrorCode::kUsage, "'--commit-every' must be at least 1s and at most 5min");
  std::vector<std::string> ignored = args.all(kIgnore);
  if (!args.has(kIgnore)) ignored = {"127.0.0.0/8", "::1/128"};
  for (const std::string& text : ignored) {
    RW_ASSIGN(const Prefix prefix, Prefix::parse(text));
    wanted.milter.ignore.push_back(prefix);
  }
  wanted.policy = {wanted.milter.authserv_id, args.has(kQuarantine), args.has(kReject)};
  wanted.clock = args.get(kClock);
  return wanted;
}

// The present, or what the trial says it is.
Result<Timestamp> time_of(const std::string& file) {
  if (file.empty()) return Timestamp::now();
  std::string text;
  std::getline(std::ifstream(file), text);
  return Timestamp::parse(text);
}

// Takes rows from the spool into the lake until told to end, and once more then.
class Committer {
 public:
  Committer(Lake& lake, MessageSpool& spool, Duration every, Voice& voice, std::function<void(std::uint64_t)> told)
      : lake_(lake), spool_(spool), every_(every), voice_(voice), told_(std::move(told)), thread_([this] { run(); }) {}
  ~Committer() {
    {
      const std::lock_guard lock(mutex_);
      end_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

 private:
  void run() {
    for (bool last = false; !last;) {
      {
        std::unique_lock lock(mutex_);
        last = wake_.wait_for(lock, std::chrono::microseconds(every_.us), [this] { return end_; });
      }
      commit();
    }
  }
  void commit() {
    const auto committed = spool_.commit(lake_);
    if (!committed) return voice_.note("rows stay in the spool: " + committed.error().message);
    if (committed->damaged > 0)
      voice_.note(std::to_string(committed->damaged) + " records of the spool were damaged on the disk");
    if (committed->rows > 0) told_(committed->rows);
  }

  Lake& lake_;
  MessageSpool& spool_;
  const Duration every_;
  Voice& voice_;
  std::function<void(std::uint64_t)> told_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool end_ = false;
  std::thread thread_;
};

// Checks one message and keeps its row; any thread.
class Checker {
 public:
  Checker(const Wanted& wanted, std::shared_ptr<Resolver> resolver, MessageSpool& spool, const MessageRowOptions& row,
          CheckOptions check)
      : wanted_(wanted), resolver_(std::move(resolver)), spool_(spool), row_(row), check_(std::move(check)) {}

  Result<MilterAnswer> operator()(const MilterMessage& message) const {
    CheckOptions options = check_;
    RW_ASSIGN(options.now, time_of(wanted_.clock));
    Envelope envelope = message.envelope;
    envelope.received = options.now;
    MessageCheck check = check_message(*resolver_, message.bytes, envelope, options);
    if (message.cut) soften_cut_message(check);
    const MessageRow row = message_row(check, row_);
    RW_TRY(spool_.add(row.row));  // before the MTA is told anything
    return answer_to(check, wanted_.policy);
  }

 private:
  const Wanted& wanted_;
  std::shared_ptr<Resolver> resolver_;
  MessageSpool& spool_;
  const MessageRowOptions row_;
  const CheckOptions check_;
};

Lookalikes known_names(const Settings& settings) {
  KnownNames names;
  names.own = settings.organisation.domains;
  names.partners = settings.mail.partners;
  names.allowed = settings.mail.allowed_lookalikes;
  names.free_mail = settings.mail.free_mail;
  for (const MailPerson& person : settings.mail.people) names.people.push_back({person.name, person.addresses});
  return Lookalikes(names);
}

// The client is who speaks to the MTA, and results in the message are a stranger's: what the settings trust in stored
// messages has no place here.
Result<CheckOptions> check_options(const MailSettings& settings) {
  CheckOptions options;
  options.shorteners = settings.shorteners;
  if (!settings.clamd.empty()) {
    RW_ASSIGN(auto scanner, make_clamd_scanner(settings.clamd));
    options.attachments.scanners.push_back(std::move(scanner));
  }
  if (!settings.yara_rules.empty()) {
    RW_ASSIGN(auto scanner, make_yara_scanner(settings.yara_rules));
    options.attachments.scanners.push_back(std::move(scanner));
  }
  return options;
}

std::vector<Value> commit_row(const MilterCounts& counts, std::uint64_t rows) {
  const auto whole = [](std::uint64_t n) { return Value(static_cast<std::int64_t>(n)); };
  return {Value(Timestamp::now()),  whole(rows),           whole(counts.messages), whole(counts.cut),
          whole(counts.errors),     whole(counts.refused), whole(counts.forged),   whole(counts.rejected),
          whole(counts.quarantined)};
}

Result<int> run(const Arguments& args, Console& console) {
  RW_ASSIGN(const Settings settings, lake_settings(args));
  RW_ASSIGN(Wanted wanted, wanted_of(args, settings.mail));
  block_milter_signals();  // before the resolver and the lake start threads
  RW_ASSIGN(const auto resolver, make_resolver(args));
  LakeOptions lake_options;
  lake_options.create = true;
  lake_options.write = true;
  RW_ASSIGN(const auto lake, open_lake(args, lake_options));
  RW_ASSIGN(const auto spool, MessageSpool::open(lake->directory() + "/spool"));
  Voice voice(console);
  if (spool->left_over() > 0)
    voice.note("taking up " + std::to_string(spool->left_over()) +
               " files of rows that a former run left in the spool");

  const Lookalikes names = known_names(settings);
  RW_ASSIGN(CheckOptions check, check_options(settings.mail));
  check.names = &names;
  check.receiver = wanted.milter.authserv_id;
  MessageRowOptions row;
  row.seed = lake->hash_seed();
  row.hash_subjects = settings.mail.hash_subjects;
  row.hash_addresses = settings.mail.hash_addresses;
  row.store_body = settings.mail.store_bodies;
  row.sensor = "milter";
  wanted.milter.check = Checker(wanted, resolver, *spool, row, check);
  wanted.milter.note = [&](const std::string& text) { voice.note(text); };

  AnswerWriter writer = listing_writer(args, console);
  writer.begin({{"time", "", false},
                {"rows", "", false},
                {"messages", "", false},
                {"cut", "", false},
                {"errors", "", false},
                {"refused", "", false},
                {"forged", "", false},
                {"rejected", "", false},
                {"quarantined", "", false}});
  MilterCounts counts;
  {
    Committer committer(*lake, *spool, wanted.commit_every, voice, [&](std::uint64_t rows) {
      voice.alone([&] {
        (void)writer.add(commit_row(counts, rows));
        (void)console.flush();
      });
    });
    RW_TRY(run_milter(wanted.milter, counts, [&] {
      voice.note("listening on " + wanted.milter.socket + " as " + wanted.milter.authserv_id +
                 "; DNS: " + resolver->description());
    }));
  }
  writer.finish();
  console.note(group_thousands(static_cast<std::int64_t>(counts.messages)) + " messages, " +
               group_thousands(static_cast<std::int64_t>(counts.errors)) + " not checked");
  return 0;
}

constexpr const Flag* kFlags[] = {&kSocket,     &kAuthservId,      &kQuarantine,    &kReject,      &kFailOpen,
                                  &kFailClosed, &kIgnore,          &kConnections,   &kMaxMessage,  &kCommitEvery,
                                  &kClock,      RW_RESOLVER_FLAGS, &flags::kFormat, &flags::kLake, &flags::kMemory};
constexpr std::string_view kExamples[] = {
    "rangewatch mail milter --lake /srv/lake --authserv-id mx.example.org",
    "rangewatch mail milter --socket unix:/run/rangewatch/milter.sock --quarantine --reject --fail-closed"};

}  // namespace

extern constinit const Command kMailMilterCommand{
    .name = "mail milter",
    .summary = "check messages while Postfix or Sendmail receives them",
    .examples = kExamples,
    .doc =
        "Each message is checked as 'mail check' does, with the envelope of the SMTP session. It gets an "
        "Authentication-Results field; fields of others that claim to be ours are removed (RFC 8601 5). Nothing is "
        "refused or put on hold unless --reject or --quarantine say so, and then only what fails a DMARC policy that "
        "asks for it.\n\n"
        "A row of each message is on the disk before the MTA is told that it may go on, and in the lake a few seconds "
        "later. What a crash leaves in the spool is taken up by the next start. One line for each commit, with counts "
        "since the start. SIGTERM ends it.\n\n"
        "Postfix, in main.cf:\n\n"
        "  smtpd_milters = inet:127.0.0.1:8891\n"
        "  milter_default_action = accept",
    .flags = kFlags,
    .run = run};

}  // namespace rw
