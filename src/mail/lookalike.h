// Names that look like ours: own and partner domains, and people, as a reader's eye takes them.
//
//   const Lookalikes names({.own = {"example.org"}, .partners = {"partner.example"}, .people = {{"Jane Roe", {}}}});
//   if (const auto found = names.domain("examp1e.org")) …   // {"example.org", kConfusable, …}
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rw {

enum class LookalikeKind : std::uint8_t {
  kNone,
  kConfusable,  // the same skeleton (UTS 39), or digits and pairs of letters that look alike: examp1e.org, exarnple.org
  kDistance,    // a letter more, less, other or swapped: exmaple.org
  kAddedWords,  // example-security.org, myexample.org, and hyphens added or left out
  kOtherSuffix,    // example.com for example.org
  kSubdomain,      // example.org.evil.net, example-org.evil.net
  kCombined,       // more than one of these at once: examp1e-security.com
  kDisplayName,    // the display name is that of one of our people or domains, the address is not
  kAddressInName,  // the display name holds an address of ours: "ceo@example.org" <x@evil.example>
};
std::string_view to_string(LookalikeKind kind);  // "added-words"

struct Person {
  std::string name;                    // as people write it
  std::vector<std::string> addresses;  // of which mail under that name is expected, beside all own and partner domains
};

struct KnownNames {
  std::vector<std::string> own;        // domains of the organisation; subdomains are its own too
  std::vector<std::string> partners;   // the same of partners
  std::vector<std::string> allowed;    // domains that look alike and are known to be right: regional ones and the like
  std::vector<std::string> free_mail;  // providers where anybody gets an address
  std::vector<Person> people;
};

struct LookalikeMatch {
  LookalikeKind kind = LookalikeKind::kNone;
  std::string like;  // the own or partner domain, or the person's name
  bool partner = false;
  std::string how;  // for people: "'1' for 'l'", "one letter swapped", "word 'security' added"
};

// Built once, asked from any thread.
class Lookalikes {
 public:
  Lookalikes();
  explicit Lookalikes(const KnownNames& names);
  ~Lookalikes();
  Lookalikes(Lookalikes&&) noexcept;
  Lookalikes& operator=(Lookalikes&&) noexcept;

  bool empty() const;
  // `domain`: A-labels, lower case, as MailAddress::domain. Nothing for our own, partners', allowed and free-mail
  // domains, and for names that only a machine would take for ours.
  std::optional<LookalikeMatch> domain(std::string_view domain) const;
  // A display name (decoded) beside the address it is shown with.
  std::optional<LookalikeMatch> display_name(std::string_view name, std::string_view address,
                                             std::string_view domain) const;
  bool is_own(std::string_view domain) const;  // or below one
  bool is_partner(std::string_view domain) const;
  bool is_free_mail(std::string_view domain) const;

 private:
  struct Index;
  std::unique_ptr<const Index> index_;
};

// UTS 39 4: NFD, without default-ignorable characters, each replaced by what it is confused with, NFD again. Beyond the
// standard: rn→m, vv→w, cl→d are for the caller (Lookalikes does it).
std::string confusable_skeleton(std::string_view utf8);
// Damerau-Levenshtein with adjacent swaps (optimal string alignment), over code points; `limit` + 1 where it is more.
unsigned edit_distance(std::string_view a, std::string_view b, unsigned limit);

}  // namespace rw
