// Look-alike domains and names: each test is one way in which people were deceived, told apart so that a finding can
// say how.
#include "mail/lookalike.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "enrich/registered_domain.h"
#include "message/address.h"

namespace rw {
namespace {

// Lengths are of the registered domain's first label. Short names are near to hundreds of others that mean no harm.
constexpr std::size_t kLeastSame = 4;           // for another top-level domain, or a confusable under another one
constexpr std::size_t kLeastConfusable = 3;     // for the same suffix
constexpr std::size_t kLeastDistanceOne = 5;    // for one edit under the same suffix
constexpr std::size_t kLeastDistanceTwo = 9;    // for two
constexpr std::size_t kLeastCombined = 9;       // for one edit under another suffix
constexpr std::size_t kLeastWord = 4;           // for words added with a hyphen or from the list
constexpr std::size_t kLeastOpenWord = 7;       // for any words added
constexpr std::size_t kMostAdded = 24;          // bytes that added words may have: more is another name
constexpr std::size_t kMaxNameTokens = 12;      // of a display name
constexpr std::size_t kLeastTokenDistance = 5;  // of a person's name, for one edit

// Words with which deceivers (and firms themselves: see `allowed`) lengthen a name.
constexpr std::string_view kBaitWords[] = {
    "account", "accounts", "admin",   "alert",   "alerts",  "auth",   "billing",  "careers", "center",   "centre",
    "cloud",   "co",       "conf",    "contact", "corp",    "desk",   "doc",      "docs",    "email",    "events",
    "file",    "files",    "forum",   "global",  "group",   "help",   "helpdesk", "hr",      "id",       "inc",
    "info",    "intl",     "invoice", "it",      "jobs",    "live",   "login",    "mail",    "mailer",   "media",
    "meet",    "my",       "network", "news",    "notice",  "office", "official", "online",  "org",      "pay",
    "payment", "portal",   "press",   "pro",     "review",  "secure", "security", "service", "services", "share",
    "sign",    "signin",   "sso",     "staff",   "support", "team",   "the",      "update",  "us",       "usa",
    "verify",  "vpn",      "web",     "webmail", "www"};

bool is_bait(std::string_view word) {
  return std::find(std::begin(kBaitWords), std::end(kBaitWords), word) != std::end(kBaitWords);
}

std::string ascii_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

// Case folded by Unicode's rules; text that is not UTF-8 as it is.
std::string folded(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return ascii_lower(text);
  utf8proc_uint8_t* out = nullptr;
  const auto length = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()), &out,
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                                     UTF8PROC_IGNORE | UTF8PROC_STRIPMARK));
  if (length < 0) return ascii_lower(text);
  std::string result(reinterpret_cast<const char*>(out), static_cast<std::size_t>(length));
  std::free(out);
  return result;
}

// What a hasty eye sees: skeleton without marks, and the pairs and digits that UTS 39 leaves apart.
std::string seen(std::string_view label) {
  std::string out = ascii_lower(confusable_skeleton(folded(label)));
  static constexpr std::pair<std::string_view, std::string_view> kPairs[] = {
      {"vv", "w"}, {"cl", "d"}, {"3", "e"}, {"4", "a"}, {"5", "s"}, {"7", "t"}, {"8", "b"}, {"9", "g"}, {"i", "l"}};
  for (const auto& [from, to] : kPairs) replace_all(out, from, to);
  return out;
}

struct Known {
  std::string domain;  // as given, A-labels
  std::string label;   // first label of the registered domain, U-labels
  std::string suffix;  // behind it
  std::string seen_label;
  std::string no_hyphen;
  std::string hyphenated;  // "example-org"
  bool partner = false;
};

std::string_view registered_or_all(std::string_view domain) {
  const std::string_view registered = registered_domain(domain);
  return registered.data() == nullptr ? domain : registered;
}

std::string without_hyphens(std::string_view text) {
  std::string out(text);
  std::erase(out, '-');
  return out;
}

