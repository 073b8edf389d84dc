// Walking inputs, knowing them again, decoding and committing them one by one.
#include "ingest/ingest.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "ingest/content_hash.h"
#include "ingest/domain_filler.h"
#include "ingest/mail_reports.h"
#include "ingest/spool.h"
#include "model/escape.h"

namespace rw {
namespace {

constexpr std::uint64_t kNoticeSeed = 0x6E6F74696365;  // keeps hashes of notices apart from those of content
constexpr int kAttempts = 10;                          // beside other processes that bring the same content
constexpr std::size_t kHead = InputIdentity::kHeadBytes;
constexpr auto kProgressEvery = std::chrono::milliseconds(200);
// Small inputs are committed together: a commit costs some milliseconds of fsync, and so many small files in the lake.
constexpr auto kGroupFor = std::chrono::seconds(1);
constexpr std::size_t kGroupInputs = 1'000;
constexpr std::uint64_t kLargeInput = 4 << 20;  // bytes; a larger one is committed when it ends

// Names of files come from outside: UTF-8 without control characters stays, anything else is escaped.
std::string printable(const std::string& name) {
  std::size_t more = 0;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (more > 0) {
      if ((byte & 0xC0) != 0x80) return escape_text(name);
      --more;
    } else if (byte < 0x20 || byte == 0x7F || byte == 0xC0 || byte == 0xC1 || byte > 0xF4 || (byte & 0xC0) == 0x80) {
      return escape_text(name);
    } else {
      more = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : byte >= 0xC0 ? 1 : 0;
    }
  }
  return more == 0 ? name : escape_text(name);
}

// Reads through to another stream, hashes what passes and tells the time to show progress.
class WatchedStream : public ByteStream {
 public:
  WatchedStream(ByteStream& inner, ContentHash* hash, std::function<void()> tick)
      : inner_(inner), hash_(hash), tick_(std::move(tick)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    auto got = inner_.read(buffer);
    if (got && hash_ != nullptr) hash_->update(buffer.first(*got));
    tick_();
    return got;
  }

 private:
  ByteStream& inner_;
  ContentHash* hash_;
  std::function<void()> tick_;
};

// The head again, then the rest of the stream that it was taken from.
class JoinedStream : public ByteStream {
 public:
  JoinedStream(Bytes head, Result<void> status, ByteStream& rest)
      : head_(head), status_(std::move(status)), rest_(rest) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    if (!head_.empty()) {
      const std::size_t count = std::min(buffer.size(), head_.size());
      std::copy_n(head_.begin(), count, buffer.begin());
      head_ = head_.subspan(count);
      return count;
    }
    if (!status_) return Failure(status_.error());
    return rest_.read(buffer);
  }

 private:
  Bytes head_;
  Result<void> status_;
  ByteStream& rest_;
};

std::uint64_t sum(const std::map<std::string, std::uint64_t, std::less<>>& counts) {
  std::uint64_t total = 0;
  for (const auto& [name, count] : counts) total += count;
  return total;
}

void add_counts(Emitter::Counts& to, const Emitter::Counts& from) {
  for (const auto& [table, n] : from.rows) to.rows[table] += n;
  for (const auto& [code, n] : from.weird) to.weird[code] += n;
  for (const auto& [kind, n] : from.skipped) to.skipped[kind] += n;
  to.known += from.known;
}

// Rows of observations, without the `weird` table's.
std::uint64_t observations(const Emitter::Counts& counts) {
  const auto weird = counts.rows.find(kWeirdTable.name);
  return sum(counts.rows) - (weird == counts.rows.end() ? 0 : weird->second);
}

// What the lake knows of an input's content.
struct Known {
  bool whole = false;                  // all of it was taken before
  std::uint64_t prefix_bytes = 0;      // else this much of its beginning, 0 for nothing
  std::vector<std::uint32_t> ingests;  // that brought any of it
  std::vector<KnownInput> beginnings;  // known inputs that are shorter than it
};

class Coordinator : public InputVisitor {
 public:
  Coordinator(Lake& lake, const IngestOptions& options, const IngestHooks& hooks, std::uint64_t total_bytes)
      : lake_(lake), options_(options), hooks_(hooks), seed_(lake.hash_seed()) {
    progress_.total_bytes = total_bytes;
  }

  Result<void> input(const InputInfo& info, ByteStream& stream) override;
  void unreadable(const std::string& name, const Error& error) override;

