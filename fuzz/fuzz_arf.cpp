// Messages and mailboxes with reports in them: failure reports by fields and by words, attachments, messages inside.

// seeds: tests/golden/mail-message/*/in.* tests/golden/mbox/*/in.*
#include "log_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rw::fuzz::run("mail-message", data, size);
  return rw::fuzz::run("mbox", data, size);
}
