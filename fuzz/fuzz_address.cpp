// Addresses and authors: whatever a field holds, what is given out is clean, and a doubtful author has no domain.
// seeds: tests/golden/fixtures/messages/address-* tests/golden/fixtures/messages/*.eml
#include "message/address.h"

#include "message/utf8.h"
#include "message_input.h"

namespace {

void check(const rw::MailAddress& address) {
  rw::fuzz::must(rw::valid_utf8(address.display_name) && rw::valid_utf8(address.local) && rw::valid_utf8(address.group),
                 "names are UTF-8");
  rw::fuzz::must(address.domain.starts_with('[') || rw::normalised_domain(address.domain) == address.domain,
                 "a domain is normalised already");
  rw::fuzz::must(!address.domain.empty(), "an address has a domain");
  (void)rw::unicode_domain(address.domain);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = rw::fuzz::text_of(data, size);
  const rw::AddressList list = rw::parse_addresses(text);
  for (const rw::MailAddress& address : list.addresses) check(address);
  rw::fuzz::must(!list.addresses.empty() || !list.defects.empty(), "nothing has a reason");
  (void)rw::mixes_scripts(text);
  // As a field and as a message: the same text, so that what is hidden from one may be seen by the other.
  for (const std::string& bytes : {"From: " + std::string(text) + "\r\n\r\n", std::string(text)}) {
    const rw::Message message = rw::parse_message(bytes);
    const rw::Author author = rw::parse_author(message);
    for (const rw::MailAddress& address : author.addresses) check(address);
    const bool certain = author.state == rw::AuthorState::kOne || author.state == rw::AuthorState::kSeveral;
    rw::fuzz::must(author.domain.empty() || certain, "a doubtful author has no domain");
    if (!author.domain.empty())
      for (const rw::MailAddress& address : author.addresses)
        rw::fuzz::must(address.domain == author.domain, "all readings agree on the domain");
    if (message.count("from") > 1)
      rw::fuzz::must(author.state != rw::AuthorState::kOne && author.state != rw::AuthorState::kNone,
                     "two fields are not one");
  }
  return 0;
}