bool at_or_below(std::string_view domain, std::string_view parent) {
  return domain == parent || (domain.size() > parent.size() && domain.ends_with(parent) &&
                              domain[domain.size() - parent.size() - 1] == '.');
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// A domain taken apart once, for the comparison with every known one.
struct Candidate {
  std::string domain, label, suffix, seen_label, no_hyphen;
  std::string below;   // labels left of the registered domain, with a dot behind; "" without
  bool plain = false;  // the label is ASCII
};

Candidate candidate_of(std::string_view domain) {
  Candidate out;
  out.domain = domain;
  const std::string_view registered = registered_or_all(domain);
  out.below = domain.substr(0, domain.size() - registered.size());
  out.plain = registered.find("xn--") == std::string_view::npos;
  const std::string shown = out.plain ? std::string(registered) : unicode_domain(registered);
  const std::size_t dot = shown.find('.');
  out.label = shown.substr(0, dot);
  out.suffix = dot == std::string::npos ? "" : shown.substr(dot + 1);
  out.seen_label = seen(out.label);
  out.no_hyphen = without_hyphens(out.label);
  return out;
}

Known known_of(std::string_view domain, bool partner) {
  Candidate parts = candidate_of(domain);
  Known out;
  out.domain = domain;
  out.label = parts.label;
  out.suffix = parts.suffix;
  out.seen_label = parts.seen_label;
  out.no_hyphen = parts.no_hyphen;
  out.hyphenated = out.domain;
  std::replace(out.hyphenated.begin(), out.hyphenated.end(), '.', '-');
  out.partner = partner;
  return out;
}

using Found = std::optional<LookalikeMatch>;
Found match(LookalikeKind kind, const Known& known, std::string how) {
  return LookalikeMatch{kind, known.domain, known.partner, std::move(how)};
}

// "example.org.evil.net", "login.example-org.evil.net"
Found as_subdomain(const Candidate& c, const Known& k) {
  if (c.below.empty()) return {};
  const std::string below = "." + c.below;
  if (below.find("." + k.domain + ".") != std::string::npos)
    return match(LookalikeKind::kSubdomain, k, "'" + k.domain + "' stands as a subdomain of another domain");
  if (k.hyphenated.size() >= kLeastOpenWord && below.find("." + k.hyphenated + ".") != std::string::npos)
    return match(LookalikeKind::kSubdomain, k, "'" + k.hyphenated + "' stands as a subdomain of another domain");
  return {};
}

Found as_confusable(const Candidate& c, const Known& k) {
  if (c.label == k.label || c.seen_label != k.seen_label) return {};
  const bool same_suffix = c.suffix == k.suffix;
  if (characters(k.label) < (same_suffix ? kLeastConfusable : kLeastSame)) return {};
  std::string how = c.plain ? "characters that look like those of '" + k.label + "'"
                            : "characters of other alphabets that look like those of '" + k.label + "'";
  if (same_suffix) return match(LookalikeKind::kConfusable, k, std::move(how));
  return match(LookalikeKind::kCombined, k, how + ", under '." + c.suffix + "'");
}

Found as_other_suffix(const Candidate& c, const Known& k) {
  if (c.label != k.label || c.suffix == k.suffix || characters(k.label) < kLeastSame) return {};
  return match(LookalikeKind::kOtherSuffix, k, "'." + c.suffix + "' in place of '." + k.suffix + "'");
}

Found as_distance(const Candidate& c, const Known& k) {
  const std::size_t length = characters(k.label);
  if (length < kLeastDistanceOne) return {};
  const bool same_suffix = c.suffix == k.suffix;
  const unsigned limit = same_suffix && length >= kLeastDistanceTwo ? 2 : 1;
  if (!same_suffix && length < kLeastCombined) return {};
  const unsigned distance = edit_distance(c.label, k.label, limit);
  if (distance == 0 || distance > limit) return {};
  const std::string how = distance == 1 ? "one letter other, more, less or swapped" : "two letters other";
  return match(same_suffix ? LookalikeKind::kDistance : LookalikeKind::kCombined, k,
               same_suffix ? how : how + ", under '." + c.suffix + "'");
}

// The words around `part` in `whole`, when it stands there as a piece of its own: 0 no, 1 by hyphens, 2 joined.
int stands_in(std::string_view whole, std::string_view part, std::string& before, std::string& after) {
  const std::size_t at = whole.find(part);
  if (part.empty() || at == std::string_view::npos || whole.size() == part.size()) return 0;
  before = whole.substr(0, at);
  after = whole.substr(at + part.size());
  const bool left = before.empty() || before.ends_with('-');
  const bool right = after.empty() || after.starts_with('-');
  while (before.ends_with('-')) before.pop_back();
  while (after.starts_with('-')) after.erase(0, 1);
  if (left && right) return 1;
  return before.empty() || after.empty() ? 2 : 0;
}

bool added_is_bait(std::string_view words) {
  while (!words.empty()) {
    const std::size_t dash = words.find('-');
    if (const std::string_view word = words.substr(0, dash); !word.empty() && !is_bait(word)) return false;
    if (dash == std::string_view::npos) return true;
    words.remove_prefix(dash + 1);
  }
  return true;
}

Found as_added_words(const Candidate& c, const Known& k) {
  if (c.label != k.label && c.no_hyphen == k.no_hyphen && characters(k.label) >= kLeastWord)
    return match(c.suffix == k.suffix ? LookalikeKind::kAddedWords : LookalikeKind::kCombined, k,
                 "hyphens added or left out");
  const std::size_t length = characters(k.label);
  if (length < kLeastWord) return {};
  std::string before, after;
  int how = stands_in(c.label, k.label, before, after);
  const bool exact = how != 0;
  if (!exact) how = stands_in(c.seen_label, k.seen_label, before, after);
  if (how == 0 || before.size() + after.size() > kMostAdded) return {};
  if (how == 2 && before.size() + after.size() == 1) return {};  // a letter more is a distance
  const std::string words = before + (before.empty() || after.empty() ? "" : "-") + after;
  const bool own_suffix = ascii_lower(words) == k.suffix || words == k.hyphenated.substr(k.hyphenated.find('-') + 1);
  const bool bait = own_suffix || (exact ? added_is_bait(before) && added_is_bait(after) : false);
  if (!bait && length < kLeastOpenWord) return {};
  if (how == 2 && !bait && length < kLeastOpenWord + 1) return {};
  return match(exact ? LookalikeKind::kAddedWords : LookalikeKind::kCombined, k, "'" + words + "' added");
}

constexpr Found (*kTests[])(const Candidate&, const Known&) = {as_subdomain, as_confusable, as_added_words,
                                                               as_other_suffix, as_distance};

// ---- display names

// Words of a name as an eye sees them, without titles and marks.
std::vector<std::string> name_tokens(std::string_view name) {
  std::string word;
  std::vector<std::string> out;
  const std::string text = folded(name);
  const auto end_word = [&] {
    if (!word.empty() && out.size() < kMaxNameTokens) out.push_back(ascii_lower(confusable_skeleton(word)));
    word.clear();
  };
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || c == '\'')
      word += c;
    else
      end_word();
  }
  end_word();
  static constexpr std::string_view kTitles[] = {"dr", "prof", "mr", "mrs", "ms", "sir", "amb"};
  std::erase_if(out, [](const std::string& token) {
    return std::any_of(std::begin(kTitles), std::end(kTitles),
                       [&](std::string_view title) { return token == confusable_skeleton(title); });
  });
  return out;
}

