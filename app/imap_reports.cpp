// Fetch, commit, file: batch by batch, so that a kill at any point loses nothing and files nothing too early.
#include "imap_reports.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/quantity.h"
#include "ingest/ingest.h"
#include "ingest_teller.h"
#include "mail/imap.h"

namespace rw {
namespace flags {
extern constinit const Flag kImap{
    .name = "imap", .value = "URL", .doc = "fetch messages from a mailbox: imaps://user@host/INBOX (TLS, verified)"};
extern constinit const Flag kPasswordFile{
    .name = "password-file", .value = "FILE", .doc = "its first line is the password of the mailbox's user"};
extern constinit const Flag kCaFile{
    .name = "ca-file", .value = "FILE", .doc = "certificates of the authorities to trust; default the system's"};
extern constinit const Flag kMoveTo{.name = "move-to",
                                    .value = "FOLDER",
                                    .doc = "move messages whose reports are safe in the lake to this folder there"};
extern constinit const Flag kMarkSeen{.name = "mark-seen", .doc = "mark such messages as seen"};
}  // namespace flags

namespace {

// A batch is fetched, committed and filed before the next. Large enough that commits cost little, small enough that
// memory stays flat and that a break repeats little.
constexpr std::size_t kBatchMessages = 1'000;
constexpr std::size_t kBatchBytes = std::size_t{32} << 20;

// ---- what the lake remembers of a mailbox

struct Progress {
  std::uint32_t uid_validity = 0;
  std::uint32_t next_uid = 1;    // what was read, whether or not it was filed …
  std::uint32_t next_filed = 1;  // … and what was looked at for filing
};

// One small file for each mailbox, replaced whole: "rangewatch imap 1\nuidvalidity N\nnext N\nfiled N\n".
class ProgressFile {
 public:
  ProgressFile(const Lake& lake, const ImapUrl& url) : folder_(lake.directory() + "/imap") {
    std::string name;
    for (const char c : url.user + "@" + url.host + "_" + std::to_string(url.port) + "_" + url.mailbox) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '@' || c == '_';
      constexpr char kHex[] = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      if (plain)
        name += c;
      else
        ((name += '%') += kHex[byte >> 4]) += kHex[byte & 15];
    }
    path_ = folder_ + "/" + name.substr(0, 200);
  }

  Progress read() const {
    std::ifstream file(path_);
    std::string word, kind;
    int version = 0;
    Progress progress;
    std::uint32_t validity = 0, next = 0, filed = 0;
    if (file >> word >> kind >> version && word == "rangewatch" && version == 1 && file >> word >> validity &&
        file >> word >> next && file >> word >> filed)
      progress = {validity, std::max(1U, next), std::max(1U, filed)};
    return progress;
  }

  Result<void> write(Progress progress) const {
    const std::string text = "rangewatch imap 1\nuidvalidity " + std::to_string(progress.uid_validity) + "\nnext " +
                             std::to_string(progress.next_uid) + "\nfiled " + std::to_string(progress.next_filed) +
                             "\n";
    const std::string beside = path_ + ".new";
    const auto failed = [&](const std::string& what) {
      return Failure(ErrorCode::kIo, what + ": " + std::string(std::strerror(errno)));
    };
    if (::mkdir(folder_.c_str(), 0777) != 0 && errno != EEXIST) return failed("cannot make " + folder_);
    const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return failed("cannot write " + beside);
    const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
    if (::close(fd) != 0 || !written) return failed("cannot write " + beside);
    if (std::rename(beside.c_str(), path_.c_str()) != 0) return failed("cannot rename " + beside);
    return {};
  }

 private:
  std::string folder_, path_;
};

// ---- one batch

struct Mail {
  std::uint32_t uid;
  std::string bytes;
};

class Fetcher {
 public:
  Fetcher(const Arguments& args, Lake& lake, Console& console, const ImapUrl& url, ImapMailbox& mailbox)
      : lake_(lake),
        console_(console),
        url_(url),
        mailbox_(mailbox),
        file_(lake, url),
        teller_(console, IngestTeller::To::kErrOnlyTrouble),
        move_to_(args.get(flags::kMoveTo)),
        mark_seen_(args.has(flags::kMarkSeen)) {}

  Result<void> run();

