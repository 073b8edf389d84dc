// Header fields, text of fields, dates and mailboxes: nothing between fields is lost, text is UTF-8, views stay inside.
// seeds: tests/golden/fixtures/messages/*
#include "message/mailbox.h"
#include "message/message.h"
#include "message/utf8.h"
#include "message_input.h"

#include <vector>

namespace {

std::vector<std::string> messages_of(std::string_view text, std::size_t window) {
  rw::MemoryStream stream(rw::as_bytes(text));
  rw::StreamReader input(stream, window);
  rw::MboxReader reader(input);
  std::vector<std::string> all;
  std::uint64_t sum = 0;
  for (rw::MailboxMessage mail; reader.next(mail);) {
    all.emplace_back(mail.bytes);
    sum += mail.size;
    rw::fuzz::must(mail.bytes.size() <= mail.size, "a message is no longer than its place");
  }
  rw::fuzz::must(sum <= text.size(), "messages do not overlap");
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = rw::fuzz::text_of(data, size);
  const rw::Message message = rw::parse_message(text);
  std::string raw;
  for (const rw::HeaderField& field : message.fields) {
    raw += field.raw;
    rw::fuzz::must(rw::fuzz::lies_in(field.body, field.raw) && !field.name.empty(), "a field holds its parts");
    rw::fuzz::must(rw::valid_utf8(rw::decoded_text(field.body)), "text is UTF-8");
  }
  rw::fuzz::must(raw == message.header, "nothing is lost between fields");
  rw::fuzz::must(rw::fuzz::lies_in(message.body, text), "the body lies in the message");
  const std::string decoded = rw::decoded_text(text, 100);
  rw::fuzz::must(decoded.size() <= 100 && rw::valid_utf8(decoded), "text is cut and UTF-8");
  std::int64_t us = 0;
  (void)rw::parse_mail_date(text, us);
  rw::fuzz::must(messages_of(text, 64) == messages_of(text, 1 << 16), "the window changes nothing");
  (void)rw::is_mbox(rw::as_bytes(text));
  (void)rw::is_mail_message(rw::as_bytes(text));
  (void)rw::parse_maildir_path(text);
  return 0;
}