struct KnownPerson {
  std::string name;
  std::vector<std::string> tokens;  // sorted
  std::vector<std::string> addresses;
};

enum class NameFit : std::uint8_t { kNo, kNear, kSame };
// All of the person's words are among those shown, in any order; one of them may be misspelt by one letter.
NameFit name_fit(const KnownPerson& person, const std::vector<std::string>& shown) {
  constexpr std::size_t kMostOtherWords = 4;  // "(Example Institute, Tokyo)"
  if (person.tokens.empty() || shown.size() < person.tokens.size() ||
      shown.size() > person.tokens.size() + kMostOtherWords)
    return NameFit::kNo;
  std::vector<bool> used(shown.size());
  unsigned near = 0;
  for (const std::string& token : person.tokens) {
    std::size_t best = shown.size();
    bool exact = false;
    for (std::size_t i = 0; i < shown.size() && !exact; ++i) {
      if (used[i]) continue;
      if (shown[i] == token)
        best = i, exact = true;
      else if (best == shown.size() && token.size() >= kLeastTokenDistance && edit_distance(shown[i], token, 1) == 1)
        best = i;
    }
    if (best == shown.size()) return NameFit::kNo;
    used[best] = true;
    near += exact ? 0 : 1;
  }
  if (near > 1 || (near == 1 && person.tokens.size() < 2)) return NameFit::kNo;
  return near == 0 ? NameFit::kSame : NameFit::kNear;
}

// Domains that a display name holds, as an address or by themselves.
std::vector<std::pair<std::string, bool>> domains_in_name(std::string_view name) {
  std::vector<std::pair<std::string, bool>> out;
  const std::string text = ascii_lower(name);
  constexpr std::string_view kDomain = "abcdefghijklmnopqrstuvwxyz0123456789.-";
  for (std::size_t at = text.find_first_of(kDomain); at != std::string::npos;) {
    std::size_t end = text.find_first_not_of(kDomain, at);
    if (end == std::string::npos) end = text.size();
    std::string_view word = std::string_view(text).substr(at, end - at);
    const bool address = at > 0 && text[at - 1] == '@';
    while (!word.empty() && (word.front() == '.' || word.front() == '-')) word.remove_prefix(1);
    while (!word.empty() && (word.back() == '.' || word.back() == '-')) word.remove_suffix(1);
    if (word.find('.') != std::string_view::npos && out.size() < kMaxNameTokens) out.emplace_back(word, address);
    at = text.find_first_of(kDomain, end);
  }
  return out;
}

}  // namespace

std::string_view to_string(LookalikeKind kind) {
  switch (kind) {
    case LookalikeKind::kNone: return "none";
    case LookalikeKind::kConfusable: return "confusable";
    case LookalikeKind::kDistance: return "distance";
    case LookalikeKind::kAddedWords: return "added-words";
    case LookalikeKind::kOtherSuffix: return "other-suffix";
    case LookalikeKind::kSubdomain: return "subdomain";
    case LookalikeKind::kCombined: return "combined";
    case LookalikeKind::kDisplayName: return "display-name";
    case LookalikeKind::kAddressInName: return "address-in-name";
  }
  return "none";
}

