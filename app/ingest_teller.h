// Telling a person what becomes of inputs, for every command that ingests.
#pragma once

#include <span>
#include <string>

#include "console.h"
#include "ingest/ingest.h"
#include "lake/lake.h"

namespace rw {

// kNotFound for the first path that does not exist: a typing mistake should cost nothing.
Result<void> check_ingest_paths(std::span<const std::string> paths);

class IngestTeller {
 public:
  // kOut: a line for each input on standard output; kErr: the same on standard error, where standard output has other
  // data; kErrOnlyTrouble: only what failed, for inputs by the thousand.
  enum class To : unsigned char { kOut, kErr, kErrOnlyTrouble };
  IngestTeller(Console& console, To to) : console_(console), to_(to) {}

  // Valid as long as this is.
  IngestHooks hooks() const;
  // The summary, and then small files are merged where there are many.
  void finish(Lake& lake, const IngestSummary& summary) const;

 private:
  void say(std::string line) const;

  Console& console_;
  To to_;
};

}  // namespace rw