  // Commits what is still open; the first failure of the lake.
  Result<void> finish() {
    RW_TRY(status_);
    return commit_group();
  }
  IngestSummary summary() const { return summary_; }
  // Forgets what is not committed, so that the same paths can be walked again; what was told is not told twice.
  void start_again();

 private:
  using Outcome = InputReport::Outcome;

  // Inputs that are read but not committed yet. Their reports wait for the commit, which is the acknowledgement.
  struct Group {
    std::unique_ptr<IngestTransaction> transaction;
    SeenReports mail_reports;
    std::chrono::steady_clock::time_point since;
    std::vector<InputReport> reports;
    std::vector<InputIdentity> inputs;
    std::uint64_t rows = 0;
  };
  Result<IngestTransaction*> open_group();
  Result<void> commit_group();
  Result<void> end_input(InputIdentity identity, const Emitter::Counts& counts);

  Result<std::vector<KnownInput>> candidates(Bytes head);
  Result<Known> recognise(const InputInfo& info, Bytes head, ByteStream& rest, std::unique_ptr<ByteStream>& spooled);
  Result<void> take(const Format& format, ByteStream& stream, Bytes head, const Known& known, InputReport& report);
  Result<void> keep_known(const Known& known, InputIdentity identity, Bytes head);
  Result<void> judge(const Format& format, const Result<void>& decoded, StreamReader& reader, Emitter& emitter,
                     const Known& known, InputReport& report, bool& keep);
  Result<void> skip(InputReport& report, Outcome outcome, std::string_view code, std::string reason, Bytes head = {});
  Result<void> note(const InputReport& report, std::string_view code, Bytes head);
  void report_when_committed(const InputReport& report);
  void tell(const InputReport& report);
  void start_progress(const InputInfo& info);
  void tick();

  Lake& lake_;
  const IngestOptions& options_;
  const IngestHooks& hooks_;
  const std::uint64_t seed_;
  SharedState shared_;
  Spool* spool_ = nullptr;
  Group group_;
  std::optional<std::vector<KnownInput>>
      small_;  // known inputs shorter than a head, as they were at the start, and our own
  IngestSummary summary_;
  std::set<std::string> told_before_;  // by an earlier walk over the same paths
  std::set<std::string> told_;
  Result<void> status_;

  IngestProgress progress_;
  std::uint64_t finished_bytes_ = 0;  // of stored files that are done
  std::uint64_t position_ = 0;        // in the stored file that is being read
  std::function<std::uint64_t()> position_now_;
  const Emitter* emitter_ = nullptr;
  std::chrono::steady_clock::time_point shown_{};
};

void Coordinator::start_progress(const InputInfo& info) {
  position_now_ = info.position;
  const std::uint64_t now = position_now_ ? position_now_() : 0;
  if (now < position_) finished_bytes_ += position_;  // another file; members of one archive go on where the last ended
  position_ = now;
  progress_.current = info.name;
}

void Coordinator::tick() {
  if (!hooks_.progress) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - shown_ < kProgressEvery) return;
  shown_ = now;
  if (position_now_) position_ = std::max(position_, position_now_());
  progress_.done_bytes = std::min(finished_bytes_ + position_, std::max(progress_.total_bytes, position_));
  progress_.rows =
      observations(summary_.counts) + group_.rows + (emitter_ == nullptr ? 0 : observations(emitter_->counts()));
  hooks_.progress(progress_);
}

void Coordinator::start_again() {
  group_ = {};
  small_.reset();
  shared_ = {};
  status_ = {};
  told_before_.insert(told_.begin(), told_.end());
}

void Coordinator::tell(const InputReport& report) {
  if (told_before_.contains(report.name)) return;
  told_.insert(report.name);
  ++summary_.inputs;
  switch (report.outcome) {
    case Outcome::kRead: ++summary_.read; break;
    case Outcome::kKnown: ++summary_.known; break;
    case Outcome::kExtended: ++summary_.extended; break;
    case Outcome::kSkipped: ++summary_.skipped; break;
    case Outcome::kPartly: ++summary_.partly; break;
    case Outcome::kFailed: ++summary_.failed; break;
  }
  add_counts(summary_.counts, report.counts);
  if (hooks_.input) hooks_.input(report);
}

