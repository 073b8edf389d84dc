// Scores a correspondence.
#include "detect/courtship_timeline.h"

#include <algorithm>
#include <set>

#include "detect/thresholds.h"
#include "enrich/registered_domain.h"

namespace rw::courtship {
namespace {

namespace limits = thresholds::courtship;

constexpr std::size_t kMostTold = 40;  // letters of a timeline; the first and last ones

std::string_view registered_or_all(std::string_view domain) {
  const std::string_view registered = registered_domain(domain);
  return registered.data() == nullptr ? domain : registered;
}

// Whose servers sent it, when that is somebody else than the author's domain: a domain that was broken into.
bool passes_for_another(const Letter& letter) {
  const std::string_view own = registered_or_all(letter.domain);
  const auto other = [&](const std::string& result, const std::string& domain) {
    return result == "pass" && !domain.empty() && registered_or_all(domain) != own;
  };
  return letter.verdict.starts_with("fail") &&
         (other(letter.spf, letter.spf_domain) || other(letter.dkim, letter.dkim_domain));
}

class Judge {
 public:
  Judge(const std::vector<Letter>& letters, const ThresholdValues& thresholds)
      : letters_(letters), thresholds_(thresholds) {
    verdict_.events.resize(letters.size());
  }

  Verdict run() {
    for (std::size_t i = 0; i < letters_.size(); ++i) {
      opener(i);
      identity(i);
      drift(i);
      follow_up(i);
      load(i);
    }
    for (const Threshold* weight : limits::kWeights) {
      if (!seen_.contains(weight)) continue;
      std::string name(weight->name.substr(std::string_view("weight_").size()));
      std::replace(name.begin(), name.end(), '_', '-');
      verdict_.signs.push_back({name, thresholds_[*weight]});
      verdict_.score += thresholds_[*weight];
    }
    return std::move(verdict_);
  }

 private:
  void note(std::size_t letter, const Threshold& weight, std::string words) {
    seen_.insert(&weight);
    event(letter, std::move(words));
  }
  void event(std::size_t letter, std::string words) {
    auto& events = verdict_.events[letter];
    if (std::find(events.begin(), events.end(), words) == events.end()) events.push_back(std::move(words));
  }
  bool plain(const Letter& letter) const { return letter.links == 0 && letter.attachments == 0; }

  void opener(std::size_t i) {
    if (i != 0) return;
    if (!plain(letters_[0]) || letters_[0].answered_before) return;
    // A letter alone opens nothing.
    if (letters_.size() > 1) note(0, limits::kWeightHarmlessOpener, "harmless opener");
    opened_ = true;
  }

  void identity(std::size_t i) {
    const Letter& letter = letters_[i];
    if (!letter.impersonates.empty())
      note(i, limits::kWeightLookalike, "looks like " + letter.impersonates + " (" + letter.impersonation + ")");
    if (letter.verdict == "fail-delivered") note(i, limits::kWeightFailDelivered, "failed DMARC and was delivered");
    if (passes_for_another(letter))
      note(i, limits::kWeightOtherSender, "sent by " + (letter.spf == "pass" ? letter.spf_domain : letter.dkim_domain));
    if (letter.reused_text) note(i, limits::kWeightReusedText, "text of another mail");
  }

  void drift(std::size_t i) {
    const Letter& letter = letters_[i];
    if (letter.has("reply-to-differs") || letter.has("reply-to-lookalike"))
      note(i, limits::kWeightReplyToDrift, "answers go to " + letter.reply_to_domain);
    if (letter.has("reply-to-free-mail")) note(i, limits::kWeightReplyToFreeMail, "answers go to free mail");
    if (i == 0) return;
    const Letter& before = letters_[i - 1];
    if (registered_or_all(before.domain) != registered_or_all(letter.domain))
      note(i, limits::kWeightDomainDrift, "from " + letter.domain + " in place of " + before.domain);
    if (before.reply_to_domain != letter.reply_to_domain && !letter.reply_to_domain.empty() &&
        !before.reply_to_domain.empty())
      note(i, limits::kWeightReplyToDrift, "answers go elsewhere than before");
  }

  void follow_up(std::size_t i) {
    if (i == 0) return;
    const Letter& letter = letters_[i];
    const Duration most = thresholds_.duration(limits::kFollowUpWithin);
    const Duration least = thresholds_.duration(limits::kFollowUpAfter);
    for (std::size_t before = i; before-- > 0;) {
      if (letters_[before].recipient != letter.recipient) continue;
      const Duration gap = letter.time - letters_[before].time;
      if (gap > most || gap < least || letter.answered_before) return;
      if (!letter.in_reply_to.empty() && !is_own_letter(letter.in_reply_to)) return;  // it answers one of ours
      note(i, limits::kWeightFollowUp, "follow-up without an answer");
      return;
    }
  }
  bool is_own_letter(const std::string& id) const {
    return std::any_of(letters_.begin(), letters_.end(), [&](const Letter& letter) { return letter.message_id == id; });
  }

  void load(std::size_t i) {
    const Letter& letter = letters_[i];
    if (letter.misleading_links > 0 || letter.has("link-lookalike") || letter.has("link-punycode") ||
        letter.has("link-userinfo"))
      note(i, limits::kWeightMisleadingLink, "a link that deceives");
    if (letter.harmful())
      note(i, limits::kWeightHarmfulAttachment,
           letter.macros > 0 ? "a document with macros" : "an attachment that does harm or hides");
    if (i == 0 || !opened_) return;
    if (letter.links > 0) note(i, limits::kWeightLaterLink, "a link");
    if (letter.attachments > 0) note(i, limits::kWeightLaterAttachment, "an attachment");
  }

  const std::vector<Letter>& letters_;
  const ThresholdValues& thresholds_;
  std::set<const Threshold*> seen_;
  Verdict verdict_;
  bool opened_ = false;
};

}  // namespace

bool Letter::has(std::string_view word) const {
  std::string_view rest(signs);
  while (!rest.empty()) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    if (rest.substr(0, space) == word) return true;
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  return false;
}

bool Letter::harmful() const {
  static constexpr std::string_view kHarmful[] = {
      "macros",          "auto-macros",   "remote-template",   "embedded-object", "executable", "script",
      "shortcut",        "disk-image",    "onenote",           "html-smuggling",  "html-form",  "double-extension",
      "direction-trick", "type-mismatch", "encrypted-archive", "malware"};
  return macros > 0 ||
         std::any_of(std::begin(kHarmful), std::end(kHarmful), [&](std::string_view word) { return has(word); });
}

bool Verdict::has(std::string_view name) const {
  return std::any_of(signs.begin(), signs.end(), [&](const Sign& sign) { return sign.name == name; });
}

Verdict judge(const std::vector<Letter>& letters, const ThresholdValues& thresholds) {
  return Judge(letters, thresholds).run();
}

std::string timeline_text(const std::vector<Letter>& letters, const Verdict& verdict) {
  std::string out;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (letters.size() > kMostTold && i >= kMostTold / 2 && i < letters.size() - kMostTold / 2) {
      if (i == kMostTold / 2) out += "; " + std::to_string(letters.size() - kMostTold) + " more";
      continue;
    }
    std::string events;
    for (const std::string& event : verdict.events[i]) events += (events.empty() ? "" : ", ") + event;
    out += (out.empty() ? "" : "; ") + letters[i].time.date() + " " + (events.empty() ? "a letter" : events);
  }
  return out;
}

}  // namespace rw::courtship