 private:
  bool files() const { return !move_to_.empty() || mark_seen_; }
  std::string name_of(std::uint32_t uid) const { return url_.text() + ";UID=" + std::to_string(uid); }
  Result<void> batch(std::span<const std::uint32_t> uids);
  Result<void> commit();
  Result<void> file(const std::vector<std::uint32_t>& uids);
  void add(const IngestSummary& summary);

  Lake& lake_;
  Console& console_;
  const ImapUrl& url_;
  ImapMailbox& mailbox_;
  ProgressFile file_;
  Progress progress_;
  IngestTeller teller_;
  std::string move_to_;
  bool mark_seen_;
  std::vector<Mail> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::vector<std::uint32_t> to_file_;
  IngestSummary all_;
  std::uint64_t fetched_ = 0, filed_ = 0;
};

void Fetcher::add(const IngestSummary& summary) {
  all_.inputs += summary.inputs;
  all_.read += summary.read;
  all_.known += summary.known;
  all_.extended += summary.extended;
  all_.skipped += summary.skipped;
  all_.partly += summary.partly;
  all_.failed += summary.failed;
  for (const auto& [table, n] : summary.counts.rows) all_.counts.rows[table] += n;
  for (const auto& [code, n] : summary.counts.weird) all_.counts.weird[code] += n;
  for (const auto& [kind, n] : summary.counts.skipped) all_.counts.skipped[kind] += n;
}

// Makes the rows of what waits durable; what may be filed then is added to to_file_.
Result<void> Fetcher::commit() {
  if (waiting_.empty()) return {};
  using Outcome = InputReport::Outcome;
  std::map<std::string, std::uint32_t> uids;
  for (const Mail& mail : waiting_) uids[name_of(mail.uid)] = mail.uid;
  IngestHooks hooks = teller_.hooks();
  hooks.input = [&, tell = hooks.input](const InputReport& report) {
    tell(report);
    // Messages without a report, and those of which nothing could be taken, stay where people see them.
    const bool taken = report.outcome == Outcome::kRead || report.outcome == Outcome::kKnown ||
                       report.outcome == Outcome::kExtended || report.outcome == Outcome::kPartly;
    if (const auto found = uids.find(report.name); taken && found != uids.end()) to_file_.push_back(found->second);
  };
  const InputWalk walk = [this](InputVisitor& visitor) -> Result<void> {
    for (const Mail& mail : waiting_)
      RW_TRY(visit_content(name_of(mail.uid), as_bytes(mail.bytes), SourceOptions(), visitor));
    return {};
  };
  RW_ASSIGN(const IngestSummary summary, ingest(lake_, walk, {}, hooks));
  add(summary);
  fetched_ += waiting_.size();
  waiting_.clear();
  waiting_bytes_ = 0;
  return {};
}

Result<void> Fetcher::file(const std::vector<std::uint32_t>& uids) {
  if (uids.empty() || !files()) return {};
  if (mark_seen_) RW_TRY(mailbox_.mark_seen(uids));
  if (!move_to_.empty()) RW_TRY(mailbox_.move_to(uids, move_to_));
  filed_ += uids.size();
  return {};
}

Result<void> Fetcher::batch(std::span<const std::uint32_t> uids) {
  ImapMailbox::Visitor visitor;
  visitor.message = [this](std::uint32_t uid, std::string&& bytes) -> Result<void> {
    waiting_bytes_ += bytes.size();
    waiting_.push_back({uid, std::move(bytes)});
    return waiting_bytes_ >= kBatchBytes ? commit() : Result<void>();
  };
  visitor.too_large = [this](std::uint32_t uid, std::uint64_t bytes) {
    console_.note("note: " + name_of(uid) + " has " + human_bytes(static_cast<double>(bytes)) +
                  ": no report is that large, it is passed over");
  };
  to_file_.clear();
  RW_TRY(mailbox_.fetch(uids, visitor));
  RW_TRY(commit());
  std::sort(to_file_.begin(), to_file_.end());
  to_file_.erase(std::unique(to_file_.begin(), to_file_.end()), to_file_.end());
  RW_TRY(file(to_file_));
  const std::uint32_t next = uids.back() == UINT32_MAX ? UINT32_MAX : uids.back() + 1;
  progress_.next_uid = std::max(progress_.next_uid, next);
  if (files()) progress_.next_filed = std::max(progress_.next_filed, next);
  return file_.write(progress_);
}

Result<void> Fetcher::run() {
  progress_ = file_.read();
  if (progress_.uid_validity != mailbox_.uid_validity()) {
    if (progress_.uid_validity != 0)
      console_.note("note: the mailbox was made anew (UIDVALIDITY changed): all of it is read again");
    progress_ = {mailbox_.uid_validity(), 1, 1};
  }
  RW_ASSIGN(const std::vector<std::uint32_t> uids,
            mailbox_.uids_from(files() ? progress_.next_filed : progress_.next_uid));
  Result<void> done;
  for (std::size_t begin = 0; done && begin < uids.size(); begin += kBatchMessages) {
    console_.progress("fetching message " + group_thousands(static_cast<std::int64_t>(begin)) + " of " +
                      group_thousands(static_cast<std::int64_t>(uids.size())));
    done = batch(std::span(uids).subspan(begin, std::min(kBatchMessages, uids.size() - begin)));
  }
  console_.progress({});
  teller_.finish(lake_, all_);
  console_.note(group_thousands(static_cast<std::int64_t>(fetched_)) + " of " +
                group_thousands(static_cast<std::int64_t>(uids.size())) + " new messages fetched from " + url_.text() +
                (files() ? ", " + group_thousands(static_cast<std::int64_t>(filed_)) + " filed" : ""));
  if (!done)
    return Failure(done.error().code,
                   done.error().message + "; what was fetched before is safe, the same command goes on");
  mailbox_.log_out();
  return {};
}

Result<std::string> password_from(const std::string& path) {
  constexpr std::size_t kMost = 4096;
  std::ifstream file(path);
  if (!file) return Failure(ErrorCode::kNotFound, "cannot read the password file '" + path + "'");
  std::string password(kMost, '\0');
  file.read(password.data(), kMost);
  password.resize(static_cast<std::size_t>(file.gcount()));
  password = password.substr(0, password.find_first_of("\r\n"));
  if (password.empty())
    return Failure(ErrorCode::kUsage, "the first line of '" + path + "' is empty: it is the password");
  return password;
}

}  // namespace

