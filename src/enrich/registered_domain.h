// The registered domain of a DNS name: its public suffix plus one label, by the public suffix list that libpsl carries
// or by one from a file.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rw {

// A view into `name`, or one with null data() where the name has no registered domain: the root, a single label, a name
// that is itself a public suffix ("co.uk"), and everything under arpa (reverse names belong to addresses, not to
// somebody who registered them). `name` is lower case, escaped as RFC 1035 5.1 with no final dot, as the records hold
// it: an escaped dot separates nothing. The private part of the list counts ("a.b.github.io" gives "b.github.io"), and
// under a top-level domain that the list does not know the last two labels are taken ("x.y.lan" gives "y.lan").
//
// Any thread; each keeps a small cache of its own.
//   registered_domain("www.example.co.uk")  ->  "example.co.uk"
std::string_view registered_domain(std::string_view name);

// Whether the list has a rule of its own for a top-level domain ("com", not "lan"); "arpa" counts as known. Lower case.
bool is_known_top_level_domain(std::string_view label);

// A list of another date than the built-in one, as publicsuffix.org publishes it.
class PublicSuffixList {
 public:
  // kNotFound or kIo where the file cannot be read, kLimit over kMaxBytes, kCorrupt where it holds no rules.
  static Result<PublicSuffixList> read(const std::string& path);
  PublicSuffixList(PublicSuffixList&&) noexcept;
  PublicSuffixList& operator=(PublicSuffixList&&) noexcept;
  ~PublicSuffixList();

  // As the function above, by this list. Any thread; nothing is cached.
  std::string_view registered_domain(std::string_view name) const;

  static constexpr std::size_t kMaxBytes = 16 << 20;  // the list has 0.3 MB

 private:
  struct List;
  explicit PublicSuffixList(std::unique_ptr<List> list);
  std::unique_ptr<List> list_;
};

}  // namespace rw
