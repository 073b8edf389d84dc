// How a checked message is shown: the columns of a listing, one document, and its details for people.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mail/check.h"
#include "model/document.h"
#include "report/answer_writer.h"

namespace rw {

struct CheckedMessage {
  std::string input;  // "mails.mbox", "Maildir/cur/17.M1:2,S"
  std::uint64_t offset = 0;
  MessageCheck check;
  std::string results;  // Authentication-Results; "" where it was not asked for
};

// `table`: the few columns that a person reads; else all of them.
std::vector<AnswerColumn> check_columns(bool table);
std::vector<Value> check_row(const CheckedMessage& message, bool table);
Document check_document(const CheckedMessage& message);
std::string check_details(const CheckedMessage& message);

}  // namespace rw
