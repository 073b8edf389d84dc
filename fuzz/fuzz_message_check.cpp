// Fuzzes the check of one whole message: a verdict for any bytes, and never a pass for an ambiguous author.
// seeds: tests/golden/mail-check/*/in.*
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mail/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static rw::ZoneResolver* const kZone = [] {
    auto* zone = new rw::ZoneResolver;
    (void)zone->parse(
        "org. SOA a. b. 1 1 1 1 1\nexample.org. TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n_dmarc.example.org. TXT "
        "\"v=DMARC1; p=none\"\n",
        "z");
    zone->answer_for_everything(true);
    return zone;
  }();
  static const rw::Lookalikes* const kNames = [] {
    rw::KnownNames known;
    known.own = {"example.org"};
    known.free_mail = {"gmail.com"};
    known.people = {{"Jane Roe", {}}};
    return new rw::Lookalikes(known);
  }();
  rw::CheckOptions options;
  options.now = rw::Timestamp::from_seconds(1'714'640'400);
  options.names = kNames;
  const rw::MessageCheck check = rw::check_message(*kZone, {reinterpret_cast<const char*>(data), size}, options);
  if (check.author.state == rw::AuthorState::kAmbiguous && check.verdict == rw::MailVerdict::kPass) std::abort();
  const std::string field = rw::authentication_results(check, "mx.example.org");
  for (std::size_t at = field.find('\n'); at != std::string::npos; at = field.find('\n', at + 1))
    if (at + 1 >= field.size() || field[at + 1] != '\t') std::abort();  // a line that is no continuation
  (void)rw::message_row(check, {.seed = 1, .store_body = true});
  return 0;
}
