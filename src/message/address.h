// Addresses in header fields (RFC 5322 3.4, RFC 6532), read strictly: what two readers could take differently is told.
//
//   const AddressList from = parse_addresses(field->body);
//   if (from.ambiguous()) …   // never pick one silently
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "message/message.h"

namespace rw {

struct MailAddress {
  std::string display_name;  // decoded, UTF-8, white space collapsed; "" without
  std::string local;         // before the @, without quotes
  std::string domain;        // lower case, A-labels, no final dot; "[192.0.2.1]" for a literal; "" where it is none
  std::string group;         // name of the group it stands in, or ""

  std::string text() const { return domain.empty() ? local : local + "@" + domain; }
};

enum class AddressDefect : std::uint8_t {
  kEmpty,           // no address at all
  kSyntax,          // something that is no address, such as "user@x>": what stands around it may be read either way
  kSeveral,         // more than one mailbox where the caller wants one (set by parse_author only)
  kAddressInName,   // the display name holds an address of another domain: "ceo@example.org" <x@evil.example>
  kEncodedAddress,  // an encoded word where an address or a comma is formed by decoding it
  kComment,         // a comment beside an address: some readers take it for the name
  kObsolete,  // white space or comments inside of the address proper (RFC 5322 4.4): readers stop at different places
  kUnquotedName,   // a display name with characters that need quotes, all readings agree on the address
  kBadLocal,       // a local part with misplaced dots, as some providers gave out: the domain is certain
  kGroup,          // stands in a group (RFC 6854 allows that in From)
  kMixedScripts,   // a label of the domain mixes scripts that are not written together (UTS 39)
  kQuotedLocal,    // the local part is quoted and holds @, < or >
  kRoute,          // an obsolete source route <@a,@b:c@d>
  kControl,        // NUL or control characters
  kNotUtf8,        // bytes that are not UTF-8
  kBadDomain,      // not a host name: empty label, over 253 bytes, bad characters, bad IDN
  kTooMany,        // kMaxAddresses: the rest was not read
  kSeveralFields,  // the field appears more than once (set by parse_author only)
  kHiddenField  // a further field that only some readers see: behind a line that is no field or a bare CR, or its name
                // has a space before the colon (set by parse_author only)
};
std::string_view to_string(AddressDefect defect);  // "address-in-name"

inline constexpr std::size_t kMaxAddresses = 1000;  // of one field

struct AddressList {
  std::vector<MailAddress> addresses;  // what can be taken with certainty, in order
  std::vector<AddressDefect> defects;  // each at most once

  bool has(AddressDefect defect) const;
  // Two careful readers could see different addresses here. Comments and names that hold an address are hints, not
  // this.
  bool ambiguous() const;
};
AddressList parse_addresses(std::string_view body);

// Whose message this claims to be: RFC 5322 From. The one address that DMARC is asked about, or why there is none.
enum class AuthorState : std::uint8_t {
  kOne,       // exactly one, read with certainty
  kNone,      // no From field, or an empty one
  kSeveral,   // more than one field, or more than one mailbox with different domains
  kAmbiguous  // cannot be read with certainty
};
std::string_view to_string(AuthorState state);  // "one", "none", "several", "ambiguous"
struct Author {
  AuthorState state = AuthorState::kNone;
  std::vector<MailAddress> addresses;  // all that anybody could read
  std::vector<AddressDefect> defects;
  // The domain for DMARC; "" unless all readings agree on one (kOne, or several mailboxes of one domain in one field).
  // Several fields have none even where they agree: a signature may cover one while a reader shows another.
  std::string domain;
};
Author parse_author(const Message& message);

// Checks and normalises a domain: lower case, A-labels by IDNA 2008 (UTS 46 mapping), no final dot. "" where it is
// none.
std::string normalised_domain(std::string_view text);
// A label mixes scripts that are not written together: UTS 39 5.2, "highly restrictive" (Latin with Han, kana, Bopomofo
// or Hangul is fine, Latin with Cyrillic is not). Takes A-labels and U-labels.
bool mixes_scripts(std::string_view domain);
// For people: U-labels where they are valid.
std::string unicode_domain(std::string_view domain);

}  // namespace rw