// Keeps a line in `weird` about an input that was not read. The same line about the same content is kept once, however
// often the input is offered.
Result<void> Coordinator::note(const InputReport& report, std::string_view code, Bytes head) {
  std::string key(code);
  key.append(1, '\0').append(report.name).append(1, '\0').append(report.reason).append(1, '\0');
  key += as_text(head);
  const Hash128 hash = hash_of(as_bytes(key), seed_ ^ kNoticeSeed);
  RW_ASSIGN(const auto noted, lake_.known_inputs(hash.lo, UINT64_MAX));
  for (const KnownInput& one : noted)
    if (one.hash_hi == hash.hi && one.hash_lo == hash.lo) return {};
  for (const InputIdentity& one : group_.inputs)
    if (one.hash_hi == hash.hi && one.hash_lo == hash.lo) return {};
  RW_ASSIGN(IngestTransaction * transaction, open_group());
  Emitter emitter(*transaction, report.name, report.format, Timestamp::now());
  emitter.weird(code, report.reason);
  RW_TRY(emitter.finish());
  InputIdentity identity;
  identity.name = report.name;
  identity.format = report.format;
  identity.hash_hi = hash.hi;
  identity.hash_lo = hash.lo;
  identity.head_hash = hash.lo;
  return end_input(std::move(identity), emitter.counts());
}

Result<IngestTransaction*> Coordinator::open_group() {
  if (!group_.transaction) {
    RW_ASSIGN(group_.transaction, lake_.begin_ingest());
    group_.since = std::chrono::steady_clock::now();
  }
  return group_.transaction.get();
}

Result<void> Coordinator::commit_group() {
  if (group_.transaction) RW_TRY(group_.transaction->commit());
  const Group done = std::exchange(group_, {});
  for (const InputReport& report : done.reports) tell(report);
  if (options_.again) small_.reset();  // what is replaced next must be known by its number
  return {};
}

Result<void> Coordinator::end_input(InputIdentity identity, const Emitter::Counts& counts) {
  RW_TRY(group_.transaction->end_input(identity, counts));
  group_.rows += observations(counts);
  if (small_ && identity.bytes > 0 && identity.bytes < kHead)
    small_->push_back({identity.bytes, identity.hash_hi, identity.hash_lo, 0});
  group_.inputs.push_back(std::move(identity));
  return {};
}

void Coordinator::report_when_committed(const InputReport& report) {
  if (group_.transaction)
    group_.reports.push_back(report);
  else
    tell(report);
}

Result<void> Coordinator::skip(InputReport& report, Outcome outcome, std::string_view code, std::string reason,
                               Bytes head) {
  report.outcome = outcome;
  report.reason = std::move(reason);
  RW_TRY(note(report, code, head));
  report_when_committed(report);
  return {};
}

void Coordinator::unreadable(const std::string& name, const Error& error) {
  InputReport report;
  report.name = printable(name);
  if (!status_) return;
  status_ = skip(report, Outcome::kFailed, "unreadable", error.message);
}

// Known inputs that this one may begin with, shorter ones first.
Result<std::vector<KnownInput>> Coordinator::candidates(Bytes head) {
  const std::uint64_t head_hash = hash_of(head, seed_).lo;
  RW_ASSIGN(auto found, lake_.known_inputs(head_hash, UINT64_MAX));
  for (const InputIdentity& one : group_.inputs)
    if (one.head_hash == head_hash && one.bytes > 0) found.push_back({one.bytes, one.hash_hi, one.hash_lo, 0});
  if (!small_) {
    RW_ASSIGN(small_, lake_.known_small_inputs());
  }
  std::map<std::uint64_t, Hash128> hashes;  // of the head's beginnings, by length
  for (const KnownInput& one : *small_) {
    if (one.bytes == 0 || one.bytes >= head.size()) continue;
    auto it = hashes.find(one.bytes);
    if (it == hashes.end()) it = hashes.emplace(one.bytes, hash_of(head.first(one.bytes), seed_)).first;
    if (it->second == Hash128{one.hash_hi, one.hash_lo}) found.push_back(one);
  }
  std::sort(found.begin(), found.end(), [](const KnownInput& a, const KnownInput& b) { return a.bytes < b.bytes; });
  return found;
}

