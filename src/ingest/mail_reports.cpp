// Attachments and identities of mail reports.
#include "ingest/mail_reports.h"

#include <algorithm>

namespace rw {
namespace {

// Reports are XML and JSON that repeat themselves: 20 to 60 times smaller when compressed, 200 in extreme ones.
constexpr std::uint64_t kMaxExpansion = 500;
constexpr std::uint64_t kMaxMembers = 10'000;  // of an archive in a message

class OpenedContent : public InputVisitor {
 public:
  explicit OpenedContent(const ContentOpener::Visitor& visitor) : visitor_(visitor) {}
  Result<void> input(const InputInfo& info, ByteStream& stream) override { return visitor_.content(info.name, stream); }
  void unreadable(const std::string& name, const Error& error) override { visitor_.unreadable(name, error); }

 private:
  const ContentOpener::Visitor& visitor_;
};

}  // namespace

AttachmentOpener::AttachmentOpener(const SourceOptions& files) : options_(files) {
  options_.max_expansion = std::min(options_.max_expansion, kMaxExpansion);
  options_.max_members = std::min(options_.max_members, kMaxMembers);
}

Result<void> AttachmentOpener::open(const std::string& name, Bytes content, const Visitor& visitor) {
  OpenedContent inner(visitor);
  return visit_content(name, content, options_, inner);
}

std::uint64_t MailReports::taken(std::string_view identity) {
  const Hash128 hash = hash_of(as_bytes(identity), seed_);
  std::uint64_t rows = 0;
  if (const auto found = open_.find(hash); found != open_.end()) rows = found->second;
  if (const auto found = mine_.find(hash); found != mine_.end()) rows = std::max(rows, found->second.rows);
  const auto known = lake_.known_report_rows(hash.hi, hash.lo, not_by_);
  if (!known) {
    if (status_) status_ = Failure(known.error());
    return rows;
  }
  return std::max(rows, *known);
}

void MailReports::take(std::string_view identity, std::uint64_t rows, Timestamp begins) {
  const Hash128 hash = hash_of(as_bytes(identity), seed_);
  const std::uint64_t before = taken(identity);
  TakenReport& report = mine_.try_emplace(hash, TakenReport{hash.hi, hash.lo, before, 0, begins}).first->second;
  report.rows = std::max(report.rows, rows);
}

Result<void> MailReports::keep(IngestTransaction& transaction) {
  for (const auto& [hash, report] : mine_) {
    RW_TRY(transaction.take_report(report));
    std::uint64_t& rows = open_[hash];
    rows = std::max(rows, report.rows);
  }
  mine_.clear();
  return {};
}

}  // namespace rw
