// One outside correspondent's messages to our people, in order, and how much they look like a courtship: signs with
// weights, and what each message had.
//
// The outside party is described; recipients are hashes that the lake made, and are only counted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/threshold.h"

namespace rw::courtship {

// One message as the lake holds it (table messages), with what a question over several rows found out.
struct Letter {
  Timestamp time;
  std::string address, domain, name;  // of the author
  std::string reply_to, reply_to_domain;
  std::string recipient;  // hash
  std::string message_id, in_reply_to;
  std::string verdict, impersonates, impersonation;
  std::string signs;  // words with spaces between
  std::string sketch;
  std::string spf, spf_domain, dkim, dkim_domain;
  std::int64_t links = 0, misleading_links = 0, attachments = 0, macros = 0;
  bool reused_text = false;      // resembles a mail of somebody else
  bool answered_before = false;  // one of our people answered a letter of this correspondence before this one

  bool has(std::string_view word) const;  // among its signs
  // Attachments that do harm when they are opened, or that hide what they are.
  bool harmful() const;
};

struct Sign {
  std::string name;  // "harmless-opener", "reply-to-drift" …
  double weight = 0;
};
struct Verdict {
  double score = 0;
  std::vector<Sign> signs;                       // each once, in the order of the list in thresholds.h
  std::vector<std::vector<std::string>> events;  // of each letter
  bool has(std::string_view name) const;
};

// `letters` in order of time, at least one.
Verdict judge(const std::vector<Letter>& letters, const ThresholdValues& thresholds);

// "2024-05-02 harmless opener; 2024-05-05 follow-up, Reply-To …".
std::string timeline_text(const std::vector<Letter>& letters, const Verdict& verdict);

}  // namespace rw::courtship