// Finds out what of the input is known, by reading it to its end when its head is. An input that can be read only once
// is copied while that happens, into `spooled`.
Result<Known> Coordinator::recognise(const InputInfo& info, Bytes head, ByteStream& rest,
                                     std::unique_ptr<ByteStream>& spooled) {
  RW_ASSIGN(const auto found, candidates(head));
  Known known;
  if (found.empty()) return known;
  ContentHash hash(seed_);
  for (const KnownInput& one : found) hash.mark(one.bytes);
  std::unique_ptr<ByteStream> again;
  if (info.reopen) {
    if (auto opened = info.reopen(); opened) again = std::move(*opened);
  }
  WatchedStream watched(again ? *again : rest, &hash, [this] { tick(); });
  std::vector<std::byte> buffer(1 << 20);
  Result<void> status;
  for (;;) {
    auto got = watched.read(buffer);
    if (!got) status = Failure(got.error());
    if (!got || *got == 0) break;
    if (!again) RW_TRY(spool_->write(Bytes(buffer).first(*got)));
  }
  if (!again) spooled = spool_->read(status);
  const auto marks = hash.reached();
  for (std::size_t i = 0; i < marks.size(); ++i) {
    if (marks[i].hash != Hash128{found[i].hash_hi, found[i].hash_lo}) continue;
    known.ingests.push_back(found[i].ingest);
    known.prefix_bytes = found[i].bytes;
    known.whole = found[i].bytes == hash.bytes();
    if (!known.whole) known.beginnings.push_back(found[i]);
  }
  return known;
}

// What a decoder's end means for the input: report.outcome and reason, and whether its rows are kept.
Result<void> Coordinator::judge(const Format& format, const Result<void>& decoded, StreamReader& reader,
                                Emitter& emitter, const Known& known, InputReport& report, bool& keep) {
  const Result<void>& ended = !decoded ? decoded : reader.status();
  keep = true;
  // A beginning without rows (a bare header) is nothing that grew.
  const bool grew = known.prefix_bytes > 0 && emitter.counts().known > 0;
  report.outcome = grew ? Outcome::kExtended : Outcome::kRead;
  if (report.outcome == Outcome::kExtended)
    report.reason = "had grown since its first " + std::to_string(known.prefix_bytes) + " bytes were read";
  if (ended) return {};
  const std::uint64_t rows = observations(emitter.counts());
  if (ended.error().code == ErrorCode::kUnsupported && rows == 0) {
    keep = false;
    report.outcome = Outcome::kSkipped;
    report.reason = ended.error().message;
    return {};
  }
  emitter.at(reader.offset());
  emitter.weird("input-broken", ended.error().message);
  report.outcome = rows > 0 ? Outcome::kPartly : Outcome::kFailed;
  report.reason = ended.error().message + " (at byte " + std::to_string(reader.offset()) + " of its content); " +
                  (rows > 0 ? std::to_string(rows) + " rows from before that were kept" : "nothing could be kept");
  report.format = format.name;
  return {};
}

Result<void> Coordinator::take(const Format& format, ByteStream& stream, Bytes head, const Known& known,
                               InputReport& report) {
  const bool replaces = options_.again && !known.ingests.empty();
  if (replaces) {
    RW_TRY(commit_group());
    RW_ASSIGN(group_.transaction, lake_.begin_ingest(known.ingests));
  }
  RW_ASSIGN(IngestTransaction * transaction, open_group());
  DomainFiller sink(*transaction);
  EmitterOptions emitter_options;
  if (!options_.again) emitter_options.resume_offset = known.prefix_bytes;
  Emitter emitter(sink, report.name, std::string(format.name), Timestamp::now(), emitter_options);
  emitter_ = &emitter;
  ContentHash hash(seed_);
  WatchedStream watched(stream, &hash, [this] { tick(); });
  StreamReader reader(watched);
  AttachmentOpener opener(options_.source);
  MailReports mail_reports(lake_, group_.mail_reports, seed_, replaces ? known.ingests : std::vector<std::uint32_t>());
  DecodeContext context{reader, emitter, shared_, options_.decode, &opener, &mail_reports};
  const Result<void> decoded = format.decode(context);
  emitter_ = nullptr;
  if (!emitter.status()) return Failure(emitter.status().error());
  RW_TRY(mail_reports.status());
  bool keep = true;
  RW_TRY(judge(format, decoded, reader, emitter, known, report, keep));
  if (!keep) return skip(report, report.outcome, "unsupported", report.reason, head);
  RW_TRY(emitter.finish());
  RW_TRY(mail_reports.keep(*transaction));
  std::vector<std::byte> rest(decoded ? 0
                                      : 1 << 20);  // what a decoder gave up on still belongs to the input's identity
  for (auto got = watched.read(rest); !rest.empty() && got && *got > 0;) got = watched.read(rest);

  report.counts = emitter.counts();
  report.bytes = hash.bytes();
  InputIdentity identity;
  identity.name = report.name;
  identity.format = format.name;
  identity.bytes = hash.bytes();
  const Hash128 digest = hash.digest();
  identity.hash_hi = digest.hi;
  identity.hash_lo = digest.lo;
  identity.head_hash = hash_of(head, seed_).lo;
  RW_TRY(end_input(identity, report.counts));
  if (replaces) RW_TRY(keep_known(known, identity, head));
  report_when_committed(report);
  if (options_.again || report.bytes >= kLargeInput) return commit_group();
  return {};
}