struct Lookalikes::Index {
  std::vector<Known> known;
  std::vector<KnownPerson> people;
  std::unordered_set<std::string> own, partners, allowed, free_mail;

  // The name itself or one above it is in the set.
  static bool within(const std::unordered_set<std::string>& set, std::string_view domain) {
    if (set.empty()) return false;
    for (std::string key(domain);;) {
      if (set.contains(key)) return true;
      const std::size_t dot = key.find('.');
      if (dot == std::string::npos) return false;
      key.erase(0, dot + 1);
    }
  }
};

Lookalikes::Lookalikes() : Lookalikes(KnownNames{}) {}
Lookalikes::~Lookalikes() = default;
Lookalikes::Lookalikes(Lookalikes&&) noexcept = default;
Lookalikes& Lookalikes::operator=(Lookalikes&&) noexcept = default;

Lookalikes::Lookalikes(const KnownNames& names) {
  auto index = std::make_unique<Index>();
  const auto fill = [](const std::vector<std::string>& from, std::unordered_set<std::string>& to) {
    for (const std::string& domain : from)
      if (std::string normal = normalised_domain(domain); !normal.empty()) to.insert(std::move(normal));
  };
  fill(names.own, index->own);
  fill(names.partners, index->partners);
  fill(names.allowed, index->allowed);
  fill(names.free_mail, index->free_mail);
  const auto add_known = [&](const std::vector<std::string>& domains, bool partner) {
    for (const std::string& domain : domains) {
      const std::string normal = normalised_domain(domain);
      if (normal.empty() || Index::within(index->free_mail, normal)) continue;
      if (std::none_of(index->known.begin(), index->known.end(), [&](const Known& k) { return k.domain == normal; }))
        index->known.push_back(known_of(normal, partner));
    }
  };
  add_known(names.own, false);
  add_known(names.partners, true);
  for (const Person& person : names.people) {
    KnownPerson known{person.name, name_tokens(person.name), {}};
    for (const std::string& address : person.addresses) known.addresses.push_back(ascii_lower(address));
    if (!known.tokens.empty()) index->people.push_back(std::move(known));
  }
  index_ = std::move(index);
}

bool Lookalikes::empty() const { return index_->known.empty() && index_->people.empty(); }
bool Lookalikes::is_own(std::string_view domain) const { return Index::within(index_->own, domain); }
bool Lookalikes::is_partner(std::string_view domain) const { return Index::within(index_->partners, domain); }
bool Lookalikes::is_free_mail(std::string_view domain) const { return Index::within(index_->free_mail, domain); }

std::optional<LookalikeMatch> Lookalikes::domain(std::string_view domain) const {
  if (domain.empty() || domain.front() == '[' || index_->known.empty()) return {};
  if (is_own(domain) || is_partner(domain) || is_free_mail(domain) || Index::within(index_->allowed, domain)) return {};
  const Candidate candidate = candidate_of(domain);
  for (const auto& test : kTests)
    for (const Known& known : index_->known)
      if (Found found = test(candidate, known)) {
        // A parent of one of our own names, such as the ministry's above the agency's, is no deceiver.
        if (at_or_below(known.domain, candidate.domain)) continue;
        return found;
      }
  return {};
}

std::optional<LookalikeMatch> Lookalikes::display_name(std::string_view name, std::string_view address,
                                                       std::string_view domain) const {
  if (name.empty() || is_own(domain) || is_partner(domain) || Index::within(index_->allowed, domain)) return {};
  for (const auto& [held, as_address] : domains_in_name(name)) {
    const std::string normal = normalised_domain(held);
    if (normal.empty() || at_or_below(domain, normal) || !(is_own(normal) || is_partner(normal))) continue;
    return LookalikeMatch{as_address ? LookalikeKind::kAddressInName : LookalikeKind::kDisplayName, normal,
                          !is_own(normal),
                          as_address ? "the display name holds an address of it" : "the display name holds it"};
  }
  const std::vector<std::string> shown = index_->people.empty() ? std::vector<std::string>() : name_tokens(name);
  const std::string lower = ascii_lower(address);
  for (const KnownPerson& person : index_->people) {
    const NameFit fit = name_fit(person, shown);
    if (fit == NameFit::kNo ||
        std::find(person.addresses.begin(), person.addresses.end(), lower) != person.addresses.end())
      continue;
    return LookalikeMatch{LookalikeKind::kDisplayName, person.name, false,
                          fit == NameFit::kSame ? "the name of one of our people with an outside address"
                                                : "nearly the name of one of our people, with an outside address"};
  }
  return {};
}

}  // namespace rw
