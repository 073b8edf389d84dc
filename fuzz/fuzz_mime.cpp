// MIME trees and parameters: bounded, parents come first, views stay inside, text is UTF-8.
// seeds: tests/golden/fixtures/messages/*.eml tests/golden/fixtures/messages/parameters.txt
#include "message/mime.h"

#include "message/utf8.h"
#include "message_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using rw::fuzz::must;
  const std::string_view text = rw::fuzz::text_of(data, size);
  const rw::MimeTree tree = rw::parse_mime(rw::parse_message(text));
  must(!tree.parts.empty() && tree.parts.size() <= rw::kMaxMimeParts, "there is a root, and not too many");
  for (std::size_t i = 0; i < tree.parts.size(); ++i) {
    const rw::MimePart& part = tree.parts[i];
    must(part.parent < static_cast<int>(i) && part.depth <= rw::kMaxMimeDepth, "a parent comes first");
    must((part.parent < 0) == (i == 0), "one root");
    must(rw::fuzz::lies_in(part.body, text) && rw::fuzz::lies_in(part.header, text), "a part lies in the message");
    if (part.parent >= 0) must(rw::fuzz::lies_in(part.body, tree.parts[part.parent].body), "a part lies in its parent");
    must(rw::valid_utf8(part.name) && part.name.size() <= rw::kMaxFileName, "a name is UTF-8");
    bool cut = false;
    const std::string some = part.decoded(50, &cut), all = part.decoded(size * 2 + 100);
    must(some == all.substr(0, 50) && cut == (all.size() > 50), "a limit cuts and tells");
    const std::string seen = part.text(100);
    must(rw::valid_utf8(seen) && seen.size() <= 100, "text is UTF-8 and cut");
  }
  const rw::ParameterisedValue value = rw::parse_parameters(text);
  must(value.parameters.size() <= rw::kMaxParameters, "parameters are bounded");
  for (const auto& [name, content] : value.parameters) must(rw::valid_utf8(content), "a value is UTF-8");
  return 0;
}
