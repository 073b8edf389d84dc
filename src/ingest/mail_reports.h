// What decoders of mail reports need of the lake and of src/source: attachments opened, and each report taken once.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "format/format.h"
#include "ingest/content_hash.h"
#include "lake/lake.h"
#include "source/source.h"

namespace rw {

// Opens attachments as files are opened, within tighter bounds.
class AttachmentOpener : public ContentOpener {
 public:
  explicit AttachmentOpener(const SourceOptions& files);
  Result<void> open(const std::string& name, Bytes content, const Visitor& visitor) override;

 private:
  SourceOptions options_;
};

// Reports of inputs that are read but not committed yet: hash -> rows.
using SeenReports = std::map<Hash128, std::uint64_t>;

// The lake's memory of reports while one input is read.
class MailReports : public ReportMemory {
 public:
  // `open` are those of the transaction's other inputs and is added to by keep(); rows of the ingests `not_by` do not
  // count, since they are being replaced.
  MailReports(Lake& lake, SeenReports& open, std::uint64_t seed, std::vector<std::uint32_t> not_by)
      : lake_(lake), open_(open), seed_(seed), not_by_(std::move(not_by)) {}
  std::uint64_t taken(std::string_view identity) override;
  void take(std::string_view identity, std::uint64_t rows, Timestamp begins) override;

  // Puts what was taken into the transaction, for the input that it ends next. Only for an input that is kept.
  Result<void> keep(IngestTransaction& transaction);
  // The first failure of the lake.
  const Result<void>& status() const { return status_; }

 private:
  Lake& lake_;
  SeenReports& open_;
  std::uint64_t seed_;
  std::vector<std::uint32_t> not_by_;
  std::map<Hash128, TakenReport> mine_;
  Result<void> status_;
};

}  // namespace rw