Result<void> check_imap_flags(const Arguments& args) {
  if (!args.has(flags::kImap)) {
    for (const Flag* flag : {&flags::kPasswordFile, &flags::kCaFile, &flags::kMoveTo, &flags::kMarkSeen})
      if (args.has(*flag)) return Failure(ErrorCode::kUsage, "'--" + std::string(flag->name) + "' needs '--imap URL'");
    return {};
  }
  RW_TRY(parse_imap_url(args.get(flags::kImap)));
  if (!args.has(flags::kPasswordFile))
    return Failure(ErrorCode::kUsage, "'--imap' needs '--password-file FILE', whose first line is the password");
  if (args.has(flags::kMoveTo) && args.get(flags::kMoveTo).empty())
    return Failure(ErrorCode::kUsage, "'--move-to' needs the name of a folder");
  return {};
}

Result<void> fetch_reports(const Arguments& args, Lake& lake, Console& console) {
  RW_ASSIGN(const ImapUrl url, parse_imap_url(args.get(flags::kImap)));
  RW_ASSIGN(const std::string password, password_from(std::string(args.get(flags::kPasswordFile))));
  if (args.has(flags::kMoveTo) && args.get(flags::kMoveTo) == url.mailbox)
    return Failure(ErrorCode::kUsage, "'--move-to' names the mailbox that is read");
  ImapTls tls;
  tls.ca_file = args.get(flags::kCaFile);
  if (!tls.ca_file.empty() && ::access(tls.ca_file.c_str(), R_OK) != 0)
    return Failure(ErrorCode::kNotFound, "cannot read '" + tls.ca_file + "' of '--ca-file'");
  RW_ASSIGN(auto transport, connect_imap(url, tls));
  const ImapLogin login{url.user, password, url.mailbox, args.has(flags::kMoveTo) || args.has(flags::kMarkSeen)};
  RW_ASSIGN(const auto mailbox, ImapMailbox::open(std::move(transport), login));
  return Fetcher(args, lake, console, url, *mailbox).run();
}

}  // namespace rw