// Inputs that were taken before this one grew are replaced with it; their content stays known, or offering a copy of it
// would bring its rows a second time.
Result<void> Coordinator::keep_known(const Known& known, InputIdentity identity, Bytes head) {
  for (const KnownInput& one : known.beginnings) {
    identity.bytes = one.bytes;
    identity.hash_hi = one.hash_hi;
    identity.hash_lo = one.hash_lo;
    identity.head_hash = hash_of(head.first(std::min<std::uint64_t>(one.bytes, head.size())), seed_).lo;
    RW_TRY(end_input(identity, {}));
  }
  return {};
}

Result<void> Coordinator::input(const InputInfo& info, ByteStream& stream) {
  RW_TRY(status_);
  const bool old = std::chrono::steady_clock::now() - group_.since > kGroupFor;
  if (old || group_.inputs.size() >= kGroupInputs || info.stored_bytes >= kLargeInput) RW_TRY(commit_group());
  start_progress(info);
  InputReport report;
  report.name = printable(info.name);
  std::vector<std::byte> head(kHead);
  std::size_t size = 0;
  Result<void> head_status;
  while (size < head.size()) {
    auto got = stream.read(std::span(head).subspan(size));
    if (!got) head_status = Failure(got.error());
    if (!got || *got == 0) break;
    size += *got;
  }
  head.resize(size);
  tick();
  if (head.empty() && !head_status) return skip(report, Outcome::kFailed, "unreadable", head_status.error().message);
  if (head.empty()) return skip(report, Outcome::kSkipped, "empty-input", "the input is empty");
  const Format* format = options_.format.empty() ? detect_format(head, info.name) : find_format(options_.format);
  if (format == nullptr)
    return skip(report, Outcome::kSkipped, "unknown-format",
                "no format fits; rangewatch formats lists what can be read", head);
  report.format = format->name;
  JoinedStream whole(head, head_status, stream);
  Spool spool;
  spool_ = &spool;
  std::unique_ptr<ByteStream> spooled;
  RW_ASSIGN(const Known known, recognise(info, head, whole, spooled));
  if (known.whole && !options_.again) {
    report.outcome = Outcome::kKnown;
    report.reason = "was read before";
    report.bytes = known.prefix_bytes;
    report_when_committed(report);
    return {};
  }
  return take(*format, spooled ? *spooled : whole, head, known, report);
}

}  // namespace

namespace {

Result<IngestSummary> ingest_walk(Lake& lake, const InputWalk& walk, const IngestOptions& options,
                                  const IngestHooks& hooks, std::uint64_t total_bytes, bool once) {
  if (!options.format.empty() && find_format(options.format) == nullptr)
    return Failure(ErrorCode::kUsage, "no format is called '" + options.format + "'; rangewatch formats lists them");
  Coordinator coordinator(lake, options, hooks, total_bytes);
  // Two processes may read the same inputs at once: the later one to commit finds them taken, and looks again.
  for (int attempt = 1;; ++attempt) {
    Result<void> done = walk(coordinator);
    if (done) done = coordinator.finish();
    if (done) return coordinator.summary();
    if (done.error().code != ErrorCode::kConflict || once || attempt == kAttempts)
      return Failure(
          done.error().code,
          done.error().message + (done.error().code == ErrorCode::kConflict ? "; run the same command again" : ""));
    coordinator.start_again();
  }
}

}  // namespace

Result<IngestSummary> ingest(Lake& lake, std::span<const std::string> paths, const IngestOptions& options,
                             const IngestHooks& hooks) {
  const bool once = std::find(paths.begin(), paths.end(), "-") != paths.end();
  return ingest_walk(
      lake, [&](InputVisitor& visitor) { return visit_inputs(paths, options.source, visitor); }, options, hooks,
      hooks.progress ? total_stored_bytes(paths) : 0, once);
}

Result<IngestSummary> ingest(Lake& lake, const InputWalk& walk, const IngestOptions& options,
                             const IngestHooks& hooks) {
  return ingest_walk(lake, walk, options, hooks, 0, false);
}

}  // namespace rw
