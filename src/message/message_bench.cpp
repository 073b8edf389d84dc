// How long messages take: splitting, authors, parts, HTML and mailboxes.
#include "message/message.h"

#include <benchmark/benchmark.h>

#include <string>

#include "message/address.h"
#include "message/html.h"
#include "message/mailbox.h"
#include "message/mime.h"

namespace {

// Of the shape of an ordinary message: 30 fields of a header, a text, an HTML page and an attachment.
std::string ordinary(std::size_t attachment_bytes) {
  std::string text = "Return-Path: <ann@example.org>\r\n";
  for (int i = 0; i < 8; ++i)
    text += "Received: from mx" + std::to_string(i) +
            ".example.org (mx.example.org [192.0.2.25])\r\n\tby in.example.net with ESMTPS id 1234\r\n\tfor "
            "<b@example.net>; "
            "Tue, 30 Apr 2019 02:09:16 +0000 (UTC)\r\n";
  for (int i = 0; i < 14; ++i) text += "X-Header-" + std::to_string(i) + ": " + std::string(40, 'x') + "\r\n";
  text += "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s;\r\n\tb=" + std::string(340, 'A') +
          "\r\nFrom: =?utf-8?q?Ann_Lee?= <ann@example.org>\r\nTo: \"Doe, John\" <b@example.net>\r\nSubject: "
          "=?utf-8?b?w6k=?= s\r\n"
          "Date: Tue, 30 Apr 2019 02:09:00 +0000\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
          "Content-Type: multipart/mixed; boundary=\"b1\"\r\n\r\n--b1\r\nContent-Type: multipart/alternative; "
          "boundary=\"b2\"\r\n\r\n"
          "--b2\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
  for (int i = 0; i < 40; ++i) text += "An ordinary line of an ordinary message, see https://www.example.org/a.\r\n";
  text += "--b2\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body>\r\n";
  for (int i = 0; i < 60; ++i)
    text +=
        "<p style=\"font-size:14px;color:#333333\">An ordinary line, <a "
        "href=\"https://www.example.org/a\">see</a>.</p>\r\n";
  text +=
      "</body></html>\r\n--b2--\r\n--b1\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\nContent-Transfer-Encoding: "
      "base64\r\n"
      "Content-Disposition: attachment; filename=\"a.pdf\"\r\n\r\n";
  for (std::size_t i = 0; i < attachment_bytes; i += 57) text += std::string(76, 'A') + "\r\n";
  return text + "--b1--\r\n";
}

void message(benchmark::State& state) {
  const std::string text = ordinary(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(rw::parse_message(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
void author(benchmark::State& state) {
  const std::string text = ordinary(0);
  const rw::Message parsed = rw::parse_message(text);
  for (auto _ : state) benchmark::DoNotOptimize(rw::parse_author(parsed));
}
void mime(benchmark::State& state) {
  const std::string text = ordinary(static_cast<std::size_t>(state.range(0)));
  const rw::Message parsed = rw::parse_message(text);
  for (auto _ : state) benchmark::DoNotOptimize(rw::parse_mime(parsed));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
void attachment(benchmark::State& state) {
  const std::string text = ordinary(1 << 20);
  const rw::MimeTree tree = rw::parse_mime(rw::parse_message(text));
  for (auto _ : state) benchmark::DoNotOptimize(tree.parts.back().decoded(8 << 20));
  state.SetBytesProcessed(state.iterations() * (1 << 20));
}
void html(benchmark::State& state) {
  const std::string text = ordinary(0);
  const rw::MimeTree tree = rw::parse_mime(rw::parse_message(text));
  const std::string page = tree.parts[3].text(1 << 20);
  for (auto _ : state) benchmark::DoNotOptimize(rw::read_html(page));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(page.size()));
}
void mailbox(benchmark::State& state) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "From ann@example.org Tue Apr 30 02:09:16 2019\n" + ordinary(3000) + "\n";
  for (auto _ : state) {
    rw::MemoryStream stream(rw::as_bytes(text));
    rw::StreamReader input(stream);
    rw::MboxReader reader(input);
    for (rw::MailboxMessage mail; reader.next(mail);) benchmark::DoNotOptimize(mail.bytes);
  }
  state.SetItemsProcessed(state.iterations() * 500);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(message)->Arg(0)->Arg(100'000);
BENCHMARK(author);
BENCHMARK(mime)->Arg(0)->Arg(100'000);
BENCHMARK(attachment);
BENCHMARK(html);
BENCHMARK(mailbox);

}  // namespace
